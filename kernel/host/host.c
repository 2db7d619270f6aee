/* SPDX-License-Identifier: MIT */
/*
 * The machine: the target's operations, copied before anything else runs, and the checks on what
 * is not a host operation: memory, threads, clocks, randomness, readiness.
 */
#include "kernel/host/host.h"
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/host/host_int.h"
#include "kernel/host/timekeeper.h"

struct target host_target;

static struct range reserved;                    /* [const] what protect() may be asked for */
static const hfd host_stderr = { 2 };

static _Atomic u64 last_ns[2];                   /* [atomic] monotonic, realtime: last seen */

static void write_stderr(const char *text, size_t len)
{
    while (len) {
        ssize_t n = host_write(host_stderr, text, len);

        if (n <= 0)
            return;                              /* nobody is left to be told               */
        text += n;
        len -= (size_t)n;
    }
}

NORETURN static void end(int status)
{
    host_target.exit(status);
}

int host_init(const struct target *t, const struct boot_params *bp,
              const struct kernel_gates *gates)
{
    host_target = *t;
    reserved.lo = min_u64(min_u64(bp->low.lo, bp->arena.lo), min_u64(bp->image.lo, bp->heap.lo));
    reserved.hi = max_u64(max_u64(bp->low.hi, bp->arena.hi), max_u64(bp->image.hi, bp->heap.hi));
    log_ops.write = write_stderr;
    panic_ops.exit = end;
    timekeeper_init();
    return host_target.attach(gates);
}

const char *host_target_name(void)
{
    return host_target.name;
}

bool host_has_tee(void)
{
    return host_target.flags & TARGET_TEE;
}

bool host_has_tsc(void)
{
    return host_target.flags & TARGET_TSC;
}

static void assert_reserved(u64 addr, u64 len)
{
    assert(((addr | len) & (PAGE_SIZE - 1)) == 0);
    assert(addr >= reserved.lo);
    assert(addr + len <= reserved.hi);
    assert(addr + len >= addr);
}

int host_protect(u64 addr, u64 len, u32 prot)
{
    assert_reserved(addr, len);
    if (!len)
        return 0;
    return host_target.protect((void *)addr, len, prot) ? -ENOMEM : 0;
}

int host_discard(u64 addr, u64 len)
{
    assert_reserved(addr, len);
    if (!len)
        return 0;
    return host_target.discard((void *)addr, len) ? -ENOMEM : 0;
}

void host_sync_cores(void)
{
    if (host_target.sync_cores())
        panic("the target cannot make threads refetch instructions");
}

int host_thread_create(u32 slot)
{
    return host_target.thread_create(slot) ? -EAGAIN : 0;
}

NORETURN void host_thread_exit(u32 slot)
{
    host_target.thread_exit(slot);
}

int host_park(u32 slot, u64 deadline_ns)
{
    if (host_target.park(slot, deadline_ns) != -ETIMEDOUT)
        return 0;
    timekeeper_not_before(deadline_ns);          /* who has slept so long must see it       */
    return -ETIMEDOUT;
}

void host_unpark(u32 slot)
{
    (void)host_target.unpark(slot);              /* a host that loses wake-ups denies service */
}

void host_interrupt(u32 slot)
{
    (void)host_target.interrupt(slot);
}

void host_set_affinity(u32 slot, const u64 *mask, size_t words)
{
    if (host_target.set_affinity)
        (void)host_target.set_affinity(slot, mask, words); /* advice: may be refused        */
}

NORETURN void host_exit(int status)
{
    host_target.exit(status);
}

/* The later of what the host says and what it has said before. */
static u64 never_backwards(_Atomic u64 *last, u64 now)
{
    u64 seen = __atomic_load_n(last, __ATOMIC_RELAXED);

    while (now > seen)
        if (__atomic_compare_exchange_n(last, &seen, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return now;
    return seen;
}

u64 host_monotonic_ns(void)
{
    u64 now;

    if (host_target.clock(CLOCK_MONOTONIC, &now))
        return __atomic_load_n(&last_ns[0], __ATOMIC_RELAXED);
    return never_backwards(&last_ns[0], now);
}

u64 host_realtime_ns(void)
{
    u64 now;

    if (host_target.clock(CLOCK_REALTIME, &now) || now > INT64_MAX)
        return __atomic_load_n(&last_ns[1], __ATOMIC_RELAXED);
    __atomic_store_n(&last_ns[1], now, __ATOMIC_RELAXED); /* it may be set back: allowed    */
    return now;
}

int host_clock_ns(u32 clock_id, u64 *ret)
{
    u64 now;

    if (host_target.clock(clock_id, &now) || now > INT64_MAX)
        return -EINVAL;
    *ret = now;
    return 0;
}

int host_random(void *dst, size_t len)
{
    return host_target.random(dst, len) ? -EIO : 0;
}

/* Believe only events that were asked for, and count the entries ourselves. */
static int poll_check(struct host_poll *set, u32 n)
{
    int ready = 0;

    for (u32 i = 0; i < n; i++) {
        u32 wanted = set[i].events | POLLERR | POLLHUP | POLLNVAL;

        if (set[i].ready & ~wanted)
            host_anomaly(ANOMALY_EVENTS, set[i].ready);
        set[i].ready &= wanted;
        ready += set[i].ready != 0;
    }
    return ready;
}

int host_poll(u32 slot, struct host_poll *set, u32 n, u64 deadline_ns)
{
    int err, ready;

    for (u32 i = 0; i < n; i++)
        set[i].ready = 0;
    err = host_target.poll(slot, set, n, deadline_ns);
    ready = poll_check(set, n);
    if (ready || err != -ETIMEDOUT)
        return ready;
    timekeeper_not_before(deadline_ns);
    return -ETIMEDOUT;
}
