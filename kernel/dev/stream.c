/* SPDX-License-Identifier: MIT */
/*
 * Streams of the host's: see stream.h.
 *
 * A regular file keeps its position on the host, where the programs before and after us in a shell's
 * redirection share it; pread(2) and pwrite(2) leave it alone there as well.
 */
#include "kernel/dev/stream.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/refcount.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/dev/host_tty.h"
#include "kernel/host/host.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

enum {
    SMALL = 512,                                 /* on the stack: most lines of text        */
    CHUNK = 128 * 1024,                          /* per host call: twice a full pipe        */
    CHUNK_WAITS = 4096,                          /* PIPE_BUF: a writable pipe takes it whole */
    APART_ROWS = 24,                             /* reference 8.14                          */
    APART_COLUMNS = 80,
};

/* ---- the descriptor ---- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_rdev == b->st_rdev &&
           a->st_mode == b->st_mode;
}

/* The same pipe or terminal by another open file; HFD_NONE if the host does not let us. */
static hfd open_again(hfd fd, u32 access, const struct stat *st)
{
    static const u32 modes[] = { 0, O_RDONLY, O_WRONLY, O_RDWR };
    char path[32];
    struct hostcall c = {
        .op = HOSTOP_open_root,
        .arg = { modes[access] | O_NONBLOCK | O_NOCTTY },
        .buf[0] = { path, sizeof(path) },
    };
    struct stat again;
    hfd own;

    ksnprintf(path, sizeof(path), "/proc/self/fd/%d", (int)fd.id);
    if (host_call_fd(&c, &own))
        return HFD_NONE;
    if (!host_fstat(own, &again) && is_same_file(st, &again))
        return own;
    host_close(own);
    return HFD_NONE;
}

void stream_init(struct stream *s, hfd fd, u32 access, const struct stat *st)
{
    hfd own = HFD_NONE;

    *s = (struct stream){ .fd = fd, .type = st->st_mode & S_IFMT, .ino = st->st_ino };
    if (s->type != S_IFCHR && s->type != S_IFIFO)
        return;
    own = open_again(fd, access, st);
    s->own = own.id >= 0;
    s->waits = !s->own;
    if (s->own)
        s->fd = own;
}

void stream_fini(struct stream *s)
{
    if (s->own)
        host_close(s->fd);
}

u32 stream_ask(const struct stream *s, u32 events)
{
    struct host_poll p = { .fd = s->fd, .events = events };

    if (host_poll(thread_self()->slot, &p, 1, 0) < 0)
        return 0;
    return p.ready;
}

/* ---- transfers through kernel memory ---- */

static ssize_t receive(const struct stream *s, void *buf, size_t len)
{
    struct hostcall c = {
        .op = HOSTOP_recvmsg, .fd = s->fd, .arg = { MSG_DONTWAIT }, .buf[0] = { buf, len }
    };
    s64 n;

    if (s->type != S_IFSOCK)
        return host_read(s->fd, buf, len);
    n = host_call(&c);
    return n > (s64)len ? -EIO : n;
}

static ssize_t send(const struct stream *s, const void *buf, size_t len)
{
    struct hostcall c = {
        .op = HOSTOP_sendmsg,
        .fd = s->fd,
        .arg = { MSG_DONTWAIT | MSG_NOSIGNAL },
        .buf[0] = { (void *)buf, len },
    };

    return s->type == S_IFSOCK ? host_call(&c) : host_write(s->fd, buf, len);
}

/* Room for len bytes: small ones in the caller's frame. */
static void *buffer_get(u8 small[SMALL], size_t len, void **ret_owned)
{
    if (len <= SMALL)
        return small;
    *ret_owned = kalloc(len);
    return *ret_owned;
}

ssize_t stream_take(const struct stream *s, struct iov *dst)
{
    size_t len = min_size(iov_left(dst), CHUNK);
    AUTO(kfreep) void *owned = NULL;
    u8 small[SMALL];
    u8 *buf;
    ssize_t n;

    if (!len)
        return 0;
    if (s->waits && !stream_ask(s, POLLIN))
        return -EAGAIN;
    buf = buffer_get(small, len, &owned);
    if (!buf)
        return -ENOMEM;
    n = receive(s, buf, len);
    return n > 0 ? iov_put(dst, buf, (size_t)n) : n;
}

/* What the host does not take stays in src. */
ssize_t stream_give(const struct stream *s, struct iov *src)
{
    size_t len = min_size(iov_left(src), s->waits ? CHUNK_WAITS : CHUNK);
    AUTO(kfreep) void *owned = NULL;
    u8 small[SMALL];
    u8 *buf;
    ssize_t n;

    if (!len)
        return 0;
    if (s->waits && !stream_ask(s, POLLOUT))
        return -EAGAIN;
    buf = buffer_get(small, len, &owned);
    if (!buf)
        return -ENOMEM;
    n = iov_peek(src, buf, len);
    if (n > 0)
        n = send(s, buf, (size_t)n);
    if (n > 0)
        iov_skip(src, (size_t)n);
    return n;
}

