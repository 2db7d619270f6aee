/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of pages.  Bytes in [tail, head) wait; both only grow, until the pipe runs empty
 * and both become 0, so that small messages stay in one page.  Pages are allocated when head reaches
 * them and freed when tail has left them, but for one.
 *
 * The waiting bytes are divided into runs: what is read at once.  A stream is one run that grows;
 * with O_DIRECT each write makes a run of its own, of which a read takes one and drops what does
 * not fit (pipe(2)).
 *
 * Writes of up to PIPE_BUF bytes are atomic: pipe(7) promises they never interleave.
 *
 * Invariants: 1. the lengths of the runs add up to head - tail; 2. a page that holds a waiting byte
 * is allocated; 3. a FIFO's vnode has a pipe exactly while a file is open on it.
 *
 * Locks: pipe.lock; vnode.special_lock before it, for a FIFO's first open and last close.
 */
#include "kernel/vfs/pipe.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/pipe_int.h"

static const struct file_ops pipe_ops, fifo_ops;

bool file_is_pipe(const struct file *f)
{
    return f->ops == &pipe_ops || f->ops == &fifo_ops;
}

/* ---- life ---- */

static struct pipe *pipe_new(struct vnode *fifo)
{
    u32 npages = PIPE_BYTES / PAGE_SIZE;
    struct pipe *p = kzalloc(sizeof(*p) + npages * (sizeof(u8 *) + sizeof(struct run)));

    if (!p)
        return NULL;
    ref_init(&p->refs);
    p->npages = npages;
    p->page = (u8 **)(p + 1);                    /* until F_SETPIPE_SZ                      */
    p->run = (struct run *)(p->page + npages);
    p->fifo = fifo;
    p->ino = fifo ? 0 : file_anon_ino();
    list_init(&p->ends);
    p->uid = vfs_cred()->fsuid;
    p->gid = vfs_cred()->fsgid;
    p->born = vfs_now();
    return p;
}

static void pages_free(u8 **page, u32 n)
{
    for (u32 i = 0; i < n; i++)
        if (page[i])
            page_free(page[i], 1);
}

static bool rings_are_inline(const struct pipe *p)
{
    return p->page == (u8 **)(p + 1);
}

static void pipe_free(struct pipe *p)
{
    pages_free(p->page, p->npages);
    if (p->spare)
        page_free(p->spare, 1);
    if (!rings_are_inline(p))
        kfree(p->page);
    kfree(p);
}

/* Drop the reference of a closed file.  A FIFO's last one also unhooks it from the vnode. */
static void pipe_put(struct pipe *p)
{
    struct vnode *v = p->fifo;
    bool last;

    if (v)
        mutex_lock(&v->special_lock);
    last = ref_put(&p->refs);
    if (v) {
        if (last)
            v->special = NULL;
        mutex_unlock(&v->special_lock);
    }
    if (last)
        pipe_free(p);
}

/* ---- the ring; the lock is held ---- */

static struct run *run_last(struct pipe *p)
{
    return p->run_count ? &p->run[pipe_index(p, p->run_first + p->run_count - 1)] : NULL;
}

/* A write needs a run to go to. */
bool pipe_is_open(struct pipe *p, bool packet)
{
    struct run *last = run_last(p);

    return p->run_count < p->npages || (!packet && last && !last->packet);
}

void pipe_added(struct pipe *p, u32 len, bool packet)
{
    struct run *last = run_last(p);

    p->head += len;
    if (!packet && last && !last->packet) {
        last->len += len;
        return;
    }
    p->run[pipe_index(p, p->run_first + p->run_count)] = (struct run){ len, packet };
    p->run_count++;
}

int pipe_reach(struct pipe *p, u64 pos)
{
    u8 **page = pipe_page(p, pos);

    if (likely(*page))
        return 0;
    *page = p->spare ? TAKE(p->spare) : page_alloc(1);
    return *page ? 0 : -ENOMEM;
}

