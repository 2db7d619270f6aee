/* SPDX-License-Identifier: MIT */
/* xattr(7): four calls, each by path, by path without following a last link, and by descriptor. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/xattr.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/xattr.h"

/* The arguments of any of them. */
struct xattr_call {
    uptr name, value;
    size_t size;
    int flags;
};
typedef long xattr_op(const struct place *p, const struct xattr_call *c);

static int name_in(char name[XATTR_NAME_MAX + 1], uptr src)
{
    ssize_t len = copy_in_str(name, src, XATTR_NAME_MAX + 1);

    if (len == -ENAMETOOLONG || len == 0)
        return -ERANGE;
    return len < 0 ? (int)len : 0;
}

static long do_set(const struct place *p, const struct xattr_call *c)
{
    enum xattr_how how = c->flags == XATTR_CREATE    ? XATTR_HOW_CREATE
                         : c->flags == XATTR_REPLACE ? XATTR_HOW_REPLACE
                                                     : XATTR_HOW_ANY;
    AUTO(kfreep) void *value = NULL;
    char name[XATTR_NAME_MAX + 1];
    int err;

    if (flags_unknown(KIND_XATTR, (u32)c->flags) || c->flags == (XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    err = name_in(name, c->name);
    if (!err && c->size > XATTR_SIZE_MAX)
        err = -E2BIG;
    if (err)
        return err;
    value = kalloc(c->size + 1);
    if (!value)
        return -ENOMEM;
    err = copy_in(value, c->value, c->size);
    return err ? err : vfs_setxattr(p->mount, p->vnode, name, value, c->size, how);
}

static long do_get(const struct place *p, const struct xattr_call *c)
{
    size_t size = min_size(c->size, XATTR_SIZE_MAX);
    AUTO(kfreep) void *value = NULL;
    char name[XATTR_NAME_MAX + 1];
    long n = name_in(name, c->name);

    if (n)
        return n;
    value = kalloc(size + 1);
    if (!value)
        return -ENOMEM;
    n = vfs_getxattr(p->vnode, name, value, size);
    if (n > 0 && size && copy_out(c->value, value, (size_t)n))
        return -EFAULT;
    return n;
}

static long do_list(const struct place *p, const struct xattr_call *c)
{
    size_t size = min_size(c->size, XATTR_LIST_MAX);
    AUTO(kfreep) char *list = kalloc(size + 1);
    long n;

    if (!list)
        return -ENOMEM;
    n = vfs_listxattr(p->vnode, list, size);
    if (n > 0 && size && copy_out(c->value, list, (size_t)n))
        return -EFAULT;
    return n;
}

static long do_remove(const struct place *p, const struct xattr_call *c)
{
    char name[XATTR_NAME_MAX + 1];
    int err = name_in(name, c->name);

    return err ? err : vfs_setxattr(p->mount, p->vnode, name, NULL, 0, XATTR_HOW_REMOVE);
}

static long by_path(uptr path, u32 flags, const struct xattr_call *c, xattr_op *op)
{
    AUTO(kfreep) char *str = NULL;
    struct place p;
    long n = path_copy_in(path, &str);

    if (!n)
        n = path_walk(AT_FDCWD, str, flags, &p);
    if (n)
        return n;
    n = op(&p, c);
    place_put(&p);
    return n;
}

static long by_fd(struct thread *self, int fd, const struct xattr_call *c, xattr_op *op)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    struct place p;
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    if (!r.file->vnode)
        return -EOPNOTSUPP;
    p = (struct place){ r.file->mount, r.file->vnode };
    return op(&p, c);
}

long sys_setxattr(struct thread *self, uptr path, uptr attr, uptr value, size_t size, int flags)
{
    struct xattr_call c = { attr, value, size, flags };

    (void)self;
    return by_path(path, WALK_FOLLOW, &c, do_set);
}

long sys_lsetxattr(struct thread *self, uptr path, uptr attr, uptr value, size_t size, int flags)
{
    struct xattr_call c = { attr, value, size, flags };

    (void)self;
    return by_path(path, 0, &c, do_set);
}

long sys_fsetxattr(struct thread *self, int fd, uptr attr, uptr value, size_t size, int flags)
{
    struct xattr_call c = { attr, value, size, flags };

    return by_fd(self, fd, &c, do_set);
}

long sys_getxattr(struct thread *self, uptr path, uptr attr, uptr value, size_t size)
{
    struct xattr_call c = { attr, value, size, 0 };

    (void)self;
    return by_path(path, WALK_FOLLOW, &c, do_get);
}

long sys_lgetxattr(struct thread *self, uptr path, uptr attr, uptr value, size_t size)
{
    struct xattr_call c = { attr, value, size, 0 };

    (void)self;
    return by_path(path, 0, &c, do_get);
}

long sys_fgetxattr(struct thread *self, int fd, uptr attr, uptr value, size_t size)
{
    struct xattr_call c = { attr, value, size, 0 };

    return by_fd(self, fd, &c, do_get);
}

long sys_listxattr(struct thread *self, uptr path, uptr list, size_t size)
{
    struct xattr_call c = { .value = list, .size = size };

    (void)self;
    return by_path(path, WALK_FOLLOW, &c, do_list);
}

long sys_llistxattr(struct thread *self, uptr path, uptr list, size_t size)
{
    struct xattr_call c = { .value = list, .size = size };

    (void)self;
    return by_path(path, 0, &c, do_list);
}

long sys_flistxattr(struct thread *self, int fd, uptr list, size_t size)
{
    struct xattr_call c = { .value = list, .size = size };

    return by_fd(self, fd, &c, do_list);
}

long sys_removexattr(struct thread *self, uptr path, uptr attr)
{
    struct xattr_call c = { .name = attr };

    (void)self;
    return by_path(path, WALK_FOLLOW, &c, do_remove);
}

long sys_lremovexattr(struct thread *self, uptr path, uptr attr)
{
    struct xattr_call c = { .name = attr };

    (void)self;
    return by_path(path, 0, &c, do_remove);
}

long sys_fremovexattr(struct thread *self, int fd, uptr attr)
{
    struct xattr_call c = { .name = attr };

    return by_fd(self, fd, &c, do_remove);
}
