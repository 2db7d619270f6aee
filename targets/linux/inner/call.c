/* SPDX-License-Identifier: MIT */
/*
 * Host operations on the linux target: one system call of the host for each row of
 * abi/hostop.def.  Inner and outer half share memory here, so nothing is copied.
 */
#include "targets/linux/inner/inner.h"
#include "targets/linux/inner/raw.h"

#include <asm/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

enum {
    AT_EMPTY_PATH_ = 0x1000,
    SOCK_NONBLOCK_ = 04000,
    SOCK_CLOEXEC_ = 02000000,
};

struct host_msghdr {
    u64 name;
    u32 namelen;
    u32 pad;
    u64 iov, iovlen, control, controllen;
    u32 flags;
    u32 pad2;
};

struct host_iovec {
    u64 base, len;
};

typedef s64 (*call_fn)(struct hostcall *c);

static s64 call_read(struct hostcall *c)
{
    return raw3(__NR_read, c->fd.id, c->buf[0].ptr, c->buf[0].len);
}

static s64 call_write(struct hostcall *c)
{
    return raw3(__NR_write, c->fd.id, c->buf[0].ptr, c->buf[0].len);
}

static s64 call_pread(struct hostcall *c)
{
    return raw4(__NR_pread64, c->fd.id, c->buf[0].ptr, c->buf[0].len, c->arg[0]);
}

static s64 call_pwrite(struct hostcall *c)
{
    return raw4(__NR_pwrite64, c->fd.id, c->buf[0].ptr, c->buf[0].len, c->arg[0]);
}

static s64 call_close(struct hostcall *c)
{
    return raw1(__NR_close, c->fd.id);
}

static s64 call_fstat(struct hostcall *c)
{
    return raw2(__NR_fstat, c->fd.id, c->buf[0].ptr);
}

static s64 call_ioctl(struct hostcall *c)
{
    u64 arg = c->arg[1];

    if (c->buf[0].len)
        arg = (u64)c->buf[0].ptr;
    else if (c->buf[1].len)
        arg = (u64)c->buf[1].ptr;
    return raw3(__NR_ioctl, c->fd.id, c->arg[0], arg);
}

static s64 call_set_nonblock(struct hostcall *c)
{
    long flags = raw3(__NR_fcntl, c->fd.id, F_GETFL, 0);

    if (flags < 0)
        return flags;
    flags = c->arg[0] ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    return raw3(__NR_fcntl, c->fd.id, F_SETFL, flags);
}

static s64 call_open_root(struct hostcall *c)
{
    return raw4(__NR_openat, AT_FDCWD, c->buf[0].ptr, c->arg[0] | O_CLOEXEC, 0);
}

/* Contained: beneath the directory, through no link of any kind. */
static s64 open_beneath(s64 dir, const char *path, u64 flags, u64 mode)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
    };

    return raw4(__NR_openat2, dir, path, &how, sizeof(how));
}

static s64 call_openat(struct hostcall *c)
{
    return open_beneath(c->fd.id, c->buf[0].ptr, c->arg[0], c->arg[1]);
}

static s64 call_statat(struct hostcall *c)
{
    return raw4(__NR_newfstatat, c->fd.id, c->buf[0].ptr, c->buf[1].ptr,
                AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH_);
}

static s64 call_readlinkat(struct hostcall *c)
{
    return raw4(__NR_readlinkat, c->fd.id, c->buf[0].ptr, c->buf[1].ptr, c->buf[1].len);
}

static s64 call_mkdirat(struct hostcall *c)
{
    return raw3(__NR_mkdirat, c->fd.id, c->buf[0].ptr, c->arg[0]);
}

static s64 call_mknodat(struct hostcall *c)
{
    return raw4(__NR_mknodat, c->fd.id, c->buf[0].ptr, c->arg[0], 0);
}

static s64 call_symlinkat(struct hostcall *c)
{
    return raw3(__NR_symlinkat, c->buf[0].ptr, c->fd.id, c->buf[1].ptr);
}

