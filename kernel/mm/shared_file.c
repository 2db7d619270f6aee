/* SPDX-License-Identifier: MIT */
/*
 * mmap(2) of files with MAP_SHARED.
 *
 * The file's pages move to where they are mapped, and the file system reads and writes them there
 * (vnode_ops.pin_pages), so mappings, read(2) and write(2) always agree.  A file has windows:
 * disjoint parts of it, each with one place in the address space, a shared object that is larger
 * than what is mapped, so that the file can grow.  When nobody maps a window any more its pages move
 * back.
 *
 *     vnode.shared --> window --> window          window: [lo, hi) shows the file from file_offset
 *                        |                        pages with memory: those that are mapped and
 *                        +-- mappings             not behind the end of the file
 *
 * Limits: what is mapped somewhere cannot be mapped elsewhere (MAP_FIXED: ENOMEM), and mapping it
 * twice in one process gives the same address twice; it then takes two munmap(2) to unmap.
 *
 * Locks: the vnode's lock, exclusively, guards the list of windows, and who has it may change which
 * pages have memory.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/log.h"
#include "kernel/host/host.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/map_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/shared.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"

/* Room behind what is mapped first: twice the part, within limits, because files grow. */
enum { WINDOW_ROOM_MIN = 16 << 20, WINDOW_ROOM_MAX = 1 << 30 };

static u64 window_file_end(const struct shared *s)
{
    return s->file_offset + (s->hi - s->lo);
}

static u64 window_addr(const struct shared *s, u64 offset)
{
    return s->lo + (offset - s->file_offset);
}

