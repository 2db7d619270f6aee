/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings of hostfs files (vnode_ops.pin_pages).
 *
 * A mapped page has its place in memory, where read(2) and write(2) find it too; write(2) goes to the
 * host at once as well.  What programs store to it reaches the host with msync(2), fsync(2), or when
 * nobody maps the page any more: pages are compared by a checksum with what the host was last known to
 * have, and those that differ are written.  What the host changes meanwhile is not seen.
 *
 * Locks: vnode.lock guards the tree; the memory of a page can change under any reader.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"

struct host_page {
    struct tree_node by_index;                   /* key: the page's number in the file      */
    u8 *mem;                                     /* not owned: mm's                         */
    u64 sum;                                     /* of what the host has                    */
};

static struct host_page *page_of(struct tree_node *t)
{
    return t ? container_of(t, struct host_page, by_index) : NULL;
}

static struct host_page *page_from(struct host_node *n, u64 index)
{
    return page_of(tree_ceil(&n->pages, index));
}

static u64 page_sum(const u8 *mem)
{
    const u64 *word = (const u64 *)mem;
    u64 sum = 0;

    for (u32 i = 0; i < PAGE_SIZE / sizeof(*word); i++) {
        sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ull; /* odd: no bit is lost               */
        sum ^= sum >> 29;
    }
    return sum;
}

/* ---- from the host ---- */

static int fetch(hfd fd, u8 *dst, u64 len, u64 off)
{
    while (len) {
        ssize_t n = host_pread(fd, dst, len, off);

        if (n < 0)
            return (int)n;
        if (!n)
            return 0;                            /* behind the end it stays zero            */
        dst += n;
        off += (u64)n;
        len -= (u64)n;
    }
    return 0;
}

static void pages_drop(struct host_node *n, u64 first, u64 end)
{
    struct host_page *p;

    while ((p = page_from(n, first)) && p->by_index.key < end) {
        tree_remove(&n->pages, &p->by_index);
        kfree(p);
    }
}

static int pages_add(struct host_node *n, u64 first, u64 end, u8 *base)
{
    for (u64 i = first; i < end; i++) {
        struct host_page *p = kzalloc(sizeof(*p));

        if (!p) {
            pages_drop(n, first, i);
            return -ENOMEM;
        }
        p->by_index.key = i;
        p->mem = base + ((i - first) << PAGE_SHIFT);
        p->sum = page_sum(p->mem);
        tree_insert(&n->pages, &p->by_index);
    }
    return 0;
}

int mapped_pin(struct vnode *v, u64 off, u64 len, void *base)
{
    struct host_node *n = host_node(v);
    u64 first = off >> PAGE_SHIFT, end = (off + len) >> PAGE_SHIFT;
    struct host_page *there = page_from(n, first);
    hfd fd;
    int err;

    if (page_offset(off) || page_offset(len))
        return -EINVAL;
    if (there && there->by_index.key < end)
        return -EBUSY;                           /* a page has one place                    */
    err = node_fd(n, NODE_READ, &fd);
    if (!err)
        err = fetch(fd, base, len, off);
    return err ? err : pages_add(n, first, end, base);
}

/* ---- to the host ---- */

/* A copy is compared and written, so that what is remembered is what the host has got. */
static int page_flush(struct host_node *n, struct host_page *p, u8 *copy, u64 size)
{
    u64 off = p->by_index.key << PAGE_SHIFT;
    u64 len, done = 0, sum;
    hfd fd;
    int err;

    memcpy(copy, p->mem, PAGE_SIZE);
    sum = page_sum(copy);
    if (sum == p->sum || off >= size)
        return 0;
    len = min_u64(PAGE_SIZE, size - off);
    err = node_fd(n, NODE_WRITE, &fd);
    while (!err && done < len) {
        ssize_t got = host_pwrite(fd, copy + done, len - done, off + done);

        err = got < 0 ? (int)got : got == 0 ? -EIO : 0;
        done += err ? 0 : (u64)got;
    }
    if (!err)
        p->sum = sum;
    return err;
}