/* "/proc/self/fd/N": what stands for an open file where only paths are taken. */
static void fd_path(char buf[40], s64 fd)
{
    static const char prefix[] = "/proc/self/fd/";
    char digits[20];
    u32 n = 0, at = 0;

    for (; prefix[at]; at++)
        buf[at] = prefix[at];
    do
        digits[n++] = (char)('0' + fd % 10);
    while (fd /= 10);
    while (n)
        buf[at++] = digits[--n];
    buf[at] = '\0';
}

static s64 call_linkat(struct hostcall *c)
{
    char path[40];

    if (*(const char *)c->buf[0].ptr)
        return raw5(__NR_linkat, c->fd.id, c->buf[0].ptr, c->arg[0], c->buf[1].ptr, 0);
    fd_path(path, c->fd.id);
    return raw5(__NR_linkat, AT_FDCWD, path, c->arg[0], c->buf[1].ptr, AT_SYMLINK_FOLLOW);
}

static s64 call_unlinkat(struct hostcall *c)
{
    return raw3(__NR_unlinkat, c->fd.id, c->buf[0].ptr, c->arg[0]);
}

static s64 call_renameat(struct hostcall *c)
{
    return raw5(__NR_renameat2, c->fd.id, c->buf[0].ptr, c->arg[0], c->buf[1].ptr, c->arg[1]);
}

/* Descriptors opened with O_PATH need a detour for this and for futimens. */
static s64 call_fchmod(struct hostcall *c)
{
    long err = raw2(__NR_fchmod, c->fd.id, c->arg[0]);
    char path[40];

    if (err != -EBADF)
        return err;
    fd_path(path, c->fd.id);
    return raw2(__NR_chmod, path, c->arg[0]);
}

static s64 call_fchown(struct hostcall *c)
{
    return raw5(__NR_fchownat, c->fd.id, "", c->arg[0], c->arg[1], AT_EMPTY_PATH_);
}

static s64 call_ftruncate(struct hostcall *c)
{
    return raw2(__NR_ftruncate, c->fd.id, c->arg[0]);
}

static s64 call_fallocate(struct hostcall *c)
{
    return raw4(__NR_fallocate, c->fd.id, c->arg[0], c->arg[1], c->arg[2]);
}

static s64 call_futimens(struct hostcall *c)
{
    long err = raw4(__NR_utimensat, c->fd.id, 0, c->buf[0].ptr, 0);

    if (err != -EBADF)
        return err;
    return raw4(__NR_utimensat, c->fd.id, "", c->buf[0].ptr, AT_EMPTY_PATH_);
}

static s64 call_fsync(struct hostcall *c)
{
    return raw1(c->arg[0] ? __NR_fdatasync : __NR_fsync, c->fd.id);
}

static s64 call_getdents(struct hostcall *c)
{
    return raw3(__NR_getdents64, c->fd.id, c->buf[0].ptr, c->buf[0].len);
}

static s64 call_lseek(struct hostcall *c)
{
    return raw3(__NR_lseek, c->fd.id, c->arg[0], c->arg[1]);
}

static s64 call_statfs(struct hostcall *c)
{
    return raw2(__NR_fstatfs, c->fd.id, c->buf[0].ptr);
}

static s64 call_socket(struct hostcall *c)
{
    return raw3(__NR_socket, c->arg[0], c->arg[1] | SOCK_NONBLOCK_ | SOCK_CLOEXEC_, c->arg[2]);
}

static s64 call_socketpair(struct hostcall *c)
{
    int pair[2];
    long err = raw4(__NR_socketpair, c->arg[0], c->arg[1] | SOCK_NONBLOCK_ | SOCK_CLOEXEC_,
                    c->arg[2], pair);

    if (err)
        return err;
    c->out[0] = (u64)pair[1];
    return pair[0];
}

static s64 call_bind(struct hostcall *c)
{
    return raw3(__NR_bind, c->fd.id, c->buf[0].ptr, c->buf[0].len);
}

static s64 call_connect(struct hostcall *c)
{
    return raw3(__NR_connect, c->fd.id, c->buf[0].ptr, c->buf[0].len);
}

