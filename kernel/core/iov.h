/* SPDX-License-Identifier: MIT */
/*
 * iov: where bytes go to or come from: segments of user or of kernel memory, consumed from the
 * front.  The segment list was copied in and checked once, when the iov was made.  One type
 * carries read, readv, pread and preadv, for user and kernel memory alike.
 *
 * An operation that consumed part of an iov and then fails returns the part.
 */
#pragma once
#include "kernel/lib/types.h"

enum { IOV_MAX = 1024 };

struct iov_seg {
    u64 base;
    u64 len;
};

struct iov {
    const struct iov_seg *seg;                   /* the current one and those behind it     */
    u32 nsegs;                                   /* left, the current one included          */
    bool kernel;                                 /* the addresses are the kernel's          */
    size_t skip;                                 /* bytes of the current one that are gone  */
    size_t left;                                 /* bytes in all                            */
    struct iov_seg one;                          /* storage for the single-segment forms    */
    struct iov_seg *owned;                       /* kalloc()ed list, or NULL                */
};

/* One segment.  The iov must not be copied afterwards (seg points into it). */
void iov_user(struct iov *v, uptr base, size_t len);
void iov_kernel(struct iov *v, void *base, size_t len);

/* Copy in count struct iovecs: -EINVAL for more than IOV_MAX or a total above SSIZE_MAX, -EFAULT,
 * -ENOMEM.  Totals above MAX_RW_COUNT are cut as Linux does.  iov_fini() afterwards. */
int iov_user_vec(struct iov *v, uptr vec, u64 count) MUST_CHECK;
void iov_fini(struct iov *v);
#define IOV_AUTO AUTO(iov_fini)

enum { MAX_RW_COUNT = 0x7ffff000 };

/* Move bytes to / from the front and consume them.  Each returns the bytes moved: fewer than
 * asked at the end of the iov or before a bad address, -EFAULT if the very first byte was bad. */
ssize_t iov_put(struct iov *dst, const void *src, size_t len);
ssize_t iov_get(struct iov *src, void *dst, size_t len);
ssize_t iov_put_zero(struct iov *dst, size_t len);

/* iov_get() that consumes nothing: for those who must ask somebody else how much will be taken. */
ssize_t iov_peek(const struct iov *src, void *dst, size_t len);

static inline size_t iov_left(const struct iov *v)
{
    return v->left;
}

/* Forget all but the first len bytes. */
void iov_truncate(struct iov *v, size_t len);
/* Consume len bytes without moving any. */
void iov_skip(struct iov *v, size_t len);
