/* SPDX-License-Identifier: MIT */
/* What the signal system calls need beyond signal.h. */
#pragma once
#include "kernel/proc/signal.h"

struct sig_action {
    u64 handler;                                 /* SIG_DFL, SIG_IGN or a user address      */
    u64 flags, restorer, mask;
};

/* Install action (NULL: only look) and return what was there.  Pending signals that it ignores
 * are dropped. */
void signal_action_swap(struct thread *self, int signo, const struct sig_action *action,
                        struct sig_action *ret_old);

u64 signal_blocked(const struct thread *self);
/* The calling thread's mask; SIGKILL and SIGSTOP stay out of it. */
void signal_set_blocked(struct thread *self, u64 blocked);

/* rt_sigreturn(2): the frame is as the handler left it; the value is that of its rax. */
long signal_return(struct thread *self);

/* Take a signal of set, waiting until the deadline: its number, -EAGAIN, -EINTR. */
int signal_wait(struct thread *self, u64 set, u64 deadline_ns, siginfo_t *ret);

/* To one thread, of process tgid if that is not 0; checks permission; signo 0 only checks. */
int signal_send_tid(pid_t tgid, pid_t tid, const siginfo_t *info);
/* kill(-1): to every process but the first and the caller's.  -ESRCH: there is none. */
int signal_send_all(const siginfo_t *info);
