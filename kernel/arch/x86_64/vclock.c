/* SPDX-License-Identifier: MIT */
/*
 * Drawing the line of vdso_data.h.
 *
 * Slope.  Two samples of the host, an anchor and the present one, give nanoseconds per tick.  The
 * further they are apart the better, but the host adjusts its clock, so the anchor moves on: there
 * is always one that is ANCHOR_NS to 2 * ANCHOR_NS old.  A sample that does not fit (either clock
 * ran backwards, or the slope changed by more than NTP and late samples explain) starts a new
 * measurement; a new slope has to be seen twice.
 *
 * Trust.  A line may be followed for as long as its slope has been measured: an error of e in a
 * sample over t nanoseconds is then at most e again at the line's end.
 *
 * Monotony.  seen() is the latest time that anybody can have read.  A new line starts there or at
 * the host's time, whichever is later; if the host is behind, the slope is flatter until it has
 * caught up.
 */
#include "kernel/arch/x86_64/vclock.h"
#include "abi/linux/time.h"

enum {
    NS_PER_SEC = 1000000000,
    MEASURE_MIN_NS = 1000000,                    /* two host calls apart are 0.1 % at worst */
    HINT_TRUST_NS = 10000000,                    /* a stated frequency may be off by 100 ppm */
    TRUST_MAX_NS = NS_PER_SEC,                   /* NTP slews up to 500 ppm: 0.5 ms         */
    SLEW_MAX = 1024,                             /* NTP: +-500 ppm, so 1/1024 between two   */
    LATENESS_NS = 100000,                        /* of a sample, now and then               */
    SLOWDOWN_MAX = 16,                           /* the slope is reduced by at most 1/16    */
    COARSE_RES_NS = 4000000,                     /* what Linux says with HZ=250             */
};

#define ANCHOR_NS (16ull * NS_PER_SEC)

/* Slopes between 10 MHz and 16 GHz. */
#define MULT_MIN         (1ull << (VDSO_SHIFT - 4))
#define MULT_MAX         (100ull << VDSO_SHIFT)

#define CLOCK_BIT(clock) (1ull << (clock))
#define REAL_CLOCKS      (CLOCK_BIT(CLOCK_REALTIME) | CLOCK_BIT(CLOCK_REALTIME_COARSE))
#define MONO_CLOCKS                                                                                \
    (CLOCK_BIT(CLOCK_MONOTONIC) | CLOCK_BIT(CLOCK_MONOTONIC_RAW) |                                 \
     CLOCK_BIT(CLOCK_MONOTONIC_COARSE) | CLOCK_BIT(CLOCK_BOOTTIME))

/* ticks at a slope, as nanoseconds, modulo 2^64. */
static u64 scale(u64 ticks, u64 mult)
{
    return (u64)(((unsigned __int128)ticks * mult) >> VDSO_SHIFT);
}

/* ns / ticks as a slope; 0 if no processor is like that. */
static u64 slope(u64 ns, u64 ticks)
{
    while (ns >> 31) {                           /* 31 bits are 0.5 ppb                     */
        ns >>= 1;
        ticks >>= 1;
    }
    if (!ticks)
        return 0;
    u64 mult = (ns << VDSO_SHIFT) / ticks;
    return mult >= MULT_MIN && mult <= MULT_MAX ? mult : 0;
}

/* The ticks in ns nanoseconds, at most TRUST_MAX_NS. */
static u64 ticks_in(u64 ns, u64 mult)
{
    return (ns << VDSO_SHIFT) / mult;
}

void vclock_init(struct vclock *c, struct vdso_data *page, const struct vclock_config *config)
{
    *c = (struct vclock){ .page = page, .config = *config };
    if (config->tsc_hz) {
        c->mult = slope(NS_PER_SEC, config->tsc_hz);
        c->trusted_ns = c->mult ? HINT_TRUST_NS : 0;
    }

    c->own.kernel_entry = config->kernel_entry;
    c->own.coarse_res_ns = COARSE_RES_NS;
    c->own.clocks = MONO_CLOCKS | REAL_CLOCKS | CLOCK_BIT(CLOCK_TAI);
    *page = c->own;
}

