/* SPDX-License-Identifier: MIT */
/*
 * Where mappings go, and what they may cost.
 *
 * A process has a home, a GiB that is its own while there is room for that.  Small things go there,
 * from its end downwards; large ones, which may grow, behind it.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/resource.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/recycle.h"

enum {
    HOME_DISTANCE = 1 << 30,
    ROOMY_MIN = 1 << 20,                         /* large: copying less is cheap            */
    ROOMY_MAX = 1 << 30,
};

#define ADDRESS_32BIT_LIMIT 0x80000000u          /* MAP_32BIT: "the first 2 Gigabytes"      */

static struct range low, high;                   /* [const] after place_init()              */

struct mm_limit_ops mm_limit_ops;

int place_init(const struct range *low_area, const struct range *arena)
{
    const struct range areas[] = { *low_area, *arena };

    low = *low_area;
    high = *arena;
    return arena_init(areas, 2);
}

u64 mm_home_choose(void)
{
    struct arena_request r = {
        .lo = high.lo,
        .hi = high.hi,
        .len = HOME_DISTANCE,
        .align = HOME_DISTANCE,
        .direction = ARENA_UP,
    };
    u64 home = arena_claim(&r);

    if (!home)
        return high.lo;
    arena_release(home, home + HOME_DISTANCE);
    return home;
}

static u64 place_between(struct arena_request r)
{
    u64 at = arena_claim(&r);

    /* The cache holds addresses too. */
    if (!at && recycle_drain())
        at = arena_claim(&r);
    return at;
}

static u64 place_large(struct mm *mm, u64 len, u64 align)
{
    return place_between((struct arena_request){
        .lo = high.lo,
        .hi = high.hi,
        .from = mm->home + HOME_DISTANCE,
        .len = len,
        .align = align,
        .direction = ARENA_UP,
    });
}

/* With as much room behind it as it takes, so that mremap(2) can let it grow where it is. */
static u64 place_roomy(struct mm *mm, u64 len, u64 align)
{
    u64 at = place_large(mm, 2 * len, align);

    if (at)
        arena_release(at + len, at + 2 * len);
    return at;
}

/* From the end of the home downwards, as on Linux: a stack finds room below itself. */
static u64 place_small(struct mm *mm, u64 len, u64 align)
{
    return place_between((struct arena_request){
        .lo = high.lo,
        .hi = high.hi,
        .from = mm->home + HOME_DISTANCE,
        .len = len,
        .align = align,
        .direction = ARENA_DOWN,
    });
}

/* With a page that belongs to nobody behind it: running past the end of an image is noticed, and
 * images that are freed together stay apart, each for its successor (recycle.h). */
static u64 place_image(struct mm *mm, u64 len, u64 align)
{
    u64 at = place_small(mm, len + PAGE_SIZE, align);

    if (at)
        arena_release(at + len, at + len + PAGE_SIZE);
    return at;
}

u64 mm_place(struct mm *mm, u64 len, u64 align, enum place_how how)
{
    u64 at = 0;

    if (how == PLACE_32BIT)
        return place_between((struct arena_request){
            .lo = low.lo,
            .hi = min_u64(low.hi, ADDRESS_32BIT_LIMIT),
            .len = len,
            .align = align,
        });
    if (how == PLACE_MEMORY && len >= ROOMY_MIN && len <= ROOMY_MAX)
        at = place_roomy(mm, len, align);
    if (!at && how == PLACE_MEMORY && len >= ROOMY_MIN)
        at = place_large(mm, len, align);
    if (!at && how == PLACE_CODE)
        at = place_image(mm, len, align);
    return at ? at : place_small(mm, len, align);
}

u64 mm_place_recycled(u64 len)
{
    return recycle_take(len, high.lo, high.hi);
}

u64 mm_place_near(u64 lo, u64 hi, u64 from, u64 len)
{
    return place_between((struct arena_request){
        .lo = lo,
        .hi = hi,
        .from = from,
        .len = len,
        .align = PAGE_SIZE,
        .direction = ARENA_UP,
    });
}

u64 mm_place_top(u64 len)
{
    return place_between((struct arena_request){
        .lo = high.lo,
        .hi = high.hi,
        .len = len,
        .align = PAGE_SIZE,
        .direction = ARENA_DOWN,
    });
}

bool mm_claim_at(u64 lo, u64 hi)
{
    if (!arena_contains(lo, hi))
        return false;
    if (arena_claim_at(lo, hi))
        return true;
    return recycle_flush(lo, hi) && arena_claim_at(lo, hi);
}

/* The first gap between the mappings of [lo, hi), as an empty range at hi if there is none. */
static struct range gap_next(struct mm *mm, u64 lo, u64 hi)
{
    struct range gap = { lo, hi };

    for (mappings_in(m, mm, lo, hi)) {
        gap.hi = mapping_lo(m);
        if (gap.lo < gap.hi)
            return gap;
        gap.lo = m->hi;
        gap.hi = hi;
    }
    gap.lo = min_u64(gap.lo, hi);
    return gap;
}

void mm_release_gaps_locked(struct mm *mm, u64 lo, u64 hi)
{
    for (struct range gap = gap_next(mm, lo, hi); gap.lo < gap.hi; gap = gap_next(mm, gap.hi, hi))
        arena_release(gap.lo, gap.hi);
}

int mm_claim_gaps_locked(struct mm *mm, u64 lo, u64 hi)
{
    if (!arena_contains(lo, hi))
        return -ENOMEM;
    for (struct range gap = gap_next(mm, lo, hi); gap.lo < gap.hi; gap = gap_next(mm, gap.hi, hi)) {
        if (!mm_claim_at(gap.lo, gap.hi)) {
            mm_release_gaps_locked(mm, lo, gap.lo);
            return -ENOMEM;
        }
    }
    return 0;
}

u64 mm_limit(u32 resource)
{
    return mm_limit_ops.limit ? mm_limit_ops.limit(resource) : UINT64_MAX;
}

static bool limit_exceeded(u64 used, u64 more, u64 limit)
{
    return more > limit || used > limit - more;
}

int mm_limit_data_check(const struct mm *mm, u64 more)
{
    return more && limit_exceeded(mm->totals.data, more, mm_limit(RLIMIT_DATA)) ? -ENOMEM : 0;
}

int mm_limits_check(const struct mm *mm, u64 len, u32 prot, u32 mapping_flags)
{
    const struct mm_totals *t = &mm->totals;
    bool is_data = prot & PROT_WRITE && !(mapping_flags & (MAPPING_SHARED | MAPPING_STACK));

    if (limit_exceeded(t->mapped, len, mm_limit(RLIMIT_AS)))
        return -ENOMEM;
    if (is_data && mm_limit_data_check(mm, len))
        return -ENOMEM;
    if (mapping_flags & MAPPING_LOCKED && limit_exceeded(t->locked, len, mm_limit(RLIMIT_MEMLOCK)))
        return -EAGAIN;
    return 0;
}
