/* SPDX-License-Identifier: MIT */
/*
 * An archive file that a command reads: the reader of cpio.h on a descriptor, with messages.
 */
#pragma once
#include "tools/myst/cpio.h"

struct archive {
    const char *path;
    int fd;
    uint64_t size;                               /* 0 if not known                          */
    struct cpio_reader reader;
};

/* Returns 0, or 1 after having printed why not.  archive_fini() either way. */
int archive_open(struct archive *a, const char *path);
void archive_fini(struct archive *a);

/* Print what a function of the reader returned.  Returns 1. */
int archive_report(const struct archive *a, int err);
