/* SPDX-License-Identifier: MIT */
/*
 * The one place where operations on files sleep.
 *
 * An operation answers -EAGAIN when it cannot make progress.  Then: draw a ticket, ask once more, and
 * sleep until somebody has woken the file's queue since the ticket was drawn (core/waitq.h has the
 * protocol), or the host descriptor behind the file is ready.
 *
 * Locks: pos_lock is held around the operations that use the file's own position, and not while
 * sleeping: kinds that sleep have no position.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/vfs/file_int.h"

static hfd file_host(struct file *f)
{
    return f->ops->host ? f->ops->host(f) : HFD_NONE;
}

/* Sleep until f's queue is woken or its host descriptor has one of events. */
static int file_sleep_host(struct file *f, hfd fd, u64 ticket, u32 events, u64 deadline_ns)
{
    struct host_poll set = { .fd = fd, .events = events };
    struct sleeper s = { .wake = sleeper_wake, .parker = park_ops.self() };
    int err = 0;

    waitq_enlist(f->wait, &s);
    if (waitq_ticket(f->wait) == ticket)
        err = park_ops.poll(&set, 1, PARK_INTERRUPTIBLE, deadline_ns);
    waitq_delist(f->wait, &s);
    if (err > 0 || waitq_ticket(f->wait) != ticket)
        return 0;                                /* an event is not lost to a signal        */
    return err;
}

/* 0 (look again), -ERESTARTSYS, -ETIMEDOUT. */
static int file_sleep(struct file *f, u64 ticket, u32 events, u64 deadline_ns)
{
    hfd host = file_host(f);
    int err;

    if (host.id >= 0)
        err = file_sleep_host(f, host, ticket, events, deadline_ns);
    else
        err = waitq_sleep(f->wait, ticket, deadline_ns);
    return err == -EINTR ? -ERESTARTSYS : err;
}

s64 file_loop(struct file *f, u32 events, bool nonblock, u64 deadline_ns,
              s64 (*op)(struct file *f, void *arg), void *arg)
{
    for (;;) {
        u64 ticket = waitq_ticket(f->wait);      /* before the op: no wake-up is lost       */
        s64 n = op(f, arg);
        int err;

        if (n != -EAGAIN || nonblock)
            return n;
        err = file_sleep(f, ticket, events, deadline_ns);
        if (err)
            return err;
    }
}

int file_wait(struct file *f, u32 events, u64 deadline_ns)
{
    if (!f->ops->ready)
        return 0;
    for (;;) {
        u64 ticket = waitq_ticket(f->wait);
        int err;

        if (f->ops->ready(f) & (events | POLLERR | POLLHUP))
            return 0;
        err = file_sleep(f, ticket, events, deadline_ns);
        if (err)
            return err;
    }
}

s64 file_loop_timed(struct file *f, u32 events, bool nonblock, u64 timeout_ns,
                    s64 (*op)(struct file *f, void *arg), void *arg)
{
    u64 deadline_ns = timeout_ns ? clock_deadline(timeout_ns) : NO_DEADLINE;
    s64 n = file_loop(f, events, nonblock, deadline_ns, op, arg);

    if (n == -ETIMEDOUT)
        return -EAGAIN;
    return n == -ERESTARTSYS && timeout_ns ? -EINTR : n;
}

/* ---- read and write ---- */

struct transfer {
    struct iov *iov;
    u64 *pos;
};

static s64 read_op(struct file *f, void *arg)
{
    struct transfer *t = arg;

    return f->ops->read(f, t->iov, t->pos);
}

static s64 write_op(struct file *f, void *arg)
{
    struct transfer *t = arg;

    return f->ops->write(f, t->iov, t->pos);
}

/*
 * The position of a file is used by one call at a time.  A file with one reference has no other
 * user, so there is nothing to lock.  Others can gain a reference only from a descriptor, which
 * the caller's table holds.
 */
static bool pos_lock(struct file *f)
{
    if (likely(ref_count(&f->refs) == 1))
        return false;
    mutex_lock(&f->pos_lock);
    return true;
}

static s64 transfer_loop(struct file *f, u32 events, bool nonblock,
                         s64 (*op)(struct file *f, void *arg), struct transfer *t)
{
    u64 timeout_ns = f->ops->timeout_ns ? f->ops->timeout_ns(f, events) : 0;

    if (likely(!timeout_ns))
        return file_loop(f, events, nonblock, NO_DEADLINE, op, t);
    return file_loop_timed(f, events, nonblock, timeout_ns, op, t);
}

