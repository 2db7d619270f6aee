/* SPDX-License-Identifier: MIT */
/* Telling the time, setting it, and sleeping. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/sysinfo.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/string.h"
#include "kernel/proc/clock_id.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/timer.h"
#include "kernel/proc/usage.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

enum { CLOCK_TICK_NS = NSEC_PER_SEC / 100 };     /* USER_HZ is 100                          */

/* What Linux shows of a clock that was never disciplined: 16 s of error, 500 ppm of drift. */
enum { NTP_ERROR_MAX_US = 16000000, NTP_TOLERANCE = 500 << 16 };

/* ---- telling ---- */

long sys_clock_gettime(struct thread *self, int clockid, uptr ts)
{
    u64 now;
    int err = clock_id_now(clockid, &now);

    (void)self;
    return err ? err : timespec_out(ts, now);
}

long sys_clock_getres(struct thread *self, int clockid, uptr res)
{
    u64 ns;
    int err = clock_id_resolution(clockid, &ns);

    (void)self;
    if (err || !res.addr)
        return err;
    return timespec_out(res, ns);
}

long sys_gettimeofday(struct thread *self, uptr tv, uptr tz)
{
    (void)self;
    if (tv.addr) {
        u64 now = clock_realtime_ns();
        struct __kernel_old_timeval t = { (long)(now / NSEC_PER_SEC),
                                          (long)(now % NSEC_PER_SEC / NSEC_PER_USEC) };

        if (copy_out_struct(tv, &t))
            return -EFAULT;
    }
    /* No time zone was ever set: Linux then answers zeros. */
    return tz.addr ? user_zero(tz, sizeof(struct timezone)) : 0;
}

long sys_time(struct thread *self, uptr tloc)
{
    s64 now = (s64)(clock_realtime_ns() / NSEC_PER_SEC);

    (void)self;
    if (tloc.addr && copy_out_struct(tloc, &now))
        return -EFAULT;
    return now;
}

long sys_times(struct thread *self, uptr buf)
{
    struct usage own, children;

    (void)self;
    if (buf.addr) {
        struct tms t;

        usage_get(USAGE_SELF, &own);
        usage_get(USAGE_CHILDREN, &children);
        memset(&t, 0, sizeof(t));
        t.tms_utime = (long)(own.cpu_ns / CLOCK_TICK_NS);
        t.tms_cutime = (long)(children.cpu_ns / CLOCK_TICK_NS);
        if (copy_out_struct(buf, &t))
            return -EFAULT;
    }
    return (long)((clock_monotonic_ns() - clock_boot_ns()) / CLOCK_TICK_NS);
}

/* ---- setting ---- */

static int set_clock(struct thread *self, u64 ns)
{
    if (!cred_has_cap(self->cred, CAP_SYS_TIME))
        return -EPERM;
    clock_set_realtime_ns(ns);
    timer_clock_was_set();
    return 0;
}

/* clock_settime(2): changes what programs here see, not the host's clock. */
long sys_clock_settime(struct thread *self, int clockid, uptr ts)
{
    u64 ns;
    int err;

    if (clockid != CLOCK_REALTIME) {
        err = clock_id_now(clockid, &ns);
        return err ? err : -EINVAL;              /* it exists, but cannot be set            */
    }
    err = timespec_in(ts, &ns);
    return err ? err : set_clock(self, ns);
}

long sys_settimeofday(struct thread *self, uptr tv, uptr tz)
{
    struct __kernel_old_timeval t;
    struct timezone zone;
    u64 ns;
    int err;

    if (tz.addr && copy_in_struct(&zone, tz))
        return -EFAULT;
    if (tz.addr && (zone.tz_minuteswest || zone.tz_dsttime))
        return -EINVAL;                          /* the kernel has no use for a zone        */
    if (!tv.addr)
        return cred_has_cap(self->cred, CAP_SYS_TIME) ? 0 : -EPERM;
    if (copy_in_struct(&t, tv))
        return -EFAULT;
    err = timeval_ns(&t, &ns);
    return err ? err : set_clock(self, ns);
}

