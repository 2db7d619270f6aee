/* SPDX-License-Identifier: MIT */
/*
 * Flag sets and enumerations by name: the rows of flags.def as data, for handlers (which bits are
 * honoured), for strace and for the generated page.  Linked into kernel and host tools.
 */
#pragma once
#include "kernel/syscall/syscall.h"

struct flag {
    u64 value;                                   /* means name if (v & mask) == value       */
    u64 mask;
    const char *name;
    bool honoured;                               /* false: known by name only               */
    bool whole;                                  /* a value of the whole argument           */
};

struct flag_set {
    const struct flag *flag;
    u32 count;                                   /* 0: the kind is not a flag set           */
    u32 bits;                                    /* width of the argument                   */
};

extern const struct flag_set flag_sets[SYS_KINDS];
extern const u64 flags_honoured[SYS_KINDS];      /* every bit of an F or M row              */

/* The bits of v that the kind's handlers do not honour; 0: go on. */
static inline u64 flags_unknown(enum sys_kind kind, u64 v)
{
    return v & ~flags_honoured[kind];
}
