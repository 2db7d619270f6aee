/* SPDX-License-Identifier: MIT */
/*
 * hostfs, shared by the folder's files.
 *
 *     host_fs ── nodes (by inode) ──► host_node ── fd's ──► the host's file
 *        │                              │
 *        └─ recent ──counts──►          └─ home, name: where it was last seen
 *
 * There is one node for each inode that somebody uses, so that hard links are one file, locks meet,
 * and a file that was removed stays what it was.  What a node knows of its file is asked anew each
 * time; the directories used last are kept open.
 *
 * A directory's node has an open descriptor for as long as it lives.  Other files are opened when they
 * are used, by their last name, and checked to be the same inode.
 *
 * Whatever the host says, the type of a node does not change, the root is nobody's child, and a
 * descriptor is only used after it was seen to be what it should be; all else is -EIO, or a file that
 * reads strangely.
 *
 * Locks: vnode.lock, then node.lock (descriptors, home, name), then host_fs.lock (the tree, recent),
 * which are not held around calls that may take another.
 */
#pragma once
#include "abi/linux/stat.h"
#include "abi/target.h"
#include "kernel/core/mutex.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

enum { RECENT_MAX = 64, ID_UNKNOWN = 65534 };

struct host_fs {
    struct fs fs;
    u64 root_dev;                                /* [const] the host's number               */
    struct mutex lock;
    struct tree nodes;                           /* guarded by lock; does not count         */
    struct vnode *recent[RECENT_MAX];            /* guarded by lock; count                  */
    u32 recent_next;                             /* guarded by lock                         */
};

/* A name in a directory, to open by. */
struct host_home {
    struct vnode *dir;                           /* counts; NULL: none                      */
    char *name;                                  /* owned                                   */
};

struct host_node {
    struct vnode v;
    struct tree_node by_ino;                     /* guarded by host_fs.lock; key: v.ino     */
    bool in_tree;                                /* guarded by host_fs.lock                 */
    u64 host_dev, host_ino;                      /* [const]                                 */
    hfd dir;                                     /* [const] of a directory                  */
    bool dir_is_path;                            /* [const] it cannot be listed             */
    char *link;                                  /* [const] owned: target of a link         */
    struct tree pages;                           /* guarded by v.lock: mapped.c             */
    struct mutex lock;
    hfd rd, wr;                                  /* guarded by lock: may be the same        */
    hfd path;                                    /* guarded by lock: O_PATH                 */
    struct host_home home;                       /* guarded by lock                         */
    struct stat last;                            /* guarded by lock: what the host said     */
};

static inline struct host_node *host_node(struct vnode *v)
{
    return container_of(v, struct host_node, v);
}

static inline struct host_fs *host_fs_of(const struct vnode *v)
{
    return container_of(v->fs, struct host_fs, fs);
}

extern const struct fs_type hostfs_fs;
extern const struct vnode_ops hostfs_ops;

/* call.c: host operations by name.  Errors are such as a program may see. */
struct host_name {
    char str[256];                               /* terminated                              */
};
void host_name_set(struct host_name *n, struct name name);
int call_openat(hfd dir, const char *name, u32 flags, u32 mode, hfd *ret) MUST_CHECK;
int call_open_root(const char *path, u32 flags, hfd *ret) MUST_CHECK;
ssize_t call_readlinkat(hfd dir, const char *name, void *dst, size_t size) MUST_CHECK;
int call_mkdirat(hfd dir, const char *name, u32 mode) MUST_CHECK;
int call_mknodat(hfd dir, const char *name, u32 mode) MUST_CHECK;
int call_symlinkat(const char *target, hfd dir, const char *name) MUST_CHECK;
int call_linkat(hfd from, const char *name, hfd to, const char *to_name) MUST_CHECK;
int call_unlinkat(hfd dir, const char *name, u32 flags) MUST_CHECK;
int call_renameat(hfd from, const char *name, hfd to, const char *to_name, u32 flags) MUST_CHECK;
int call_fchmod(hfd fd, u32 mode) MUST_CHECK;
int call_fchown(hfd fd, u32 uid, u32 gid) MUST_CHECK;
int call_ftruncate(hfd fd, u64 size) MUST_CHECK;
int call_fallocate(hfd fd, u32 mode, u64 off, u64 len) MUST_CHECK;
int call_futimens(hfd fd, const struct timespec64 times[2]) MUST_CHECK;
int call_fsync(hfd fd, enum sync_what what) MUST_CHECK;
ssize_t call_getdents(hfd fd, void *dst, size_t size) MUST_CHECK;

