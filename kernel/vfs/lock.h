/* SPDX-License-Identifier: MIT */
/*
 * File locks: POSIX record locks (fcntl_locking(2), owned by a process's descriptor table), open file
 * description locks (owned by the file) and flock(2).
 */
#pragma once
#include "kernel/lib/types.h"

struct fdtable;
struct file;
struct flock;
struct vnode;

/* F_GETLK, F_SETLK, F_SETLKW; ofd: the F_OFD_ forms.  l is checked and, for F_GETLK, answered. */
int file_lock_get(struct file *f, struct fdtable *owner, bool ofd, struct flock *l) MUST_CHECK;
int file_lock_set(struct file *f, struct fdtable *owner, bool ofd, const struct flock *l, bool wait)
    MUST_CHECK;

/* flock(2): LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB or not. */
int file_flock(struct file *f, u32 op) MUST_CHECK;

/* A descriptor of owner for v was closed; f was closed; v goes. */
void file_locks_drop_owner(struct vnode *v, const void *owner);
void file_locks_drop_file(struct file *f);
void file_locks_free(struct vnode *v);
