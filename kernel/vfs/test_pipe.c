/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/pipe.h"
#include "kernel/vfs/splice.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static u8 bytes[PIPE_BYTES_MAX];

static ssize_t put(struct file *f, const void *src, size_t len)
{
    struct iov v;

    iov_kernel(&v, (void *)src, len);
    return f->ops->write(f, &v, NULL);
}

static ssize_t get(struct file *f, void *dst, size_t len)
{
    struct iov v;

    iov_kernel(&v, dst, len);
    return f->ops->read(f, &v, NULL);
}

/* The nth byte that a test writes. */
static u8 pattern(u64 n)
{
    return (u8)(n * 31 + (n >> 8));
}

TEST(pipe_write_up_to_pipe_buf_is_all_or_nothing)
{
    struct file *r, *w;

    machine_start();
    CHECK_EQ(pipe_open(0, &r, &w), 0);
    CHECK_EQ(put(w, bytes, PIPE_BYTES - 100), PIPE_BYTES - 100);
    CHECK_EQ(put(w, bytes, 101), -EAGAIN);       /* would have to be split                  */
    CHECK_EQ(put(w, bytes, 100), 100);           /* fits exactly                            */
    CHECK_EQ(w->ops->ready(w) & POLLOUT, 0);
    CHECK_EQ(put(w, bytes, 1), -EAGAIN);
    CHECK_EQ(put(w, bytes, PIPE_BUF + 1), -EAGAIN);
    CHECK_EQ(get(r, bytes, 10), 10);
    CHECK_EQ(put(w, bytes, PIPE_BUF + 1), 10);   /* a large one may be split                */
    file_put(r);
    file_put(w);
    machine_stop();
}

TEST(pipe_keeps_the_order_of_bytes_across_all_its_edges)
{
    struct file *r, *w;
    u64 written = 0, read = 0, rng = 1;

    machine_start();
    CHECK_EQ(pipe_open(0, &r, &w), 0);
    for (int i = 0; i < 20000; i++) {
        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        size_t n = 1 + (rng >> 33) % 9000;
        u8 *buf = bytes;

        if (rng >> 63) {
            for (size_t k = 0; k < n; k++)
                buf[k] = pattern(written + k);
            ssize_t done = put(w, buf, n);
            CHECK(done == -EAGAIN || done > 0);
            written += done > 0 ? (u64)done : 0;
        } else {
            ssize_t done = get(r, buf, n);
            CHECK(done == -EAGAIN || done > 0);
            for (ssize_t k = 0; k < done; k++)
                CHECK_EQ(buf[k], pattern(read + (u64)k));
            read += done > 0 ? (u64)done : 0;
        }
        int fill;
        CHECK_EQ(r->ops->ioctl(r, FIONREAD, (u64)&fill), 0);
        CHECK_EQ(fill, written - read);
        if (i % 500 == 0) {
            long size = pipe_set_size(w, 4096 << (rng >> 20) % 9);
            CHECK(size == -EBUSY || size >= 4096);
        }
    }
    CHECK(written > 1000000);
    file_put(r);
    file_put(w);
    machine_stop();
}

TEST(pipe_without_writers_is_at_its_end_and_without_readers_broken)
{
    struct file *r, *w;

    machine_start();
    CHECK_EQ(pipe_open(0, &r, &w), 0);
    CHECK_EQ(get(r, bytes, 1), -EAGAIN);
    CHECK_EQ(r->ops->ready(r), 0);
    CHECK_EQ(w->ops->ready(w), POLLOUT | POLLWRNORM);
    CHECK_EQ(put(w, "x", 1), 1);
    CHECK_EQ(r->ops->ready(r), POLLIN | POLLRDNORM);
    file_put(w);
    CHECK_EQ(r->ops->ready(r), POLLIN | POLLRDNORM | POLLHUP);
    CHECK_EQ(get(r, bytes, 5), 1);
    CHECK_EQ(get(r, bytes, 5), 0);
    CHECK_EQ(r->ops->ready(r), POLLHUP);
    file_put(r);

    CHECK_EQ(pipe_open(0, &r, &w), 0);
    file_put(r);
    CHECK_EQ(w->ops->ready(w) & POLLERR, POLLERR);
    struct iov v;
    iov_kernel(&v, "x", 1);
    CHECK_EQ(file_write(w, &v, NULL), -EPIPE);
    CHECK_EQ(machine.signals[SIGPIPE], 1);
    file_put(w);
    machine_stop();
}

TEST(pipe_packets_are_read_one_at_a_time)
{
    struct file *r, *w;

    machine_start();
    CHECK_EQ(pipe_open(O_DIRECT, &r, &w), 0);
    CHECK_EQ(put(w, "abc", 3), 3);
    CHECK_EQ(put(w, "defgh", 5), 5);
    CHECK_EQ(get(r, bytes, 10), 3);
    CHECK_MEMEQ(bytes, "abc", 3);
    CHECK_EQ(get(r, bytes, 2), 2);               /* the rest of the packet is lost          */
    CHECK_EQ(get(r, bytes, 2), -EAGAIN);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(put(w, "x", 1), 1);
    CHECK_EQ(put(w, "x", 1), -EAGAIN);           /* 16 packets, whatever their size         */
    CHECK_EQ(w->ops->ready(w) & POLLOUT, 0);
    file_put(r);
    file_put(w);
    machine_stop();
}

