/* SPDX-License-Identifier: MIT */
/*
 * System calls out of random bytes: numbers from the kernel's table, arguments by kind, good ones
 * and nasty ones.  The same bytes make the same calls, given the same memory.
 *
 * Pure: neither the kernel nor a program behind it.  tests/fuzz/inside/ runs what comes out as a
 * program inside the kernel; a fuzzer on the sim target can dispatch it.
 */
#pragma once
#include "kernel/syscall/syscall.h"

struct call_source {
    /* The next random byte; any answer is fine. */
    u8 (*byte)(struct call_source *s);
    /* May this call be made?  NULL: all that have a handler. */
    bool (*allows)(unsigned long nr);

    /* User memory that arguments may point to: what is in [memory, memory + size) can be written
     * here and now; behind it nothing is mapped.  Filled with structures as calls are made. */
    u8 *memory;
    size_t size;                                 /* at least CALL_MEMORY_MIN                */

    /* Addresses for calls that change mappings; whatever is mapped there may go. */
    u64 maps;
    size_t maps_size;                            /* whole pages                             */

    /* call_source_init()'s: the rows to choose from. */
    u16 slots[SYS_SLOTS];
    u32 count;

    long pid;                                    /* who may be hit by calls that take a pid */
};

enum { CALL_MEMORY_MIN = 16384 };

struct made_call {
    const struct sys_info *info;
    unsigned long nr;
    long a[6];
};

/* Once byte and allows are set. */
void call_source_init(struct call_source *s);

/* Choose a call and its arguments, and put what they point to into memory. */
void call_make(struct call_source *s, struct made_call *ret);
