/* SPDX-License-Identifier: MIT */
/* covers: pipe pipe2 read write ioctl */
/*
 * Pipes.
 */
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/sys/sys.h"

enum { CAPACITY = 65536 };

TEST(bytes_come_out_in_order)
{
    char buf[8] = "";
    int p[2], n;

    CHECK_OK(pipe(p));
    CHECK_EQ(p[1], p[0] + 1);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(write(p[1], "def", 3), 3);
    CHECK_OK(ioctl(p[0], FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_EQ(read(p[0], buf, 4), 4);
    CHECK_STR(buf, "abcd");
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 2);
    CHECK_OK(ioctl(p[1], FIONREAD, &n));
    CHECK_EQ(n, 0);
}

TEST(ends_are_one_way)
{
    char c = 0;
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_ERR(read(p[1], &c, 1), EBADF);
    CHECK_ERR(write(p[0], &c, 1), EBADF);
    CHECK_EQ(fcntl(p[0], F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(fcntl(p[1], F_GETFL) & O_ACCMODE, O_WRONLY);
}

TEST(flags_of_pipe2)
{
    int p[2];

    CHECK_OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fcntl(p[i], F_GETFD), FD_CLOEXEC);
        CHECK(fcntl(p[i], F_GETFL) & O_NONBLOCK);
    }
    CHECK_ERR(pipe2(p, O_APPEND), EINVAL);
    CHECK_ERR(syscall(SYS_pipe, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_pipe2, BAD_POINTER, 0), EFAULT);
    int next = open("/dev/null", O_RDONLY);      /* the failures left no descriptors behind */
    CHECK_EQ(next, p[1] + 1);
}

TEST(end_of_file_when_the_last_writer_is_gone)
{
    char buf[8];
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_OK(close(p[1]));
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 3);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 0);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 0);
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(UNUSED int signal)
{
    sigpipes++;
}

TEST(writing_without_readers_is_sigpipe_and_epipe)
{
    int p[2];

    sigpipes = 0;
    signal_handle(SIGPIPE, on_sigpipe, 0);
    CHECK_OK(pipe(p));
    CHECK_OK(close(p[0]));
    CHECK_ERR(write(p[1], "x", 1), EPIPE);
    CHECK_EQ(sigpipes, 1);
    CHECK_EQ(write(p[1], "x", 0), 0);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK_ERR(write(p[1], "x", 1), EPIPE);
    CHECK_EQ(sigpipes, 1);
}

CHILD(dies_of_sigpipe)
{
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(close(p[0]));
    write(p[1], "x", 1);
    return 1;
}

TEST(sigpipe_kills_by_default)
{
    CHECK_KILLED(child_start("dies_of_sigpipe"), SIGPIPE);
}

TEST(nonblocking_ends_never_wait)
{
    static char data[CAPACITY + 10000];
    int p[2];

    CHECK_OK(pipe2(p, O_NONBLOCK));
    CHECK_ERR(read(p[0], data, 1), EAGAIN);
    CHECK_EQ(write(p[1], data, sizeof(data)), CAPACITY); /* partial                         */
    CHECK_ERR(write(p[1], data, 1), EAGAIN);
    CHECK_EQ(read(p[0], data, 100), 100);
    CHECK_ERR(write(p[1], data, PIPE_BUF), EAGAIN); /* whole or not at all                  */
    CHECK_EQ(read(p[0], data, PIPE_BUF), PIPE_BUF);
    CHECK_EQ(write(p[1], data, PIPE_BUF), PIPE_BUF);
}