/* tail has moved from `from`: free the pages it has left. */
static void pages_leave(struct pipe *p, u64 from)
{
    for (u64 at = from >> PAGE_SHIFT; at < p->tail >> PAGE_SHIFT; at++) {
        u8 **page = &p->page[pipe_index(p, at)];

        /* a full ring that wraps inside a page still uses it for the newest bytes */
        if ((p->head - 1) >> PAGE_SHIFT >= at + p->npages)
            continue;
        if (!p->spare)
            p->spare = *page;
        else
            page_free(*page, 1);
        *page = NULL;
    }
}

static void pipe_take(struct pipe *p, u64 len)
{
    u64 from = p->tail;

    p->tail += len;
    if (unlikely(p->tail >> PAGE_SHIFT != from >> PAGE_SHIFT))
        pages_leave(p, from);
    if (p->head != p->tail)
        return;
    /* empty: begin again at the start of the page we have, which becomes page 0 */
    if (unlikely(p->head >> PAGE_SHIFT)) {
        u8 **page = pipe_page(p, p->head), *mine = *page;

        *page = NULL;
        p->page[0] = mine;
    }
    p->head = p->tail = 0;
}

static u32 pipe_ready_locked(struct pipe *p, const struct file *f)
{
    u32 events = 0;

    if (f->read_ok) {
        if (pipe_fill(p))
            events |= POLLIN | POLLRDNORM;
        /* a FIFO opened while there was no writer is not hung up before one came: fifo_meet() */
        if (!p->writers && p->writer_opens != f->pos)
            events |= POLLHUP;
    }
    if (f->write_ok) {
        if (pipe_room(p) >= PIPE_BUF && pipe_is_open(p, f->flags & O_DIRECT))
            events |= POLLOUT | POLLWRNORM;
        if (!p->readers)
            events |= POLLERR;
    }
    return events;
}

/* SIGIO for the ends that asked for it.  Under the lock, which keeps the files: sending sleeps for
 * nobody. */
static void pipe_send_async(struct pipe *p)
{
    mutex_lock(&p->lock);
    list_for_each(l, &p->ends) {
        struct file *f = list_entry(l, struct file, of_object);

        if ((f->flags & O_ASYNC) && f->owner_pid && file_signal_ops.send_owner)
            file_signal_ops.send_owner(f, pipe_ready_locked(p, f));
    }
    mutex_unlock(&p->lock);
}

static int pipe_set_flags(struct file *f, u32 flags)
{
    struct pipe *p = f->priv;

    if (flags & O_ASYNC)
        __atomic_store_n(&p->async, true, __ATOMIC_RELAXED); /* stays: it only costs a look */
    return 0;
}

/*
 * Tell the other side, after the lock.  could_sleep: the pipe was in a state in which somebody may
 * have looked in vain and be on his way to sleep.  Otherwise only those matter who are on the queue
 * for good (epoll); the exchange that unlocked comes before this look at their number.
 */
static void pipe_wake(struct pipe *p, bool could_sleep)
{
    if (unlikely(p->async))
        pipe_send_async(p);
    if (could_sleep || __atomic_load_n(&p->wait.count, __ATOMIC_SEQ_CST))
        waitq_wake(&p->wait);
}

/* ---- reading ---- */

/* Move up to len bytes from the front to dst; less before a bad address. */
static ssize_t pipe_copy_out(struct pipe *p, u64 at, struct iov *dst, size_t len)
{
    size_t done = 0;

    while (done < len) {
        size_t want = min_size(len - done, PAGE_SIZE - page_offset(at + done));
        ssize_t n = iov_put(dst, *pipe_page(p, at + done) + page_offset(at + done), want);

        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if ((size_t)n < want)
            break;
    }
    return (ssize_t)done;
}

void pipe_consume(struct pipe *p, u32 len)
{
    struct run *r = &p->run[p->run_first];

    pipe_take(p, len);
    r->len -= len;
    if (r->len)
        return;
    p->run_first = pipe_index(p, p->run_first + 1);
    p->run_count--;
}

