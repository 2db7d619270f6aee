/* SPDX-License-Identifier: MIT */
/*
 * Changing attributes: chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2), fsync(2).
 *
 * The rules are Linux's: who may is decided on the state under v->lock, set-id bits go when a file is
 * written or changes hands, and nothing is changed when anything is refused.
 */
#include "kernel/vfs/attr.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/inotify.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "kernel/core/cred.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

int vnode_getattr(struct vnode *v, struct vattr *ret)
{
    int err;

    if (likely(v->ops->peek))
        return v->ops->getattr(v, ret);
    rw_lock_shared(&v->lock);
    err = v->ops->getattr(v, ret);
    rw_unlock_shared(&v->lock);
    return err;
}

static bool owner_or_capable(const struct vnode *v, const struct cred *c)
{
    return c->fsuid == v->uid || cred_has_cap(c, CAP_FOWNER);
}

static int setattr_locked(struct vnode *v, struct vattr *a, u32 mask)
{
    int err;

    if (!v->ops->setattr)
        return -EROFS;
    a->ctime = vfs_now();
    __atomic_store_n(&v->atime_fresh, 0, __ATOMIC_RELAXED);
    err = v->ops->setattr(v, a, mask | VATTR_CTIME);
    if (mask & VATTR_SIZE)
        vnode_resized(v);
    return err;
}

/* ---- chmod and chown ---- */

static int chmod_locked(struct vnode *v, u32 mode, const struct cred *c)
{
    struct vattr a = { .mode = v->type | (mode & 07777) };

    if (!owner_or_capable(v, c))
        return -EPERM;
    /* chmod(2): the set-group-ID bit goes unless the caller is in the group */
    if (v->type != S_IFDIR && !cred_in_group(c, v->gid) && !cred_has_cap(c, CAP_FSETID))
        a.mode &= ~(u32)S_ISGID;
    return setattr_locked(v, &a, VATTR_MODE);
}

/* chown(2): the owner may give the file to one of his groups, anything else is a capability. */
static bool may_chown(const struct vnode *v, u32 uid, u32 gid, const struct cred *c)
{
    bool owner = c->fsuid == v->uid;

    if (cred_has_cap(c, CAP_CHOWN))
        return true;
    if (uid != UINT32_MAX && !(owner && uid == v->uid))
        return false;
    return gid == UINT32_MAX || (owner && (gid == v->gid || cred_in_group(c, gid)));
}

static u32 mode_without_privs(const struct vnode *v, u32 mode)
{
    if (v->type == S_IFDIR)
        return mode;
    mode &= ~(u32)S_ISUID;
    return mode & S_IXGRP ? mode & ~(u32)S_ISGID : mode;
}

static int chown_locked(struct vnode *v, u32 uid, u32 gid, const struct cred *c)
{
    struct vattr a = { .uid = uid, .gid = gid, .mode = mode_without_privs(v, v->mode) };
    u32 mask = 0;

    if (!may_chown(v, uid, gid, c))
        return -EPERM;
    if (uid != UINT32_MAX)
        mask |= VATTR_UID;
    if (gid != UINT32_MAX)
        mask |= VATTR_GID;
    if (a.mode != v->mode)
        mask |= VATTR_MODE;
    return setattr_locked(v, &a, mask);
}

/* ---- times ---- */

static bool nsec_is_valid(u32 nsec)
{
    return nsec < 1000000000 || nsec == UTIME_NOW || nsec == UTIME_OMIT;
}

/* Both to now: whoever may write may say so (utimensat(2)). */
static int may_utimens(const struct vnode *v, bool both_now, const struct cred *c)
{
    if (owner_or_capable(v, c))
        return 0;
    return both_now ? vnode_permission(v, 2, c) : -EPERM;
}

static u32 pick_time(struct timespec64 want, struct timespec64 now, u32 bit, struct timespec64 *ret)
{
    if (want.nsec == UTIME_OMIT)
        return 0;
    *ret = want.nsec == UTIME_NOW ? now : want;
    return bit;
}

