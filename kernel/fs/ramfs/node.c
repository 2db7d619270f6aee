/* SPDX-License-Identifier: MIT */
/* Nodes of ramfs: their life and attributes, and the table of operations. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/attr.h"

enum { DIR_ENTRY_SIZE = 20 };                    /* tmpfs: what an entry adds to st_size    */

int ramfs_node_new(struct ramfs_fs *fs, u32 mode, u32 ino, struct ramfs_node **ret)
{
    struct ramfs_node *n;

    if (fs->nodes_max && __atomic_load_n(&fs->nodes, __ATOMIC_RELAXED) >= fs->nodes_max)
        return -ENOSPC;
    n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    vnode_init(&n->v, &fs->fs, &ramfs_ops, mode, ino);
    if (n->v.type == S_IFDIR)
        ramfs_dir_init(n);
    __atomic_fetch_add(&fs->nodes, 1, __ATOMIC_RELAXED);
    *ret = n;
    return 0;
}

void ramfs_node_changed(struct ramfs_node *n)
{
    n->mtime = n->ctime = vfs_now();
    __atomic_store_n(&n->v.atime_fresh, 0, __ATOMIC_RELAXED);
}

static void node_free(struct retired *r)
{
    struct ramfs_node *n =
        container_of(container_of(r, struct vnode, retired), struct ramfs_node, v);

    vnode_fini(&n->v);
    kfree(n);
}

/* What it holds goes now; the node itself when no walk can be looking at it any more. */
void ramfs_evict(struct vnode *v)
{
    struct ramfs_node *n = ramfs_node(v);
    struct ramfs_fs *fs = ramfs_of(v);

    rw_lock(&v->lock);
    if (v->type == S_IFREG)
        data_free(fs, &n->file);
    else if (v->type == S_IFDIR)
        ramfs_dir_fini(n);
    else if (v->type == S_IFLNK && n->link.owned)
        kfree((void *)n->link.text);
    ramfs_xattrs_free(n);
    rw_unlock(&v->lock);
    __atomic_fetch_sub(&fs->nodes, 1, __ATOMIC_RELAXED);
    epoch_retire(&v->retired, node_free);
}

static u64 node_size(const struct ramfs_node *n)
{
    switch (n->v.type) {
    case S_IFREG:
        return n->file.size;
    case S_IFDIR:
        return (n->dir.count + 2) * DIR_ENTRY_SIZE;
    case S_IFLNK:
        return n->link.len;
    }
    return 0;
}

static u64 node_blocks(const struct ramfs_node *n)
{
    if (n->v.type != S_IFREG)
        return 0;
    if (n->file.archive)
        return page_ceil(n->file.size) / 512;
    return n->file.pages * (PAGE_SIZE / 512);
}

/* Without the lock as well: a word at a time is never torn, and a time that is just being changed
 * may be half of each, as on Linux. */
int ramfs_getattr(struct vnode *v, struct vattr *ret)
{
    const struct ramfs_node *n = ramfs_node(v);

    ret->mode = v->mode;
    ret->uid = v->uid;
    ret->gid = v->gid;
    ret->nlink = n->nlink;
    ret->ino = v->ino;
    ret->size = node_size(n);
    ret->blocks = node_blocks(n);
    ret->blksize = PAGE_SIZE;
    ret->rdev_major = n->rdev_major;
    ret->rdev_minor = n->rdev_minor;
    ret->atime = n->atime;
    ret->mtime = n->mtime;
    ret->ctime = n->ctime;
    ret->btime = n->btime;
    ret->link = NULL;
    return 0;
}

int ramfs_setattr(struct vnode *v, const struct vattr *a, u32 mask)
{
    struct ramfs_node *n = ramfs_node(v);

    if (mask & VATTR_SIZE) {
        int err = ramfs_truncate(n, a->size);

        if (err)
            return err;
    }
    vnode_set_owner(v, mask & VATTR_MODE ? v->type | (a->mode & 07777) : v->mode,
                    mask & VATTR_UID ? a->uid : v->uid, mask & VATTR_GID ? a->gid : v->gid);
    if (mask & VATTR_ATIME)
        n->atime = a->atime;
    if (mask & VATTR_MTIME)
        n->mtime = a->mtime;
    if (mask & VATTR_CTIME)
        n->ctime = a->ctime;
    return 0;
}

int ramfs_readlink(struct vnode *v, struct strbuf *dst)
{
    const struct ramfs_node *n = ramfs_node(v);

    if (v->type != S_IFLNK)
        return -EINVAL;
    strbuf_add(dst, n->link.text, n->link.len);
    return 0;
}

const struct vnode_ops ramfs_ops = {
    .lookup = ramfs_lookup,
    .peek = ramfs_peek,
    .create = ramfs_create,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .rename = ramfs_rename,
    .readdir = ramfs_readdir,
    .readlink = ramfs_readlink,
    .read = ramfs_read,
    .write = ramfs_write,
    .getattr = ramfs_getattr,
    .setattr = ramfs_setattr,
    .fallocate = ramfs_fallocate,
    .seek_data = ramfs_seek_data,
    .getxattr = ramfs_getxattr,
    .setxattr = ramfs_setxattr,
    .listxattr = ramfs_listxattr,
    .pin_pages = ramfs_pin_pages,
    .unpin_pages = ramfs_unpin_pages,
    .evict = ramfs_evict,
};
