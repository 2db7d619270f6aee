/* SPDX-License-Identifier: MIT */
/* covers: exit exit_group tgkill tkill gettid */
/*
 * How threads and processes end, and signals to single threads.
 */
#include "tests/sys/sys.h"

static void *sleep_for_ever(UNUSED void *arg)
{
    for (;;)
        pause();
    return NULL;
}

static void *spin_for_ever(UNUSED void *arg)
{
    for (volatile unsigned long i = 0;; i++)
        ;
    return NULL;
}

CHILD(group_exit_from_main)
{
    thread_start(sleep_for_ever, NULL);
    thread_start(spin_for_ever, NULL);
    syscall(SYS_exit_group, 21);
    return 1;
}

static void *exit_the_group(UNUSED void *arg)
{
    settle();
    syscall(SYS_exit_group, 22);
    return NULL;
}

CHILD(group_exit_from_thread)
{
    thread_start(exit_the_group, NULL);
    sleep_for_ever(NULL);
    return 1;
}

CHILD(group_exit_while_main_spins)
{
    thread_start(exit_the_group, NULL);
    spin_for_ever(NULL);
    return 1;
}

TEST(exit_group_ends_all_threads)
{
    CHECK_EXIT(child_start("group_exit_from_main"), 21);
    CHECK_EXIT(child_start("group_exit_from_thread"), 22);
    CHECK_EXIT(child_start("group_exit_while_main_spins"), 22);
}

static _Atomic pid_t lone_tid;

static void *exit_only_me(UNUSED void *arg)
{
    lone_tid = (pid_t)syscall(SYS_gettid);
    syscall(SYS_exit, 9);
    return NULL;
}

CHILD(thread_exits_alone)
{
    thread_start(exit_only_me, NULL);            /* behind the back of its libc: it cannot be joined */
    while (!lone_tid || syscall(SYS_tgkill, getpid(), lone_tid, 0) == 0)
        sleep_ms(1);
    return 30;
}

TEST(exit_of_a_thread_leaves_the_others)
{
    CHECK_EXIT(child_start("thread_exits_alone"), 30);
}

CHILD(main_exits_first)
{
    thread_start(exit_the_group, NULL);
    syscall(SYS_exit, 7);
    return 1;
}

static void *just_end(UNUSED void *arg)
{
    settle();
    syscall(SYS_exit, 3);
    return NULL;
}

CHILD(main_exits_and_the_rest_too)
{
    thread_start(just_end, NULL);
    syscall(SYS_exit, 7);
    return 1;
}

TEST(process_ends_with_its_last_thread)
{
    CHECK_EXIT(child_start("main_exits_first"), 22);
    int status = child_wait(child_start("main_exits_and_the_rest_too"));
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 7); /* 3 since Linux 6.0       */
}

CHILD(status_bits)
{
    syscall(SYS_exit_group, 0x1234);
    return 1;
}

TEST(only_eight_bits_of_the_status_count)
{
    CHECK_EXIT(child_start("status_bits"), 0x34);
}

static _Atomic pid_t signalled_tid;

static void note_tid(UNUSED int signal)
{
    signalled_tid = (pid_t)syscall(SYS_gettid);
}

struct waiter {
    _Atomic pid_t tid;
    atomic_bool stop;
};

static void *wait_until_stopped(void *arg)
{
    struct waiter *w = arg;

    w->tid = (pid_t)syscall(SYS_gettid);
    while (!w->stop)
        sleep_ms(1);
    return NULL;
}

TEST(tgkill_reaches_exactly_one_thread)
{
    struct waiter w[2] = { { 0 }, { 0 } };
    pthread_t t[2];

    signal_handle(SIGUSR1, note_tid, 0);
    for (int i = 0; i < 2; i++) {
        t[i] = thread_start(wait_until_stopped, &w[i]);
        while (!w[i].tid)
            sched_yield();
    }
    for (int i = 0; i < 20; i++) {
        signalled_tid = 0;
        CHECK_OK(syscall(SYS_tgkill, getpid(), w[i % 2].tid, SIGUSR1));
        while (!signalled_tid)
            sched_yield();
        CHECK_EQ(signalled_tid, w[i % 2].tid);
    }
    signalled_tid = 0;
    CHECK_OK(syscall(SYS_tkill, w[0].tid, SIGUSR1));
    while (!signalled_tid)
        sched_yield();
    CHECK_EQ(signalled_tid, w[0].tid);
    w[0].stop = w[1].stop = true;
    thread_join(t[0]);
    thread_join(t[1]);
}

TEST(tgkill_errors)
{
    CHECK_ERR(syscall(SYS_tgkill, getpid(), getpid(), 65), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, -1, getpid(), 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), 4194303, 0), ESRCH);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), getppid(), 0), ESRCH); /* not of this group     */
    CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, 4194303, 0), ESRCH);
    CHECK_OK(syscall(SYS_tgkill, getpid(), getpid(), 0));
}

TEST(thread_ids_of_ended_threads_are_gone)
{
    struct waiter w = { 0 };

    w.stop = true;
    thread_join(thread_start(wait_until_stopped, &w));
    for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), w.tid, 0) == 0; i++)
        sleep_ms(1);
    CHECK_ERR(syscall(SYS_tgkill, getpid(), w.tid, 0), ESRCH);
}
