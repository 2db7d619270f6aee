/* SPDX-License-Identifier: MIT */
/* covers: epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 */
/*
 * epoll(7): level, edge, one shot, exclusive, nested.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "tests/sys/sys.h"

static int add(int ep, int fd, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.fd = fd };

    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int modify(int ep, int fd, uint32_t events)
{
    struct epoll_event e = { .events = events, .data.fd = fd };

    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

/* The number of events now, and the first of them. */
static int look(int ep, struct epoll_event *ret)
{
    struct epoll_event e[16];
    int n = epoll_wait(ep, e, 16, 0);

    if (n > 0)
        *ret = e[0];
    return n;
}

TEST(level_triggered_reports_until_served)
{
    struct epoll_event e;
    char c;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(ep);
    CHECK_OK(pipe(p));
    CHECK_OK(add(ep, p[0], EPOLLIN));
    CHECK_EQ(look(ep, &e), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(look(ep, &e), 1);
        CHECK_EQ(e.events, EPOLLIN);
        CHECK_EQ(e.data.fd, p[0]);
    }
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(look(ep, &e), 0);
}

TEST(edge_triggered_reports_each_arrival_once)
{
    struct epoll_event e;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    CHECK_OK(add(ep, p[0], EPOLLIN | EPOLLET));
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(look(ep, &e), 0);
    CHECK_EQ(write(p[1], "y", 1), 1);            /* unread data is there, and more comes    */
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(look(ep, &e), 0);
    CHECK_OK(modify(ep, p[0], EPOLLIN | EPOLLET)); /* asks again                            */
    CHECK_EQ(look(ep, &e), 1);
}

TEST(edge_is_seen_when_added_late)
{
    struct epoll_event e;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_OK(add(ep, p[0], EPOLLIN | EPOLLET));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(look(ep, &e), 0);
}

TEST(edge_triggered_output_reports_after_room_is_made)
{
    static char data[65536];
    struct epoll_event e;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe2(p, O_NONBLOCK));
    CHECK_OK(add(ep, p[1], EPOLLOUT | EPOLLET));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(write(p[1], data, sizeof(data)), sizeof(data));
    CHECK_EQ(look(ep, &e), 0);
    CHECK_EQ(read(p[0], data, sizeof(data)), sizeof(data));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLOUT);
}

TEST(oneshot_is_silent_until_rearmed)
{
    struct epoll_event e;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    CHECK_OK(add(ep, p[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(look(ep, &e), 0);
    CHECK_EQ(write(p[1], "y", 1), 1);
    CHECK_EQ(look(ep, &e), 0);
    CHECK_OK(modify(ep, p[0], EPOLLIN | EPOLLONESHOT));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(look(ep, &e), 0);
}

TEST(modify_changes_what_is_asked)
{
    struct epoll_event e;
    int s[2];

    int ep = epoll_create1(0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(add(ep, s[0], EPOLLIN));
    CHECK_EQ(look(ep, &e), 0);
    CHECK_OK(modify(ep, s[0], EPOLLIN | EPOLLOUT));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLOUT);
    CHECK_OK(modify(ep, s[0], 0));
    CHECK_EQ(look(ep, &e), 0);
    CHECK_OK(close(s[1]));
    CHECK_EQ(look(ep, &e), 1);                   /* hangup comes unasked                    */
    CHECK(e.events & EPOLLHUP);
}

TEST(delete_and_close_end_the_interest)
{
    struct epoll_event e;
    int p[2], q[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_OK(add(ep, p[1], EPOLLOUT));
    CHECK_OK(add(ep, q[1], EPOLLOUT));
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL));
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL), ENOENT);
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(e.data.fd, q[1]);
    CHECK_OK(close(q[1]));
    CHECK_EQ(look(ep, &e), 0);
}

TEST(interest_lives_as_long_as_the_open_file)
{
    struct epoll_event e;
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    int copy = dup(p[1]);
    CHECK_OK(add(ep, p[1], EPOLLOUT));
    CHECK_OK(close(p[1]));
    CHECK_EQ(look(ep, &e), 1);                   /* the copy keeps it                       */
    CHECK_OK(close(copy));
    CHECK_EQ(look(ep, &e), 0);
}

TEST(copies_can_be_added_separately)
{
    struct epoll_event e[4];
    int p[2];

    int ep = epoll_create1(0);
    CHECK_OK(pipe(p));
    int copy = dup(p[1]);
    CHECK_OK(add(ep, p[1], EPOLLOUT));
    CHECK_ERR(add(ep, p[1], EPOLLOUT), EEXIST);
    CHECK_OK(add(ep, copy, EPOLLOUT));
    CHECK_EQ(epoll_wait(ep, e, 4, 0), 2);
}

