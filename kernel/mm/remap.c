/* SPDX-License-Identifier: MIT */
/*
 * mremap(2).
 *
 * Memory cannot change its address here: it grows where it is if what lies behind is free, and
 * otherwise a new mapping is made the usual way and the content is copied.  Parts of shared files
 * have one place and only grow.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/map_int.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/file.h"

struct remap {
    struct mm *mm;
    u64 addr, old_len, new_len, new_addr;
    u32 flags;                                   /* MREMAP_*                                */
    struct mapping like;                         /* a copy: what all of the range is        */
};

static int remap_check(const struct remap *r)
{
    u64 end;

    if (r->flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) || page_offset(r->addr))
        return -EINVAL;
    if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(r->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if (r->flags & MREMAP_DONTUNMAP && r->old_len != r->new_len)
        return -EINVAL;
    if (!r->new_len || r->new_len > INT64_MAX || add_overflows(r->addr, r->old_len, &end))
        return -EINVAL;
    if (!(r->flags & MREMAP_FIXED))
        return 0;
    if (page_offset(r->new_addr) || add_overflows(r->new_addr, r->new_len, &end))
        return -EINVAL;
    return r->addr < end && r->new_addr < r->addr + r->old_len ? -EINVAL : 0;
}

/* What the pieces of one mapping as the program sees it may differ in. */
enum { PIECE_FLAGS = MAPPING_BACKED | MAPPING_PAST_END | MAPPING_PRISTINE };

static bool mapping_is_like(const struct mapping *a, const struct mapping *b)
{
    if ((a->flags ^ b->flags) & ~(u32)PIECE_FLAGS || a->prot != b->prot || a->file != b->file)
        return false;
    return !a->file || a->offset - mapping_lo(a) == b->offset - mapping_lo(b);
}

/* The range must be one mapping; r->like becomes a description of it from r->addr on. */
static int remap_look_locked(struct remap *r)
{
    struct mapping *first = mapping_find(r->mm, r->addr);
    u64 at = r->addr, end = r->addr + r->old_len;

    if (!first || first->flags & (MAPPING_HIDDEN | MAPPING_SPECIAL))
        return -EFAULT;
    for (struct mapping *m = first; at < end; m = mapping_next(m)) {
        if (!m || mapping_lo(m) > at || !mapping_is_like(m, first))
            return -EFAULT;
        at = m->hi;
    }
    if (!r->old_len || (r->flags & MREMAP_DONTUNMAP && first->file))
        return -EINVAL;                          /* a second place for shared memory        */
    r->like = *first;
    if (first->file)
        r->like.offset += r->addr - mapping_lo(first);
    return 0;
}

/* A request for more of the same, skip bytes behind r->addr. */
static struct map_plan remap_plan(const struct remap *r, u64 skip, u64 len)
{
    u32 keep = MAPPING_SHARED | MAPPING_LAZY | MAPPING_STACK | MAPPING_LOCKED | MAPPING_DONTFORK |
               MAPPING_WIPEONFORK | MAPPING_DONTDUMP;

    return (struct map_plan){
        .mm = r->mm,
        .len = len,
        .prot = r->like.prot,
        .map_flags = MAP_PRIVATE,
        .flags = r->like.flags & keep,
        .file = r->like.file,
        .offset = r->like.file ? r->like.offset + skip : 0,
        .label = r->like.label,
    };
}

static s64 remap_map(struct map_plan *p)
{
    s64 at;
    int err;

    if (p->file) {
        err = map_plan_file(p);
        if (err)
            return err;
    }
    at = p->file && map_is_shared(p) ? map_shared_file(p) : map_private(p);
    doomed_finish(&p->doomed, DOOMED_KEEP);
    return at;
}

/* More of the same directly behind the range: 0, or an error and nothing has changed. */
static int remap_grow(const struct remap *r)
{
    struct map_plan p = remap_plan(r, r->old_len, r->new_len - r->old_len);
    s64 at;

    p.hint = r->addr + r->old_len;
    p.map_flags |= MAP_FIXED_NOREPLACE;
    at = remap_map(&p);
    return at < 0 ? (int)at : 0;
}

