/* SPDX-License-Identifier: MIT */
/*
 * The inner half of the linux target: what implements struct target.
 *
 * It runs on kernel stacks with the kernel's GS and the user's FS, so it is built like the kernel:
 * no libc, no canary, no SIMD, raw system calls only.  All of it lies above LINUX_BOUNDARY, where
 * system calls are not trapped; everything below belongs to programs and to the kernel.
 *
 * A host thread per slot is made at the slot's first use and then kept: between two kernel threads
 * it sleeps on `go`.  It has a small stack of its own (for that loop) and an alternate stack for
 * signals, in one mapping.
 */
#pragma once
#include "abi/image.h"
#include "abi/target.h"

/* User code lies below, host code above; SUD and seccomp compare addresses with it. */
#define LINUX_BOUNDARY 0x10000000000ull          /* 1 TiB                                   */

enum { SIGNAL_INTERRUPT = 64 };                  /* the last real-time signal: nobody's     */

/* Bits of thread_block.target[]: what inner code keeps in a thread block. */
enum {
    BLOCK_HOST_SP = 0,                           /* saved host RSP                          */
    BLOCK_EXCEPTION = 1,                         /* struct exception: two words             */
    BLOCK_STEPPED = 3,                           /* not 0: TF was set during the exit       */
};

enum park_state { PARK_NONE, PARK_PERMIT, PARK_FUTEX, PARK_POLL };

struct host_thread {
    _Atomic u32 go;                              /* starts not yet taken up                 */
    _Atomic u32 park;                            /* enum park_state                         */
    _Atomic u32 tid;                             /* host thread id; 0: no interrupts yet    */
    bool spawned;                                /* guarded by lock                         */
    s32 event_fd;                                /* ends a poll; 0: none yet                */
    u8 *stack;                                   /* HOST_STACK_SIZE bytes                   */
    void *poll_set;                              /* struct pollfd[poll_room]                */
    u32 poll_room;
    _Atomic u32 lock;                            /* creation of the host thread             */
};

enum trap_mode { TRAP_SUD_RANGE, TRAP_SUD_INCLUSIVE, TRAP_SECCOMP };

struct inner {
    const struct boot_params *bp;
    struct kernel_gates gates;
    enum trap_mode trap;
    int pid;
    u32 altstack_size;
    u32 host_stack_size;                          /* loop stack + alternate stack           */
    long (*vdso_clock_gettime)(int id, void *ts); /* the host's, NULL: system call          */
    struct host_thread *threads;                  /* bp->slots                              */
};
extern struct inner inner;

extern const struct target linux_target;

/* thread.c */
int inner_thread_create(u64 cookie);
__attribute__((noreturn)) void inner_thread_exit(u64 cookie);
int inner_park(u64 cookie, u64 deadline_ns);
int inner_unpark(u64 cookie);
int inner_poll(u64 cookie, struct host_poll *set, u32 n, u64 deadline_ns);
int inner_interrupt(u64 cookie);
int inner_set_affinity(u64 cookie, const u64 *mask, size_t words);
/* Signals, trap and GS for the calling host thread of a slot. */
int inner_thread_arm(u64 cookie, bool runs_user_code);

/* signal.c */
int inner_signals_install(void);

/* call.c */
s64 inner_call(struct hostcall *c);

/* switch.S: run fn(arg, arg2) on a slot's kernel stack; inner_leave() comes back from it. */
void inner_run(struct thread_block *block, u64 fn, u64 arg, u64 arg2);
__attribute__((noreturn)) void inner_leave(void);
/* clone(2) with a stack: the child calls fn(arg) and never returns.  Returns the tid or -errno. */
long inner_clone(unsigned long flags, void *stack_top, void (*fn)(u64), u64 arg);
void inner_signal_return(void);
