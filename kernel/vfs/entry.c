/* SPDX-License-Identifier: MIT */
/*
 * Making and removing names: mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2).
 *
 * The directory is locked exclusively from the look at the name to the change, so that what was
 * checked is what is changed.  Errors come in Linux's order: what exists, read-only, permission.
 *
 * Locks: the directory, then the file that loses or gains a name.
 */
#include "kernel/vfs/entry.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/fsctx.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

/* ---- creation ---- */

/* inode(7): a set-group-ID directory hands its group on, and to directories the bit itself. */
static void attr_set_owner(const struct vnode *dir, struct vattr *a, const struct cred *c)
{
    a->uid = c->fsuid;
    a->gid = c->fsgid;
    if (vnode_mode(dir) & S_ISGID) {
        a->gid = dir->gid;
        if ((a->mode & S_IFMT) == S_IFDIR)
            a->mode |= S_ISGID;
    }
    if ((a->mode & S_IFMT) != S_IFDIR && (a->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
        !cred_in_group(c, a->gid) && !cred_has_cap(c, CAP_FSETID))
        a->mode &= ~(u32)S_ISGID;
}

static int may_create(const struct mount *m, const struct vnode *dir)
{
    int err = mount_check_write(m);

    if (!err && dir->removed)
        err = -ENOENT;
    return err ? err : vnode_permission(dir, 3, vfs_cred());
}

static int create_locked(struct mount *m, struct vnode *dir, struct name name, struct vattr *attr,
                         struct vnode **ret)
{
    struct vnode *found;
    int err;

    if (name.len && dir->ops->lookup) {
        err = dir->ops->lookup(dir, name, &found);
        if (!err) {
            vnode_put(found);
            return -EEXIST;
        }
        if (err != -ENOENT)
            return err;
    }
    err = may_create(m, dir);
    if (err)
        return err;
    if (!dir->ops->create)
        return name.len ? -EPERM : -EOPNOTSUPP;
    attr_set_owner(dir, attr, vfs_cred());
    return dir->ops->create(dir, name, attr, ret);
}

int entry_create(struct mount *m, struct vnode *dir, struct name name, struct vattr *attr,
                 struct vnode **ret)
{
    u32 is_dir = (attr->mode & S_IFMT) == S_IFDIR ? IN_ISDIR : 0;
    int err;

    rw_lock(&dir->lock);
    err = create_locked(m, dir, name, attr, ret);
    rw_unlock(&dir->lock);
    if (err)
        return err;
    if (is_dir && !(*ret)->parent && vnode_place_set(*ret, dir, name))
        return 0;                                /* no memory: the next look-up sets it     */
    notify_entry(dir, name, IN_CREATE | is_dir, 0);
    return 0;
}

int entry_create_nameless(struct mount *m, struct vnode *dir, struct vattr *attr, bool for_ever,
                          struct vnode **ret)
{
    struct name none = { "", 0 };
    int err;

    if (dir->type != S_IFDIR)
        return -ENOTDIR;
    attr->nlink = for_ever ? 0 : 1;              /* how often it may be linked, from none   */
    rw_lock(&dir->lock);
    err = create_locked(m, dir, none, attr, ret);
    rw_unlock(&dir->lock);
    return err;
}

int vfs_createat(int dirfd, const char *path, const struct vattr *attr, struct vnode **ret)
{
    AUTO(vnode_putp) struct vnode *v = NULL;
    WALK_AUTO struct walk w;
    struct vattr a = *attr;
    bool is_dir = (a.mode & S_IFMT) == S_IFDIR;
    int err;

    walk_init(&w, dirfd, path, 0);
    err = walk_find_parent(&w);
    if (err)
        return err;
    if (w.last_is != LAST_NAME)
        return -EEXIST;
    if (w.trailing && !is_dir) {
        err = walk_last_step(&w, false);
        return err ? err : -EEXIST;              /* -ENOENT: only a directory could be it   */
    }
    if ((a.mode & S_IFMT) != S_IFLNK)
        a.mode &= ~fsctx_self_umask();
    err = entry_create(w.mount, w.vnode, w.last, &a, &v);
    if (!err && ret)
        *ret = TAKE(v);
    return err;
}

/* ---- removal ---- */

int entry_may_delete(const struct vnode *dir, const struct vnode *v)
{
    const struct cred *c = vfs_cred();
    int err = vnode_permission(dir, 3, c);

    if (err)
        return err;
    if ((vnode_mode(dir) & S_ISVTX) && c->fsuid != v->uid && c->fsuid != dir->uid &&
        !cred_has_cap(c, CAP_FOWNER))
        return -EPERM;
    return 0;
}

static int check_unlink(const struct walk *w, const struct vnode *v, bool rmdir)
{
    int err = mount_check_write(w->mount);

    if (!err)
        err = entry_may_delete(w->vnode, v);
    if (err)
        return err;
    if (rmdir)
        return v->type != S_IFDIR ? -ENOTDIR : v->mounted ? -EBUSY : 0;
    if (v->type == S_IFDIR)
        return -EISDIR;
    return w->trailing ? -ENOTDIR : 0;
}

/* The directory is locked; the file's own lock is taken here.  ret: what lost its name. */
static int unlink_locked(struct walk *w, bool rmdir, struct vnode **ret)
{
    struct vnode *dir = w->vnode, *v;
    int err = dir->ops->lookup ? dir->ops->lookup(dir, w->last, &v) : -ENOTDIR;

    if (err)
        return err;
    err = check_unlink(w, v, rmdir);
    if (!err && !dir->ops->unlink)
        err = -EPERM;
    if (!err) {
        rw_lock(&v->lock);
        err = dir->ops->unlink(dir, w->last, v);
        if (!err && rmdir)
            v->removed = true;
        rw_unlock(&v->lock);
    }
    if (err) {
        vnode_put(v);
        return err;
    }
    *ret = v;
    return 0;
}

static void notify_unlinked(struct vnode *dir, struct name name, struct vnode *v)
{
    struct vattr a;

    notify_entry(dir, name, IN_DELETE | (v->type == S_IFDIR ? IN_ISDIR : 0), 0);
    if (!vnode_is_watched(v))
        return;
    if (v->type == S_IFDIR || (!vnode_getattr(v, &a) && !a.nlink))
        notify_deleted(v);
    else
        notify_vnode(v, NULL, (struct name){ NULL, 0 }, IN_ATTRIB);
}

int vfs_unlinkat(int dirfd, const char *path, u32 at_flags)
{
    static const s8 rmdir_errors[] = {
        [LAST_ROOT] = -EBUSY, [LAST_DOT] = -EINVAL, [LAST_DOTDOT] = -ENOTEMPTY
    };
    AUTO(vnode_putp) struct vnode *v = NULL;
    bool rmdir = at_flags & AT_REMOVEDIR;
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, 0);
    err = walk_find_parent(&w);
    if (err)
        return err;
    if (w.last_is != LAST_NAME)
        return rmdir ? rmdir_errors[w.last_is] : -EISDIR;
    rw_lock(&w.vnode->lock);
    err = unlink_locked(&w, rmdir, &v);
    rw_unlock(&w.vnode->lock);
    if (err)
        return err;
    notify_unlinked(w.vnode, w.last, v);
    return 0;
}