bool vnode_is_write_sealed(const struct vnode *v)
{
    return v->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

/* ---- pages ---- */

static u64 vnode_size_locked(struct vnode *v)
{
    struct vattr attr;

    return v->ops->getattr(v, &attr) ? 0 : attr.size;
}

static int window_pin_locked(struct vnode *v, struct shared *s, const struct range *r)
{
    int err;

    err = shared_commit(s, r->lo, r->hi);
    if (err)
        return err;
    err = v->ops->pin_pages(v, s->file_offset + (r->lo - s->lo), r->hi - r->lo, (void *)r->lo);
    if (err)
        shared_decommit(s, r->lo, r->hi);
    return err;
}

/* Memory for the pages of [offset, offset + len) that the file has. */
static int window_fill_locked(struct vnode *v, struct shared *s, u64 offset, u64 len)
{
    u64 end = min_u64(offset + len, page_ceil(vnode_size_locked(v)));
    struct range gap;
    int err;

    while (offset < end && shared_gap(s, window_addr(s, offset), window_addr(s, end), &gap)) {
        err = window_pin_locked(v, s, &gap);
        if (err)
            return err;
    }
    return 0;
}

/* Move all pages back into the file.  If it has no memory for them, they stay where they are. */
static int window_empty_locked(struct vnode *v, struct shared *s)
{
    struct range r;
    int err;

    while (shared_next_committed(s, s->lo, s->hi, &r)) {
        err = host_protect(r.lo, r.hi - r.lo, TARGET_PROT_READ);
        if (!err)
            err = v->ops->unpin_pages(v, s->file_offset + (r.lo - s->lo), r.hi - r.lo);
        if (err)
            return host_protect(r.lo, r.hi - r.lo, s->kernel_prot) ? -ENOMEM : err;
        shared_decommit(s, r.lo, r.hi);
    }
    return 0;
}

/* ---- windows ---- */

static struct shared *window_find_locked(struct vnode *v, u64 offset, u64 end)
{
    for (struct shared *s = v->shared; s; s = s->next)
        if (offset < window_file_end(s) && s->file_offset < end)
            return s;
    return NULL;
}

/* Is that shared object a window of v?  (It may be gone.) */
static struct shared **window_link_locked(struct vnode *v, const struct shared *s)
{
    struct shared **link = &v->shared;

    while (*link && *link != s)
        link = &(*link)->next;
    return *link ? link : NULL;
}

/* The part of the file to make a window of: [offset, end) and what may be asked for next. */
static struct range window_choose_locked(struct vnode *v, u64 offset, u64 end)
{
    struct range part = { 0, 0 };
    u64 room = min_u64(max_u64(end, WINDOW_ROOM_MIN), WINDOW_ROOM_MAX);

    if (end > WINDOW_ROOM_MAX)
        part.lo = offset;
    if (add_overflows(end, room, &part.hi))
        part.hi = end;
    for (struct shared *s = v->shared; s; s = s->next) {
        if (window_file_end(s) <= offset)
            part.lo = max_u64(part.lo, window_file_end(s));
        else
            part.hi = min_u64(part.hi, s->file_offset);
    }
    return part;
}

static int window_add_locked(struct vnode *v, u64 lo, u64 offset, u64 len, struct shared **ret)
{
    struct shared *s;
    int err;

    err = shared_new(lo, lo + len, TARGET_PROT_READ | TARGET_PROT_WRITE, &s);
    if (err)
        return err;
    s->file_offset = offset;
    s->next = v->shared;
    v->shared = s;
    *ret = s;
    return 0;
}

static int window_new_locked(struct vnode *v, struct map_plan *p, struct shared **ret)
{
    struct range part = window_choose_locked(v, p->offset, p->offset + p->len);
    u64 lo;
    int err;

    lo = mm_place(p->mm, part.hi - part.lo, PAGE_SIZE, map_place_how(p));
    if (!lo) {
        part = (struct range){ p->offset, p->offset + p->len };
        lo = mm_place(p->mm, p->len, PAGE_SIZE, map_place_how(p));
    }
    if (!lo)
        return -ENOMEM;
    err = window_add_locked(v, lo, part.lo, part.hi - part.lo, ret);
    if (err)
        arena_release(lo, lo + (part.hi - part.lo));
    return err;
}

/* Let s reach to end if the addresses behind it are free. */
static int window_extend_locked(struct shared *s, u64 end)
{
    u64 hi = s->hi + (end - window_file_end(s));

    if (!mm_claim_at(s->hi, hi))
        return -ENOMEM;
    s->hi = hi;
    return 0;
}

/* The window that shows what p asks for.  With MAP_FIXED p->lo is claimed already unless the
 * window is there. */
static int window_get_locked(struct vnode *v, struct map_plan *p, struct shared **ret)
{
    u64 end = p->offset + p->len;
    struct shared *s = window_find_locked(v, p->offset, end);

    if (!s && p->lo)
        return window_add_locked(v, p->lo, p->offset, p->len, ret);
    if (!s)
        return window_new_locked(v, p, ret);
    if (p->offset < s->file_offset)
        return -ENOMEM;
    if (end > window_file_end(s) && window_extend_locked(s, end))
        return -ENOMEM;
    *ret = s;
    return 0;
}

/* Close s if nobody maps it. */
static void window_release_locked(struct vnode *v, struct shared *s)
{
    struct shared **link = window_link_locked(v, s);

    if (!link || ref_count(&s->refs) != 1 || window_empty_locked(v, s))
        return;
    *link = s->next;
    shared_put(s);
}

/* The list of windows holds one reference; with the last of the mappings' s may be closed.  After
 * the count has changed another thread may close it, so s is only compared. */
void shared_file_put(struct shared *s, struct vnode *v)
{
    if (__atomic_sub_fetch(&s->refs.n, 1, __ATOMIC_ACQ_REL) > 1)
        return;
    rw_lock(&v->lock);
    window_release_locked(v, s);
    rw_unlock(&v->lock);
}

/* ---- mappings ---- */

static s64 map_shared_locked(struct map_plan *p, struct vnode *v)
{
    struct shared *s;
    u64 at;
    int err;

    err = window_get_locked(v, p, &s);
    if (err)
        return err;
    at = window_addr(s, p->offset);
    if (p->lo && s->lo == p->lo)
        p->lo = 0;                               /* the window's now                        */

    if (map_is_fixed(p) && at != p->hint)
        err = -ENOMEM;
    if (!err)
        err = window_fill_locked(v, s, p->offset, p->len);
    if (!err)
        err = shared_show(p, s, at, at + p->len);
    if (err)
        window_release_locked(v, s);
    return err ? err : (s64)at;
}

/* Does the file show what p wants where p wants it? */
static bool window_is_at(struct vnode *v, const struct map_plan *p)
{
    bool is_there;

    rw_lock_shared(&v->lock);
    struct shared *s = window_find_locked(v, p->offset, p->offset + p->len);
    is_there = s && p->offset >= s->file_offset && p->offset + p->len <= window_file_end(s) &&
               window_addr(s, p->offset) == p->hint;
    rw_unlock_shared(&v->lock);
    return is_there;
}

/* MAP_FIXED: take the place, empty. */
static int map_take_fixed_empty(struct map_plan *p)
{
    int err;

    err = map_take_fixed(p);
    if (!err && p->dirty && host_discard(p->lo, p->len))
        err = -ENOMEM;
    return err;
}

s64 map_shared_file(struct map_plan *p)
{
    struct vnode *v = p->file->vnode;
    s64 at;
    int err;

    if (!v->ops->pin_pages || !v->ops->unpin_pages)
        return -ENODEV;
    if (p->prot & PROT_WRITE && vnode_is_write_sealed(v))
        return -EPERM;
    err = mm_limits_check(p->mm, p->len, p->prot, p->flags);
    if (!err && map_is_fixed(p) && !window_is_at(v, p))
        err = map_take_fixed_empty(p);
    if (!err) {
        rw_lock(&v->lock);
        at = map_shared_locked(p, v);
        rw_unlock(&v->lock);
    } else {
        at = err;
    }
    if (p->lo && at < 0)
        arena_release(p->lo, p->lo + p->len);
    return at;
}

/* ---- what vfs/ tells ---- */

static void shared_resized(struct vnode *v)
{
    u64 end = page_ceil(vnode_size_locked(v));
    struct range gap;

    for (struct shared *s = v->shared; s; s = s->next) {
        u64 s_end = s->file_offset < end ? min_u64(window_addr(s, end), s->hi) : s->lo;

        shared_decommit(s, s_end, s->hi);
        while (shared_missing(s, s_end, &gap)) {
            if (window_pin_locked(v, s, &gap)) {
                klog(LOG_NOTICE, "no memory to map what a file has grown by: SIGBUS there");
                break;
            }
            (void)!shared_protect(s, gap.lo, gap.hi); /* at worst a fault asks again        */
        }
    }
}

static void shared_release(struct vnode *v)
{
    struct shared *s;

    while ((s = v->shared)) {
        v->shared = s->next;
        shared_put(s);
    }
}

/* As on Linux it counts what mprotect(2) would allow, not what is allowed now. */
static bool window_is_writable(struct shared *s)
{
    WITH_MUTEX(&s->lock);
    list_for_each(link, &s->mappings) {
        const struct mapping *m = list_entry(link, struct mapping, in_shared);

        if (m->file && m->file->write_ok)
            return true;
    }
    return false;
}

static bool shared_is_writable(struct vnode *v)
{
    for (struct shared *s = v->shared; s; s = s->next)
        if (window_is_writable(s))
            return true;
    return false;
}

void shared_file_init(void)
{
    vnode_up_ops.shared_is_writable = shared_is_writable;
    vnode_up_ops.shared_release = shared_release;
    vnode_up_ops.shared_resized = shared_resized;
}
