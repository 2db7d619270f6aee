/* SPDX-License-Identifier: MIT */
/*
 * The tree of mappings: finding, splitting, joining, and the totals.  See mm_int.h.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/alloc.h"
#include "kernel/core/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/shared.h"
#include "kernel/mm/sysvshm.h"
#include "kernel/vfs/file.h"

static _Atomic u64 generations;                  /* the last one given out                  */

struct mapping *mapping_new(u64 lo, u64 hi, u32 prot, u32 flags)
{
    struct mapping *m = kzalloc(sizeof(*m));

    if (!m)
        return NULL;
    if (arena_owner_add()) {
        kfree(m);
        return NULL;
    }
    m->node.key = lo;
    m->hi = hi;
    m->prot = prot;
    m->flags = flags;
    m->times = 1;
    list_init(&m->in_shared);
    return m;
}

static void segment_put(struct shared *s)
{
    shared_put(s);                               /* not the last: the segment has one       */
    shm_unmapped(s);
}

void mapping_free(struct mapping *m)
{
    if (!m)
        return;
    assert(list_is_empty(&m->in_shared));
    if (m->shared && m->file)
        shared_file_put(m->shared, m->file->vnode);
    else if (m->shared)
        segment_put(m->shared);
    if (m->file)
        file_put(m->file);
    arena_owner_remove();
    kfree(m);
}

void mapping_freep(struct mapping **m)
{
    mapping_free(*m);
}

/* Writing implies reading on this processor, and so does executing, which the patcher needs. */
u32 mapping_host_prot(const struct mapping *m)
{
    if (!(m->flags & MAPPING_BACKED) || m->prot == PROT_NONE)
        return TARGET_PROT_NONE;
    return m->prot | TARGET_PROT_READ;
}

struct mapping *mapping_from(struct mm *mm, u64 addr)
{
    struct mapping *m = mapping_of(tree_floor(&mm->mappings, addr));

    if (m && m->hi > addr)
        return m;
    return m ? mapping_next(m) : mapping_of(tree_first(&mm->mappings));
}

struct mapping *mapping_find(struct mm *mm, u64 addr)
{
    struct mapping *m = mapping_of(tree_floor(&mm->mappings, addr));

    return m && m->hi > addr ? m : NULL;
}

static void totals_add(struct mm_totals *t, const struct mapping *m, u64 bytes)
{
    if (m->flags & MAPPING_HIDDEN)
        return;
    t->mapped += bytes;
    if (m->flags & MAPPING_BACKED && mapping_is_own(m))
        t->backed += bytes;
    if (m->flags & MAPPING_SHARED)
        t->shared += bytes;
    else if (m->flags & MAPPING_STACK)
        t->stack += bytes;
    else if (m->prot & PROT_WRITE)
        t->data += bytes;
    if (m->file && m->prot & PROT_EXEC && !(m->prot & PROT_WRITE))
        t->text += bytes;
    if (m->flags & MAPPING_LOCKED)
        t->locked += bytes;
}

void mm_count_locked(struct mm *mm, const struct mapping *m)
{
    totals_add(&mm->totals, m, mapping_size(m));
    mm->peak_backed = max_u64(mm->peak_backed, mm->totals.backed);
}

void mm_uncount_locked(struct mm *mm, const struct mapping *m)
{
    totals_add(&mm->totals, m, -mapping_size(m));
}

void mm_changed_locked(struct mm *mm)
{
    u64 generation = __atomic_add_fetch(&generations, 1, __ATOMIC_RELAXED);

    __atomic_store_n(&mm->generation, generation, __ATOMIC_RELEASE);
}

static void mapping_lock_range(const struct mapping *m)
{
    if (m->shared)
        mutex_lock(&m->shared->lock);
}

static void mapping_unlock_range(const struct mapping *m)
{
    if (m->shared)
        mutex_unlock(&m->shared->lock);
}

/* Are a and b, which touch, one mapping? */
static bool mapping_joins(const struct mapping *a, const struct mapping *b)
{
    if (a->hi != mapping_lo(b) || a->flags != b->flags || a->prot != b->prot)
        return false;
    if (a->flags & MAPPING_SPECIAL)
        return false;
    if (a->file != b->file || a->label != b->label || a->shared != b->shared)
        return false;
    if (a->file && a->offset + mapping_size(a) != b->offset)
        return false;
    if (a->file_changed_ns != b->file_changed_ns)
        return false;
    return a->times == b->times;
}

