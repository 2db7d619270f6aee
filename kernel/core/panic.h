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

#define panic(...) panic_at(__FILE__, __LINE__, __func__, __VA_ARGS__)
#define assert(cond) ((cond) ? (void)0 : panic("assertion failed: %s", #cond))

#ifdef MYST_DEBUG
#define debug_assert(cond) assert(cond)
#else
#define debug_assert(cond) ((void)sizeof(!(cond)))
#endif
