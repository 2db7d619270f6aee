/* SPDX-License-Identifier: MIT */
/*
 * open(2), openat2(2), and opening for execution.
 *
 *     flags ──► struct opening ──► walk to the file, or make it ──► permission ──► struct file
 *                                                                                     │
 *                     what the type needs (FIFO, device, O_TRUNC, ETXTBSY) ◄───────────┘
 *
 * Until the last step has succeeded the file is quiet: closing it tells nobody.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/inotify.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/entry.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/fsctx.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"
#include "kernel/vfs/pipe.h"

enum { O_TMPFILE_BIT = O_TMPFILE & ~O_DIRECTORY };

struct dev_open_ops dev_open_ops;

/* What the flags of an open ask for. */
struct opening {
    u32 flags;                                   /* O_*, those without effect removed       */
    u32 mode;
    u32 walk_flags;
    u32 rwx;                                     /* permissions to check on what exists     */
};

static u32 rwx_of(u32 flags)
{
    static const u8 by_acc[4] = { 4, 2, 6, 6 };

    return by_acc[flags & O_ACCMODE] | (flags & O_TRUNC ? 2u : 0);
}

static u32 walk_flags_of(u32 flags, u64 resolve)
{
    u32 w = flags & O_NOFOLLOW ? 0 : WALK_FOLLOW;

    if (flags & O_DIRECTORY)
        w |= WALK_DIRECTORY;
    if (resolve & RESOLVE_NO_MAGICLINKS)
        w |= WALK_NO_MAGICLINKS;
    if (resolve & RESOLVE_NO_SYMLINKS)
        w |= WALK_NO_SYMLINKS | WALK_NO_MAGICLINKS;
    if (resolve & RESOLVE_NO_XDEV)
        w |= WALK_NO_XDEV;
    if (resolve & RESOLVE_BENEATH)
        w |= WALK_BENEATH;
    if (resolve & RESOLVE_IN_ROOT)
        w |= WALK_IN_ROOT;
    return w;
}

static int opening_init(struct opening *o, u32 flags, u32 mode, u64 resolve)
{
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (flags & O_TMPFILE_BIT) {
        if (!(flags & O_DIRECTORY) || !(rwx_of(flags & O_ACCMODE) & 2) || (flags & O_CREAT))
            return -EINVAL;
    } else if ((flags & O_CREAT) && (flags & O_DIRECTORY)) {
        return -EINVAL;
    }
    o->flags = flags;
    o->mode = mode & 07777;
    o->walk_flags = walk_flags_of(flags, resolve);
    o->rwx = flags & O_PATH ? 0 : rwx_of(flags);
    return 0;
}

/* ---- permission ---- */

static int check_type(const struct opening *o, const struct mount *m, const struct vnode *v)
{
    switch (v->type) {
    case S_IFLNK:
        return -ELOOP;
    case S_IFDIR:
        return o->rwx & 2 || o->flags & O_CREAT ? -EISDIR : 0;
    case S_IFCHR:
    case S_IFBLK:
        return mount_flags(m) & MS_NODEV || v->fs->no_devices ? -EACCES : 0;
    case S_IFREG:
        return o->rwx & 2 ? mount_check_write(m) : 0;
    }
    return 0;
}

static int check_existing(const struct opening *o, const struct mount *m, const struct vnode *v)
{
    const struct cred *c = vfs_cred();
    int err;

    if (o->flags & O_PATH)
        return 0;
    err = check_type(o, m, v);
    if (!err)
        err = vnode_permission(v, o->rwx, c);
    if (!err && (o->flags & O_NOATIME) && c->fsuid != v->uid && !cred_has_cap(c, CAP_FOWNER))
        err = -EPERM;
    return err;
}

/* ---- from a vnode to a file ---- */

/* Count a writer of a regular file: -ETXTBSY, -EROFS. */
static int claim_write(struct file *f)
{
    struct vnode *v = f->vnode;
    int err = mount_want_write(f->mount);

    if (err)
        return err;
    __atomic_fetch_add(&v->writers, 1, __ATOMIC_SEQ_CST); /* pairs with claim_exec()        */
    if (likely(!__atomic_load_n(&v->execs, __ATOMIC_SEQ_CST)))
        return 0;
    __atomic_fetch_sub(&v->writers, 1, __ATOMIC_SEQ_CST);
    mount_drop_write(f->mount);
    return -ETXTBSY;
}

