/* SPDX-License-Identifier: MIT */
/*
 * The end: a fact about our own code turned out false.  assert() is never about user, host or
 * disk input.  Prints "*** kernel panic: file(line): function(): message" and a back trace, then
 * ends the run with status 125.
 */
#pragma once
#include "kernel/lib/types.h"

enum { PANIC_STATUS = 125 };

NORETURN void panic_at(const char *file, int line, const char *func, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* What panic() needs from above: the back trace of a frame (0: the caller's) and the end. */
struct panic_ops {
    void (*backtrace)(u64 ip, u64 bp);
    NORETURN void (*exit)(int status);
};
extern struct panic_ops panic_ops;

/* The same for a fault in kernel code: ip and bp are where it happened. */
NORETURN void panic_fault(u64 ip, u64 bp, u32 vector, u64 addr);

#define panic(...)   panic_at(__FILE__, __LINE__, __func__, __VA_ARGS__)
#define assert(cond) ((cond) ? (void)0 : panic("assertion failed: %s", #cond))

#ifdef MYST_DEBUG
#define debug_assert(cond) assert(cond)
#else
#define debug_assert(cond) ((void)sizeof(!(cond)))
#endif
