/* SPDX-License-Identifier: MIT */
/*
 * What kind of root file system a path names, by its first bytes.
 */
#pragma once
#include "targets/linux/run.h"

/* Returns 0, or 1 after having printed why path cannot be a root file system. */
int rootfs_detect(const char *path, enum rootfs_kind *ret);
