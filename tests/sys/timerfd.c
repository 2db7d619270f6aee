/* SPDX-License-Identifier: MIT */
/* covers: timerfd_create timerfd_settime timerfd_gettime */
/*
 * timerfd(2).
 */
#include <poll.h>
#include <sys/timerfd.h>

#include "tests/sys/sys.h"

static struct itimerspec in_ms(long first, long interval)
{
    return (struct itimerspec){ .it_value = ns_timespec(first * MS),
                                .it_interval = ns_timespec(interval * MS) };
}

static uint64_t take(int fd)
{
    uint64_t count = 0;

    CHECK_EQ(read(fd, &count, sizeof(count)), 8);
    return count;
}

TEST(one_shot_expires_once)
{
    struct itimerspec set = in_ms(20, 0), left;
    uint64_t count;

    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK_OK(fd);
    CHECK_ERR(read(fd, &count, 8), EAGAIN);
    int64_t start = now_ns();
    CHECK_OK(timerfd_settime(fd, 0, &set, NULL));
    CHECK_OK(timerfd_gettime(fd, &left));
    CHECK(timespec_ns(&left.it_value) > 0 && timespec_ns(&left.it_value) <= 20 * MS);
    struct pollfd p = { fd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 5000), 1);
    CHECK(now_ns() - start >= 20 * MS);
    CHECK_EQ(take(fd), 1);
    CHECK_ERR(read(fd, &count, 8), EAGAIN);
    CHECK_OK(timerfd_gettime(fd, &left));
    CHECK_EQ(timespec_ns(&left.it_value), 0);
}

TEST(blocking_read_waits_for_expiry)
{
    struct itimerspec set = in_ms(20, 0);

    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    int64_t start = now_ns();
    CHECK_OK(timerfd_settime(fd, 0, &set, NULL));
    CHECK_EQ(take(fd), 1);
    CHECK(now_ns() - start >= 20 * MS);
}

TEST(intervals_are_counted)
{
    struct itimerspec set = in_ms(5, 5), old;

    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    CHECK_OK(timerfd_settime(fd, 0, &set, NULL));
    sleep_ms(33);
    CHECK(take(fd) >= 6);
    CHECK(take(fd) >= 1);
    set = in_ms(0, 0);
    CHECK_OK(timerfd_settime(fd, 0, &set, &old)); /* disarms                                */
    CHECK_EQ(timespec_ns(&old.it_interval), 5 * MS);
    struct pollfd p = { fd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 15), 0);
}

TEST(absolute_times)
{
    struct itimerspec set = { .it_value = ns_timespec(now_ns() + 20 * MS) };

    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
    CHECK_EQ(take(fd), 1);
    CHECK(now_ns() >= timespec_ns(&set.it_value));
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL)); /* already past           */
    CHECK_EQ(take(fd), 1);
    fd = timerfd_create(CLOCK_REALTIME, 0);
    set.it_value = ns_timespec(clock_ns(CLOCK_REALTIME) + 10 * MS);
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
    CHECK_EQ(take(fd), 1);
}

TEST(past_absolute_time_with_interval_counts_what_was_missed)
{
    struct itimerspec set = { .it_value = ns_timespec(now_ns() - 100 * MS),
                              .it_interval = ns_timespec(10 * MS) };

    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &set, NULL));
    CHECK(take(fd) >= 10);
}

TEST(setting_again_forgets_expirations)
{
    struct itimerspec soon = in_ms(1, 0), later = in_ms(100000, 0);
    uint64_t count;

    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK_OK(timerfd_settime(fd, 0, &soon, NULL));
    sleep_ms(10);
    CHECK_OK(timerfd_settime(fd, 0, &later, NULL));
    CHECK_ERR(read(fd, &count, 8), EAGAIN);
}

TEST(clocks_and_flags)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK_OK(timerfd_create(CLOCK_REALTIME, 0));
    CHECK_OK(timerfd_create(CLOCK_BOOTTIME, 0));
    CHECK_ERR(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
    CHECK_ERR(timerfd_create(999, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 0x40000000), EINVAL);
}

TEST(errors)
{
    struct itimerspec set = in_ms(1, 0), bad = { .it_value = { 0, SEC } };
    uint64_t count;

    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK_ERR(timerfd_settime(fd, 0, &bad, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(fd, 0x100, &set, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(-1, 0, &set, NULL), EBADF);
    CHECK_ERR(timerfd_settime(1, 0, &set, NULL), EINVAL);
    CHECK_ERR(timerfd_gettime(-1, &set), EBADF);
    CHECK_ERR(syscall(SYS_timerfd_settime, fd, 0, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_timerfd_gettime, fd, BAD_POINTER), EFAULT);
    CHECK_ERR(read(fd, &count, 7), EINVAL);
    CHECK_ERR(write(fd, &count, 8), EINVAL);
}
