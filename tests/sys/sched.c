/* SPDX-License-Identifier: MIT */
/* covers: sched_yield sched_getaffinity sched_setaffinity sched_getscheduler sched_setscheduler */
/* covers: sched_getparam sched_setparam sched_getattr sched_setattr sched_get_priority_max */
/* covers: sched_get_priority_min sched_rr_get_interval getpriority setpriority ioprio_get */
/* covers: ioprio_set */
/*
 * Scheduling: stored, validated, reported.  No test depends on its effect.
 */
#include <sched.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

static long get_scheduler(pid_t pid)
{
    return syscall(SYS_sched_getscheduler, pid);
}

static long set_scheduler(pid_t pid, int policy, int priority)
{
    int param = priority;

    return syscall(SYS_sched_setscheduler, pid, policy, &param);
}

TEST(affinity_masks)
{
    unsigned char mask[128] = { 0 }, back[128] = { 0 };
    int processors = 0, first = -1;

    long n = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    CHECK(n >= 8 && n % 8 == 0);
    for (int i = 0; i < (int)n * 8; i++)
        if (mask[i / 8] >> (i % 8) & 1) {
            if (first < 0)
                first = i;
            processors++;
        }
    CHECK(processors >= 1);
    unsigned char one[128] = { 0 };
    one[first / 8] = (unsigned char)(1 << (first % 8));
    CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof(one), one));
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(back), back) > 0);
    CHECK_MEM(back, one, sizeof(one));
    CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
    memset(back, 0, sizeof(back));
    CHECK_ERR(syscall(SYS_sched_setaffinity, 0, sizeof(back), back), EINVAL); /* nobody     */
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 4, mask), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 9, mask), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 4194303, 128, mask), ESRCH);
    CHECK_ERR(syscall(SYS_sched_setaffinity, 4194303, 128, mask), ESRCH);
    CHECK_ERR(syscall(SYS_sched_getaffinity, 0, 128, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_sched_setaffinity, 0, 128, BAD_POINTER), EFAULT);
}

TEST(yield)
{
    for (int i = 0; i < 100; i++)
        CHECK_OK(sched_yield());
}

TEST(priority_ranges)
{
    CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_max(SCHED_RR), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_OTHER), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_BATCH), 0);
    CHECK_ERR(sched_get_priority_min(99), EINVAL);
    CHECK_ERR(sched_get_priority_max(-1), EINVAL);
}

TEST(policies_are_kept)
{
    int param = 77;

    CHECK_EQ(get_scheduler(0), SCHED_OTHER);
    CHECK_OK(syscall(SYS_sched_getparam, 0, &param));
    CHECK_EQ(param, 0);
    CHECK_OK(set_scheduler(0, SCHED_BATCH, 0));
    CHECK_EQ(get_scheduler(0), SCHED_BATCH);
    CHECK_OK(set_scheduler(0, SCHED_IDLE, 0));
    CHECK_EQ(get_scheduler(0), SCHED_IDLE);
    CHECK_OK(set_scheduler(0, SCHED_OTHER, 0));
    CHECK_ERR(set_scheduler(0, SCHED_OTHER, 1), EINVAL);
    CHECK_ERR(set_scheduler(0, SCHED_FIFO, 0), EINVAL);
    CHECK_ERR(set_scheduler(0, SCHED_FIFO, 100), EINVAL);
    CHECK_ERR(set_scheduler(0, 99, 0), EINVAL);
    CHECK_ERR(set_scheduler(-1, SCHED_OTHER, 0), EINVAL);
    CHECK_ERR(set_scheduler(4194303, SCHED_OTHER, 0), ESRCH);
    CHECK_ERR(get_scheduler(-1), EINVAL);
    CHECK_ERR(get_scheduler(4194303), ESRCH);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getparam, 0, BAD_POINTER), EFAULT);
    param = 1;
    CHECK_ERR(syscall(SYS_sched_setparam, 0, &param), EINVAL);
    param = 0;
    CHECK_OK(syscall(SYS_sched_setparam, 0, &param));
}

