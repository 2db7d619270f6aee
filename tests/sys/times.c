/* SPDX-License-Identifier: MIT */
/* covers: times getrusage */
/*
 * Accounting of processor time.
 */
#include <sys/resource.h>
#include <sys/times.h>

#include "tests/sys/sys.h"

static void work_ms(long ms)
{
    int64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ms * MS;

    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
        ;
}

static int64_t total_ns(const struct rusage *u)
{
    return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * SEC +
           (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000;
}

TEST(own_time_grows_with_work)
{
    struct rusage before, after;

    CHECK_OK(getrusage(RUSAGE_SELF, &before));
    work_ms(40);
    CHECK_OK(getrusage(RUSAGE_SELF, &after));
    CHECK(total_ns(&after) - total_ns(&before) >= 20 * MS);
    CHECK(after.ru_maxrss > 0);
    CHECK_OK(getrusage(RUSAGE_THREAD, &after));
    CHECK(total_ns(&after) >= 20 * MS);
}

static void *thread_time(void *arg)
{
    struct rusage *u = arg;

    CHECK_OK(getrusage(RUSAGE_THREAD, u));
    return NULL;
}

TEST(thread_time_is_its_own)
{
    struct rusage u;

    work_ms(30);
    thread_join(thread_start(thread_time, &u));
    CHECK(total_ns(&u) < 25 * MS);
}

CHILD(work)
{
    work_ms(40);
    return 0;
}

TEST(childrens_time_is_added_when_they_are_waited_for)
{
    struct rusage before, after, own;
    struct tms t0, t1;
    int status;

    CHECK_OK(getrusage(RUSAGE_CHILDREN, &before));
    CHECK(times(&t0) != -1);
    pid_t pid = child_start("work");
    CHECK_EQ(wait4(pid, &status, 0, &own), pid);
    child_forget(pid);
    CHECK(total_ns(&own) >= 20 * MS);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &after));
    CHECK(total_ns(&after) - total_ns(&before) >= 20 * MS);
    CHECK(times(&t1) != -1);
    CHECK(t1.tms_cutime + t1.tms_cstime > t0.tms_cutime + t0.tms_cstime);
}

TEST(times_counts_clock_ticks)
{
    struct tms t0, t1;

    CHECK_EQ(sysconf(_SC_CLK_TCK), 100);
    clock_t start = times(&t0);
    work_ms(60);
    clock_t end = times(&t1);
    CHECK(end - start >= 5);
    CHECK(t1.tms_utime + t1.tms_stime - t0.tms_utime - t0.tms_stime >= 2);
    CHECK(syscall(SYS_times, NULL) != -1);
}

TEST(errors)
{
    struct rusage u;

    CHECK_ERR(syscall(SYS_getrusage, 99, &u), EINVAL);
    CHECK_ERR(syscall(SYS_getrusage, RUSAGE_SELF, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_times, BAD_POINTER), EFAULT);
}
