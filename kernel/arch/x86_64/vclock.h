/* SPDX-License-Identifier: MIT */
/*
 * Keeping the vDSO's time: drawing the line that user code follows (vdso_data.h).
 *
 * The host tells the time and may lie; the processor counts ticks.  Each sample of both moves the
 * line: forwards at once if the host is ahead, by a flatter slope if the host is behind.  The slope
 * comes from samples far apart, and a line is valid only for as long as the slope has been
 * measured, at most a second.  So whatever the host says, CLOCK_MONOTONIC never decreases, neither
 * for readers of the page nor for callers of vclock_update().
 *
 * Integers only.  Locks: the caller's; one for everything that takes a struct vclock.  Readers of
 * the page need none.
 */
#pragma once
#include "kernel/arch/x86_64/vdso_data.h"
#include "kernel/lib/types.h"

/* What the host said, and the tick at which it said so. */
struct vclock_sample {
    u64 tsc;
    u64 mono_ns;
    u64 real_ns;
};

struct vclock_config {
    u64 kernel_entry;                            /* for the vDSO's stubs                    */
    u64 tsc_hz;                                  /* 0: not known, will be measured          */
    u64 (*read_tsc)(void);                       /* NULL: there is no usable counter        */
};

struct vclock {
    struct vdso_data own;                        /* what the kernel reads; never user's     */
    struct vdso_data *page;                      /* a copy of own for user code             */
    struct vclock_config config;
    struct vclock_sample anchor;                 /* the slope is measured from here,        */
    struct vclock_sample next_anchor;            /* later from here                         */
    bool anchored;
    bool doubted;                                /* the last sample did not fit the slope   */
    u64 mult;                                    /* slope of the host's time; 0: unknown    */
    u64 trusted_ns;                              /* how long it may be followed             */
    u64 newest_ns;                               /* the latest time the kernel has told     */
    u64 line_ns;                                 /* CLOCK_MONOTONIC at own.base_tsc         */
    u64 real_offset_ns;                          /* the host's CLOCK_REALTIME - monotonic   */
    u64 real_shift_ns;                           /* what clock_settime() added              */
    u64 tai_offset_ns;                           /* CLOCK_TAI - CLOCK_REALTIME              */
};

/* Fill in the page, with the clocks switched off until the first update. */
void vclock_init(struct vclock *c, struct vdso_data *page, const struct vclock_config *config);

/* Take in what the host says and draw a new line.  Returns CLOCK_MONOTONIC now: never less than
 * any value returned or read before. */
u64 vclock_update(struct vclock *c, const struct vclock_sample *sample);

/* The time of a clock that the page serves; false: sample the host and call vclock_update(). */
bool vclock_read(const struct vclock *c, u32 clock, u64 *ret_ns);

/* What a clock that the page serves shows when CLOCK_MONOTONIC shows mono_ns. */
u64 vclock_of_monotonic(const struct vclock *c, u32 clock, u64 mono_ns);

/* Somebody has slept until mono_ns by the host's clock: ours must not show less from now on. */
void vclock_not_before(struct vclock *c, u64 mono_ns);

/* CLOCK_REALTIME now shows shift_ns more (modulo 2^64) than the host says: clock_settime(2). */
void vclock_set_real_shift(struct vclock *c, u64 shift_ns);

/* CLOCK_TAI minus CLOCK_REALTIME: adjtimex(2). */
void vclock_set_tai_offset(struct vclock *c, s64 seconds);
