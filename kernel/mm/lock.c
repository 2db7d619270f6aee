/* SPDX-License-Identifier: MIT */
/*
 * mlock(2) and its relatives, mincore(2), msync(2): what programs say and ask about memory being
 * resident.
 *
 * Nothing is ever swapped out, so locking backs lazy memory and is counted; mincore() tells what
 * is backed; the memory of a shared file is the file, so there is nothing to synchronise.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/resource.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file.h"

static bool mapping_can_lock(const struct mapping *m)
{
    return !(m->flags & (MAPPING_HIDDEN | MAPPING_SPECIAL));
}

static void lock_flag_locked(struct mm *mm, u64 lo, u64 hi, enum mm_lock_how how)
{
    for (mappings_in(m, mm, lo, hi)) {
        if (!mapping_can_lock(m))
            continue;
        mm_uncount_locked(mm, m);
        if (how == MM_UNLOCK)
            m->flags &= ~(u32)MAPPING_LOCKED;
        else
            m->flags |= MAPPING_LOCKED;
        mm_count_locked(mm, m);
    }
}

static u64 unlocked_bytes_locked(struct mm *mm, u64 lo, u64 hi)
{
    u64 bytes = 0;

    for (mappings_in(m, mm, lo, hi))
        if (mapping_can_lock(m) && !(m->flags & MAPPING_LOCKED))
            bytes += min_u64(m->hi, hi) - max_u64(mapping_lo(m), lo);
    return bytes;
}

static int lock_limit_locked(struct mm *mm, u64 more)
{
    u64 limit = mm_limit(RLIMIT_MEMLOCK);

    if (!more || (more <= limit && mm->totals.locked <= limit - more))
        return 0;
    return limit ? -ENOMEM : -EPERM;
}

static int mm_lock_locked(struct mm *mm, u64 lo, u64 hi, enum mm_lock_how how)
{
    int err = 0;

    if (how != MM_UNLOCK)
        err = lock_limit_locked(mm, unlocked_bytes_locked(mm, lo, hi));
    if (!err)
        err = mm_isolate_locked(mm, lo, hi);
    if (err)
        return err;
    lock_flag_locked(mm, lo, hi, how);
    if (how == MM_LOCK)
        err = mm_back_locked(mm, lo, hi);
    mm_merge_locked(mm, lo, hi);
    return err ? -EAGAIN : 0;
}

int mm_lock_memory(struct mm *mm, u64 addr, u64 len, enum mm_lock_how how)
{
    u64 lo = page_floor(addr), hi;
    int err;

    if (add_overflows(addr, len, &hi) || hi > INT64_MAX)
        return -EINVAL;
    hi = page_ceil(hi);
    if (!len)
        return 0;

    WITH_MUTEX(&mm->map_lock);
    rw_lock(&mm->lock);
    err = mm_is_mapped_locked(mm, lo, hi) ? mm_lock_locked(mm, lo, hi, how) : -ENOMEM;
    rw_unlock(&mm->lock);
    return err;
}

int mm_lock_all(struct mm *mm, enum mm_lock_how how, bool future)
{
    int err = 0;

    WITH_MUTEX(&mm->map_lock);
    rw_lock(&mm->lock);
    if (how != MM_LOCK_NONE)
        err = mm_lock_locked(mm, 0, page_floor(INT64_MAX), how);
    rw_unlock(&mm->lock);
    if (!err)
        mm->lock_future = future;
    return err;
}

static bool page_is_resident(const struct mapping *m, u64 page)
{
    struct range c;

    if (!m->shared)
        return m->flags & MAPPING_BACKED;
    WITH_MUTEX(&m->shared->lock);
    return shared_next_committed(m->shared, page, page + PAGE_SIZE, &c);
}

int mm_residency(struct mm *mm, u64 addr, u8 *ret, u64 pages)
{
    const struct mapping *m = NULL;
    int err = 0;

    rw_lock_shared(&mm->lock);
    for (u64 i = 0; i < pages && !err; i++) {
        u64 page = addr + i * PAGE_SIZE;

        if (!m || m->hi <= page)
            m = mapping_find(mm, page);
        if (!m || m->flags & MAPPING_HIDDEN)
            err = -ENOMEM;
        else
            ret[i] = page_is_resident(m, page);
    }
    rw_unlock_shared(&mm->lock);
    return err;
}

/* The file behind the first shared mapping of [*addr, hi), with a new reference; *addr moves behind
 * that mapping.  NULL: there is none left. */
static struct file *next_shared_file(struct mm *mm, u64 *addr, u64 hi)
{
    struct file *f = NULL;

    rw_lock_shared(&mm->lock);
    for (mappings_in(m, mm, *addr, hi)) {
        if (f || !m->shared || !m->file)
            continue;
        f = file_get(m->file);
        *addr = m->hi;
    }
    rw_unlock_shared(&mm->lock);
    return f;
}

/* For files that live elsewhere: what was stored has to get there. */
static int sync_files(struct mm *mm, u64 addr, u64 hi)
{
    struct file *f;
    int err = 0;

    while (!err && addr < hi && (f = next_shared_file(mm, &addr, hi))) {
        err = f->vnode ? vfs_fsync(f, SYNC_DATA) : 0;
        file_put(f);
    }
    return err;
}

int mm_sync(struct mm *mm, u64 addr, u64 len, u32 flags)
{
    int err = 0;
    u64 hi;

    if (flags & ~(u32)(MS_ASYNC | MS_SYNC | MS_INVALIDATE) || page_offset(addr))
        return -EINVAL;
    if ((flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (len > page_floor(INT64_MAX) || add_overflows(addr, page_ceil(len), &hi))
        return -ENOMEM;

    rw_lock_shared(&mm->lock);
    if (!mm_is_mapped_locked(mm, addr, hi))
        err = -ENOMEM;
    for (mappings_in(m, mm, addr, hi))
        if (!err && flags & MS_INVALIDATE && m->flags & MAPPING_LOCKED)
            err = -EBUSY;
    rw_unlock_shared(&mm->lock);
    return !err && flags & MS_SYNC ? sync_files(mm, addr, hi) : err;
}
