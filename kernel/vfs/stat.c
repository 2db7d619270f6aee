/* SPDX-License-Identifier: MIT */
/* Asking about files by path: stat(2), access(2), readlink(2). */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

/* ---- stat ---- */

static int kstat_vnode(struct mount *m, struct vnode *v, struct kstat *ret)
{
    int err = vnode_getattr(v, &ret->a);

    ret->ino = v->ino;
    ret->dev_major = 0;
    ret->dev_minor = v->fs->dev;
    ret->mount_id = m->id;
    ret->mount_root = v == m->root;
    return err;
}

/* The other way round, for objects that only know stat(2). */
static void kstat_from_stat(const struct stat *st, struct kstat *ret)
{
    *ret = (struct kstat){
        .ino = st->st_ino,
        .dev_minor = (u32)(st->st_dev & 0xff) | (u32)(st->st_dev >> 12 & ~0xfful),
        .dev_major = (u32)(st->st_dev >> 8 & 0xfff),
        .a = {
            .mode = st->st_mode,
            .uid = st->st_uid,
            .gid = st->st_gid,
            .nlink = (u32)st->st_nlink,
            .size = (u64)st->st_size,
            .blocks = (u64)st->st_blocks,
            .blksize = (u32)st->st_blksize,
            .rdev_minor = (u32)(st->st_rdev & 0xff) | (u32)(st->st_rdev >> 12 & ~0xfful),
            .rdev_major = (u32)(st->st_rdev >> 8 & 0xfff),
            .atime = { (s64)st->st_atime, (u32)st->st_atime_nsec },
            .mtime = { (s64)st->st_mtime, (u32)st->st_mtime_nsec },
            .ctime = { (s64)st->st_ctime, (u32)st->st_ctime_nsec },
        },
    };
}

int vfs_fstat(struct file *f, struct kstat *ret)
{
    struct stat st;
    int err;

    if (f->vnode && (!f->ops->getattr || f->path_only))
        return kstat_vnode(f->mount, f->vnode, ret);
    err = file_getattr(f, &st);
    if (err)
        return err;
    kstat_from_stat(&st, ret);
    return 0;
}

int vfs_statat(int dirfd, const char *path, u32 walk_flags, struct kstat *ret)
{
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, walk_flags);
    err = walk_find(&w);
    if (err)
        return err;
    if (unlikely(w.via))
        return vfs_fstat(w.via, ret);
    err = kstat_vnode(w.mount, w.vnode, ret);
    if (err || likely(walk_is_valid(&w)))
        return err;
    /* it died while we looked: walk again, this time holding on */
    walk_fini(&w);
    walk_init(&w, dirfd, path, walk_flags);
    w.again = true;
    err = walk_find(&w);
    return err ? err : w.via ? vfs_fstat(w.via, ret) : kstat_vnode(w.mount, w.vnode, ret);
}

static u64 dev_encode(u32 major, u32 minor)
{
    return (minor & 0xff) | (u64)major << 8 | (u64)(minor & ~0xffu) << 12;
}

/* Every byte of it, field by field: this is most of what fstat(2) does. */
void kstat_to_stat(const struct kstat *k, struct stat *ret)
{
    const struct vattr *a = &k->a;

    ret->st_dev = dev_encode(k->dev_major, k->dev_minor);
    ret->st_ino = k->ino;
    ret->st_nlink = a->nlink;
    ret->st_mode = a->mode;
    ret->st_uid = a->uid;
    ret->st_gid = a->gid;
    ret->__pad0 = 0;
    ret->st_rdev = dev_encode(a->rdev_major, a->rdev_minor);
    ret->st_size = (s64)a->size;
    ret->st_blksize = a->blksize;
    ret->st_blocks = (s64)a->blocks;
    ret->st_atime = (u64)a->atime.sec;
    ret->st_atime_nsec = a->atime.nsec;
    ret->st_mtime = (u64)a->mtime.sec;
    ret->st_mtime_nsec = a->mtime.nsec;
    ret->st_ctime = (u64)a->ctime.sec;
    ret->st_ctime_nsec = a->ctime.nsec;
    for (u32 i = 0; i < ARRAY_SIZE(ret->__unused); i++)
        ret->__unused[i] = 0;
}

