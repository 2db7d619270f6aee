/* SPDX-License-Identifier: MIT */
/*
 * How much memory the run may commit (MemorySize): one counter of bytes for user memory, file
 * contents in memory and kernel objects.  Reservations are free.
 */
#pragma once
#include "kernel/lib/types.h"

void commit_init(u64 limit_bytes);

/* Take bytes from what is left: 0, or -ENOMEM and nothing taken.  May call the host: not under a
 * spinlock. */
int commit_charge(u64 bytes) MUST_CHECK;
void commit_release(u64 bytes);

u64 commit_limit(void);
u64 commit_used(void);
u64 commit_peak(void);

/* What is asked when there is not enough left; mm/ fills it in.  reclaim() gives back memory that is
 * only kept because it may be of use: true if there was any. */
struct commit_ops {
    bool (*reclaim)(void);
};
extern struct commit_ops commit_ops;