static ssize_t pipe_read_locked(struct pipe *p, struct iov *dst)
{
    size_t done = 0;

    while (p->run_count && iov_left(dst)) {
        struct run r = p->run[p->run_first];
        ssize_t n = pipe_copy_out(p, p->tail, dst, min_size(r.len, iov_left(dst)));

        if (n < 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if (r.packet)
            n = r.len;                           /* what did not fit is lost: pipe(2)       */
        pipe_consume(p, (u32)n);
        if (r.packet || (size_t)n < r.len)
            break;
    }
    if (done || !iov_left(dst))
        return (ssize_t)done;
    return p->writers ? -EAGAIN : 0;
}

static ssize_t pipe_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct pipe *p = f->priv;
    ssize_t n;

    bool was_full;

    (void)pos;
    mutex_lock(&p->lock);
    was_full = pipe_room(p) < PIPE_BUF || p->run_count == p->npages;
    n = pipe_read_locked(p, dst);
    mutex_unlock(&p->lock);
    if (n > 0)
        pipe_wake(p, was_full);
    return n;
}

/* ---- writing ---- */

/* Put one piece that fits behind head: all of it or nothing. */
static int pipe_put_bytes(struct pipe *p, struct iov *src, size_t len)
{
    size_t done = 0;

    while (done < len) {
        u64 at = p->head + done;
        size_t want = min_size(len - done, PAGE_SIZE - page_offset(at));
        int err = pipe_reach(p, at);
        ssize_t n = err ? err : iov_get(src, *pipe_page(p, at) + page_offset(at), want);

        if (n < 0)
            return (int)n;
        if ((size_t)n < want)
            return -EFAULT;
        done += want;
    }
    return 0;
}

/* How much of what is left of a write goes in now: of an atomic one all of it or nothing, else what
 * fits, page by page. */
static size_t write_share(struct pipe *p, size_t left, bool atomic, bool packet)
{
    u64 room = pipe_room(p);

    if (!pipe_is_open(p, packet) || (atomic && room < left))
        return 0;
    if (!packet)
        return min_u64(min_size(left, PAGE_SIZE - page_offset(p->head)), room);
    left = min_size(left, PIPE_BUF);
    return room < left ? 0 : left;
}

static ssize_t pipe_write_locked(struct pipe *p, struct iov *src, bool packet)
{
    bool atomic = iov_left(src) <= PIPE_BUF;
    size_t done = 0;

    while (iov_left(src)) {
        size_t n;
        int err;

        if (!p->readers)
            return done ? (ssize_t)done : -EPIPE;
        n = write_share(p, iov_left(src), atomic, packet);
        if (!n)
            return done ? (ssize_t)done : -EAGAIN;
        err = pipe_put_bytes(p, src, n);
        if (err)
            return done ? (ssize_t)done : err;
        pipe_added(p, (u32)n, packet);
        done += n;
    }
    return (ssize_t)done;
}

static ssize_t pipe_write(struct file *f, struct iov *src, u64 *pos)
{
    struct pipe *p = f->priv;
    ssize_t n;

    bool was_empty;

    (void)pos;
    mutex_lock(&p->lock);
    was_empty = p->head == p->tail;
    n = pipe_write_locked(p, src, f->flags & O_DIRECT);
    mutex_unlock(&p->lock);
    if (n > 0)
        pipe_wake(p, was_empty);
    return n;
}

/* ---- what else is asked of a pipe ---- */

static u32 pipe_ready(struct file *f)
{
    struct pipe *p = f->priv;
    u32 events;

    mutex_lock(&p->lock);
    events = pipe_ready_locked(p, f);
    mutex_unlock(&p->lock);
    return events;
}

static long pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct pipe *p = f->priv;
    int fill;

    if (cmd != FIONREAD)
        return -ENOTTY;
    mutex_lock(&p->lock);
    fill = (int)pipe_fill(p);
    mutex_unlock(&p->lock);
    return copy_out_struct(UPTR(arg), &fill);
}

