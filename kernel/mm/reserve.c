/* SPDX-License-Identifier: MIT */
/*
 * Addresses set aside for an image: a hidden mapping, which MAP_FIXED pieces then replace.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

/* Room for an image: where the image of a program that has ended was, if that is about the size,
 * because its memory is warm.  *ret_flags: backed, then, though nobody sees it. */
static u64 reserve_place(struct mm *mm, u64 hint, u64 len, u64 align, u32 *ret_flags)
{
    u64 at;

    *ret_flags = MAPPING_HIDDEN;
    if (hint)
        return mm_claim_at(hint, hint + len) ? hint : 0;
    at = align == PAGE_SIZE ? mm_place_recycled(len) : 0;
    if (at)
        *ret_flags |= MAPPING_BACKED;
    else
        at = mm_place(mm, len, align, PLACE_CODE);
    return at;
}

s64 mm_reserve(struct mm *mm, u64 hint, u64 len, u64 align)
{
    AUTO(mapping_freep) struct mapping *m = NULL;
    u32 flags;
    u64 at;

    if (!len || len > page_floor(INT64_MAX) || page_offset(hint))
        return -EINVAL;
    len = page_ceil(len);
    m = mapping_new(0, len, PROT_NONE, 0);
    if (!m)
        return -ENOMEM;

    WITH_MUTEX(&mm->map_lock);
    at = reserve_place(mm, hint, len, max_u64(align, PAGE_SIZE), &flags);
    if (!at)
        return -ENOMEM;
    m->node.key = at;
    m->hi = at + len;
    m->flags = flags;
    rw_lock(&mm->lock);
    mm_insert_locked(mm, TAKE(m));
    rw_unlock(&mm->lock);
    return (s64)at;
}
