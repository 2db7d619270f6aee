/* SPDX-License-Identifier: MIT */
/* Names: making, removing, renaming and listing them; the working directory. */
#include "abi/linux/capability.h"
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/dirents.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"

/* ---- making ---- */

static long create_at(int dirfd, uptr path, const struct vattr *attr)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    return err ? err : vfs_createat(dirfd, p.str, attr, NULL);
}

static long make_dir(int dirfd, uptr path, u32 mode)
{
    struct vattr a = { .mode = S_IFDIR | (mode & 01777) };

    return create_at(dirfd, path, &a);
}

long sys_mkdir(struct thread *self, uptr path, u32 mode)
{
    (void)self;
    return make_dir(AT_FDCWD, path, mode);
}

long sys_mkdirat(struct thread *self, int dirfd, uptr path, u32 mode)
{
    (void)self;
    return make_dir(dirfd, path, mode);
}

static int node_check_type(struct thread *self, u32 type)
{
    switch (type) {
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        return 0;
    case S_IFCHR:
    case S_IFBLK:
        return cred_has_cap(self->cred, CAP_MKNOD) ? 0 : -EPERM;
    case S_IFDIR:
        return -EPERM;
    }
    return -EINVAL;
}

static long make_node(struct thread *self, int dirfd, uptr path, u32 mode, u32 dev)
{
    u32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    struct vattr a = { .mode = type | (mode & 07777) };
    int err = node_check_type(self, type);

    if (err)
        return err;
    if (type == S_IFCHR || type == S_IFBLK) {
        a.rdev_major = dev >> 8 & 0xfff;
        a.rdev_minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
    }
    return create_at(dirfd, path, &a);
}

long sys_mknod(struct thread *self, uptr path, u32 mode, u32 dev)
{
    return make_node(self, AT_FDCWD, path, mode, dev);
}

long sys_mknodat(struct thread *self, int dirfd, uptr path, u32 mode, u32 dev)
{
    return make_node(self, dirfd, path, mode, dev);
}

static long make_symlink(uptr target, int dirfd, uptr path)
{
    PATH_BUF_AUTO struct path_buf t = { 0 };
    struct vattr a = { .mode = S_IFLNK | 0777 };
    int err = path_buf_init(&t, target);

    if (err)
        return err;
    if (!*t.str)
        return -ENOENT;
    a.link = t.str;
    return create_at(dirfd, path, &a);
}

long sys_symlink(struct thread *self, uptr target, uptr path)
{
    (void)self;
    return make_symlink(target, AT_FDCWD, path);
}

long sys_symlinkat(struct thread *self, uptr target, int dirfd, uptr path)
{
    (void)self;
    return make_symlink(target, dirfd, path);
}

/* Two paths of a call. */
struct path_pair {
    struct path_buf a, b;
};

static int path_pair_init(struct path_pair *p, uptr a, uptr b)
{
    int err;

    p->a.str = p->b.str = NULL;
    err = path_buf_init(&p->a, a);
    return err ? err : path_buf_init(&p->b, b);
}

static void path_pair_fini(struct path_pair *p)
{
    path_buf_fini(&p->a);
    path_buf_fini(&p->b);
}

static long make_link(int from_dirfd, uptr from, int to_dirfd, uptr to, int flags)
{
    AUTO(path_pair_fini) struct path_pair p;
    int err;

    p.a.str = p.b.str = NULL;
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = path_pair_init(&p, from, to);
    return err ? err : vfs_linkat(from_dirfd, p.a.str, to_dirfd, p.b.str, (u32)flags);
}

