/* SPDX-License-Identifier: MIT */
/*
 * Where kernel code was: frame pointers walked within one kernel stack, names from the table that
 * the second link adds (mk/ksyms.py), so that a panic needs no tool to be read.
 */
#pragma once
#include "kernel/lib/types.h"

struct range;

void backtrace_init(const struct range *image, const struct range *slots);

/* Log "0xADDR: name()" for ip (0: none) and the callers found from bp. */
void backtrace_log(u64 ip, u64 bp);
