/* SPDX-License-Identifier: MIT */
/*
 * The kernel's clocks: see timekeeper.h.
 *
 * Reading needs no lock while the line is valid.  Once it has expired one thread samples the host
 * and draws a new one; others that come meanwhile wait for it on the spinlock's owner: the sample
 * is taken before the lock, because it is a call to the host.
 *
 * Locks: lock, a leaf.
 */
#include "kernel/host/timekeeper.h"
#include "abi/linux/time.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/vclock.h"
#include "kernel/core/clock.h"
#include "kernel/core/spinlock.h"
#include "kernel/host/host.h"

static struct spinlock lock;
static struct vclock vclock;                     /* guarded by lock; the page by its seq    */
static bool started;                             /* [const] after start                     */

static u64 sample_and_update(u32 clock)
{
    struct vclock_sample sample = {
        .tsc = host_has_tsc() ? tsc_read() : 0,
        .mono_ns = host_monotonic_ns(),
        .real_ns = host_realtime_ns(),
    };
    u64 mono, ns;

    WITH_SPINLOCK(&lock);
    mono = vclock_update(&vclock, &sample);
    if (clock != CLOCK_MONOTONIC && vclock_read(&vclock, clock, &ns))
        return ns;
    return vclock_of_monotonic(&vclock, clock, mono);
}

static u64 timekeeper_read(u32 clock)
{
    u64 ns;

    if (!started)
        return clock == CLOCK_REALTIME ? host_realtime_ns() : host_monotonic_ns();
    return vclock_read(&vclock, clock, &ns) ? ns : sample_and_update(clock);
}

static u64 timekeeper_monotonic(void)
{
    return timekeeper_read(CLOCK_MONOTONIC);
}

static u64 timekeeper_realtime(void)
{
    return timekeeper_read(CLOCK_REALTIME);
}

static void timekeeper_shift(u64 shift_ns)
{
    WITH_SPINLOCK(&lock);
    vclock_set_real_shift(&vclock, shift_ns);
}

void timekeeper_init(void)
{
    clock_ops = (struct clock_ops){
        .monotonic_ns = timekeeper_monotonic,
        .realtime_ns = timekeeper_realtime,
        .set_real_shift = timekeeper_shift,
    };
}

void timekeeper_start(struct vdso_data *page, u64 kernel_entry)
{
    struct vclock_config config = {
        .kernel_entry = kernel_entry,
        .read_tsc = host_has_tsc() ? tsc_read : NULL,
    };

    vclock_init(&vclock, page, &config);
    started = true;
    (void)sample_and_update(CLOCK_MONOTONIC);    /* the first line; its value is not needed */
}

void timekeeper_not_before(u64 mono_ns)
{
    if (!started)
        return;
    WITH_SPINLOCK(&lock);
    vclock_not_before(&vclock, mono_ns);
}
