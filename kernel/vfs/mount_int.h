/* SPDX-License-Identifier: MIT */
/* The mount table, for the files of vfs/. */
#pragma once
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

/* Mount the root of everything, which is never covered and never detached. */
int mount_root(const struct fs_type *type, const struct mount_args *args, struct place *ret)
    MUST_CHECK;

/* Call show(m, arg) for every mount in mount order, under tree_lock. */
void mount_for_each(void (*show)(struct mount *m, void *arg), void *arg);

/* The path of a place as seen from root, written backwards into the end of buf; under tree_lock.
 * Returns where it begins, or NULL if it does not fit. */
enum where {
    WHERE_BELOW_ROOT,                            /* an absolute path                        */
    WHERE_UNREACHABLE,                           /* the same, but not beneath root          */
};
char *where_is_locked(const struct place *p, const struct place *root, char *buf, size_t size,
                      enum where *ret);
