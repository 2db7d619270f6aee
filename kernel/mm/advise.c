/* SPDX-License-Identifier: MIT */
/*
 * madvise(2).
 *
 * Some advice changes what memory holds and is carried out; some is remembered for fork; the rest
 * is advice that needs no action here: there is no swap, no huge page and nothing to read ahead.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/mman.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"

/* Clearing this much by hand is cheaper than giving it back and touching it anew. */
enum { CLEAR_BY_HAND = 64 * 1024 };

/* One kind of advice: what it does with a mapping that lies wholly in the range. */
struct advice {
    int number;
    int (*check)(const struct mapping *m);          /* may it be given for m?  NULL: yes    */
    int (*apply)(struct mm *mm, struct mapping *m); /* NULL: nothing to do                  */
};

/* ---- emptying ---- */

/* Lazy memory goes back to where it was before its first touch. */
static int mapping_unback_locked(struct mm *mm, struct mapping *m)
{
    u64 lo = mapping_lo(m), size = mapping_size(m);

    if (host_protect(lo, size, TARGET_PROT_NONE) || host_discard(lo, size))
        return -ENOMEM;
    mm_uncount_locked(mm, m);
    m->flags &= ~(u32)MAPPING_BACKED;
    mm_count_locked(mm, m);
    commit_release(size);
    return 0;
}

static int mapping_empty_locked(struct mm *mm, struct mapping *m)
{
    u64 size = mapping_size(m);

    if (!(m->flags & MAPPING_BACKED) || !mapping_is_own(m))
        return 0;
    code_forget(mm, mapping_lo(m), m->hi);
    if (size <= CLEAR_BY_HAND && m->prot & PROT_WRITE) {
        memset((void *)mapping_lo(m), 0, size);
        return 0;
    }
    if (m->flags & MAPPING_LAZY)
        return mapping_unback_locked(mm, m);
    return host_discard(mapping_lo(m), size) ? -ENOMEM : 0;
}

/* A piece of a private file mapping that has to be read again. */
struct reread {
    u64 lo, hi, offset;
    u32 prot;
    struct file *file;                           /* not owned: map_lock keeps the mapping   */
};

static bool reread_next(struct mm *mm, u64 lo, u64 hi, struct reread *ret)
{
    bool found = false;

    rw_lock_shared(&mm->lock);
    for (mappings_in(m, mm, lo, hi)) {
        u32 kind = MAPPING_BACKED | MAPPING_PRISTINE | MAPPING_SHARED;

        if (!m->file || (m->flags & kind) != MAPPING_BACKED)
            continue;
        ret->lo = max_u64(mapping_lo(m), lo);
        ret->hi = min_u64(m->hi, hi);
        ret->offset = m->offset + (ret->lo - mapping_lo(m));
        ret->prot = mapping_host_prot(m);
        ret->file = m->file;
        found = true;
        break;
    }
    rw_unlock_shared(&mm->lock);
    return found;
}

/* Without mm.lock: the file's locks come before it.  map_lock sees to it that the piece stays. */
static int reread_do(struct mm *mm, const struct reread *r)
{
    u64 at = r->lo;

    if (host_protect(r->lo, r->hi - r->lo, TARGET_PROT_READ | TARGET_PROT_WRITE))
        return -ENOMEM;
    code_forget(mm, r->lo, r->hi);
    while (at < r->hi) {
        ssize_t n = file_pread_kernel(r->file, (void *)at, r->hi - at, r->offset + (at - r->lo));
        if (n <= 0)
            break;
        at += (u64)n;
    }
    memset((void *)at, 0, r->hi - at);           /* as beyond the end of a file             */
    if (r->prot & TARGET_PROT_EXEC && !(r->prot & TARGET_PROT_WRITE))
        code_prepare(mm, r->lo, r->hi, NULL);
    return host_protect(r->lo, r->hi - r->lo, r->prot) ? -ENOMEM : 0;
}

