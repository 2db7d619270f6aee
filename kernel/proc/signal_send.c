/* SPDX-License-Identifier: MIT */
/*
 * Sending signals.
 *
 * A signal goes into the queue of a thread or of the process, unless it is ignored or (ordinary
 * ones) pending there already.  Then one thread that does not block it is made to look: the one it
 * is directed at, or the leader, or any.  One that would end the process does so at once.  A thread
 * that blocks what it was chosen for hands it on (retarget_locked()).
 *
 * Race: a thread must not miss a signal that was queued while it changed its mask.  Queues, masks
 * and WORK_SIGNAL change together, under the process's sig.lock.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

#define STOP_SIGNALS (sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))
#define IGNORED_BY_DEFAULT                                                                         \
    (sig_bit(SIGCHLD) | sig_bit(SIGCONT) | sig_bit(SIGWINCH) | sig_bit(SIGURG))

bool sig_is_stop(int signo)
{
    return sig_bit(signo) & STOP_SIGNALS;
}

bool sig_ignored_by_default(int signo)
{
    return sig_bit(signo) & IGNORED_BY_DEFAULT;
}

void siginfo_kernel(siginfo_t *ret, int signo)
{
    memset(ret, 0, sizeof(*ret));
    ret->si_signo = signo;
    ret->si_code = SI_KERNEL;
}

void siginfo_user(siginfo_t *ret, int signo, int code)
{
    struct thread *self = thread_self();

    memset(ret, 0, sizeof(*ret));
    ret->si_signo = signo;
    ret->si_code = code;
    ret->si_pid = self->proc->pid;
    ret->si_uid = self->cred->uid;
}

/* ---- choosing a thread ---- */

void signal_recalc_locked(struct thread *t)
{
    if ((t->priv->queue.bits | t->proc->sig.queue.bits) & ~t->priv->blocked)
        thread_add_work(t, WORK_SIGNAL);
    else
        thread_clear_work(t, WORK_SIGNAL);
}

static bool thread_wants(const struct thread *t, int signo)
{
    if (t->priv->gone || thread_has_work(t, WORK_EXIT))
        return false;
    return signo == SIGKILL || !(t->priv->blocked & sig_bit(signo));
}

static struct thread *choose_locked(struct process *p, int signo)
{
    if (p->leader && thread_wants(p->leader, signo))
        return p->leader;
    for_each_thread(t, p) if (thread_wants(t, signo)) return t;
    return NULL;
}

static void poke_locked(struct thread *t, struct kicks *k)
{
    if (thread_has_work(t, WORK_SIGNAL))
        return;                                  /* it is looking already                   */
    thread_add_work(t, WORK_SIGNAL);
    kick_add(k, t);
}

/* self no longer takes the signals of `lost`: those pending for the process find somebody else. */
static void retarget_locked(struct thread *self, u64 lost, struct kicks *k)
{
    struct process *p = self->proc;

    lost &= p->sig.queue.bits;
    if (!lost || p->thread_count == 1)
        return;
    for_each_thread(t, p) if (t != self && !t->priv->gone && (lost & ~t->priv->blocked))
        poke_locked(t, k);
}

void signal_set_blocked(struct thread *self, u64 blocked)
{
    struct process *p = self->proc;
    struct kicks k = KICKS_INIT;

    spin_lock(&p->sig.lock);
    u64 lost = blocked & ~SIG_UNBLOCKABLE & ~self->priv->blocked;
    self->priv->blocked = blocked & ~SIG_UNBLOCKABLE;
    retarget_locked(self, lost, &k);
    signal_recalc_locked(self);
    spin_unlock(&p->sig.lock);
    kicks_run(&k);
}

void signal_thread_gone(struct thread *self)
{
    struct process *p = self->proc;
    struct kicks k = KICKS_INIT;
    struct list freed = LIST_INIT(freed);

    spin_lock(&p->sig.lock);
    self->priv->gone = true;
    retarget_locked(self, ~self->priv->blocked, &k);
    sig_queue_flush(&self->priv->queue, ~0ull, &freed);
    spin_unlock(&p->sig.lock);
    sig_items_free(&freed);
    kicks_run(&k);
}

/* ---- ending a process ---- */

void process_kill_locked(struct process *p, int status, struct kicks *k)
{
    if (p->sig.group_exit)
        return;
    p->sig.group_exit = true;
    p->exit_status = status;
    p->sig.stop_signo = 0;
    p->sig.stopped = false;
    for_each_thread(t, p)
    {
        thread_clear_work(t, WORK_STOP);
        thread_add_work(t, WORK_EXIT);
        kick_add(k, t);
    }
}

