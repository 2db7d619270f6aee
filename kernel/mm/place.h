/* SPDX-License-Identifier: MIT */
/* Where mappings go: on top of arena.h, with the cache of recycled memory giving way. */
#pragma once
#include "abi/image.h"
#include "kernel/lib/types.h"

struct mm;

int place_init(const struct range *low_area, const struct range *arena) MUST_CHECK;

/* An address with a lot of room behind it. */
u64 mm_home_choose(void);

enum place_how {
    PLACE_MEMORY,                                /* heaps, stacks, buffers                  */
    PLACE_CODE,                                  /* images and files                        */
    PLACE_32BIT,                                 /* MAP_32BIT                               */
};

/* Claim room for len bytes, not within anything of mm's; or within [lo, hi), from `from` upwards.
 * 0: there is none. */
u64 mm_place(struct mm *mm, u64 len, u64 align, enum place_how how);
u64 mm_place_recycled(u64 len);                  /* charged and dirty: recycle.h            */
u64 mm_place_near(u64 lo, u64 hi, u64 from, u64 len);

/* Claim room at the upper end of everything. */
u64 mm_place_top(u64 len);

/* Claim [lo, hi); false if part of it is somebody's. */
bool mm_claim_at(u64 lo, u64 hi);
