/* SPDX-License-Identifier: MIT */
/* covers: poll ppoll */
/*
 * poll(2) and ppoll(2).
 */
#include <poll.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

TEST(counts_descriptors_with_events)
{
    struct pollfd p[4];
    int a[2], b[2];

    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    p[0] = (struct pollfd){ a[0], POLLIN, -1 };
    p[1] = (struct pollfd){ a[1], POLLOUT, -1 };
    p[2] = (struct pollfd){ b[0], POLLIN, -1 };
    p[3] = (struct pollfd){ -1, POLLIN, -1 };
    CHECK_EQ(poll(p, 4, 0), 1);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLOUT);
    CHECK_EQ(p[2].revents, 0);
    CHECK_EQ(p[3].revents, 0);                   /* negative: ignored and cleared           */
    CHECK_EQ(write(a[1], "x", 1), 1);
    CHECK_EQ(write(b[1], "x", 1), 1);
    CHECK_EQ(poll(p, 4, -1), 3);
}

TEST(closed_descriptors_are_nval)
{
    struct pollfd p[2] = { { 500, POLLIN, 0 }, { 501, 0, 0 } };

    CHECK_EQ(poll(p, 2, 1000), 2);
    CHECK_EQ(p[0].revents, POLLNVAL);
    CHECK_EQ(p[1].revents, POLLNVAL);
}

TEST(regular_files_and_directories_are_always_ready)
{
    struct pollfd p[2];

    file_put("f", "");
    p[0] = (struct pollfd){ open("f", O_RDWR), POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0 };
    p[1] = (struct pollfd){ open(".", O_RDONLY), POLLIN, 0 };
    CHECK_EQ(poll(p, 2, 0), 2);
    CHECK_EQ(p[0].revents, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
    CHECK_EQ(p[1].revents, POLLIN);
}

TEST(errors_are_reported_unasked)
{
    struct pollfd p;
    int a[2];

    CHECK_OK(pipe(a));
    CHECK_OK(close(a[1]));
    p = (struct pollfd){ a[0], 0, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLHUP);
}

TEST(timeouts)
{
    struct timespec ts = { 0, 20 * MS };
    int64_t start = now_ns();

    CHECK_EQ(poll(NULL, 0, 20), 0);
    CHECK(now_ns() - start >= 20 * MS);
    start = now_ns();
    CHECK_EQ(ppoll(NULL, 0, &ts, NULL), 0);
    CHECK(now_ns() - start >= 20 * MS);
    CHECK_EQ(ts.tv_nsec, 20 * MS);
    CHECK_EQ(poll(NULL, 0, 0), 0);
}

TEST(raw_ppoll_writes_the_remaining_time)
{
    struct timespec ts = { 1000, 0 };
    struct pollfd p;
    int a[2];

    CHECK_OK(pipe(a));
    p = (struct pollfd){ a[1], POLLOUT, 0 };
    CHECK_EQ(syscall(SYS_ppoll, &p, 1, &ts, NULL, 8), 1);
    CHECK(ts.tv_sec >= 990 && ts.tv_sec <= 1000);
    ts = (struct timespec){ 0, 5 * MS };
    CHECK_EQ(syscall(SYS_ppoll, &p, 0, &ts, NULL, 8), 0);
    CHECK_EQ(timespec_ns(&ts), 0);
}

static void *write_soon(void *fd)
{
    settle();
    CHECK_EQ(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

TEST(waits_for_an_event_from_another_thread)
{
    struct pollfd p[2];
    int a[2], b[2];

    CHECK_OK(pipe(a));
    CHECK_OK(pipe(b));
    p[0] = (struct pollfd){ a[0], POLLIN, 0 };
    p[1] = (struct pollfd){ b[0], POLLIN, 0 };
    pthread_t t = thread_start(write_soon, &b[1]);
    CHECK_EQ(poll(p, 2, 10000), 1);
    CHECK_EQ(p[0].revents, 0);
    CHECK_EQ(p[1].revents, POLLIN);
    thread_join(t);
}

static volatile sig_atomic_t handled;

static void on_signal(UNUSED int signal)
{
    handled++;
}

static void *kill_soon(void *thread)
{
    settle();
    CHECK_EQ(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
    return NULL;
}

TEST(signal_interrupts_even_with_restart)
{
    pthread_t self = pthread_self();

    handled = 0;
    signal_handle(SIGUSR1, on_signal, SA_RESTART);
    pthread_t t = thread_start(kill_soon, &self);
    CHECK_ERR(poll(NULL, 0, 10000), EINTR);
    CHECK_EQ(handled, 1);
    thread_join(t);
}

TEST(ppoll_mask_lets_a_blocked_signal_in)
{
    sigset_t none = signal_set(0), now;

    handled = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(handled, 0);
    CHECK_ERR(ppoll(NULL, 0, NULL, &none), EINTR);
    CHECK_EQ(handled, 1);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGUSR1));           /* the mask is back                        */
}

TEST(ppoll_mask_does_not_deliver_when_ready_at_once)
{
    sigset_t none = signal_set(0);
    struct pollfd p;
    int a[2];

    handled = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_OK(pipe(a));
    p = (struct pollfd){ a[1], POLLOUT, 0 };
    CHECK_EQ(ppoll(&p, 1, NULL, &none), 1);
    CHECK_EQ(handled, 0);
    CHECK(signal_pending(SIGUSR1));
}

TEST(errors)
{
    struct pollfd p = { 0, 0, 0 };
    struct timespec bad = { 0, SEC }, negative = { -1, 0 };
    struct rlimit limit;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERR(syscall(SYS_poll, BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_poll, &p, limit.rlim_cur + 1, 0), EINVAL);
    CHECK_ERR(ppoll(&p, 1, &bad, NULL), EINVAL);
    CHECK_ERR(ppoll(&p, 1, &negative, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_ppoll, &p, 1, BAD_POINTER, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_ppoll, &p, 1, NULL, BAD_POINTER, 8), EFAULT);
    CHECK_ERR(syscall(SYS_ppoll, &p, 1, NULL, &bad, 4), EINVAL);
}

TEST(hundreds_of_descriptors)
{
    static struct pollfd p[600];
    int a[2];

    CHECK_OK(pipe(a));
    for (int i = 0; i < 600; i++) {
        p[i] = (struct pollfd){ dup(a[0]), POLLIN, 0 };
        CHECK_OK(p[i].fd);
    }
    CHECK_EQ(poll(p, 600, 0), 0);
    CHECK_EQ(write(a[1], "x", 1), 1);
    CHECK_EQ(poll(p, 600, 0), 600);
}
