/* SPDX-License-Identifier: MIT */
/* Directory entries as programs read them: getdents64(2) and its older form. */
#pragma once
#include "kernel/lib/types.h"

struct file;

enum dirents_form { DIRENTS_64, DIRENTS_OLD };

/* As many records as fit into size bytes, from f's position on: their length, 0 at the end, -EINVAL
 * (not even one fits), -ENOTDIR, -ENOENT (the directory has been removed). */
ssize_t dirents_read(struct file *f, enum dirents_form form, void *dst, size_t size) MUST_CHECK;
