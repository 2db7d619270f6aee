/* SPDX-License-Identifier: MIT */
/*
 * Resource limits, and what is limited by the machine: processors.
 *
 * Limits belong to the process.  Soft limits are read without a lock by those they limit.
 */
#pragma once
#include "abi/linux/resource.h"
#include "kernel/lib/types.h"

struct boot_params;
struct process;

enum { AFFINITY_WORDS = 16 };                    /* 1024 processors                         */
enum { DEFAULT_TIMER_SLACK_NS = 50000 };         /* Linux's                                 */

/* What the first process starts with. */
void limits_init(struct process *p, const struct boot_params *bp);
void limits_copy(struct process *from, struct process *to);

u64 limit_soft(struct process *p, u32 resource);
/* prlimit64(2) but for the permission to look: -EINVAL, -EPERM. */
int limit_set(struct process *p, u32 resource, const struct rlimit64 *limit) MUST_CHECK;

/* The processors programs may use, as a mask of AFFINITY_WORDS words. */
void affinity_init(const struct boot_params *bp);
const u64 *affinity_all(void);
u32 affinity_cpus(void);
