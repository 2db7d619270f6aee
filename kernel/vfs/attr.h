/* SPDX-License-Identifier: MIT */
/*
 * Attributes: stat(2) and the calls that change them, with Linux's rules of who may.
 *
 * The credentials are the calling thread's.
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

struct file;
struct mount;
struct stat;
struct statx;

/* Now, as files are stamped. */
struct timespec64 vfs_now(void);

/* What stat(2) and statx(2) tell. */
struct kstat {
    struct vattr a;
    u64 ino;
    u32 dev_major, dev_minor;
    u64 mount_id;                                /* 0: not in any mount                     */
    bool mount_root;
};

/* walk_flags: WALK_FOLLOW, WALK_EMPTY. */
int vfs_statat(int dirfd, const char *path, u32 walk_flags, struct kstat *ret) MUST_CHECK;
int vfs_fstat(struct file *f, struct kstat *ret) MUST_CHECK;
void kstat_to_stat(const struct kstat *k, struct stat *ret);
void kstat_to_statx(const struct kstat *k, struct statx *ret);

/* access(2): mode as there; by the real ids, or with AT_EACCESS by the effective ones. */
int vfs_accessat(int dirfd, const char *path, u32 mode, u32 at_flags) MUST_CHECK;

/* One change of attributes. */
struct attr_change {
    enum { CHANGE_MODE, CHANGE_OWNER, CHANGE_TIMES } what;
    u32 mode;
    u32 uid, gid;                                /* UINT32_MAX: as it is                    */
    struct timespec64 times[2];                  /* nsec may be UTIME_NOW or UTIME_OMIT     */
};
/* walk_flags: WALK_FOLLOW, WALK_EMPTY. */
int vfs_changeat(int dirfd, const char *path, u32 walk_flags, const struct attr_change *c)
    MUST_CHECK;
int vfs_fchange(struct file *f, const struct attr_change *c) MUST_CHECK;

/* truncate(2), ftruncate(2), O_TRUNC: -EISDIR, -EINVAL, -EFBIG, ... */
int vfs_truncateat(const char *path, u64 size) MUST_CHECK;
int vfs_ftruncate(struct file *f, u64 size) MUST_CHECK;
int vfs_truncate(struct vnode *v, u64 size) MUST_CHECK;
int vfs_fallocate(struct file *f, u32 mode, u64 off, u64 len) MUST_CHECK;
int vfs_fsync(struct file *f, enum sync_what what) MUST_CHECK;

/* readlinkat(2): appends the target. */
int vfs_readlinkat(int dirfd, const char *path, struct strbuf *dst) MUST_CHECK;