static int mm_empty_anonymous(struct mm *mm, u64 lo, u64 hi)
{
    int err;

    rw_lock(&mm->lock);
    err = mm_isolate_locked(mm, lo, hi);
    for (mappings_in(m, mm, lo, hi)) {
        if (err)
            break;
        if (!m->file && !(m->flags & MAPPING_SHARED))
            err = mapping_empty_locked(mm, m);
    }
    mm_merge_locked(mm, lo, hi);
    mm_changed_locked(mm);
    rw_unlock(&mm->lock);
    return err;
}

int mm_empty(struct mm *mm, u64 lo, u64 hi)
{
    struct reread r;
    int err;

    err = mm_empty_anonymous(mm, lo, hi);
    while (!err && lo < hi && reread_next(mm, lo, hi, &r)) {
        err = reread_do(mm, &r);
        lo = r.hi;
    }
    return err;
}

/* ---- MADV_REMOVE: a hole in a shared file ---- */

static int remove_file(const struct reread *r)
{
    struct vnode *v = r->file->vnode;
    int err;

    if (!v->ops->fallocate)
        return -EOPNOTSUPP;
    rw_lock(&v->lock);
    err =
        v->ops->fallocate(v, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r->offset, r->hi - r->lo);
    rw_unlock(&v->lock);
    return err;
}

static int remove_find(struct mm *mm, u64 lo, u64 hi, struct reread *ret)
{
    const struct mapping *m;
    int err = 0;

    rw_lock_shared(&mm->lock);
    m = mapping_find(mm, lo);
    if (!m || !(m->flags & MAPPING_SHARED) || m->flags & MAPPING_LOCKED)
        err = -EINVAL;
    else if (!(m->prot & PROT_WRITE))
        err = -EACCES;
    else
        *ret = (struct reread){
            .lo = lo,
            .hi = min_u64(m->hi, hi),
            .offset = m->offset + (lo - mapping_lo(m)),
            .file = m->file,
        };
    rw_unlock_shared(&mm->lock);
    return err;
}

static int advise_remove(struct mm *mm, u64 lo, u64 hi)
{
    struct reread r;
    int err = 0;

    for (; !err && lo < hi; lo = r.hi) {
        err = remove_find(mm, lo, hi, &r);
        if (err)
            break;
        if (r.file)
            err = remove_file(&r);
        else
            memset((void *)r.lo, 0, r.hi - r.lo);
    }
    return err;
}

/* ---- what is remembered, and what is checked only ---- */

static int refuse_locked(const struct mapping *m)
{
    return m->flags & (MAPPING_LOCKED | MAPPING_SPECIAL) ? -EINVAL : 0;
}

static int refuse_special(const struct mapping *m)
{
    return m->flags & MAPPING_SPECIAL ? -EINVAL : 0;
}

static int only_anonymous(const struct mapping *m)
{
    return m->file || m->flags & (MAPPING_SHARED | MAPPING_SPECIAL) ? -EINVAL : 0;
}

static int only_writable(const struct mapping *m)
{
    return m->prot & PROT_WRITE ? refuse_special(m) : -EINVAL;
}

static int only_readable(const struct mapping *m)
{
    return m->prot != PROT_NONE ? refuse_special(m) : -EINVAL;
}

static int set_dontfork(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags |= MAPPING_DONTFORK;
    return 0;
}

static int clear_dontfork(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags &= ~(u32)MAPPING_DONTFORK;
    return 0;
}

static int set_wipeonfork(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags |= MAPPING_WIPEONFORK;
    return 0;
}

static int clear_wipeonfork(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags &= ~(u32)MAPPING_WIPEONFORK;
    return 0;
}

static int set_dontdump(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags |= MAPPING_DONTDUMP;
    return 0;
}

static int clear_dontdump(struct mm *mm, struct mapping *m)
{
    (void)mm;
    m->flags &= ~(u32)MAPPING_DONTDUMP;
    return 0;
}

