/* SPDX-License-Identifier: MIT */
/* What the signal system calls need beyond signal.h. */
#include "kernel/proc/signal_call.h"
#include "abi/linux/errno.h"
#include "kernel/lib/string.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

enum { SA_KNOWN = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO };

#define SA_HONOURED                                                                                \
    ((u64)SA_KNOWN | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_RESTORER)

static bool ignores(const struct sig_action *action, int signo)
{
    return action->handler == (u64)SIG_IGN ||
           (action->handler == (u64)SIG_DFL && sig_ignored_by_default(signo));
}

void signal_action_swap(struct thread *self, int signo, const struct sig_action *action,
                        struct sig_action *ret_old)
{
    struct process *p = self->proc;
    struct list freed = LIST_INIT(freed);

    spin_lock(&p->sig.lock);
    spin_lock(&p->sig.hand->lock);
    struct sig_action *slot = &p->sig.hand->action[signo - 1];
    *ret_old = *slot;
    if (action) {
        *slot = *action;
        slot->flags &= SA_HONOURED;              /* SA_UNSUPPORTED must not come back       */
        slot->mask &= ~SIG_UNBLOCKABLE;
    }
    spin_unlock(&p->sig.hand->lock);
    if (action && ignores(action, signo)) {
        sig_queue_flush(&p->sig.queue, sig_bit(signo), &freed);
        for_each_thread(t, p) sig_queue_flush(&t->priv->queue, sig_bit(signo), &freed);
    }
    spin_unlock(&p->sig.lock);
    sig_items_free(&freed);
}

u64 signal_blocked(const struct thread *self)
{
    return self->priv->blocked;
}

long signal_return(struct thread *self)
{
    u64 mask;
    siginfo_t info;

    if (signal_frame_pop(self->frame, &mask)) {
        siginfo_kernel(&info, SIGSEGV);
        signal_force_self(&info);
        return 0;
    }
    signal_set_blocked(self, mask);
    return (long)self->frame->ax;
}

int signal_wait(struct thread *self, u64 set, u64 deadline_ns, siginfo_t *ret)
{
    struct waitq *q = &self->proc->sig.wait;

    for (;;) {
        u64 ticket = waitq_ticket(q);
        int signo = signal_dequeue(set, ret);
        int err;

        if (signo != -EAGAIN)
            return signo;
        err = waitq_sleep(q, ticket, deadline_ns);
        if (!err)
            continue;
        signo = signal_dequeue(set, ret);        /* it may have come with what woke us      */
        if (signo != -EAGAIN)
            return signo;
        return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
    }
}

int signal_send_tid(pid_t tgid, pid_t tid, const siginfo_t *info)
{
    struct kicks k = KICKS_INIT;
    int err = -ESRCH;

    mutex_lock(&proc_lock);
    struct pid_entry *e = pid_entry(tid);
    struct thread *t = e ? e->thread : NULL;
    if (t && (!tgid || t->proc->pid == tgid)) {
        err = signal_may_send_locked(t->proc, info->si_signo);
        if (!err && info->si_signo)
            err = signal_send_locked(t->proc, t, info, &k);
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    return err;
}

int signal_send_all(const siginfo_t *info)
{
    struct process *self = thread_self()->proc;
    struct kicks k = KICKS_INIT;
    int ret = -ESRCH;

    mutex_lock(&proc_lock);
    for (pid_t pid = pid_next(PID_FIRST + 1); pid >= 0; pid = pid_next(pid + 1)) {
        struct process *p = pid_entry(pid)->process;
        int err;

        if (!p || p == self)
            continue;
        err = signal_may_send_locked(p, info->si_signo);
        if (!err && info->si_signo)
            err = signal_send_locked(p, NULL, info, &k);
        if (ret)
            ret = err;                           /* one that worked is enough               */
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    return ret;
}