static int utimens_locked(struct vnode *v, const struct timespec64 times[2], const struct cred *c)
{
    bool both_now = times[0].nsec == UTIME_NOW && times[1].nsec == UTIME_NOW;
    struct timespec64 now = vfs_now();
    struct vattr a;
    u32 mask = pick_time(times[0], now, VATTR_ATIME, &a.atime) |
               pick_time(times[1], now, VATTR_MTIME, &a.mtime);
    int err = may_utimens(v, both_now, c);

    return err ? err : setattr_locked(v, &a, mask);
}

/* ---- all of them ---- */

static int change_check(const struct mount *m, const struct vnode *v, const struct attr_change *c)
{
    if (c->what == CHANGE_TIMES &&
        (!nsec_is_valid(c->times[0].nsec) || !nsec_is_valid(c->times[1].nsec)))
        return -EINVAL;
    if (c->what == CHANGE_MODE && v->type == S_IFLNK)
        return -EOPNOTSUPP;
    return mount_check_write(m);
}

/* dir and name: the entry v was reached by, for those who watch the directory. */
static int change(struct mount *m, struct vnode *v, const struct attr_change *c, struct vnode *dir,
                  struct name name)
{
    const struct cred *cred = vfs_cred();
    int err = change_check(m, v, c);

    if (err)
        return err;
    if (c->what == CHANGE_TIMES && c->times[0].nsec == UTIME_OMIT && c->times[1].nsec == UTIME_OMIT)
        return 0;
    rw_lock(&v->lock);
    if (c->what == CHANGE_MODE)
        err = chmod_locked(v, c->mode, cred);
    else if (c->what == CHANGE_OWNER)
        err = chown_locked(v, c->uid, c->gid, cred);
    else
        err = utimens_locked(v, c->times, cred);
    rw_unlock(&v->lock);
    if (!err)
        notify_vnode(v, dir, name, IN_ATTRIB);
    return err;
}

int vfs_fchange(struct file *f, const struct attr_change *c)
{
    if (!f->vnode)
        return -EPERM;                           /* nothing keeps the attributes of a pipe  */
    return change(f->mount, f->vnode, c, f->dir, file_name_get(f));
}

int vfs_changeat(int dirfd, const char *path, u32 walk_flags, const struct attr_change *c)
{
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, walk_flags);
    err = walk_find_held(&w);
    if (err)
        return err;
    return w.via ? vfs_fchange(w.via, c) : change(w.mount, w.vnode, c, w.dir, w.last);
}

/* ---- sizes ---- */

static int size_check_limit(const struct vnode *v, u64 old, u64 size)
{
    if (size > INT64_MAX)
        return -EINVAL;
    if (size > old && v->type == S_IFREG && file_signal_ops.limit_fsize &&
        size > file_signal_ops.limit_fsize()) {
        file_signal_ops.send_self(SIGXFSZ);
        return -EFBIG;
    }
    return 0;
}

static int size_check_seals(const struct vnode *v, u64 old, u64 size)
{
    if ((size < old && (v->seals & F_SEAL_SHRINK)) || (size > old && (v->seals & F_SEAL_GROW)))
        return -EPERM;
    return 0;
}

static int truncate_locked(struct vnode *v, u64 size)
{
    struct vattr a;
    int err = v->ops->getattr(v, &a);

    if (!err)
        err = size_check_limit(v, a.size, size);
    if (!err)
        err = size_check_seals(v, a.size, size);
    if (!err)
        err = vnode_drop_privs_locked(v);
    if (err)
        return err;
    a.size = size;
    a.mtime = vfs_now();
    return setattr_locked(v, &a, VATTR_SIZE | VATTR_MTIME);
}

static int check_truncatable(const struct vnode *v)
{
    if (v->type == S_IFDIR)
        return -EISDIR;
    return v->type == S_IFREG ? 0 : -EINVAL;
}

