/* SPDX-License-Identifier: MIT */
/*
 * The content of ramfs files: a radix tree of pages (struct ramfs_data).
 *
 * The tree grows in height as the file does and never shrinks until it is empty.  Pages are charged to
 * the file system when they are allocated and uncharged when they are erased; running out of either
 * the file system's limit or memory is -ENOSPC.
 *
 * Locks: all under the node's vnode lock, readers shared.
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"

struct data_node {
    u64 slot[DATA_FANOUT];
};

enum { DATA_HEIGHT_MAX = 9 };                    /* 2^54 pages: more than a file can have   */

/* ---- charges ---- */

static int pages_charge(struct ramfs_fs *fs)
{
    u64 before = __atomic_fetch_add(&fs->pages, 1, __ATOMIC_RELAXED);

    if (likely(!fs->pages_max || before < fs->pages_max))
        return 0;
    __atomic_fetch_sub(&fs->pages, 1, __ATOMIC_RELAXED);
    return -ENOSPC;
}

static void pages_uncharge(struct ramfs_fs *fs)
{
    __atomic_fetch_sub(&fs->pages, 1, __ATOMIC_RELAXED);
}

/* ---- the tree ---- */

static bool data_covers(const struct ramfs_data *d, u64 index)
{
    return index >> (d->height * DATA_FANOUT_BITS) == 0;
}

static u32 slot_index(u64 index, u32 level)
{
    return (u32)(index >> (level * DATA_FANOUT_BITS)) & (DATA_FANOUT - 1);
}

u64 *data_slot(const struct ramfs_data *d, u64 index)
{
    const u64 *at = &d->root;

    if (!data_covers(d, index))
        return NULL;
    for (u32 level = d->height; level; level--) {
        if (!*at)
            return NULL;
        at = &((struct data_node *)*at)->slot[slot_index(index, level - 1)];
    }
    return *at ? (u64 *)at : NULL;
}

static bool data_grow(struct ramfs_data *d, u64 index)
{
    while (!data_covers(d, index)) {
        if (d->root) {
            struct data_node *n = kzalloc(sizeof(*n));

            if (!n)
                return false;
            n->slot[0] = d->root;
            d->root = (u64)n;
        }
        d->height++;
    }
    return true;
}

u64 *data_slot_make(struct ramfs_data *d, u64 index)
{
    u64 *at = &d->root;

    if (!data_grow(d, index))
        return NULL;
    for (u32 level = d->height; level; level--) {
        if (!*at) {
            struct data_node *n = kzalloc(sizeof(*n));

            if (!n)
                return NULL;
            *at = (u64)n;
        }
        at = &((struct data_node *)*at)->slot[slot_index(index, level - 1)];
    }
    return at;
}

/* The page of an index as one that may be written.  whole: all of it will be, so that what is there
 * need not be copied (it is zero if the writer stops early). */
int data_own(struct ramfs_fs *fs, struct ramfs_data *d, u64 index, bool whole, u8 **ret)
{
    u64 *slot = data_slot_make(d, index);
    u64 was;
    u8 *page;

    if (!slot)
        return -ENOSPC;
    was = *slot;
    if (likely(was && !(was & DATA_ARCHIVE))) {
        *ret = data_page(was);
        return 0;
    }
    if (pages_charge(fs))
        return -ENOSPC;
    page = page_alloc(1);
    if (!page) {
        pages_uncharge(fs);
        return -ENOSPC;
    }
    if (was && !whole)
        memcpy(page, data_page(was), PAGE_SIZE);
    if (!was)
        d->pages++;
    *slot = (u64)page;
    *ret = page;
    return 0;
}

/* ---- the archive ---- */

static void data_free_tree(u64 root, u32 height)
{
    if (!root || !height)
        return;
    for (u32 i = 0; height > 1 && i < DATA_FANOUT; i++)
        data_free_tree(((struct data_node *)root)->slot[i], height - 1);
    kfree((void *)root);
}

/* The last page, if it is not a whole one, cannot stay: what follows in the archive is not zero. */
static int data_own_tail(struct ramfs_fs *fs, struct ramfs_data *d, u64 size, const u8 *archive)
{
    u64 whole = page_floor(size);
    u8 *page;
    int err;

    if (whole == size)
        return 0;
    err = data_own(fs, d, whole >> PAGE_SHIFT, true, &page);
    if (err)
        return err;
    memcpy(page, archive + whole, size - whole);
    return 0;
}

