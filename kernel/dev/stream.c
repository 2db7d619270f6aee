/* SPDX-License-Identifier: MIT */
/* Streams of the host's: see stream.h. */
#include "kernel/dev/stream.h"
#include "abi/linux/errno.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

enum {
    CHUNK = 4096,                                /* PIPE_BUF: a writable pipe takes it whole */
    BIG_CHUNK = 64 * 1024,                       /* regular files never block               */
};

struct stream {
    hfd fd;
    u32 mode;                                    /* st_mode of the host's                   */
    u64 rdev, ino;
};

static struct stream *stream_of(struct file *f)
{
    return f->priv;
}

static bool stream_is_regular(const struct stream *s)
{
    return (s->mode & S_IFMT) == S_IFREG;
}

/* POLL* bits of what was asked for. */
static u32 stream_poll(const struct stream *s, u32 events)
{
    struct host_poll p = { .fd = s->fd, .events = events };

    if (host_poll(thread_self()->slot, &p, 1, 0) < 0)
        return 0;
    return p.ready;
}

static size_t stream_chunk(const struct stream *s)
{
    return stream_is_regular(s) ? BIG_CHUNK : CHUNK;
}

static ssize_t stream_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct stream *s = stream_of(f);
    size_t len = min_size(iov_left(dst), stream_chunk(s));
    AUTO(kfreep) void *buf = NULL;
    ssize_t n;

    (void)pos;
    if (!len)
        return 0;
    if (!stream_is_regular(s) && !stream_poll(s, POLLIN))
        return -EAGAIN;
    buf = kalloc(len);
    if (!buf)
        return -ENOMEM;
    n = host_read(s->fd, buf, len);
    return n > 0 ? iov_put(dst, buf, (size_t)n) : n;
}

static ssize_t stream_write(struct file *f, struct iov *src, u64 *pos)
{
    struct stream *s = stream_of(f);
    size_t len = min_size(iov_left(src), stream_chunk(s));
    AUTO(kfreep) void *buf = NULL;
    ssize_t n;

    (void)pos;
    if (!len)
        return 0;
    if (!stream_is_regular(s) && !stream_poll(s, POLLOUT))
        return -EAGAIN;
    buf = kalloc(len);
    if (!buf)
        return -ENOMEM;
    n = iov_get(src, buf, len);
    return n > 0 ? host_write(s->fd, buf, (size_t)n) : n;
}

static u32 stream_ready(struct file *f)
{
    struct stream *s = stream_of(f);

    if (stream_is_regular(s))
        return POLLIN | POLLOUT;
    return stream_poll(s, (f->read_ok ? POLLIN : 0) | (f->write_ok ? POLLOUT : 0));
}

static hfd stream_host(struct file *f)
{
    return stream_is_regular(stream_of(f)) ? HFD_NONE : stream_of(f)->fd;
}

static int stream_getattr(struct file *f, struct stat *ret)
{
    struct stream *s = stream_of(f);

    stat_anonymous(s->ino, s->mode, ret);
    ret->st_rdev = s->rdev;
    return 0;
}

static void stream_release(struct file *f)
{
    kfree(f->priv);
}

static const struct file_ops stream_ops = {
    .kind = "stream",
    .read = stream_read,
    .write = stream_write,
    .ready = stream_ready,
    .host = stream_host,
    .getattr = stream_getattr,
    .release = stream_release,
};

int stream_open(hfd fd, u32 flags, struct file **ret)
{
    AUTO(kfreep) struct stream *s = kzalloc(sizeof(*s));
    struct stat st;
    struct hostcall c = { .op = HOSTOP_fstat, .fd = fd, .buf[0] = { &st, sizeof(st) } };
    int err;

    if (!s)
        return -ENOMEM;
    memset(&st, 0, sizeof(st));
    if (host_call(&c) < 0)
        return -EBADF;
    *s = (struct stream){ .fd = fd, .mode = (u32)st.st_mode, .rdev = st.st_rdev, .ino = st.st_ino };
    err = file_new(&stream_ops, s, flags, ret);
    if (!err)
        (void)TAKE(s);
    return err;
}