static s64 call_listen(struct hostcall *c)
{
    return raw2(__NR_listen, c->fd.id, c->arg[0]);
}

static s64 call_accept(struct hostcall *c)
{
    u32 len = (u32)c->buf[1].len;
    long fd = raw4(__NR_accept4, c->fd.id, len ? c->buf[1].ptr : 0, len ? &len : 0,
                   SOCK_NONBLOCK_ | SOCK_CLOEXEC_);

    c->out[0] = len;
    return fd;
}

static s64 call_shutdown(struct hostcall *c)
{
    return raw2(__NR_shutdown, c->fd.id, c->arg[0]);
}

static s64 name_of(struct hostcall *c, long nr)
{
    u32 len = (u32)c->buf[0].len;
    long err = raw3(nr, c->fd.id, c->buf[0].ptr, &len);

    c->out[0] = len;
    return err;
}

static s64 call_getsockname(struct hostcall *c)
{
    return name_of(c, __NR_getsockname);
}

static s64 call_getpeername(struct hostcall *c)
{
    return name_of(c, __NR_getpeername);
}

static s64 call_getsockopt(struct hostcall *c)
{
    u32 len = (u32)c->buf[0].len;
    long err = raw5(__NR_getsockopt, c->fd.id, c->arg[0], c->arg[1], c->buf[0].ptr, &len);

    c->out[0] = len;
    return err;
}

static s64 call_setsockopt(struct hostcall *c)
{
    return raw5(__NR_setsockopt, c->fd.id, c->arg[0], c->arg[1], c->buf[0].ptr, c->buf[0].len);
}

static void msghdr_fill(struct host_msghdr *m, struct host_iovec *v, const struct hostcall *c)
{
    *v = (struct host_iovec){ (u64)c->buf[0].ptr, c->buf[0].len };
    *m = (struct host_msghdr){
        .name = c->buf[1].len ? (u64)c->buf[1].ptr : 0,
        .namelen = (u32)c->buf[1].len,
        .iov = (u64)v,
        .iovlen = 1,
        .control = c->buf[2].len ? (u64)c->buf[2].ptr : 0,
        .controllen = c->buf[2].len,
    };
}

static s64 call_sendmsg(struct hostcall *c)
{
    struct host_msghdr m;
    struct host_iovec v;

    if (!c->buf[2].len)
        return raw6(__NR_sendto, c->fd.id, c->buf[0].ptr, c->buf[0].len, c->arg[0],
                    c->buf[1].len ? c->buf[1].ptr : 0, c->buf[1].len);
    msghdr_fill(&m, &v, c);
    return raw3(__NR_sendmsg, c->fd.id, &m, c->arg[0]);
}

static s64 call_recvmsg(struct hostcall *c)
{
    struct host_msghdr m;
    struct host_iovec v;
    long n;

    msghdr_fill(&m, &v, c);
    n = raw3(__NR_recvmsg, c->fd.id, &m, c->arg[0]);
    if (n >= 0) {
        c->out[0] = m.namelen | m.controllen << 32;
        c->out[1] = m.flags;
    }
    return n;
}

static s64 call_epoll_create(struct hostcall *c)
{
    (void)c;
    return raw1(__NR_epoll_create1, O_CLOEXEC);
}

static s64 call_epoll_ctl(struct hostcall *c)
{
    struct epoll_event event = { .events = (u32)c->arg[2], .data = c->arg[3] };

    return raw4(__NR_epoll_ctl, c->fd.id, c->arg[0], c->arg[1], &event);
}

static s64 call_epoll_wait(struct hostcall *c)
{
    return raw4(__NR_epoll_wait, c->fd.id, c->buf[0].ptr,
                c->buf[0].len / sizeof(struct epoll_event), 0);
}

s64 inner_call(struct hostcall *c)
{
    static const call_fn calls[HOSTOP_COUNT] = {
#define HOSTOP(name, result, b0, b1, b2) [HOSTOP_##name] = call_##name,
#include "abi/hostop.def"
#undef HOSTOP
    };

    return (u32)c->op < HOSTOP_COUNT ? calls[c->op](c) : -ENOSYS;
}
