/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers.
 *
 * A timer has one signal item of its own, so an expiry needs no memory and at most one of its
 * signals is pending.  A periodic timer stands still while its signal is pending: when that is
 * taken, the expiries that have passed meanwhile become its overrun and the timer goes on.
 *
 *     IDLE --set--> ARMED --due--> PENDING --taken, flushed--> ARMED (periodic) or IDLE
 *                     ^              |
 *                     +--nobody is interested (periodic)
 *
 * next_ns is when it expires or has expired; `pending` that its item is queued.  A timer with
 * SIGEV_NONE is only ever asked how much is left.
 *
 * References: the process's list; a queue that holds the item, which `again` takes over where the
 * item was dropped under locks that forbid to do more.
 *
 * Locks: process.timer_lock for the list and for the fields of the timers in it.
 */
#include "kernel/proc/posix_timer.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/proc/clock_id.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

enum { IGNORED_PERIOD_MIN_NS = NSEC_PER_MSEC };  /* nobody takes it: no need to hurry       */

struct posix_timer {
    refcount refs;
    struct list link;                            /* in process.posix_timers                 */
    struct process *process;                     /* [const] counts                          */
    s32 id;                                      /* [const]                                 */
    int clock_id;                                /* [const]                                 */
    struct cpu_clock cpu;                        /* [const] of a CPU clock                  */
    enum ktimer_clock base;                      /* [const] of the others                   */
    u32 notify;                                  /* [const] SIGEV_*                         */
    pid_t tid;                                   /* [const] SIGEV_THREAD_ID                 */

    bool deleted;
    bool pending;
    u64 next_ns, interval_ns;                    /* on its clock; 0: off                    */
    u64 extra_overrun;                           /* expiries while pending, after a set     */
    int overrun;                                 /* of the signal taken last                */
    struct sig_item item;                        /* guarded by sig.lock while queued        */
    struct ktimer timer, again;
};

static void timer_put(struct posix_timer *t)
{
    if (!t || !ref_put(&t->refs))
        return;
    if (t->item.user)
        user_sigpending_add(t->item.user, -1);
    user_put(t->item.user);
    process_put(t->process);
    kfree(t);
}

static void timer_putp(struct posix_timer **t)
{
    timer_put(*t);
}

static struct posix_timer *find_locked(struct process *p, s32 id)
{
    list_for_each(link, &p->posix_timers) {
        struct posix_timer *t = list_entry(link, struct posix_timer, link);

        if (t->id == id)
            return t;
    }
    return NULL;
}

static bool is_cpu(const struct posix_timer *t)
{
    return clock_id_is_cpu(t->clock_id);
}

static u64 timer_now(const struct posix_timer *t)
{
    u64 now;

    if (!is_cpu(t))
        return t->base == KTIMER_REALTIME ? clock_realtime_ns() : clock_monotonic_ns();
    return cpu_clock_now(&t->cpu, &now) ? 0 : now; /* 0: its thread has ended               */
}

/* ---- expiry ---- */

static void timer_due(struct ktimer *k);

static void arm_locked(struct posix_timer *t)
{
    if (!t->next_ns || t->pending || t->notify == SIGEV_NONE)
        return;
    if (is_cpu(t))
        cpu_timers_look_locked(t->process);
    else if (t->base == KTIMER_REALTIME)
        timer_arm_realtime(&t->timer, t->next_ns, timer_due);
    else
        timer_arm(&t->timer, t->next_ns, timer_due);
}

/* Move next_ns behind now; returns the number of expiries that were skipped. */
static u64 forward_locked(struct posix_timer *t, u64 now)
{
    u64 skipped;

    if (t->next_ns > now)
        return 0;
    skipped = (now - t->next_ns) / t->interval_ns;
    t->next_ns += (skipped + 1) * t->interval_ns;
    return skipped;
}

/* Whom the signal is for: *ret NULL means the process.  False: its thread has ended.  proc_lock. */
static bool receiver_locked(const struct posix_timer *t, struct thread **ret)
{
    struct pid_entry *e = pid_entry(t->tid);

    *ret = NULL;
    if (!(t->notify & SIGEV_THREAD_ID))
        return true;
    if (!e || !e->thread || e->thread->proc != t->process)
        return false;
    *ret = e->thread;
    return true;
}

/* True: the signal is queued now. */
static bool signal_locked(struct posix_timer *t)
{
    struct kicks k = KICKS_INIT;
    struct thread *receiver;
    bool queued = false;

    ref_get(&t->refs);                           /* the queue's                             */
    mutex_lock(&proc_lock);
    if (receiver_locked(t, &receiver))
        queued = signal_send_item_locked(t->process, receiver, &t->item, &k);
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    if (!queued)
        timer_put(t);
    return queued;
}

