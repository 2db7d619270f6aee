/* SPDX-License-Identifier: MIT */
/*
 * Devices without state: null(4), zero, full(4), random(4).
 *
 * They have a position that means nothing: seeking works and answers 0, as on Linux.
 */
#include "kernel/dev/memory.h"
#include "abi/linux/errno.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"

enum { RANDOM_CHUNK = 256 };

static ssize_t read_nothing(struct file *f, struct iov *dst, u64 *pos)
{
    (void)f;
    (void)dst;
    (void)pos;
    return 0;
}

static ssize_t read_zeros(struct file *f, struct iov *dst, u64 *pos)
{
    (void)f;
    (void)pos;
    return iov_put_zero(dst, iov_left(dst));
}

static ssize_t read_random(struct file *f, struct iov *dst, u64 *pos)
{
    u8 bytes[RANDOM_CHUNK];
    ssize_t done = 0;

    (void)f;
    (void)pos;
    while (iov_left(dst)) {
        size_t len = min_size(iov_left(dst), sizeof(bytes));
        ssize_t n = host_random(bytes, len);

        if (!n)
            n = iov_put(dst, bytes, len);
        if (n < 0)
            return done ? done : n;
        done += n;
        if ((size_t)n < len)
            break;
    }
    secure_zero(bytes, sizeof(bytes));
    return done;
}

static ssize_t write_anything(struct file *f, struct iov *src, u64 *pos)
{
    size_t len = iov_left(src);

    (void)f;
    (void)pos;
    iov_skip(src, len);
    return (ssize_t)len;
}

static ssize_t write_nothing(struct file *f, struct iov *src, u64 *pos)
{
    (void)f;
    (void)pos;
    return iov_left(src) ? -ENOSPC : 0;
}

static s64 seek_nowhere(struct file *f, s64 off, int whence)
{
    (void)off;
    (void)whence;
    f->pos = 0;
    return 0;
}

static const struct file_ops null_ops = {
    .kind = "null",
    .read = read_nothing,
    .write = write_anything,
    .seek = seek_nowhere,
};

static const struct file_ops zero_ops = {
    .kind = "zero",
    .read = read_zeros,
    .write = write_anything,
    .seek = seek_nowhere,
};

static const struct file_ops full_ops = {
    .kind = "full",
    .read = read_zeros,
    .write = write_nothing,
    .seek = seek_nowhere,
};

/* Linux mixes what is written into its pool; ours is the machine's and takes nothing. */
static const struct file_ops random_ops = {
    .kind = "random",
    .read = read_random,
    .write = write_anything,
    .seek = seek_nowhere,
};

int null_open(struct file *f, u32 minor)
{
    (void)minor;
    f->ops = &null_ops;
    return 0;
}

int zero_open(struct file *f, u32 minor)
{
    (void)minor;
    f->ops = &zero_ops;
    return 0;
}

int full_open(struct file *f, u32 minor)
{
    (void)minor;
    f->ops = &full_ops;
    return 0;
}

int random_open(struct file *f, u32 minor)
{
    (void)minor;
    f->ops = &random_ops;
    return 0;
}