static int claim_exec(struct file *f)
{
    struct vnode *v = f->vnode;

    __atomic_fetch_add(&v->execs, 1, __ATOMIC_SEQ_CST); /* pairs with claim_write()         */
    if (likely(!__atomic_load_n(&v->writers, __ATOMIC_SEQ_CST))) {
        f->exec = true;
        return 0;
    }
    __atomic_fetch_sub(&v->execs, 1, __ATOMIC_SEQ_CST);
    return -ETXTBSY;
}

static int open_device(struct file *f)
{
    struct vnode *v = f->vnode;
    struct vattr a;
    int err;

    if (!dev_open_ops.open)
        return -ENXIO;
    err = vnode_getattr(v, &a);
    return err ? err : dev_open_ops.open(v, a.rdev_major, a.rdev_minor, f);
}

/* What opening means for this type of file; may sleep (FIFO). */
static int open_by_type(struct file *f, const struct opening *o)
{
    struct vnode *v = f->vnode;
    int err = 0;

    f->flags |= o->flags & O_NOCTTY;             /* for the time of the open                */
    if (v->ops->open)
        err = v->ops->open(v, f);
    else if (v->type == S_IFIFO)
        err = fifo_open(f);
    else if (v->type == S_IFCHR || v->type == S_IFBLK)
        err = open_device(f);
    else if (v->type == S_IFSOCK)
        err = -ENXIO;
    f->seekable = f->ops->seek;
    f->flags &= ~(u32)O_NOCTTY;
    return err;
}

static int open_finish(struct file *f, const struct opening *o, bool created)
{
    int err = 0;

    if (f->write_ok && f->vnode->type == S_IFREG)
        err = claim_write(f);
    if (err) {
        f->write_ok = false;                     /* nothing to give back at the close       */
        return err;
    }
    if (unlikely(f->vnode->ops->open || f->vnode->type != S_IFREG) && f->vnode->type != S_IFDIR)
        err = open_by_type(f, o);
    if (!err && (o->flags & O_TRUNC) && !created && f->vnode->type == S_IFREG)
        err = vfs_truncate(f->vnode, 0);
    if (!err && (o->flags & O_TRUNC) && !created)
        notify_file(f, IN_MODIFY);
    return err;
}

/* Those flags that fcntl(F_GETFL) shows. */
static u32 flags_to_keep(u32 flags)
{
    return flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
}

/* A file on what the walk stands on, whose references move to the file. */
static int file_from_walk(struct walk *w, const struct opening *o, bool created, struct file **ret)
{
    AUTO(file_putp)
    struct file *f = file_alloc(&vfs_file_ops, NULL, flags_to_keep(o->flags) | O_LARGEFILE);
    int err = 0;

    if (!f)
        return -ENOMEM;
    f->vnode = TAKE(w->vnode);
    f->mount = TAKE(w->mount);
    f->dir = TAKE(w->dir);
    f->no_notify = true;
    if (f->dir)
        err = file_name_set(&f->name, w->last);
    if (err || (o->flags & O_PATH)) {
        f->path_only = true;
        f->read_ok = f->write_ok = false;
    } else {
        err = open_finish(f, o, created);
    }
    if (err)
        return err;
    f->no_notify = false;
    if (!f->path_only)
        notify_file(f, IN_OPEN);
    *ret = TAKE(f);
    return 0;
}

/* /proc/self/fd/N of something that is not in a file system. */
static int file_reopen(struct file *via, const struct opening *o, struct file **ret)
{
    if (o->flags & O_PATH) {
        *ret = file_get(via);
        return 0;
    }
    if (!via->ops->reopen)
        return -ENXIO;
    return via->ops->reopen(via, flags_to_keep(o->flags), ret);
}

static int open_found(struct walk *w, const struct opening *o, struct file **ret)
{
    int err;

    if (unlikely(w->via)) {
        if (!w->vnode || w->via->ops->reopen)
            return file_reopen(w->via, o, ret);
        if (!w->dir && w->via->dir) {            /* keep the name it was opened by          */
            w->dir = vnode_get(w->via->dir);
            w->last = file_name_get(w->via);
        }
    }
    err = check_existing(o, w->mount, w->vnode);
    return err ? err : file_from_walk(w, o, false, ret);
}

/* ---- the ways to get there ---- */

static int open_existing(int dirfd, const char *path, const struct opening *o, struct file **ret)
{
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, o->walk_flags);
    err = walk_find_held(&w);
    return err ? err : open_found(&w, o, ret);
}