/* Build the tree of a file that has been its archive data so far. */
int data_leave_archive(struct ramfs_fs *fs, struct ramfs_data *d)
{
    struct ramfs_data fresh = { .size = d->size };
    u64 whole = d->size >> PAGE_SHIFT;
    int err;

    if (likely(!d->archive))
        return 0;
    for (u64 i = 0; i < whole; i++) {
        u64 *slot = data_slot_make(&fresh, i);

        if (!slot) {
            data_free_tree(fresh.root, fresh.height);
            return -ENOSPC;
        }
        *slot = (u64)(d->archive + (i << PAGE_SHIFT)) | DATA_ARCHIVE;
    }
    fresh.pages = whole;
    err = data_own_tail(fs, &fresh, d->size, d->archive);
    if (err) {
        data_free_tree(fresh.root, fresh.height);
        return err;
    }
    *d = fresh;
    return 0;
}

/* ---- erasing ---- */

struct erase {
    struct ramfs_fs *fs;
    struct ramfs_data *d;
    u64 first, end;                              /* page indexes                            */
    bool forget;                                 /* pinned pages are not in the file any more */
};

static void slot_erase(const struct erase *e, u64 *slot)
{
    if ((*slot & DATA_PINNED) && !e->forget) {   /* its place is fixed: it becomes zero     */
        memset(data_page(*slot), 0, PAGE_SIZE);
        return;
    }
    if (!(*slot & DATA_TAGS)) {
        page_free(data_page(*slot), 1);
        pages_uncharge(e->fs);
    }
    *slot = 0;
    e->d->pages--;
}

/* Erase within the subtree at *at, which begins at index base and has this height; true if nothing
 * is left in it.  Recursion is as deep as the tree: DATA_HEIGHT_MAX. */
static bool subtree_erase(const struct erase *e, u64 *at, u32 height, u64 base)
{
    u64 step = height ? 1ull << ((height - 1) * DATA_FANOUT_BITS) : 0;
    struct data_node *n = (struct data_node *)*at;
    bool empty = true;

    if (!*at)
        return true;
    if (!height) {
        slot_erase(e, at);
        return !*at;
    }
    for (u32 i = 0; i < DATA_FANOUT; i++) {
        u64 lo = base + i * step;

        if (!n->slot[i])
            continue;
        if (lo + step <= e->first || lo >= e->end || !subtree_erase(e, &n->slot[i], height - 1, lo))
            empty = false;
    }
    if (empty) {
        kfree(n);
        *at = 0;
    }
    return empty;
}

static void erase_run(const struct erase *e)
{
    struct ramfs_data *d = e->d;

    if (e->first >= e->end || !d->root || (!d->height && e->first > 0))
        return;
    if (subtree_erase(e, &d->root, d->height, 0))
        d->height = 0;
}

void data_erase(struct ramfs_fs *fs, struct ramfs_data *d, u64 first, u64 end)
{
    struct erase e = { fs, d, first, end, false };

    erase_run(&e);
}

void data_forget(struct ramfs_fs *fs, struct ramfs_data *d, u64 first, u64 end)
{
    struct erase e = { fs, d, first, end, true };

    erase_run(&e);
}

void data_free(struct ramfs_fs *fs, struct ramfs_data *d)
{
    data_forget(fs, d, 0, UINT64_MAX >> PAGE_SHIFT);
    *d = (struct ramfs_data){ 0 };
}

/* ---- searching ---- */

/* How many pages from index on certainly share what is at the slot: the rest of an absent subtree. */
static u64 data_run(const struct ramfs_data *d, u64 index, bool *ret_hole)
{
    u64 at = d->root;

    *ret_hole = true;
    if (!data_covers(d, index))
        return UINT64_MAX - index;
    for (u32 level = d->height; level; level--) {
        if (!at) {
            u64 span = 1ull << (level * DATA_FANOUT_BITS);

            return span - (index & (span - 1));
        }
        at = ((struct data_node *)at)->slot[slot_index(index, level - 1)];
    }
    *ret_hole = !at;
    return 1;
}

u64 data_next(const struct ramfs_data *d, u64 from, u64 end, bool hole)
{
    while (from < end) {
        bool is_hole;
        u64 run = data_run(d, from, &is_hole);

        if (is_hole == hole)
            return from;
        from += min_u64(run, end - from);
    }
    return end;
}