/* What adjtimex(2) shows of a clock that nobody disciplines. */
static long adjtime(struct thread *self, uptr buf)
{
    struct timex t;
    u64 now = clock_realtime_ns();

    (void)self;
    if (copy_in_struct(&t, buf))
        return -EFAULT;
    if (t.modes)
        return -EPERM;                           /* read-only: the clock is the host's      */
    memset(&t, 0, sizeof(t));
    t.status = STA_UNSYNC;
    t.maxerror = t.esterror = NTP_ERROR_MAX_US;
    t.constant = 2;
    t.precision = 1;
    t.tolerance = NTP_TOLERANCE;
    t.tick = CLOCK_TICK_NS / NSEC_PER_USEC;
    t.time.tv_sec = (long)(now / NSEC_PER_SEC);
    t.time.tv_usec = (long)(now % NSEC_PER_SEC / NSEC_PER_USEC);
    return copy_out_struct(buf, &t) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(struct thread *self, uptr buf)
{
    return adjtime(self, buf);
}

long sys_clock_adjtime(struct thread *self, int clockid, uptr buf)
{
    u64 now;
    int err = clock_id_now(clockid, &now);

    if (err)
        return err;
    return clockid == CLOCK_REALTIME ? adjtime(self, buf) : -EOPNOTSUPP;
}

/* ---- sleeping ---- */

/* Nothing wakes this queue: sleepers on it wait for time or a signal. */
static struct waitq nothing;

static u64 left_ns(u64 deadline_ns)
{
    u64 now = clock_monotonic_ns();

    return deadline_ns > now ? deadline_ns - now : 0;
}

/* Until a moment of the monotonic clock.  -EINTR: cut short. */
static int sleep_until(u64 deadline_ns)
{
    u64 ticket = waitq_ticket(&nothing);
    int err = waitq_sleep(&nothing, ticket, deadline_ns);

    return err == -ETIMEDOUT ? 0 : err;
}

static long sleep_relative(struct thread *self, u64 deadline_ns, uptr rem);

static long sleep_again(struct thread *self, struct restart_block *rb)
{
    return sleep_relative(self, rb->deadline_ns, UPTR(rb->arg[0]));
}

static long sleep_relative(struct thread *self, u64 deadline_ns, uptr rem)
{
    if (!sleep_until(deadline_ns))
        return 0;
    if (rem.addr && timespec_out(rem, left_ns(deadline_ns)))
        return -EFAULT;
    *restart_block(self) = (struct restart_block){
        .fn = sleep_again,
        .arg = { rem.addr },
        .deadline_ns = deadline_ns,
    };
    return restart_later();
}

long sys_nanosleep(struct thread *self, uptr req, uptr rem)
{
    u64 ns;
    int err = timespec_in(req, &ns);

    return err ? err : sleep_relative(self, clock_deadline(ns), rem);
}

/* The real clock may be set while we sleep: look at it again then. */
static long sleep_until_realtime(u64 realtime_ns)
{
    struct waitq *set = timer_clock_set_waitq();

    for (;;) {
        u64 ticket = waitq_ticket(set);
        u64 now = clock_realtime_ns();
        int err;

        if (now >= realtime_ns)
            return 0;
        err = waitq_sleep(set, ticket, clock_deadline(realtime_ns - now));
        if (err == -EINTR)
            return -ERESTARTNOHAND;
    }
}

/* CPU clocks cannot wake us.  n threads use at most n times the time that passes: look again when
 * the clock can have got there. */
static long sleep_until_cpu(const struct cpu_clock *clock, u64 until_ns)
{
    u64 now;

    for (;;) {
        int err = cpu_clock_now(clock, &now);

        if (err)
            return err;
        if (now >= until_ns)
            return 0;
        u64 step = max_u64((until_ns - now) / affinity_cpus(), NSEC_PER_MSEC);
        if (sleep_until(clock_deadline(step)))
            return -ERESTARTNOHAND;
    }
}

static long cpu_nanosleep(int clockid, u64 ns, bool absolute)
{
    struct cpu_clock clock;
    u64 now;
    int err = clockid == CLOCK_THREAD_CPUTIME_ID ? -EOPNOTSUPP : cpu_clock_parse(clockid, &clock);

    if (err)
        return err;
    if (clock.thread && (!clock.pid || clock.pid == thread_self()->tid))
        return -EINVAL;                          /* it stands still while we sleep          */
    if (!absolute) {
        err = cpu_clock_now(&clock, &now);
        if (err)
            return err;
        ns += now;
    }
    return sleep_until_cpu(&clock, ns);
}

/* clock_nanosleep(2): ignores unknown flags. */
long sys_clock_nanosleep(struct thread *self, int clockid, int flags, uptr req, uptr rem)
{
    bool absolute = flags & TIMER_ABSTIME;
    enum ktimer_clock base = KTIMER_MONOTONIC;
    u64 ns;
    int err = clock_id_is_cpu(clockid) ? 0 : clock_id_base(clockid, &base);

    if (err)
        return err;
    err = timespec_in(req, &ns);
    if (err)
        return err;
    if (clock_id_is_cpu(clockid))
        return cpu_nanosleep(clockid, ns, absolute);
    if (!absolute)
        return sleep_relative(self, clock_deadline(ns), rem);
    if (base == KTIMER_REALTIME)
        return sleep_until_realtime(ns);
    return sleep_until(ns) ? -ERESTARTNOHAND : 0;
}
