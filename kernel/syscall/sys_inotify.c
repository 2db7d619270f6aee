/* SPDX-License-Identifier: MIT */
/* inotify(7). */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/path.h"

static long new_inotify(struct thread *self, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = inotify_open(flags, &f);

    return err ? err : fd_install(self->fds, f, flags);
}

long sys_inotify_init(struct thread *self)
{
    return new_inotify(self, 0);
}

long sys_inotify_init1(struct thread *self, int flags)
{
    return new_inotify(self, (u32)flags);
}

/* inotify_add_watch(2): what is watched must be readable. */
static long watch_path(struct file *f, const char *path, u32 mask)
{
    u32 flags =
        (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) | (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
    struct place at;
    long wd = path_walk(AT_FDCWD, path, flags, &at);

    if (wd)
        return wd;
    wd = vnode_permission(at.vnode, 4, vfs_cred());
    if (!wd)
        wd = inotify_add(f, at.vnode, mask);
    place_put(&at);
    return wd;
}

long sys_inotify_add_watch(struct thread *self, int fd, uptr path, u32 mask)
{
    PATH_BUF_AUTO struct path_buf p = { 0 };
    FD_REF_AUTO struct fd_ref r = { 0 };
    u32 known = IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR |
                IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR |
                IN_ONESHOT;
    int err;

    if (!(mask & known) || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
        return -EINVAL;
    err = fd_borrow(self->fds, fd, &r);
    if (!err && !file_is_inotify(r.file))
        err = -EINVAL;
    if (!err)
        err = path_buf_init(&p, path);
    return err ? err : watch_path(r.file, p.str, mask);
}

long sys_inotify_rm_watch(struct thread *self, int fd, int wd)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    return file_is_inotify(r.file) ? inotify_remove(r.file, wd) : -EINVAL;
}
