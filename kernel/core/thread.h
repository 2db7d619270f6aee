/* SPDX-License-Identifier: MIT */
/*
 * A thread as every layer sees it: who it is, where its registers are, and pointers to the parts
 * that upper layers own.  proc/ makes and ends threads; `struct proc_thread` is its private part.
 *
 * One per thread slot.  Storage is reused by later threads but never freed, so that a late
 * unpark or interrupt finds a struct, at worst somebody else's.
 */
#pragma once
#include "abi/thread_block.h"
#include "kernel/arch/x86_64/frame.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/types.h"

typedef s32 pid_t;

struct cred;
struct fsctx;
struct fdtable;
struct mm;
struct process;
struct proc_thread;

/* Reasons to look before returning to user mode: bits of thread_block.work. */
enum {
    WORK_SIGNAL = 1u << 0,                       /* a signal may be deliverable             */
    WORK_STOP = 1u << 1,                         /* job control stop, or others want it     */
    WORK_EXIT = 1u << 2,                         /* the thread must end                     */
    WORK_RESTORE_MASK = 1u << 3,                 /* put saved signal mask back              */
    WORK_FULL_EXIT = 1u << 4,                    /* frame was changed: restore every register */
    WORK_RESCHED = 1u << 5,                      /* spare                                   */
};

enum { THREAD_SLOTS = 2048 };                    /* that a run can have: tables by slot     */

enum { USER_CACHE = 4 };

struct thread {
    struct parker parker;
    struct thread_block *block;                  /* [const] of the slot                     */
    u32 slot;                                    /* [const]                                 */
    pid_t tid;                                   /* [const] while the thread lives          */
    struct process *proc;                        /* [const] while it lives; counts          */
    struct pt_regs *frame;                       /* [const] of the slot                     */

    /* What system calls act on.  [self]; others look only under proc/'s locks. */
    struct mm *mm;
    struct fdtable *fds;
    struct fsctx *fs;
    struct cred *cred;
    struct proc_thread *priv;                    /* proc/'s own part                        */

    /* Ranges of user memory known to be mapped: mm/user_check.c. */
    struct {
        u64 gen;                                 /* of the mm when it was filled            */
        u64 lo[USER_CACHE], hi[USER_CACHE];
        u32 next;
    } user_cache;

    u32 sys_nr;                                  /* call being executed, for strace and /proc */
    char comm[16];                               /* prctl(PR_SET_NAME)                      */
};

/* The calling thread. */
#ifdef MYST_SIM
struct thread *thread_self(void);
#else
static inline struct thread *thread_self(void)
{
    struct thread *t;

    __asm__("mov %%gs:32, %0" : "=r"(t));
    return t;
}
#endif

static inline void thread_add_work(struct thread *t, u32 bits)
{
    __atomic_fetch_or(&t->block->work, bits, __ATOMIC_SEQ_CST);
}

static inline void thread_clear_work(struct thread *t, u32 bits)
{
    __atomic_fetch_and(&t->block->work, ~bits, __ATOMIC_SEQ_CST);
}

static inline bool thread_has_work(const struct thread *t, u32 bits)
{
    return __atomic_load_n(&t->block->work, __ATOMIC_SEQ_CST) & bits;
}

/* Errors that never reach a program: a handler returns them when a signal ended its wait.
 * The dispatcher turns them into a restart or -EINTR (kernel/syscall/enter.c). */
enum {
    ERESTARTSYS = 512,                           /* restart if SA_RESTART                   */
    ERESTARTNOINTR = 513,                        /* always restart                          */
    ERESTARTNOHAND = 514,                        /* restart if no handler ran               */
    ERESTART_RESTARTBLOCK = 516,                 /* not used: deadlines are absolute        */
};
