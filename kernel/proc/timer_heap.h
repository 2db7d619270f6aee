/* SPDX-License-Identifier: MIT */
/*
 * A heap of timers by deadline: a pairing heap whose links are in the timers, so that arming a
 * timer never needs memory.  Inserting is constant; taking any timer out is O(log n) amortised.
 * No locks of its own.
 */
#pragma once
#include "kernel/proc/timer.h"

/* All zero is empty. */
struct timer_heap {
    struct ktimer *first;                        /* the one with the least deadline         */
};

void timer_heap_insert(struct timer_heap *h, struct ktimer *t);
void timer_heap_remove(struct timer_heap *h, struct ktimer *t);
