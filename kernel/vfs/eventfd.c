/* SPDX-License-Identifier: MIT */
/*
 * eventfd(2).
 *
 * The counter goes up to COUNT_MAX; a write that would pass it waits.  A read takes all of it, or
 * one with EFD_SEMAPHORE.
 *
 * Locks: eventfd.lock, a leaf.
 */
#include "kernel/vfs/eventfd.h"
#include "abi/linux/errno.h"
#include "abi/linux/eventfd.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/file.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    bool semaphore;                              /* [const]                                 */
    struct spinlock lock;
    u64 count;                                   /* guarded by lock                         */
};

static bool eventfd_take(struct eventfd *e, u64 *ret)
{
    WITH_SPINLOCK(&e->lock);
    if (!e->count)
        return false;
    *ret = e->semaphore ? 1 : e->count;
    e->count -= *ret;
    return true;
}

static bool eventfd_add(struct eventfd *e, u64 n)
{
    WITH_SPINLOCK(&e->lock);
    if (n > COUNT_MAX - e->count)
        return false;
    e->count += n;
    return true;
}

static ssize_t eventfd_read(struct file *f, struct iov *dst, u64 *pos)
{
    u64 n;

    (void)pos;
    if (iov_left(dst) < sizeof(n))
        return -EINVAL;
    if (!eventfd_take(f->priv, &n))
        return -EAGAIN;
    file_wake(f);
    return iov_put(dst, &n, sizeof(n));
}

static ssize_t eventfd_write(struct file *f, struct iov *src, u64 *pos)
{
    struct iov copy = *src;                      /* -EAGAIN must leave src whole            */
    ssize_t got;
    u64 n;

    (void)pos;
    if (iov_left(src) < sizeof(n))
        return -EINVAL;
    if (src->seg == &src->one)
        copy.seg = &copy.one;
    got = iov_get(&copy, &n, sizeof(n));
    if (got != sizeof(n))
        return -EFAULT;
    if (n == UINT64_MAX)
        return -EINVAL;
    if (!eventfd_add(f->priv, n))
        return -EAGAIN;
    iov_skip(src, sizeof(n));
    file_wake(f);
    return sizeof(n);
}

static u32 eventfd_ready(struct file *f)
{
    struct eventfd *e = f->priv;

    WITH_SPINLOCK(&e->lock);
    return (e->count ? POLLIN | POLLRDNORM : 0) | (e->count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0);
}

static void eventfd_show(struct file *f, struct strbuf *dst)
{
    struct eventfd *e = f->priv;

    WITH_SPINLOCK(&e->lock);
    strbuf_printf(dst, "eventfd-count: %16lx\n", e->count);
}

static void eventfd_release(struct file *f)
{
    kfree(f->priv);
}

static const struct file_ops eventfd_ops = {
    .kind = "eventfd",
    .read = eventfd_read,
    .write = eventfd_write,
    .ready = eventfd_ready,
    .show_fdinfo = eventfd_show,
    .release = eventfd_release,
};

int eventfd_new(u64 count, u32 flags, struct file **ret)
{
    AUTO(kfreep) struct eventfd *e = kzalloc(sizeof(*e));
    int err;

    if (!e)
        return -ENOMEM;
    e->count = count;
    e->semaphore = flags & EFD_SEMAPHORE;
    err = file_new(&eventfd_ops, e, O_RDWR | (flags & EFD_NONBLOCK), ret);
    if (!err)
        (void)TAKE(e);
    return err;
}
