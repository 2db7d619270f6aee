/* SPDX-License-Identifier: MIT */
/*
 * The page in front of the vDSO: what user code needs to tell the time without the kernel.
 *
 * Every clock is a line through base_tsc and its base time, of slope mult / 2^VDSO_SHIFT.  It may
 * be followed for max_delta ticks, about a second at most.  Whoever finds it expired, being changed
 * or switched off asks the kernel, which draws a new one.
 *
 * The kernel writes (vclock.h), user programs read: nothing here is secret or believed.
 *
 * Race: a reader must never see time go backwards from one line to the next.
 *
 *     kernel                                 reader
 *     seq odd; fence                         seq even?  else ask the kernel
 *     rdtsc: the new line starts here        read the line; rdtsc
 *     write the line                         seq still the same?  else ask the kernel
 *     seq even
 *
 * A reader that passes both looks took its tick before the new line's first one.  Readers do not
 * wait for an even seq, because the kernel may be held up by the host for any time.
 */
#pragma once
#include "kernel/lib/types.h"

enum {
    VDSO_SHIFT = 32,                             /* slope in 2^-32 ns per tick              */
    VDSO_CLOCK_MAX = 12,                         /* CLOCK_TAI is 11                         */
    VDSO_NSEC_PER_SEC = 1000000000,
    VDSO_SKEW_TICKS = 1 << 20,                   /* a fraction of a millisecond             */
};

enum vdso_flags {
    VDSO_TSC = 1u << 0,                          /* the line is valid                       */
};

/* A point in time; nsec is below 10^9. */
struct vdso_time {
    u64 sec, nsec;
};

struct vdso_data {
    u32 seq;                                     /* odd: being changed                      */
    u32 flags;                                   /* enum vdso_flags                         */
    u64 base_tsc;
    u64 max_delta;
    u64 mult;
    u64 clocks;                                  /* bit n: clock n is served from here      */
    u64 kernel_entry;                            /* where a stub jumps to (patch.h)         */
    u64 coarse_res_ns;                           /* clock_getres() of the coarse clocks     */
    u64 unused;
    struct vdso_time base[VDSO_CLOCK_MAX];       /* of each clock, at base_tsc              */
};

_Static_assert(sizeof(struct vdso_data) <= PAGE_SIZE, "one page in front of the image");

/* The processor's tick counter, not read before what precedes it. */
static inline u64 vdso_rdtsc(void)
{
    u32 low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (u64)high << 32 | low;
}

/* p, computed so that a load from it waits for tick: cheaper than a second fence. */
static inline const u32 *vdso_after(const u32 *p, u64 tick)
{
    u64 zero = tick;

    __asm__ volatile("and $0, %0" : "+r"(zero) : : "memory", "cc");
    return (const u32 *)((const char *)p + zero);
}

/* Ticks since base.  The counters of two cores may differ a little; one that is far behind has been
 * set back, and no line is valid for UINT64_MAX ticks. */
static inline u64 vdso_ticks_since(u64 base, u64 tick)
{
    if (likely(tick >= base))
        return tick - base;
    return base - tick < VDSO_SKEW_TICKS ? 0 : UINT64_MAX;
}

/* The time of a clock at the tick that read_tsc() returns; false: ask the kernel. */
static inline bool vdso_read(const struct vdso_data *data, u32 clock, u64 (*read_tsc)(void),
                             struct vdso_time *ret)
{
    u32 seq = __atomic_load_n(&data->seq, __ATOMIC_ACQUIRE);

    if (clock >= VDSO_CLOCK_MAX || !(data->clocks >> clock & 1))
        return false;
    if ((seq & 1) || !(data->flags & VDSO_TSC))
        return false;

    u64 tick = read_tsc();
    u64 delta = vdso_ticks_since(data->base_tsc, tick);
    u64 max_delta = data->max_delta;
    /* a second is 2^62 here; what overflows has expired */
    u64 nsec = data->base[clock].nsec + ((delta * data->mult) >> VDSO_SHIFT);
    u64 sec = data->base[clock].sec;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(vdso_after(&data->seq, tick), __ATOMIC_RELAXED) != seq || delta > max_delta)
        return false;

    for (; nsec >= VDSO_NSEC_PER_SEC; sec++)     /* twice at most, so cheaper than dividing */
        nsec -= VDSO_NSEC_PER_SEC;
    *ret = (struct vdso_time){ sec, nsec };
    return true;
}