TEST(ready_list_takes_turns_when_the_answer_is_short)
{
    struct epoll_event e;
    bool seen[3] = { false, false, false };
    int fd[3];

    int ep = epoll_create1(0);
    for (int i = 0; i < 3; i++) {
        fd[i] = eventfd(1, 0);
        CHECK_OK(add(ep, fd[i], EPOLLIN));
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(epoll_wait(ep, &e, 1, 0), 1);
        for (int k = 0; k < 3; k++)
            seen[k] |= e.data.fd == fd[k];
    }
    CHECK(seen[0] && seen[1] && seen[2]);
}

TEST(nested_instances_pass_readiness_on)
{
    struct epoll_event e;
    char c;
    int p[2];

    int inner = epoll_create1(0), outer = epoll_create1(0);
    CHECK_OK(pipe(p));
    CHECK_OK(add(inner, p[0], EPOLLIN));
    CHECK_OK(add(outer, inner, EPOLLIN));
    CHECK_EQ(look(outer, &e), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(look(outer, &e), 1);
    CHECK_EQ(e.data.fd, inner);
    CHECK_EQ(look(inner, &e), 1);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(look(outer, &e), 0);
}

TEST(loops_of_instances_are_refused)
{
    int a = epoll_create1(0), b = epoll_create1(0), deep[6];

    CHECK_ERR(add(a, a, EPOLLIN), EINVAL);
    CHECK_OK(add(a, b, EPOLLIN));
    CHECK_ERR(add(b, a, EPOLLIN), ELOOP);
    for (int i = 0; i < 6; i++)
        deep[i] = epoll_create1(0);
    for (int i = 0; i < 4; i++)
        CHECK_OK(add(deep[i], deep[i + 1], EPOLLIN));
    CHECK_ERR(add(deep[4], deep[5], EPOLLIN), ELOOP); /* a sixth level                      */
}

TEST(files_that_are_always_ready_are_eperm)
{
    file_put("f", "");
    int ep = epoll_create1(0);
    CHECK_ERR(add(ep, open("f", O_RDONLY), EPOLLIN), EPERM);
    CHECK_ERR(add(ep, open(".", O_RDONLY), EPOLLIN), EPERM);
}

TEST(errors)
{
    struct epoll_event e = { .events = EPOLLIN };
    int p[2];

    CHECK_OK(pipe(p));
    int ep = epoll_create1(EPOLL_CLOEXEC);
    CHECK_EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(epoll_create1(1), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_create, 0), EINVAL);
    CHECK_OK(syscall(SYS_epoll_create, 1));
    CHECK_ERR(epoll_ctl(-1, EPOLL_CTL_ADD, p[0], &e), EBADF);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_ADD, 500, &e), EBADF);
    CHECK_ERR(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e), EINVAL);
    CHECK_ERR(epoll_ctl(ep, 99, p[0], &e), EINVAL);
    CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), ENOENT);
    CHECK_ERR(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], BAD_POINTER), EFAULT);
    CHECK_ERR(epoll_wait(ep, &e, 0, 0), EINVAL);
    CHECK_ERR(epoll_wait(ep, &e, -1, 0), EINVAL);
    CHECK_ERR(epoll_wait(-1, &e, 1, 0), EBADF);
    CHECK_ERR(epoll_wait(p[0], &e, 1, 0), EINVAL);
    CHECK_OK(add(ep, p[1], EPOLLOUT));
    CHECK_ERR(syscall(SYS_epoll_wait, ep, BAD_POINTER, 1, 0), EFAULT);
}

TEST(timeouts)
{
    struct epoll_event e;
    struct timespec ts = { 0, 20 * MS };

    int ep = epoll_create1(0);
    int64_t start = now_ns();
    CHECK_EQ(epoll_wait(ep, &e, 1, 20), 0);
    CHECK(now_ns() - start >= 20 * MS);
    start = now_ns();
    CHECK_EQ(syscall(SYS_epoll_pwait2, ep, &e, 1, &ts, NULL, 8), 0);
    CHECK(now_ns() - start >= 20 * MS);
    CHECK_EQ(ts.tv_nsec, 20 * MS);
    ts.tv_nsec = SEC;
    CHECK_ERR(syscall(SYS_epoll_pwait2, ep, &e, 1, &ts, NULL, 8), EINVAL);
}

