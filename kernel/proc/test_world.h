/* SPDX-License-Identifier: MIT */
/*
 * A small world for the tests of proc/: processes with threads that nobody runs, and a host that
 * counts who is woken and interrupted.  The thread that runs is one of them (world_run()), or the
 * machine's own outside all processes.
 *
 * Sleeping: world.on_park is called in its place; it may change things as another thread would and
 * returns what park() does.
 */
#pragma once
#include "kernel/proc/proc_int.h"

enum { WORLD_THREADS = 16 };

struct world {
    u32 threads;
    u32 unparks[WORLD_THREADS], interrupts[WORLD_THREADS]; /* by thread.slot                */
    int (*on_park)(enum park_how how, u64 deadline_ns);
};
extern struct world proc_world;

void proc_world_start(void);
/* Every process ends; then nothing may be left. */
void proc_world_stop(void);

/* A process with one thread; parent NULL: in a session of its own, below the kernel's. */
struct process *world_process(struct process *parent);
struct thread *world_thread(struct process *p);
/* t is the calling thread from now on. */
void world_run(struct thread *t);

/* How often t has been woken or interrupted. */
u32 world_kicks(const struct thread *t);