static int pipe_getattr(struct file *f, struct stat *ret)
{
    const struct pipe *p = f->priv;

    stat_anonymous(p->ino, S_IFIFO | 0600, ret);
    ret->st_uid = p->uid;
    ret->st_gid = p->gid;
    ret->st_atime = ret->st_mtime = ret->st_ctime = (u64)p->born.sec;
    ret->st_atime_nsec = ret->st_mtime_nsec = ret->st_ctime_nsec = p->born.nsec;
    return 0;
}

static void pipe_release(struct file *f)
{
    struct pipe *p = f->priv;

    mutex_lock(&p->lock);
    p->readers -= f->read_ok;
    p->writers -= f->write_ok;
    list_remove(&f->of_object);
    mutex_unlock(&p->lock);
    pipe_wake(p, true);
    pipe_put(p);
}

/* ---- opening ---- */

/* f is an end of p from now on; takes over a reference to p. */
static void pipe_join_locked(struct pipe *p, struct file *f)
{
    f->priv = p;
    f->wait = &p->wait;
    p->readers += f->read_ok;
    p->reader_opens += f->read_ok;
    p->writers += f->write_ok;
    p->writer_opens += f->write_ok;
    list_append(&p->ends, &f->of_object);
}

static void pipe_join(struct pipe *p, struct file *f)
{
    mutex_lock(&p->lock);
    pipe_join_locked(p, f);
    mutex_unlock(&p->lock);
}

int pipe_open(u32 flags, struct file **ret_read, struct file **ret_write)
{
    AUTO(file_putp) struct file *r = NULL;
    struct pipe *p = pipe_new(NULL);
    struct file *w;
    int err =
        p ? file_new(&pipe_ops, p, O_RDONLY | (flags & (O_NONBLOCK | O_DIRECT)), &r) : -ENOMEM;

    if (err) {
        if (p)
            pipe_free(p);
        return err;
    }
    pipe_join(p, r);
    err = file_new(&pipe_ops, p, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)), &w);
    if (err)
        return err;
    ref_get(&p->refs);
    pipe_join(p, w);
    *ret_read = TAKE(r);
    *ret_write = w;
    return 0;
}

/* The pipe of a FIFO, with a new reference; NULL: no memory. */
static struct pipe *fifo_pipe(struct vnode *v)
{
    struct pipe *p;

    WITH_MUTEX(&v->special_lock);
    p = v->special;
    if (p) {
        ref_get(&p->refs);
        return p;
    }
    p = pipe_new(v);
    v->special = p;
    return p;
}

/* Sleep until *opens is no longer what it was: somebody has opened the other side. */
static int fifo_wait(struct pipe *p, const u32 *opens, u32 was)
{
    for (;;) {
        u64 ticket = waitq_ticket(&p->wait);

        if (__atomic_load_n(opens, __ATOMIC_SEQ_CST) != was)
            return 0;
        if (waitq_sleep(&p->wait, ticket, NO_DEADLINE))
            return -ERESTARTSYS;
    }
}

/* fifo(7): an open waits for the other side.  O_RDWR does not, nor does O_NONBLOCK, with which a
 * writer without readers fails. */
static int fifo_meet(struct pipe *p, struct file *f)
{
    bool nonblock = f->flags & O_NONBLOCK;
    bool reads = f->read_ok && !f->write_ok, writes = f->write_ok && !f->read_ok;
    u32 reader_opens, writer_opens;
    bool alone;

    mutex_lock(&p->lock);
    alone = (reads && !p->writers) || (writes && !p->readers);
    reader_opens = p->reader_opens;
    writer_opens = p->writer_opens;
    if (!(alone && writes && nonblock))
        pipe_join_locked(p, f);
    if (alone && reads && nonblock)
        f->pos = p->writer_opens;                /* see pipe_ready()                        */
    mutex_unlock(&p->lock);

    if (alone && writes && nonblock)
        return -ENXIO;
    waitq_wake(&p->wait);
    if (!alone || nonblock)
        return 0;
    return reads ? fifo_wait(p, &p->writer_opens, writer_opens)
                 : fifo_wait(p, &p->reader_opens, reader_opens);
}

