/* SPDX-License-Identifier: MIT */
/* Scheduling parameters, priorities, processors: what kernel/proc/sched.h keeps. */
#include "abi/linux/errno.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/string.h"
#include "kernel/proc/sched.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

enum { NICE_MIN = -20, NICE_MAX = 19, NICE_SHOWN = 20 };

/* What Linux answers for SCHED_RR and, at 250 Hz, about what it answers for the others. */
enum { RR_SLICE_NS = 100000000, FAIR_SLICE_NS = 4000000 };

/* ---- policies ---- */

/* The priority must be one of the policy's. */
static int check_policy(const struct thread_sched *s)
{
    u32 min, max;

    if (!sched_priorities(s->policy, &min, &max))
        return -EINVAL;
    return s->rt_priority < min || s->rt_priority > max ? -EINVAL : 0;
}

static int copy_in_priority(uptr param, u32 *ret)
{
    s32 priority;

    if (!param.addr)
        return -EINVAL;
    if (copy_in_struct(&priority, param))
        return -EFAULT;
    *ret = (u32)priority;                        /* a negative one is out of range then     */
    return 0;
}

long sys_sched_setscheduler(struct thread *self, int pid, int policy, uptr param)
{
    struct thread_sched s = {
        .policy = (u32)policy & ~(u32)SCHED_RESET_ON_FORK,
        .reset_on_fork = policy & SCHED_RESET_ON_FORK,
    };
    int err;

    (void)self;
    if (policy < 0 || pid < 0)
        return -EINVAL;
    err = copy_in_priority(param, &s.rt_priority);
    if (!err && s.policy == SCHED_DEADLINE)
        err = -EINVAL;                           /* needs sched_setattr(2)                  */
    if (!err)
        err = check_policy(&s);
    return err ? err : sched_set(pid, &s, SCHED_SET_POLICY);
}

long sys_sched_getscheduler(struct thread *self, int pid)
{
    struct thread_sched s;
    int err = pid < 0 ? -EINVAL : sched_get(pid, &s);

    (void)self;
    return err ? err : (long)(s.policy | (s.reset_on_fork ? SCHED_RESET_ON_FORK : 0));
}

long sys_sched_setparam(struct thread *self, int pid, uptr param)
{
    struct thread_sched s;
    u32 priority;
    int err;

    (void)self;
    if (pid < 0)
        return -EINVAL;
    err = copy_in_priority(param, &priority);
    if (!err)
        err = sched_get(pid, &s);
    if (err)
        return err;
    s.rt_priority = priority;
    err = check_policy(&s);
    return err ? err : sched_set(pid, &s, SCHED_SET_POLICY);
}

long sys_sched_getparam(struct thread *self, int pid, uptr param)
{
    struct thread_sched s;
    s32 priority;
    int err;

    (void)self;
    if (!param.addr || pid < 0)
        return -EINVAL;
    err = sched_get(pid, &s);
    if (err)
        return err;
    priority = (s32)s.rt_priority;
    return copy_out_struct(param, &priority);
}

/* Structures that grow: what we do not know must be zero. */
static int copy_in_attr(struct sched_attr *a, uptr uattr)
{
    u32 size, known = sizeof(*a);
    u8 rest;

    if (copy_in_struct(&size, uattr))
        return -EFAULT;
    if (!size)
        size = SCHED_ATTR_SIZE_VER0;
    if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        goto too_big;
    memset(a, 0, sizeof(*a));
    if (copy_in(a, uattr, min_size(size, known)))
        return -EFAULT;
    for (u32 at = known; at < size; at++) {
        if (copy_in_struct(&rest, uptr_add(uattr, at)))
            return -EFAULT;
        if (rest)
            goto too_big;
    }
    return 0;

too_big:
    return copy_out(uattr, &known, sizeof(known)) ? -EFAULT : -E2BIG;
}