long sys_link(struct thread *self, uptr from, uptr to)
{
    (void)self;
    return make_link(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_linkat(struct thread *self, int from_dirfd, uptr from, int to_dirfd, uptr to, int flags)
{
    (void)self;
    return make_link(from_dirfd, from, to_dirfd, to, flags);
}

/* ---- removing and renaming ---- */

static long unlink_at(int dirfd, uptr path, int flags)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    if (!err)
        err = vfs_unlinkat(dirfd, p.str, (u32)flags);
    epoch_reclaim();
    return err;
}

long sys_unlink(struct thread *self, uptr path)
{
    (void)self;
    return unlink_at(AT_FDCWD, path, 0);
}

long sys_rmdir(struct thread *self, uptr path)
{
    (void)self;
    return unlink_at(AT_FDCWD, path, AT_REMOVEDIR);
}

long sys_unlinkat(struct thread *self, int dirfd, uptr path, int flags)
{
    (void)self;
    if (flags_unknown(KIND_UNLINKAT, (u32)flags))
        return -EINVAL;
    return unlink_at(dirfd, path, flags);
}

static long rename_at(int from_dirfd, uptr from, int to_dirfd, uptr to, u32 flags)
{
    AUTO(path_pair_fini) struct path_pair p;
    int err = path_pair_init(&p, from, to);

    if (!err)
        err = vfs_renameat(from_dirfd, p.a.str, to_dirfd, p.b.str, flags);
    epoch_reclaim();
    return err;
}

long sys_rename(struct thread *self, uptr from, uptr to)
{
    (void)self;
    return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_renameat(struct thread *self, int from_dirfd, uptr from, int to_dirfd, uptr to)
{
    (void)self;
    return rename_at(from_dirfd, from, to_dirfd, to, 0);
}

long sys_renameat2(struct thread *self, int from_dirfd, uptr from, int to_dirfd, uptr to, u32 flags)
{
    (void)self;
    if (flags_unknown(KIND_RENAME, flags))
        return -EINVAL;
    return rename_at(from_dirfd, from, to_dirfd, to, flags);
}

/* ---- reading links and directories ---- */

static long read_link(int dirfd, uptr path, uptr buf, size_t size)
{
    PATH_BUF_AUTO struct path_buf p = { 0 };
    AUTO(kfreep) char *text = NULL;
    struct strbuf s;
    int err;

    if ((int)size <= 0)
        return -EINVAL;
    err = path_buf_init(&p, path);
    if (err)
        return err;
    strbuf_init_growing(&s, krealloc);
    err = vfs_readlinkat(dirfd, p.str, &s);
    text = s.buf;
    if (!err && s.cut)
        err = -ENOMEM;
    if (err)
        return err;
    size = min_size(size, s.len);
    err = copy_out(buf, s.buf, size);
    return err ? err : (long)size;
}

long sys_readlink(struct thread *self, uptr path, uptr buf, size_t size)
{
    (void)self;
    return read_link(AT_FDCWD, path, buf, size);
}

long sys_readlinkat(struct thread *self, int dirfd, uptr path, uptr buf, size_t size)
{
    (void)self;
    return read_link(dirfd, path, buf, size);
}

static long get_entries(struct thread *self, int fd, uptr buf, u32 count, enum dirents_form form)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    AUTO(kfreep) u8 *records = NULL;
    ssize_t len;
    u64 was;
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    count = (u32)min_size(count, PAGE_SIZE);     /* a page at a time: nothing stays locked long */
    records = kalloc(PAGE_SIZE);
    if (!records)
        return -ENOMEM;
    was = r.file->pos;
    len = dirents_read(r.file, form, records, count);
    if (len <= 0)
        return len;
    err = copy_out(buf, records, (size_t)len);
    if (!err)
        return len;
    r.file->pos = was;                           /* the entries come again                  */
    return err;
}

long sys_getdents(struct thread *self, int fd, uptr buf, u32 count)
{
    return get_entries(self, fd, buf, count, DIRENTS_OLD);
}

long sys_getdents64(struct thread *self, int fd, uptr buf, u32 count)
{
    return get_entries(self, fd, buf, count, DIRENTS_64);
}

/* ---- where we are ---- */

long sys_getcwd(struct thread *self, uptr buf, size_t size)
{
    AUTO(kfreep) char *path = kalloc(KPATH_MAX + 32);
    struct strbuf s;
    struct place cwd;
    int err;

    if (!path)
        return -ENOMEM;
    strbuf_init(&s, path, KPATH_MAX + 32);
    fsctx_cwd(self->fs, &cwd);
    err = cwd.vnode->removed ? -ENOENT : place_path(&cwd, &s);
    place_put(&cwd);
    if (err)
        return err;
    if (s.len + 1 > size)
        return -ERANGE;
    err = copy_out(buf, path, s.len + 1);
    return err ? err : (long)s.len + 1;
}

static int enter_directory(struct thread *self, const struct place *p,
                           int (*set)(struct fsctx *fs, const struct place *p))
{
    int err = vnode_permission(p->vnode, 1, self->cred);

    return err ? err : set(self->fs, p);
}

static long enter_path(struct thread *self, uptr path,
                       int (*set)(struct fsctx *fs, const struct place *p))
{
    PATH_BUF_AUTO struct path_buf p;
    struct place at;
    int err = path_buf_init(&p, path);

    if (!err)
        err = path_walk(AT_FDCWD, p.str, WALK_FOLLOW | WALK_DIRECTORY, &at);
    if (err)
        return err;
    err = enter_directory(self, &at, set);
    place_put(&at);
    epoch_reclaim();
    return err;
}

long sys_chdir(struct thread *self, uptr path)
{
    return enter_path(self, path, fsctx_set_cwd);
}

static int enter_root(struct fsctx *fs, const struct place *p)
{
    return cred_has_cap(vfs_cred(), CAP_SYS_CHROOT) ? fsctx_set_root(fs, p) : -EPERM;
}

long sys_chroot(struct thread *self, uptr path)
{
    return enter_path(self, path, enter_root);
}

long sys_fchdir(struct thread *self, int fd)
{
    AUTO(file_putp) struct file *f = NULL;
    struct place p;
    int err = fd_get_path(self->fds, fd, &f);    /* fchdir(2) works with O_PATH             */

    if (err)
        return err;
    if (!f->vnode || f->vnode->type != S_IFDIR)
        return -ENOTDIR;
    p = (struct place){ f->mount, f->vnode };
    err = enter_directory(self, &p, fsctx_set_cwd);
    epoch_reclaim();
    return err;
}
