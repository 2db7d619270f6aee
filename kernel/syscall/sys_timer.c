/* SPDX-License-Identifier: MIT */
/* Interval timers and POSIX timers. */
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

/* ---- interval timers ---- */

static int itimerval_out(uptr dst, const struct itimer_value *v)
{
    struct __kernel_old_itimerval it = {
        .it_interval = timeval_of(v->interval_ns),
        .it_value = timeval_of(v->left_ns),
    };

    return copy_out_struct(dst, &it);
}

long sys_getitimer(struct thread *self, int which, uptr cur)
{
    struct itimer_value v;

    (void)self;
    if (which < ITIMER_REAL || which > ITIMER_PROF)
        return -EINVAL;
    itimer_get((u32)which, &v);
    return itimerval_out(cur, &v);
}

/* setitimer(2): without a value the timer is switched off, as Linux still does. */
long sys_setitimer(struct thread *self, int which, uptr value, uptr old)
{
    struct __kernel_old_itimerval it = { { 0, 0 }, { 0, 0 } };
    struct itimer_value v, before;
    int err;

    (void)self;
    if (value.addr && copy_in_struct(&it, value))
        return -EFAULT;
    err = timeval_ns(&it.it_value, &v.left_ns);
    if (!err)
        err = timeval_ns(&it.it_interval, &v.interval_ns);
    if (!err && (which < ITIMER_REAL || which > ITIMER_PROF))
        err = -EINVAL;
    if (err)
        return err;
    itimer_set((u32)which, &v, &before);
    return old.addr ? itimerval_out(old, &before) : 0;
}

long sys_alarm(struct thread *self, u32 seconds)
{
    struct itimer_value v = { .left_ns = (u64)seconds * NSEC_PER_SEC }, before;
    u64 left;

    (void)self;
    itimer_set(ITIMER_REAL, &v, &before);
    /* Rounded, but never to nothing while there is something left. */
    left = (before.left_ns + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
    return (long)(before.left_ns && !left ? 1 : left);
}

/* ---- POSIX timers ---- */

long sys_timer_create(struct thread *self, int clockid, uptr event, uptr timerid)
{
    struct sigevent e;
    s32 id;
    int err;

    (void)self;
    if (event.addr && copy_in_struct(&e, event))
        return -EFAULT;
    err = posix_timer_create(clockid, event.addr ? &e : NULL, &id);
    if (err)
        return err;
    err = copy_out_struct(timerid, &id);
    if (err)
        (void)posix_timer_delete(id);            /* just made                               */
    return err;
}

static int itimerspec_out(uptr dst, const struct itimer_value *v)
{
    struct __kernel_itimerspec it = {
        .it_interval = { (s64)(v->interval_ns / NSEC_PER_SEC),
                         (s64)(v->interval_ns % NSEC_PER_SEC) },
        .it_value = { (s64)(v->left_ns / NSEC_PER_SEC), (s64)(v->left_ns % NSEC_PER_SEC) },
    };

    return copy_out_struct(dst, &it);
}

/* timer_settime(2): ignores unknown flags. */
long sys_timer_settime(struct thread *self, int timerid, int flags, uptr value, uptr old)
{
    struct __kernel_itimerspec it;
    struct itimer_value v, before;
    int err;

    (void)self;
    if (!value.addr)
        return -EINVAL;
    if (copy_in_struct(&it, value))
        return -EFAULT;
    err = timespec_ns(&it.it_value, &v.left_ns);
    if (!err)
        err = timespec_ns(&it.it_interval, &v.interval_ns);
    if (!err)
        err = posix_timer_set(
            timerid, flags & TIMER_ABSTIME ? TIMER_SET_ABSOLUTE : TIMER_SET_RELATIVE, &v, &before);
    if (err || !old.addr)
        return err;
    return itimerspec_out(old, &before);
}

long sys_timer_gettime(struct thread *self, int timerid, uptr cur)
{
    struct itimer_value v;
    int err = posix_timer_get(timerid, &v);

    (void)self;
    return err ? err : itimerspec_out(cur, &v);
}

long sys_timer_getoverrun(struct thread *self, int timerid)
{
    (void)self;
    return posix_timer_overrun(timerid);
}

long sys_timer_delete(struct thread *self, int timerid)
{
    (void)self;
    return posix_timer_delete(timerid);
}
