/* SPDX-License-Identifier: MIT */
/* Changes of one directory entry, for the files of vfs/ that have walked to the directory. */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

struct cred;
struct mount;

/* Make name in dir with the type, permissions (umask applied), rdev and link of attr; owner and
 * group are set here.  -EEXIST, -EROFS, -EACCES, -ENOENT (dir is removed). */
int entry_create(struct mount *m, struct vnode *dir, struct name name, struct vattr *attr,
                 struct vnode **ret) MUST_CHECK;

/* A file without a name (O_TMPFILE); with for_ever, link(2) may not give it one. */
int entry_create_nameless(struct mount *m, struct vnode *dir, struct vattr *attr, bool for_ever,
                          struct vnode **ret) MUST_CHECK;

/* May the caller remove v from dir?  -EACCES, or -EPERM in a sticky directory. */
int entry_may_delete(const struct vnode *dir, const struct vnode *v) MUST_CHECK;
