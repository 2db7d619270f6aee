/* SPDX-License-Identifier: MIT */
/*
 * An output file that appears complete or not at all: it is written beside its destination and
 * renamed.  Until output_commit() the destination is as it was; a failure, or a signal that ends
 * the command, leaves nothing behind.
 */
#pragma once
#include <sys/types.h>

struct output {
    int fd;                                      /* write here                              */
    char *path;                                  /* the destination, symlinks followed      */
    char *temp;                                  /* what is being written; NULL when there is nothing to remove */
};

/* Begin a file at path, with mode less umask when done.  One at a time.  Returns 0 or -errno:
 * -ENOTSUP if something other than a regular file is there. */
int output_open(struct output *o, const char *path, mode_t mode);

/* Put the file in its place. */
int output_commit(struct output *o);

/* Remove what was not committed. */
void output_fini(struct output *o);

/* Who owns what we make: under sudo the calling user.  -1 means: leave it as it is. */
void output_owner(uid_t *ret_uid, gid_t *ret_gid);
