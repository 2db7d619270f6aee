/* SPDX-License-Identifier: MIT */
/* covers: setitimer getitimer alarm */
/*
 * Interval timers and alarm(2).
 */
#include "tests/sys/sys.h"

static atomic_int count;

static void on_signal(UNUSED int signal)
{
    count++;
}

static struct itimerval in_us(long first, long interval)
{
    return (struct itimerval){ .it_value = { first / 1000000, first % 1000000 },
                               .it_interval = { interval / 1000000, interval % 1000000 } };
}

TEST(real_timer_fires_once_or_again_and_again)
{
    struct itimerval t = in_us(10000, 0), left;

    count = 0;
    signal_handle(SIGALRM, on_signal, 0);
    int64_t start = now_ns();
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    while (!count)
        pause();
    CHECK(now_ns() - start >= 10 * MS);
    sleep_ms(30);
    CHECK_EQ(count, 1);
    CHECK_OK(getitimer(ITIMER_REAL, &left));
    CHECK_EQ(left.it_value.tv_sec + left.it_value.tv_usec, 0);
    t = in_us(3000, 3000);
    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    while (count < 6)
        pause();
    t = in_us(0, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &t, &left));
    CHECK_EQ(left.it_interval.tv_usec, 3000);
    int now = count;
    sleep_ms(15);
    CHECK_EQ(count, now);
}

TEST(remaining_time_shrinks)
{
    struct itimerval t = in_us(100000000, 0), left;

    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    sleep_ms(10);
    CHECK_OK(getitimer(ITIMER_REAL, &left));
    CHECK(left.it_value.tv_sec >= 90 && left.it_value.tv_sec <= 99);
}

static void work_until_counted(void)
{
    for (volatile unsigned long i = 0; !count; i++)
        ;
}

TEST(virtual_and_profiling_timers_count_work)
{
    struct itimerval t = in_us(20000, 0);

    count = 0;
    signal_handle(SIGVTALRM, on_signal, 0);
    int64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
    work_until_counted();
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) > cpu);
    count = 0;
    signal_handle(SIGPROF, on_signal, 0);
    CHECK_OK(setitimer(ITIMER_PROF, &t, NULL));
    work_until_counted();
}

TEST(virtual_timer_stands_still_while_sleeping)
{
    struct itimerval t = in_us(80000, 0), left;

    count = 0;
    signal_handle(SIGVTALRM, on_signal, 0);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
    sleep_ms(120);
    CHECK_EQ(count, 0);
    CHECK_OK(getitimer(ITIMER_VIRTUAL, &left));
    CHECK(left.it_value.tv_usec > 0);
    t = in_us(0, 0);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
}

TEST(alarm_in_seconds)
{
    count = 0;
    signal_handle(SIGALRM, on_signal, 0);
    CHECK_EQ(alarm(100), 0);
    unsigned left = alarm(50);
    CHECK(left >= 90 && left <= 100);
    left = alarm(0);
    CHECK(left >= 40 && left <= 50);
    CHECK_EQ(alarm(0), 0);
    CHECK_EQ(syscall(SYS_alarm, 100), 0);
    struct itimerval t;                          /* it is the real-time timer               */
    CHECK_OK(getitimer(ITIMER_REAL, &t));
    CHECK(t.it_value.tv_sec >= 90 && t.it_value.tv_sec <= 100);
    CHECK(alarm(0) > 0);
}

TEST(errors)
{
    struct itimerval bad = { .it_value = { 0, 1000000 } }, t;

    CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, &bad, NULL), EINVAL);
    bad.it_value = (struct timeval){ -1, 0 };
    CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, &bad, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_setitimer, 7, &t, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, 7, &t), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, ITIMER_REAL, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_setitimer, ITIMER_REAL, BAD_POINTER, NULL), EFAULT);
}

CHILD(has_no_timer)
{
    struct itimerval t;

    CHECK_OK(getitimer(ITIMER_REAL, &t));
    return t.it_value.tv_sec == 0 && t.it_value.tv_usec == 0 ? 0 : 1;
}

TEST(children_do_not_inherit_timers)
{
    alarm(100);
    CHECK_EXIT(child_start("has_no_timer"), 0);
}

CHILD(dies_of_alarm)
{
    struct itimerval t = in_us(10000, 0);

    CHECK_OK(setitimer(ITIMER_REAL, &t, NULL));
    for (;;)
        pause();
    return 0;
}

TEST(alarm_kills_by_default)
{
    CHECK_KILLED(child_start("dies_of_alarm"), SIGALRM);
}
