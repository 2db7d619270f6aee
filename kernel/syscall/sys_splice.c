/* SPDX-License-Identifier: MIT */
/* sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2). */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/iov.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/pipe.h"
#include "kernel/vfs/splice.h"

/* An offset in user memory, which may be absent. */
struct user_offset {
    uptr at;
    u64 value;
};

static int offset_in(struct user_offset *o, uptr at)
{
    int err = 0;

    o->at = at;
    if (at.addr)
        err = copy_in_struct(&o->value, at);
    return err ? err : at.addr && (s64)o->value < 0 ? -EINVAL : 0;
}

static u64 *offset_of(struct user_offset *o)
{
    return o->at.addr ? &o->value : NULL;
}

/* The offset back, and n, or what went wrong. */
static long offset_out(const struct user_offset *o, ssize_t n)
{
    if (n > 0 && o->at.addr && copy_out_struct(o->at, &o->value))
        return -EFAULT;
    return n;
}

struct fd_pair {
    struct fd_ref in, out;
};

static int fd_pair_borrow(struct thread *self, int in, int out, struct fd_pair *ret)
{
    int err = fd_borrow(self->fds, in, &ret->in);

    return err ? err : fd_borrow(self->fds, out, &ret->out);
}

static void fd_pair_put(struct fd_pair *p)
{
    fd_ref_put(&p->in);
    fd_ref_put(&p->out);
}
#define FD_PAIR_AUTO __attribute__((cleanup(fd_pair_put)))

long sys_sendfile(struct thread *self, int out_fd, int in_fd, uptr offset, size_t count)
{
    FD_PAIR_AUTO struct fd_pair p = { 0 };
    struct user_offset off;
    int err = offset_in(&off, offset);

    if (!err)
        err = fd_pair_borrow(self, in_fd, out_fd, &p);
    if (!err && (ssize_t)count < 0)
        err = -EINVAL;
    if (err)
        return err;
    return offset_out(&off, file_send(p.out.file, p.in.file, offset_of(&off), count));
}

long sys_copy_file_range(struct thread *self, int fd_in, uptr off_in, int fd_out, uptr off_out,
                         size_t len, u32 flags)
{
    FD_PAIR_AUTO struct fd_pair p = { 0 };
    struct user_offset in, out;
    ssize_t n;
    int err;

    if (flags)
        return -EINVAL;
    err = fd_pair_borrow(self, fd_in, fd_out, &p);
    if (!err)
        err = offset_in(&in, off_in);
    if (!err)
        err = offset_in(&out, off_out);
    if (err)
        return err;
    n = file_copy_range(p.in.file, offset_of(&in), p.out.file, offset_of(&out), len);
    n = offset_out(&in, n);
    return offset_out(&out, n);
}

long sys_splice(struct thread *self, int fd_in, uptr off_in, int fd_out, uptr off_out, size_t len,
                u32 flags)
{
    FD_PAIR_AUTO struct fd_pair p = { 0 };
    struct user_offset in, out;
    ssize_t n;
    int err;

    if (!len)
        return 0;
    if (flags_unknown(KIND_SPLICE, flags))
        return -EINVAL;
    err = fd_pair_borrow(self, fd_in, fd_out, &p);
    if (!err &&
        ((file_is_pipe(p.in.file) && off_in.addr) || (file_is_pipe(p.out.file) && off_out.addr)))
        err = -ESPIPE;
    if (!err)
        err = offset_in(&in, off_in);
    if (!err)
        err = offset_in(&out, off_out);
    if (err)
        return err;
    n = file_splice(p.in.file, offset_of(&in), p.out.file, offset_of(&out), len,
                    flags & SPLICE_F_NONBLOCK ? SPLICE_NONBLOCK : SPLICE_BLOCK);
    n = offset_out(&in, n);
    return offset_out(&out, n);
}

long sys_tee(struct thread *self, int fd_in, int fd_out, size_t len, u32 flags)
{
    FD_PAIR_AUTO struct fd_pair p = { 0 };
    int err;

    if (flags_unknown(KIND_SPLICE, flags))
        return -EINVAL;
    if (!len)
        return 0;
    err = fd_pair_borrow(self, fd_in, fd_out, &p);
    if (err)
        return err;
    return file_tee(p.in.file, p.out.file, len,
                    flags & SPLICE_F_NONBLOCK ? SPLICE_NONBLOCK : SPLICE_BLOCK);
}

/* vmsplice(2): pages are copied, which the caller cannot tell from a gift. */
long sys_vmsplice(struct thread *self, int fd, uptr iov, u64 nr_segs, u32 flags)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    __attribute__((cleanup(iov_fini))) struct iov v = { 0 };
    u32 how = flags & SPLICE_F_NONBLOCK ? FILE_NOWAIT : 0;
    int err;

    if (flags_unknown(KIND_SPLICE, flags))
        return -EINVAL;
    err = fd_borrow(self->fds, fd, &r);
    if (!err && !file_is_pipe(r.file))
        err = -EBADF;
    if (!err)
        err = iov_user_vec(&v, iov, nr_segs);
    if (err)
        return err;
    if (!iov_left(&v))
        return 0;
    return r.file->write_ok ? file_write_how(r.file, &v, NULL, how)
                            : file_read_how(r.file, &v, NULL, how);
}