/* ---- pipes, sockets, devices ---- */

/* What the open files of one stream share. */
struct shared_stream {
    struct stream s;
    refcount refs;                               /* [atomic] open files                     */
    u32 access;                                  /* [const] STREAM_*                        */
};

static struct stream *stream_of(struct file *f)
{
    return &((struct shared_stream *)f->priv)->s;
}

static ssize_t stream_read(struct file *f, struct iov *dst, u64 *pos)
{
    (void)pos;
    return stream_take(stream_of(f), dst);
}

static ssize_t stream_write(struct file *f, struct iov *src, u64 *pos)
{
    (void)pos;
    return stream_give(stream_of(f), src);
}

static u32 stream_ready(struct file *f)
{
    return stream_ask(stream_of(f), (f->read_ok ? POLLIN : 0) | (f->write_ok ? POLLOUT : 0));
}

static hfd stream_host(struct file *f)
{
    return stream_of(f)->fd;
}

static long stream_ioctl(struct file *f, u32 cmd, u64 arg)
{
    int left = 0;
    int err;

    if (cmd != FIONREAD)
        return -ENOTTY;
    err = host_ioctl(stream_of(f)->fd, FIONREAD, &left, 0, sizeof(left));
    if (err < 0)
        return err;
    if (left < 0)
        return -EIO;
    return copy_out_struct(UPTR(arg), &left);
}

/* Owners are the host's business: what it redirects is the caller's. */
static int stream_getattr(struct file *f, struct stat *ret)
{
    const struct stream *s = stream_of(f);
    struct stat st;
    int err = host_fstat(s->fd, &st);

    if (err)
        return err;
    if ((st.st_mode & S_IFMT) != s->type)
        return -EIO;
    stat_anonymous(s->ino, s->type | (st.st_mode & 0777), ret);
    ret->st_rdev = st.st_rdev;
    ret->st_size = st.st_size;
    ret->st_blocks = st.st_blocks;
    ret->st_blksize = st.st_blksize;
    ret->st_nlink = st.st_nlink;
    ret->st_atime = st.st_atime, ret->st_atime_nsec = st.st_atime_nsec;
    ret->st_mtime = st.st_mtime, ret->st_mtime_nsec = st.st_mtime_nsec;
    ret->st_ctime = st.st_ctime, ret->st_ctime_nsec = st.st_ctime_nsec;
    return 0;
}

/* /dev/stdout: another file of the same stream.  Of a regular file Linux would give one with a
 * position of its own; here the position is on the host, and is shared. */
static int stream_reopen(struct file *f, u32 flags, struct file **ret)
{
    struct shared_stream *shared = f->priv;
    u32 wanted = (flags & O_ACCMODE) == O_RDONLY   ? STREAM_READ
                 : (flags & O_ACCMODE) == O_WRONLY ? STREAM_WRITE
                                                   : STREAM_READ | STREAM_WRITE;
    int err;

    if (shared->s.type == S_IFSOCK)
        return -ENXIO;
    if (wanted & ~shared->access)
        return -EACCES;
    err = file_new(f->ops, shared, flags, ret);
    if (!err)
        ref_get(&shared->refs);
    return err;
}

static void stream_release(struct file *f)
{
    struct shared_stream *shared = f->priv;

    if (!ref_put(&shared->refs))
        return;
    stream_fini(&shared->s);
    kfree(shared);
}

#define STREAM_OPS(name)                                                                           \
    {                                                                                              \
        .kind = name, .stream = true, .read = stream_read, .write = stream_write,                  \
        .ready = stream_ready, .host = stream_host, .ioctl = stream_ioctl,                         \
        .getattr = stream_getattr, .reopen = stream_reopen, .release = stream_release,             \
    }
static const struct file_ops pipe_stream_ops = STREAM_OPS("pipe");
static const struct file_ops socket_stream_ops = STREAM_OPS("socket");
static const struct file_ops device_stream_ops = STREAM_OPS("stream");

/* ---- regular files ---- */

static ssize_t regular_read(struct file *f, struct iov *dst, u64 *pos)
{
    hfd fd = stream_of(f)->fd;
    size_t len = min_size(iov_left(dst), CHUNK);
    AUTO(kfreep) void *owned = NULL;
    u8 small[SMALL];
    u8 *buf = buffer_get(small, len, &owned);
    ssize_t n;

    if (!buf)
        return -ENOMEM;
    n = pos == &f->pos ? host_read(fd, buf, len) : host_pread(fd, buf, len, *pos);
    if (n > 0)
        n = iov_put(dst, buf, (size_t)n);
    if (n > 0)
        *pos += (u64)n;
    return n;
}

