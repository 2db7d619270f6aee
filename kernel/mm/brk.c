/* SPDX-License-Identifier: MIT */
/*
 * brk(2): the heap that grows at its end.
 *
 *     layout.brk_lo     mm.brk                                mm.brk_hi
 *          |  [heap]       |             hidden                   |
 *
 * The room is reserved at the first call, as a hidden mapping, so that nobody else settles in it;
 * what the program maps there itself (MAP_FIXED) stops the heap.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

#define BRK_ROOM_MAX (16ull << 30)               /* a sparse part of a large address space  */
#define BRK_ROOM_MIN (64ull << 20)
enum { BRK_ALIGN = 2 << 20 };                    /* fork.md: moved by whole page tables     */

const char heap_label[] = "[heap]";

/* Reserve [*ret, *ret + len) as a hidden mapping. */
static int brk_reserve(struct mm *mm, u64 len, u64 *ret)
{
    AUTO(mapping_freep) struct mapping *m = mapping_new(0, len, PROT_NONE, MAPPING_HIDDEN);
    u64 at;

    if (!m)
        return -ENOMEM;
    at = mm_place(mm, len, BRK_ALIGN, PLACE_MEMORY);
    if (!at)
        return -ENOMEM;
    m->node.key = at;
    m->hi = at + len;
    rw_lock(&mm->lock);
    mm_insert_locked(mm, TAKE(m));
    rw_unlock(&mm->lock);
    *ret = at;
    return 0;
}

static int brk_init(struct mm *mm)
{
    u64 at;

    for (u64 len = BRK_ROOM_MAX; len >= BRK_ROOM_MIN; len /= 2) {
        if (brk_reserve(mm, len, &at))
            continue;
        mm->layout.brk_lo = mm->brk = at;
        mm->brk_hi = at + len;
        return 0;
    }
    return -ENOMEM;
}

/* Is all of [lo, hi) room that nothing has been mapped into? */
static bool brk_is_room_locked(struct mm *mm, u64 lo, u64 hi)
{
    u64 at = lo;

    for (mappings_in(m, mm, lo, hi)) {
        if (mapping_lo(m) > at || !(m->flags & MAPPING_HIDDEN))
            return false;
        at = m->hi;
    }
    return at >= hi;
}

static void brk_convert_locked(struct mm *mm, struct mapping *m, u32 prot, u32 flags,
                               const char *label)
{
    mm_uncount_locked(mm, m);
    m->prot = prot;
    m->flags = flags;
    m->label = label;
    mm_count_locked(mm, m);
}

static int brk_grow_locked(struct mm *mm, u64 lo, u64 hi)
{
    u32 flags = MAPPING_BACKED | (mm->lock_future ? MAPPING_LOCKED : 0);
    int err;

    if (!brk_is_room_locked(mm, lo, hi))
        return -ENOMEM;
    err = mm_limits_check(mm, hi - lo, PROT_READ | PROT_WRITE, flags);
    if (err)
        return err;
    err = commit_charge(hi - lo);
    if (err)
        return err;
    err = mm_isolate_locked(mm, lo, hi);
    if (!err)
        err = host_protect(lo, hi - lo, TARGET_PROT_READ | TARGET_PROT_WRITE);
    if (err) {
        commit_release(hi - lo);
        mm_merge_locked(mm, lo, hi);
        return err;
    }
    for (mappings_in(m, mm, lo, hi))
        brk_convert_locked(mm, m, PROT_READ | PROT_WRITE, flags, heap_label);
    mm_merge_locked(mm, lo, hi);
    return 0;
}

/* Give memory back, keep the room.  What the program has mapped there itself stays. */
static int brk_shrink_locked(struct mm *mm, u64 lo, u64 hi)
{
    int err;

    err = mm_isolate_locked(mm, lo, hi);
    if (err)
        return err;
    for (mappings_in(m, mm, lo, hi)) {
        u64 size = mapping_size(m);

        if (m->label != heap_label)
            continue;
        if (host_protect(mapping_lo(m), size, TARGET_PROT_NONE) ||
            host_discard(mapping_lo(m), size)) {
            err = -ENOMEM;
            break;
        }
        if (m->flags & MAPPING_BACKED)
            commit_release(size);
        brk_convert_locked(mm, m, PROT_NONE, MAPPING_HIDDEN, NULL);
    }
    mm_changed_locked(mm);
    mm_merge_locked(mm, lo, hi);
    return err;
}

static int brk_set(struct mm *mm, u64 to)
{
    u64 from_page = page_ceil(mm->brk), to_page = page_ceil(to);
    int err = 0;

    rw_lock(&mm->lock);
    if (to_page > from_page)
        err = brk_grow_locked(mm, from_page, to_page);
    else if (to_page < from_page)
        err = brk_shrink_locked(mm, to_page, from_page);
    rw_unlock(&mm->lock);
    return err;
}

/* Failure is the old break, not an errno (brk(2), "C library/kernel differences"). */
s64 mm_brk(struct mm *mm, u64 addr)
{
    if (mm_policy.nobrk)
        return -EOPNOTSUPP;
    WITH_MUTEX(&mm->map_lock);
    if (!mm->brk_hi && brk_init(mm))
        return 0;
    if (addr < mm->layout.brk_lo || addr > mm->brk_hi)
        return (s64)mm->brk;
    if (!brk_set(mm, addr))
        mm->brk = addr;
    return (s64)mm->brk;
}
