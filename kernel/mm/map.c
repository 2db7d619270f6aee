/* SPDX-License-Identifier: MIT */
/*
 * mmap(2) of private memory; and of shared anonymous memory, which is private as long as nobody
 * can fork.
 *
 * A new mapping is made where nobody can see it: addresses are claimed (with MAP_FIXED, taken from
 * the mappings that are there), memory is charged and filled, code is rewritten, and only then is
 * it put into the tree.  Files are read into place now, not when pages are touched: a page fault
 * costs more than a page.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/core/clock.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/map_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/recycle.h"
#include "kernel/mm/rewrite.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

/* What MAP_SHARED_VALIDATE accepts; the others ignore what they do not know (mmap(2)). */
#define MAP_KNOWN                                                                                  \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |            \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |       \
     MAP_HUGETLB | MAP_FIXED_NOREPLACE | MAP_UNINITIALIZED)

#define DEV_ZERO (1u << 8 | 5)                   /* as st_rdev says it                      */

/* Lower addresses are never mapped, so that following a null pointer is always noticed. */
enum { MMAP_MIN_ADDR = 65536 };

static int map_check_flags(const struct map_request *r)
{
    switch (r->flags & MAP_TYPE) {
    case MAP_SHARED_VALIDATE:
        if (r->flags & ~(u32)MAP_KNOWN)
            return -EOPNOTSUPP;
        break;
    case MAP_SHARED:
    case MAP_PRIVATE:
        break;
    default:
        return -EINVAL;
    }
    if (r->flags & MAP_HUGETLB)
        return -ENOMEM;                          /* as where no huge pages are set aside    */
    if (r->flags & MAP_GROWSDOWN && (r->file || (r->flags & MAP_TYPE) != MAP_PRIVATE))
        return -EINVAL;
    return 0;
}

