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
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/epoch.h"

struct cred;
struct file;
struct fs;
struct jump;
struct mount;
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

/*
 * Called by readdir() for each entry; false ends it and the entry comes again next time.
 *
 * "." and ".." are the VFS's (cookies 0 and 1): readdir() begins at READDIR_START and its cookies are
 * larger than that, below 2^63, and stay true while entries come and go.
 */
enum { READDIR_START = 2 };
typedef bool (*readdir_emit)(void *arg, struct name name, u64 ino, u32 dtype, u64 next_cookie);

struct vnode_ops {
    int (*lookup)(struct vnode *dir, struct name name, struct vnode **ret); /* S ENOTDIR    */
    /*
     * lookup() without a lock and without taking a reference, inside an epoch: 0, -ENOENT, or
     * -EAGAIN (use lookup()).  A file system that has it frees its vnodes, and what a look-up
     * touches, through epoch_retire(), and its getattr() works without the lock and on a vnode
     * without references.
     */
    int (*peek)(struct vnode *dir, struct name name, struct vnode **ret); /* - lookup       */
    int (*create)(struct vnode *dir, struct name name, const struct vattr *attr,
                  struct vnode **ret);                                   /* X EPERM         */
    int (*link)(struct vnode *dir, struct name name, struct vnode *v);   /* X EPERM         */
    int (*unlink)(struct vnode *dir, struct name name, struct vnode *v); /* X EPERM         */
    /* flags: RENAME_EXCHANGE; the VFS has done the other checks and removed nothing: replace
     * `victim` (NULL: the name is free) by `v` in one step. */
    int (*rename)(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
                  struct name to_name, struct vnode *victim, u32 flags);          /* X EPERM */
    int (*readdir)(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg); /* S ENOTDIR */
    int (*readlink)(struct vnode *v, struct strbuf *dst);                         /* S EINVAL */
    /* A link that is not text (/proc/self/fd/3, /proc/self/exe): where following it leads. */
    int (*jump)(struct vnode *v, struct jump *ret);                /* - text                */
    ssize_t (*read)(struct vnode *v, struct iov *dst, u64 off);    /* S EISDIR              */
    ssize_t (*write)(struct vnode *v, struct iov *src, u64 off);   /* X EROFS               */
    int (*getattr)(struct vnode *v, struct vattr *ret);            /* S required            */
    int (*setattr)(struct vnode *v, const struct vattr *attr, u32 mask); /* X EROFS         */
    int (*sync)(struct vnode *v, enum sync_what what);             /* X 0                   */
    int (*fallocate)(struct vnode *v, u32 mode, u64 off, u64 len); /* X EOPNOTSUPP          */
    s64 (*seek_data)(struct vnode *v, u64 off, int whence);        /* SEEK_DATA/HOLE; S default */
    ssize_t (*getxattr)(struct vnode *v, const char *name, void *dst,
                        size_t size);            /* S EOPNOTSUPP                            */
    int (*setxattr)(struct vnode *v, const char *name, const void *src, size_t size,
                    enum xattr_how how);                           /* X EOPNOTSUPP          */
    ssize_t (*listxattr)(struct vnode *v, char *dst, size_t size); /* S EOPNOTSUPP          */
    /*
     * Shared mappings (one address space: a page has one place).
     *
     * pin_pages(): move the content of the pages of [off, off + len), none of which is pinned, to
     * the memory at base, which is writable and zero; from then on read() and write() act on that
     * memory.  The range ends at the page in which the file ends, or before; holes are pinned
     * too.  A pinned page is not freed by its file: punching a hole zeroes it, shrinking the file
     * forgets it (mm/ then takes the memory back, vnode_shared_ops.resized).
     * unpin_pages(): move them back into memory of the file's own; the range holds pinned pages
     * only.  -ENOMEM: nothing has happened.
     */
    int (*pin_pages)(struct vnode *v, u64 off, u64 len, void *base); /* X ENODEV            */
    int (*unpin_pages)(struct vnode *v, u64 off, u64 len);           /* X with pin          */
    /* A special file was opened (devices, FIFOs, /proc): fill in f->ops and f->priv.  NULL: the
     * common regular file and directory operations.  No lock held. */
    int (*open)(struct vnode *v, struct file *f);
    void (*evict)(struct vnode *v);              /* last reference gone: free it            */
};

/*
 * A file.
 *
 * mode, uid and gid are what permission checks look at, without a lock: the file system stores them
 * at creation and whenever setattr() (or the host) changes them.
 *
 * parent and name say where a directory is; for other files they say where rename(2) put it last,
 * which is only a hint.  Both belong to the VFS and are guarded by its tree lock (mount.h).
 */
