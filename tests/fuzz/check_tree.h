/* SPDX-License-Identifier: MIT */
/* For fuzzers of file systems: look at everything below a directory, and check what must hold. */
#pragma once
#include "kernel/lib/types.h"

/* Visits every entry below path: what readdir() tells must be what lookup() and getattr() tell, link
 * counts of directories must be right, everything must be readable.  Returns the entries seen. */
u32 fuzz_check_tree(const char *path);
