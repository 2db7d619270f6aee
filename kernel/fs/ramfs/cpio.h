/* SPDX-License-Identifier: MIT */
/*
 * Reading cpio archives in the "newc" format (magic 070701), in memory, without copying.
 *
 * The archive is hostile input: every number is checked before it is used, and what cpio_next()
 * returns lies inside the archive.
 */
#pragma once
#include "kernel/lib/types.h"

struct cpio_record {
    const char *name;                            /* name_len bytes, no NUL inside           */
    u32 name_len;                                /* 1 .. CPIO_NAME_MAX                      */
    u32 mode, uid, gid, nlink, mtime, ino;
    u32 dev_major, dev_minor, rdev_major, rdev_minor;
    const u8 *data;
    u32 size;
    u64 offset;                                  /* of the record in the archive            */
};

struct cpio_reader {
    const u8 *archive;
    u64 size;
    u64 at;                                      /* offset of the next record               */
};

enum { CPIO_NAME_MAX = 4095 };

/* 1: *ret is the next record; 0: the archive ends here, as it should; -EINVAL: it is corrupt. */
int cpio_next(struct cpio_reader *r, struct cpio_record *ret) MUST_CHECK;
