/* SPDX-License-Identifier: MIT */
/*
 * The host operations that hostfs is made of, as functions.
 *
 * kernel/host/ has checked the results.  Two errors are put right for programs: EMFILE would speak of
 * their own limit, EAGAIN of something that could be waited for.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/time.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"

static int error_inside(s64 err)
{
    switch (err) {
    case -EMFILE:
        return -ENFILE;
    case -EAGAIN:
        return -EIO;
    }
    return (int)err;
}

static int run(struct hostcall *c)
{
    s64 n = host_call(c);

    return n < 0 ? error_inside(n) : 0;
}

static int run_fd(struct hostcall *c, hfd *ret)
{
    int err = host_call_fd(c, ret);

    return err ? error_inside(err) : 0;
}

#define TEXT(s)                                                                                    \
    {                                                                                              \
        (void *)(s), strlen(s) + 1                                                                 \
    }

void host_name_set(struct host_name *n, struct name name)
{
    memcpy(n->str, name.str, name.len);          /* the VFS has seen to KNAME_MAX           */
    n->str[name.len] = '\0';
}

int call_openat(hfd dir, const char *name, u32 flags, u32 mode, hfd *ret)
{
    struct hostcall c = {
        .op = HOSTOP_openat,
        .fd = dir,
        .arg = { flags | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode },
        .buf[0] = TEXT(name),
    };

    if (flags & O_PATH)
        c.arg[0] = flags | O_NOFOLLOW;           /* openat2(2) is strict about what goes along */
    return run_fd(&c, ret);
}

int call_open_root(const char *path, u32 flags, hfd *ret)
{
    struct hostcall c = {
        .op = HOSTOP_open_root,
        .arg = { flags | O_NOCTTY | O_NONBLOCK },
        .buf[0] = TEXT(path),
    };

    return run_fd(&c, ret);
}

ssize_t call_readlinkat(hfd dir, const char *name, void *dst, size_t size)
{
    struct hostcall c = { .op = HOSTOP_readlinkat,
                          .fd = dir,
                          .buf = { TEXT(name), { dst, size } } };
    s64 n = host_call(&c);

    if (n < 0)
        return error_inside(n);
    return n > (s64)size ? -EIO : n;
}

int call_mkdirat(hfd dir, const char *name, u32 mode)
{
    struct hostcall c = { .op = HOSTOP_mkdirat, .fd = dir, .arg = { mode }, .buf[0] = TEXT(name) };

    return run(&c);
}

int call_mknodat(hfd dir, const char *name, u32 mode)
{
    struct hostcall c = { .op = HOSTOP_mknodat, .fd = dir, .arg = { mode }, .buf[0] = TEXT(name) };

    return run(&c);
}

int call_symlinkat(const char *target, hfd dir, const char *name)
{
    struct hostcall c = { .op = HOSTOP_symlinkat, .fd = dir, .buf = { TEXT(target), TEXT(name) } };

    return run(&c);
}

int call_linkat(hfd from, const char *name, hfd to, const char *to_name)
{
    struct hostcall c = {
        .op = HOSTOP_linkat,
        .fd = from,
        .arg = { (u64)to.id },
        .buf = { TEXT(name), TEXT(to_name) },
    };

    return run(&c);
}

int call_unlinkat(hfd dir, const char *name, u32 flags)
{
    struct hostcall c = {
        .op = HOSTOP_unlinkat, .fd = dir, .arg = { flags }, .buf[0] = TEXT(name)
    };

    return run(&c);
}

int call_renameat(hfd from, const char *name, hfd to, const char *to_name, u32 flags)
{
    struct hostcall c = {
        .op = HOSTOP_renameat,
        .fd = from,
        .arg = { (u64)to.id, flags },
        .buf = { TEXT(name), TEXT(to_name) },
    };

    return run(&c);
}

int call_fchmod(hfd fd, u32 mode)
{
    struct hostcall c = { .op = HOSTOP_fchmod, .fd = fd, .arg = { mode } };

    return run(&c);
}

int call_fchown(hfd fd, u32 uid, u32 gid)
{
    struct hostcall c = { .op = HOSTOP_fchown, .fd = fd, .arg = { uid, gid } };

    return run(&c);
}

int call_ftruncate(hfd fd, u64 size)
{
    struct hostcall c = { .op = HOSTOP_ftruncate, .fd = fd, .arg = { size } };

    return run(&c);
}

int call_fallocate(hfd fd, u32 mode, u64 off, u64 len)
{
    struct hostcall c = { .op = HOSTOP_fallocate, .fd = fd, .arg = { mode, off, len } };

    return run(&c);
}

int call_futimens(hfd fd, const struct timespec64 times[2])
{
    struct __kernel_timespec ts[2] = {
        { .tv_sec = times[0].sec, .tv_nsec = times[0].nsec },
        { .tv_sec = times[1].sec, .tv_nsec = times[1].nsec },
    };
    struct hostcall c = { .op = HOSTOP_futimens, .fd = fd, .buf[0] = { ts, sizeof(ts) } };

    return run(&c);
}

int call_fsync(hfd fd, enum sync_what what)
{
    struct hostcall c = { .op = HOSTOP_fsync, .fd = fd, .arg = { what == SYNC_DATA } };

    return run(&c);
}

ssize_t call_getdents(hfd fd, void *dst, size_t size)
{
    struct hostcall c = { .op = HOSTOP_getdents, .fd = fd, .buf[0] = { dst, size } };
    s64 n = host_call(&c);

    return n < 0 ? error_inside(n) : n;
}