static int flush(struct host_node *n, u64 first, u64 end)
{
    struct host_page *p = page_from(n, first);
    struct stat st;
    u8 *copy;
    int err;

    if (!p || p->by_index.key >= end)
        return 0;
    copy = page_alloc(1);
    if (!copy)
        return -ENOMEM;
    err = node_stat(n, &st);
    for (; !err && p && p->by_index.key < end; p = page_of(tree_next(&p->by_index)))
        err = page_flush(n, p, copy, (u64)st.st_size);
    page_free(copy, 1);
    return err;
}

int mapped_flush(struct host_node *n)
{
    return flush(n, 0, UINT64_MAX);
}

int mapped_unpin(struct vnode *v, u64 off, u64 len)
{
    struct host_node *n = host_node(v);
    u64 first = off >> PAGE_SHIFT, end = (off + len) >> PAGE_SHIFT;
    int err = flush(n, first, end);

    if (!err)
        pages_drop(n, first, end);
    return err;
}

/* ---- what else changes or wants the content ---- */

bool mapped_any(const struct host_node *n)
{
    return n->pages.root;
}

/* A part of the page has become src, or zero, here as on the host.  What else it has is as clean or
 * not as before. */
static void page_written(struct host_page *p, u64 at, const u8 *src, u64 len)
{
    bool was_clean = page_sum(p->mem) == p->sum;

    if (src)
        memcpy(p->mem + at, src, len);
    else
        memset(p->mem + at, 0, len);
    if (was_clean)
        p->sum = page_sum(p->mem);
}

void mapped_forget(struct host_node *n, u64 size)
{
    struct host_page *last = page_from(n, size >> PAGE_SHIFT);
    u64 tail = page_offset(size);

    if (tail && last && last->by_index.key == size >> PAGE_SHIFT)
        page_written(last, tail, NULL, PAGE_SIZE - tail);
    pages_drop(n, page_ceil(size) >> PAGE_SHIFT, UINT64_MAX);
}

void mapped_free(struct host_node *n)
{
    pages_drop(n, 0, UINT64_MAX);
}

void mapped_written(struct host_node *n, const u8 *src, u64 len, u64 off)
{
    struct host_page *p = page_from(n, off >> PAGE_SHIFT);

    for (; p && p->by_index.key << PAGE_SHIFT < off + len; p = page_of(tree_next(&p->by_index))) {
        u64 page = p->by_index.key << PAGE_SHIFT;
        u64 lo = max_u64(page, off), hi = min_u64(page + PAGE_SIZE, off + len);

        page_written(p, lo - page, src + (lo - off), hi - lo);
    }
}

int mapped_reload(struct host_node *n, u64 off, u64 len)
{
    struct host_page *p = page_from(n, off >> PAGE_SHIFT);
    hfd fd;
    int err = node_fd(n, NODE_READ, &fd);

    for (; !err && p && p->by_index.key << PAGE_SHIFT < off + len;
         p = page_of(tree_next(&p->by_index))) {
        memset(p->mem, 0, PAGE_SIZE);
        err = fetch(fd, p->mem, PAGE_SIZE, p->by_index.key << PAGE_SHIFT);
        p->sum = page_sum(p->mem);
    }
    return err;
}

void mapped_overlay(struct host_node *n, u8 *dst, u64 len, u64 off)
{
    struct host_page *p = page_from(n, off >> PAGE_SHIFT);

    for (; p && p->by_index.key << PAGE_SHIFT < off + len; p = page_of(tree_next(&p->by_index))) {
        u64 page = p->by_index.key << PAGE_SHIFT;
        u64 lo = max_u64(page, off), hi = min_u64(page + PAGE_SIZE, off + len);

        memcpy(dst + (lo - off), p->mem + (lo - page), hi - lo);
    }
}
