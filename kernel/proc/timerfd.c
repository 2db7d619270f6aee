/* SPDX-License-Identifier: MIT */
/*
 * timerfd_create(2).
 *
 * `next` is the moment of the next expiry on the timer's clock (0: disarmed).  Nothing counts while
 * nobody looks: how often the timer has expired follows from now, next and interval, and is worked
 * out when it is read.  The kernel timer only wakes who waits.
 *
 *     disarmed --settime--> next in the future --(time passes)--> expired: readable
 *         ^                     ^                                    |
 *         +---one-shot, read----+----------periodic, read------------+
 *
 * Locks: timerfd.lock, before the timer queue's.
 */
#include "kernel/proc/timerfd.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/mutex.h"
#include "kernel/lib/strbuf.h"
#include "kernel/proc/timer.h"
#include "kernel/vfs/file.h"

struct timerfd {
    int clock_id;                                /* [const]                                 */
    struct file *file;                           /* [const] not owned: owns us              */
    struct mutex lock;
    u64 next_ns, interval_ns;                    /* guarded by lock                         */
    u32 settime_flags;                           /* guarded by lock                         */
    u64 clock_sets;                              /* guarded by lock: TFD_TIMER_CANCEL_ON_SET */
    struct ktimer timer;
};

static bool clock_is_real(int clock_id)
{
    return clock_id == CLOCK_REALTIME || clock_id == CLOCK_REALTIME_ALARM;
}

static u64 timerfd_now(const struct timerfd *t)
{
    return clock_is_real(t->clock_id) ? clock_realtime_ns() : clock_monotonic_ns();
}

static void timerfd_expired(struct ktimer *k)
{
    file_wake(container_of(k, struct timerfd, timer)->file);
}

static void timerfd_arm_locked(struct timerfd *t)
{
    if (!t->next_ns)
        (void)timer_disarm(&t->timer);
    else if (clock_is_real(t->clock_id))
        timer_arm_realtime(&t->timer, t->next_ns, timerfd_expired);
    else
        timer_arm(&t->timer, t->next_ns, timerfd_expired);
}

/* Expiries up to now; moves next behind it. */
static u64 timerfd_count_locked(struct timerfd *t)
{
    u64 now = timerfd_now(t), count;

    if (!t->next_ns || now < t->next_ns)
        return 0;
    if (!t->interval_ns) {
        t->next_ns = 0;
        return 1;
    }
    count = (now - t->next_ns) / t->interval_ns + 1;
    t->next_ns += count * t->interval_ns;
    return count;
}

static bool timerfd_is_cancelled_locked(struct timerfd *t)
{
    u32 wanted = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;

    return (t->settime_flags & wanted) == wanted && clock_is_real(t->clock_id) &&
           t->clock_sets != timer_clock_set_count();
}

static int timerfd_take(struct timerfd *t, u64 *ret)
{
    WITH_MUTEX(&t->lock);
    if (timerfd_is_cancelled_locked(t)) {
        t->clock_sets = timer_clock_set_count();
        return -ECANCELED;
    }
    *ret = timerfd_count_locked(t);
    if (*ret)
        timerfd_arm_locked(t);
    return *ret ? 0 : -EAGAIN;
}

static ssize_t timerfd_read(struct file *f, struct iov *dst, u64 *pos)
{
    u64 count;
    int err;

    (void)pos;
    if (iov_left(dst) < sizeof(count))
        return -EINVAL;
    err = timerfd_take(f->priv, &count);
    return err ? err : iov_put(dst, &count, sizeof(count));
}

static u32 timerfd_ready(struct file *f)
{
    struct timerfd *t = f->priv;

    WITH_MUTEX(&t->lock);
    if (timerfd_is_cancelled_locked(t))
        return POLLIN | POLLRDNORM;
    return t->next_ns && timerfd_now(t) >= t->next_ns ? POLLIN | POLLRDNORM : 0;
}

static void timespec_set(struct __kernel_timespec *ts, u64 ns)
{
    ts->tv_sec = (s64)(ns / NSEC_PER_SEC);
    ts->tv_nsec = (s64)(ns % NSEC_PER_SEC);
}

static int timespec_get(const struct __kernel_timespec *ts, u64 *ret)
{
    if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if (mul_overflows((u64)ts->tv_sec, (u64)NSEC_PER_SEC, ret) ||
        add_overflows(*ret, (u64)ts->tv_nsec, ret))
        *ret = INT64_MAX;
    return 0;
}

static void timerfd_tell_locked(struct timerfd *t, struct __kernel_itimerspec *ret)
{
    u64 now = timerfd_now(t), next = t->next_ns;

    if (next && next <= now)
        next = t->interval_ns ? next + ((now - next) / t->interval_ns + 1) * t->interval_ns : 0;
    timespec_set(&ret->it_value, next ? next - now : 0);
    timespec_set(&ret->it_interval, t->interval_ns);
}

static void timerfd_show(struct file *f, struct strbuf *dst)
{
    struct timerfd *t = f->priv;
    struct __kernel_itimerspec its;

    WITH_MUTEX(&t->lock);
    timerfd_tell_locked(t, &its);
    strbuf_printf(dst, "clockid: %d\nticks: 0\nsettime flags: 0%o\n", t->clock_id,
                  t->settime_flags);
    strbuf_printf(dst, "it_value: (%lld, %lld)\nit_interval: (%lld, %lld)\n",
                  (long long)its.it_value.tv_sec, (long long)its.it_value.tv_nsec,
                  (long long)its.it_interval.tv_sec, (long long)its.it_interval.tv_nsec);
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->priv;

    timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .kind = "timerfd",
    .read = timerfd_read,
    .ready = timerfd_ready,
    .show_fdinfo = timerfd_show,
    .release = timerfd_release,
};

int timerfd_new(int clock_id, u32 flags, struct file **ret)
{
    AUTO(kfreep) struct timerfd *t = kzalloc(sizeof(*t));
    int err;

    if (!t)
        return -ENOMEM;
    t->clock_id = clock_id;
    err = file_new(&timerfd_ops, t, O_RDWR | flags, ret);
    if (err)
        return err;
    t->file = *ret;
    (void)TAKE(t);
    return 0;
}

int timerfd_settime(struct file *f, u32 flags, const struct __kernel_itimerspec *new,
                    struct __kernel_itimerspec *old)
{
    struct timerfd *t = f->priv;
    u64 value, interval;
    int err;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    err = timespec_get(&new->it_value, &value);
    if (!err)
        err = timespec_get(&new->it_interval, &interval);
    if (err)
        return err;
    WITH_MUTEX(&t->lock);
    if (old)
        timerfd_tell_locked(t, old);
    if (value && !(flags & TFD_TIMER_ABSTIME) && add_overflows(value, timerfd_now(t), &value))
        value = INT64_MAX;
    t->next_ns = value;
    t->interval_ns = interval;
    t->settime_flags = flags;
    t->clock_sets = timer_clock_set_count();
    timerfd_arm_locked(t);
    return 0;
}

int timerfd_gettime(struct file *f, struct __kernel_itimerspec *ret)
{
    struct timerfd *t = f->priv;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    WITH_MUTEX(&t->lock);
    timerfd_tell_locked(t, ret);
    return 0;
}
