/* SPDX-License-Identifier: MIT */
/*
 * mprotect(2).
 *
 * Check everything, charge, tell the host in as few calls as possible, then change the tree.  A
 * change at the host costs microseconds whatever its size, so neighbours that end up alike are
 * changed by one call.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/rewrite.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/file.h"

enum {
    PROT_RWX = PROT_READ | PROT_WRITE | PROT_EXEC,
    STACK_FIRST = 64 * 1024,                     /* what a new thread certainly uses        */
};

bool mm_denies_code(u32 mapping_flags, const char *label, u32 prot)
{
    u32 both = PROT_WRITE | PROT_EXEC;

    if ((prot & both) != both || mm_policy.exec_stack)
        return false;
    return mapping_flags & MAPPING_STACK || label == heap_label;
}

/* m as it will be. */
static struct mapping mapping_with(const struct mapping *m, u32 prot)
{
    struct mapping after = *m;
    bool lazy = m->flags & MAPPING_LAZY;

    after.prot = prot;
    if (m->shared || m->file || m->flags & MAPPING_SPECIAL)
        return after;
    if (prot != PROT_NONE && !lazy)
        after.flags |= MAPPING_BACKED;
    return after;
}

/* May all of [lo, hi) get prot?  What it will charge. */
static int protect_check_locked(struct mm *mm, u64 lo, u64 hi, u32 prot, u64 *ret_charge)
{
    u64 charge = 0, data = 0;

    if (!mm_is_mapped_locked(mm, lo, hi))
        return -ENOMEM;
    for (mappings_in(m, mm, lo, hi)) {
        struct mapping after = mapping_with(m, prot);
        u64 bytes = min_u64(m->hi, hi) - max_u64(mapping_lo(m), lo);

        if (m->flags & MAPPING_SPECIAL || mm_denies_code(m->flags, m->label, prot))
            return -EACCES;
        if (m->flags & MAPPING_SHARED && m->file && prot & PROT_WRITE && !(m->prot & PROT_WRITE) &&
            (!m->file->write_ok || vnode_is_write_sealed(m->file->vnode)))
            return -EACCES;
        if (after.flags & ~m->flags & MAPPING_BACKED)
            charge += bytes;
        if (prot & PROT_WRITE && !(m->prot & PROT_WRITE))
            data += bytes;
    }
    *ret_charge = charge;
    return mm_limit_data_check(mm, data);
}

/* Before file content becomes code that nobody can write, and while nobody can run it. */
static int protect_prepare_code(const struct mapping *m, struct mm *mm, u32 prot)
{
    struct text_source source;
    bool known;

    if (!(prot & PROT_EXEC) || prot & PROT_WRITE || m->prot & PROT_EXEC)
        return 0;
    if (!m->file || m->shared || !(m->flags & MAPPING_BACKED))
        return 0;
    if (host_protect(mapping_lo(m), mapping_size(m), TARGET_PROT_READ | TARGET_PROT_WRITE))
        return -ENOMEM;
    known = m->flags & MAPPING_PRISTINE &&
            text_source_of(m->file->vnode, m->offset, mapping_size(m), m->file_changed_ns, &source);
    code_prepare(mm, mapping_lo(m), m->hi, known ? &source : NULL);
    return 0;
}

/* The host's part for the private mappings of [lo, hi), which is isolated. */
static int protect_host_locked(struct mm *mm, u64 lo, u64 hi, u32 prot)
{
    struct host_run run = { 0 };
    int err = 0;

    for (mappings_in(m, mm, lo, hi)) {
        struct mapping after = mapping_with(m, prot);

        if (m->shared)
            continue;
        err = protect_prepare_code(m, mm, prot);
        if (!err && mapping_host_prot(&after) != mapping_host_prot(m))
            err = host_run_add(&run, mapping_lo(m), m->hi, mapping_host_prot(&after));
        if (err)
            return err;
    }
    return host_run_end(&run);
}

/* The same for the shared ones.  If one fails, those before it have changed already. */
static int protect_shared_locked(struct mm *mm, u64 lo, u64 hi, u32 prot)
{
    for (mappings_in(m, mm, lo, hi)) {
        if (!m->shared)
            continue;
        mm_uncount_locked(mm, m);
        int err = shared_set_prot(m->shared, m, prot);
        mm_count_locked(mm, m);
        if (err)
            return err;
    }
    return 0;
}

static void protect_commit_locked(struct mm *mm, u64 lo, u64 hi, u32 prot)
{
    for (mappings_in(m, mm, lo, hi)) {
        struct mapping after = mapping_with(m, prot);

        mm_uncount_locked(mm, m);
        m->flags = after.flags;
        m->prot = prot;
        if (prot & PROT_WRITE) {
            m->flags &= ~(u32)MAPPING_PRISTINE;
            if (mapping_is_own(m))
                code_restore(mm, mapping_lo(m), m->hi);
        }
        mm_count_locked(mm, m);
    }
}

/* The top of a stack will be used at once.  If there is no memory for it, its first use says so. */
static void protect_warm_stack_locked(struct mm *mm, u64 hi, u32 prot)
{
    const struct mapping *m = mapping_find(mm, hi - 1);
    u32 lazy_stack = MAPPING_LAZY | MAPPING_STACK;

    if (!(prot & PROT_WRITE) || !m || (m->flags & lazy_stack) != lazy_stack)
        return;
    (void)mm_back_locked(mm, max_u64(mapping_lo(m), hi - min_u64(hi, STACK_FIRST)), hi);
}

static int mm_protect_locked(struct mm *mm, u64 lo, u64 hi, u32 prot)
{
    u64 charge;
    int err;

    err = protect_check_locked(mm, lo, hi, prot, &charge);
    if (!err)
        err = commit_charge(charge);
    if (err)
        return err;
    err = mm_isolate_locked(mm, lo, hi);
    if (!err)
        err = protect_host_locked(mm, lo, hi, prot);
    if (!err)
        err = protect_shared_locked(mm, lo, hi, prot);
    if (err) {
        commit_release(charge);
        mm_grant_again_locked(mm, lo, hi);
    } else {
        protect_commit_locked(mm, lo, hi, prot);
        protect_warm_stack_locked(mm, hi, prot);
        mm_changed_locked(mm);
    }
    mm_merge_locked(mm, lo, hi);
    return err;
}

int mm_protect_mapped(struct mm *mm, u64 lo, u64 hi, u32 prot)
{
    int err;

    rw_lock(&mm->lock);
    err = mm_protect_locked(mm, lo, hi, prot);
    rw_unlock(&mm->lock);
    return err;
}

int mm_protect(struct mm *mm, u64 addr, u64 len, u32 prot)
{
    u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    u64 hi;
    int err;

    if (page_offset(addr) || prot & ~(u32)(PROT_RWX | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (grows & PROT_GROWSUP)
        return -EINVAL;                          /* no such mapping on this machine         */
    if (!len)
        return 0;
    if (add_overflows(addr, len, &hi) || hi > page_floor(INT64_MAX))
        return -ENOMEM;
    prot &= PROT_RWX;
    hi = page_ceil(hi);

    WITH_MUTEX(&mm->map_lock);
    rw_lock(&mm->lock);
    if (grows) {
        const struct mapping *m = mapping_find(mm, addr);
        err = m && m->flags & MAPPING_GROWSDOWN ? 0 : -EINVAL;
        if (!err)
            addr = mapping_lo(m);
    } else {
        err = 0;
    }
    if (!err)
        err = mm_protect_locked(mm, addr, hi, prot);
    rw_unlock(&mm->lock);
    return err;
}
