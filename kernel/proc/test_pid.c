/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/proc/pid.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct process *const somebody = (struct process *)0x1000;

static pid_t take(void)
{
    pid_t pid;

    CHECK_EQ(pid_alloc(&pid), 0);
    pid_entry(pid)->process = somebody;
    return pid;
}

static void give(pid_t pid)
{
    pid_entry(pid)->process = NULL;
    pid_release(pid);
}

/* The table never gives memory back. */
static void stop(void)
{
    machine.blocks = 0;
    machine_stop();
}

TEST(pids_count_up_from_101)
{
    machine_start();
    for (pid_t pid = PID_FIRST; pid < PID_FIRST + 300; pid++)
        CHECK_EQ(take(), pid);
    CHECK_EQ(pid_last(), PID_FIRST + 299);
    stop();
}

TEST(a_pid_that_was_given_back_is_not_taken_again_at_once)
{
    machine_start();
    pid_t first = take();
    give(first);
    CHECK(pid_entry(first) == NULL);
    CHECK_EQ(take(), first + 1);
    stop();
}

TEST(pids_wrap_and_skip_those_in_use)
{
    machine_start();
    pid_t kept = take();
    for (pid_t pid = kept + 1; pid < PID_MAX; pid++)
        give(take());
    CHECK_EQ(take(), kept + 1);
    CHECK(pid_entry(kept) != NULL);
    stop();
}

TEST(a_pid_is_free_when_it_names_nothing_any_more)
{
    machine_start();
    pid_t pid = take();
    pid_entry(pid)->pgrp = (struct pgrp *)0x2000;
    give(pid);
    CHECK(pid_entry(pid) != NULL);
    pid_entry(pid)->pgrp = NULL;
    pid_release(pid);
    CHECK(pid_entry(pid) == NULL);
    stop();
}

TEST(when_all_pids_are_taken_it_is_eagain)
{
    pid_t pid;

    machine_start();
    for (pid = PID_FIRST; pid < PID_MAX; pid++)
        (void)take();
    CHECK_EQ(pid_alloc(&pid), -EAGAIN);
    give(5000);
    CHECK_EQ(take(), 5000);
    stop();
}

TEST(walks_over_pids_see_each_once)
{
    pid_t ids[3];
    u32 seen = 0;

    machine_start();
    for (u32 i = 0; i < 3; i++) {
        ids[i] = take();
        for (u32 skip = 0; skip < 400; skip++)
            give(take());
    }
    for (pid_t pid = pid_next(0); pid >= 0; pid = pid_next(pid + 1))
        CHECK_EQ(pid, ids[seen++]);
    CHECK_EQ(seen, 3);
    CHECK(pid_entry(-1) == NULL);
    CHECK(pid_entry(PID_MAX) == NULL);
    CHECK(pid_entry(1) == NULL);
    stop();
}
