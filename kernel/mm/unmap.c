/* SPDX-License-Identifier: MIT */
/*
 * Taking mappings away: munmap(2), and what MAP_FIXED and the end of a process do first.
 *
 * In three steps, so that nothing fails half-way and no file is closed under a lock: make the
 * memory inaccessible (the only step that can fail), take the mappings out of the tree, and then,
 * without mm.lock, give memory, addresses and files back.
 */
#include "abi/linux/errno.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/recycle.h"
#include "kernel/mm/shared.h"

static int mm_conceal_locked(struct mm *mm, u64 lo, u64 hi)
{
    struct host_run run = { 0 };
    int err;

    for (mappings_in(m, mm, lo, hi)) {
        if (!mapping_is_own(m) || mapping_host_prot(m) == TARGET_PROT_NONE)
            continue;
        err = host_run_add(&run, mapping_lo(m), m->hi, TARGET_PROT_NONE);
        if (err)
            return err;
    }
    return host_run_end(&run);
}

/* What is mapped several times is mapped once less. */
static void mm_remove_range_locked(struct mm *mm, u64 lo, u64 hi, struct doomed *ret)
{
    struct mapping **end = &ret->first;
    struct mapping *next;

    while (*end)
        end = &(*end)->next_doomed;
    for (struct mapping *m = mapping_from(mm, lo); m && mapping_lo(m) < hi; m = next) {
        next = mapping_next(m);
        if (m->times > 1) {
            m->times--;
            continue;
        }
        mm_remove_locked(mm, m);
        if (m->shared)
            shared_detach(m->shared, m);
        *end = m;
        end = &m->next_doomed;
    }
}

int mm_detach_locked(struct mm *mm, u64 lo, u64 hi, struct doomed *ret)
{
    int err;

    err = mm_isolate_locked(mm, lo, hi);
    if (err)
        return err;
    err = mm_conceal_locked(mm, lo, hi);
    if (err) {
        mm_grant_again_locked(mm, lo, hi);
        mm_merge_locked(mm, lo, hi);
        return err;
    }
    /* ---- commit ---- */
    code_forget(mm, lo, hi);
    mm_remove_range_locked(mm, lo, hi, ret);
    mm_changed_locked(mm);
    return 0;
}

/* Freed memory that lies together, so that an image is kept as a whole for the next one. */
struct freed {
    u64 lo, hi;                                  /* charged and inaccessible                */
    enum recycle_content content;
};

static void freed_flush(struct freed *f)
{
    if (f->lo < f->hi)
        recycle_put(f->lo, f->hi, f->content);
    *f = (struct freed){ 0 };
}

static void freed_add(struct freed *f, u64 lo, u64 hi, enum recycle_content content)
{
    /* What has perhaps not been touched is worth keeping as long as it is small. */
    bool joins = f->hi == lo && hi - f->lo <= RECYCLE_FILLED_MAX &&
                 (content == RECYCLE_TOUCHED_ALL || hi - lo <= RECYCLE_RANGE_MAX) &&
                 (f->content == RECYCLE_TOUCHED_ALL || f->hi - f->lo <= RECYCLE_RANGE_MAX);

    if (!joins) {
        freed_flush(f);
        *f = (struct freed){ lo, hi, content };
        return;
    }
    f->hi = hi;
    if (content == RECYCLE_TOUCHED_ALL || hi - f->lo > RECYCLE_RANGE_MAX)
        f->content = RECYCLE_TOUCHED_ALL;
}

static void doomed_give_back(const struct mapping *m, struct freed *f)
{
    u64 lo = mapping_lo(m), hi = m->hi;

    if (!mapping_is_own(m))
        return;
    if (m->flags & MAPPING_BACKED)
        freed_add(f, lo, hi, m->file ? RECYCLE_TOUCHED_ALL : RECYCLE_TOUCHED_MAYBE);
    else
        arena_release(lo, hi);
}

static void doomed_uncharge(const struct mapping *m)
{
    if (mapping_is_own(m) && m->flags & MAPPING_BACKED)
        commit_release(mapping_size(m));
}

/* Addresses go back before the mappings, whose storage in the map of free ranges they need. */
static void doomed_give_back_all(const struct doomed *d)
{
    struct freed freed = { 0 };

    for (const struct mapping *m = d->first; m; m = m->next_doomed)
        doomed_give_back(m, &freed);
    freed_flush(&freed);
}

void doomed_finish(struct doomed *d, enum doomed_what what)
{
    struct mapping *m;

    if (what == DOOMED_GIVE_BACK)
        doomed_give_back_all(d);
    while ((m = d->first)) {
        d->first = m->next_doomed;
        if (what == DOOMED_KEEP)
            doomed_uncharge(m);
        mapping_free(m);
    }
}

int mm_unmap_mapped(struct mm *mm, u64 lo, u64 hi, struct doomed *ret)
{
    int err;

    rw_lock(&mm->lock);
    err = mm_detach_locked(mm, lo, hi, ret);
    rw_unlock(&mm->lock);
    return err;
}

int mm_unmap(struct mm *mm, u64 addr, u64 len)
{
    struct doomed doomed = { NULL };
    u64 hi;
    int err;

    if (page_offset(addr) || !len || add_overflows(addr, len, &hi) || hi > USER_ADDRESS_LIMIT)
        return -EINVAL;
    {
        WITH_MUTEX(&mm->map_lock);
        err = mm_unmap_mapped(mm, addr, page_ceil(hi), &doomed);
    }
    doomed_finish(&doomed, DOOMED_GIVE_BACK);    /* may close files: no lock is held        */
    return err;
}

void mm_unmap_all(struct mm *mm)
{
    struct doomed doomed = { NULL };

    for (mappings_in(m, mm, 0, UINT64_MAX))
        m->times = 1;
    if (mm_unmap_mapped(mm, 0, page_floor(UINT64_MAX), &doomed)) {
        /* In pieces, then.  What the host does not let go of stays claimed and charged. */
        u64 at = 0;
        for (struct mapping *m = mapping_from(mm, 0); m; m = mapping_from(mm, at)) {
            at = m->hi;
            (void)mm_unmap_mapped(mm, mapping_lo(m), at, &doomed);
        }
    }
    doomed_finish(&doomed, DOOMED_GIVE_BACK);
}
