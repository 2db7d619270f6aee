/* SPDX-License-Identifier: MIT */
/* Interval timers (setitimer(2), alarm(2)) and what else is measured by a process's CPU clock. */
#pragma once
#include "kernel/lib/types.h"

struct process;

struct itimer_value {
    u64 left_ns;                                 /* until it expires; 0: off                */
    u64 interval_ns;
};

/* ITIMER_* of the calling process.  set writes *ret_old if it is not NULL. */
void itimer_get(u32 which, struct itimer_value *ret);
void itimer_set(u32 which, const struct itimer_value *value, struct itimer_value *ret_old);

/* A CPU timer was armed or RLIMIT_CPU changed: look at the clock again. */
void cpu_timers_look(struct process *p);
