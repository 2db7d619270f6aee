/* SPDX-License-Identifier: MIT */
/*
 * What threads and processes have used.
 *
 * CPU time is that of the host thread that runs a thread, kernel and user mode alike; telling them
 * apart would cost two looks at the clock per system call, so all of it counts as user time.
 */
#pragma once
#include "kernel/lib/types.h"

struct process;
struct thread;

struct usage {
    u64 cpu_ns;
    u64 parks;                                   /* voluntary context switches              */
    u64 maxrss;                                  /* bytes                                   */
};

/* CPU time of any thread (kept alive by the caller) and of any process. */
u64 thread_cpu_ns(struct thread *t);
u64 process_cpu_ns(struct process *p);

enum usage_who { USAGE_THREAD, USAGE_SELF, USAGE_CHILDREN };

/* Of the caller, its process, or the children its process has waited for. */
void usage_get(enum usage_who who, struct usage *ret);

struct rusage;
/* As programs see it. */
void usage_show(const struct usage *usage, struct rusage *ret);
