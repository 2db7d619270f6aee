/* SPDX-License-Identifier: MIT */
/* iov: see iov.h.  Consuming moves `seg` and `skip`; `left` is kept so that nobody has to sum. */
#include "kernel/core/iov.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"

static void iov_single(struct iov *v, u64 base, size_t len, bool kernel)
{
    *v = (struct iov){ .nsegs = 1, .kernel = kernel, .left = len, .one = { base, len } };
    v->seg = &v->one;
}

void iov_user(struct iov *v, uptr base, size_t len)
{
    iov_single(v, base.addr, min_size(len, MAX_RW_COUNT), false);
}

void iov_kernel(struct iov *v, void *base, size_t len)
{
    iov_single(v, (u64)base, len, true);
}

/* Sum the lengths, cutting the list where it passes MAX_RW_COUNT (read(2), NOTES). */
static int iov_measure(struct iov *v)
{
    for (u32 i = 0; i < v->nsegs; i++) {
        struct iov_seg *s = &v->owned[i];

        if ((s64)s->len < 0)
            return -EINVAL;
        s->len = min_u64(s->len, MAX_RW_COUNT - v->left);
        v->left += s->len;
    }
    return 0;
}

int iov_user_vec(struct iov *v, uptr vec, u64 count)
{
    int err;

    *v = (struct iov){ 0 };
    if (count > IOV_MAX)
        return -EINVAL;
    if (!count)
        return 0;
    v->owned = kalloc(count * sizeof(struct iov_seg));
    if (!v->owned)
        return -ENOMEM;
    v->seg = v->owned;
    v->nsegs = (u32)count;
    err = copy_in(v->owned, vec, count * sizeof(struct iov_seg));
    if (!err)
        err = iov_measure(v);
    if (err)
        iov_fini(v);
    return err;
}

void iov_fini(struct iov *v)
{
    kfree(v->owned);
    *v = (struct iov){ 0 };
}

/* Step over exhausted segments; the address and length of what comes next.  0: the end. */
static size_t iov_front(struct iov *v, u64 *ret_base)
{
    while (v->nsegs && v->skip == v->seg->len) {
        v->seg++;
        v->nsegs--;
        v->skip = 0;
    }
    if (!v->nsegs || !v->left)
        return 0;
    *ret_base = v->seg->base + v->skip;
    return min_size(v->seg->len - v->skip, v->left);
}

static void iov_consume(struct iov *v, size_t len)
{
    v->skip += len;
    v->left -= len;
}

/* Move up to len bytes one segment at a time with move(); stops at the first that is short. */
static ssize_t iov_move(struct iov *v, char *kernel_side, size_t len,
                        size_t (*move)(const struct iov *v, u64 base, char *kernel_side, size_t n))
{
    size_t done = 0;

    while (done < len) {
        u64 base;
        size_t n = min_size(iov_front(v, &base), len - done);
        size_t moved;

        if (!n)
            break;
        moved = move(v, base, kernel_side ? kernel_side + done : NULL, n);
        iov_consume(v, moved);
        done += moved;
        if (moved < n)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

static size_t move_put(const struct iov *v, u64 base, char *src, size_t n)
{
    if (!v->kernel)
        return copy_out_some(UPTR(base), src, n);
    memcpy((void *)base, src, n);
    return n;
}

static size_t move_get(const struct iov *v, u64 base, char *dst, size_t n)
{
    if (!v->kernel)
        return copy_in_some(dst, UPTR(base), n);
    memcpy(dst, (const void *)base, n);
    return n;
}

static size_t move_zero(const struct iov *v, u64 base, char *unused, size_t n)
{
    (void)unused;
    if (!v->kernel)
        return user_zero_some(UPTR(base), n);
    memset((void *)base, 0, n);
    return n;
}

ssize_t iov_put(struct iov *dst, const void *src, size_t len)
{
    return iov_move(dst, (char *)src, len, move_put);
}

ssize_t iov_get(struct iov *src, void *dst, size_t len)
{
    return iov_move(src, dst, len, move_get);
}

ssize_t iov_peek(const struct iov *src, void *dst, size_t len)
{
    struct iov copy = *src;

    if (src->seg == &src->one)
        copy.seg = &copy.one;
    return iov_move(&copy, dst, len, move_get);
}

ssize_t iov_put_zero(struct iov *dst, size_t len)
{
    return iov_move(dst, NULL, len, move_zero);
}

void iov_truncate(struct iov *v, size_t len)
{
    v->left = min_size(v->left, len);
}

void iov_skip(struct iov *v, size_t len)
{
    u64 base;

    while (len) {
        size_t n = min_size(iov_front(v, &base), len);

        if (!n)
            return;
        iov_consume(v, n);
        len -= n;
    }
}
