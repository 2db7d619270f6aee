/* SPDX-License-Identifier: MIT */
/*
 * What a file system implements.
 *
 * By the time an operation runs, the VFS has walked the path, crossed mounts, followed links,
 * checked permissions and taken locks: an operation sees one directory and one name.  A NULL
 * operation is a feature the file system lacks; the VFS then answers with the errno on the right.
 * S and X say how dir->lock or v->lock is held around the call (shared, exclusive).  Every ret is
 * a new reference, written only on success.
 *
 * struct vnode is embedded in the file system's own: struct ramfs_vnode { struct vnode v; ... }.
 */
#pragma once
#include "kernel/core/iov.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/types.h"

struct file;
struct fs;
struct strbuf;
struct vnode;

/* One component of a path: not NUL-terminated, no '/', never "." or "..".  Length 0 only in
 * create(), for a file without a name (O_TMPFILE). */
struct name {
    const char *str;
    size_t len;
};

struct timespec64 {
    s64 sec;
    u32 nsec;
};

/* Attributes.  create() reads mode (type and permissions), uid, gid, rdev and link; setattr() the
 * fields in the mask. */
struct vattr {
    u32 mode;                                    /* S_IFMT and the 12 permission bits       */
    u32 uid, gid;
    u32 nlink;
    u64 ino;
    u64 size;
    u64 blocks;                                  /* of 512 bytes                            */
    u32 blksize;
    u32 rdev_major, rdev_minor;
    struct timespec64 atime, mtime, ctime, btime;
    const char *link;                            /* create(): target of a symbolic link     */
};

enum vattr_mask {
    VATTR_MODE = 1u << 0,
    VATTR_UID = 1u << 1,
    VATTR_GID = 1u << 2,
    VATTR_SIZE = 1u << 3,
    VATTR_ATIME = 1u << 4,
    VATTR_MTIME = 1u << 5,
    VATTR_CTIME = 1u << 6,
};

enum sync_what { SYNC_ALL, SYNC_DATA };
enum xattr_how { XATTR_HOW_ANY, XATTR_HOW_CREATE, XATTR_HOW_REPLACE, XATTR_HOW_REMOVE };

/* Called by readdir() for each entry; false ends it and the entry comes again next time. */
typedef bool (*readdir_emit)(void *arg, struct name name, u64 ino, u32 dtype, u64 next_cookie);

struct vnode_ops {
    int (*lookup)(struct vnode *dir, struct name name, struct vnode **ret);      /* S ENOTDIR */
    int (*create)(struct vnode *dir, struct name name, const struct vattr *attr,
                  struct vnode **ret);                                           /* X EPERM   */
    int (*link)(struct vnode *dir, struct name name, struct vnode *v);           /* X EPERM   */
    int (*unlink)(struct vnode *dir, struct name name, struct vnode *v);         /* X EPERM   */
    /* flags: RENAME_EXCHANGE; the VFS has done the other checks and removed nothing: replace
     * `victim` (NULL: the name is free) by `v` in one step. */
    int (*rename)(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
                  struct name to_name, struct vnode *victim, u32 flags);         /* X EPERM   */
    int (*readdir)(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg); /* S ENOTDIR */
    int (*readlink)(struct vnode *v, struct strbuf *dst);                        /* S EINVAL  */
    ssize_t (*read)(struct vnode *v, struct iov *dst, u64 off);                  /* S EISDIR  */
    ssize_t (*write)(struct vnode *v, struct iov *src, u64 off);                 /* X EROFS   */
    int (*getattr)(struct vnode *v, struct vattr *ret);                          /* S required */
    int (*setattr)(struct vnode *v, const struct vattr *attr, u32 mask);         /* X EROFS   */
    int (*sync)(struct vnode *v, enum sync_what what);                           /* X 0       */
    int (*fallocate)(struct vnode *v, u32 mode, u64 off, u64 len);               /* X EOPNOTSUPP */
    s64 (*seek_data)(struct vnode *v, u64 off, int whence);      /* SEEK_DATA/HOLE; S default */
    ssize_t (*getxattr)(struct vnode *v, const char *name, void *dst, size_t size); /* S EOPNOTSUPP */
    int (*setxattr)(struct vnode *v, const char *name, const void *src, size_t size,
                    enum xattr_how how);                                         /* X EOPNOTSUPP */
    ssize_t (*listxattr)(struct vnode *v, char *dst, size_t size);               /* S EOPNOTSUPP */
    /*
     * Shared mappings (one address space: a page has one place).  Move the file's pages of
     * [off, off + len) to the memory at base, which is committed, writable and zero, and keep
     * them there until evict(): later reads and writes of the file act on that memory.  X
     * EINVAL: no shared mappings.  Pages beyond the end of the file included.
     */
    int (*pin_pages)(struct vnode *v, u64 off, u64 len, void *base);             /* X ENODEV  */
    /* A special file was opened (devices, FIFOs, /proc): fill in f->ops and f->priv.  NULL: the
     * common regular file and directory operations.  No lock held. */
    int (*open)(struct vnode *v, struct file *f);
    void (*evict)(struct vnode *v);              /* last reference gone: free it            */
};