static struct statx_timestamp statx_time(struct timespec64 t)
{
    return (struct statx_timestamp){ .tv_sec = t.sec, .tv_nsec = t.nsec };
}

void kstat_to_statx(const struct kstat *k, struct statx *ret)
{
    const struct vattr *a = &k->a;

    *ret = (struct statx){
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = a->blksize,
        .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .stx_attributes = k->mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
        .stx_nlink = a->nlink,
        .stx_uid = a->uid,
        .stx_gid = a->gid,
        .stx_mode = (u16)a->mode,
        .stx_ino = k->ino,
        .stx_size = a->size,
        .stx_blocks = a->blocks,
        .stx_atime = statx_time(a->atime),
        .stx_mtime = statx_time(a->mtime),
        .stx_ctime = statx_time(a->ctime),
        .stx_btime = statx_time(a->btime),
        .stx_rdev_major = a->rdev_major,
        .stx_rdev_minor = a->rdev_minor,
        .stx_dev_major = k->dev_major,
        .stx_dev_minor = k->dev_minor,
        .stx_mnt_id = k->mount_id,
    };
    if (a->btime.sec || a->btime.nsec)
        ret->stx_mask |= STATX_BTIME;
    if (k->mount_id)
        ret->stx_mask |= STATX_MNT_ID;
}

/* ---- access ---- */

/* By the real ids: a copy of the caller's credentials with those (access(2), NOTES). */
static int access_cred(u32 at_flags, struct cred **ret)
{
    const struct cred *c = vfs_cred();
    struct cred *real = NULL;

    if (!(at_flags & AT_EACCESS) && (c->fsuid != c->uid || c->fsgid != c->gid)) {
        real = cred_copy(c, c->ngroups);
        if (!real)
            return -ENOMEM;
        real->fsuid = c->uid;
        real->fsgid = c->gid;
        real->cap_effective = c->uid ? 0 : c->cap_permitted;
    }
    *ret = real;
    return 0;
}

static int access_place(const struct walk *w, u32 mode)
{
    const struct vnode *v = w->vnode;
    int err;

    if ((mode & 1) && v->type == S_IFREG && (mount_flags(w->mount) & MS_NOEXEC))
        return -EACCES;
    err = mode ? vnode_permission(v, mode, w->cred) : 0;
    if (err || !(mode & 2))
        return err;
    if (v->type == S_IFREG || v->type == S_IFDIR || v->type == S_IFLNK)
        return mount_check_write(w->mount);
    return 0;
}

int vfs_accessat(int dirfd, const char *path, u32 mode, u32 at_flags)
{
    AUTO(cred_putp) struct cred *real = NULL;
    WALK_AUTO struct walk w;
    u32 flags = at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    int err;

    walk_init(&w, dirfd, path, flags | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0));
    err = access_cred(at_flags, &real);
    if (err)
        return err;
    if (real)
        w.cred = real;
    err = walk_find(&w);
    if (err)
        return err;
    return w.vnode ? access_place(&w, mode) : 0;
}

/* ---- readlink ---- */

static int readlink_jump(struct vnode *v, struct strbuf *dst)
{
    return v->ops->readlink ? v->ops->readlink(v, dst) : -EINVAL;
}

int vfs_readlinkat(int dirfd, const char *path, struct strbuf *dst)
{
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, WALK_EMPTY);
    err = walk_find_held(&w);
    if (err)
        return err;
    if (!w.vnode || w.vnode->type != S_IFLNK)
        return *path ? -EINVAL : -ENOENT;        /* readlinkat(2): "" of what is no link    */
    vnode_touch_atime(w.mount, w.vnode);
    rw_lock_shared(&w.vnode->lock);
    err = readlink_jump(w.vnode, dst);
    rw_unlock_shared(&w.vnode->lock);
    return err;
}
