/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between pipes and files without a detour through user memory.
 *
 * The pipe's lock is held while the other file's operation runs on the pipe's own pages; operations
 * never sleep, so nobody waits behind it for long.
 *
 * Locks: pipe.lock before whatever the other file takes; two pipes by address.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/iov.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/pipe.h"
#include "kernel/vfs/pipe_int.h"

/* ---- from a file into a pipe ---- */

/* What lies between head and the end of its page, as far as there is room. */
static size_t page_room(const struct pipe *p, size_t len)
{
    return min_u64(min_size(len, PAGE_SIZE - page_offset(p->head)), pipe_room(p));
}

static ssize_t fill_locked(struct pipe *p, struct file *in, u64 *pos, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t room = page_room(p, len - done);
        struct iov v;
        ssize_t n;

        if (!p->readers)
            return done ? (ssize_t)done : -EPIPE;
        if (!room || !pipe_is_open(p, false))
            return done ? (ssize_t)done : -EAGAIN;
        n = pipe_reach(p, p->head);
        if (!n) {
            iov_kernel(&v, *pipe_page(p, p->head) + page_offset(p->head), room);
            n = in->ops->read(in, &v, pos);
        }
        if (n < 0)
            return done ? (ssize_t)done : n;
        if (!n)
            break;
        pipe_added(p, (u32)n, false);
        done += (size_t)n;
        if ((size_t)n < room)
            break;
    }
    return (ssize_t)done;
}

ssize_t pipe_fill_from(struct file *pipe, struct file *in, u64 *pos, size_t len)
{
    struct pipe *p = pipe->priv;
    ssize_t n;

    if (!in->ops->read)
        return -EINVAL;
    mutex_lock(&p->lock);
    n = fill_locked(p, in, pos, len);
    mutex_unlock(&p->lock);
    if (n > 0)
        waitq_wake(&p->wait);
    return n;
}

/* ---- from a pipe into a file ---- */

/* The waiting bytes up to the end of a page or run. */
static size_t page_fill(struct pipe *p, size_t len)
{
    size_t run = p->run_count ? p->run[p->run_first].len : 0;

    return min_size(min_size(len, run), PAGE_SIZE - page_offset(p->tail));
}

static ssize_t drain_locked(struct pipe *p, struct file *out, u64 *pos, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t fill = page_fill(p, len - done);
        struct iov v;
        ssize_t n;

        if (!fill)
            return done ? (ssize_t)done : p->writers ? -EAGAIN : 0;
        iov_kernel(&v, *pipe_page(p, p->tail) + page_offset(p->tail), fill);
        n = out->ops->write(out, &v, pos);
        if (n < 0)
            return done ? (ssize_t)done : n;
        pipe_consume(p, (u32)n);
        done += (size_t)n;
        if ((size_t)n < fill)
            break;
    }
    return (ssize_t)done;
}

ssize_t pipe_drain_to(struct file *pipe, struct file *out, u64 *pos, size_t len)
{
    struct pipe *p = pipe->priv;
    ssize_t n;

    if (!out->ops->write)
        return -EINVAL;
    mutex_lock(&p->lock);
    n = drain_locked(p, out, pos, len);
    mutex_unlock(&p->lock);
    if (n > 0)
        waitq_wake(&p->wait);
    return n;
}

/* ---- from pipe to pipe ---- */

/* Copy up to len of the bytes behind position at of a to the end of b. */
static ssize_t copy_locked(struct pipe *a, u64 at, struct pipe *b, size_t len)
{
    size_t n = min_size(page_room(b, len), PAGE_SIZE - page_offset(at));
    int err;

    if (!b->readers)
        return -EPIPE;
    if (!n || !pipe_is_open(b, false))
        return -EAGAIN;
    err = pipe_reach(b, b->head);
    if (err)
        return err;
    memcpy(*pipe_page(b, b->head) + page_offset(b->head), *pipe_page(a, at) + page_offset(at), n);
    pipe_added(b, (u32)n, false);
    return (ssize_t)n;
}

static ssize_t transfer_locked(struct pipe *a, struct pipe *b, size_t len, enum pipe_transfer how)
{
    size_t done = 0;
    u64 at = a->tail;

    if (!pipe_fill(a))
        return a->writers ? -EAGAIN : 0;
    while (done < len) {
        size_t left =
            how == PIPE_MOVE ? page_fill(a, len - done) : min_u64(len - done, a->head - at);
        ssize_t n = left ? copy_locked(a, how == PIPE_MOVE ? a->tail : at, b, left) : 0;

        if (n < 0)
            return done ? (ssize_t)done : n;
        if (!n)
            break;
        if (how == PIPE_MOVE)
            pipe_consume(a, (u32)n);
        at += (u64)n;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t pipe_to_pipe(struct file *from, struct file *to, size_t len, enum pipe_transfer how)
{
    struct pipe *a = from->priv, *b = to->priv;
    ssize_t n;

    if (a == b)
        return -EINVAL;
    mutex_lock_two(&a->lock, &b->lock);
    n = transfer_locked(a, b, len, how);
    mutex_unlock_two(&a->lock, &b->lock);
    if (n > 0) {
        waitq_wake(&a->wait);
        waitq_wake(&b->wait);
    }
    return n;
}