static int check_attr(const struct sched_attr *a)
{
    if (a->sched_flags & ~(u64)(SCHED_FLAG_ALL & ~SCHED_FLAG_UTIL_CLAMP))
        return a->sched_flags & ~(u64)SCHED_FLAG_ALL ? -EINVAL : -EOPNOTSUPP;
    if ((s32)a->sched_policy < 0 || a->sched_nice < NICE_MIN || a->sched_nice > NICE_MAX)
        return -EINVAL;
    if (a->sched_policy != SCHED_DEADLINE)
        return 0;
    if (!a->sched_runtime || a->sched_runtime > a->sched_deadline ||
        (a->sched_period && a->sched_deadline > a->sched_period))
        return -EINVAL;
    return 0;
}

/* sched_setattr(2): no flags of its own are known. */
long sys_sched_setattr(struct thread *self, int pid, uptr uattr, u32 flags)
{
    struct sched_attr a;
    struct thread_sched s;
    u32 what = SCHED_SET_POLICY;
    int err;

    (void)self;
    if (!uattr.addr || pid < 0 || flags)
        return -EINVAL;
    err = copy_in_attr(&a, uattr);
    if (!err)
        err = check_attr(&a);
    if (!err)
        err = sched_get(pid, &s);
    if (err)
        return err;
    if (!(a.sched_flags & SCHED_FLAG_KEEP_POLICY))
        s.policy = a.sched_policy;
    s.reset_on_fork = a.sched_flags & SCHED_FLAG_RESET_ON_FORK;
    if (!(a.sched_flags & SCHED_FLAG_KEEP_PARAMS)) {
        s.rt_priority = a.sched_priority;
        s.runtime = a.sched_runtime;
        s.deadline = a.sched_deadline;
        s.period = a.sched_period ? a.sched_period : a.sched_deadline;
        if (s.policy == SCHED_NORMAL || s.policy == SCHED_BATCH) {
            s.nice = a.sched_nice;
            what |= SCHED_SET_NICE;
        }
    }
    err = check_policy(&s);
    return err ? err : sched_set(pid, &s, what);
}