TEST(poll_tells_the_state_of_both_ends)
{
    static char data[CAPACITY];
    struct pollfd r, w;
    int p[2];

    CHECK_OK(pipe2(p, O_NONBLOCK));
    r = (struct pollfd){ p[0], POLLIN | POLLOUT, 0 };
    w = (struct pollfd){ p[1], POLLIN | POLLOUT, 0 };
    CHECK_EQ(poll(&r, 1, 0), 0);
    CHECK_EQ(poll(&w, 1, 0), 1);
    CHECK_EQ(w.revents, POLLOUT);
    CHECK_EQ(write(p[1], data, CAPACITY), CAPACITY);
    CHECK_EQ(poll(&w, 1, 0), 0);
    CHECK_EQ(poll(&r, 1, 0), 1);
    CHECK_EQ(r.revents, POLLIN);
    CHECK_OK(close(p[1]));
    CHECK_EQ(poll(&r, 1, 0), 1);
    CHECK_EQ(r.revents, POLLIN | POLLHUP);
    CHECK_EQ(read(p[0], data, CAPACITY), CAPACITY);
    CHECK_EQ(poll(&r, 1, 0), 1);
    CHECK_EQ(r.revents, POLLHUP);
    CHECK_OK(pipe(p));
    CHECK_OK(close(p[0]));
    w = (struct pollfd){ p[1], POLLOUT, 0 };
    CHECK_EQ(poll(&w, 1, 0), 1);
    CHECK_EQ(w.revents & POLLERR, POLLERR);
}

static void *drain(void *arg)
{
    int fd = *(int *)arg;
    char buf[1000];
    long total = 0;
    ssize_t n;

    settle();
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        total += n;
    return (void *)total;
}

TEST(blocking_write_larger_than_the_pipe_is_whole)
{
    static char data[300000];
    int p[2];

    CHECK_OK(pipe(p));
    pthread_t t = thread_start(drain, &p[0]);
    CHECK_EQ(write(p[1], data, sizeof(data)), sizeof(data));
    CHECK_OK(close(p[1]));
    CHECK_EQ(thread_join(t), sizeof(data));
}

static int atomic_pipe[2];

static void *write_records(void *arg)
{
    char record[PIPE_BUF];

    memset(record, (int)(long)arg, sizeof(record));
    for (int i = 0; i < 50; i++)
        CHECK_EQ(write(atomic_pipe[1], record, sizeof(record)), PIPE_BUF);
    return NULL;
}

TEST(writes_up_to_pipe_buf_do_not_interleave)
{
    char record[PIPE_BUF];
    pthread_t t[4];
    int records = 0;

    CHECK_OK(pipe(atomic_pipe));
    for (long i = 0; i < 4; i++)
        t[i] = thread_start(write_records, (void *)('a' + i));
    while (records < 200) {
        size_t have = 0;
        while (have < sizeof(record)) {
            ssize_t n = read(atomic_pipe[0], record + have, sizeof(record) - have);
            CHECK(n > 0);
            have += (size_t)n;
        }
        for (size_t i = 1; i < sizeof(record); i++)
            CHECK_EQ(record[i], record[0]);
        records++;
    }
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
}

TEST(packet_mode_keeps_boundaries)
{
    char buf[100] = "";
    int p[2];

    CHECK_OK(pipe2(p, O_DIRECT));
    CHECK_EQ(write(p[1], "one", 3), 3);
    CHECK_EQ(write(p[1], "three", 5), 5);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 3);
    CHECK_EQ(read(p[0], buf, 2), 2);             /* the rest of the packet is lost          */
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 1);
    CHECK_EQ(buf[0], 'x');
}

static void nothing(UNUSED int signal)
{
}

TEST(waiting_read_is_interrupted_by_a_signal)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 },
                              .it_interval = { .tv_usec = 20000 } };
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(read(p[0], &c, 1), EINTR);
}

CHILD(echo)
{
    char buf[16];
    ssize_t n;

    while ((n = read(atoi(argv[0]), buf, sizeof(buf))) > 0)
        CHECK_EQ(write(atoi(argv[1]), buf, (size_t)n), n);
    return 0;
}

TEST(pipes_connect_processes)
{
    char buf[16] = "";
    int to[2], from[2];

    CHECK_OK(pipe(to));
    CHECK_OK(pipe(from));
    CHECK_OK(fcntl(to[1], F_SETFD, FD_CLOEXEC));
    CHECK_OK(fcntl(from[0], F_SETFD, FD_CLOEXEC));
    pid_t pid = child_start("echo", number(to[0]), number(from[1]));
    CHECK_OK(close(from[1]));
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(write(to[1], "ping", 4), 4);
        CHECK_EQ(read(from[0], buf, sizeof(buf)), 4);
    }
    CHECK_OK(close(to[1]));
    CHECK_EQ(read(from[0], buf, sizeof(buf)), 0);
    CHECK_EXIT(pid, 0);
}
