/* SPDX-License-Identifier: MIT */
/*
 * Signals: how the rest of the kernel sends them, notices them and lets them take effect.
 *
 * A signal is queued for a thread or a process and sets WORK_SIGNAL in the work word of a thread
 * that may take it; that thread is woken if it sleeps in the kernel and interrupted if it is in
 * user mode.  Sleeping functions then answer -EINTR, system calls -ERESTARTSYS and its relatives,
 * and the signal is taken on the way back to user mode, in proc_exit_work().
 *
 * The entry code's part (kernel/syscall/enter.c):
 *
 *     regs->orig_ax = nr
 *     regs->ax = ret of the handler, -ERESTART* included
 *     if (work != 0 || signal_is_restart(ret))
 *         proc_exit_work(regs)
 *     leave by regs (ip may have become that of the system-call instruction: a restart)
 *
 * and for exceptions orig_ax = -1, signal_exception(), then proc_exit_work().  It may have to be
 * called again: new work can come at any time.  thread_block.full_exit is set by whoever replaces
 * the frame.
 */
#pragma once
#include "abi/linux/signal.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct exception;
struct process;
struct waitq;

enum { SIG_COUNT = 64, SIG_RT_MIN = 32 };

static inline u64 sig_bit(int signo)
{
    return 1ull << (signo - 1);
}

static inline bool sig_is_valid(int signo)
{
    return signo >= 1 && signo <= SIG_COUNT;
}

#define SIG_UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))

/* ---- sending ---- */

/* What the sender says: of the kernel (SI_KERNEL), or of the calling thread by kill(2). */
void siginfo_kernel(siginfo_t *ret, int signo);
void siginfo_user(siginfo_t *ret, int signo, int code);

/*
 * Queue a signal.  0, also if it is ignored or pending already; -EAGAIN: a real-time or queued
 * signal for which there is no room.  No permission is checked.  t is the caller, or kept alive by
 * proc/'s locks (thread_with()).
 */
int signal_send_process(struct process *p, const siginfo_t *info);
int signal_send_thread(struct thread *t, const siginfo_t *info);

/* The kernel to the calling thread: SIGPIPE, SIGXFSZ. */
void signal_send_self(int signo);

/* The same for a fault: cannot be blocked or ignored; if it is, it kills. */
void signal_force_self(const siginfo_t *info);

/* The host has signalled the run: for the first process. */
void signal_from_host(int signo);

/* May the caller send signo to p (kill(2))?  0, -EPERM. */
int signal_may_send(struct process *p, int signo) MUST_CHECK;

/* ---- noticing ---- */

/* Something that ends interruptible sleeps is due for the calling thread. */
bool signal_is_pending(void);

/* Take one signal of set that is pending for the caller, blocked or not: its number or -EAGAIN.
 * signalfd(2) and sigtimedwait(2). */
int signal_dequeue(u64 set, siginfo_t *ret);
/* What signal_dequeue() could take, and the queue that every signal to the caller's process wakes;
 * the queue lives as long as the process. */
u64 signal_pending_set(void);
struct waitq *signal_waitq(void);

/*
 * A mask for the time of one system call (ppoll, pselect6, epoll_pwait): set is a user address or
 * NULL for none.  leave() gives the result to return: after -EINTR or a restart the old mask comes
 * back only when the handlers have been entered.
 */
int signal_mask_enter(uptr set, u64 size) MUST_CHECK;
long signal_mask_leave(long result);

/* ---- the way back to user mode ---- */

static inline bool signal_is_restart(long result)
{
    return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

/* Do what thread_block.work asks for: end, stop, deliver signals, restart the call. */
void proc_exit_work(struct pt_regs *regs);

/* A processor exception in user mode: emulate, mend, or make it a signal. */
void signal_exception(struct pt_regs *regs, const struct exception *e);

/*
 * A call that must not start from the beginning when it goes on after a stop (a relative timeout)
 * fills this in and returns restart_later(): restart_syscall(2) then runs fn.
 */
struct restart_block {
    long (*fn)(struct thread *self, struct restart_block *rb);
    u64 arg[4];
    u64 deadline_ns;
};
struct restart_block *restart_block(struct thread *self);

static inline long restart_later(void)
{
    return -ERESTART_RESTARTBLOCK;
}
