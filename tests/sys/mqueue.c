/* SPDX-License-Identifier: MIT */
/* covers: mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr */
/*
 * POSIX message queues.
 */
#include <mqueue.h>
#include <poll.h>

#include "tests/sys/sys.h"

static char name[64];

static mqd_t open_queue(int flags, long count, long size)
{
    struct mq_attr attr = { .mq_maxmsg = count, .mq_msgsize = size };

    snprintf(name, sizeof(name), "/sys-test-%d", getpid());
    mq_unlink(name);
    mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0600, &attr);
    CHECK_OK(q);
    return q;
}

TEST(higher_priorities_first_then_in_order)
{
    char buf[16];
    unsigned priority = 99;

    mqd_t q = open_queue(0, 5, 16);
    CHECK_OK(mq_send(q, "low", 3, 1));
    CHECK_OK(mq_send(q, "high", 4, 9));
    CHECK_OK(mq_send(q, "low2", 4, 1));
    CHECK_EQ(mq_receive(q, buf, 16, &priority), 4);
    CHECK_EQ(priority, 9);
    CHECK_EQ(mq_receive(q, buf, 16, &priority), 3);
    CHECK_EQ(mq_receive(q, buf, 16, &priority), 4);
    CHECK_MEM(buf, "low2", 4);
    CHECK_OK(mq_unlink(name));
}

TEST(attributes)
{
    struct mq_attr attr, nonblock = { .mq_flags = O_NONBLOCK };

    mqd_t q = open_queue(0, 7, 33);
    CHECK_OK(mq_send(q, "x", 1, 0));
    CHECK_OK(mq_getattr(q, &attr));
    CHECK_EQ(attr.mq_maxmsg, 7);
    CHECK_EQ(attr.mq_msgsize, 33);
    CHECK_EQ(attr.mq_curmsgs, 1);
    CHECK_EQ(attr.mq_flags, 0);
    CHECK_OK(mq_setattr(q, &nonblock, &attr));
    CHECK_OK(mq_getattr(q, &attr));
    CHECK_EQ(attr.mq_flags, O_NONBLOCK);
    CHECK_OK(mq_unlink(name));
}

TEST(full_and_empty)
{
    char buf[8];
    struct timespec soon;

    mqd_t q = open_queue(O_NONBLOCK, 2, 8);
    CHECK_ERR(mq_receive(q, buf, 8, NULL), EAGAIN);
    CHECK_OK(mq_send(q, "a", 1, 0));
    CHECK_OK(mq_send(q, "b", 1, 0));
    CHECK_ERR(mq_send(q, "c", 1, 0), EAGAIN);
    CHECK_ERR(mq_send(q, "123456789", 9, 0), EMSGSIZE);
    CHECK_ERR(mq_receive(q, buf, 7, NULL), EMSGSIZE);
    CHECK_ERR(mq_send(q, "x", 1, 32768), EINVAL);
    CHECK_OK(mq_close(q));
    q = mq_open(name, O_RDWR);
    soon = ns_timespec(clock_ns(CLOCK_REALTIME) + 20 * MS);
    CHECK_ERR(mq_timedsend(q, "c", 1, 0, &soon), ETIMEDOUT);
    CHECK_EQ(mq_receive(q, buf, 8, NULL), 1);
    CHECK_EQ(mq_receive(q, buf, 8, NULL), 1);
    soon = ns_timespec(clock_ns(CLOCK_REALTIME) + 20 * MS);
    CHECK_ERR(mq_timedreceive(q, buf, 8, NULL, &soon), ETIMEDOUT);
    soon.tv_nsec = SEC;
    CHECK_ERR(mq_timedreceive(q, buf, 8, NULL, &soon), EINVAL);
    CHECK_OK(mq_unlink(name));
}

TEST(names_and_opening)
{
    mqd_t q = open_queue(0, 2, 8);
    struct mq_attr bad = { .mq_maxmsg = 0, .mq_msgsize = 8 };

    CHECK_ERR(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL), EEXIST);
    mqd_t r = mq_open(name, O_RDONLY);
    CHECK_ERR(mq_send(r, "x", 1, 0), EBADF);
    CHECK_OK(mq_unlink(name));
    CHECK_ERR(mq_unlink(name), ENOENT);
    CHECK_ERR(mq_open(name, O_RDWR), ENOENT);
    CHECK_OK(mq_send(q, "x", 1, 0));             /* lives while open                        */
    CHECK_ERR(mq_open("/sys-test-bad", O_CREAT | O_RDWR, 0600, &bad), EINVAL);
    CHECK_ERR(mq_send(open("/dev/null", O_RDWR), "x", 1, 0), EBADF);
}

static mqd_t shared_queue;

static void *send_soon(UNUSED void *arg)
{
    settle();
    CHECK_OK(mq_send(shared_queue, "late", 4, 0));
    return NULL;
}

TEST(receivers_wait_and_poll_works)
{
    char buf[8];

    shared_queue = open_queue(0, 2, 8);
    struct pollfd p = { shared_queue, POLLIN | POLLOUT, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    pthread_t t = thread_start(send_soon, NULL);
    CHECK_EQ(mq_receive(shared_queue, buf, 8, NULL), 4);
    thread_join(t);
    CHECK_OK(mq_unlink(name));
}

static volatile sig_atomic_t notified, value;

static void on_notify(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    if (info->si_code == SI_MESGQ)
        notified++;
    value = info->si_value.sival_int;
}

TEST(notification_once_when_it_stops_being_empty)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = SIGUSR1,
                              .sigev_value = { .sival_int = 31 } };

    notified = 0;
    mqd_t q = open_queue(0, 5, 8);
    signal_handle_info(SIGUSR1, on_notify, 0);
    CHECK_OK(mq_notify(q, &event));
    CHECK_ERR(mq_notify(q, &event), EBUSY);
    CHECK_OK(mq_send(q, "x", 1, 0));
    CHECK_EQ(notified, 1);
    CHECK_EQ(value, 31);
    CHECK_OK(mq_send(q, "x", 1, 0));
    CHECK_EQ(notified, 1);
    CHECK_OK(mq_notify(q, &event));
    CHECK_OK(mq_notify(q, NULL));                /* takes it back                           */
    CHECK_OK(mq_unlink(name));
}

CHILD(send_one)
{
    mqd_t q = mq_open(argv[0], O_WRONLY);

    CHECK_OK(q);
    CHECK_OK(mq_send(q, "child", 5, 3));
    return 0;
}

TEST(processes_share_queues_by_name)
{
    char buf[8];
    unsigned priority;

    mqd_t q = open_queue(0, 2, 8);
    CHECK_EXIT(child_start("send_one", name), 0);
    CHECK_EQ(mq_receive(q, buf, 8, &priority), 5);
    CHECK_EQ(priority, 3);
    CHECK_OK(mq_unlink(name));
}