struct vnode {
    refcount refs;                               /* [atomic]                                */
    const struct vnode_ops *ops;                 /* [const]                                 */
    struct fs *fs;                               /* [const] not owned: the fs outlives it   */
    u32 type;                                    /* [const] S_IFMT bits of the mode         */
    u64 ino;                                     /* [const] small, unique in its fs         */
    struct rwlock lock;                          /* guards the file system's own fields     */
    struct mount *_Atomic mounted;               /* a mount covers this directory           */
    struct file_locks *locks;                    /* vfs/lock.c: POSIX, OFD and flock locks  */
    struct watches *watches;                     /* vfs/inotify.c                           */
    struct shared_map *shared;                   /* mm/shared.c: where its pages are pinned */
    void *special;                               /* FIFO's pipe, bound AF_UNIX socket       */
    struct mutex special_lock;                   /* guards locks, watches, shared, special  */
    u32 writers;                                 /* [atomic] open for writing (ETXTBSY)     */
    u32 execs;                                   /* [atomic] being executed                 */
};

void vnode_init(struct vnode *v, struct fs *fs, const struct vnode_ops *ops, u32 type, u64 ino);
struct vnode *vnode_get(struct vnode *v);
void vnode_put(struct vnode *v);                 /* NULL is fine; may sleep                 */
void vnode_putp(struct vnode **v);

/* A kind of file system, and a mounted instance of one. */
struct mount_args {
    const char *source;                          /* NULL: none                              */
    u32 flags;                                   /* MS_RDONLY ...                           */
    const char *options;                         /* text of mount(2)'s data, or NULL        */
    const void *data;                            /* fs-specific: the cpio archive           */
    u64 data_len;
};

struct kstatfs {
    u64 type, bsize, blocks, bfree, bavail, files, ffree, namelen, frsize, fsid;
};

struct fs_type {
    const char *name;                            /* as given to mount(2)                    */
    bool nodev;                                  /* for /proc/filesystems                   */
    int (*mount)(const struct mount_args *args, struct fs **ret);
    int (*statfs)(struct fs *fs, struct kstatfs *ret);
    int (*sync)(struct fs *fs);
    void (*unmount)(struct fs *fs);              /* every vnode is already evicted          */
};

struct fs {
    const struct fs_type *type;
    struct vnode *root;                          /* owned                                   */
    u32 dev;                                     /* st_dev's minor: differs per instance    */
    bool readonly;                               /* [const]                                 */
    struct mutex rename_lock;                    /* renames of directories                  */
};

/* fs/list.def */
const struct fs_type *fs_type_find(const char *name);
const struct fs_type *fs_type_at(u32 index);     /* NULL past the last                      */
