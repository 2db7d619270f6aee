/* SPDX-License-Identifier: MIT */
/*
 * The timer queue and the service thread that serves it: see timer.h.
 *
 * One heap per clock.  The service thread sleeps in the host's poll until the nearest deadline of
 * either, until the host has signals for us, or until somebody arms a timer that is due earlier
 * and unparks it.
 *
 *     somebody                          service thread
 *     T1 lock, insert, unlock           S1 lock, nearest deadline, unlock
 *     T2 it is the first: unpark        S2 poll until then
 *
 * T2 after S1 ends S2 at once: an unpark is kept.  T1 before S1 is seen by S1.
 *
 * `running` is the timer whose callback runs now; timer_cancel() waits until it is another.
 *
 * Locks: timers_lock, a leaf.
 */
#include "kernel/proc/timer.h"
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/waitq.h"
#include "kernel/host/host.h"
#include "kernel/proc/job.h"
#include "kernel/proc/process.h"
#include "kernel/proc/service.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/timer_heap.h"

enum { SERVICE_SLOT = 0, SIGNALS_AT_ONCE = 4 };

static struct spinlock timers_lock;
static struct timer_heap heaps[KTIMER_CLOCKS];   /* guarded by timers_lock                  */
static struct ktimer *running;                   /* guarded by timers_lock                  */
static struct waitq finished;                    /* a callback has returned                 */
static struct waitq clock_set;                   /* CLOCK_REALTIME was set                  */
static u64 clock_sets;                           /* [atomic]                                */
static hfd host_signals = { .id = -1 };          /* [const] after start                     */

static void disarm_locked(struct ktimer *t)
{
    timer_heap_remove(&heaps[t->clock], t);
    t->armed = false;
}

static void arm(struct ktimer *t, u64 deadline_ns, ktimer_fn fn, enum ktimer_clock clock)
{
    bool first;

    spin_lock(&timers_lock);
    if (t->armed)
        disarm_locked(t);
    t->deadline_ns = deadline_ns;
    t->fn = fn;
    t->clock = clock;
    t->armed = true;
    timer_heap_insert(&heaps[clock], t);
    first = heaps[clock].first == t;
    spin_unlock(&timers_lock);
    if (first && thread_self()->slot != SERVICE_SLOT)
        host_unpark(SERVICE_SLOT);
}

void timer_arm(struct ktimer *t, u64 deadline_ns, ktimer_fn fn)
{
    arm(t, deadline_ns, fn, KTIMER_MONOTONIC);
}

void timer_arm_realtime(struct ktimer *t, u64 realtime_ns, ktimer_fn fn)
{
    arm(t, realtime_ns, fn, KTIMER_REALTIME);
}

bool timer_disarm(struct ktimer *t)
{
    WITH_SPINLOCK(&timers_lock);
    bool was_armed = t->armed;

    if (was_armed)
        disarm_locked(t);
    return was_armed;
}

static bool is_running(const struct ktimer *t)
{
    WITH_SPINLOCK(&timers_lock);
    return running == t;
}

void timer_cancel(struct ktimer *t)
{
    /* A callback may arm its timer again: disarm after it has returned. */
    for (;;) {
        u64 ticket = waitq_ticket(&finished);

        (void)timer_disarm(t);
        if (!is_running(t))
            break;
        (void)waitq_sleep_uninterruptible(&finished, ticket, NO_DEADLINE);
    }
    (void)timer_disarm(t);
}

void timer_clock_was_set(void)
{
    __atomic_fetch_add(&clock_sets, 1, __ATOMIC_SEQ_CST);
    waitq_wake(&clock_set);
    host_unpark(SERVICE_SLOT);
}

u64 timer_clock_set_count(void)
{
    return __atomic_load_n(&clock_sets, __ATOMIC_SEQ_CST);
}

struct waitq *timer_clock_set_waitq(void)
{
    return &clock_set;
}

/* ---- the service thread ---- */

static u64 clock_now(enum ktimer_clock clock)
{
    return clock == KTIMER_REALTIME ? clock_realtime_ns() : clock_monotonic_ns();
}

static struct ktimer *take_due(enum ktimer_clock clock, u64 now)
{
    WITH_SPINLOCK(&timers_lock);
    struct ktimer *t = heaps[clock].first;

    if (!t || t->deadline_ns > now)
        return NULL;
    disarm_locked(t);
    running = t;
    return t;
}

static void run_due(enum ktimer_clock clock)
{
    u64 now = clock_now(clock);
    struct ktimer *t;

    while ((t = take_due(clock, now)) != NULL) {
        t->fn(t);
        spin_lock(&timers_lock);
        running = NULL;
        spin_unlock(&timers_lock);
        waitq_wake(&finished);                   /* t may be gone                           */
    }
}

/* How long until the first timer of a clock is due; NO_DEADLINE: there is none. */
static u64 time_left(enum ktimer_clock clock)
{
    u64 now = clock_now(clock), deadline;

    spin_lock(&timers_lock);
    deadline = heaps[clock].first ? heaps[clock].first->deadline_ns : NO_DEADLINE;
    spin_unlock(&timers_lock);
    if (deadline == NO_DEADLINE)
        return NO_DEADLINE;
    return deadline > now ? deadline - now : 0;
}

bool service_run_timers(u64 *ret_deadline_ns)
{
    run_due(KTIMER_MONOTONIC);
    run_due(KTIMER_REALTIME);

    u64 left = min_u64(time_left(KTIMER_MONOTONIC), time_left(KTIMER_REALTIME));
    *ret_deadline_ns = left == NO_DEADLINE ? NO_DEADLINE : clock_deadline(left);
    return left == 0;
}

/* A key or the window of the host's terminal: for those in its foreground.  Anything else is for the
 * first process. */
static void forward_host_signal(const struct signalfd_siginfo *r)
{
    int signo = (int)r->ssi_signo;

    if (r->ssi_code == SI_KERNEL && job_tty_ops.host_signal && job_tty_ops.host_signal(signo))
        return;
    signal_from_host(signo);
}

static void forward_host_signals(void)
{
    struct signalfd_siginfo records[SIGNALS_AT_ONCE];
    ssize_t n = host_read(host_signals, records, sizeof(records));

    if (n <= 0 && n != -EAGAIN)
        host_signals = HFD_NONE;                 /* broken: go on without                   */
    for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]); i++)
        forward_host_signal(&records[i]);
}

void service_init(hfd signals)
{
    host_signals = signals;
}

NORETURN void service_main(void)
{
    for (;;) {
        struct host_poll set = { .fd = host_signals, .events = POLLIN };
        u32 count = host_signals.id >= 0;
        u64 deadline;

        if (service_run_timers(&deadline))
            continue;
        if (park_ops.poll(&set, count, PARK_UNINTERRUPTIBLE, deadline) > 0)
            forward_host_signals();
    }
}
