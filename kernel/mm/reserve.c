/* SPDX-License-Identifier: MIT */
/*
 * Addresses set aside for an image: a hidden mapping, which MAP_FIXED pieces then replace.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

s64 mm_reserve(struct mm *mm, u64 hint, u64 len, u64 align)
{
    AUTO(mapping_freep) struct mapping *m = NULL;
    u64 at;

    if (!len || len > page_floor(INT64_MAX) || page_offset(hint))
        return -EINVAL;
    len = page_ceil(len);
    m = mapping_new(0, len, PROT_NONE, MAPPING_HIDDEN);
    if (!m)
        return -ENOMEM;

    WITH_MUTEX(&mm->map_lock);
    if (hint)
        at = mm_claim_at(hint, hint + len) ? hint : 0;
    else
        at = mm_place(mm, len, max_u64(align, PAGE_SIZE), PLACE_CODE);
    if (!at)
        return -ENOMEM;
    m->node.key = at;
    m->hi = at + len;
    rw_lock(&mm->lock);
    mm_insert_locked(mm, TAKE(m));
    rw_unlock(&mm->lock);
    return (s64)at;
}
