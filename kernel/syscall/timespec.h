/* SPDX-License-Identifier: MIT */
/* Times as programs pass them, to and from nanoseconds. */
#pragma once
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/core/user.h"

/* More seconds than these do not fit: they are as good as for ever. */
enum { NSEC_MAX = NSEC_PER_SEC - 1, USEC_MAX = 999999 };
#define SEC_MAX (INT64_MAX / NSEC_PER_SEC)

/* -EINVAL: negative, or a fraction of a second or more. */
static inline int timespec_ns(const struct __kernel_timespec *t, u64 *ret)
{
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec > NSEC_MAX)
        return -EINVAL;
    *ret = t->tv_sec >= SEC_MAX ? INT64_MAX : (u64)t->tv_sec * NSEC_PER_SEC + (u64)t->tv_nsec;
    return 0;
}

static inline int timespec_in(uptr src, u64 *ret)
{
    struct __kernel_timespec t;

    return copy_in_struct(&t, src) ? -EFAULT : timespec_ns(&t, ret);
}

static inline int timespec_out(uptr dst, u64 ns)
{
    struct __kernel_timespec t = { (s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC) };

    return copy_out_struct(dst, &t);
}

/* A relative timeout as a deadline; NULL is none. */
static inline int timespec_deadline_in(uptr src, u64 *ret)
{
    u64 ns;
    int err = src.addr ? timespec_in(src, &ns) : 0;

    if (!err)
        *ret = src.addr ? clock_deadline(ns) : NO_DEADLINE;
    return err;
}

static inline int timeval_ns(const struct __kernel_old_timeval *t, u64 *ret)
{
    if (t->tv_sec < 0 || t->tv_usec < 0 || t->tv_usec > USEC_MAX)
        return -EINVAL;
    *ret = t->tv_sec >= SEC_MAX ? INT64_MAX
                                : (u64)t->tv_sec * NSEC_PER_SEC + (u64)t->tv_usec * NSEC_PER_USEC;
    return 0;
}

/* Fractions of a microsecond are rounded up, so that what is left is never shown as nothing. */
static inline struct __kernel_old_timeval timeval_of(u64 ns)
{
    u64 us = (ns + NSEC_PER_USEC - 1) / NSEC_PER_USEC;

    return (struct __kernel_old_timeval){ (long)(us / 1000000), (long)(us % 1000000) };
}
