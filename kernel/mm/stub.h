/* SPDX-License-Identifier: MIT */
/*
 * Stub space: executable pages near the code whose system calls jump there.
 *
 * A page holds, first, the words through which its stubs enter the kernel, then stubs.  Pages lie
 * in areas, which the address space owns beside its mappings: one for each text that was rewritten
 * as a whole, and some for sites that are rewritten one by one.  An area is filled before it
 * becomes executable; a stub that is added later is written while its page is both, because other
 * threads may be executing in it.  Areas without a live stub go.
 *
 * Locks: code.lock (code.h).
 */
#pragma once
#include "kernel/arch/x86_64/patch.h"
#include "kernel/lib/types.h"

struct mm_entries;
struct rewrite;

/* The beginning of a stub page. */
struct stub_slots {
    u64 syscall, cpuid;                          /* addresses of the kernel's entries       */
};

/* The place at offset used of the page at addr. */
static inline struct patch_place stub_place_in(u64 addr, u64 used)
{
    return (struct patch_place){
        .stub = addr + used,
        .slot = addr + offsetof(struct stub_slots, syscall),
        .cpuid_slot = addr + offsetof(struct stub_slots, cpuid),
    };
}

struct stub_page {
    u16 used;                                    /* bytes from its beginning; 0: not opened */
    u16 live;                                    /* stubs that sites refer to               */
};

struct stub_area {
    struct stub_area *next;
    u64 lo;
    u32 pages;                                   /* claimed                                 */
    u32 committed;                               /* of these, from the first: charged       */
    struct stub_page page[];
};

/* All zero has no areas. */
struct stub_space {
    struct stub_area *areas;
    u64 committed;                               /* bytes                                   */
};

void stub_init(const struct mm_entries *entries);
void stub_space_fini(struct stub_space *s);

/* A new, empty area of so many pages at `at`; or, if at is 0, within reach of all of [lo, hi).
 * -ENOMEM: the addresses are not free, or there is no memory. */
int stub_area_new(struct stub_space *s, u64 at, u64 lo, u64 hi, u32 pages, struct stub_area **ret)
    MUST_CHECK;

/* Write the stubs of r for a text at addr into a new area, which they are planned for. */
int stub_area_fill(struct stub_space *s, struct stub_area *a, const struct rewrite *r, u64 addr)
    MUST_CHECK;

/* Room for one more stub within reach of all of [lo, hi): -ENOMEM.  It is not taken before
 * stub_write(). */
int stub_place(struct stub_space *s, u64 lo, u64 hi, struct patch_place *ret) MUST_CHECK;

/* Write p's stub to the place that stub_place() has returned last. */
int stub_write(struct stub_space *s, const struct patch *p) MUST_CHECK;

/* The stub at that address is not used any more.  stub_sweep() then gives back what is unused. */
void stub_drop(struct stub_space *s, u64 stub);
void stub_sweep(struct stub_space *s);

/* The next committed range above at, for /proc: false at the end. */
bool stub_next(const struct stub_space *s, u64 at, u64 *ret_lo, u64 *ret_hi);
