/* SPDX-License-Identifier: MIT */
/*
 * Free user addresses: one map for all processes, because there is one address space.
 *
 * It covers the areas that the boot parameters give to user memory.  A range is either free and in
 * this map, or it belongs to somebody: a mapping, a shared object, the cache of recycled memory.
 * Free memory is inaccessible and reads as zero when it is made accessible again.
 *
 * Every owner of a range registers.  Cutting free ranges up takes memory, and the map sets aside
 * enough for as many pieces as the owners can leave between them; so whoever owns a range can give
 * it back, in pieces too, and nothing can fail.
 *
 * Locks: one spinlock of its own, taken after everything else.
 */
#pragma once
#include "abi/image.h"
#include "kernel/lib/types.h"

enum { ARENA_AREAS_MAX = 4 };

/* Begin with these areas, all free.  Addresses are multiples of PAGE_SIZE, as everywhere here. */
int arena_init(const struct range *areas, u32 count) MUST_CHECK;

/* One more owner of one range: -ENOMEM.  Before the claim; after the release. */
int arena_owner_add(void) MUST_CHECK;
void arena_owner_remove(void);

enum arena_direction { ARENA_DOWN, ARENA_UP };

struct arena_request {
    u64 lo, hi;                                  /* bounds                                  */
    u64 from;                                    /* look from here first, then everywhere   */
    u64 len;
    u64 align;                                   /* power of two, at least PAGE_SIZE        */
    enum arena_direction direction;
};

/* Claim the lowest (ARENA_UP) or highest free range that fits.  Its address, or 0: there is none. */
u64 arena_claim(const struct arena_request *r);

/* Claim exactly [lo, hi); false if part of it is not free. */
bool arena_claim_at(u64 lo, u64 hi);
bool arena_is_free(u64 lo, u64 hi);

/* Give [lo, hi) back: all of it is claimed, and is as free memory has to be. */
void arena_release(u64 lo, u64 hi);

/* Lies [lo, hi) in an area?  Free bytes in all.  Is the map sound (takes time)? */
bool arena_contains(u64 lo, u64 hi);
u64 arena_free_bytes(void);
bool arena_check(void);
