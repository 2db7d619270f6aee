/* SPDX-License-Identifier: MIT */
/* covers: dup open pipe poll close epoll_ctl */
/* memory: 256m */
/*
 * Stress: ten thousand descriptors.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

enum { MANY = 10000 };

static void raise_limit(void)
{
    struct rlimit l;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &l));
    if (l.rlim_cur > MANY + 100)
        return;
    CHECK(l.rlim_max > MANY + 100);
    l.rlim_cur = MANY + 100;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &l));
}

TEST(ten_thousand_files)
{
    static int fd[MANY];

    raise_limit();
    file_put("f", "0123456789");
    for (int i = 0; i < MANY; i++) {
        fd[i] = open("f", O_RDONLY);
        CHECK_OK(fd[i]);
    }
    for (int i = 1; i < MANY; i++)
        CHECK_EQ(fd[i], fd[i - 1] + 1);
    char c;
    CHECK_EQ(pread(fd[MANY - 1], &c, 1, 7), 1);
    CHECK_EQ(c, '7');
    /* Holes are filled from below. */
    for (int i = 0; i < MANY; i += 3)
        CHECK_OK(close(fd[i]));
    for (int i = 0; i < MANY; i += 3)
        CHECK_EQ(open("f", O_RDONLY), fd[i]);
    for (int i = 0; i < MANY; i++)
        CHECK_OK(close(fd[i]));
}

TEST(thousands_of_pipes_in_one_epoll)
{
    enum { PIPES = 2000 };
    static int p[PIPES][2];
    static struct epoll_event got[PIPES];

    raise_limit();
    int ep = epoll_create1(0);
    for (int i = 0; i < PIPES; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)i };
        CHECK_OK(pipe(p[i]));
        CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, p[i][0], &e));
    }
    CHECK_EQ(epoll_wait(ep, got, PIPES, 0), 0);
    for (int i = 0; i < PIPES; i += 7)
        CHECK_EQ(write(p[i][1], "x", 1), 1);
    int n = epoll_wait(ep, got, PIPES, 0);
    CHECK_EQ(n, (PIPES + 6) / 7);
    for (int i = 0; i < n; i++)
        CHECK_EQ(got[i].data.u32 % 7, 0);
    static struct pollfd all[PIPES];
    for (int i = 0; i < PIPES; i++)
        all[i] = (struct pollfd){ p[i][0], POLLIN, 0 };
    CHECK_EQ(poll(all, PIPES, 0), n);
}

CHILD(count_open)
{
    int count = 0;

    for (int i = 3; i < MANY + 100; i++)
        count += fcntl(i, F_GETFD) != -1;
    return count == 500 ? 0 : 1;
}

TEST(many_are_inherited_and_many_closed)
{
    raise_limit();
    for (int i = 0; i < 5000; i++)
        CHECK_OK(open("/dev/null", i % 10 == 0 ? O_RDONLY : O_RDONLY | O_CLOEXEC));
    CHECK_EXIT(child_start("count_open"), 0);
}
