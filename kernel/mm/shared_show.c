/* SPDX-License-Identifier: MIT */
/*
 * Showing a part of a shared object in an address space, which may show some of it already: holes
 * get a mapping, and what is mapped there is mapped once more.
 */
#include "abi/linux/errno.h"
#include "kernel/mm/map_int.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/file.h"

/* One mapping for each hole of [lo, hi). */
static int show_reserve_locked(struct mm *mm, u64 lo, u64 hi, struct doomed *spares)
{
    u64 at = lo;

    while (at < hi) {
        struct mapping *m = mapping_from(mm, at);

        if (!m || mapping_lo(m) > at) {
            struct mapping *spare = mapping_new(0, 0, 0, 0);

            if (!spare)
                return -ENOMEM;
            spare->next_doomed = spares->first;
            spares->first = spare;
        }
        if (!m)
            return 0;
        at = m->hi;
    }
    return 0;
}

/* A mapping of [lo, hi), which is a hole. */
static int show_hole_locked(struct map_plan *p, struct shared *s, u64 lo, u64 hi, struct mapping *m)
{
    m->node.key = lo;
    m->hi = hi;
    m->prot = p->prot;
    m->flags = p->flags | MAPPING_BACKED;
    m->label = p->label;
    m->file = p->file ? file_get(p->file) : NULL;
    m->offset = s->file_offset + (lo - s->lo);
    m->shared = shared_get(s);
    if (shared_attach(s, m)) {
        shared_put(TAKE(m->shared));             /* not the last: the owner has one         */
        mapping_free(m);
        return -ENOMEM;
    }
    mm_insert_locked(p->mm, m);
    return 0;
}

/* Mapped here already: once more, and with MAP_FIXED instead. */
static int show_again_locked(struct map_plan *p, struct mapping *m)
{
    u32 prot = map_is_fixed(p) ? p->prot : p->prot | m->prot;
    int err;

    mm_uncount_locked(p->mm, m);
    err = shared_set_prot(m->shared, m, prot);
    if (!err && !map_is_fixed(p))
        m->times++;
    mm_count_locked(p->mm, m);
    return err;
}

static int show_pieces_locked(struct map_plan *p, struct shared *s, u64 lo, u64 hi,
                              struct doomed *spares)
{
    int err = 0;

    for (u64 at = lo, end; at < hi && !err; at = end) {
        struct mapping *m = mapping_from(p->mm, at);

        if (m && mapping_lo(m) <= at) {
            end = m->hi;
            err = show_again_locked(p, m);
        } else {
            struct mapping *spare = spares->first;

            end = m ? min_u64(mapping_lo(m), hi) : hi;
            spares->first = spare->next_doomed;
            spare->next_doomed = NULL;
            err = show_hole_locked(p, s, at, end, spare);
        }
    }
    return err;
}

int shared_show(struct map_plan *p, struct shared *s, u64 lo, u64 hi)
{
    struct doomed spares = { NULL };
    struct mm *mm = p->mm;
    int err;

    rw_lock(&mm->lock);
    err = mm_isolate_locked(mm, lo, hi);
    if (!err)
        err = show_reserve_locked(mm, lo, hi, &spares);
    if (!err)
        err = show_pieces_locked(p, s, lo, hi, &spares);
    mm_merge_locked(mm, lo, hi);
    mm_changed_locked(mm);
    rw_unlock(&mm->lock);

    for (struct mapping *m = spares.first, *next; m; m = next) {
        next = m->next_doomed;
        mapping_free(m);
    }
    return err;
}
