/* SPDX-License-Identifier: MIT */
/*
 * Regular files of ramfs: reading, writing, truncating, holes, shared mappings.
 *
 * Invariant: bytes of the last page behind the end of the file are zero, so that growing a file
 * never shows old content.
 *
 * Locks: the VFS holds vnode.lock, shared for reading.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/alloc.h"
#include "kernel/core/commit.h"
#include "kernel/core/iov.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"

/* ---- reading ---- */

static ssize_t read_page(const struct ramfs_data *d, struct iov *dst, u64 off, size_t len)
{
    const u64 *slot = data_slot(d, off >> PAGE_SHIFT);

    if (!slot)
        return iov_put_zero(dst, len);
    return iov_put(dst, data_page(*slot) + page_offset(off), len);
}

ssize_t ramfs_read(struct vnode *v, struct iov *dst, u64 off)
{
    const struct ramfs_data *d = &ramfs_node(v)->file;
    size_t done = 0, len;

    if (off >= d->size)
        return 0;
    len = min_u64(iov_left(dst), d->size - off);
    if (d->archive)
        return iov_put(dst, d->archive + off, len);
    while (done < len) {
        u64 at = off + done;
        size_t want = min_size(len - done, PAGE_SIZE - page_offset(at));
        ssize_t n = read_page(d, dst, at, want);

        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    return (ssize_t)done;
}

/* ---- writing ---- */

static ssize_t write_page(struct ramfs_fs *fs, struct ramfs_data *d, struct iov *src, u64 off,
                          size_t len)
{
    u8 *page;
    int err = data_own(fs, d, off >> PAGE_SHIFT, len == PAGE_SIZE, &page);

    return err ? err : iov_get(src, page + page_offset(off), len);
}

static ssize_t write_pages(struct ramfs_fs *fs, struct ramfs_data *d, struct iov *src, u64 off)
{
    size_t done = 0, len = iov_left(src);

    while (done < len) {
        u64 at = off + done;
        size_t want = min_size(len - done, PAGE_SIZE - page_offset(at));
        ssize_t n = write_page(fs, d, src, at, want);

        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    return (ssize_t)done;
}

ssize_t ramfs_write(struct vnode *v, struct iov *src, u64 off)
{
    struct ramfs_node *node = ramfs_node(v);
    struct ramfs_fs *fs = ramfs_of(v);
    int err = data_leave_archive(fs, &node->file);
    ssize_t n;

    if (err)
        return err;
    n = write_pages(fs, &node->file, src, off);
    if (n > 0) {
        node->file.size = max_u64(node->file.size, off + (u64)n);
        ramfs_node_changed(node);
    } else if (n < 0) {
        /* a page that was made for nothing lies behind the end, and is zero */
        u64 page = off >> PAGE_SHIFT;

        if (page >= page_ceil(node->file.size) >> PAGE_SHIFT)
            data_erase(fs, &node->file, page, page + 1);
    }
    return n;
}

/* ---- sizes ---- */

/* Zero [from, to) of the page that holds it, if there is one. */
static int zero_in_page(struct ramfs_fs *fs, struct ramfs_data *d, u64 from, u64 to)
{
    u8 *page;
    int err;

    if (from >= to || !data_slot(d, from >> PAGE_SHIFT))
        return 0;
    err = data_own(fs, d, from >> PAGE_SHIFT, false, &page);
    if (err)
        return err;
    memset(page + page_offset(from), 0, to - from);
    return 0;
}

int ramfs_truncate(struct ramfs_node *n, u64 size)
{
    struct ramfs_fs *fs = ramfs_of(&n->v);
    struct ramfs_data *d = &n->file;
    int err;

    if (!size && d->archive) {                   /* nothing of it stays                     */
        *d = (struct ramfs_data){ 0 };
        return 0;
    }
    err = data_leave_archive(fs, d);
    if (!err && size < d->size)
        err = zero_in_page(fs, d, size, page_ceil(size));
    if (err)
        return err;
    if (size < d->size)
        data_forget(fs, d, page_ceil(size) >> PAGE_SHIFT, UINT64_MAX >> PAGE_SHIFT);
    d->size = size;
    return 0;
}

/* ---- fallocate ---- */

static int punch(struct ramfs_fs *fs, struct ramfs_data *d, u64 off, u64 end)
{
    u64 first = page_ceil(off), last = page_floor(end);
    int err;

    if (first > last)                            /* inside one page                         */
        return zero_in_page(fs, d, off, end);
    err = zero_in_page(fs, d, off, first);
    if (!err)
        err = zero_in_page(fs, d, last, end);
    if (!err)
        data_erase(fs, d, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
    return err;
}

/* Give the holes of [first, end) zero pages.  What was filled when memory ran out stays, unless it
 * belongs to the hole that failed: it changes nothing that a program could read. */
static int fill_holes(struct ramfs_fs *fs, struct ramfs_data *d, u64 first, u64 end)
{
    u64 at = data_next(d, first, end, true);

    while (at < end) {
        u64 hole_end = data_next(d, at, end, false);
        u8 *page;

        for (u64 i = at; i < hole_end; i++) {
            int err = data_own(fs, d, i, true, &page);

            if (err) {
                data_erase(fs, d, at, i);
                return err;
            }
        }
        at = data_next(d, hole_end, end, true);
    }
    return 0;
}

static u64 count_holes(const struct ramfs_data *d, u64 first, u64 end)
{
    u64 sum = 0;

    for (u64 at = data_next(d, first, end, true); at < end;) {
        u64 hole_end = data_next(d, at, end, false);

        sum += hole_end - at;
        at = data_next(d, hole_end, end, true);
    }
    return sum;
}

/* Pages that the file system could still take: asked first, so that a size that can never fit fails
 * at once and not after all memory has been filled. */
static u64 pages_left(const struct ramfs_fs *fs)
{
    u64 used = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);
    u64 memory = (commit_limit() - min_u64(commit_used(), commit_limit())) >> PAGE_SHIFT;

    if (!fs->pages_max)
        return memory;
    return min_u64(memory, fs->pages_max - min_u64(used, fs->pages_max));
}

static int allocate(struct ramfs_fs *fs, struct ramfs_data *d, u64 off, u64 end)
{
    u64 first = off >> PAGE_SHIFT, last = page_ceil(end) >> PAGE_SHIFT;

    if (count_holes(d, first, last) > pages_left(fs))
        return -ENOSPC;
    return fill_holes(fs, d, first, last);
}

int ramfs_fallocate(struct vnode *v, u32 mode, u64 off, u64 len)
{
    struct ramfs_node *n = ramfs_node(v);
    struct ramfs_fs *fs = ramfs_of(v);
    u64 end = off + len;
    int err = data_leave_archive(fs, &n->file);

    if (!err && (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
        err = punch(fs, &n->file, off, end);
    if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
        err = allocate(fs, &n->file, off, end);
    if (err)
        return err;
    if (!(mode & FALLOC_FL_KEEP_SIZE))
        n->file.size = max_u64(n->file.size, end);
    ramfs_node_changed(n);
    return 0;
}

/* The VFS has checked that off is inside the file. */
s64 ramfs_seek_data(struct vnode *v, u64 off, int whence)
{
    const struct ramfs_data *d = &ramfs_node(v)->file;
    u64 end = page_ceil(d->size) >> PAGE_SHIFT;
    u64 at;

    if (d->archive)
        return whence == SEEK_DATA ? (s64)off : (s64)d->size;
    at = data_next(d, off >> PAGE_SHIFT, end, whence == SEEK_HOLE);
    if (at == off >> PAGE_SHIFT && at < end)
        return (s64)off;
    if (at >= end)
        return whence == SEEK_DATA ? -ENXIO : (s64)d->size;
    return (s64)(at << PAGE_SHIFT);
}

/* ---- shared mappings ---- */

static int pin_check(struct ramfs_data *d, u64 first, u64 end)
{
    for (u64 i = first; i < end; i++) {
        const u64 *slot = data_slot(d, i);

        if (slot && (*slot & DATA_PINNED))
            return -EBUSY;                       /* a page has one place                    */
    }
    return 0;
}

int ramfs_pin_pages(struct vnode *v, u64 off, u64 len, void *base)
{
    struct ramfs_fs *fs = ramfs_of(v);
    struct ramfs_data *d = &ramfs_node(v)->file;
    u64 first = off >> PAGE_SHIFT, end = (off + len) >> PAGE_SHIFT;
    int err = page_offset(off) || page_offset(len) ? -EINVAL : data_leave_archive(fs, d);

    if (!err)
        err = pin_check(d, first, end);
    for (u64 i = first; !err && i < end; i++)
        err = data_slot_make(d, i) ? 0 : -ENOMEM;
    if (err)
        return err;
    /* ---- commit ---- */
    for (u64 i = first; i < end; i++) {
        u64 *slot = data_slot_make(d, i);        /* there already                           */
        u8 *place = (u8 *)base + ((i - first) << PAGE_SHIFT);

        if (*slot) {
            memcpy(place, data_page(*slot), PAGE_SIZE);
            if (!(*slot & DATA_ARCHIVE)) {
                page_free(data_page(*slot), 1);
                __atomic_fetch_sub(&fs->pages, 1, __ATOMIC_RELAXED);
            }
        } else {
            d->pages++;
        }
        *slot = (u64)place | DATA_PINNED;
    }
    return 0;
}

/* Pages to move back into, linked through their first words. */
struct spare_page {
    struct spare_page *next;
};

static void spares_free(struct spare_page *first)
{
    while (first) {
        struct spare_page *next = first->next;

        page_free(first, 1);
        first = next;
    }
}

static bool page_is_zero(const u8 *page)
{
    const u64 *words = (const u64 *)page;

    for (u32 i = 0; i < PAGE_SIZE / sizeof(*words); i++)
        if (words[i])
            return false;
    return true;
}

/* One spare page for each pinned page of [first, end) that is not zero: those become holes. */
static int unpin_reserve(struct ramfs_data *d, u64 first, u64 end, struct spare_page **ret)
{
    struct spare_page *spares = NULL;

    for (u64 i = first; i < end; i++) {
        struct spare_page *page;

        if (page_is_zero(data_page(*data_slot(d, i))))
            continue;
        page = page_alloc(1);
        if (!page) {
            spares_free(spares);
            return -ENOMEM;
        }
        page->next = spares;
        spares = page;
    }
    *ret = spares;
    return 0;
}

/* The pages were the file system's before they were pinned: its limit is not asked again.  Nobody
 * can write to them any more. */
int ramfs_unpin_pages(struct vnode *v, u64 off, u64 len)
{
    struct ramfs_fs *fs = ramfs_of(v);
    struct ramfs_data *d = &ramfs_node(v)->file;
    u64 first = off >> PAGE_SHIFT, end = (off + len) >> PAGE_SHIFT;
    struct spare_page *spares;
    int err;

    err = unpin_reserve(d, first, end, &spares);
    if (err)
        return err;
    /* ---- commit ---- */
    for (u64 i = first; i < end; i++) {
        u64 *slot = data_slot(d, i);
        struct spare_page *page = spares;

        if (page_is_zero(data_page(*slot))) {
            data_forget(fs, d, i, i + 1);
            continue;
        }
        spares = page->next;
        memcpy(page, data_page(*slot), PAGE_SIZE);
        *slot = (u64)page;
        __atomic_fetch_add(&fs->pages, 1, __ATOMIC_RELAXED);
    }
    spares_free(spares);
    return 0;
}
