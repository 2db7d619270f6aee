/* SPDX-License-Identifier: MIT */
/*
 * Scheduling parameters: stored, validated and reported as Linux does.  Affinity is passed to the
 * host as advice; the others have no effect on how it schedules its threads.
 *
 * A pid here is the id of one thread; 0 means the caller.  Functions answer -ESRCH and -EPERM as
 * the system calls do.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"
#include "kernel/proc/limit.h"

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

/* The priorities of a policy: false if there is no such policy. */
bool sched_priorities(u32 policy, u32 *ret_min, u32 *ret_max);

int sched_get(pid_t pid, struct thread_sched *ret) MUST_CHECK;

enum sched_what {
    SCHED_SET_POLICY = 1,                        /* policy, priority, deadline parameters   */
    SCHED_SET_NICE = 2,
    SCHED_SET_IOPRIO = 4,
};
/* Take over the parts of s that `what` names. */
int sched_set(pid_t pid, const struct thread_sched *s, u32 what) MUST_CHECK;

/* The same for a set of threads: ids as setpriority(2) has them.  get: the most favourable of
 * all: the least nice value, the highest I/O priority. */
enum sched_who { SCHED_WHO_PROCESS, SCHED_WHO_PGRP, SCHED_WHO_USER };
int sched_get_who(enum sched_who who, int id, s32 *ret_nice, u32 *ret_ioprio) MUST_CHECK;
int sched_set_who(enum sched_who who, int id, const struct thread_sched *s, u32 what) MUST_CHECK;

/* Masks of processors, AFFINITY_WORDS words.  set: -EINVAL if nothing is left of it. */
int affinity_get(pid_t pid, u64 *ret_mask) MUST_CHECK;
int affinity_set(pid_t pid, const u64 *mask) MUST_CHECK;
/* Tell the host which processors t may use, if they are not all. */
void affinity_apply(struct thread *t);
/* A processor the thread may use, always the same one. */
u32 affinity_home(const struct thread *t);