void process_kill(struct process *p, int status)
{
    struct kicks k = KICKS_INIT;

    spin_lock(&p->sig.lock);
    process_kill_locked(p, status, &k);
    spin_unlock(&p->sig.lock);
    kicks_run(&k);
}

void process_kill_self(int signo)
{
    process_kill(thread_self()->proc, signo);
}

/* ---- queueing ---- */

/* One signal on its way. */
struct sending {
    struct process *p;
    struct thread *t;                            /* NULL: directed at the process           */
    const siginfo_t *info;
    struct sig_item *item;                       /* owned, or a timer's; NULL: it is queued */
    struct kicks *kicks;
    struct list freed;                           /* items it displaced                      */
    int notify;                                  /* CLD_ code to tell the parent, or 0      */
};

/* The kernel and kill(2) may exceed the limit with ordinary signals: they cannot fail. */
static bool limit_is_waived(const siginfo_t *info)
{
    return info->si_signo < SIG_RT_MIN && info->si_code >= 0;
}

static struct thread *payer_locked(const struct sending *s)
{
    if (s->t)
        return s->t;
    if (s->p->leader)
        return s->p->leader;
    return thread_of_link(s->p->threads.next);
}

/* Put the item on the account of the user it is for.  False: over the limit. */
static bool charge_locked(struct sending *s)
{
    struct user *user = payer_locked(s)->priv->user;
    u32 count;

    if (!s->item || !user)
        return false;
    if (s->item->timer)
        return true;                             /* paid for when it was made               */
    count = user_sigpending_add(user, 1);
    if (count > limit_soft(s->p, RLIMIT_SIGPENDING) && !limit_is_waived(s->info)) {
        user_sigpending_add(user, -1);
        return false;
    }
    s->item->user = user_get(user);
    return true;
}

static int enqueue_locked(struct sending *s)
{
    struct sig_queue *q = s->t ? &s->t->priv->queue : &s->p->sig.queue;
    int signo = s->info->si_signo;

    bool is_timer = s->item && s->item->timer;

    if (signo < SIG_RT_MIN && (q->bits & sig_bit(signo)) && !is_timer)
        return 0;                                /* pending already                         */
    if (charge_locked(s)) {
        list_append(&q->items, &s->item->link);
        s->item = NULL;
    } else if (signo >= SIG_RT_MIN && s->info->si_code != SI_USER) {
        return -EAGAIN;
    }
    q->bits |= sig_bit(signo);
    waitq_collect(&s->p->sig.wait, &s->kicks->wakes);
    return 0;
}

static bool is_ignored_locked(const struct sending *s)
{
    int signo = s->info->si_signo;
    u64 *handler = &s->p->sig.hand->action[signo - 1].handler;
    u64 what = __atomic_load_n(handler, __ATOMIC_RELAXED);

    /* What is blocked may be wanted later, by another action or by sigtimedwait(2). */
    if (payer_locked(s)->priv->blocked & sig_bit(signo))
        return false;
    return what == (u64)SIG_IGN || (what == (u64)SIG_DFL && sig_ignored_by_default(signo));
}

static bool is_fatal_locked(const struct sending *s)
{
    int signo = s->info->si_signo;
    u64 *handler = &s->p->sig.hand->action[signo - 1].handler;

    return __atomic_load_n(handler, __ATOMIC_RELAXED) == (u64)SIG_DFL && !sig_is_stop(signo) &&
           !sig_ignored_by_default(signo);
}

/* Stop signals and SIGCONT cancel each other, whatever is blocked or ignored. */
static void job_control_locked(struct sending *s)
{
    struct process *p = s->p;
    u64 cancelled = 0;

    if (sig_is_stop(s->info->si_signo))
        cancelled = sig_bit(SIGCONT);
    else if (s->info->si_signo == SIGCONT)
        cancelled = STOP_SIGNALS;
    if (!cancelled)
        return;
    sig_queue_flush(&p->sig.queue, cancelled, &s->freed);
    for_each_thread(t, p) sig_queue_flush(&t->priv->queue, cancelled, &s->freed);
    if (s->info->si_signo == SIGCONT)
        s->notify = signal_continue_locked(p, s->kicks);
}

static int send_locked(struct sending *s)
{
    struct process *p = s->p;
    int signo = s->info->si_signo;

    if (p->sig.group_exit || list_is_empty(&p->threads) || (s->t && s->t->priv->gone))
        return 0;
    job_control_locked(s);
    if (is_ignored_locked(s))
        return 0;
    int err = enqueue_locked(s);
    if (err)
        return err;

    struct thread *t = s->t ? s->t : choose_locked(p, signo);
    if (!t || !thread_wants(t, signo))
        return 0;                                /* blocked: taken when it is not           */
    if (is_fatal_locked(s))
        process_kill_locked(p, signo, s->kicks);
    else
        poke_locked(t, s->kicks);
    return 0;
}