static int map_check_place(const struct map_request *r, u64 len)
{
    u64 end;

    if (add_overflows(r->addr, len, &end))
        return -ENOMEM;
    if (!(r->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return 0;
    if (page_offset(r->addr))
        return -EINVAL;
    return r->addr < MMAP_MIN_ADDR ? -EPERM : 0;
}

/* Which file may be mapped how; a file of zeros is as good as none. */
int map_plan_file(struct map_plan *p)
{
    struct stat st;
    int err;

    if (!p->file->read_ok || p->file->path_only)
        return p->file->path_only ? -EBADF : -EACCES;
    if (map_is_shared(p) && p->prot & PROT_WRITE && !p->file->write_ok)
        return -EACCES;
    err = file_getattr(p->file, &st);
    if (err)
        return err;

    if (S_ISCHR(st.st_mode) && st.st_rdev == DEV_ZERO) {
        p->file = NULL;                          /* /dev/zero                               */
        p->offset = 0;
        return 0;
    }
    if (!S_ISREG(st.st_mode) || !p->file->vnode)
        return -ENODEV;
    p->file_size = (u64)st.st_size;
    p->file_changed_ns = (u64)st.st_mtime * NSEC_PER_SEC + st.st_mtime_nsec;
    return 0;
}

static u32 map_flags_of(const struct map_request *r, bool lock)
{
    u32 flags = 0;

    if ((r->flags & MAP_TYPE) != MAP_PRIVATE)
        flags |= MAPPING_SHARED;
    if (r->flags & MAP_LOCKED || lock)
        flags |= MAPPING_LOCKED;
    if (r->flags & MAP_GROWSDOWN)
        flags |= MAPPING_GROWSDOWN;
    if (r->flags & (MAP_GROWSDOWN | MAP_STACK))
        flags |= MAPPING_STACK;

    /* Stacks are mostly much larger than what is used of them. */
    if (r->flags & (MAP_NORESERVE | MAP_GROWSDOWN | MAP_STACK))
        flags |= MAPPING_LAZY;
    return flags;
}

static int map_plan_init(struct map_plan *p, struct mm *mm, const struct map_request *r)
{
    u64 end;
    int err;

    if (!r->len || page_offset(r->offset))
        return -EINVAL;
    if (r->len > page_floor(INT64_MAX))
        return -ENOMEM;
    if (add_overflows(r->offset, page_ceil(r->len), &end) || end > INT64_MAX)
        return -EOVERFLOW;
    err = map_check_flags(r);
    if (err)
        return err;
    err = map_check_place(r, page_ceil(r->len));
    if (err)
        return err;

    *p = (struct map_plan){
        .mm = mm,
        .hint = page_floor(r->addr),
        .len = page_ceil(r->len),
        .prot = r->prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
        .map_flags = r->flags,
        .flags = map_flags_of(r, mm->lock_future),
        .file = r->flags & MAP_ANONYMOUS ? NULL : r->file,
        .offset = r->offset,
        .label = r->label,
    };
    if (p->file)
        return map_plan_file(p);
    p->offset = 0;
    return 0;
}

/* How much of the mapping has memory from the beginning, and of which kind. */
static void map_plan_backing(struct map_plan *p)
{
    if (p->file) {
        u64 content = p->file_size > p->offset ? page_ceil(p->file_size - p->offset) : 0;

        p->flags &= ~(u32)MAPPING_LAZY;
        p->backed_len = min_u64(p->len, content);
        if (!(p->prot & PROT_WRITE))
            p->flags |= MAPPING_PRISTINE;
        return;
    }
    if (p->map_flags & MAP_POPULATE || p->flags & MAPPING_LOCKED)
        p->flags &= ~(u32)MAPPING_LAZY;
    if (p->prot != PROT_NONE && !(p->flags & MAPPING_LAZY))
        p->backed_len = p->len;
}

/* May p replace what is at p->hint?  The kernel's memory there cannot become somebody else's. */
static int map_check_replace_locked(const struct map_plan *p, bool *ret_shared)
{
    u64 lo = p->hint, hi = p->hint + p->len;

    *ret_shared = false;
    for (mappings_in(m, p->mm, lo, hi)) {
        if (p->map_flags & MAP_FIXED_NOREPLACE && !(m->flags & MAPPING_HIDDEN))
            return -EEXIST;
        if (m->flags & MAPPING_SPECIAL)
            return -ENOMEM;
        if (m->shared)
            *ret_shared = true;
    }
    return 0;
}

static int map_detach_fixed_locked(struct map_plan *p, u64 lo, u64 hi)
{
    int err;

    err = mm_claim_gaps_locked(p->mm, lo, hi);
    if (err)
        return err;
    err = mm_detach_locked(p->mm, lo, hi, &p->doomed);
    if (err)
        mm_release_gaps_locked(p->mm, lo, hi);
    return err;
}

/* Addresses of shared objects are not the process's: they have to become free first. */
static int map_clear_shared(struct map_plan *p, u64 lo, u64 hi)
{
    struct doomed doomed = { NULL };
    int err;

    rw_lock(&p->mm->lock);
    err = mm_isolate_locked(p->mm, lo, hi);
    if (!err) {
        for (mappings_in(m, p->mm, lo, hi))
            m->times = 1;
        err = mm_detach_locked(p->mm, lo, hi, &doomed);
    }
    rw_unlock(&p->mm->lock);
    doomed_finish(&doomed, DOOMED_GIVE_BACK);
    return err;
}

/* Is m's memory what p would read into it?  Loaders map a whole library first and then its segments
 * over that. */
static bool mapping_has_content_of(const struct mapping *m, const struct map_plan *p)
{
    u32 flags = MAPPING_PRISTINE | MAPPING_BACKED;

    return p->file && m->file && m->file->vnode == p->file->vnode &&
           (m->flags & (flags | MAPPING_SHARED)) == flags && !(m->prot & PROT_EXEC) &&
           m->offset - mapping_lo(m) == p->offset - p->hint &&
           m->file_changed_ns == p->file_changed_ns;
}

/* MAP_FIXED: take the place of what is there.  Private memory that was there is kept, dirty. */
int map_take_fixed(struct map_plan *p)
{
    struct mm *mm = p->mm;
    u64 lo = p->hint, hi = p->hint + p->len, same = 0;
    bool has_shared;
    int err;

    rw_lock_shared(&mm->lock);
    err = map_check_replace_locked(p, &has_shared);
    rw_unlock_shared(&mm->lock);
    if (!err && has_shared)
        err = map_clear_shared(p, lo, hi);
    if (err)
        return err;

    rw_lock(&mm->lock);
    err = map_detach_fixed_locked(p, lo, hi);
    rw_unlock(&mm->lock);
    if (err)
        return err;
    for (struct mapping *m = p->doomed.first; m; m = m->next_doomed) {
        if (m->flags & MAPPING_BACKED)
            p->dirty = true;
        if (mapping_has_content_of(m, p))
            same += mapping_size(m);
    }
    p->filled = p->backed_len && same == p->len && p->backed_len == p->len;
    p->lo = lo;
    return 0;
}

static bool map_take_hint(struct map_plan *p)
{
    struct mm *mm = p->mm;
    u64 lo = p->hint, hi = p->hint + p->len;
    bool taken;

    if (lo < MMAP_MIN_ADDR)
        return false;
    rw_lock_shared(&mm->lock);
    struct mapping *m = mapping_from(mm, lo);
    taken = (!m || mapping_lo(m) >= hi) && mm_claim_at(lo, hi);
    rw_unlock_shared(&mm->lock);
    if (taken)
        p->lo = lo;
    return taken;
}

/* Memory that somebody else has warmed: only worth it if most of it will be used. */
static bool map_take_recycled(struct map_plan *p)
{
    if (p->backed_len < p->len - p->len / 4 || p->map_flags & MAP_32BIT)
        return false;
    if (!p->file && p->len > RECYCLE_RANGE_MAX)
        return false;
    p->lo = mm_place_recycled(p->len);
    if (!p->lo)
        return false;
    p->dirty = true;
    p->charged = p->backed_len;
    commit_release(p->len - p->backed_len);      /* map_clean() gives that back             */
    return true;
}

static int map_take_place(struct map_plan *p)
{
    int err;

    if (!map_is_fixed(p) && !p->hint && map_take_recycled(p))
        return 0;
    err = commit_charge(p->backed_len);
    if (err)
        return err;
    p->charged = p->backed_len;
    if (map_is_fixed(p))
        return map_take_fixed(p);
    if (p->hint && map_take_hint(p))
        return 0;
    p->lo = mm_place(p->mm, p->len + p->guard, PAGE_SIZE, map_place_how(p));
    if (!p->lo)
        return -ENOMEM;
    p->lo += p->guard;
    return 0;
}

/* Give up the place.  Memory that the host does not take back stays claimed for ever. */
static void map_give_up(struct map_plan *p)
{
    commit_release(p->charged);
    if (!p->lo)
        return;
    if (!host_protect(p->lo, p->len, TARGET_PROT_NONE) && !host_discard(p->lo, p->len))
        arena_release(p->lo - p->guard, p->lo + p->len);
}

static bool map_is_code(const struct map_plan *p)
{
    return p->file && p->prot & PROT_EXEC && !(p->prot & PROT_WRITE);
}

/* Read the file into [lo, lo + backed_len), which is writable.  A file that has become shorter
 * since reads as zero. */
static int map_read(const struct map_plan *p)
{
    u64 done = 0;

    while (done < p->backed_len) {
        ssize_t n = file_pread_kernel(p->file, (void *)(p->lo + done), p->backed_len - done,
                                      p->offset + done);
        if (n < 0)
            return (int)n;
        if (!n)
            break;
        done += (u64)n;
    }
    if (p->dirty)
        memset((void *)(p->lo + done), 0, p->backed_len - done);
    return 0;
}

/* What is dirty and will not be written over goes back to the host. */
static int map_clean(struct map_plan *p)
{
    u64 kept = p->backed_len;

    if (!p->file && p->len > RECYCLE_RANGE_MAX)
        kept = 0;
    if (!p->dirty || kept == p->len)
        return 0;
    if (host_discard(p->lo + kept, p->len - kept))
        return -ENOMEM;
    p->dirty = kept;
    return 0;
}

static void map_prepare_code(const struct map_plan *p)
{
    struct text_source source;
    bool known =
        text_source_of(p->file->vnode, p->offset, p->backed_len, p->file_changed_ns, &source);

    code_prepare(p->mm, p->lo, p->lo + p->backed_len, known ? &source : NULL);
}

/* Write the content into the place, which is writable. */
static int map_write(struct map_plan *p)
{
    int err = 0;

    if (!p->file)
        memset((void *)p->lo, 0, p->backed_len);
    else if (!p->filled)
        err = map_read(p);
    if (!err && map_is_code(p))
        map_prepare_code(p);
    return err;
}

/* Make the place hold what it has to hold, accessible as its mapping says. */
static int map_fill(struct map_plan *p)
{
    u32 host_prot = mapping_host_prot(p->body), rw = TARGET_PROT_READ | TARGET_PROT_WRITE;
    int err;

    err = map_clean(p);
    if (err || !p->backed_len)
        return err;
    if ((p->file || p->dirty) && (!p->filled || map_is_code(p))) {
        if (host_protect(p->lo, p->backed_len, rw))
            return -ENOMEM;
        err = map_write(p);
        if (err || host_prot == rw)
            return err;
    }
    return host_protect(p->lo, p->backed_len, host_prot) ? -ENOMEM : 0;
}

static struct mapping *map_mapping_new(const struct map_plan *p, u32 flags, u64 skip)
{
    struct mapping *m = mapping_new(0, 0, p->prot, p->flags | flags);

    if (!m)
        return NULL;
    m->label = p->label;
    if (p->file) {
        m->file = file_get(p->file);
        m->offset = p->offset + skip;
        m->file_changed_ns = p->file_changed_ns;
    }
    return m;
}

/* Whatever the tree needs, before anything else happens. */
static int map_prepare(struct map_plan *p)
{
    bool past_end = p->file && p->backed_len < p->len;

    p->body = map_mapping_new(p, p->backed_len ? MAPPING_BACKED : 0, 0);
    if (!p->body)
        return -ENOMEM;
    if (p->guard) {
        p->below = mapping_new(0, 0, PROT_NONE, MAPPING_HIDDEN);
        if (!p->below)
            return -ENOMEM;
    }
    if (!past_end)
        return 0;
    p->past_end = map_mapping_new(p, MAPPING_PAST_END, p->backed_len);
    return p->past_end ? 0 : -ENOMEM;
}

static void map_insert(struct map_plan *p, struct mapping *m, u64 lo, u64 hi)
{
    if (lo == hi) {
        mapping_free(m);
        return;
    }
    m->node.key = lo;
    m->hi = hi;
    mm_insert_locked(p->mm, m);
}

static void map_publish(struct map_plan *p)
{
    u64 middle = p->past_end ? p->lo + p->backed_len : p->lo + p->len;

    rw_lock(&p->mm->lock);
    map_insert(p, TAKE(p->body), p->lo, middle);
    if (p->past_end)
        map_insert(p, TAKE(p->past_end), middle, p->lo + p->len);
    if (p->below)
        map_insert(p, TAKE(p->below), p->lo - p->guard, p->lo);
    rw_unlock(&p->mm->lock);
}

/* Bytes that p will replace. */
static u64 map_replaced(const struct map_plan *p)
{
    u64 lo = p->hint, hi = p->hint + p->len, bytes = 0;

    if (!map_is_fixed(p))
        return 0;
    rw_lock_shared(&p->mm->lock);
    for (mappings_in(m, p->mm, lo, hi))
        if (!(m->flags & MAPPING_HIDDEN))
            bytes += min_u64(m->hi, hi) - max_u64(mapping_lo(m), lo);
    rw_unlock_shared(&p->mm->lock);
    return bytes;
}

static int map_check_policy(struct map_plan *p)
{
    if (mm_denies_code(p->flags, p->label, p->prot))
        return -EACCES;

    /* The program's main stack, which the kernel maps: nothing gets close to it from below. */
    if (p->label && p->flags & MAPPING_STACK && !map_is_fixed(p))
        p->guard = STACK_GUARD_GAP;
    return mm_limits_check(p->mm, p->len - map_replaced(p), p->prot, p->flags);
}

s64 map_private(struct map_plan *p)
{
    int err;

    map_plan_backing(p);
    err = map_check_policy(p);
    if (err)
        return err;
    err = map_prepare(p);
    if (!err)
        err = map_take_place(p);
    if (!err)
        err = map_fill(p);
    if (err) {
        map_give_up(p);
        mapping_free(p->body);
        mapping_free(p->past_end);
        mapping_free(p->below);
        return err;
    }
    map_publish(p);
    return (s64)p->lo;
}

s64 mm_map(struct mm *mm, const struct map_request *r)
{
    struct map_plan p;
    s64 at;
    int err;

    {
        WITH_MUTEX(&mm->map_lock);
        err = map_plan_init(&p, mm, r);
        if (err)
            return err;
        at = p.file && map_is_shared(&p) ? map_shared_file(&p) : map_private(&p);
    }
    doomed_finish(&p.doomed, DOOMED_KEEP);
    return at;
}