static int populate(struct mm *mm, struct mapping *m)
{
    if (m->flags & MAPPING_PAST_END)
        return -EFAULT;
    return mm_back_locked(mm, mapping_lo(m), m->hi);
}

static const struct advice advices[] = {
    { .number = MADV_NORMAL },
    { .number = MADV_RANDOM },
    { .number = MADV_SEQUENTIAL },
    { .number = MADV_WILLNEED },
    { .number = MADV_DONTNEED, .check = refuse_locked },
    { .number = MADV_DONTNEED_LOCKED, .check = refuse_special },
    { .number = MADV_FREE, .check = only_anonymous },
    { .number = MADV_REMOVE },
    { .number = MADV_DONTFORK, .check = refuse_special, .apply = set_dontfork },
    { .number = MADV_DOFORK, .check = refuse_special, .apply = clear_dontfork },
    { .number = MADV_MERGEABLE },
    { .number = MADV_UNMERGEABLE },
    { .number = MADV_HUGEPAGE },
    { .number = MADV_NOHUGEPAGE },
    { .number = MADV_DONTDUMP, .apply = set_dontdump },
    { .number = MADV_DODUMP, .check = refuse_special, .apply = clear_dontdump },
    { .number = MADV_WIPEONFORK, .check = only_anonymous, .apply = set_wipeonfork },
    { .number = MADV_KEEPONFORK, .check = only_anonymous, .apply = clear_wipeonfork },
    { .number = MADV_COLD, .check = refuse_locked },
    { .number = MADV_PAGEOUT, .check = refuse_locked },
    { .number = MADV_POPULATE_READ, .check = only_readable, .apply = populate },
    { .number = MADV_POPULATE_WRITE, .check = only_writable, .apply = populate },
};

static const struct advice *advice_find(int number)
{
    for (u32 i = 0; i < ARRAY_SIZE(advices); i++)
        if (advices[i].number == number)
            return &advices[i];
    return NULL;
}

/* Check the mappings of the range and do what takes no file.  Holes are passed over: the advice
 * is taken for the rest, and the answer is -ENOMEM (madvise(2)). */
static int advise_mappings_locked(struct mm *mm, const struct advice *a, u64 lo, u64 hi)
{
    int err;

    for (mappings_in(m, mm, lo, hi)) {
        if (m->flags & MAPPING_HIDDEN || !a->check)
            continue;
        err = a->check(m);
        if (err)
            return err;
    }
    if (!a->apply)
        return 0;
    err = mm_isolate_locked(mm, lo, hi);
    for (u64 at = lo; !err && at < hi;) {
        struct mapping *m = mapping_from(mm, at);

        if (!m || mapping_lo(m) >= hi)
            break;
        at = m->hi;
        if (!(m->flags & MAPPING_HIDDEN))
            err = a->apply(mm, m);
    }
    mm_merge_locked(mm, lo, hi);
    return err;
}

int mm_advise(struct mm *mm, u64 addr, u64 len, int number)
{
    const struct advice *a = advice_find(number);
    bool is_mapped;
    u64 hi;
    int err;

    if (!a || page_offset(addr) || len > page_floor(INT64_MAX) ||
        add_overflows(addr, page_ceil(len), &hi))
        return -EINVAL;
    if (!len)
        return 0;

    WITH_MUTEX(&mm->map_lock);
    rw_lock(&mm->lock);
    is_mapped = mm_is_mapped_locked(mm, addr, hi);
    err = advise_mappings_locked(mm, a, addr, hi);
    rw_unlock(&mm->lock);
    if (!err && number == MADV_REMOVE)
        err = is_mapped ? advise_remove(mm, addr, hi) : -ENOMEM;
    if (!err && (number == MADV_DONTNEED || number == MADV_DONTNEED_LOCKED || number == MADV_FREE))
        err = mm_empty(mm, addr, hi);
    return err ? err : is_mapped ? 0 : -ENOMEM;
}
