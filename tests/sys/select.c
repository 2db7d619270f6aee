/* SPDX-License-Identifier: MIT */
/* covers: select pselect6 */
/*
 * select(2) and pselect(2).
 */
#include <sys/select.h>

#include "tests/sys/sys.h"

TEST(sets_are_reduced_to_what_is_ready)
{
    fd_set r, w;
    int a[2], b[2];

    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    CHECK_EQ(write(a[1], "x", 1), 1);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(a[0], &r);
    FD_SET(b[0], &r);
    FD_SET(b[1], &w);
    CHECK_EQ(select(b[1] + 1, &r, &w, NULL, NULL), 2);
    CHECK(FD_ISSET(a[0], &r));
    CHECK(!FD_ISSET(b[0], &r));
    CHECK(FD_ISSET(b[1], &w));
}

TEST(descriptor_in_two_sets_counts_twice)
{
    fd_set r, w;

    file_put("f", "");
    int fd = open("f", O_RDWR);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(fd, &r);
    FD_SET(fd, &w);
    CHECK_EQ(select(fd + 1, &r, &w, NULL, NULL), 2);
}

TEST(only_descriptors_below_the_bound_are_looked_at)
{
    fd_set r;
    int a[2];

    CHECK_OK(pipe(a));
    CHECK_EQ(write(a[1], "x", 1), 1);
    FD_ZERO(&r);
    FD_SET(a[0], &r);
    CHECK_EQ(select(a[0], &r, NULL, NULL, &(struct timeval){ 0, 0 }), 0);
}

TEST(hangup_makes_readable_and_lost_reader_makes_writable)
{
    fd_set r, w;
    int a[2], b[2];

    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    CHECK_OK(close(a[1]));
    CHECK_OK(close(b[0]));
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(a[0], &r);
    FD_SET(b[1], &w);
    CHECK_EQ(select(100, &r, &w, NULL, &(struct timeval){ 0, 0 }), 2);
}

TEST(timeout_is_written_back)
{
    struct timeval tv = { 0, 20000 };
    fd_set r;
    int a[2];
    int64_t start = now_ns();

    CHECK_OK(pipe(a));
    FD_ZERO(&r);
    FD_SET(a[0], &r);
    CHECK_EQ(syscall(SYS_select, a[0] + 1, &r, NULL, NULL, &tv), 0); /* musl's own hides it */
    CHECK(now_ns() - start >= 20 * MS);
    CHECK_EQ(tv.tv_sec, 0);
    CHECK_EQ(tv.tv_usec, 0);
    CHECK(!FD_ISSET(a[0], &r));
    tv = (struct timeval){ 1000, 0 };
    CHECK_EQ(write(a[1], "x", 1), 1);
    FD_SET(a[0], &r);
    CHECK_EQ(syscall(SYS_select, a[0] + 1, &r, NULL, NULL, &tv), 1);
    CHECK(tv.tv_sec >= 990 && tv.tv_sec <= 1000);
}

static void *write_soon(void *fd)
{
    settle();
    CHECK_EQ(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

TEST(waits_for_another_thread)
{
    fd_set r;
    int a[2];

    CHECK_OK(pipe(a));
    FD_ZERO(&r);
    FD_SET(a[0], &r);
    pthread_t t = thread_start(write_soon, &a[1]);
    CHECK_EQ(select(a[0] + 1, &r, NULL, NULL, NULL), 1);
    thread_join(t);
}

static volatile sig_atomic_t handled;

static void on_signal(UNUSED int signal)
{
    handled++;
}

TEST(pselect_mask_is_atomic)
{
    sigset_t none = signal_set(0);
    struct timespec ts = { 10, 0 };

    handled = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(pselect(0, NULL, NULL, NULL, &(struct timespec){ 0, 0 }, NULL), 0);
    CHECK_EQ(handled, 0);
    CHECK_ERR(pselect(0, NULL, NULL, NULL, &ts, &none), EINTR);
    CHECK_EQ(handled, 1);
    CHECK_EQ(ts.tv_sec, 10);                     /* the libc hides the remaining time       */
}

TEST(errors)
{
    fd_set r;

    int closed = open("/dev/null", O_RDONLY);
    CHECK_OK(close(closed));
    FD_ZERO(&r);
    FD_SET(closed, &r);
    CHECK_ERR(select(closed + 1, &r, NULL, NULL, &(struct timeval){ 0, 0 }), EBADF);
    CHECK_ERR(syscall(SYS_select, -1, NULL, NULL, NULL, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_select, 10, BAD_POINTER, NULL, NULL, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, BAD_POINTER), EFAULT);
    struct timeval negative = { -1, 0 };
    CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &negative), EINVAL);
    struct timespec bad = { 0, SEC };
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &bad, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, BAD_POINTER), EFAULT);
    struct {
        void *set;
        size_t size;
    } mask = { &r, 4 };
    CHECK_ERR(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &mask), EINVAL);
}
