/* SPDX-License-Identifier: MIT */
/* Time for the layers above: host/'s checked clocks, the offset of clock_settime(), deadlines. */
#include "kernel/core/clock.h"

struct clock_ops clock_ops;

static _Atomic u64 real_shift_ns;                /* [atomic] what clock_settime() added up to */
static _Atomic u64 boot_ns;                      /* [atomic] set at the first question      */

u64 clock_monotonic_ns(void)
{
    return clock_ops.monotonic_ns();
}

u64 clock_realtime_ns(void)
{
    return clock_ops.realtime_ns();
}

u64 clock_boot_ns(void)
{
    u64 never = 0;
    u64 now;

    if (__atomic_load_n(&boot_ns, __ATOMIC_RELAXED) == 0) {
        now = clock_monotonic_ns();
        __atomic_compare_exchange_n(&boot_ns, &never, now, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
    }
    return __atomic_load_n(&boot_ns, __ATOMIC_RELAXED);
}

void clock_set_realtime_ns(u64 ns)
{
    u64 more = ns - clock_ops.realtime_ns();

    clock_ops.set_real_shift(__atomic_add_fetch(&real_shift_ns, more, __ATOMIC_RELAXED));
}

u64 clock_deadline(u64 ns)
{
    u64 at;

    return add_overflows(clock_monotonic_ns(), ns, &at) ? NO_DEADLINE : at;
}
