/* SPDX-License-Identifier: MIT */
/* Archives made by hand, for the tests of ramfs. */
#pragma once
#include "kernel/lib/types.h"

enum { ARCHIVE_MAX = 1 << 20 };

struct archive {
    u8 bytes[ARCHIVE_MAX] __attribute__((aligned(8)));
    size_t len;
};

/* What a record says besides its name and data; 0 is the default of everything but mode. */
struct archive_entry {
    u32 mode, ino, nlink, uid, gid, rdev_minor;
    const char *name;
    const void *data;
    size_t size;
};

void archive_add(struct archive *a, const struct archive_entry *e);
void archive_end(struct archive *a);
