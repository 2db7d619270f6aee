/* SPDX-License-Identifier: MIT */
/* Descriptors: dup, fcntl, ioctl, close_range, pipes, locks. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/lock.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/pipe.h"

/* ---- dup ---- */

static long dup_from(struct thread *self, int fd, u32 min, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = fd_get_path(self->fds, fd, &f);

    return err ? err : fd_install_from(self->fds, f, flags, min);
}

static long dup_at(struct thread *self, int fd, int newfd, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = fd_get_path(self->fds, fd, &f);

    return err ? err : fd_install_at(self->fds, f, flags, newfd);
}

long sys_dup(struct thread *self, int fd)
{
    return dup_from(self, fd, 0, 0);
}

long sys_dup2(struct thread *self, int fd, int newfd)
{
    if (fd == newfd)
        return fd_flags_get(self->fds, fd) < 0 ? -EBADF : fd;
    return dup_at(self, fd, newfd, 0);
}

long sys_dup3(struct thread *self, int fd, int newfd, int flags)
{
    if (flags & ~O_CLOEXEC || fd == newfd)
        return -EINVAL;
    return dup_at(self, fd, newfd, (u32)flags);
}

/* CLOSE_RANGE_UNSHARE: from here on the caller has a table of its own. */
static int unshare_table(struct thread *self)
{
    struct fdtable *shared = self->fds, *own;
    int err;

    if (!fdtable_is_shared(shared))
        return 0;
    err = fdtable_copy(shared, &own);
    if (err)
        return err;
    self->fds = own;
    fdtable_put(shared);
    return 0;
}

long sys_close_range(struct thread *self, u32 first, u32 last, u32 flags)
{
    int err;

    if (flags_unknown(KIND_CLOSE_RANGE, flags) || first > last)
        return -EINVAL;
    err = flags & CLOSE_RANGE_UNSHARE ? unshare_table(self) : 0;
    if (!err)
        err = fd_close_range(self->fds, first, last, flags & CLOSE_RANGE_CLOEXEC);
    epoch_reclaim();
    return err;
}

/* ---- pipes ---- */

static long make_pipe(struct thread *self, uptr fds, int flags)
{
    AUTO(file_putp) struct file *r = NULL, *w = NULL;
    int pair[2];
    int err;

    if (flags_unknown(KIND_PIPE2, (u32)flags))
        return -EINVAL;
    err = pipe_open((u32)flags, &r, &w);
    if (!err)
        err = fd_install_two(self->fds, r, w, (u32)flags, pair);
    if (err)
        return err;
    err = copy_out(fds, pair, sizeof(pair));
    if (err) {
        (void)fd_close(self->fds, pair[0]);      /* nobody has learnt their numbers         */
        (void)fd_close(self->fds, pair[1]);
    }
    return err;
}

long sys_pipe(struct thread *self, uptr fds)
{
    return make_pipe(self, fds, 0);
}

long sys_pipe2(struct thread *self, uptr fds, int flags)
{
    return make_pipe(self, fds, flags);
}

/* ---- locks ---- */

long sys_flock(struct thread *self, int fd, u32 operation)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    return err ? err : file_flock(r.file, operation);
}

static long get_lock(struct thread *self, struct file *f, bool ofd, uptr arg)
{
    struct flock l;
    int err = copy_in_struct(&l, arg);

    if (!err)
        err = file_lock_get(f, self->fds, ofd, &l);
    return err ? err : copy_out_struct(arg, &l);
}

/* Another thread may have closed fd while we waited: then nobody would ever drop the lock. */
static void drop_lock_if_closed(struct thread *self, struct file *f, int fd)
{
    AUTO(file_putp) struct file *now = NULL;

    if (fdtable_is_shared(self->fds) && (fd_get(self->fds, fd, &now) || now != f))
        file_locks_drop_owner(f->vnode, self->fds);
}

static long set_lock(struct thread *self, struct file *f, int fd, u32 cmd, uptr arg)
{
    bool ofd = cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
    struct flock l;
    int err = copy_in_struct(&l, arg);

    if (!err)
        err = file_lock_set(f, self->fds, ofd, &l, cmd == F_SETLKW || cmd == F_OFD_SETLKW);
    if (!err && !ofd && l.l_type != F_UNLCK)
        drop_lock_if_closed(self, f, fd);
    return err;
}

/* ---- who is told by SIGIO ---- */

/* pid 0: nobody any more. */
static long set_owner_to(struct file *f, u32 type, s32 pid)
{
    int err = pid && file_signal_ops.owner_check ? file_signal_ops.owner_check(type, pid) : 0;

    if (err)
        return err;
    f->owner_type = type;
    f->owner_pid = pid;
    return 0;
}

static long set_owner(struct file *f, int who)
{
    if (who == INT32_MIN)
        return -EINVAL;
    return set_owner_to(f, who < 0 ? F_OWNER_PGRP : F_OWNER_PID, who < 0 ? -who : who);
}

static long get_owner(const struct file *f)
{
    return f->owner_type == F_OWNER_PGRP ? -f->owner_pid : f->owner_pid;
}

