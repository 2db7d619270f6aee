/* SPDX-License-Identifier: MIT */
/*
 * The register frame of a thread that is in the kernel: always complete, always at the top of
 * its kernel stack.  entry.S pushes it in this order.
 *
 * ip is the original address (never one inside a stub): behind the system-call instruction when
 * the call completes, at it when the call is to be restarted.
 */
#pragma once
#include "kernel/lib/types.h"

struct pt_regs {
    u64 r15, r14, r13, r12, bp, bx;
    u64 r11, r10, r9, r8;
    u64 ax, cx, dx, si, di;
    u64 orig_ax;                                 /* system-call number, or -1               */
    u64 ip, flags, sp;
};

_Static_assert(sizeof(struct pt_regs) == 152, "entry.S");

enum {
    RFLAGS_CF = 1u << 0,
    RFLAGS_PF = 1u << 2,
    RFLAGS_AF = 1u << 4,
    RFLAGS_ZF = 1u << 6,
    RFLAGS_SF = 1u << 7,
    RFLAGS_TF = 1u << 8,
    RFLAGS_IF = 1u << 9,
    RFLAGS_DF = 1u << 10,
    RFLAGS_OF = 1u << 11,
    RFLAGS_AC = 1u << 18,
    RFLAGS_ID = 1u << 21,
};
