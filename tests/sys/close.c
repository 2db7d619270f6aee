/* SPDX-License-Identifier: MIT */
/* covers: close close_range */
/*
 * close(2) and close_range(2).
 */
#include "tests/sys/sys.h"

enum { RANGE_UNSHARE = 2, RANGE_CLOEXEC = 4 };

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

TEST(close_frees_the_descriptor_once)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK_OK(fd);
    CHECK_OK(close(fd));
    CHECK_ERR(close(fd), EBADF);
    CHECK_ERR(close(-1), EBADF);
    CHECK_ERR(close(1 << 30), EBADF);
}

TEST(close_of_one_copy_keeps_the_file_open)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    int copy = dup(p[1]);
    CHECK_OK(close(p[1]));
    CHECK_EQ(write(copy, "x", 1), 1);
    CHECK_OK(close(copy));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(read(p[0], &c, 1), 0);
}

static void open_ten(int fd[10])
{
    for (int i = 0; i < 10; i++) {
        fd[i] = open("/dev/null", O_RDONLY);
        CHECK_OK(fd[i]);
    }
}

TEST(range_closes_both_ends_inclusive)
{
    int fd[10];

    open_ten(fd);
    CHECK_OK(syscall(SYS_close_range, fd[2], fd[7], 0));
    for (int i = 0; i < 10; i++)
        CHECK_EQ(is_open(fd[i]), i < 2 || i > 7);
    CHECK_OK(syscall(SYS_close_range, fd[0], ~0U, 0));
    CHECK(!is_open(fd[0]));
    CHECK(!is_open(fd[9]));
}

TEST(range_of_nothing_open_is_fine)
{
    CHECK_OK(syscall(SYS_close_range, 500, 600, 0));
    CHECK_OK(syscall(SYS_close_range, 1000000, ~0U, 0));
}

TEST(range_arguments_are_checked)
{
    CHECK_ERR(syscall(SYS_close_range, 20, 10, 0), EINVAL);
    CHECK_ERR(syscall(SYS_close_range, 500, 600, 1), EINVAL);
    CHECK_ERR(syscall(SYS_close_range, 500, 600, 8), EINVAL);
}

TEST(range_can_set_cloexec_instead)
{
    int fd[10];

    open_ten(fd);
    CHECK_OK(syscall(SYS_close_range, fd[3], fd[5], RANGE_CLOEXEC));
    for (int i = 0; i < 10; i++)
        CHECK_EQ(fcntl(fd[i], F_GETFD), i >= 3 && i <= 5 ? FD_CLOEXEC : 0);
}

static void *range_unshare_thread(void *arg)
{
    int fd = *(int *)arg;

    CHECK_OK(syscall(SYS_close_range, fd, fd, RANGE_UNSHARE));
    CHECK(!is_open(fd));
    return NULL;
}

TEST(range_with_unshare_leaves_other_threads_alone)
{
    int fd = open("/dev/null", O_RDONLY);

    thread_join(thread_start(range_unshare_thread, &fd));
    CHECK(is_open(fd));
}
