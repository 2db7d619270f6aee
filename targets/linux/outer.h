/* SPDX-License-Identifier: MIT */
/*
 * The outer half of the linux target: ordinary host code that prepares one run and then hands the
 * thread over to the kernel for good.  Every function returns 0, or 1 after having printed one line
 * that says what is wrong.
 */
#pragma once
#include "abi/image.h"
#include "targets/linux/run.h"

/* "<argv[0]>: error: ..." on stderr; returns 1. */
int outer_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern const char *outer_program;

/* image.c: place and relocate the kernel; its range and entry. */
int image_load(struct boot_params *bp, u64 *ret_entry);
/* A read-only file at a fixed place. */
int module_map(const char *path, u64 at, struct boot_module *ret);
/* A file of our own: <prefix>/lib/mystikos/<name>, the prefix found from the running program. */
int library_path(const char *name, char *ret, size_t size);
int range_reserve(u64 lo, u64 hi, const char *what);

/* processor.c: what user code may know of the processor. */
int processor_describe(struct boot_params *bp);

/* trap.c: the way system-call instructions are caught, tried out. */
int trap_choose(enum interception wanted);

/* strace: the options as the kernel reads them (NULL: no tracing). */
int strace_prepare(const struct strace_options *options, const struct strace_config **ret);