static int create_regular(struct walk *w, const struct opening *o)
{
    struct vattr a = { .mode = S_IFREG | (o->mode & ~fsctx_self_umask()) };
    struct vnode *v;
    int err = entry_create(w->mount, w->vnode, w->last, &a, &v);

    if (err)
        return err;
    vnode_put(w->dir);
    w->dir = w->vnode;                           /* the reference moves along               */
    w->vnode = v;
    return 0;
}

/* One look at the last component, which is made if it is missing: 0, an error, or 1: once more (it
 * was a link, or somebody made it at the same time). */
static int open_create_step(struct walk *w, const struct opening *o, bool *ret_created)
{
    int err;

    if (w->via)
        return o->flags & O_EXCL ? -EEXIST : 0;
    if (w->last_is != LAST_NAME)
        return o->flags & O_EXCL ? -EEXIST : -EISDIR;
    if (w->trailing)
        return -EISDIR;
    err = walk_last_step(w, !(o->flags & (O_EXCL | O_NOFOLLOW)));
    if (!err && (o->flags & O_EXCL))
        return -EEXIST;
    if (err != -ENOENT)
        return err;
    err = create_regular(w, o);
    *ret_created = !err;
    return err == -EEXIST && !(o->flags & O_EXCL) ? 1 : err;
}

static int open_create(int dirfd, const char *path, const struct opening *o, struct file **ret)
{
    WALK_AUTO struct walk w;
    bool created = false;
    int err;

    walk_init(&w, dirfd, path, o->walk_flags);
    err = walk_find_parent(&w);
    if (err)
        return err;
    do
        err = open_create_step(&w, o, &created);
    while (err == 1);
    if (err)
        return err;
    return created ? file_from_walk(&w, o, true, ret) : open_found(&w, o, ret);
}

static int open_tmpfile(int dirfd, const char *path, const struct opening *o, struct file **ret)
{
    struct vattr a = { .mode = S_IFREG | (o->mode & ~fsctx_self_umask()) };
    WALK_AUTO struct walk w;
    struct vnode *v;
    int err;

    walk_init(&w, dirfd, path, o->walk_flags);
    err = walk_find_held(&w);
    if (err)
        return err;
    err = entry_create_nameless(w.mount, w.vnode, &a, o->flags & O_EXCL, &v);
    if (err)
        return err;
    vnode_put(w.dir);
    w.dir = NULL;
    vnode_put(w.vnode);
    w.vnode = v;
    return file_from_walk(&w, o, true, ret);
}

int vfs_openat(int dirfd, const char *path, u32 flags, u32 mode, u64 resolve, struct file **ret)
{
    struct opening o;
    int err = opening_init(&o, flags, mode, resolve);

    if (err)
        return err;
    if (o.flags & O_TMPFILE_BIT)
        return open_tmpfile(dirfd, path, &o, ret);
    if (o.flags & O_CREAT)
        return open_create(dirfd, path, &o, ret);
    return open_existing(dirfd, path, &o, ret);
}

int vfs_open_entry(const struct place *dir, struct name name, struct vnode *v, u32 flags,
                   struct file **ret)
{
    struct opening o;
    WALK_AUTO struct walk w;
    int err = opening_init(&o, flags, 0, 0);

    walk_init(&w, AT_FDCWD, "", o.walk_flags);
    if (err)
        return err;
    w.state = WALK_COUNTED;                      /* as if it had come there                 */
    w.mount = mount_get(dir->mount);
    w.dir = vnode_get(dir->vnode);
    w.vnode = vnode_get(v);
    w.last = name;
    return open_found(&w, &o, ret);
}

/* ---- execution ---- */

static int check_exec(const struct walk *w)
{
    if (!w->vnode || w->vnode->type != S_IFREG)
        return w->vnode && w->vnode->type == S_IFLNK ? -ELOOP : -EACCES;
    if (mount_flags(w->mount) & MS_NOEXEC)
        return -EACCES;
    return vnode_permission(w->vnode, 1, vfs_cred());
}

int vfs_open_exec(int dirfd, const char *path, u32 walk_flags, struct file **ret)
{
    struct opening o = { .flags = O_RDONLY };
    AUTO(file_putp) struct file *f = NULL;
    WALK_AUTO struct walk w;
    int err;

    walk_init(&w, dirfd, path, walk_flags);
    err = walk_find_held(&w);
    if (!err)
        err = check_exec(&w);
    if (err)
        return err;
    if (w.via && w.via->dir && !w.dir) {
        w.dir = vnode_get(w.via->dir);
        w.last = file_name_get(w.via);
    }
    err = file_from_walk(&w, &o, false, &f);
    if (!err)
        err = claim_exec(f);
    if (err)
        return err;
    *ret = TAKE(f);
    return 0;
}
