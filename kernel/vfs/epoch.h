/* SPDX-License-Identifier: MIT */
/*
 * Epochs: memory that path walks may read without a lock or a reference.
 *
 * A walk stands between epoch_enter() and epoch_leave().  What it can reach is taken out of reach
 * first and then retired; it is freed when every walk that was under way has ended.
 *
 *     walk                                   remover
 *     slot = epoch (locked exchange)         unlink the object (under the object's lock)
 *     find the object                        retire it: note the epoch r
 *     use it                                 ...
 *     slot = 0                               free it when the epoch is r + 2
 *
 * The epoch moves from e to e + 1 only while every slot is 0 or e.  A walk that can still see the
 * object has a slot <= r which was visible before the object was unlinked, so the step from r + 1
 * to r + 2 waits for it.
 *
 * A walk may sleep for a lock meanwhile; it only keeps memory from being freed.  Walks do not
 * nest.
 *
 * Locks: one spinlock, a leaf.
 */
#pragma once
#include "kernel/lib/types.h"

struct retired {
    struct retired *next;
    u64 epoch;
    void (*free)(struct retired *r);
};

void epoch_enter(void);
void epoch_leave(void);

/* Call free(r) once no walk can see it any more.  Does not sleep, calls nothing. */
void epoch_retire(struct retired *r, void (*free)(struct retired *r));

/* Free what can be freed, if enough has come together; epoch_drain() frees all that can be.  Hold
 * no lock: what is freed may drop last references. */
void epoch_reclaim(void);
void epoch_drain(void);
