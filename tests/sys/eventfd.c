/* SPDX-License-Identifier: MIT */
/* covers: eventfd eventfd2 */
/*
 * eventfd(2).
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/sys/sys.h"

static const uint64_t most = UINT64_MAX - 1;

static int add(int fd, uint64_t value)
{
    return (int)write(fd, &value, sizeof(value));
}

TEST(read_takes_the_whole_count)
{
    uint64_t value = 0;

    int fd = eventfd(5, EFD_NONBLOCK);
    CHECK_OK(fd);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 5);
    CHECK_ERR(read(fd, &value, 8), EAGAIN);
    CHECK_EQ(add(fd, 3), 8);
    CHECK_EQ(add(fd, 4), 8);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 7);
}

TEST(semaphore_gives_one_at_a_time)
{
    uint64_t value = 0;

    int fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 1);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 1);
    CHECK_ERR(read(fd, &value, 8), EAGAIN);
}

TEST(count_never_passes_its_maximum)
{
    uint64_t value;
    struct pollfd p;

    int fd = eventfd(0, EFD_NONBLOCK);
    p = (struct pollfd){ fd, POLLIN | POLLOUT, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    CHECK_ERR(add(fd, UINT64_MAX), EINVAL);
    CHECK_EQ(add(fd, most), 8);
    CHECK_ERR(add(fd, 1), EAGAIN);
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLIN);
    CHECK_EQ(add(fd, 0), 8);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, most);
}

TEST(transfers_need_eight_bytes)
{
    char buf[16] = "";

    int fd = eventfd(1, EFD_NONBLOCK);
    CHECK_ERR(read(fd, buf, 7), EINVAL);
    CHECK_ERR(write(fd, buf, 7), EINVAL);
    CHECK_EQ(read(fd, buf, 16), 8);
    CHECK_EQ(write(fd, buf, 8), 8);
    CHECK_ERR(syscall(SYS_write, fd, BAD_POINTER, 8), EFAULT);
}

TEST(flags)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_ERR(syscall(SYS_eventfd2, 0, 0x40000000), EINVAL);
    CHECK_OK(syscall(SYS_eventfd, 3));
}

static void *add_soon(void *fd)
{
    settle();
    CHECK_EQ(add(*(int *)fd, 9), 8);
    return NULL;
}

TEST(read_waits_for_a_count)
{
    uint64_t value = 0;

    int fd = eventfd(0, 0);
    pthread_t t = thread_start(add_soon, &fd);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 9);
    thread_join(t);
}

static void *take_soon(void *fd)
{
    uint64_t value;

    settle();
    CHECK_EQ(read(*(int *)fd, &value, 8), 8);
    return NULL;
}

TEST(write_waits_for_room)
{
    uint64_t value;

    int fd = eventfd(0, 0);
    CHECK_EQ(add(fd, most), 8);
    pthread_t t = thread_start(take_soon, &fd);
    CHECK_EQ(add(fd, 2), 8);
    thread_join(t);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 2);
}

CHILD(add_one)
{
    CHECK_EQ(add(atoi(argv[0]), 1), 8);
    return 0;
}

TEST(count_is_shared_with_children)
{
    uint64_t value = 0;

    int fd = eventfd(0, EFD_NONBLOCK);
    CHECK_EXIT(child_start("add_one", number(fd)), 0);
    CHECK_EXIT(child_start("add_one", number(fd)), 0);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 2);
}