TEST(real_time_policies_with_privilege)
{
    int param = 0;
    struct timespec ts = { -1, -1 };

    need_root();
    if (set_scheduler(0, SCHED_RR, 5) == -1 && errno == EPERM)
        SKIP("this container grants no real-time bandwidth");
    CHECK_EQ(get_scheduler(0), SCHED_RR);
    CHECK_OK(syscall(SYS_sched_getparam, 0, &param));
    CHECK_EQ(param, 5);
    CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
    CHECK(ts.tv_sec == 0 && ts.tv_nsec > 0);
    CHECK_OK(set_scheduler(0, SCHED_OTHER, 0));
}

CHILD(as_user)
{
    struct rlimit none = { 0, 0 };

    CHECK_OK(setrlimit(RLIMIT_RTPRIO, &none));
    CHECK_OK(setrlimit(RLIMIT_NICE, &none));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(set_scheduler(0, SCHED_FIFO, 5), EPERM);
    CHECK_ERR(set_scheduler(getppid(), SCHED_BATCH, 0), EPERM);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
    CHECK_ERR(setpriority(PRIO_PROCESS, 0, 3), EACCES);
    CHECK_ERR(setpriority(PRIO_PROCESS, (id_t)getppid(), 10), EPERM);
    return 0;
}

TEST(ordinary_users_are_refused)
{
    need_root();
    CHECK_EXIT(child_start("as_user"), 0);
}

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

TEST(attributes)
{
    struct attr a = { 0 };

    CHECK_OK(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
    CHECK_EQ(a.size, sizeof(a));
    CHECK_EQ(a.policy, SCHED_OTHER);
    a.policy = SCHED_BATCH;
    a.nice = 3;
    CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
    memset(&a, 0, sizeof(a));
    CHECK_OK(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
    CHECK_EQ(a.policy, SCHED_BATCH);
    CHECK_EQ(a.nice, 3);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 3);
    a.policy = SCHED_OTHER;
    a.nice = 0;
    CHECK_OK(syscall(SYS_sched_setattr, 0, &a, 0));
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
    a.policy = 99;
    CHECK_ERR(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, 20, 0), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 1), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getattr, 4194303, &a, sizeof(a), 0), ESRCH);
    CHECK_ERR(syscall(SYS_sched_setattr, 0, BAD_POINTER, 0), EFAULT);
}

TEST(nice_values)
{
    need_root();
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20); /* the call's own answer: 20 - nice */
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 7));
    CHECK_EQ(getpriority(PRIO_PROCESS, (id_t)getpid()), 7);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 100)); /* clamped                                 */
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, -100));
    errno = 0;
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), -20);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
    CHECK_ERR(setpriority(99, 0, 0), EINVAL);
    CHECK_ERR(setpriority(PRIO_PROCESS, 4194303, 0), ESRCH);
    CHECK_ERR(syscall(SYS_getpriority, 99, 0), EINVAL);
    CHECK_ERR(syscall(SYS_getpriority, PRIO_PROCESS, 4194303), ESRCH);
    CHECK(syscall(SYS_getpriority, PRIO_PGRP, 0) >= 1);
    CHECK(syscall(SYS_getpriority, PRIO_USER, 0) >= 1);
}

CHILD(report_nice)
{
    return getpriority(PRIO_PROCESS, 0);
}

TEST(nice_is_inherited)
{
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 4));
    CHECK_EXIT(child_start("report_nice"), 4);
    need_root();
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
}

TEST(io_priorities)
{
    const int best_effort_4 = 2 << 13 | 4;

    CHECK_OK(syscall(SYS_ioprio_set, 1, 0, best_effort_4));
    CHECK_EQ(syscall(SYS_ioprio_get, 1, 0), best_effort_4);
    CHECK_ERR(syscall(SYS_ioprio_set, 1, 0, 7 << 13), EINVAL);
    CHECK_ERR(syscall(SYS_ioprio_set, 99, 0, best_effort_4), EINVAL);
    CHECK_ERR(syscall(SYS_ioprio_get, 1, 4194303), ESRCH);
    CHECK_ERR(syscall(SYS_ioprio_get, 99, 0), EINVAL);
}
