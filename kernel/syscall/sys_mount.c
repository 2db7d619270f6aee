/* SPDX-License-Identifier: MIT */
/* mount(2), umount2(2). */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

enum { MS_MGC = 0xc0ed };                        /* old programs put it in the upper half   */

/* The strings of a mount(2). */
struct mount_call {
    char *source, *target, *type, *data;         /* owned; NULL where the caller has none   */
    u64 flags;
};

static void mount_call_fini(struct mount_call *c)
{
    kfree(c->source);
    kfree(c->target);
    kfree(c->type);
    kfree(c->data);
}

static int string_in(uptr src, char **ret)
{
    return src.addr ? path_copy_in(src, ret) : 0;
}

static int mount_call_init(struct mount_call *c, uptr source, uptr target, uptr type, uptr data)
{
    int err = string_in(source, &c->source);

    if (!err)
        err = target.addr ? string_in(target, &c->target) : -EFAULT;
    if (!err)
        err = string_in(type, &c->type);
    if (!err)
        err = string_in(data, &c->data);
    return err;
}

static int bind(const struct mount_call *c, const struct place *at)
{
    struct place from;
    int err;

    if (!c->source || !*c->source)
        return -EINVAL;
    err = path_walk(AT_FDCWD, c->source, WALK_FOLLOW, &from);
    if (err)
        return err;
    if (c->flags & MS_MOVE)
        err = vfs_move_mount(&from, at);
    else
        err = vfs_bind(&from, at, c->flags & MS_REC);
    place_put(&from);
    return err;
}

static int mount_new(const struct mount_call *c, const struct place *at)
{
    const struct fs_type *type = c->type ? fs_type_find(c->type) : NULL;
    struct mount_args args = {
        .source = c->source,
        .flags = (u32)c->flags & MOUNT_FLAGS,
        .options = c->data,
    };

    if (!type)
        return c->type ? -ENODEV : -EINVAL;
    return vfs_mount(type, &args, at);
}

/* One of the things that mount(2) does, in its order of precedence. */
static int mount_do(const struct mount_call *c, const struct place *at)
{
    if (c->flags & MS_REMOUNT)
        return vfs_remount(at, (u32)c->flags);
    if (c->flags & (MS_BIND | MS_MOVE))
        return bind(c, at);
    if (c->flags & MS_PRIVATE)                   /* what every mount here is                */
        return at->vnode == at->mount->root ? 0 : -EINVAL;
    return mount_new(c, at);
}

long sys_mount(struct thread *self, uptr source, uptr target, uptr fstype, u64 flags, uptr data)
{
    AUTO(mount_call_fini) struct mount_call c = { .flags = flags };
    struct place at;
    int err;

    if (flags >> 16 == MS_MGC)
        c.flags &= 0xffff;
    if (flags_unknown(KIND_MOUNT, c.flags & ~(u64)MS_MOVE))
        return -EINVAL;
    err = mount_call_init(&c, source, target, fstype, data);
    if (!err && !cred_has_cap(self->cred, CAP_SYS_ADMIN))
        err = -EPERM;
    if (!err)
        err = path_walk(AT_FDCWD, c.target, WALK_FOLLOW, &at);
    if (err)
        return err;
    err = mount_do(&c, &at);
    place_put(&at);
    return err;
}

/* Nothing is marked for expiry, so MNT_EXPIRE only finds mounts busy or not: refused. */
long sys_umount2(struct thread *self, uptr target, int flags)
{
    PATH_BUF_AUTO struct path_buf p = { 0 };
    struct place at;
    int err;

    if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    err = path_buf_init(&p, target);
    if (!err && !cred_has_cap(self->cred, CAP_SYS_ADMIN))
        err = -EPERM;
    if (!err)
        err = path_walk(AT_FDCWD, p.str, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &at);
    if (err)
        return err;
    epoch_drain();                               /* a directory just left is no use of it   */
    err = vfs_umount(&at, flags & MNT_DETACH ? UMOUNT_DETACH : UMOUNT_PLAIN);
    place_put(&at);
    epoch_drain();                               /* so that the file system goes now        */
    return err;
}
