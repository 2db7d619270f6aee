/* SPDX-License-Identifier: MIT */
/*
 * Files: opening, reading, writing, positions, sizes, syncing.
 *
 * Descriptors are borrowed for the length of a call (fd_borrow), so that a thread that is alone in its
 * process touches no reference counts.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

#define IOV_VEC_AUTO __attribute__((cleanup(iov_fini)))

/* ---- open and close ---- */

static long open_at(struct thread *self, int dirfd, uptr path, u32 flags, u32 mode, u64 resolve)
{
    PATH_BUF_AUTO struct path_buf p;
    struct file *f;
    int fd = path_buf_init(&p, path);

    if (!fd && (flags & O_CREAT))
        fd = fd_room(self->fds);                 /* no file that nobody could have          */
    if (!fd)
        fd = vfs_openat(dirfd, p.str, flags, mode, resolve, &f);
    if (fd)
        return fd;
    fd = fd_install_own(self->fds, f, flags);
    if (unlikely(fd < 0))
        file_put(f);
    return fd;
}

/* open(2): unknown flags are ignored, unlike openat2(2) */
long sys_open(struct thread *self, uptr path, int flags, u32 mode)
{
    return open_at(self, AT_FDCWD, path, (u32)flags, mode, 0);
}

long sys_openat(struct thread *self, int dirfd, uptr path, int flags, u32 mode)
{
    return open_at(self, dirfd, path, (u32)flags, mode, 0);
}

long sys_creat(struct thread *self, uptr path, u32 mode)
{
    return open_at(self, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, 0);
}

/* A struct that may be larger than ours, as long as what we do not know is zero. */
static int open_how_in(struct open_how *how, uptr src, size_t size)
{
    u8 rest[64];
    int err;

    if (size < sizeof(*how))
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    err = copy_in_struct(how, src);
    for (size_t at = sizeof(*how); !err && at < size; at += sizeof(rest)) {
        size_t n = min_size(sizeof(rest), size - at);

        err = copy_in(rest, uptr_add(src, at), n);
        for (size_t i = 0; !err && i < n; i++)
            err = rest[i] ? -E2BIG : 0;
    }
    return err;
}

/* openat2(2) refuses what open(2) ignores. */
static int open_how_check(const struct open_how *how)
{
    u64 path_flags = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    bool creates = how->flags & O_CREAT || (how->flags & O_TMPFILE) == O_TMPFILE;

    if (flags_unknown(KIND_OFLAGS, how->flags & ~(u64)O_ASYNC) || how->flags > UINT32_MAX)
        return -EINVAL;
    if (flags_unknown(KIND_RESOLVE, how->resolve))
        return -EINVAL;
    if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
        return -EINVAL;
    if ((how->flags & O_PATH) && (how->flags & ~path_flags))
        return -EINVAL;
    if (creates ? how->mode & ~07777ull : how->mode)
        return -EINVAL;
    if ((how->resolve & RESOLVE_CACHED) && (creates || how->flags & O_TRUNC))
        return -EAGAIN;                          /* nothing that may have to be made        */
    return 0;
}

long sys_openat2(struct thread *self, int dirfd, uptr path, uptr uhow, size_t size)
{
    struct open_how how;
    int err = open_how_in(&how, uhow, size);

    if (!err)
        err = open_how_check(&how);
    if (err)
        return err;
    return open_at(self, dirfd, path, (u32)how.flags, (u32)how.mode, how.resolve);
}

long sys_close(struct thread *self, int fd)
{
    int err = fd_close(self->fds, fd);

    epoch_reclaim();
    return err;
}

/* ---- read and write ---- */

long sys_read(struct thread *self, int fd, uptr buf, size_t count)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    struct iov dst;
    int err = fd_borrow(self->fds, fd, &r);

    if (unlikely(err))
        return err;
    if (unlikely((ssize_t)count < 0))
        return -EFAULT;                          /* no buffer can be that long              */
    iov_user(&dst, buf, count);
    return file_read(r.file, &dst, NULL);
}