/* ---- links ---- */

static int link_locked(struct walk *to, struct walk *from)
{
    struct vnode *dir = to->vnode, *v = from->vnode, *found;
    int err = dir->ops->lookup ? dir->ops->lookup(dir, to->last, &found) : -ENOTDIR;

    if (!err) {
        vnode_put(found);
        return -EEXIST;
    }
    if (err != -ENOENT)
        return err;
    if (to->trailing)
        return -ENOENT;
    err = may_create(to->mount, dir);
    if (err)
        return err;
    if (to->mount != from->mount)
        return -EXDEV;
    if (v->type == S_IFDIR || !dir->ops->link)
        return -EPERM;
    rw_lock(&v->lock);
    err = dir->ops->link(dir, to->last, v);
    rw_unlock(&v->lock);
    return err;
}

/* linkat(2): naming a file by its descriptor alone needs a capability. */
static int link_check_source(const struct walk *from, const char *path)
{
    if (!*path && !cred_has_cap(vfs_cred(), CAP_DAC_READ_SEARCH))
        return -ENOENT;
    return from->vnode ? 0 : -EXDEV;
}

int vfs_linkat(int from_dirfd, const char *from, int to_dirfd, const char *to, u32 at_flags)
{
    u32 flags = (at_flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
                (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
    WALK_AUTO struct walk a, b;
    int err;

    walk_init(&a, from_dirfd, from, flags);
    walk_init(&b, to_dirfd, to, 0);
    err = walk_find_held(&a);
    if (!err)
        err = link_check_source(&a, from);
    if (!err)
        err = walk_find_parent(&b);
    if (err)
        return err;
    if (b.last_is != LAST_NAME)
        return -EEXIST;
    rw_lock(&b.vnode->lock);
    err = link_locked(&b, &a);
    rw_unlock(&b.vnode->lock);
    if (err)
        return err;
    notify_vnode(a.vnode, NULL, (struct name){ NULL, 0 }, IN_ATTRIB);
    notify_entry(b.vnode, b.last, IN_CREATE, 0);
    return 0;
}