/* next_ns has passed.  Afterwards the timer is pending, armed for later (but see arm_locked()), or
 * idle. */
static void expire_locked(struct posix_timer *t, u64 now)
{
    if (t->pending)
        t->extra_overrun++;
    else
        t->pending = signal_locked(t);
    if (!t->interval_ns) {
        t->next_ns = 0;
    } else if (!t->pending) {
        (void)forward_locked(t, now);
        t->next_ns = max_u64(t->next_ns, now + IGNORED_PERIOD_MIN_NS);
    }
}

static void timer_due(struct ktimer *k)
{
    struct posix_timer *t = container_of(k, struct posix_timer, timer);
    u64 now;

    WITH_MUTEX(&t->process->timer_lock);
    now = timer_now(t);
    if (t->deleted || !t->next_ns)
        return;
    if (t->next_ns <= now)
        expire_locked(t, now);
    arm_locked(t);
}

/* The item is not queued any more: the overrun of what was taken. */
static int go_on(struct posix_timer *t)
{
    u64 overrun;

    WITH_MUTEX(&t->process->timer_lock);
    overrun = t->extra_overrun;
    t->extra_overrun = 0;
    t->pending = false;
    if (!t->deleted && t->next_ns && t->interval_ns) {
        overrun += forward_locked(t, timer_now(t));
        arm_locked(t);
    }
    t->overrun = (int)min_u64(overrun, INT32_MAX);
    return t->overrun;
}

static void timer_again(struct ktimer *k)
{
    struct posix_timer *t = container_of(k, struct posix_timer, again);

    (void)go_on(t);                              /* nobody will see the overrun             */
    timer_put(t);
}

void posix_timer_unqueued(struct posix_timer *t, siginfo_t *info)
{
    if (!info) {
        timer_arm(&t->again, 0, timer_again);    /* with the queue's reference              */
        return;
    }
    info->si_overrun = go_on(t);
    timer_put(t);
}

bool posix_timers_on_cpu_locked(struct process *p)
{
    list_for_each(link, &p->posix_timers) {
        struct posix_timer *t = list_entry(link, struct posix_timer, link);

        if (is_cpu(t) && t->next_ns && !t->pending && t->notify != SIGEV_NONE)
            return true;
    }
    return false;
}

void posix_timers_expire_cpu_locked(struct process *p, u64 *left)
{
    list_for_each(link, &p->posix_timers) {
        struct posix_timer *t = list_entry(link, struct posix_timer, link);
        u64 now;

        if (!is_cpu(t) || !t->next_ns || t->pending || t->notify == SIGEV_NONE)
            continue;
        now = timer_now(t);
        if (t->next_ns <= now)
            expire_locked(t, now);
        if (t->next_ns && !t->pending)
            *left = min_u64(*left, t->next_ns - now);
    }
}

/* ---- the calls ---- */

static int check_event(const struct sigevent *e)
{
    u32 notify = (u32)e->sigev_notify;

    if (notify == SIGEV_NONE)
        return 0;
    if (notify != SIGEV_SIGNAL && notify != SIGEV_THREAD &&
        notify != (SIGEV_SIGNAL | SIGEV_THREAD_ID))
        return -EINVAL;
    if (!sig_is_valid(e->sigev_signo))
        return -EINVAL;
    if (notify & SIGEV_THREAD_ID) {
        struct thread *self = thread_self();
        WITH_MUTEX(&proc_lock);
        struct pid_entry *entry = pid_entry(e->sigev_notify_thread_id);

        if (!entry || !entry->thread || entry->thread->proc != self->proc)
            return -EINVAL;
    }
    return 0;
}

static int set_clock(struct posix_timer *t, int clock_id)
{
    int err;

    t->clock_id = clock_id;
    if (!clock_id_is_cpu(clock_id))
        return clock_id_base(clock_id, &t->base);
    err = cpu_clock_parse(clock_id, &t->cpu);
    if (!err && t->cpu.thread && !t->cpu.pid)
        t->cpu.pid = thread_self()->tid;         /* whoever looks later                     */
    if (!err && !t->cpu.thread && !t->cpu.pid)
        t->cpu.pid = thread_self()->proc->pid;
    return err;
}

/* The signal's place in the queue is paid for now. */
static int charge(struct posix_timer *t)
{
    struct thread *self = thread_self();

    t->item.user = user_get(self->priv->user);
    return user_sigpending_add(t->item.user, 1) > process_limit(RLIMIT_SIGPENDING) ? -EAGAIN : 0;
}

