/* SPDX-License-Identifier: MIT */
/*
 * Paths: from a string to a place in the tree.
 *
 * A place is a mount and a vnode, plus the directory and name it was reached by, which is what
 * ".." and getcwd(2) need (vnodes do not know their names).  The walk follows links (40 at most),
 * crosses mounts, checks search permission with the caller's fsuid and honours openat2's RESOLVE_
 * bits.
 */
#pragma once
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

struct cred;
struct file;
struct stat;
struct strbuf;

/* One resolved directory entry, chained to its parent: immutable, shared by reference; renamed or
 * removed entries keep their old chain. */
struct dentry;

struct place {
    struct mount *mount;                         /* counts                                  */
    struct vnode *vnode;                         /* counts                                  */
    struct dentry *entry;                        /* counts; see path_int.h                  */
};

void place_put(struct place *p);
void place_copy(struct place *dst, const struct place *src);

/* A thread's root, working directory and umask; shared with CLONE_FS. */
struct fsctx {
    refcount refs;
    struct mutex lock;
    struct place root, cwd;                      /* guarded by lock                         */
    u32 umask;                                   /* [atomic]                                */
};

struct fsctx *fsctx_copy(struct fsctx *fs);      /* NULL: no memory                         */
struct fsctx *fsctx_get(struct fsctx *fs);
void fsctx_put(struct fsctx *fs);

enum walk_flags {
    WALK_FOLLOW = 1u << 0,                       /* follow a link in the last component     */
    WALK_EMPTY = 1u << 1,                        /* AT_EMPTY_PATH                           */
    WALK_DIRECTORY = 1u << 2,                    /* the result must be a directory          */
    WALK_NO_MAGICLINKS = 1u << 3,                /* RESOLVE_...                             */
    WALK_NO_SYMLINKS = 1u << 4,
    WALK_NO_XDEV = 1u << 5,
    WALK_BENEATH = 1u << 6,
    WALK_IN_ROOT = 1u << 7,
};

enum { KPATH_MAX = 4096, KNAME_MAX = 255 };

/* path: a kernel string.  dirfd as in openat(2) (AT_FDCWD or a descriptor of the caller). */
int path_walk(int dirfd, const char *path, u32 walk_flags, struct place *ret) MUST_CHECK;

/* open(2) for the caller and for the kernel; mode is already masked by nobody (umask is applied). */
int vfs_openat(int dirfd, const char *path, u32 flags, u32 mode, u64 resolve, struct file **ret)
    MUST_CHECK;

/* Open for execution: checks x permission, noexec and the type; -EACCES, -ETXTBSY, -ELOOP... */
int vfs_open_exec(int dirfd, const char *path, u32 walk_flags, struct file **ret) MUST_CHECK;

/* The absolute path of a place as its root sees it ("(unreachable)/x" where it does not). */
int place_path(const struct place *p, struct strbuf *dst);
int file_path(struct file *f, struct strbuf *dst);

/* attributes in stat(2)'s and the kernel's form */
int vnode_getattr(struct vnode *v, struct vattr *ret);
int file_getattr(struct file *f, struct stat *ret);
int vnode_permission(struct vnode *v, u32 rwx, const struct cred *c);

/* A kernel buffer of KPATH_MAX bytes, filled from user memory: free with kfree(). */
int path_copy_in(uptr path, char **ret) MUST_CHECK;
