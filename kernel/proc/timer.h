/* SPDX-License-Identifier: MIT */
/*
 * Timers: functions that run at a time, on the service thread.
 *
 * A ktimer is armed for one moment, by CLOCK_MONOTONIC or by CLOCK_REALTIME; setting the real
 * clock moves the moments of the second kind.  Storage is the owner's.  Callbacks run one at a
 * time, without locks, may sleep briefly and may arm timers again, their own too.
 *
 * Locks: one spinlock of its own, a leaf.
 */
#pragma once
#include "kernel/lib/types.h"

struct ktimer;
typedef void (*ktimer_fn)(struct ktimer *t);

enum ktimer_clock { KTIMER_MONOTONIC, KTIMER_REALTIME, KTIMER_CLOCKS };

struct ktimer {
    u64 deadline_ns;
    ktimer_fn fn;
    enum ktimer_clock clock;
    bool armed;
    struct ktimer *child, *next, *prev;          /* the heap's                              */
};

/* All zero is a timer that is not armed. */

/* Run fn(t) at deadline_ns (of that clock), soon if it has passed.  An armed timer is moved.  Not
 * under a spinlock. */
void timer_arm(struct ktimer *t, u64 deadline_ns, ktimer_fn fn);
void timer_arm_realtime(struct ktimer *t, u64 realtime_ns, ktimer_fn fn);

/* Not armed any more when this returns; true if it was.  Its callback may be running still. */
bool timer_disarm(struct ktimer *t);

/* The same, and waits for a callback that is running: the storage may go.  Not from a callback. */
void timer_cancel(struct ktimer *t);

/*
 * CLOCK_REALTIME was set: timers by it are looked at again, and those who wait for the event
 * (TFD_TIMER_CANCEL_ON_SET) are told.
 */
void timer_clock_was_set(void);
/* How often it was set, and the queue that is woken each time. */
u64 timer_clock_set_count(void);
struct waitq *timer_clock_set_waitq(void);
