/* SPDX-License-Identifier: MIT */
/*
 * The cache of freed memory.  See recycle.h.
 *
 * A fixed number of ranges in order of age, the oldest first.  They neither overlap nor merge: the
 * next request is usually for the same size.
 */
#include "kernel/mm/recycle.h"
#include "kernel/core/commit.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"

enum { RECYCLE_RANGES = 64 };                    /* looked through one by one               */

static struct {
    struct spinlock lock;
    u32 count;
    u64 bytes;
    struct range ranges[RECYCLE_RANGES];         /* oldest first                            */
} cache;

int recycle_init(void)
{
    int err;

    for (u32 i = 0; i < RECYCLE_RANGES; i++) {
        err = arena_owner_add();
        if (err)
            return err;
    }
    return 0;
}

static struct range cache_remove_locked(u32 i)
{
    struct range r = cache.ranges[i];

    cache.count--;
    cache.bytes -= r.hi - r.lo;
    memmove(&cache.ranges[i], &cache.ranges[i + 1], (cache.count - i) * sizeof(r));
    return r;
}

/* At most an eighth of what may be committed: whoever needs it gets it (commit_ops), but looking for
 * it takes time. */
static u64 cache_limit(void)
{
    return min_u64(RECYCLE_TOTAL_MAX, commit_limit() / 8);
}

void recycle_discard(u64 lo, u64 hi)
{
    if (host_discard(lo, hi - lo)) {
        /* It must not reach another process as it is.  Nobody will have it. */
        klog(LOG_WARN, "the host does not take back %llx-%llx", (unsigned long long)lo,
             (unsigned long long)hi);
        return;
    }
    commit_release(hi - lo);
    arena_release(lo, hi);
}

/* Put [lo, hi) into the cache; the range that has to go for it, or an empty one. */
static bool cache_try_add(u64 lo, u64 hi, struct range *ret_displaced)
{
    WITH_SPINLOCK(&cache.lock);
    if (cache.count < RECYCLE_RANGES && cache.bytes + (hi - lo) <= cache_limit()) {
        cache.ranges[cache.count++] = (struct range){ lo, hi };
        cache.bytes += hi - lo;
        return true;
    }
    *ret_displaced = cache_remove_locked(0);
    return false;
}

void recycle_put(u64 lo, u64 hi, enum recycle_content content)
{
    u64 most = content == RECYCLE_TOUCHED_ALL ? RECYCLE_FILLED_MAX : RECYCLE_RANGE_MAX;
    struct range displaced;

    if (hi - lo > min_u64(most, cache_limit())) {
        recycle_discard(lo, hi);
        return;
    }
    while (!cache_try_add(lo, hi, &displaced))
        recycle_discard(displaced.lo, displaced.hi);
}

/* The best fit: the smallest that is large enough, the youngest of these.  Nothing is cut up that is
 * much larger: it was the image of a program, and will be one again. */
static s32 cache_fit_locked(u64 len, u64 bound_lo, u64 bound_hi)
{
    u64 best_size = UINT64_MAX;
    s32 best = -1;

    for (u32 i = cache.count; i-- > 0;) {
        const struct range *r = &cache.ranges[i];

        if (r->hi - r->lo < len || r->hi - r->lo >= best_size)
            continue;
        if (r->hi - r->lo > max_u64(2 * len, RECYCLE_RANGE_MAX))
            continue;
        if (r->lo < bound_lo || r->hi > bound_hi)
            continue;
        best = (s32)i;
        best_size = r->hi - r->lo;
        if (best_size == len)
            break;
    }
    return best;
}

u64 recycle_take(u64 len, u64 bound_lo, u64 bound_hi)
{
    WITH_SPINLOCK(&cache.lock);
    s32 i = cache_fit_locked(len, bound_lo, bound_hi);
    if (i < 0)
        return 0;

    struct range *r = &cache.ranges[i];

    if (r->hi - r->lo == len)
        return cache_remove_locked((u32)i).lo;
    u64 at = r->lo;
    r->lo += len;
    cache.bytes -= len;
    return at;
}

static bool cache_remove_overlapping(u64 lo, u64 hi, struct range *ret)
{
    WITH_SPINLOCK(&cache.lock);
    for (u32 i = 0; i < cache.count; i++) {
        if (cache.ranges[i].lo < hi && lo < cache.ranges[i].hi) {
            *ret = cache_remove_locked(i);
            return true;
        }
    }
    return false;
}

bool recycle_flush(u64 lo, u64 hi)
{
    struct range r;
    bool any = false;

    while (cache_remove_overlapping(lo, hi, &r)) {
        recycle_discard(r.lo, r.hi);
        any = true;
    }
    return any;
}

bool recycle_drain(void)
{
    return recycle_flush(0, UINT64_MAX);
}

u64 recycle_bytes(void)
{
    WITH_SPINLOCK(&cache.lock);
    return cache.bytes;
}