static int send_item(struct sending *s)
{
    int err;

    list_init(&s->freed);
    spin_lock(&s->p->sig.lock);
    err = send_locked(s);
    spin_unlock(&s->p->sig.lock);
    sig_items_free(&s->freed);
    return err;
}

static int send(struct sending *s)
{
    int err;

    s->item = kzalloc(sizeof(*s->item));         /* no memory: as over the limit            */
    if (s->item)
        s->item->info = *s->info;
    err = send_item(s);
    kfree(s->item);
    return err;
}

int signal_send_locked(struct process *p, struct thread *t, const siginfo_t *info, struct kicks *k)
{
    struct sending s = { .p = p, .t = t, .info = info, .kicks = k };
    int err = send(&s);

    if (s.notify)
        signal_notify_stop_locked(p, s.notify, k);
    return err;
}

bool signal_send_item_locked(struct process *p, struct thread *t, struct sig_item *item,
                             struct kicks *k)
{
    struct sending s = { .p = p, .t = t, .info = &item->info, .item = item, .kicks = k };
    int err = send_item(&s);

    if (s.notify)
        signal_notify_stop_locked(p, s.notify, k);
    return !err && !s.item;
}

static int send_unlocked(struct process *p, struct thread *t, const siginfo_t *info)
{
    struct kicks k = KICKS_INIT;
    int err;

    /* Only SIGCONT concerns the parent. */
    if (info->si_signo == SIGCONT) {
        mutex_lock(&proc_lock);
        err = signal_send_locked(p, t, info, &k);
        mutex_unlock(&proc_lock);
    } else {
        struct sending s = { .p = p, .t = t, .info = info, .kicks = &k };

        err = send(&s);
    }
    kicks_run(&k);
    return err;
}

int signal_send_process(struct process *p, const siginfo_t *info)
{
    return send_unlocked(p, NULL, info);
}

int signal_send_thread(struct thread *t, const siginfo_t *info)
{
    return send_unlocked(t->proc, t, info);
}

void signal_send_self(int signo)
{
    siginfo_t info;

    siginfo_kernel(&info, signo);
    (void)signal_send_thread(thread_self(), &info); /* ordinary signals do not fail         */
}

void signal_force_self(const siginfo_t *info)
{
    struct thread *self = thread_self();
    struct process *p = self->proc;
    struct sig_action *action = &p->sig.hand->action[info->si_signo - 1];
    bool kills;

    spin_lock(&p->sig.lock);
    spin_lock(&p->sig.hand->lock);
    if ((self->priv->blocked & sig_bit(info->si_signo)) || action->handler == (u64)SIG_IGN) {
        action->handler = (u64)SIG_DFL;
        self->priv->blocked &= ~sig_bit(info->si_signo);
        signal_recalc_locked(self);
    }
    kills = action->handler == (u64)SIG_DFL;
    spin_unlock(&p->sig.hand->lock);
    spin_unlock(&p->sig.lock);
    if (kills && proc_ops.trace_signal)
        proc_ops.trace_signal(self, info);       /* it is not delivered: it ends the process */
    (void)signal_send_thread(self, info);        /* as above                                */
}

void signal_from_host(int signo)
{
    siginfo_t info;
    struct process *p = process_find(PID_FIRST);

    if (p && sig_is_valid(signo)) {
        siginfo_kernel(&info, signo);
        (void)signal_send_process(p, &info);     /* ordinary signals do not fail            */
    }
    process_put(p);
}

/* ---- permission ---- */

int signal_may_send_locked(struct process *p, int signo)
{
    const struct cred *c = thread_self()->cred;
    struct thread *t = p->leader ? p->leader : NULL;

    if (!t && !list_is_empty(&p->threads))
        t = thread_of_link(p->threads.next);
    if (p == thread_self()->proc || cred_has_cap(c, CAP_KILL))
        return 0;
    if (signo == SIGCONT && job_sid(p) == job_sid(thread_self()->proc))
        return 0;
    if (!t)                                      /* a zombie: nothing can happen to it      */
        return 0;

    const struct cred *target = t->cred;
    if (c->euid == target->suid || c->euid == target->uid || c->uid == target->suid ||
        c->uid == target->uid)
        return 0;
    return -EPERM;
}

int signal_may_send(struct process *p, int signo)
{
    WITH_MUTEX(&proc_lock);
    return signal_may_send_locked(p, signo);
}
