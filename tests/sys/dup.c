/* SPDX-License-Identifier: MIT */
/* covers: dup dup2 dup3 fcntl */
/*
 * Copies of descriptors.
 */
#include <sys/resource.h>

#include "tests/sys/sys.h"

TEST(copies_share_position_and_status_flags)
{
    char c;

    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    int copy = dup(fd);
    CHECK_OK(copy);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 1);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK(fcntl(copy, F_GETFL) & O_NONBLOCK);
}

TEST(cloexec_belongs_to_the_descriptor)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK_EQ(fcntl(dup(fd), F_GETFD), 0);
    CHECK_EQ(fcntl(dup2(fd, 100), F_GETFD), 0);
    CHECK_EQ(fcntl(dup3(fd, 101, O_CLOEXEC), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fcntl(fd, F_DUPFD, 0), F_GETFD), 0);
    CHECK_EQ(fcntl(fcntl(fd, F_DUPFD_CLOEXEC, 0), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(dup_takes_the_lowest_free)
{
    int a = open("/dev/null", O_RDONLY);
    int b = dup(a), c = dup(a);

    CHECK_EQ(b, a + 1);
    CHECK_EQ(c, a + 2);
    CHECK_OK(close(b));
    CHECK_EQ(dup(a), b);
}

TEST(dup2_replaces_silently)
{
    char c;
    int p[2], q[2];

    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_EQ(dup2(p[1], q[1]), q[1]);            /* the last writer of q is gone            */
    CHECK_EQ(read(q[0], &c, 1), 0);
    CHECK_EQ(write(q[1], "x", 1), 1);
    CHECK_EQ(read(p[0], &c, 1), 1);
}

TEST(dup2_to_itself_changes_nothing)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(syscall(SYS_dup3, fd, fd, 0), EINVAL);
    CHECK_ERR(dup2(500, 500), EBADF);
}

TEST(bad_descriptors)
{
    struct rlimit limit;
    int fd = open("/dev/null", O_RDONLY);

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERR(dup(-1), EBADF);
    CHECK_ERR(dup(500), EBADF);
    CHECK_ERR(dup2(500, fd), EBADF);
    CHECK_OK(fcntl(fd, F_GETFD));                /* the target survived                     */
    CHECK_ERR(dup2(fd, -1), EBADF);
    CHECK_ERR(syscall(SYS_dup2, fd, limit.rlim_cur), EBADF);
    CHECK_ERR(syscall(SYS_dup3, fd, limit.rlim_cur, 0), EBADF);
    CHECK_ERR(syscall(SYS_dup3, fd, 100, O_NONBLOCK), EINVAL);
    CHECK_ERR(syscall(SYS_dup3, 500, 100, O_CLOEXEC), EBADF);
    CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERR(fcntl(fd, F_DUPFD, (int)limit.rlim_cur), EINVAL);
}

TEST(dupfd_takes_the_lowest_from_a_bound)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK_EQ(fcntl(fd, F_DUPFD, 200), 200);
    CHECK_EQ(fcntl(fd, F_DUPFD, 200), 201);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 150), 150);
}

CHILD(runs_out)
{
    struct rlimit limit = { 16, 16 };
    int fd;

    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    do
        fd = dup(1);
    while (fd != -1 && fd < 100);
    CHECK_EQ(fd, -1);
    CHECK_EQ(errno, EMFILE);
    CHECK_ERR(open("/dev/null", O_RDONLY), EMFILE);
    CHECK_ERR(fcntl(1, F_DUPFD, 3), EMFILE);
    CHECK_ERR(dup2(1, 16), EBADF);
    CHECK_OK(dup2(1, 15));
    CHECK_OK(close(15));
    CHECK_EQ(dup(1), 15);
    return 0;
}

TEST(limit_is_emfile)
{
    CHECK_EXIT(child_start("runs_out"), 0);
}
