/* SPDX-License-Identifier: MIT */
/*
 * Paths: from a string to a place in the tree.
 *
 * A place is a mount and a vnode.  A directory knows where it is (vnode.parent, vnode.name; its mount
 * knows what it covers), so that is all that ".." and getcwd(2) need, also after renames.  The walk
 * follows links (40 at most), crosses mounts, checks search permission with the caller's fsuid and
 * honours openat2's RESOLVE_ bits.
 */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/vnode.h"

struct cred;
struct file;
struct fsctx;
struct stat;
struct strbuf;
struct thread;

struct place {
    struct mount *mount;                         /* counts                                  */
    struct vnode *vnode;                         /* counts                                  */
};

void place_put(struct place *p);
void place_copy(struct place *dst, const struct place *src);

/* Where following a link that is not text leads: a place, or an open file (which may have none). */
struct jump {
    struct place place;
    struct file *file;
};

/* The root and working directory of a fsctx: immutable, replaced as a whole, so that walks read it
 * without a lock. */
struct fsctx_places {
    struct place root, cwd;
    struct retired retired;
};

/* A thread's root, working directory and umask; shared with CLONE_FS. */
struct fsctx {
    refcount refs;
    struct mutex lock;                           /* for those who replace places            */
    struct fsctx_places *_Atomic places;         /* owned; read inside an epoch             */
    u32 umask;                                   /* [atomic]                                */
};

struct fsctx *fsctx_copy(struct fsctx *fs);      /* NULL: no memory                         */
struct fsctx *fsctx_get(struct fsctx *fs);
void fsctx_put(struct fsctx *fs);

/* New references to its root and working directory. */
void fsctx_root(struct fsctx *fs, struct place *ret);
void fsctx_cwd(struct fsctx *fs, struct place *ret);

/* chdir(2) and chroot(2) without their checks.  Take references; -ENOMEM. */
int fsctx_set_cwd(struct fsctx *fs, const struct place *p) MUST_CHECK;
int fsctx_set_root(struct fsctx *fs, const struct place *p) MUST_CHECK;

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

/* path: a kernel string.  dirfd as in openat(2) (AT_FDCWD or a descriptor of the caller).  -ENXIO if
 * the path ends in a link to an open file that has no place (a socket). */
int path_walk(int dirfd, const char *path, u32 walk_flags, struct place *ret) MUST_CHECK;

/* open(2) for the caller and for the kernel; the umask is applied to mode.  resolve: RESOLVE_*. */
int vfs_openat(int dirfd, const char *path, u32 flags, u32 mode, u64 resolve, struct file **ret)
    MUST_CHECK;

/* The same for v, which the caller has found in dir under that name. */
int vfs_open_entry(const struct place *dir, struct name name, struct vnode *v, u32 flags,
                   struct file **ret) MUST_CHECK;

/* mknod(2) and friends: make path, with permission checks and umask.  attr: mode with the type, rdev,
 * link.  ret may be NULL.  bind(2) of AF_UNIX makes its socket node with it. */
int vfs_createat(int dirfd, const char *path, const struct vattr *attr, struct vnode **ret)
    MUST_CHECK;
int vfs_unlinkat(int dirfd, const char *path, u32 at_flags) MUST_CHECK;
int vfs_linkat(int from_dirfd, const char *from, int to_dirfd, const char *to, u32 at_flags)
    MUST_CHECK;
int vfs_renameat(int from_dirfd, const char *from, int to_dirfd, const char *to, u32 flags)
    MUST_CHECK;

/* Device nodes of file systems that have none of their own kind; dev/ fills it in.  As
 * vnode_ops.open. */
struct dev_open_ops {
    int (*open)(struct vnode *v, u32 major, u32 minor, struct file *f);
};
extern struct dev_open_ops dev_open_ops;

/* Open for execution: checks x permission, noexec and the type; -EACCES, -ETXTBSY, -ELOOP... */
int vfs_open_exec(int dirfd, const char *path, u32 walk_flags, struct file **ret) MUST_CHECK;

/* The absolute path of a place as its root sees it ("(unreachable)/x" where it does not). */
int place_path(const struct place *p, struct strbuf *dst);
int file_path(struct file *f, struct strbuf *dst);

/* Attributes in the kernel's and in stat(2)'s form. */
int vnode_getattr(struct vnode *v, struct vattr *ret) MUST_CHECK;
int file_getattr(struct file *f, struct stat *ret) MUST_CHECK;
void stat_from_vattr(const struct vnode *v, const struct vattr *a, struct stat *ret);
/* What an object without a file system tells: inode number ino, mode with the type. */
void stat_anonymous(u64 ino, u32 mode, struct stat *ret);

/* May c read (4), write (2), execute or search (1) v?  0 or -EACCES; mounts are not looked at. */
int vnode_permission(const struct vnode *v, u32 rwx, const struct cred *c);

/* The caller's; root with all capabilities before there are processes. */
const struct cred *vfs_cred(void);

/* A kernel buffer of KPATH_MAX bytes, filled from user memory: free with kfree(). */
int path_copy_in(uptr path, char **ret) MUST_CHECK;

/* The same for handlers: short paths, which most are, need no allocation. */
struct path_buf {
    char *str;
    char small[232];                             /* leaves room on a 1 KiB frame for three  */
};
int path_buf_init(struct path_buf *p, uptr path) MUST_CHECK; /* -EFAULT, -ENAMETOOLONG, -ENOMEM */
void path_buf_fini(struct path_buf *p);
#define PATH_BUF_AUTO __attribute__((cleanup(path_buf_fini)))
