/* SPDX-License-Identifier: MIT */
/*
 * The least a kernel folder needs to run in a unit test: one thread, memory, a clock.
 *
 *     TEST(...)
 *     {
 *         machine_start();
 *         ...
 *         machine_stop();                       // and nothing may be left
 *     }
 *
 * Between the two, kernel memory is malloc()'s, so that the sanitizers see every block, and
 * allocations fail as tests/unit/fault.h says.  User memory is whatever the test points at; page 0
 * is unmapped.  The one thread must not sleep: a test that would is wrong, and ends.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct fdtable;
struct fsctx;
struct place;

struct machine {
    bool running;
    struct thread *self;                         /* who is running; NULL: the machine's own */
    bool quiet;                                  /* allocations do not fail now             */
    u64 now_ns;                                  /* both clocks; moves by 1 us per look     */
    u32 fd_limit;
    u64 fsize_limit;
    u32 signals[65];                             /* how often each was sent to the thread   */
    u64 blocks;                                  /* kernel memory that is allocated         */
};
extern struct machine machine;

/* As root, with all capabilities, no descriptors and no root directory. */
void machine_start(void);
/* Frees what the machine itself holds; CHECKs that no kernel memory is left. */
void machine_stop(void);

/* The same with a tmpfs as root and working directory, umask 022. */
void machine_start_fs(void);
void machine_stop_fs(void);

/* Become an ordinary user, or root again. */
void machine_become(u32 uid, u32 gid);