static long set_owner_ex(struct file *f, uptr arg)
{
    struct f_owner_ex o;
    int err = copy_in_struct(&o, arg);

    if (err)
        return err;
    if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
        return -EINVAL;
    return o.pid < 0 ? -ESRCH : set_owner_to(f, (u32)o.type, o.pid);
}

static long get_owner_ex(const struct file *f, uptr arg)
{
    struct f_owner_ex o = { .type = (int)f->owner_type, .pid = f->owner_pid };

    return copy_out_struct(arg, &o);
}

static long set_signal(struct file *f, u64 sig)
{
    if (sig > 64)
        return -EINVAL;
    f->owner_sig = (int)sig;
    return 0;
}

static long set_flags(struct file *f, int fd, u32 mask, u32 flags)
{
    if (flags & mask & O_ASYNC)
        f->owner_fd = fd;
    return file_set_flags(f, mask, flags);
}

/* ---- fcntl ---- */

/* What fcntl(2) does with a descriptor, or with a file that was opened with O_PATH: -EBADF if cmd is
 * nothing of that. */
static long fcntl_descriptor(struct thread *self, int fd, u32 cmd, u64 arg)
{
    AUTO(file_putp) struct file *f = NULL;
    int err;

    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (fd_flags_get(self->fds, fd) < 0)
            return -EBADF;
        if (arg >= fd_limit_ops.limit())
            return -EINVAL;
        return dup_from(self, fd, (u32)arg, cmd == F_DUPFD_CLOEXEC ? O_CLOEXEC : 0);
    case F_GETFD:
        return fd_flags_get(self->fds, fd);
    case F_SETFD:
        return fd_flags_set(self->fds, fd, (u32)arg);
    case F_GETFL:
        err = fd_get_path(self->fds, fd, &f);
        return err ? err : (long)f->flags;
    }
    return -EBADF;
}

/* Long because it is one line per command. */
static long fcntl_file(struct thread *self, struct file *f, int fd, u32 cmd, u64 arg)
{
    switch (cmd) {
    case F_SETFL:
        return set_flags(f, fd, UINT32_MAX, (u32)arg);
    case F_GETLK:
    case F_OFD_GETLK:
        return get_lock(self, f, cmd == F_OFD_GETLK, UPTR(arg));
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return set_lock(self, f, fd, cmd, UPTR(arg));
    case F_SETOWN:
        return set_owner(f, (int)arg);
    case F_GETOWN:
        return get_owner(f);
    case F_SETOWN_EX:
        return set_owner_ex(f, UPTR(arg));
    case F_GETOWN_EX:
        return get_owner_ex(f, UPTR(arg));
    case F_SETSIG:
        return set_signal(f, arg);
    case F_GETSIG:
        return f->owner_sig;
    case F_GETPIPE_SZ:
        return pipe_size(f);
    case F_SETPIPE_SZ:
        return pipe_set_size(f, arg);
    case F_ADD_SEALS:
        return file_add_seals(f, (u32)arg);
    case F_GET_SEALS:
        return file_seals(f);
    }
    return -EINVAL;                              /* leases, notification by signal, hints   */
}

long sys_fcntl(struct thread *self, int fd, u32 cmd, u64 arg)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err;

    if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD ||
        cmd == F_GETFL)
        return fcntl_descriptor(self, fd, cmd, arg);
    err = fd_borrow(self->fds, fd, &r);
    return err ? err : fcntl_file(self, r.file, fd, cmd, arg);
}

/* ---- ioctl ---- */

static long ioctl_flag(struct file *f, int fd, u32 flag, u64 arg)
{
    int on;
    int err = copy_in_struct(&on, UPTR(arg));

    return err ? err : set_flags(f, fd, flag, on ? flag : 0);
}

/* FIONREAD of a regular file: what lies between its position and its end. */
static long ioctl_left(struct file *f, u64 arg)
{
    struct vattr a;
    int left = 0;
    int err = vnode_getattr(f->vnode, &a);

    if (err)
        return err;
    if (a.size > f->pos)
        left = (int)min_u64(a.size - f->pos, INT32_MAX);
    return copy_out_struct(UPTR(arg), &left);
}

static long ioctl_size(struct file *f, u64 arg)
{
    struct vattr a;
    s64 size;
    int err = f->vnode && f->vnode->type != S_IFCHR ? vnode_getattr(f->vnode, &a) : -ENOTTY;

    if (err)
        return err;
    size = (s64)a.size;
    return copy_out_struct(UPTR(arg), &size);
}

long sys_ioctl(struct thread *self, int fd, u32 request, u64 arg)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    switch (request) {
    case FIOCLEX:
        return fd_flags_set(self->fds, fd, FD_CLOEXEC);
    case FIONCLEX:
        return fd_flags_set(self->fds, fd, 0);
    case FIONBIO:
        return ioctl_flag(r.file, fd, O_NONBLOCK, arg);
    case FIOASYNC:
        return ioctl_flag(r.file, fd, O_ASYNC, arg);
    case FIOQSIZE:
        return ioctl_size(r.file, arg);
    case FIONREAD:
        if (r.file->vnode && r.file->vnode->type == S_IFREG && !r.file->ops->ioctl)
            return ioctl_left(r.file, arg);
    }
    return r.file->ops->ioctl ? r.file->ops->ioctl(r.file, request, arg) : -ENOTTY;
}