static ssize_t read_once(struct file *f, struct iov *dst, u64 *pos, bool nonblock)
{
    struct transfer t = { dst, pos };

    return transfer_loop(f, POLLIN | POLLRDHUP, nonblock, read_op, &t);
}

ssize_t file_read_how(struct file *f, struct iov *dst, u64 *pos, u32 how)
{
    bool nonblock = (how & FILE_NOWAIT) || file_is_nonblocking(f);
    bool locked;
    ssize_t n;

    if (!f->read_ok)
        return -EBADF;
    if (!f->ops->read)
        return -EINVAL;
    if (unlikely(f->ops->read_wait != NULL))
        return f->ops->read_wait(f, dst, nonblock);
    if (f->ops->host && !f->seekable)            /* each look may be a call to the host     */
        return read_once(f, dst, pos ? pos : &f->pos, nonblock);
    if (pos || !f->seekable) {
        pos = pos ? pos : &f->pos;
        n = f->ops->read(f, dst, pos);
    } else {
        locked = pos_lock(f);
        pos = &f->pos;
        n = f->ops->read(f, dst, pos);
        if (unlikely(locked))
            mutex_unlock(&f->pos_lock);
    }
    if (unlikely(n == -EAGAIN) && !nonblock)
        return read_once(f, dst, pos, false);    /* from the start, with a ticket           */
    return n;
}

ssize_t file_read(struct file *f, struct iov *dst, u64 *pos)
{
    return file_read_how(f, dst, pos, 0);
}

/*
 * A blocking write(2) to a stream goes on until all is written; what has been written when a signal
 * or an error comes is the result.
 */
static ssize_t write_loop(struct file *f, struct iov *src, u64 *pos, bool nonblock)
{
    struct transfer t = { src, pos };
    ssize_t done = 0;

    do {
        ssize_t n = f->ops->write(f, src, pos);

        if (unlikely(n == -EAGAIN) && !nonblock)
            n = transfer_loop(f, POLLOUT, false, write_op, &t);
        if (unlikely(n == -EPIPE) && !f->ops->no_sigpipe && file_signal_ops.send_self)
            file_signal_ops.send_self(SIGPIPE);
        if (n < 0)
            return done ? done : n;
        done += n;
    } while (f->ops->stream && iov_left(src) && !nonblock);
    return done;
}

static ssize_t write_once(struct file *f, struct iov *src, u64 *pos, u32 how)
{
    if (unlikely(how & (FILE_APPEND | FILE_SYNC)) && f->ops == &vfs_file_ops)
        return regular_write_how(f, src, pos, how);
    return f->ops->write(f, src, pos);
}

ssize_t file_write_how(struct file *f, struct iov *src, u64 *pos, u32 how)
{
    bool nonblock = (how & FILE_NOWAIT) || file_is_nonblocking(f);
    bool locked;
    ssize_t n;

    if (!f->write_ok)
        return -EBADF;
    if (!f->ops->write)
        return -EINVAL;
    if (!f->seekable)
        return write_loop(f, src, &f->pos, nonblock);
    if (pos)
        return write_once(f, src, pos, how);

    locked = pos_lock(f);
    n = write_once(f, src, &f->pos, how);
    if (unlikely(locked))
        mutex_unlock(&f->pos_lock);
    return n;
}

ssize_t file_write(struct file *f, struct iov *src, u64 *pos)
{
    return file_write_how(f, src, pos, 0);
}

s64 file_seek(struct file *f, s64 off, int whence)
{
    bool locked;
    s64 at;

    if (!f->seekable)
        return -ESPIPE;
    locked = pos_lock(f);
    at = f->ops->seek(f, off, whence);
    if (unlikely(locked))
        mutex_unlock(&f->pos_lock);
    return at;
}

ssize_t file_pread_kernel(struct file *f, void *dst, size_t len, u64 off)
{
    struct iov v;
    u64 pos = off;
    size_t done = 0;

    if (!f->ops->read)
        return -EINVAL;
    iov_kernel(&v, dst, len);
    while (done < len) {
        ssize_t n = read_once(f, &v, &pos, false);

        if (n < 0)
            return n;
        if (!n)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}
