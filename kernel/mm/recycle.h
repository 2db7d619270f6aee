/* SPDX-License-Identifier: MIT */
/*
 * A small cache of freed memory.
 *
 * The first touch of a fresh page costs as much as clearing a warm one forty times, so memory that
 * a program unmaps is kept for the next one that asks: inaccessible, its old content still in
 * it, charged, and its address range not free.  Whoever takes it clears it before anyone sees it.
 * What does not fit, or is too old, is given back to the host.
 *
 * Only ranges that have most likely been touched throughout are worth keeping: small ones, and
 * those that were filled.
 *
 * Locks: one spinlock of its own, nothing is taken under it.
 */
#pragma once
#include "kernel/lib/types.h"

enum {
    RECYCLE_RANGE_MAX = 256 * 1024,              /* clearing more costs as much as it saves */
    RECYCLE_FILLED_MAX = 4 * 1024 * 1024,        /* the text of a C library, twice          */
    RECYCLE_TOTAL_MAX = 16 * 1024 * 1024,
};

int recycle_init(void) MUST_CHECK;

enum recycle_content { RECYCLE_TOUCHED_MAYBE, RECYCLE_TOUCHED_ALL };

/* Dispose of [lo, hi): inaccessible, charged and claimed, and the caller is done with it.  It is
 * kept, or given back to the host, the commit counter and the arena. */
void recycle_put(u64 lo, u64 hi, enum recycle_content content);

/* Give [lo, hi) back at once. */
void recycle_discard(u64 lo, u64 hi);

/* len bytes within [bound_lo, bound_hi), charged, claimed, inaccessible and NOT cleared; 0 if
 * there is nothing of the kind. */
u64 recycle_take(u64 len, u64 bound_lo, u64 bound_hi);

/* Give back what overlaps [lo, hi): somebody wants these addresses.  True if there was any. */
bool recycle_flush(u64 lo, u64 hi);

/* Give everything back: somebody wants the memory. */
bool recycle_drain(void);

u64 recycle_bytes(void);
