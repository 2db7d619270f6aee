/* SPDX-License-Identifier: MIT */
/*
 * Clocks by the id that programs use: the machine's, and the CPU clocks of processes and threads.
 */
#pragma once
#include "abi/linux/time.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"
#include "kernel/proc/timer.h"

/* What a CPU clock measures.  pid is a tid for a thread's; 0: the caller's. */
struct cpu_clock {
    pid_t pid;
    bool thread;
};

/* Is clock_id a CPU clock of something that exists?  0, -EINVAL (no such clock). */
int cpu_clock_parse(int clock_id, struct cpu_clock *ret) MUST_CHECK;
static inline bool clock_id_is_cpu(int clock_id)
{
    return clock_id < 0 || clock_id == CLOCK_PROCESS_CPUTIME_ID ||
           clock_id == CLOCK_THREAD_CPUTIME_ID;
}

/* The time of any clock: 0, -EINVAL. */
int clock_id_now(int clock_id, u64 *ret_ns) MUST_CHECK;
int cpu_clock_now(const struct cpu_clock *clock, u64 *ret_ns) MUST_CHECK;
/* Its resolution: 0, -EINVAL. */
int clock_id_resolution(int clock_id, u64 *ret_ns) MUST_CHECK;

/* Which kernel clock sleeps and timers by this one follow; both show the same time.  0; -EINVAL: no
 * such clock; -EOPNOTSUPP: it cannot be waited for. */
int clock_id_base(int clock_id, enum ktimer_clock *ret) MUST_CHECK;
