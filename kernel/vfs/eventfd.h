/* SPDX-License-Identifier: MIT */
/* eventfd(2): a counter as a file. */
#pragma once
#include "kernel/lib/types.h"

struct file;

/* flags: EFD_*, checked by the caller. */
int eventfd_new(u64 count, u32 flags, struct file **ret) MUST_CHECK;
