/* SPDX-License-Identifier: MIT */
/*
 * What happens around every entry into the kernel, once: the call is made, its result stored, and
 * on the way out whatever thread_block.work asks for is done.
 *
 * A frame's ip is the address the stub gave (where user code goes on, which may lie in a stub)
 * until somebody has to look at it; everyone above the entry sees original addresses.  So the slow
 * ways out translate twice: to the original before anyone looks, and to where that runs now after.
 */
#include "abi/image.h"
#include "kernel/arch/x86_64/backtrace.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/arch/x86_64/gates.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/syscall.h"

static void show_original(struct thread *self, struct pt_regs *regs)
{
    if (self->mm)
        regs->ip = mm_original_ip(self->mm, regs->ip);
}

static void show_running(struct thread *self, struct pt_regs *regs)
{
    if (self->mm)
        regs->ip = mm_resume_ip(self->mm, regs->ip);
}

void exit_work(struct pt_regs *regs)
{
    struct thread *self = thread_self();

    show_original(self, regs);
    proc_exit_work(regs);
    show_running(self, regs);
}

void syscall_enter(struct pt_regs *regs)
{
    struct thread *self = thread_self();
    long args[6] = { (long)regs->di,  (long)regs->si, (long)regs->dx,
                     (long)regs->r10, (long)regs->r8, (long)regs->r9 };
    long ret;

    regs->orig_ax = (u32)regs->orig_ax;          /* as Linux: the number has 32 bits        */
    ret = syscall_run(self, regs->orig_ax, args);
    regs->ax = (u64)ret;
    if (unlikely(signal_is_restart(ret)))
        exit_work(regs);
    else if (unlikely(self->block->full_exit))
        show_running(self, regs);                /* sigreturn, exec: the frame is another   */
}

void trap_enter(struct pt_regs *regs)
{
    struct thread *self = thread_self();

    if (self->mm)
        regs->ip = mm_trap(self->mm, regs->ip - 2, regs->orig_ax);
    syscall_enter(regs);
}

void cpuid_enter(struct pt_regs *regs)
{
    cpuid_answer(regs);
    thread_self()->block->full_exit = 1;         /* RCX and R11 too                         */
}

void exception_enter(struct pt_regs *regs, const struct exception *e)
{
    struct thread *self = thread_self();
    struct exception copy = *e;

    show_original(self, regs);
    signal_exception(regs, &copy);
    show_running(self, regs);
}

NORETURN void kernel_fault(u64 ip, const struct exception *e, u64 bp)
{
    panic_fault(ip, bp, e->vector, e->addr);
}
