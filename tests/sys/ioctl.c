/* SPDX-License-Identifier: MIT */
/* covers: ioctl */
/*
 * ioctl(2) requests that any descriptor knows.  Terminals are in pty.c, sockets in theirs.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "tests/sys/sys.h"

TEST(nonblocking_mode_by_ioctl)
{
    int on = 1, off = 0, p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(ioctl(p[0], FIONBIO, &on));
    CHECK(fcntl(p[0], F_GETFL) & O_NONBLOCK);
    CHECK_OK(ioctl(p[0], FIONBIO, &off));
    CHECK(!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
    CHECK_ERR(ioctl(p[0], FIONBIO, BAD_POINTER), EFAULT);
}

TEST(cloexec_by_ioctl)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK_OK(ioctl(fd, FIOCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(ioctl(fd, FIONCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

TEST(fionread_counts_what_is_there)
{
    int n = -1, s[2];

    file_put("f", "0123456789");
    int fd = open("f", O_RDONLY);
    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_OK(ioctl(fd, FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_EQ(write(s[0], "abc", 3), 3);
    CHECK_OK(ioctl(s[1], FIONREAD, &n));
    CHECK_EQ(n, 3);
}

TEST(terminal_requests_on_other_files_are_enotty)
{
    struct termios t;
    struct winsize w;
    int p[2];

    file_put("f", "");
    CHECK_OK(pipe(p));
    CHECK_ERR(ioctl(open("f", O_RDWR), TCGETS, &t), ENOTTY);
    CHECK_ERR(ioctl(p[0], TCGETS, &t), ENOTTY);
    CHECK_ERR(ioctl(p[0], TIOCGWINSZ, &w), ENOTTY);
    CHECK_ERR(ioctl(open("/dev/null", O_RDWR), TCGETS, &t), ENOTTY);
    CHECK_ERR(ioctl(open(".", O_RDONLY), TCGETS, &t), ENOTTY);
    CHECK_EQ(isatty(p[0]), 0);
}

TEST(unknown_requests_are_enotty)
{
    int p[2];

    file_put("f", "");
    CHECK_OK(pipe(p));
    CHECK_ERR(ioctl(open("f", O_RDWR), 0x12345678, NULL), ENOTTY);
    CHECK_ERR(ioctl(p[0], 0x12345678, NULL), ENOTTY);
    CHECK_ERR(ioctl(-1, FIONBIO, NULL), EBADF);
    CHECK_ERR(ioctl(open("f", O_PATH), FIONREAD, NULL), EBADF);
}