/* ids.c */
u32 uid_inside(u32 host);
u32 gid_inside(u32 host);
int uid_on_host(u32 inside, u32 *ret) MUST_CHECK; /* -EOVERFLOW: nobody                     */
int gid_on_host(u32 inside, u32 *ret) MUST_CHECK;

/* node.c */
u64 host_ino_inside(const struct host_fs *fs, u64 dev, u64 ino);
/* The node of the file that st tells of, which has this name in dir: there already, or new.  -ESTALE:
 * the name means something else by now. */
int node_find(struct vnode *dir, const char *name, const struct stat *st, struct vnode **ret)
    MUST_CHECK;
/* A node for an open descriptor (consumed on success): a root, or a file without a name. */
int node_adopt(struct host_fs *fs, const struct stat *st, hfd dir, hfd rd, hfd wr,
               struct host_node **ret) MUST_CHECK;
/* What the host says now: -EIO if it is no longer what it was. */
int node_stat(struct host_node *n, struct stat *ret) MUST_CHECK;
/* It was last seen in dir under that name: -ENOMEM leaves what was known. */
int node_moved(struct host_node *n, struct vnode *dir, const char *name) MUST_CHECK;
/* It has lost the name `was` in dir. */
void node_unnamed(struct host_node *n, struct vnode *dir, const char *was);
void recent_drop_all(struct host_fs *fs);
void recent_drop(struct vnode *dir);
void node_evict(struct vnode *v);
int node_getattr(struct vnode *v, struct vattr *ret);

/* open.c: descriptors of files that are not directories. */
enum node_access { NODE_READ = 1, NODE_WRITE = 2, NODE_ANY = 4 };
int node_fd(struct host_node *n, enum node_access access, hfd *ret) MUST_CHECK;
int node_open(struct vnode *v, struct file *f);
bool node_is_open(struct host_node *n);          /* the host cannot reuse its inode         */

/* dir.c */
int dir_lookup_host(struct vnode *dir, struct name name, struct vnode **ret);
int dir_create(struct vnode *dir, struct name name, const struct vattr *attr, struct vnode **ret);
int dir_link(struct vnode *dir, struct name name, struct vnode *v);
int dir_unlink(struct vnode *dir, struct name name, struct vnode *v);
int dir_rename(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
               struct name to_name, struct vnode *victim, u32 flags);
int dir_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg);
int link_readlink(struct vnode *v, struct strbuf *dst);

/* data.c */
ssize_t data_read(struct vnode *v, struct iov *dst, u64 off);
ssize_t data_write(struct vnode *v, struct iov *src, u64 off);
int data_setattr(struct vnode *v, const struct vattr *a, u32 mask);
int data_sync(struct vnode *v, enum sync_what what);
int data_fallocate(struct vnode *v, u32 mode, u64 off, u64 len);
s64 data_seek(struct vnode *v, u64 off, int whence);

/* mapped.c: the pages of a file that are mapped.  v.lock is held, exclusively but for overlay. */
int mapped_pin(struct vnode *v, u64 off, u64 len, void *base);
int mapped_unpin(struct vnode *v, u64 off, u64 len);
bool mapped_any(const struct host_node *n);
int mapped_flush(struct host_node *n) MUST_CHECK; /* what programs stored, to the host      */
/* The file ends at size from now on. */
void mapped_forget(struct host_node *n, u64 size);
void mapped_free(struct host_node *n);
/* The host has got len bytes at off. */
void mapped_written(struct host_node *n, const u8 *src, u64 len, u64 off);
/* The host has changed [off, off + len): look again. */
int mapped_reload(struct host_node *n, u64 off, u64 len) MUST_CHECK;
/* len bytes at off as the host has them: put what is mapped over them. */
void mapped_overlay(struct host_node *n, u8 *dst, u64 len, u64 off);
