/* SPDX-License-Identifier: MIT */
/* What the files of kernel/init/ share. */
#pragma once
#include "kernel/lib/types.h"

struct boot_params;
struct fsctx;

/* root.c: the root file system and what the kernel mounts in it.  Does not return an error: a root
 * that cannot be used ends the run with its status (reference: 234). */
struct fsctx *init_root(const struct boot_params *bp);

/* first.c: descriptors 0 to 2, then the program of the boot parameters. */
void init_first_process(const struct boot_params *bp);

/* report.c: --perf, --ttrace, --memcheck: times at start and the tables at the end. */
void boot_time_note(const struct boot_params *bp);
void boot_time_report(void);
NORETURN void init_shutdown(int status);
