/* SPDX-License-Identifier: MIT */
/* covers: read write wait4 futex nanosleep accept recvfrom rt_sigreturn restart_syscall */
/*
 * What a signal does to a call that waits: signal(7), "Interruption of system calls".
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/sys/sys.h"

static volatile sig_atomic_t handled;
static int feed = -1;                            /* where the second signal writes a byte   */

static void on_alarm(UNUSED int signal)
{
    handled++;
    if (handled >= 2 && feed != -1 && write(feed, "x", 1) != 1)
        handled = -1000;
}

/* A signal in 10 ms, and every 10 ms after that. */
static void alarm_soon(int flags)
{
    struct itimerval t = { .it_value = { .tv_usec = 10000 }, .it_interval = { .tv_usec = 10000 } };

    handled = 0;
    signal_handle(SIGALRM, on_alarm, flags);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
}

static void alarm_off(void)
{
    CHECK_OK(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL));
    feed = -1;
}

TEST(read_of_a_pipe)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    alarm_soon(0);
    CHECK_ERR(read(p[0], &c, 1), EINTR);
    alarm_off();
    feed = p[1];
    alarm_soon(SA_RESTART);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK(handled >= 2);
    alarm_off();
}

TEST(write_to_a_full_pipe)
{
    static char data[70000];
    int p[2];

    CHECK_OK(pipe(p));
    alarm_soon(0);
    CHECK_EQ(write(p[1], data, sizeof(data)), 65536); /* partial success beats EINTR        */
    CHECK_ERR(write(p[1], data, 10), EINTR);
    alarm_off();
}

TEST(sockets)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "s" };
    struct timeval limit = { 10, 0 };
    char c;
    int s[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    alarm_soon(0);
    CHECK_ERR(recv(s[0], &c, 1, 0), EINTR);
    alarm_off();
    feed = s[1];
    alarm_soon(SA_RESTART);
    CHECK_EQ(recv(s[0], &c, 1, 0), 1);
    alarm_off();
    /* With a time limit they are never restarted. */
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    alarm_soon(SA_RESTART);
    CHECK_ERR(recv(s[0], &c, 1, 0), EINTR);
    alarm_off();
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind(listener, (struct sockaddr *)&name, sizeof(name)));
    CHECK_OK(listen(listener, 1));
    alarm_soon(0);
    CHECK_ERR(accept(listener, NULL, NULL), EINTR);
    alarm_off();
}

CHILD(sleep_a_while)
{
    sleep_ms(200);
    return 5;
}

TEST(wait_for_a_child)
{
    int status;

    pid_t pid = child_start("sleep_a_while");
    alarm_soon(0);
    CHECK_ERR(waitpid(pid, &status, 0), EINTR);
    alarm_soon(SA_RESTART);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    alarm_off();
    child_forget(pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
}

TEST(sleeping_is_never_restarted)
{
    struct timespec ts = { 10, 0 }, left = { 0, 0 };

    alarm_soon(SA_RESTART);
    CHECK_ERR(nanosleep(&ts, &left), EINTR);
    CHECK(left.tv_sec >= 8 && left.tv_sec <= 10);
    CHECK_ERR(nanosleep(&ts, NULL), EINTR);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &left), EINTR);
    alarm_off();
}

TEST(polling_is_never_restarted)
{
    struct epoll_event e;
    fd_set set;
    int p[2];

    CHECK_OK(pipe(p));
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    int ep = epoll_create1(0);
    alarm_soon(SA_RESTART);
    CHECK_ERR(poll(&(struct pollfd){ p[0], POLLIN, 0 }, 1, 10000), EINTR);
    CHECK_ERR(select(p[0] + 1, &set, NULL, NULL, NULL), EINTR);
    CHECK_ERR(epoll_wait(ep, &e, 1, 10000), EINTR);
    alarm_off();
}

TEST(ignored_and_blocked_signals_interrupt_nothing)
{
    struct timespec ts = { 0, 60 * MS };
    struct itimerval t = { .it_value = { .tv_usec = 10000 }, .it_interval = { .tv_usec = 10000 } };

    CHECK(signal(SIGALRM, SIG_IGN) != SIG_ERR);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    int64_t start = now_ns();
    CHECK_OK(nanosleep(&ts, NULL));
    CHECK(now_ns() - start >= 60 * MS);
    signal_handle(SIGALRM, on_alarm, 0);
    signal_block(SIGALRM);
    CHECK_OK(nanosleep(&ts, NULL));
    alarm_off();
    signal_unblock(SIGALRM);
}

CHILD(stopped_sleeper)
{
    struct timespec ts = { 0, 100 * MS };
    int64_t start = now_ns();

    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    CHECK_OK(nanosleep(&ts, NULL));              /* stopped and continued meanwhile: goes on */
    CHECK(now_ns() - start >= 100 * MS);
    return 0;
}

TEST(stop_and_continue_do_not_show_in_a_sleep)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    pid_t pid = child_start("stopped_sleeper", number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    settle();
    CHECK_OK(kill(pid, SIGSTOP));
    settle();
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EXIT(pid, 0);
}