/* Join m with the mapping behind it if they are one. */
static bool mapping_join_next_locked(struct mm *mm, struct mapping *m)
{
    struct mapping *next = mapping_next(m);

    if (!next || !mapping_joins(m, next))
        return false;
    tree_remove(&mm->mappings, &next->node);
    mapping_lock_range(m);
    m->hi = next->hi;
    list_remove(&next->in_shared);
    mapping_unlock_range(m);
    shared_put(TAKE(next->shared));              /* not the last: m refers to it, too       */
    mapping_free(next);
    return true;
}

void mm_merge_locked(struct mm *mm, u64 lo, u64 hi)
{
    struct mapping *m = mapping_from(mm, lo ? lo - 1 : 0);

    while (m && mapping_lo(m) < hi)
        if (!mapping_join_next_locked(mm, m))
            m = mapping_next(m);
}

void mm_insert_locked(struct mm *mm, struct mapping *m)
{
    u64 lo = mapping_lo(m), hi = m->hi;

    debug_assert(!mapping_from(mm, lo) || mapping_lo(mapping_from(mm, lo)) >= hi);
    mm_count_locked(mm, m);
    tree_insert(&mm->mappings, &m->node);
    mm_merge_locked(mm, lo, hi);
}

void mm_remove_locked(struct mm *mm, struct mapping *m)
{
    mm_uncount_locked(mm, m);
    tree_remove(&mm->mappings, &m->node);
}

/* Cut m in two at `at`; above becomes the upper part. */
static void mapping_split_locked(struct mm *mm, struct mapping *m, u64 at, struct mapping *above)
{
    above->node.key = at;
    above->hi = m->hi;
    above->flags = m->flags;
    above->prot = m->prot;
    above->times = m->times;
    above->label = m->label;
    above->file = m->file ? file_get(m->file) : NULL;
    above->offset = m->file ? m->offset + (at - mapping_lo(m)) : 0;
    above->file_changed_ns = m->file_changed_ns;
    above->shared = m->shared ? shared_get(m->shared) : NULL;

    mapping_lock_range(m);
    m->hi = at;
    if (!list_is_empty(&m->in_shared))
        list_push(&m->in_shared, &above->in_shared);
    mapping_unlock_range(m);
    tree_insert(&mm->mappings, &above->node);
}

int mm_isolate_locked(struct mm *mm, u64 lo, u64 hi)
{
    AUTO(mapping_freep) struct mapping *spare_lo = NULL;
    AUTO(mapping_freep) struct mapping *spare_hi = NULL;
    struct mapping *at_lo = mapping_find(mm, lo);
    struct mapping *at_hi = mapping_find(mm, hi);

    if (at_lo && mapping_lo(at_lo) < lo) {
        spare_lo = mapping_new(lo, hi, 0, 0);
        if (!spare_lo)
            return -ENOMEM;
    }
    if (at_hi && mapping_lo(at_hi) < hi) {
        spare_hi = mapping_new(lo, hi, 0, 0);
        if (!spare_hi)
            return -ENOMEM;
    }
    /* ---- commit: the upper end first, so that at_lo is still what it was ---- */
    if (spare_hi)
        mapping_split_locked(mm, at_hi, hi, TAKE(spare_hi));
    if (spare_lo)
        mapping_split_locked(mm, at_lo, lo, TAKE(spare_lo));
    return 0;
}

bool mm_is_mapped_locked(struct mm *mm, u64 lo, u64 hi)
{
    u64 at = lo;

    for (mappings_in(m, mm, lo, hi)) {
        if (mapping_lo(m) > at || m->flags & MAPPING_HIDDEN)
            return false;
        at = m->hi;
    }
    return at >= hi;
}

bool mm_is_sound(struct mm *mm)
{
    struct mm_totals totals = { 0 };
    const struct mapping *before = NULL;

    if (!tree_check(&mm->mappings))
        return false;
    for (struct mapping *m = mapping_of(tree_first(&mm->mappings)); m; m = mapping_next(m)) {
        if (m->hi <= mapping_lo(m) || page_offset(m->hi) || page_offset(mapping_lo(m)))
            return false;
        if (before && (before->hi > mapping_lo(m) || mapping_joins(before, m)))
            return false;
        totals_add(&totals, m, mapping_size(m));
        before = m;
    }
    return !memcmp(&totals, &mm->totals, sizeof(totals));
}