/* Measure from here on.  The slope that is known stays in use, but for a short time only. */
static void anchor_anew(struct vclock *c, const struct vclock_sample *s)
{
    c->anchor = c->next_anchor = *s;
    c->anchored = true;
    c->trusted_ns = min_u64(c->trusted_ns, HINT_TRUST_NS);
}

/* Is mult, measured over ns, so far from the slope in use that one of the clocks has jumped? */
static bool slope_jumped(const struct vclock *c, u64 mult, u64 ns)
{
    if (!c->mult)
        return false;
    u64 difference = mult > c->mult ? mult - c->mult : c->mult - mult;
    u64 lateness = c->mult / (1 + ns / LATENESS_NS) + c->mult / (1 + c->trusted_ns / LATENESS_NS);

    return difference > c->mult / SLEW_MAX + lateness;
}

/* Learn the slope from a sample. */
static void measure(struct vclock *c, const struct vclock_sample *s)
{
    if (!c->anchored || s->tsc < c->anchor.tsc || s->mono_ns < c->anchor.mono_ns) {
        anchor_anew(c, s);
        return;
    }
    u64 ns = s->mono_ns - c->anchor.mono_ns, ticks = s->tsc - c->anchor.tsc;
    if (ns < MEASURE_MIN_NS && ticks < ticks_in(MEASURE_MIN_NS, MULT_MIN))
        return;

    u64 mult = slope(ns, ticks);
    bool jumped = !mult || slope_jumped(c, mult, ns);
    if (jumped && (!mult || !c->doubted)) {
        c->doubted = true;
        anchor_anew(c, s);
        return;
    }
    c->doubted = false;
    c->mult = mult;
    c->trusted_ns =
        jumped ? min_u64(ns, TRUST_MAX_NS) : max_u64(c->trusted_ns, min_u64(ns, TRUST_MAX_NS));
    if (s->mono_ns - c->next_anchor.mono_ns >= ANCHOR_NS) {
        c->anchor = c->next_anchor;
        c->next_anchor = *s;
    }
}

/* The latest time that anybody can have read up to the given tick. */
static u64 seen(const struct vclock *c, u64 tick)
{
    const struct vdso_data *d = &c->own;

    if (!(d->flags & VDSO_TSC))
        return c->newest_ns;
    u64 delta = min_u64(vdso_ticks_since(d->base_tsc, tick), d->max_delta);
    return max_u64(c->newest_ns, c->line_ns + scale(delta, d->mult));
}

/* The slope that lets the host catch up `ahead` nanoseconds while the line is valid. */
static u64 slowed_down(const struct vclock *c, u64 ahead)
{
    u64 loss = min_u64(ahead, c->trusted_ns / SLOWDOWN_MAX);
    u64 fraction = (loss << VDSO_SHIFT) / c->trusted_ns;

    return c->mult - scale(c->mult, fraction);
}

u64 vclock_of_monotonic(const struct vclock *c, u32 clock, u64 mono_ns)
{
    u64 real = mono_ns + c->real_offset_ns + c->real_shift_ns;

    if (clock == CLOCK_TAI)
        return real + c->tai_offset_ns;
    return REAL_CLOCKS & CLOCK_BIT(clock) ? real : mono_ns;
}

/* Where each clock's line begins. */
static void write_bases(struct vclock *c)
{
    for (u32 clock = 0; clock < VDSO_CLOCK_MAX; clock++) {
        u64 ns = vclock_of_monotonic(c, clock, c->line_ns);
        c->own.base[clock] = (struct vdso_time){ ns / NS_PER_SEC, ns % NS_PER_SEC };
    }
}

