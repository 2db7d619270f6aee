/* SPDX-License-Identifier: MIT */
/*
 * Scheduling parameters: stored, validated and reported as Linux does, with no effect on how the
 * host schedules its threads.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct thread_sched {
    u32 policy;
    s32 nice;
    u32 rt_priority;
    bool reset_on_fork;
    u64 runtime, deadline, period;               /* SCHED_DEADLINE                          */
    u64 timer_slack_ns;
    u32 ioprio;
};

/* What a child of a thread with these parameters starts with. */
void sched_child(struct thread_sched *s);
