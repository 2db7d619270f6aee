/* SPDX-License-Identifier: MIT */
/*
 * Executable memory of an address space: its rewritten system-call sites and their stubs.
 */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/lib/types.h"
#include "kernel/mm/site.h"

struct boot_params;
struct mm;

struct code {
    struct mutex lock;                           /* inside mm.lock                          */
    struct site_table sites;                     /* guarded by lock                         */
};

int code_init(const struct boot_params *bp, u64 syscall_entry) MUST_CHECK;
void code_fini(struct mm *mm);

/* The instructions of [lo, hi) are gone, or will be: forget what has been done to them. */
void code_forget(struct mm *mm, u64 lo, u64 hi);

/* The file content in [lo, hi), which is writable and runs nowhere yet, is going to be code:
 * rewrite the system-call sites that are unmistakable. */
void code_prepare(struct mm *mm, u64 lo, u64 hi);

/* The program may write to [lo, hi) from now on, and now it is writable: put the original
 * instructions back. */
void code_restore(struct mm *mm, u64 lo, u64 hi);