static ssize_t regular_write_once(struct file *f, struct iov *src, u64 *pos)
{
    hfd fd = stream_of(f)->fd;
    size_t len = min_size(iov_left(src), CHUNK);
    AUTO(kfreep) void *owned = NULL;
    u8 small[SMALL];
    u8 *buf = buffer_get(small, len, &owned);
    ssize_t n;

    if (!buf)
        return -ENOMEM;
    n = iov_peek(src, buf, len);
    if (n > 0)
        n = pos == &f->pos ? host_write(fd, buf, (size_t)n) : host_pwrite(fd, buf, (size_t)n, *pos);
    if (n > 0) {
        iov_skip(src, (size_t)n);
        *pos += (u64)n;
    }
    return n;
}

static ssize_t regular_write(struct file *f, struct iov *src, u64 *pos)
{
    ssize_t done = 0;

    while (iov_left(src)) {
        ssize_t n = regular_write_once(f, src, pos);

        if (n <= 0)
            return done ? done : n;
        done += n;
    }
    return done;
}

static s64 regular_seek(struct file *f, s64 off, int whence)
{
    s64 at = host_lseek(stream_of(f)->fd, off, whence);

    if (at >= 0)
        f->pos = (u64)at;
    return at;
}

static const struct file_ops regular_ops = {
    .kind = "stream",
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .ioctl = stream_ioctl,
    .getattr = stream_getattr,
    .reopen = stream_reopen,
    .release = stream_release,
};

/* ---- kept away from the host ---- */

static ssize_t empty_read(struct file *f, struct iov *dst, u64 *pos)
{
    (void)f;
    (void)dst;
    (void)pos;
    return 0;
}

static u32 empty_ready(struct file *f)
{
    (void)f;
    return POLLIN | POLLRDNORM | POLLHUP;
}

/* Programs that ask for the size of the window get the usual one (reference 8.14). */
static long apart_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct winsize size = { .ws_row = APART_ROWS, .ws_col = APART_COLUMNS };

    (void)f;
    return cmd == TIOCGWINSZ ? copy_out_struct(UPTR(arg), &size) : -ENOTTY;
}

static int empty_getattr(struct file *f, struct stat *ret)
{
    (void)f;
    stat_anonymous(1, S_IFIFO | 0600, ret);      /* there is one in a run                   */
    return 0;
}

static const struct file_ops empty_ops = {
    .kind = "stream",
    .read = empty_read,
    .ready = empty_ready,
    .ioctl = apart_ioctl,
    .getattr = empty_getattr,
};

static const struct file_ops apart_ops = {
    .kind = "stream",
    .stream = true,
    .write = stream_write,
    .ready = stream_ready,
    .host = stream_host,
    .ioctl = apart_ioctl,
    .getattr = stream_getattr,
    .release = stream_release,
};

/* ---- standard input, output, error ---- */

static int stream_open(hfd fd, u32 access, const struct stat *st, const struct file_ops *ops,
                       struct file **ret)
{
    struct shared_stream *shared = kzalloc(sizeof(*shared));
    int err;

    if (!shared)
        return -ENOMEM;
    ref_init(&shared->refs);
    shared->access = access;
    stream_init(&shared->s, fd, access, st);
    err = file_new(ops, shared, access == STREAM_READ ? O_RDONLY : O_WRONLY, ret);
    if (err) {
        stream_fini(&shared->s);
        kfree(shared);
    }
    return err;
}

static const struct file_ops *ops_by_type(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return &regular_ops;
    case S_IFIFO:
        return &pipe_stream_ops;
    case S_IFSOCK:
        return &socket_stream_ops;
    }
    return &device_stream_ops;
}

/* By its name in /dev where that is the one, so that ttyname(3) finds it. */
static int terminal_open(struct host_tty *t, struct file **ret)
{
    if (host_tty_is_console(t) &&
        !vfs_openat(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0, 0, ret))
        return 0;
    return host_tty_new_file(t, ret);
}

int standard_stream_open(int number, bool connected, struct file **ret)
{
    enum stream_access access = number ? STREAM_WRITE : STREAM_READ;
    hfd fd = { number };
    struct host_tty *t;
    struct stat st;
    int err;

    if (!connected && !number)
        return file_new(&empty_ops, NULL, O_RDONLY, ret);
    err = host_fstat(fd, &st);
    if (err)
        return err;
    if (!connected)
        return stream_open(fd, access, &st, &apart_ops, ret);
    t = host_tty_find(fd, &st);
    if (t)
        return terminal_open(t, ret);
    return stream_open(fd, access, &st, ops_by_type(st.st_mode), ret);
}