/* Copy the memory of [from, from + len) to `to`, where there is a writable mapping. */
static int remap_copy_locked(struct mm *mm, u64 from, u64 to, u64 len)
{
    int err;

    for (mappings_in(m, mm, from, from + len)) {
        u64 lo = max_u64(mapping_lo(m), from), hi = min_u64(m->hi, from + len);
        u64 at = to + (lo - from);

        if (!(m->flags & MAPPING_BACKED))
            continue;
        err = mm_back_locked(mm, at, at + (hi - lo));
        if (!err && m->prot == PROT_NONE)
            err = host_protect(lo, hi - lo, TARGET_PROT_READ);
        if (err)
            return -ENOMEM;
        memcpy((void *)at, (const void *)lo, hi - lo);
        code_show_original(mm, lo, (void *)at, hi - lo);
        if (m->prot == PROT_NONE && host_protect(lo, hi - lo, TARGET_PROT_NONE))
            return -ENOMEM;
    }
    return 0;
}

static int remap_copy(struct remap *r, u64 to)
{
    int err;

    rw_lock(&r->mm->lock);
    err = remap_copy_locked(r->mm, r->addr, to, min_u64(r->old_len, r->new_len));
    rw_unlock(&r->mm->lock);
    if (!err && r->like.prot != (PROT_READ | PROT_WRITE))
        err = mm_protect_mapped(r->mm, to, to + r->new_len, r->like.prot);
    return err;
}

/* Make the mapping anew somewhere else, and take the old one away or empty it. */
static s64 remap_move(struct remap *r)
{
    struct map_plan p = remap_plan(r, 0, r->new_len);
    struct doomed doomed = { NULL };
    s64 to;
    int err;

    if (r->like.shared)
        return -ENOMEM;
    p.prot = PROT_READ | PROT_WRITE;
    if (r->flags & MREMAP_FIXED) {
        p.hint = r->new_addr;
        p.map_flags |= MAP_FIXED;
    }
    to = remap_map(&p);
    if (to < 0)
        return to;
    err = remap_copy(r, (u64)to);
    if (!err && r->flags & MREMAP_DONTUNMAP)
        err = mm_empty(r->mm, r->addr, r->addr + r->old_len);
    else if (!err)
        err = mm_unmap_mapped(r->mm, r->addr, r->addr + r->old_len, &doomed);
    if (err)
        (void)mm_unmap_mapped(r->mm, (u64)to, (u64)to + r->new_len, &doomed);
    doomed_finish(&doomed, DOOMED_GIVE_BACK);
    return err ? err : to;
}

static s64 remap_do(struct remap *r)
{
    struct doomed doomed = { NULL };
    u64 kept;
    int err;

    rw_lock_shared(&r->mm->lock);
    err = remap_look_locked(r);
    rw_unlock_shared(&r->mm->lock);
    if (err)
        return err;
    if (r->new_len < r->old_len) {
        kept = r->addr + r->new_len;
        err = mm_unmap_mapped(r->mm, kept, r->addr + r->old_len, &doomed);
        doomed_finish(&doomed, DOOMED_GIVE_BACK);
        if (err)
            return err;
        r->old_len = r->new_len;
    }
    if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return remap_move(r);
    if (r->new_len == r->old_len || !remap_grow(r))
        return (s64)r->addr;
    return r->flags & MREMAP_MAYMOVE ? remap_move(r) : -ENOMEM;
}

s64 mm_remap(struct mm *mm, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr)
{
    struct remap r = {
        .mm = mm,
        .addr = addr,
        .old_len = page_ceil(old_len),
        .new_len = page_ceil(new_len),
        .new_addr = new_addr,
        .flags = flags,
    };
    int err;

    if (old_len > INT64_MAX || new_len > INT64_MAX)
        return -EINVAL;
    err = remap_check(&r);
    if (err)
        return err;
    WITH_MUTEX(&mm->map_lock);
    return remap_do(&r);
}
