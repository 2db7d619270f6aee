/* SPDX-License-Identifier: MIT */
/* The calling thread's fsctx, for the files of vfs/. */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/vfs/path.h"

extern struct fsctx *vfs_boot_fs;                /* boot.c: while there is no process       */

static inline struct fsctx *fsctx_self(void)
{
    struct fsctx *fs = thread_self()->fs;

    return likely(fs) ? fs : vfs_boot_fs;
}

/* Inside an epoch. */
static inline const struct fsctx_places *fsctx_self_places(void)
{
    return __atomic_load_n(&fsctx_self()->places, __ATOMIC_ACQUIRE);
}

static inline void fsctx_self_root(struct place *ret)
{
    fsctx_root(fsctx_self(), ret);
}

static inline u32 fsctx_self_umask(void)
{
    return __atomic_load_n(&fsctx_self()->umask, __ATOMIC_RELAXED);
}

/* A new one; takes references to root's and cwd's.  NULL: no memory. */
struct fsctx *fsctx_new(const struct place *root, const struct place *cwd, u32 umask);
