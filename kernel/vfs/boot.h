/* SPDX-License-Identifier: MIT */
/* The first mounts, made before there is a process: as root, with no umask. */
#pragma once
#include "kernel/lib/types.h"

struct fs_type;
struct fsctx;
struct mount_args;

int vfs_init(void) MUST_CHECK;

/* Mount the root file system; ret: its root as root and working directory, umask 022. */
int vfs_mount_root(const struct fs_type *type, const struct mount_args *args, struct fsctx **ret)
    MUST_CHECK;

/* Make a directory and those above it where they are missing; only the last gets mode. */
int vfs_mkdir_p(const char *path, u32 mode) MUST_CHECK;
int vfs_mount_at(const char *path, const struct fs_type *type, const struct mount_args *args)
    MUST_CHECK;

/* The end, when there is no process left: everything is synced and unmounted. */
void vfs_teardown(void);