/* sched_getattr(2): no flags are known. */
long sys_sched_getattr(struct thread *self, int pid, uptr uattr, u32 size, u32 flags)
{
    struct thread_sched s;
    struct sched_attr a;
    int err;

    (void)self;
    if (!uattr.addr || pid < 0 || flags || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -EINVAL;
    err = sched_get(pid, &s);
    if (err)
        return err;
    memset(&a, 0, sizeof(a));
    a.size = (u32)min_size(size, sizeof(a));
    a.sched_policy = s.policy;
    a.sched_flags = s.reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    a.sched_nice = s.policy == SCHED_NORMAL || s.policy == SCHED_BATCH ? s.nice : 0;
    a.sched_priority = s.rt_priority;
    a.sched_runtime = s.runtime;
    a.sched_deadline = s.deadline;
    a.sched_period = s.period;
    return copy_out(uattr, &a, a.size);
}

long sys_sched_get_priority_max(struct thread *self, int policy)
{
    u32 min, max;

    (void)self;
    return policy >= 0 && sched_priorities((u32)policy, &min, &max) ? (long)max : -EINVAL;
}

long sys_sched_get_priority_min(struct thread *self, int policy)
{
    u32 min, max;

    (void)self;
    return policy >= 0 && sched_priorities((u32)policy, &min, &max) ? (long)min : -EINVAL;
}

long sys_sched_rr_get_interval(struct thread *self, int pid, uptr interval)
{
    struct thread_sched s;
    int err = pid < 0 ? -EINVAL : sched_get(pid, &s);

    (void)self;
    if (err)
        return err;
    if (s.policy == SCHED_FIFO || s.policy == SCHED_DEADLINE)
        return timespec_out(interval, 0);
    return timespec_out(interval, s.policy == SCHED_RR ? RR_SLICE_NS : FAIR_SLICE_NS);
}

/* sched_yield(2): a sleep of no length, so that the host may run somebody else. */
long sys_sched_yield(struct thread *self)
{
    (void)self;
    (void)park_ops.park(PARK_UNINTERRUPTIBLE, 0);
    return 0;
}

/* ---- priorities ---- */

static int who_of(int which, enum sched_who *ret)
{
    switch (which) {
    case PRIO_PROCESS:
        *ret = SCHED_WHO_PROCESS;
        return 0;
    case PRIO_PGRP:
        *ret = SCHED_WHO_PGRP;
        return 0;
    case PRIO_USER:
        *ret = SCHED_WHO_USER;
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_getpriority(struct thread *self, int which, int who)
{
    enum sched_who kind;
    s32 nice;
    u32 ioprio;
    int err = who_of(which, &kind);

    (void)self;
    if (!err)
        err = sched_get_who(kind, who, &nice, &ioprio);
    return err ? err : NICE_SHOWN - nice;        /* so that it is never negative            */
}

long sys_setpriority(struct thread *self, int which, int who, int prio)
{
    struct thread_sched s = { .nice = prio < NICE_MIN   ? NICE_MIN
                                      : prio > NICE_MAX ? NICE_MAX
                                                        : prio };
    enum sched_who kind;
    int err = who_of(which, &kind);

    (void)self;
    return err ? err : sched_set_who(kind, who, &s, SCHED_SET_NICE);
}

static int ioprio_who_of(int which, enum sched_who *ret)
{
    return which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER ? -EINVAL : who_of(which - 1, ret);
}

long sys_ioprio_get(struct thread *self, int which, int who)
{
    enum sched_who kind;
    s32 nice;
    u32 ioprio;
    int err = ioprio_who_of(which, &kind);

    (void)self;
    if (!err)
        err = sched_get_who(kind, who, &nice, &ioprio);
    return err ? err : (long)ioprio;
}

long sys_ioprio_set(struct thread *self, int which, int who, int ioprio)
{
    struct thread_sched s = { .ioprio = (u32)ioprio };
    u32 class = IOPRIO_PRIO_CLASS((u32)ioprio), level = IOPRIO_PRIO_DATA((u32)ioprio);
    enum sched_who kind;
    int err = ioprio_who_of(which, &kind);

    (void)self;
    if (err)
        return err;
    if (class > IOPRIO_CLASS_IDLE || (class == IOPRIO_CLASS_NONE && level))
        return -EINVAL;
    return sched_set_who(kind, who, &s, SCHED_SET_IOPRIO);
}

/* ---- processors ---- */

long sys_sched_setaffinity(struct thread *self, int pid, size_t size, uptr mask)
{
    u64 words[AFFINITY_WORDS] = { 0 };

    (void)self;
    if (copy_in(words, mask, min_size(size, sizeof(words))))
        return -EFAULT;
    return affinity_set(pid, words);
}

/* The number of bytes stored: as many as the processors need. */
long sys_sched_getaffinity(struct thread *self, int pid, size_t size, uptr mask)
{
    u64 words[AFFINITY_WORDS];
    size_t needed = (affinity_cpus() + 63) / 64 * sizeof(u64);
    int err;

    (void)self;
    if (size * 8 < affinity_cpus() || size % sizeof(u64))
        return -EINVAL;
    err = affinity_get(pid, words);
    if (err)
        return err;
    return copy_out(mask, words, needed) ? -EFAULT : (long)needed;
}

/* getcpu(2): which processor the host uses is its affair; this is one the thread may use. */
long sys_getcpu(struct thread *self, uptr cpu, uptr node, uptr unused)
{
    u32 home = affinity_home(self), zero = 0;

    (void)unused;
    if (cpu.addr && copy_out_struct(cpu, &home))
        return -EFAULT;
    return node.addr ? copy_out_struct(node, &zero) : 0;
}
