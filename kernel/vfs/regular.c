/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing files of a file system: vfs_file_ops, which regular files and directories
 * share.  What the VFS adds to the file system's read() and write(): the lock, O_APPEND, limits,
 * seals, set-id bits, O_DIRECT's rules, times of access, notification.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/inotify.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

enum {
    DIRECT_ALIGN = 512,                          /* open(2), O_DIRECT: a logical block      */
    ATIME_DAY = 24 * 60 * 60,
};

/* ---- times ---- */

/* Seconds of the last look at the clock; good enough to ask whether a day has passed. */
static _Atomic u32 clock_seen;

struct timespec64 vfs_now(void)
{
    u64 ns = clock_realtime_ns();
    struct timespec64 now = { (s64)(ns / NSEC_PER_SEC), (u32)(ns % NSEC_PER_SEC) };

    __atomic_store_n(&clock_seen, (u32)now.sec, __ATOMIC_RELAXED);
    return now;
}

static bool time_is_before(struct timespec64 a, struct timespec64 b)
{
    return a.sec != b.sec ? a.sec < b.sec : a.nsec < b.nsec;
}

static bool atime_is_due(u32 mount_flag, const struct vattr *a, struct timespec64 now)
{
    if (mount_flag & MS_STRICTATIME)
        return true;
    return !time_is_before(a->mtime, a->atime) || !time_is_before(a->ctime, a->atime) ||
           now.sec - a->atime.sec >= ATIME_DAY;
}

static void atime_update(struct mount *m, struct vnode *v)
{
    struct timespec64 now = vfs_now();
    struct vattr a;

    rw_lock(&v->lock);
    if (v->ops->setattr && !v->ops->getattr(v, &a) && atime_is_due(mount_flags(m), &a, now)) {
        a.atime = now;
        (void)v->ops->setattr(v, &a, VATTR_ATIME); /* a read does not fail for that         */
    }
    __atomic_store_n(&v->atime_fresh, (u32)now.sec, __ATOMIC_RELAXED);
    rw_unlock(&v->lock);
}

void vnode_touch_atime(struct mount *m, struct vnode *v)
{
    u32 fresh = __atomic_load_n(&v->atime_fresh, __ATOMIC_RELAXED);
    u32 flags = mount_flags(m);

    if (likely(fresh && clock_seen - fresh < ATIME_DAY && !(flags & MS_STRICTATIME)))
        return;
    if (flags & (MS_NOATIME | MS_RDONLY) || v->fs->readonly)
        return;
    if ((flags & MS_NODIRATIME) && v->type == S_IFDIR)
        return;
    atime_update(m, v);
}

static void file_touch_atime(struct file *f)
{
    if (likely(!(f->flags & O_NOATIME)))
        vnode_touch_atime(f->mount, f->vnode);
}

/* ---- reading ---- */

/* O_DIRECT: position, lengths and addresses in whole blocks. */
static bool direct_is_aligned(const struct iov *v, u64 pos)
{
    u64 bits = pos | (v->nsegs ? v->seg[0].base + v->skip : 0) | v->left;

    for (u32 i = 1; i < v->nsegs; i++)
        bits |= v->seg[i].base | v->seg[i].len;
    return !(bits & (DIRECT_ALIGN - 1));
}

static ssize_t regular_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct vnode *v = f->vnode;
    ssize_t n;

    if (unlikely(v->type == S_IFDIR))
        return -EISDIR;
    if (unlikely(!v->ops->read))
        return -EINVAL;
    if (unlikely(f->flags & O_DIRECT) && !direct_is_aligned(dst, *pos))
        return -EINVAL;
    rw_lock_shared(&v->lock);
    n = v->ops->read(v, dst, *pos);
    rw_unlock_shared(&v->lock);
    if (n > 0) {
        *pos += (u64)n;
        notify_file(f, IN_ACCESS);
    }
    if (n >= 0)
        file_touch_atime(f);
    return n;
}

/* ---- writing ---- */

int vnode_drop_privs_locked(struct vnode *v)
{
    u32 mode = vnode_mode(v);
    struct vattr a = { .mode = mode & ~(u32)S_ISUID };

    if (likely(!(mode & (S_ISUID | S_ISGID))) || v->type != S_IFREG)
        return 0;
    if (mode & S_IXGRP)
        a.mode &= ~(u32)S_ISGID;
    if (a.mode == mode || cred_has_cap(vfs_cred(), CAP_FSETID))
        return 0;
    return v->ops->setattr ? v->ops->setattr(v, &a, VATTR_MODE) : 0;
}

/* How much of a write at off is allowed; -EFBIG (and SIGXFSZ, setrlimit(2)) if nothing is. */
static int write_limit(struct vnode *v, struct iov *src, u64 off)
{
    u64 limit = INT64_MAX;

    if (v->type == S_IFREG && file_signal_ops.limit_fsize) {
        limit = file_signal_ops.limit_fsize();
        if (unlikely(off >= limit)) {
            file_signal_ops.send_self(SIGXFSZ);
            return -EFBIG;
        }
    }
    limit = min_u64(limit, INT64_MAX);
    if (off >= limit)
        return -EFBIG;
    if (unlikely(iov_left(src) > limit - off))
        iov_truncate(src, (size_t)(limit - off));
    return 0;
}

