/* SPDX-License-Identifier: MIT */
/*
 * Host operations, checked by their row in abi/hostop.def.
 *
 * What a row promises (a count within the buffer, zero, a new descriptor, a number) is what is
 * believed; anything else becomes -EIO and an anomaly.  Structures are checked by the functions
 * at the end, because only they know the fields.
 */
#include "abi/linux/errno.h"
#include "abi/linux/ioctl.h"
#include "kernel/core/log.h"
#include "kernel/host/host.h"
#include "kernel/host/host_int.h"

enum result { COUNT, ZERO, FD, NUM, POS };

static const struct {
    const char *name;
    enum result result;
} row[HOSTOP_COUNT] = {
#define HOSTOP(name_, result_, b0, b1, b2) [HOSTOP_##name_] = { #name_, result_ },
#include "abi/hostop.def"
#undef HOSTOP
};

static _Atomic u64 anomalies[ANOMALIES];         /* [atomic] how many of each kind          */

void host_anomaly(enum host_anomaly kind, s64 answer)
{
    static const char *const what[ANOMALIES] = {
        [ANOMALY_COUNT] = "a count out of range",
        [ANOMALY_ERRNO] = "an unknown error number",
        [ANOMALY_FD] = "a descriptor that is in use",
        [ANOMALY_CLOCK] = "a time that went backwards",
        [ANOMALY_EVENTS] = "events nobody asked for",
        [ANOMALY_STRUCT] = "a field out of range",
    };

    if (__atomic_fetch_add(&anomalies[kind], 1, __ATOMIC_RELAXED) == 0)
        klog(LOG_WARN, "the host answered with %s (%ld)", what[kind], (long)answer);
}

int host_errno(s64 answer)
{
    enum { ERRNO_MAX_LINUX = EHWPOISON };

    if (answer == -EFAULT || answer == -EINTR)
        return -EIO;
    if (answer < -ERRNO_MAX_LINUX || answer >= 0) {
        host_anomaly(ANOMALY_ERRNO, answer);
        return -EIO;
    }
    return (int)answer;
}

static s64 result_check(const struct hostcall *c, s64 n)
{
    bool good;

    if (n < 0)
        return host_errno(n);
    switch (row[c->op].result) {
    case COUNT:
        good = (u64)n <= c->buf[0].len;
        break;
    case ZERO:
        good = n == 0;
        break;
    case POS:
        good = true;
        break;
    default:
        good = n <= INT32_MAX;
        break;
    }
    if (good)
        return n;
    host_anomaly(ANOMALY_COUNT, n);
    return -EIO;
}

s64 host_call(struct hostcall *c)
{
    s64 n = result_check(c, host_target.call(c));

    if (unlikely(host_trace_ops.call))
        host_trace_ops.call(c, n);
    return n;
}

int host_call_fd(struct hostcall *c, hfd *ret)
{
    s64 n = host_call(c);
    hfd fd = { n };
    int err;

    if (n < 0)
        return (int)n;
    err = live_add(fd);
    if (err == -EIO)
        host_anomaly(ANOMALY_FD, n);
    if (err)
        return err;
    *ret = fd;
    return 0;
}

ssize_t host_read(hfd fd, void *dst, size_t len)
{
    struct hostcall c = { .op = HOSTOP_read, .fd = fd, .buf[0] = { dst, len } };

    return host_call(&c);
}

ssize_t host_write(hfd fd, const void *src, size_t len)
{
    struct hostcall c = { .op = HOSTOP_write, .fd = fd, .buf[0] = { (void *)src, len } };

    return host_call(&c);
}

ssize_t host_pread(hfd fd, void *dst, size_t len, u64 off)
{
    struct hostcall c = { .op = HOSTOP_pread, .fd = fd, .arg = { off }, .buf[0] = { dst, len } };

    return host_call(&c);
}

ssize_t host_pwrite(hfd fd, const void *src, size_t len, u64 off)
{
    struct hostcall c = {
        .op = HOSTOP_pwrite, .fd = fd, .arg = { off }, .buf[0] = { (void *)src, len }
    };

    return host_call(&c);
}

s64 host_lseek(hfd fd, s64 off, int whence)
{
    struct hostcall c = { .op = HOSTOP_lseek, .fd = fd, .arg = { (u64)off, (u64)whence } };

    return host_call(&c);
}

void host_close(hfd fd)
{
    struct hostcall c = { .op = HOSTOP_close, .fd = fd };

    live_remove(fd);                             /* first: the number may come again at once */
    (void)host_target.call(&c);                  /* closing: nobody to tell                 */
}

int host_ioctl(hfd fd, u32 request, void *arg, size_t in_len, size_t out_len)
{
    struct hostcall c = { .op = HOSTOP_ioctl,
                          .fd = fd,
                          .arg = { request },
                          .buf = { { arg, in_len }, { arg, out_len } } };

    return (int)host_call(&c);
}

int host_ioctl_value(hfd fd, u32 request, u64 value)
{
    struct hostcall c = { .op = HOSTOP_ioctl, .fd = fd, .arg = { request, value } };

    return (int)host_call(&c);
}

int host_set_nonblock(hfd fd, bool on)
{
    struct hostcall c = { .op = HOSTOP_set_nonblock, .fd = fd, .arg = { on } };

    return (int)host_call(&c);
}
