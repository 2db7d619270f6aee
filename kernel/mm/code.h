/* SPDX-License-Identifier: MIT */
/*
 * Executable memory of an address space: its rewritten system-call sites and their stubs.
 *
 * Code is rewritten in two ways (design: interception).  When file content becomes executable and
 * nobody can run it yet, the sites that are unmistakable.  When an instruction has trapped, that
 * one, if its memory is private and cannot be written to by the program.  A site is remembered
 * until its memory goes or becomes writable; then the original bytes are back.
 *
 * Locks: code.lock, inside mm.lock.
 */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/lib/types.h"
#include "kernel/mm/site.h"
#include "kernel/mm/stub.h"

struct boot_params;
struct mm;
struct mm_entries;
struct text_source;

struct code {
    struct mutex lock;
    struct site_table sites;                     /* guarded by lock                         */
    struct stub_space stubs;                     /* guarded by lock                         */
};

int code_init(const struct boot_params *bp, const struct mm_entries *entries) MUST_CHECK;
void code_fini(struct mm *mm);

/* The file content in [lo, hi), which is writable and runs nowhere yet, is going to be code:
 * rewrite the sites that are unmistakable.  source: which bytes these are; NULL: who knows. */
void code_prepare(struct mm *mm, u64 lo, u64 hi, const struct text_source *source);

/* The memory of [lo, hi) is going, or has been replaced: forget what was done to it. */
void code_forget(struct mm *mm, u64 lo, u64 hi);

/* The program may write to [lo, hi) from now on, and it is writable already: put the original
 * instructions back. */
void code_restore(struct mm *mm, u64 lo, u64 hi);

/* Put the original instructions into a copy of the memory at addr. */
void code_show_original(struct mm *mm, u64 addr, void *copy, size_t len);

/* The next range of stubs above at, for /proc; false at the end. */
bool code_next_stubs(struct mm *mm, u64 at, u64 *ret_lo, u64 *ret_hi);
u64 code_stub_bytes(struct mm *mm);
