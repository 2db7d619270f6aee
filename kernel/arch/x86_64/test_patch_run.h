/* SPDX-License-Identifier: MIT */
/* The functions that test_patch_run.c executes: position-independent, 16-byte aligned, entered at
 * start with SAMPLE_NR in RAX. */
#pragma once
#include "kernel/lib/types.h"

enum { SAMPLE_NR = 110 };                        /* what each of them calls: getppid        */

struct sample {
    const u8 *begin, *start, *insn, *end;        /* insn: the system call                   */
    u8 shape;                                    /* expected                                */
    bool by_branch;                              /* control reaches insn past the pattern   */
};

extern const struct sample samples[];
extern const size_t samples_count;
