/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes (xattr(7)), with Linux's rules of who may see and change which.
 *
 * name is a full name ("user.mime").  Sizes of 0 ask for the length.
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

struct mount;

ssize_t vfs_getxattr(struct vnode *v, const char *name, void *dst, size_t size) MUST_CHECK;
ssize_t vfs_listxattr(struct vnode *v, char *dst, size_t size) MUST_CHECK;
int vfs_setxattr(struct mount *m, struct vnode *v, const char *name, const void *src, size_t size,
                 enum xattr_how how) MUST_CHECK;
