/* SPDX-License-Identifier: MIT */
/* covers: fcntl */
/*
 * fcntl(2): flags, pipe sizes, owners, seals.  Locks and copies have programs of their own.
 */
#include "tests/sys/sys.h"

TEST(descriptor_flags)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, 0xfe));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

TEST(status_flags_that_can_change_do_and_others_do_not)
{
    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    int flags = fcntl(fd, F_GETFL);
    CHECK_EQ(flags & O_ACCMODE, O_RDWR);
    CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    CHECK_EQ(write(fd, "d", 1), 1);
    CHECK_FILE("f", "abcd");
    CHECK_OK(fcntl(fd, F_SETFL, O_RDONLY | O_CREAT | O_TRUNC | O_EXCL));
    CHECK_EQ(fcntl(fd, F_GETFL) & ~O_LARGEFILE, flags & ~O_LARGEFILE);
    CHECK_FILE("f", "abcd");
    CHECK_EQ(pwrite(fd, "X", 1, 0), 1);          /* append is off again                     */
    CHECK_FILE("f", "Xbcd");
}

TEST(clearing_nonblock_blocks_again)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
    CHECK_ERR(read(p[0], &c, 1), EAGAIN);
    CHECK_OK(fcntl(p[0], F_SETFL, 0));
    CHECK_EQ(fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
}

TEST(pipe_sizes)
{
    static char data[1 << 20];
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(fcntl(p[1], F_SETFL, O_NONBLOCK));
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
    CHECK_EQ(write(p[1], data, sizeof(data)), 65536);
    CHECK_EQ(fcntl(p[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    CHECK_EQ(fcntl(p[0], F_GETPIPE_SZ), 1 << 20);
    CHECK_EQ(write(p[1], data, sizeof(data)), (1 << 20) - 65536);
    CHECK_ERR(fcntl(p[1], F_SETPIPE_SZ, 65536), EBUSY);
    int q[2];
    CHECK_OK(pipe(q));
    CHECK_EQ(fcntl(q[0], F_SETPIPE_SZ, 1), 4096);
    CHECK_EQ(fcntl(q[0], F_SETPIPE_SZ, 4097), 8192);
    CHECK_EQ(fcntl(q[0], F_SETPIPE_SZ, -1), -1);
    CHECK_ERR(fcntl(open("/dev/null", O_RDWR), F_GETPIPE_SZ), EBADF);
}

TEST(pipe_size_above_the_limit_is_for_root)
{
    int p[2];

    need_root();
    CHECK_OK(pipe(p));
    become(1000, 1000);
    CHECK_ERR(fcntl(p[0], F_SETPIPE_SZ, 64 << 20), EPERM);
    CHECK_EQ(fcntl(p[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
}

TEST(owner_and_signal_are_remembered)
{
    int p[2];
    struct {
        int type, pid;
    } owner = { 0, 0 };

    CHECK_OK(pipe(p));
    CHECK_EQ(fcntl(p[0], F_GETOWN), 0);
    CHECK_OK(fcntl(p[0], F_SETOWN, getpid()));
    CHECK_EQ(fcntl(p[0], F_GETOWN), getpid());
    CHECK_OK(fcntl(p[0], F_GETOWN_EX, &owner));
    CHECK_EQ(owner.type, F_OWNER_PID);
    CHECK_EQ(owner.pid, getpid());
    CHECK_EQ(fcntl(p[0], F_GETSIG), 0);
    CHECK_OK(fcntl(p[0], F_SETSIG, SIGUSR1));
    CHECK_EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
    CHECK_ERR(fcntl(p[0], F_SETSIG, 65), EINVAL);
}

TEST(errors)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK_ERR(fcntl(-1, F_GETFD), EBADF);
    CHECK_ERR(fcntl(500, F_GETFL), EBADF);
    CHECK_ERR(fcntl(fd, 9999), EINVAL);
    CHECK_ERR(fcntl(fd, F_GETLK, BAD_POINTER), EFAULT);
}
