/* SPDX-License-Identifier: MIT */
/*
 * inotify(7): who is told when files change.
 *
 * The VFS calls notify_*() after an operation has succeeded, without locks.  They cost two loads
 * where nobody watches.  mask: IN_*, to which IN_ISDIR is added here.
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"

void notify_vnode_slow(struct vnode *v, struct vnode *dir, struct name name, u32 mask);
void notify_file_slow(struct file *f, u32 mask);

static inline bool vnode_is_watched(const struct vnode *v)
{
    return v && __atomic_load_n(&v->watches, __ATOMIC_RELAXED);
}

/* Something happened to v, which was found as name in dir (NULL: not known). */
static inline void notify_vnode(struct vnode *v, struct vnode *dir, struct name name, u32 mask)
{
    if (unlikely(vnode_is_watched(v) || vnode_is_watched(dir)))
        notify_vnode_slow(v, dir, name, mask);
}

static inline void notify_file(struct file *f, u32 mask)
{
    if (unlikely(vnode_is_watched(f->vnode) || vnode_is_watched(f->dir)))
        notify_file_slow(f, mask);
}

/* An entry of dir came, went, or moved; cookie pairs the two halves of a rename. */
void notify_entry_slow(struct vnode *dir, struct name name, u32 mask, u32 cookie);
static inline void notify_entry(struct vnode *dir, struct name name, u32 mask, u32 cookie)
{
    if (unlikely(vnode_is_watched(dir)))
        notify_entry_slow(dir, name, mask, cookie);
}
u32 notify_cookie(void);

/* The last name of v, which the caller refers to, is gone: IN_DELETE_SELF now, or when the last other
 * user lets go of it. */
void notify_deleted(struct vnode *v);
/* A file on v is closed for good; its reference still counts. */
void notify_released_slow(struct vnode *v);
static inline void notify_released(struct vnode *v)
{
    if (unlikely(vnode_is_watched(v)))
        notify_released_slow(v);
}
void notify_unmounted(struct fs *fs);

bool file_is_inotify(const struct file *f);

/* inotify_init1(2), inotify_add_watch(2) (its place already walked to), inotify_rm_watch(2). */
int inotify_open(u32 flags, struct file **ret) MUST_CHECK;
int inotify_add(struct file *f, struct vnode *v, u32 mask) MUST_CHECK;
int inotify_remove(struct file *f, int wd) MUST_CHECK;
