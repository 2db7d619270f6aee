/* SPDX-License-Identifier: MIT */
/* covers: open mknod read write */
/*
 * Named pipes: who waits for whom at open, and what travels.
 */
#include <poll.h>

#include "tests/sys/sys.h"

static void *open_for_writing(UNUSED void *arg)
{
    settle();
    return (void *)(long)open("p", O_WRONLY);
}

static void *open_for_reading(UNUSED void *arg)
{
    settle();
    return (void *)(long)open("p", O_RDONLY);
}

TEST(reader_waits_for_a_writer)
{
    char buf[8] = "";

    CHECK_OK(mkfifo("p", 0600));
    pthread_t t = thread_start(open_for_writing, NULL);
    int r = open("p", O_RDONLY);
    CHECK_OK(r);
    int w = (int)(long)thread_join(t);
    CHECK_OK(w);
    CHECK_EQ(write(w, "hello", 5), 5);
    CHECK_EQ(read(r, buf, sizeof(buf)), 5);
    CHECK_STR(buf, "hello");
    CHECK_OK(close(w));
    CHECK_EQ(read(r, buf, sizeof(buf)), 0);
}

TEST(writer_waits_for_a_reader)
{
    CHECK_OK(mkfifo("p", 0600));
    pthread_t t = thread_start(open_for_reading, NULL);
    int w = open("p", O_WRONLY);
    CHECK_OK(w);
    CHECK((long)thread_join(t) >= 0);
}

TEST(nonblocking_open_never_waits)
{
    char c;

    CHECK_OK(mkfifo("p", 0600));
    CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = open("p", O_RDONLY | O_NONBLOCK);
    CHECK_OK(r);
    CHECK_EQ(read(r, &c, 1), 0);                 /* no writer yet: end of file              */
    int w = open("p", O_WRONLY | O_NONBLOCK);
    CHECK_OK(w);
    CHECK_ERR(read(r, &c, 1), EAGAIN);
    CHECK_EQ(write(w, "x", 1), 1);
    CHECK_EQ(read(r, &c, 1), 1);
}

TEST(both_ways_opens_at_once)
{
    char c;

    CHECK_OK(mkfifo("p", 0600));
    int fd = open("p", O_RDWR);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(read(fd, &c, 1), 1);
}

static void nothing(UNUSED int signal)
{
}

TEST(waiting_open_is_interrupted_by_a_signal)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 },
                              .it_interval = { .tv_usec = 20000 } };

    CHECK_OK(mkfifo("p", 0600));
    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(open("p", O_RDONLY), EINTR);
    CHECK_ERR(open("p", O_WRONLY), EINTR);
}

TEST(data_is_gone_once_everyone_has_closed)
{
    char c;

    CHECK_OK(mkfifo("p", 0600));
    int fd = open("p", O_RDWR);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(close(fd));
    fd = open("p", O_RDONLY | O_NONBLOCK);
    CHECK_EQ(read(fd, &c, 1), 0);
    CHECK_EQ(file_size("p"), 0);
}

TEST(reader_hears_of_hangup_and_of_new_writers)
{
    struct pollfd poll_one;

    CHECK_OK(mkfifo("p", 0600));
    int r = open("p", O_RDONLY | O_NONBLOCK);
    int w = open("p", O_WRONLY);
    poll_one = (struct pollfd){ r, POLLIN, 0 };
    CHECK_EQ(poll(&poll_one, 1, 0), 0);
    CHECK_OK(close(w));
    CHECK_EQ(poll(&poll_one, 1, 0), 1);
    CHECK_EQ(poll_one.revents & POLLHUP, POLLHUP);
    w = open("p", O_WRONLY);
    CHECK_OK(w);
    CHECK_EQ(poll(&poll_one, 1, 0), 0);
}

CHILD(write_to_fifo)
{
    int fd = open("p", O_WRONLY);

    CHECK_OK(fd);
    CHECK_EQ(write(fd, "from a child", 12), 12);
    return 0;
}

TEST(processes_meet_at_a_fifo)
{
    char buf[32] = "";

    CHECK_OK(mkfifo("p", 0600));
    pid_t pid = child_start("write_to_fifo");
    int r = open("p", O_RDONLY);
    CHECK_OK(r);
    CHECK_EQ(read(r, buf, sizeof(buf)), 12);
    CHECK_STR(buf, "from a child");
    CHECK_EQ(read(r, buf, sizeof(buf)), 0);
    CHECK_EXIT(pid, 0);
}
