/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: making and ending them, and what start-up decides for all of them.
 */
#include "kernel/mm/mm.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/alloc.h"
#include "kernel/core/commit.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/recycle.h"
#include "kernel/mm/rewrite.h"
#include "kernel/mm/shared.h"
#include "kernel/mm/user_check.h"
#include "kernel/vfs/file.h"

struct mm_thread_ops mm_thread_ops;
struct mm_policy mm_policy;

static _Atomic u64 ids;                          /* the last one given out                  */

static bool reclaim(void)
{
    bool any = recycle_drain();

    return rewrite_forget_all() || any;
}

int mm_init(const struct boot_params *bp, const struct mm_entries *entries)
{
    int err;

    err = place_init(&bp->low, &bp->arena);
    if (!err)
        err = recycle_init();
    if (!err)
        err = code_init(bp, entries);
    if (!err)
        err = vdso_init();
    if (err)
        return err;
    commit_ops.reclaim = reclaim;
    mm_policy = (struct mm_policy){ .nobrk = bp->nobrk, .exec_stack = bp->exec_stack };
    shared_file_init();
    user_check_init();
    return 0;
}

struct mm *mm_new(void)
{
    struct mm *mm = kzalloc(sizeof(*mm));

    if (!mm)
        return NULL;
    ref_init(&mm->refs);
    mm->id = __atomic_add_fetch(&ids, 1, __ATOMIC_RELAXED);
    mm->home = mm_home_choose();
    mm_changed_locked(mm);
    if (vdso_map(mm)) {
        mm_put(mm);
        return NULL;
    }
    return mm;
}

struct mm *mm_get(struct mm *mm)
{
    ref_get(&mm->refs);
    return mm;
}

void mm_put(struct mm *mm)
{
    if (!mm || !ref_put(&mm->refs))
        return;
    mm_unmap_all(mm);
    code_fini(mm);
    file_put(mm->exe);
    kfree(mm);
}

bool mm_is_shared(const struct mm *mm)
{
    return ref_count(&mm->refs) > 1;
}

u64 mm_id(const struct mm *mm)
{
    return mm->id;
}

struct mm_layout *mm_layout(struct mm *mm)
{
    return &mm->layout;
}