int vfs_truncate(struct vnode *v, u64 size)
{
    int err;

    rw_lock(&v->lock);
    err = truncate_locked(v, size);
    rw_unlock(&v->lock);
    return err;
}

int vfs_ftruncate(struct file *f, u64 size)
{
    int err;

    if (!f->vnode || f->vnode->type != S_IFREG || !f->write_ok)
        return -EINVAL;
    err = vfs_truncate(f->vnode, size);
    if (!err)
        notify_file(f, IN_MODIFY);
    return err;
}

static int truncate_place(struct mount *m, struct vnode *v, u64 size)
{
    int err = check_truncatable(v);

    if (!err)
        err = vnode_permission(v, 2, vfs_cred());
    if (!err)
        err = mount_want_write(m);
    if (err)
        return err;
    __atomic_fetch_add(&v->writers, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&v->execs, __ATOMIC_SEQ_CST))
        err = -ETXTBSY;
    else
        err = vfs_truncate(v, size);
    __atomic_fetch_sub(&v->writers, 1, __ATOMIC_SEQ_CST);
    mount_drop_write(m);
    return err;
}

int vfs_truncateat(const char *path, u64 size)
{
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, AT_FDCWD, path, WALK_FOLLOW);
    err = walk_find_held(&w);
    if (err)
        return err;
    if (!w.vnode)
        return -EINVAL;
    err = truncate_place(w.mount, w.vnode, size);
    if (!err)
        notify_vnode(w.vnode, w.dir, w.last, IN_MODIFY);
    return err;
}

/* ---- fallocate ---- */

static int fallocate_check_mode(u32 mode)
{
    u32 what = mode & ~(u32)FALLOC_FL_KEEP_SIZE;

    if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE |
                      FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
        return -EOPNOTSUPP;
    if (what & (what - 1))
        return -EOPNOTSUPP;                      /* more than one kind                      */
    if (what == FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    if (what == FALLOC_FL_COLLAPSE_RANGE || what == FALLOC_FL_INSERT_RANGE)
        return mode == what ? -EOPNOTSUPP : -EINVAL;
    return 0;
}

static int fallocate_locked(struct vnode *v, u32 mode, u64 off, u64 len)
{
    bool hole = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
    struct vattr a;
    int err = v->ops->getattr(v, &a);

    if (!err && hole && (v->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > a.size) {
        err = size_check_limit(v, a.size, off + len);
        if (!err)
            err = size_check_seals(v, a.size, off + len);
    }
    if (!err)
        err = vnode_drop_privs_locked(v);
    if (!err)
        err = v->ops->fallocate(v, mode, off, len);
    vnode_resized(v);
    return err;
}

int vfs_fallocate(struct file *f, u32 mode, u64 off, u64 len)
{
    struct vnode *v = f->vnode;
    u64 end;
    int err;

    if (!f->write_ok)
        return -EBADF;
    err = fallocate_check_mode(mode);
    if (err)
        return err;
    if (!v || v->type == S_IFIFO)
        return -ESPIPE;
    if (v->type == S_IFDIR)
        return -EISDIR;
    if (v->type != S_IFREG)
        return -ENODEV;
    if (add_overflows(off, len, &end) || end > INT64_MAX)
        return -EFBIG;
    if (!v->ops->fallocate)
        return -EOPNOTSUPP;
    rw_lock(&v->lock);
    err = fallocate_locked(v, mode, off, len);
    rw_unlock(&v->lock);
    if (!err)
        notify_file(f, IN_MODIFY);
    return err;
}

int vfs_fsync(struct file *f, enum sync_what what)
{
    struct vnode *v = f->vnode;
    int err = 0;

    if (!v || (v->type != S_IFREG && v->type != S_IFDIR && v->type != S_IFBLK))
        return -EINVAL;
    if (!v->ops->sync)
        return 0;
    rw_lock(&v->lock);
    err = v->ops->sync(v, what);
    rw_unlock(&v->lock);
    return err;
}