struct vnode {
    refcount refs;                               /* [atomic]                                */
    u32 type;                                    /* [const] S_IFMT bits of the mode         */
    u32 mode, uid, gid;                          /* [atomic] mode with the type             */
    const struct vnode_ops *ops;                 /* [const]                                 */
    struct mount *_Atomic mounted;               /* mounts whose mount point this is        */
    struct fs *fs;                               /* [const] not owned: the fs outlives it   */
    u64 ino;                                     /* [const] small, unique in its fs         */
    struct rwlock lock;                          /* guards the file system's own fields     */
    bool removed;                                /* guarded by lock: no name is left        */
    u8 seals;                                    /* guarded by lock: F_SEAL_*, see below    */
    bool can_seal;                               /* [const] after creation: a memfd         */
    _Atomic u32 atime_fresh;                     /* seconds: no relatime update due, or 0   */
    struct file_locks *locks;                    /* vfs/lock.c: POSIX, OFD and flock locks  */
    struct watches *watches;                     /* vfs/inotify.c                           */
    struct shared *shared;                       /* guarded by lock; mm/shared_file.c       */
    void *special;                               /* FIFO's pipe, bound AF_UNIX socket       */
    struct mutex special_lock;                   /* guards locks, watches, shared, special  */
    u32 writers;                                 /* [atomic] open for writing (ETXTBSY)     */
    u32 execs;                                   /* [atomic] being executed                 */
    struct vnode *parent;                        /* counts; see above                       */
    char *name;                                  /* owned                                   */
    struct retired retired;                      /* for the file system's evict()           */
};

/* mode is the type and permissions; uid and gid are root's until the file system sets them. */
void vnode_init(struct vnode *v, struct fs *fs, const struct vnode_ops *ops, u32 mode, u64 ino);
struct vnode *vnode_get(struct vnode *v);
void vnode_put(struct vnode *v);                 /* NULL is fine; may sleep                 */
void vnode_putp(struct vnode **v);

/* Directories know where they are.  The VFS sees to it for those that lookup() and create() return;
 * a file system whose peek() finds directories that went through neither says it itself.  Takes a
 * reference to dir.  -ENOMEM. */
int vnode_place_set(struct vnode *v, struct vnode *dir, struct name name) MUST_CHECK;

/* For a file system's evict(): what of v is left to free besides its own storage. */
void vnode_fini(struct vnode *v);

static inline u32 vnode_mode(const struct vnode *v)
{
    return __atomic_load_n(&v->mode, __ATOMIC_RELAXED);
}

static inline void vnode_set_owner(struct vnode *v, u32 mode, u32 uid, u32 gid)
{
    __atomic_store_n(&v->mode, mode, __ATOMIC_RELAXED);
    __atomic_store_n(&v->uid, uid, __ATOMIC_RELAXED);
    __atomic_store_n(&v->gid, gid, __ATOMIC_RELAXED);
}

/* What layers above keep in a vnode, dropped when it goes: mm/ fills in the first (shared), net/
 * the second (special of a socket). */
struct vnode_up_ops {
    void (*shared_release)(struct vnode *v);
    bool (*shared_is_writable)(struct vnode *v); /* some mapping may write (F_SEAL_WRITE)   */
    /* v->shared is set and the size of v has changed; v->lock is still held exclusively. */
    void (*shared_resized)(struct vnode *v);
    void (*socket_release)(struct vnode *v);
};
extern struct vnode_up_ops vnode_up_ops;

/* The size of v may have changed; v->lock is held exclusively. */
static inline void vnode_resized(struct vnode *v)
{
    if (unlikely(v->shared != NULL))
        vnode_up_ops.shared_resized(v);
}

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
    u64 flags;                                   /* ST_*: of the mount; the VFS sets them   */
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
    refcount refs;                               /* [atomic] mounts                         */
    const struct fs_type *type;                  /* [const]                                 */
    struct vnode *root;                          /* [const] owned                           */
    u32 dev;                                     /* [const] st_dev's minor: never used twice */
    bool readonly;                               /* [const] the medium cannot be written    */
    bool no_devices;                             /* [const] device nodes are inert          */
    struct mutex rename_lock;                    /* renames between directories             */
};

/* Called by a type's mount() first: one reference, a device number of its own. */
void fs_init(struct fs *fs, const struct fs_type *type);

/* fs/list.def */
const struct fs_type *fs_type_find(const char *name);
const struct fs_type *fs_type_at(u32 index);     /* NULL past the last                      */