/* fcntl(2), F_ADD_SEALS */
static int write_check_seals_locked(struct vnode *v, u64 end)
{
    struct vattr a;
    int err;

    if (likely(!v->seals))
        return 0;
    if (v->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (!(v->seals & F_SEAL_GROW))
        return 0;
    err = v->ops->getattr(v, &a);
    return err ? err : end > a.size ? -EPERM : 0;
}

static ssize_t write_locked(struct vnode *v, struct iov *src, u64 *off, bool append)
{
    struct vattr a;
    ssize_t n;
    int err;

    if (append) {
        err = v->ops->getattr(v, &a);
        if (err)
            return err;
        *off = a.size;
    }
    err = write_limit(v, src, *off);
    if (!err)
        err = write_check_seals_locked(v, *off + iov_left(src));
    if (!err)
        err = vnode_drop_privs_locked(v);
    if (err)
        return err;
    __atomic_store_n(&v->atime_fresh, 0, __ATOMIC_RELAXED);
    n = v->ops->write(v, src, *off);
    vnode_resized(v);
    return n;
}

ssize_t regular_write_how(struct file *f, struct iov *src, u64 *pos, u32 how)
{
    struct vnode *v = f->vnode;
    bool sync = (how & FILE_SYNC) || (f->flags & O_DSYNC);
    u64 off = *pos;
    ssize_t n;

    if (unlikely(!v->ops->write))
        return -EINVAL;
    if (unlikely(f->flags & O_DIRECT) && !direct_is_aligned(src, off))
        return -EINVAL;
    if (unlikely(!iov_left(src)))
        return 0;
    rw_lock(&v->lock);
    n = write_locked(v, src, &off, (how & FILE_APPEND) || (f->flags & O_APPEND));
    if (unlikely(n > 0 && sync && v->ops->sync)) {
        int err = v->ops->sync(v, (f->flags & O_SYNC) == O_SYNC ? SYNC_ALL : SYNC_DATA);

        n = err ? err : n;
    }
    rw_unlock(&v->lock);
    if (n > 0) {
        *pos = off + (u64)n;
        notify_file(f, IN_MODIFY);
    }
    return n;
}

static ssize_t regular_write(struct file *f, struct iov *src, u64 *pos)
{
    return regular_write_how(f, src, pos, 0);
}

/* ---- positions ---- */

/* Without an operation of its own a file system has no holes but the one at the end. */
static s64 seek_data(struct vnode *v, u64 off, int whence)
{
    struct vattr a;
    s64 at;
    int err;

    rw_lock_shared(&v->lock);
    err = v->ops->getattr(v, &a);
    if (err)
        at = err;
    else if (off >= a.size)
        at = -ENXIO;
    else if (v->ops->seek_data)
        at = v->ops->seek_data(v, off, whence);
    else
        at = whence == SEEK_DATA ? (s64)off : (s64)a.size;
    rw_unlock_shared(&v->lock);
    return at;
}

static s64 seek_end(struct vnode *v, s64 off, s64 *ret)
{
    struct vattr a;
    int err;

    if (v->type == S_IFDIR)
        return -EINVAL;
    err = vnode_getattr(v, &a);
    if (err)
        return err;
    return add_overflows((s64)a.size, off, ret) ? -EOVERFLOW : 0;
}

static s64 regular_seek(struct file *f, s64 off, int whence)
{
    struct vnode *v = f->vnode;
    s64 at = off;

    if (whence == SEEK_CUR) {
        if (add_overflows((s64)f->pos, off, &at))
            return -EOVERFLOW;
    } else if (whence == SEEK_END) {
        s64 err = seek_end(v, off, &at);

        if (err)
            return err;
    } else if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        if (off < 0)
            return -ENXIO;
        if (v->type != S_IFREG)
            return -EINVAL;
        at = seek_data(v, (u64)off, whence);
    } else if (whence != SEEK_SET) {
        return -EINVAL;
    }
    if (at < 0)
        return whence == SEEK_DATA || whence == SEEK_HOLE ? at : -EINVAL;
    f->pos = (u64)at;
    return at;
}

/* ---- directories ---- */

static bool dir_emit_dot(struct vnode *dir, u64 pos, readdir_emit emit, void *arg)
{
    u64 ino = dir->ino;

    if (pos == 1) {
        rw_lock_shared(&tree_lock);
        ino = dir->parent ? dir->parent->ino : dir->ino;
        rw_unlock_shared(&tree_lock);
    }
    return emit(arg, (struct name){ "..", (size_t)pos + 1 }, ino, S_IFDIR >> 12, pos + 1);
}

int dir_read(struct file *f, readdir_emit emit, void *arg)
{
    struct vnode *dir = f->vnode;
    int err = 0;

    if (!dir || dir->type != S_IFDIR || !dir->ops->readdir)
        return -ENOTDIR;
    WITH_MUTEX(&f->pos_lock);
    for (; f->pos < READDIR_START; f->pos++) {
        if (dir->removed)
            return -ENOENT;
        if (!dir_emit_dot(dir, f->pos, emit, arg))
            return 0;
    }
    rw_lock_shared(&dir->lock);
    if (dir->removed)
        err = -ENOENT;
    else
        err = dir->ops->readdir(dir, &f->pos, emit, arg);
    rw_unlock_shared(&dir->lock);
    if (!err) {
        notify_file(f, IN_ACCESS);
        file_touch_atime(f);
    }
    return err;
}

const struct file_ops vfs_file_ops = {
    .kind = "file",
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
};