int fifo_open(struct file *f)
{
    struct pipe *p = fifo_pipe(f->vnode);
    int err;

    if (!p)
        return -ENOMEM;
    err = fifo_meet(p, f);
    if (f->priv)
        f->ops = &fifo_ops;                      /* joined: closing the file leaves p       */
    else
        pipe_put(p);
    return err;
}

/* /proc/self/fd/N of a pipe, opened: another end of it. */
static int pipe_reopen(struct file *f, u32 flags, struct file **ret)
{
    struct pipe *p = f->priv;
    struct file *again;
    int err = file_new(&pipe_ops, p, flags, &again);

    if (err)
        return err;
    ref_get(&p->refs);
    pipe_join(p, again);
    *ret = again;
    return 0;
}

/* ---- capacity ---- */

long pipe_size(struct file *f)
{
    struct pipe *p = f->priv;

    if (!file_is_pipe(f))
        return -EBADF;
    return (long)__atomic_load_n(&p->npages, __ATOMIC_RELAXED) * PAGE_SIZE;
}

/* New rings of npages, filled with the bytes that wait; -EBUSY if they do not fit. */
static int pipe_resize_locked(struct pipe *p, u32 npages)
{
    u64 fill = pipe_fill(p);
    u8 **page;
    struct run *run;
    struct iov v;

    if (fill > (u64)npages * PAGE_SIZE || p->run_count > npages)
        return -EBUSY;
    page = kcalloc(npages, sizeof(*page) + sizeof(*run));
    if (!page)
        return -ENOMEM;
    run = (struct run *)(page + npages);
    for (u64 at = 0; at < fill; at += PAGE_SIZE) {
        u8 *copy = page_alloc(1);

        if (!copy) {
            pages_free(page, npages);
            kfree(page);
            return -ENOMEM;
        }
        page[at >> PAGE_SHIFT] = copy;
        iov_kernel(&v, copy, min_u64(PAGE_SIZE, fill - at));
        (void)pipe_copy_out(p, p->tail + at, &v, iov_left(&v)); /* kernel memory: cannot fail */
    }
    /* ---- commit ---- */
    for (u32 i = 0; i < p->run_count; i++)
        run[i] = p->run[pipe_index(p, p->run_first + i)];
    pages_free(p->page, p->npages);
    if (!rings_are_inline(p))
        kfree(p->page);
    p->page = page;
    p->run = run;
    p->run_first = 0;
    p->tail = 0;
    p->head = fill;
    __atomic_store_n(&p->npages, npages, __ATOMIC_RELAXED);
    return 0;
}

long pipe_set_size(struct file *f, u64 bytes)
{
    struct pipe *p = f->priv;
    u32 npages = 1;
    int err;

    if (!file_is_pipe(f))
        return -EBADF;
    if (bytes > PIPE_BYTES_MAX)
        return bytes > INT32_MAX ? -EINVAL : -EPERM;
    while ((u64)npages * PAGE_SIZE < bytes)
        npages *= 2;
    mutex_lock(&p->lock);
    err = npages == p->npages ? 0 : pipe_resize_locked(p, npages);
    mutex_unlock(&p->lock);
    if (err)
        return err;
    waitq_wake(&p->wait);
    return (long)npages * PAGE_SIZE;
}

static const struct file_ops pipe_ops = {
    .kind = "pipe",
    .stream = true,
    .read = pipe_read,
    .write = pipe_write,
    .ready = pipe_ready,
    .set_flags = pipe_set_flags,
    .ioctl = pipe_ioctl,
    .getattr = pipe_getattr,
    .reopen = pipe_reopen,
    .release = pipe_release,
};

static const struct file_ops fifo_ops = {
    .kind = "fifo",
    .stream = true,
    .read = pipe_read,
    .write = pipe_write,
    .ready = pipe_ready,
    .set_flags = pipe_set_flags,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
};