long sys_write(struct thread *self, int fd, uptr buf, size_t count)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    struct iov src;
    int err = fd_borrow(self->fds, fd, &r);

    if (unlikely(err))
        return err;
    if (unlikely((ssize_t)count < 0))
        return -EFAULT;                          /* no buffer can be that long              */
    iov_user(&src, buf, count);
    return file_write(r.file, &src, NULL);
}

/* What pread(2) and its family check before anything else. */
static int check_position(const struct file *f, s64 offset)
{
    if (offset < 0)
        return -EINVAL;
    return f->seekable ? 0 : -ESPIPE;
}

long sys_pread64(struct thread *self, int fd, uptr buf, size_t count, s64 offset)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    u64 pos = (u64)offset;
    struct iov dst;
    int err;

    if (offset < 0)
        return -EINVAL;
    err = fd_borrow(self->fds, fd, &r);
    if (!err)
        err = check_position(r.file, offset);
    if (err)
        return err;
    if ((ssize_t)count < 0)
        return -EFAULT;
    iov_user(&dst, buf, count);
    return file_read(r.file, &dst, &pos);
}

long sys_pwrite64(struct thread *self, int fd, uptr buf, size_t count, s64 offset)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    u64 pos = (u64)offset;
    struct iov src;
    int err;

    if (offset < 0)
        return -EINVAL;
    err = fd_borrow(self->fds, fd, &r);
    if (!err)
        err = check_position(r.file, offset);
    if (err)
        return err;
    if ((ssize_t)count < 0)
        return -EFAULT;
    iov_user(&src, buf, count);
    return file_write(r.file, &src, &pos);
}

/* ---- vectors ---- */

/* preadv2(2): what the flags ask for; unknown ones are refused. */
static int rwf_how(int flags, u32 *ret)
{
    u32 how = 0;

    if (flags_unknown(KIND_RWF, (u32)flags))
        return -EOPNOTSUPP;
    if (flags & RWF_NOWAIT)
        how |= FILE_NOWAIT;
    if (flags & RWF_APPEND)
        how |= FILE_APPEND;
    if (flags & (RWF_DSYNC | RWF_SYNC))
        how |= FILE_SYNC;
    *ret = how;
    return 0;
}

struct vector_call {
    int fd;
    uptr iov;
    u64 count;
    s64 offset;                                  /* -1: the file's own position             */
    int flags;                                   /* RWF_*                                   */
};

static long vector_transfer(struct thread *self, const struct vector_call *c,
                            ssize_t (*op)(struct file *f, struct iov *v, u64 *pos, u32 how))
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    IOV_VEC_AUTO struct iov v = { 0 };
    u64 pos = (u64)c->offset;
    u32 how = 0;
    int err = fd_borrow(self->fds, c->fd, &r);

    if (!err && c->offset != -1)
        err = check_position(r.file, c->offset);
    if (!err)
        err = iov_user_vec(&v, c->iov, c->count);
    if (!err)
        err = rwf_how(c->flags, &how);
    return err ? err : op(r.file, &v, c->offset == -1 ? NULL : &pos, how);
}

long sys_readv(struct thread *self, int fd, uptr iov, u64 iovcnt)
{
    struct vector_call c = { fd, iov, iovcnt, -1, 0 };

    return vector_transfer(self, &c, file_read_how);
}

long sys_writev(struct thread *self, int fd, uptr iov, u64 iovcnt)
{
    struct vector_call c = { fd, iov, iovcnt, -1, 0 };

    return vector_transfer(self, &c, file_write_how);
}

/* Only the v2 calls know -1 as "here". */
long sys_preadv(struct thread *self, int fd, uptr iov, u64 iovcnt, s64 offset, u64 offset_high)
{
    struct vector_call c = { fd, iov, iovcnt, offset, 0 };

    (void)offset_high;                           /* 64-bit: all of it is in offset          */
    return offset < 0 ? -EINVAL : vector_transfer(self, &c, file_read_how);
}