/* Between these two own may be changed: readers of the page turn to the kernel, readers of own to
 * the host.  The fence is a full one: the tick that a new line starts at must not be read before
 * seq is seen to be odd. */
static void line_open(struct vclock *c)
{
    u32 seq = c->own.seq + 1;

    __atomic_store_n(&c->own.seq, seq, __ATOMIC_RELAXED);
    __atomic_store_n(&c->page->seq, seq, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void line_close(struct vclock *c)
{
    u32 seq = c->own.seq + 1;

    *c->page = c->own;                           /* seq is still odd                        */
    __atomic_store_n(&c->page->seq, seq, __ATOMIC_RELEASE);
    __atomic_store_n(&c->own.seq, seq, __ATOMIC_RELEASE);
}

/* A line from tick on: at the host's time, or at what has been seen if that is later. */
static void draw(struct vclock *c, u64 tick, u64 host_ns)
{
    struct vdso_data *d = &c->own;
    u64 start = max_u64(host_ns, seen(c, tick));

    c->newest_ns = start;
    d->flags &= ~(u32)VDSO_TSC;
    if (!c->config.read_tsc || !c->mult || !c->trusted_ns)
        return;

    d->base_tsc = tick;
    c->line_ns = start;
    write_bases(c);
    d->mult = slowed_down(c, start - host_ns);
    d->max_delta = ticks_in(c->trusted_ns, c->mult);
    d->flags |= VDSO_TSC;
}

/* What the host would say at tick, which is after the sample. */
static u64 host_time(const struct vclock *c, const struct vclock_sample *s, u64 tick)
{
    u64 delta = tick > s->tsc ? tick - s->tsc : 0;

    /* a thread may be held up between the two, but a counter may jump as well */
    if (!c->mult || delta > ticks_in(TRUST_MAX_NS, c->mult))
        delta = 0;
    return s->mono_ns + scale(delta, c->mult);
}

u64 vclock_update(struct vclock *c, const struct vclock_sample *s)
{
    u64 tick = 0;

    if (c->config.read_tsc)
        measure(c, s);
    c->real_offset_ns = s->real_ns - s->mono_ns;

    line_open(c);
    if (c->config.read_tsc)
        tick = c->config.read_tsc();
    draw(c, tick, host_time(c, s, tick));
    line_close(c);
    return c->newest_ns;
}

bool vclock_read(const struct vclock *c, u32 clock, u64 *ret_ns)
{
    struct vdso_time now;

    if (!c->config.read_tsc || !vdso_read(&c->own, clock, c->config.read_tsc, &now))
        return false;
    *ret_ns = now.sec * NS_PER_SEC + now.nsec;
    return true;
}

void vclock_not_before(struct vclock *c, u64 mono_ns)
{
    struct vdso_data *d = &c->own;
    u64 now;

    if (vclock_read(c, CLOCK_MONOTONIC, &now) && now >= mono_ns)
        return;
    line_open(c);
    if (d->flags & VDSO_TSC) {
        u64 tick = c->config.read_tsc();
        u64 delta = vdso_ticks_since(d->base_tsc, tick);
        u64 start = max_u64(mono_ns, seen(c, tick));

        /* the same line, lifted; it ends when it would have ended */
        d->max_delta -= min_u64(delta, d->max_delta);
        d->base_tsc = tick;
        c->line_ns = start;
        write_bases(c);
    }
    c->newest_ns = max_u64(c->newest_ns, mono_ns);
    line_close(c);
}

void vclock_set_real_shift(struct vclock *c, u64 shift_ns)
{
    line_open(c);
    c->real_shift_ns = shift_ns;
    write_bases(c);
    line_close(c);
}

void vclock_set_tai_offset(struct vclock *c, s64 seconds)
{
    line_open(c);
    c->tai_offset_ns = (u64)seconds * NS_PER_SEC;
    write_bases(c);
    line_close(c);
}
