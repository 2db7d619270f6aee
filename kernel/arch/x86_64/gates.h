/* SPDX-License-Identifier: MIT */
/*
 * The labels of entry.S, for the boot code that hands them to the target, and what entry.S calls
 * (kernel/syscall/enter.c).
 */
#pragma once
#include "kernel/lib/types.h"

struct pt_regs;
struct exception;

void syscall_entry(void);
void cpuid_entry(void);
void trap_entry(void);
void exception_entry(void);
void panic_entry(void);
extern const char exit_begin[], exit_end[], exit_jump[];

/* A system call: run it, store its result in the frame. */
void syscall_enter(struct pt_regs *regs);

/* The same for a system-call instruction that was not rewritten (yet). */
void trap_enter(struct pt_regs *regs);

/* A rewritten cpuid. */
void cpuid_enter(struct pt_regs *regs);

/* An exception or interrupt in user mode. */
void exception_enter(struct pt_regs *regs, const struct exception *e);

/* thread_block.work was not 0 at the exit: do what it asks for.  Afterwards the exit looks again. */
void exit_work(struct pt_regs *regs);

/* A fault in the kernel that no fixup mends. */
NORETURN void kernel_fault(u64 ip, const struct exception *e, u64 bp);
