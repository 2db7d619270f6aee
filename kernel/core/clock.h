/* SPDX-License-Identifier: MIT */
/*
 * Time for the layers above: nanoseconds, never going backwards where the clock must not.
 * deadlines everywhere are absolute CLOCK_MONOTONIC nanoseconds, NO_DEADLINE for none.
 */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

enum { NSEC_PER_SEC = 1000000000, NSEC_PER_USEC = 1000, NSEC_PER_MSEC = 1000000 };

u64 clock_monotonic_ns(void);
u64 clock_realtime_ns(void);                     /* with the offset of clock_settime()      */
u64 clock_boot_ns(void);                         /* monotonic time at which the run began   */

/* clock_settime(CLOCK_REALTIME): changes an offset inside, never the host. */
void clock_set_realtime_ns(u64 ns);

/* now + ns, NO_DEADLINE if that overflows. */
u64 clock_deadline(u64 ns);

/* host/ fills it in at start.  set_real_shift(): the real clock shows that much more than the
 * host's (modulo 2^64). */
struct clock_ops {
    u64 (*monotonic_ns)(void);
    u64 (*realtime_ns)(void);
    void (*set_real_shift)(u64 shift_ns);
};
extern struct clock_ops clock_ops;
