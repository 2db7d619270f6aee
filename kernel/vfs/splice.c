/* SPDX-License-Identifier: MIT */
/*
 * sendfile(2), copy_file_range(2), splice(2), tee(2).
 *
 * The first two copy through a buffer of the kernel's; what has been read but could not be written is
 * not lost, because the input is a regular file and its position moves by what was written.  splice
 * works on the pages of the pipe (pipe_splice.c).
 */
#include "kernel/vfs/splice.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/pipe.h"

enum { COPY_PAGES = 16 };                        /* 64 KiB: a pipe's or a socket's buffer   */

/* ---- by way of a buffer ---- */

/* Move one buffer full.  The positions move by what has been written. */
static ssize_t copy_step(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, void *buf,
                         size_t len)
{
    u64 pos = *in_pos;
    struct iov v;
    ssize_t n;

    iov_kernel(&v, buf, len);
    n = file_read(in, &v, &pos);
    if (n <= 0)
        return n;
    iov_kernel(&v, buf, (size_t)n);
    n = file_write(out, &v, out_pos);
    if (n > 0)
        *in_pos += (u64)n;
    return n;
}

static ssize_t copy_loop(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 len)
{
    size_t chunk = min_u64(len, COPY_PAGES * PAGE_SIZE);
    void *buf = kalloc(chunk);
    u64 done = 0;
    ssize_t n = 0;

    if (!buf)
        return -ENOMEM;
    while (done < len) {
        size_t want = min_u64(len - done, chunk);

        n = copy_step(in, in_pos, out, out_pos, buf, want);
        if (n <= 0)
            break;
        done += (u64)n;
        if ((size_t)n < want)
            break;                               /* the end, or the output is full          */
    }
    kfree(buf);
    return done ? (ssize_t)done : n;
}

static bool is_regular(const struct file *f)
{
    return f->vnode && f->vnode->type == S_IFREG;
}

ssize_t file_send(struct file *out, struct file *in, u64 *pos, u64 len)
{
    u64 *in_pos = pos ? pos : &in->pos;

    if (!in->read_ok || !out->write_ok)
        return -EBADF;
    if (!in->seekable && pos)
        return -ESPIPE;
    if (!is_regular(in) && !(in->vnode && in->vnode->type == S_IFBLK))
        return -EINVAL;
    if (out->flags & O_APPEND)
        return -EINVAL;
    return copy_loop(in, in_pos, out, NULL, min_u64(len, MAX_RW_COUNT));
}

static int copy_range_check(const struct file *in, const struct file *out)
{
    if ((in->vnode && in->vnode->type == S_IFDIR) || (out->vnode && out->vnode->type == S_IFDIR))
        return -EISDIR;
    if (!is_regular(in) || !is_regular(out))
        return -EINVAL;
    if (!in->read_ok || !out->write_ok || (out->flags & O_APPEND))
        return -EBADF;
    return 0;
}

ssize_t file_copy_range(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 len)
{
    u64 *from = in_pos ? in_pos : &in->pos, *to = out_pos ? out_pos : &out->pos;
    int err = copy_range_check(in, out);
    struct vattr a;
    u64 end;

    if (err)
        return err;
    if (add_overflows(*from, len, &end) || add_overflows(*to, len, &end) || end > INT64_MAX)
        return -EOVERFLOW;
    err = vnode_getattr(in->vnode, &a);
    if (err)
        return err;
    len = *from < a.size ? min_u64(len, a.size - *from) : 0;
    if (in->vnode == out->vnode && *from < *to + len && *to < *from + len)
        return -EINVAL;                          /* copy_file_range(2): no overlap          */
    return copy_loop(in, from, out, to, min_u64(len, MAX_RW_COUNT));
}

/* ---- splice ---- */

/* Something was not ready: sleep until the one that was not is.  -EAGAIN if nobody may sleep. */
static int splice_wait(struct file *f, u32 events, bool nonblock, bool *ret_waited)
{
    if (!f->ops->ready || f->ops->ready(f) & (events | POLLERR | POLLHUP))
        return 0;
    if (nonblock)
        return -EAGAIN;
    *ret_waited = true;
    return file_wait(f, events, NO_DEADLINE);
}

struct splice {
    struct file *in, *out;
    u64 *in_pos, *out_pos;
    u64 len;
    bool nonblock;                               /* SPLICE_F_NONBLOCK: of pipes             */
};

static ssize_t splice_once(const struct splice *s)
{
    if (file_is_pipe(s->in) && file_is_pipe(s->out))
        return pipe_to_pipe(s->in, s->out, s->len, PIPE_MOVE);
    if (file_is_pipe(s->in))
        return pipe_drain_to(s->in, s->out, s->out_pos, s->len);
    return pipe_fill_from(s->out, s->in, s->in_pos, s->len);
}

static bool side_is_nonblocking(const struct splice *s, const struct file *f)
{
    return file_is_nonblocking(f) || (s->nonblock && file_is_pipe(f));
}

static int splice_wait_both(const struct splice *s)
{
    bool waited = false;
    int err = splice_wait(s->in, POLLIN, side_is_nonblocking(s, s->in), &waited);

    if (!err)
        err = splice_wait(s->out, POLLOUT, side_is_nonblocking(s, s->out), &waited);
    if (!err && !waited && s->nonblock)
        err = -EAGAIN;                           /* ready, but not for this                 */
    return err;
}

static ssize_t splice_loop(const struct splice *s, ssize_t (*once)(const struct splice *s))
{
    for (;;) {
        ssize_t n = once(s);
        int err;

        if (n == -EPIPE && file_signal_ops.send_self)
            file_signal_ops.send_self(SIGPIPE);
        if (n != -EAGAIN)
            return n;
        err = splice_wait_both(s);
        if (err)
            return err;
    }
}

static int splice_check(const struct splice *s)
{
    bool in_pipe = file_is_pipe(s->in), out_pipe = file_is_pipe(s->out);

    if (!s->in->read_ok || !s->out->write_ok)
        return -EBADF;
    if (!in_pipe && !out_pipe)
        return -EINVAL;
    if ((in_pipe && s->in_pos) || (out_pipe && s->out_pos))
        return -ESPIPE;
    if ((s->in_pos && !s->in->seekable) || (s->out_pos && !s->out->seekable))
        return -EINVAL;
    if (!out_pipe && (s->out->flags & O_APPEND))
        return -EINVAL;
    return 0;
}

ssize_t file_splice(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 len,
                    enum splice_how how)
{
    struct splice s = {
        in, out, in_pos, out_pos, min_u64(len, MAX_RW_COUNT), how == SPLICE_NONBLOCK
    };
    int err = splice_check(&s);

    if (err)
        return err;
    if (!s.in_pos)
        s.in_pos = &in->pos;
    if (!s.out_pos)
        s.out_pos = &out->pos;
    return splice_loop(&s, splice_once);
}

static ssize_t tee_once(const struct splice *s)
{
    return pipe_to_pipe(s->in, s->out, s->len, PIPE_COPY);
}

ssize_t file_tee(struct file *in, struct file *out, u64 len, enum splice_how how)
{
    struct splice s = { in, out, NULL, NULL, min_u64(len, MAX_RW_COUNT), how == SPLICE_NONBLOCK };

    if (!in->read_ok || !out->write_ok)
        return -EBADF;
    if (!file_is_pipe(in) || !file_is_pipe(out))
        return -EINVAL;
    return splice_loop(&s, tee_once);
}