/* The least unused id at or after the last one given out. */
static s32 new_id_locked(struct process *p)
{
    while (find_locked(p, p->next_timer_id))
        p->next_timer_id = (p->next_timer_id + 1) & INT32_MAX;
    s32 id = p->next_timer_id;
    p->next_timer_id = (id + 1) & INT32_MAX;
    return id;
}

static void set_event(struct posix_timer *t, const struct sigevent *event)
{
    siginfo_t *info = &t->item.info;

    info->si_signo = event ? event->sigev_signo : SIGALRM;
    info->si_code = SI_TIMER;
    info->si_tid = t->id;
    if (event)
        info->si_value = event->sigev_value;
    else
        info->si_int = t->id;
}

int posix_timer_create(int clock_id, const struct sigevent *event, s32 *ret_id)
{
    struct process *p = thread_self()->proc;
    AUTO(timer_putp) struct posix_timer *t = NULL;
    int err = event ? check_event(event) : 0;

    if (err)
        return err;
    t = kzalloc(sizeof(*t));
    if (!t)
        return -EAGAIN;
    ref_init(&t->refs);
    t->process = process_get(p);
    t->item.timer = t;
    list_init(&t->item.link);
    err = set_clock(t, clock_id);
    if (!err)
        err = charge(t);
    if (err)
        return err;
    t->notify = event ? (u32)event->sigev_notify : SIGEV_SIGNAL;
    t->tid = event && (t->notify & SIGEV_THREAD_ID) ? event->sigev_notify_thread_id : 0;

    WITH_MUTEX(&p->timer_lock);
    t->id = new_id_locked(p);
    set_event(t, event);
    *ret_id = t->id;
    list_append(&p->posix_timers, &t->link);
    (void)TAKE(t);
    return 0;
}

static void get_locked(struct posix_timer *t, struct itimer_value *ret)
{
    u64 now = timer_now(t), next = t->next_ns;

    *ret = (struct itimer_value){ .interval_ns = t->interval_ns };
    if (!next)
        return;
    if (next <= now && t->interval_ns)
        next += ((now - next) / t->interval_ns + 1) * t->interval_ns;
    if (next > now)
        ret->left_ns = next - now;
    else if (t->notify != SIGEV_NONE)
        ret->left_ns = 1;                        /* not served yet                          */
}

int posix_timer_get(s32 id, struct itimer_value *ret)
{
    struct process *p = thread_self()->proc;

    WITH_MUTEX(&p->timer_lock);
    struct posix_timer *t = find_locked(p, id);
    if (!t)
        return -EINVAL;
    get_locked(t, ret);
    return 0;
}

int posix_timer_set(s32 id, enum timer_set_how how, const struct itimer_value *value,
                    struct itimer_value *ret_old)
{
    struct process *p = thread_self()->proc;

    WITH_MUTEX(&p->timer_lock);
    struct posix_timer *t = find_locked(p, id);
    if (!t)
        return -EINVAL;
    if (ret_old)
        get_locked(t, ret_old);
    (void)timer_disarm(&t->timer);
    t->interval_ns = value->interval_ns;
    t->next_ns = value->left_ns;
    t->extra_overrun = 0;
    if (t->next_ns && how == TIMER_SET_RELATIVE &&
        add_overflows(timer_now(t), value->left_ns, &t->next_ns))
        t->next_ns = UINT64_MAX;
    arm_locked(t);
    return 0;
}

int posix_timer_overrun(s32 id)
{
    struct process *p = thread_self()->proc;

    WITH_MUTEX(&p->timer_lock);
    struct posix_timer *t = find_locked(p, id);
    return t ? t->overrun : -EINVAL;
}

static void finish(struct posix_timer *t)
{
    timer_cancel(&t->timer);
    timer_put(t);
}

int posix_timer_delete(s32 id)
{
    struct process *p = thread_self()->proc;

    mutex_lock(&p->timer_lock);
    struct posix_timer *t = find_locked(p, id);
    if (t) {
        t->deleted = true;
        list_remove(&t->link);
    }
    mutex_unlock(&p->timer_lock);
    if (!t)
        return -EINVAL;
    finish(t);
    return 0;
}

void posix_timers_delete_all(struct process *p)
{
    struct list gone = LIST_INIT(gone);

    mutex_lock(&p->timer_lock);
    list_for_each_safe(link, &p->posix_timers) {
        list_entry(link, struct posix_timer, link)->deleted = true;
        list_remove(link);
        list_append(&gone, link);
    }
    mutex_unlock(&p->timer_lock);
    list_for_each_safe(link, &gone) {
        list_remove(link);
        finish(list_entry(link, struct posix_timer, link));
    }
}