static void *write_soon(void *fd)
{
    uint64_t one = 1;

    settle();
    CHECK_EQ(write(*(int *)fd, &one, 8), 8);
    return NULL;
}

TEST(waits_for_another_thread)
{
    struct epoll_event e;

    int ep = epoll_create1(0), fd = eventfd(0, 0);
    CHECK_OK(add(ep, fd, EPOLLIN));
    pthread_t t = thread_start(write_soon, &fd);
    CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
    CHECK_EQ(e.data.fd, fd);
    thread_join(t);
}

static int late[2];                              /* epoll instance, descriptor              */

static void *add_soon(UNUSED void *arg)
{
    settle();
    CHECK_OK(add(late[0], late[1], EPOLLIN));
    return NULL;
}

TEST(adding_a_ready_descriptor_wakes_a_waiter)
{
    struct epoll_event e;

    late[0] = epoll_create1(0);
    late[1] = eventfd(1, 0);
    pthread_t t = thread_start(add_soon, NULL);
    CHECK_EQ(epoll_wait(late[0], &e, 1, 10000), 1);
    thread_join(t);
}

static atomic_int woken;

static void *wait_exclusive(void *ep)
{
    struct epoll_event e;

    if (epoll_wait(*(int *)ep, &e, 1, 300) == 1)
        woken++;
    return NULL;
}

TEST(exclusive_wakes_at_least_one_and_is_restricted)
{
    uint64_t one = 1;
    int ep[3];
    pthread_t t[3];

    woken = 0;
    int fd = eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 3; i++) {
        ep[i] = epoll_create1(0);
        CHECK_OK(add(ep[i], fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET));
        t[i] = thread_start(wait_exclusive, &ep[i]);
    }
    settle();
    CHECK_EQ(write(fd, &one, 8), 8);
    for (int i = 0; i < 3; i++)
        thread_join(t[i]);
    CHECK(woken >= 1);
    CHECK_ERR(modify(ep[0], fd, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    CHECK_ERR(add(ep[0], eventfd(0, 0), EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EINVAL);
    int inner = epoll_create1(0);
    CHECK_ERR(add(ep[0], inner, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
}

static volatile sig_atomic_t handled;

static void on_signal(UNUSED int signal)
{
    handled++;
}

TEST(pwait_mask_is_atomic)
{
    struct epoll_event e;
    sigset_t none = signal_set(0);

    handled = 0;
    int ep = epoll_create1(0);
    signal_handle(SIGUSR1, on_signal, SA_RESTART);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(epoll_wait(ep, &e, 1, 1), 0);
    CHECK_ERR(epoll_pwait(ep, &e, 1, 10000, &none), EINTR);
    CHECK_EQ(handled, 1);
    CHECK_ERR(syscall(SYS_epoll_pwait, ep, &e, 1, 0, &none, 4), EINVAL);
}

TEST(half_closed_stream_is_rdhup)
{
    struct epoll_event e;
    int s[2];

    int ep = epoll_create1(0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(add(ep, s[0], EPOLLIN | EPOLLRDHUP));
    CHECK_OK(shutdown(s[1], SHUT_WR));
    CHECK_EQ(look(ep, &e), 1);
    CHECK_EQ(e.events, EPOLLIN | EPOLLRDHUP);
}

TEST(all_64_bits_of_data_come_back)
{
    struct epoll_event e = { .events = EPOLLIN, .data.u64 = 0xfedcba9876543210 }, got;

    int ep = epoll_create1(0), fd = eventfd(1, 0);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
    CHECK_EQ(got.data.u64, 0xfedcba9876543210);
}

static int many_ep;
static atomic_int served;

static void *serve(UNUSED void *arg)
{
    struct epoll_event e;
    uint64_t value;

    while (epoll_wait(many_ep, &e, 1, 500) == 1) {
        if (read(e.data.fd, &value, 8) == 8)
            served++;
        if (served == 200)
            break;
    }
    return NULL;
}

TEST(many_waiters_share_one_instance)
{
    pthread_t t[4];
    uint64_t one = 1;
    int fd[200];

    served = 0;
    many_ep = epoll_create1(0);
    for (int i = 0; i < 200; i++) {
        fd[i] = eventfd(0, EFD_NONBLOCK);
        CHECK_OK(add(many_ep, fd[i], EPOLLIN | EPOLLET));
    }
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(serve, NULL);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(write(fd[i], &one, 8), 8);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(served, 200);
}