long sys_pwritev(struct thread *self, int fd, uptr iov, u64 iovcnt, s64 offset, u64 offset_high)
{
    struct vector_call c = { fd, iov, iovcnt, offset, 0 };

    (void)offset_high;
    return offset < 0 ? -EINVAL : vector_transfer(self, &c, file_write_how);
}

long sys_preadv2(struct thread *self, int fd, uptr iov, u64 iovcnt, s64 offset, u64 offset_high,
                 int flags)
{
    struct vector_call c = { fd, iov, iovcnt, offset, flags };

    (void)offset_high;
    return offset < -1 ? -EINVAL : vector_transfer(self, &c, file_read_how);
}

long sys_pwritev2(struct thread *self, int fd, uptr iov, u64 iovcnt, s64 offset, u64 offset_high,
                  int flags)
{
    struct vector_call c = { fd, iov, iovcnt, offset, flags };

    (void)offset_high;
    return offset < -1 ? -EINVAL : vector_transfer(self, &c, file_write_how);
}

/* ---- positions and sizes ---- */

long sys_lseek(struct thread *self, int fd, s64 offset, u32 whence)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    if (whence > SEEK_MAX)
        return -EINVAL;
    return file_seek(r.file, offset, (int)whence);
}

static long truncate_path(uptr path, u64 length)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    return err ? err : vfs_truncateat(p.str, length);
}

long sys_truncate(struct thread *self, uptr path, s64 length)
{
    (void)self;
    return length < 0 ? -EINVAL : truncate_path(path, (u64)length);
}

long sys_ftruncate(struct thread *self, int fd, s64 length)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err;

    if (length < 0)
        return -EINVAL;
    err = fd_borrow(self->fds, fd, &r);
    return err ? err : vfs_ftruncate(r.file, (u64)length);
}

long sys_fallocate(struct thread *self, int fd, int mode, s64 offset, s64 len)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    if (offset < 0 || len <= 0)
        return -EINVAL;
    return vfs_fallocate(r.file, (u32)mode, (u64)offset, (u64)len);
}

/* ---- syncing and advice ---- */

static long sync_fd(struct thread *self, int fd, enum sync_what what)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    return err ? err : vfs_fsync(r.file, what);
}

long sys_fsync(struct thread *self, int fd)
{
    return sync_fd(self, fd, SYNC_ALL);
}

long sys_fdatasync(struct thread *self, int fd)
{
    return sync_fd(self, fd, SYNC_DATA);
}

long sys_sync(struct thread *self)
{
    (void)self;
    (void)vfs_sync_all();                        /* sync(2) reports nothing                 */
    return 0;
}

long sys_syncfs(struct thread *self, int fd)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    return r.file->mount ? fs_sync(r.file->mount->fs) : 0;
}

/* Linux refuses unknown flags. */
long sys_sync_file_range(struct thread *self, int fd, s64 offset, s64 nbytes, u32 flags)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    s64 end;
    int err = fd_borrow(self->fds, fd, &r);

    if (err)
        return err;
    if (flags_unknown(KIND_SYNC_RANGE, flags) || offset < 0 ||
        add_overflows(offset, nbytes, &end) || end < offset)
        return -EINVAL;
    if (!r.file->vnode || r.file->vnode->type == S_IFIFO || r.file->vnode->type == S_IFSOCK)
        return -ESPIPE;
    return flags ? vfs_fsync(r.file, SYNC_DATA) : 0;
}

/* Advice: checked, and otherwise without effect. */
long sys_fadvise64(struct thread *self, int fd, s64 offset, s64 len, int advice)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    (void)offset;
    if (err)
        return err;
    if (!r.file->seekable)
        return -ESPIPE;
    if (len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        return -EINVAL;
    return 0;
}

long sys_readahead(struct thread *self, int fd, s64 offset, size_t count)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    (void)offset;
    (void)count;
    if (err)
        return err;
    if (!r.file->read_ok)
        return -EBADF;
    return r.file->vnode && r.file->vnode->type == S_IFREG ? 0 : -EINVAL;
}
