/* SPDX-License-Identifier: MIT */
/*
 * The patched sites of an address space, found by original address and by stub address.
 *
 * It answers where a stub address "really" is and where an original address continues now, exactly,
 * instruction by instruction, so that nobody above the entry ever sees a stub; it gives back the
 * original bytes; and it remembers refused sites, so that they are tried once only.
 *
 * Locks: none of its own; the mm's lock covers it.  Sites never overlap; those returned by a
 * find are valid until the next add or forget.
 */
#pragma once
#include "kernel/arch/x86_64/patch.h"
#include "kernel/lib/types.h"

/* A HOP site has two entries: its own, and one of shape PATCH_HOLE, whose stub is the hole. */
struct site {
    u64 at;                                      /* first byte that belongs to the site     */
    u64 insn;                                    /* S, or the cpuid                         */
    u64 stub;                                    /* 0: none                                 */
    u8 shape;                                    /* PATCH_NONE: refused                     */
    u8 len;                                      /* bytes overwritten at `at`               */
    u8 stub_len;
    u8 point_count;
    u8 traps;                                    /* the caller's: how often it has trapped  */
    struct patch_point points[PATCH_POINTS_MAX];
    u8 original[PATCH_LEN_MAX];                  /* len bytes                               */
};

struct site_table {
    struct site *sites;                          /* slots; count of them in use             */
    u32 *by_at;                                  /* slot numbers by rising `at`             */
    u32 *by_stub;                                /* those with a stub, by rising stub       */
    u32 *unused;                                 /* slot numbers to use next                */
    u32 count, stub_count, unused_count, capacity;
};

/* All zero is an empty table. */
void site_table_fini(struct site_table *t);

/* Make room, so that the next extra calls of site_add() cannot fail for want of memory. */
int site_table_reserve(struct site_table *t, u32 extra) MUST_CHECK;

/* Remember p, and its hole if it has one; original are the p->len bytes that it replaces.  -EEXIST
 * if a byte of it belongs to another site. */
int site_add(struct site_table *t, const struct patch *p, const u8 *original) MUST_CHECK;

/* Remember that the instruction at insn is not to be tried again.  -EEXIST as above. */
int site_add_refused(struct site_table *t, u64 insn) MUST_CHECK;

/* Does a byte of [at, at+len) belong to a site or a hole?  patch_text.is_taken is this. */
bool site_overlaps(const struct site_table *t, u64 at, u64 len);

/* The site whose system-call or cpuid instruction is at insn, or NULL. */
struct site *site_find(struct site_table *t, u64 insn);

/* Undo site_add(p). */
void site_forget(struct site_table *t, const struct patch *p);

/* Forget all sites with a byte in [addr, addr+len).  With forgotten, they are handed to it one by
 * one (holes are not), so that stub space can be used again.  A hole is in the page of its site:
 * ranges of whole pages take both. */
void site_forget_range(struct site_table *t, u64 addr, u64 len,
                       void (*forgotten)(void *arg, const struct site *site), void *arg);

/* The original address that ip stands for: itself unless ip is in a stub.  Interrupted before a
 * moved instruction means at its original address; anywhere in the call sequence, at S. */
u64 site_orig_of_stub(const struct site_table *t, u64 ip);

/* Where a thread that is to continue at the original address addr has to continue: a place in a
 * stub if addr is S or an instruction that has moved, else addr itself. */
u64 site_resume_of_orig(const struct site_table *t, u64 addr);

/* Put the original bytes back into a copy of the memory at [addr, addr+len). */
void site_table_restore(const struct site_table *t, u64 addr, u8 *copy, size_t len);
