/* SPDX-License-Identifier: MIT */
/* covers: nanosleep clock_nanosleep */
/*
 * Sleeping.  No upper bounds are checked: the machine may be busy.
 */
#include "tests/sys/sys.h"

TEST(sleeps_at_least_as_long_as_asked)
{
    static const long lengths[] = { 0, 1, 100000, 5 * MS, 30 * MS };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct timespec ts = { 0, lengths[i] };
        int64_t start = now_ns();
        CHECK_OK(nanosleep(&ts, NULL));
        CHECK(now_ns() - start >= lengths[i]);
        CHECK_EQ(ts.tv_nsec, lengths[i]);
    }
}

TEST(arguments)
{
    struct timespec bad = { 0, SEC }, negative = { -1, 0 }, bad2 = { 0, -1 }, ok = { 0, 1 };

    CHECK_ERR(nanosleep(&bad, NULL), EINVAL);
    CHECK_ERR(nanosleep(&bad2, NULL), EINVAL);
    CHECK_ERR(nanosleep(&negative, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_nanosleep, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_clock_nanosleep, 999, 0, &ok, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &ok, NULL), EOPNOTSUPP);
}

TEST(absolute_times)
{
    struct timespec until = ns_timespec(now_ns() + 20 * MS);

    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    CHECK(now_ns() >= timespec_ns(&until));
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0); /* past     */
    until = ns_timespec(clock_ns(CLOCK_REALTIME) + 10 * MS);
    CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
    CHECK(clock_ns(CLOCK_REALTIME) >= timespec_ns(&until));
    CHECK_EQ(clock_nanosleep(CLOCK_BOOTTIME, 0, &(struct timespec){ 0, MS }, NULL), 0);
}

static void nothing(UNUSED int signal)
{
}

TEST(remaining_time_is_reported)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
    struct timespec ts = { 100, 0 }, left = { 0, 0 };

    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(nanosleep(&ts, &left), EINTR);
    CHECK(left.tv_sec >= 90 && timespec_ns(&left) < 100 * SEC);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(nanosleep(&ts, &ts), EINTR);       /* in place                                */
    CHECK(ts.tv_sec < 100);
}

TEST(absolute_sleep_does_not_touch_the_remainder)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
    struct timespec until = ns_timespec(now_ns() + 100 * SEC), left = { 123, 456 };

    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &left), EINTR);
    CHECK_EQ(left.tv_sec, 123);
}

static void *sleep_some(void *ms)
{
    sleep_ms((long)ms);
    return NULL;
}

TEST(many_threads_sleep_at_once)
{
    pthread_t t[50];
    int64_t start = now_ns();

    for (int i = 0; i < 50; i++)
        t[i] = thread_start(sleep_some, (void *)40L);
    for (int i = 0; i < 50; i++)
        thread_join(t[i]);
    CHECK(now_ns() - start >= 40 * MS);
}

TEST(process_cpu_clock_does_not_run_while_sleeping)
{
    int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    sleep_ms(100);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 80 * MS);
}
