/* SPDX-License-Identifier: MIT */
/* Content and attributes of hostfs files: straight to the host and back, through kernel memory. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/time.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"

enum { CHUNK = 128 * 1024 };                     /* per host call                           */

/* ---- content ---- */

static ssize_t read_chunk(struct host_node *node, hfd fd, void *buf, struct iov *dst, u64 off)
{
    size_t len = min_size(iov_left(dst), CHUNK);
    ssize_t n = host_pread(fd, buf, len, off);

    if (n > 0 && unlikely(mapped_any(node)))
        mapped_overlay(node, buf, (u64)n, off);
    return n > 0 ? iov_put(dst, buf, (size_t)n) : n;
}

ssize_t data_read(struct vnode *v, struct iov *dst, u64 off)
{
    AUTO(kfreep) void *buf = NULL;
    ssize_t done = 0;
    hfd fd;
    int err;

    if (v->type == S_IFDIR)
        return -EISDIR;
    if (!iov_left(dst))
        return 0;
    err = node_fd(host_node(v), NODE_READ, &fd);
    if (err)
        return err;
    buf = kalloc(min_size(iov_left(dst), CHUNK));
    if (!buf)
        return -ENOMEM;
    while (iov_left(dst)) {
        size_t wanted = min_size(iov_left(dst), CHUNK);
        ssize_t n = read_chunk(host_node(v), fd, buf, dst, off + (u64)done);

        if (n < 0)
            return done ? done : n;
        done += n;
        if ((size_t)n < wanted)
            break;
    }
    return done;
}

ssize_t data_write(struct vnode *v, struct iov *src, u64 off)
{
    AUTO(kfreep) void *buf = NULL;
    ssize_t done = 0;
    hfd fd;
    int err = node_fd(host_node(v), NODE_WRITE, &fd);

    if (err)
        return err;
    buf = kalloc(min_size(iov_left(src), CHUNK));
    if (!buf)
        return -ENOMEM;
    while (iov_left(src)) {
        size_t wanted = min_size(iov_left(src), CHUNK);
        ssize_t n = iov_peek(src, buf, wanted);

        if (n > 0)
            n = host_pwrite(fd, buf, (size_t)n, off + (u64)done);
        if (n <= 0)
            return done ? done : n;
        if (unlikely(mapped_any(host_node(v))))
            mapped_written(host_node(v), buf, (u64)n, off + (u64)done);
        iov_skip(src, (size_t)n);
        done += n;
        if ((size_t)n < wanted)
            break;
    }
    return done;
}

int data_fallocate(struct vnode *v, u32 mode, u64 off, u64 len)
{
    struct host_node *n = host_node(v);
    hfd fd;
    int err = node_fd(n, NODE_WRITE, &fd);

    if (!err)
        err = mapped_flush(n);
    if (!err)
        err = call_fallocate(fd, mode, off, len);
    return err ? err : mapped_reload(n, off, len);
}

/* The VFS has seen that off is inside the file. */
s64 data_seek(struct vnode *v, u64 off, int whence)
{
    hfd fd;
    s64 at;
    int err = node_fd(host_node(v), NODE_READ, &fd);

    if (err)
        return err;
    at = host_lseek(fd, (s64)off, whence);
    if (at < 0)
        return at == -EINVAL ? -ENXIO : at;
    return (u64)at < off ? -EIO : at;
}

int data_sync(struct vnode *v, enum sync_what what)
{
    struct host_node *n = host_node(v);
    hfd fd = n->dir;
    int err = 0;

    if (n->dir_is_path)
        return -EINVAL;
    if (v->type != S_IFDIR) {
        mutex_lock(&n->lock);
        fd = n->wr.id >= 0 ? n->wr : n->rd;
        mutex_unlock(&n->lock);
    }
    err = mapped_flush(n);
    if (!err && fd.id >= 0)
        err = call_fsync(fd, what);
    return err;
}

/* ---- attributes ---- */

static int set_owner(struct host_node *n, const struct vattr *a, u32 mask)
{
    u32 uid = UINT32_MAX, gid = UINT32_MAX;
    int err = 0;
    hfd fd;

    if (mask & VATTR_UID)
        err = uid_on_host(a->uid, &uid);
    if (!err && (mask & VATTR_GID))
        err = gid_on_host(a->gid, &gid);
    if (err)
        return -EINVAL;                          /* user_namespaces(7): an id without a map */
    err = node_fd(n, NODE_ANY, &fd);
    return err ? err : call_fchown(fd, uid, gid);
}

static int set_mode(struct host_node *n, u32 mode)
{
    hfd fd;
    int err = node_fd(n, NODE_ANY, &fd);

    return err ? err : call_fchmod(fd, mode & 01777);
}

static int set_times(struct host_node *n, const struct vattr *a, u32 mask)
{
    struct timespec64 omit = { 0, UTIME_OMIT };
    struct timespec64 times[2] = {
        mask & VATTR_ATIME ? a->atime : omit,
        mask & VATTR_MTIME ? a->mtime : omit,
    };
    hfd fd;
    int err = node_fd(n, NODE_ANY, &fd);

    return err ? err : call_futimens(fd, times);
}

static int set_size(struct host_node *n, u64 size)
{
    hfd fd;
    int err = node_fd(n, NODE_WRITE, &fd);

    if (!err)
        err = call_ftruncate(fd, size);
    if (!err)
        mapped_forget(n, size);
    return err;
}

/*
 * The host keeps the times of reads and writes itself: what the VFS would set then (the time of access
 * alone, without the change of status that utimensat(2) brings; the time of a new size) it need not.
 */
int data_setattr(struct vnode *v, const struct vattr *a, u32 mask)
{
    struct host_node *n = host_node(v);
    struct stat st;
    int err = 0;

    if (mask == VATTR_ATIME)
        return 0;
    if (mask & VATTR_SIZE)
        err = set_size(n, a->size);
    if (!err && (mask & (VATTR_UID | VATTR_GID)))
        err = set_owner(n, a, mask);
    if (!err && (mask & VATTR_MODE))
        err = set_mode(n, a->mode);
    if (!err && (mask & (VATTR_ATIME | VATTR_MTIME)) && !(mask & VATTR_SIZE))
        err = set_times(n, a, mask);
    return err ? err : node_stat(n, &st);
}
