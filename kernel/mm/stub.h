/* SPDX-License-Identifier: MIT */
/*
 * Stub space: small executable pages near the code whose system calls jump there.
 *
 * A page holds, first, the word through which its stubs enter the kernel, then stubs.  Pages come
 * from areas of 64 KiB of addresses, which the address space owns beside its mappings.  A page is
 * filled while it is writable and then becomes executable; a stub that is added later is written
 * while the page is both, because other threads may be executing in it.  A page without a live stub
 * is filled anew.
 *
 * Locks: code.lock (code.h).
 */
#pragma once
#include "kernel/arch/x86_64/patch.h"
#include "kernel/lib/types.h"

struct mm;
struct strbuf;

enum { STUB_AREA_SIZE = 64 * 1024, STUB_AREA_PAGES = STUB_AREA_SIZE / PAGE_SIZE };

struct stub_page {
    u16 used;                                    /* bytes from its beginning                */
    u16 live;                                    /* stubs that sites still refer to         */
    bool writable;                               /* being filled, not executable yet        */
};

struct stub_area {
    struct stub_area *next;
    u64 lo;                                      /* claimed up to lo + STUB_AREA_SIZE       */
    u32 committed;                               /* pages, from the first                   */
    struct stub_page pages[STUB_AREA_PAGES];
};

/* All zero has no areas. */
struct stub_space {
    struct stub_area *areas;
    u64 committed;                               /* bytes, charged                          */
};

void stub_init(u64 syscall_entry);
void stub_space_fini(struct stub_space *s);

enum stub_how {
    STUB_BATCH,                                  /* in a page that is being filled          */
    STUB_SINGLE,                                 /* in any page                             */
};

/* Room for one more stub of at most PATCH_STUB_MAX bytes, within reach of all of [lo, hi):
 * -ENOMEM.  It is not taken before stub_write(). */
int stub_place(struct stub_space *s, u64 lo, u64 hi, enum stub_how how, struct patch_place *ret)
    MUST_CHECK;

/* Write p's stub to the place that stub_place() has returned last. */
int stub_write(struct stub_space *s, const struct patch *p) MUST_CHECK;

/* The pages that were being filled become executable. */
int stub_seal(struct stub_space *s) MUST_CHECK;

/* The stub at that address is not used any more. */
void stub_drop(struct stub_space *s, u64 stub);

/* The next committed range above *at, for /proc: false at the end. */
bool stub_next(const struct stub_space *s, u64 at, u64 *ret_lo, u64 *ret_hi);
