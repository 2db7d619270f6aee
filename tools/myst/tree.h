/* SPDX-License-Identifier: MIT */
/*
 * What is below a directory, in an order that depends on names only: by path, byte by byte, with
 * '/' before every other byte.  A parent comes before its children and they before its siblings.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct tree_item {
    char *path;                                  /* relative to the directory; "." is the directory itself */
    mode_t mode;                                 /* type and permissions                    */
    uint64_t size;                               /* of a regular file or a symlink's target */
};

struct tree {
    int dir;                                     /* open directory that the paths are relative to */
    struct tree_item *items;
    size_t count;
    size_t capacity;
    char *failed;                                /* the path where tree_init() failed, if it was below directory */
};

/* Collect everything below directory.  The file that *outside describes must not be there (an
 * archive cannot contain itself): -ELOOP.  A name that is too long: -ENAMETOOLONG.
 * Returns 0 or -errno; tree_fini() either way. */
int tree_init(struct tree *t, const char *directory, const struct stat *outside);
void tree_fini(struct tree *t);