TEST(pipe_size_can_be_changed_unless_it_would_lose_bytes)
{
    struct file *r, *w;

    machine_start();
    CHECK_EQ(pipe_open(0, &r, &w), 0);
    CHECK_EQ(pipe_size(r), PIPE_BYTES);
    CHECK_EQ(pipe_set_size(r, 1), PAGE_SIZE);
    CHECK_EQ(pipe_set_size(r, 5000), 2 * PAGE_SIZE);
    CHECK_EQ(put(w, bytes, 3 * PAGE_SIZE), 2 * PAGE_SIZE);
    CHECK_EQ(pipe_set_size(r, PAGE_SIZE), -EBUSY);
    CHECK_EQ(pipe_set_size(r, PIPE_BYTES_MAX + 1), -EPERM);
    CHECK_EQ(pipe_set_size(r, 1ull << 40), -EINVAL);
    CHECK_EQ(pipe_set_size(r, PIPE_BYTES_MAX), PIPE_BYTES_MAX);
    CHECK_EQ(put(w, bytes, PIPE_BYTES_MAX), PIPE_BYTES_MAX - 2 * PAGE_SIZE);
    file_put(r);
    file_put(w);
    machine_stop();
}

TEST_TORTURE(pipe_open_makes_both_ends_or_nothing)
{
    struct file *r = NULL, *w = NULL;

    machine_start();
    int err = pipe_open(0, &r, &w);

    if (err)
        CHECK_EQ(err, -ENOMEM);
    else if (put(w, bytes, 10000) == 10000 && pipe_set_size(r, 1 << 18) > 0)
        CHECK_EQ(get(r, bytes, 20000), 10000);
    file_put(r);
    file_put(w);
    machine_stop();
}

/* ---- FIFOs ---- */

static int open_fifo(u32 flags, struct file **ret)
{
    return vfs_openat(AT_FDCWD, "/fifo", flags, 0, 0, ret);
}

TEST(fifo_open_waits_for_the_other_side_as_its_page_says)
{
    struct vattr a = { .mode = S_IFIFO | 0600 };
    struct file *r, *w, *rw;

    machine_start_fs();
    CHECK_EQ(vfs_createat(AT_FDCWD, "/fifo", &a, NULL), 0);
    CHECK_EQ(open_fifo(O_WRONLY | O_NONBLOCK, &w), -ENXIO);
    CHECK_EQ(open_fifo(O_RDONLY, &r), -ERESTARTSYS); /* it would sleep                      */
    CHECK_EQ(open_fifo(O_WRONLY, &w), -ERESTARTSYS);
    CHECK_EQ(open_fifo(O_RDONLY | O_NONBLOCK, &r), 0);
    CHECK_EQ(r->ops->ready(r), 0);               /* no writer yet: not hung up              */
    CHECK_EQ(get(r, bytes, 1), 0);
    CHECK_EQ(open_fifo(O_WRONLY, &w), 0);
    CHECK_EQ(put(w, "hi", 2), 2);
    CHECK_EQ(get(r, bytes, 9), 2);
    file_put(w);
    CHECK_EQ(r->ops->ready(r), POLLHUP);
    file_put(r);
    CHECK_EQ(open_fifo(O_RDWR, &rw), 0);
    CHECK_EQ(put(rw, "x", 1), 1);
    file_put(rw);
    CHECK_EQ(open_fifo(O_RDWR, &rw), 0);
    CHECK_EQ(get(rw, bytes, 1), -EAGAIN);        /* bytes do not outlive the openers        */
    file_put(rw);
    machine_stop_fs();
}

/* ---- splice ---- */

TEST(splice_moves_and_tee_copies)
{
    struct file *r, *w, *r2, *w2, *f;
    u64 pos = 0;

    machine_start_fs();
    CHECK_EQ(pipe_open(O_NONBLOCK, &r, &w), 0);
    CHECK_EQ(pipe_open(O_NONBLOCK, &r2, &w2), 0);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/f", O_RDWR | O_CREAT, 0600, 0, &f), 0);
    for (u32 i = 0; i < 10000; i++)
        bytes[i] = pattern(i);
    CHECK_EQ(put(w, bytes, 10000), 10000);

    CHECK_EQ(file_tee(r, w2, 5000, SPLICE_BLOCK), 5000);
    CHECK_EQ(file_splice(r, NULL, f, &pos, 1 << 20, SPLICE_BLOCK), 10000);
    CHECK_EQ(pos, 10000);
    CHECK_EQ(file_splice(r, NULL, f, &pos, 1, SPLICE_BLOCK), -EAGAIN);
    CHECK_EQ(file_splice(r2, NULL, w, NULL, 1 << 20, SPLICE_BLOCK), 5000);
    CHECK_EQ(get(r, bytes + 20000, 9999), 5000);
    CHECK_MEMEQ(bytes + 20000, bytes, 5000);

    pos = 0;
    CHECK_EQ(file_splice(f, &pos, w, NULL, 1 << 20, SPLICE_BLOCK), 10000);
    CHECK_EQ(get(r, bytes + 20000, 20000), 10000);
    CHECK_MEMEQ(bytes + 20000, bytes, 10000);
    CHECK_EQ(file_splice(f, &pos, w, NULL, 1, SPLICE_BLOCK), 0);
    CHECK_EQ(file_splice(f, &pos, f, &pos, 1, SPLICE_BLOCK), -EINVAL);
    CHECK_EQ(file_splice(r, NULL, w, NULL, 1, SPLICE_BLOCK), -EINVAL);
    file_put(r);
    CHECK_EQ(file_splice(f, NULL, w, NULL, 1, SPLICE_BLOCK), -EPIPE);
    CHECK_EQ(machine.signals[SIGPIPE], 1);
    file_put(w);
    file_put(r2);
    file_put(w2);
    file_put(f);
    machine_stop_fs();
}
