/* SPDX-License-Identifier: MIT */
/* Scheduling parameters: see sched.h. */
#include "kernel/proc/sched.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/sched.h"
#include "kernel/core/cred.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

enum { NICE_MIN = -20, NICE_MAX = 19, RT_PRIORITY_MAX = 99 };

static bool is_realtime(u32 policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

void sched_child(struct thread_sched *s)
{
    if (!s->reset_on_fork)
        return;
    if (is_realtime(s->policy) || s->policy == SCHED_DEADLINE) {
        s->policy = SCHED_NORMAL;
        s->rt_priority = 0;
        s->runtime = s->deadline = s->period = 0;
    }
    if (s->nice < 0)
        s->nice = 0;
    s->reset_on_fork = false;
}

bool sched_priorities(u32 policy, u32 *ret_min, u32 *ret_max)
{
    bool known = is_realtime(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH ||
                 policy == SCHED_IDLE || policy == SCHED_DEADLINE;

    *ret_min = is_realtime(policy) ? 1 : 0;
    *ret_max = is_realtime(policy) ? RT_PRIORITY_MAX : 0;
    return known;
}

/* ---- who may change what ---- */

static bool is_mine(const struct cred *c, const struct thread *t)
{
    return c->euid == t->cred->euid || c->euid == t->cred->uid;
}

/* Less nice than before: as far as RLIMIT_NICE allows. */
static bool may_be_nice(const struct thread *t, s32 nice)
{
    u64 limit = limit_soft(t->proc, RLIMIT_NICE);

    return nice >= t->priv->sched.nice || (u64)(NICE_MAX + 1 - nice) <= limit;
}

static bool may_run(const struct thread *t, const struct thread_sched *s)
{
    const struct thread_sched *old = &t->priv->sched;
    u64 limit = limit_soft(t->proc, RLIMIT_RTPRIO);

    if (s->policy == SCHED_DEADLINE)
        return false;
    if (is_realtime(s->policy)) {
        if (s->policy != old->policy && !limit)
            return false;
        return s->rt_priority <= old->rt_priority || s->rt_priority <= limit;
    }
    /* Leaving SCHED_IDLE is an improvement, like a better nice value. */
    if (old->policy == SCHED_IDLE && s->policy != SCHED_IDLE && !may_be_nice(t, old->nice - 1))
        return false;
    return !old->reset_on_fork || s->reset_on_fork;
}

static int apply(struct thread *t, const struct thread_sched *s, u32 what)
{
    const struct cred *c = thread_self()->cred;
    struct thread_sched *to = &t->priv->sched;
    bool privileged = cred_has_cap(c, CAP_SYS_NICE);

    if (!is_mine(c, t) && !privileged)
        return -EPERM;
    if ((what & SCHED_SET_NICE) && !may_be_nice(t, s->nice) && !privileged)
        return what == SCHED_SET_NICE ? -EACCES : -EPERM;
    if ((what & SCHED_SET_POLICY) && !may_run(t, s) && !privileged)
        return -EPERM;
    if (what & SCHED_SET_NICE)
        to->nice = s->nice;
    if (what & SCHED_SET_IOPRIO)
        to->ioprio = s->ioprio;
    if (what & SCHED_SET_POLICY) {
        to->policy = s->policy;
        to->rt_priority = s->rt_priority;
        to->reset_on_fork = s->reset_on_fork;
        to->runtime = s->runtime;
        to->deadline = s->deadline;
        to->period = s->period;
    }
    return 0;
}

/* ---- one thread ---- */

static pid_t tid_of(pid_t pid)
{
    return pid ? pid : thread_self()->tid;
}

static int get(struct thread *t, void *arg)
{
    *(struct thread_sched *)arg = t->priv->sched;
    return 0;
}

int sched_get(pid_t pid, struct thread_sched *ret)
{
    return thread_with(tid_of(pid), get, ret);
}

struct setting {
    const struct thread_sched *s;
    u32 what;
};

static int set(struct thread *t, void *arg)
{
    const struct setting *setting = arg;

    return apply(t, setting->s, setting->what);
}

int sched_set(pid_t pid, const struct thread_sched *s, u32 what)
{
    return thread_with(tid_of(pid), set, &(struct setting){ s, what });
}

/* ---- many ---- */

typedef void (*thread_visitor)(struct thread *t, void *arg);

static void visit_process(struct process *p, thread_visitor visit, void *arg)
{
    for_each_thread(t, p) visit(t, arg);
}

static void visit_pgrp(int id, thread_visitor visit, void *arg)
{
    struct pgrp *g = id ? job_find_locked(id) : thread_self()->proc->pgrp;

    if (!g)
        return;
    list_for_each(link, job_members(g))
        visit_process(list_entry(link, struct process, pgrp_link), visit, arg);
}

static void visit_user(int id, thread_visitor visit, void *arg)
{
    u32 uid = id ? (u32)id : thread_self()->cred->uid;

    for (pid_t pid = pid_next(PID_FIRST); pid >= 0; pid = pid_next(pid + 1)) {
        struct thread *t = pid_entry(pid)->thread;

        if (t && t->cred->uid == uid)
            visit(t, arg);
    }
}

static void visit_who(enum sched_who who, int id, thread_visitor visit, void *arg)
{
    struct pid_entry *e = pid_entry(tid_of(id));

    if (who == SCHED_WHO_PGRP)
        visit_pgrp(id, visit, arg);
    else if (who == SCHED_WHO_USER)
        visit_user(id, visit, arg);
    else if (e && e->thread)
        visit(e->thread, arg);
}

struct best {
    bool found;
    s32 nice;
    u32 ioprio;
};

/* Lower is better for both; no I/O priority (0) stands for the default, which is the middle. */
static void look_for_best(struct thread *t, void *arg)
{
    struct best *b = arg;
    const struct thread_sched *s = &t->priv->sched;

    if (!b->found || s->nice < b->nice)
        b->nice = s->nice;
    if (!b->found || !b->ioprio || (s->ioprio && s->ioprio < b->ioprio))
        b->ioprio = s->ioprio;
    b->found = true;
}

int sched_get_who(enum sched_who who, int id, s32 *ret_nice, u32 *ret_ioprio)
{
    struct best b = { 0 };

    WITH_MUTEX(&proc_lock);
    visit_who(who, id, look_for_best, &b);
    if (!b.found)
        return -ESRCH;
    *ret_nice = b.nice;
    *ret_ioprio = b.ioprio;
    return 0;
}

struct setting_many {
    struct setting one;
    int err;                                     /* the last                                */
};

static void set_one(struct thread *t, void *arg)
{
    struct setting_many *m = arg;
    int err = apply(t, m->one.s, m->one.what);

    if (err || m->err == -ESRCH)
        m->err = err;
}

int sched_set_who(enum sched_who who, int id, const struct thread_sched *s, u32 what)
{
    struct setting_many m = { .one = { s, what }, .err = -ESRCH };

    WITH_MUTEX(&proc_lock);
    visit_who(who, id, set_one, &m);
    return m.err;
}

/* ---- processors ---- */

void affinity_apply(struct thread *t)
{
    struct proc_thread *priv = t->priv;
    bool all = !memcmp(priv->affinity, affinity_all(), sizeof(priv->affinity));

    if (all && !priv->pinned)
        return;
    priv->pinned = !all;
    host_set_affinity(t->slot, priv->affinity, (affinity_cpus() + 63) / 64);
}

static int get_affinity(struct thread *t, void *arg)
{
    memcpy(arg, t->priv->affinity, sizeof(t->priv->affinity));
    return 0;
}

int affinity_get(pid_t pid, u64 *ret_mask)
{
    return thread_with(tid_of(pid), get_affinity, ret_mask);
}

static int set_affinity(struct thread *t, void *arg)
{
    const struct cred *c = thread_self()->cred;
    const u64 *mask = arg, *all = affinity_all();
    u64 usable[AFFINITY_WORDS], any = 0;

    if (!is_mine(c, t) && !cred_has_cap(c, CAP_SYS_NICE))
        return -EPERM;
    for (u32 i = 0; i < AFFINITY_WORDS; i++) {
        usable[i] = mask[i] & all[i];
        any |= usable[i];
    }
    if (!any)
        return -EINVAL;
    memcpy(t->priv->affinity, usable, sizeof(usable));
    affinity_apply(t);
    return 0;
}

int affinity_set(pid_t pid, const u64 *mask)
{
    u64 copy[AFFINITY_WORDS];

    memcpy(copy, mask, sizeof(copy));
    return thread_with(tid_of(pid), set_affinity, copy);
}

u32 affinity_home(const struct thread *t)
{
    const u64 *mask = t->priv->affinity;
    u32 count = 0, nth;

    for (u32 i = 0; i < AFFINITY_WORDS; i++)
        for (u64 word = mask[i]; word; word &= word - 1)
            count++;
    if (!count)
        return 0;
    nth = t->slot % count;
    for (u32 i = 0; i < AFFINITY_WORDS; i++)
        for (u64 word = mask[i]; word; word &= word - 1)
            if (!nth--)
                return i * 64 + (u32)__builtin_ctzll(word);
    return 0;
}
