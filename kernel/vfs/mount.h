/* SPDX-License-Identifier: MIT */
/*
 * Mounts: which file systems are visible where.
 *
 *                 mount (of "/")                    mount (of "/dev")
 *              ┌─ root ──► vnode "/"           ┌─── root ──► vnode "/" of devfs
 *              │             │                 │
 *              │           vnode "dev" ◄─ point┤
 *              │             └─ mounted ──────►│
 *              └──────────────────── parent ◄──┘
 *
 * vnode.mounted is the first of the mounts on that vnode, linked by next_here; the one that counts
 * for a walk is the one whose parent is the mount the walk came by (the same directory can be
 * visible in several, through bind mounts).
 *
 * A place, a file, and a mount below hold references to their mount; the table of mounts holds one
 * while it is attached.  The file system lives while a mount of it does.
 *
 * Invariants: 1. a mount is in the list of its point exactly while it has a parent; 2. the root
 * mount has no parent and is never detached; 3. flags of a file system are a mount's own (MS_RDONLY,
 * MS_NOSUID...), fs.readonly is the medium's.
 *
 * Locks: tree_lock guards the shape (parent, point, next_here, the list) and vnode.parent and
 * vnode.name; taken after vnode locks.  Walks read mounted, next_here and parent inside an epoch
 * instead.
 */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/vnode.h"

struct place;
struct strbuf;

struct mount {
    refcount refs;
    bool eternal;                    /* [const] the root: never detached, so
                                                    nobody has to count his references      */
    u32 id;                                      /* [const]                                 */
    struct fs *fs;                               /* [const] counts                          */
    struct vnode *root;                          /* [const] counts                          */
    _Atomic u32 flags;                           /* [atomic] MS_RDONLY, MS_NOSUID...        */
    _Atomic s32 writers;                         /* [atomic] files open for writing         */
    struct mount *_Atomic parent;                /* counts; guarded by tree_lock            */
    struct vnode *point;                         /* counts; guarded by tree_lock            */
    struct mount *_Atomic next_here;             /* guarded by tree_lock                    */
    struct list link;                            /* guarded by tree_lock: in mount order    */
    char *source;                                /* [const] owned; for /proc/mounts         */
    char *options;                               /* [const] owned; the fs's own, or NULL    */
    struct retired retired;
};

extern struct rwlock tree_lock;

static inline struct mount *mount_get(struct mount *m)
{
    if (!m->eternal)
        ref_get(&m->refs);
    return m;
}

/* A reference for who found m inside an epoch; false: it is going. */
static inline bool mount_try_get(struct mount *m)
{
    return m->eternal || ref_try_get(&m->refs);
}

void mount_release(struct mount *m);             /* mount_put()'s last step                 */

/* NULL is fine. */
static inline void mount_put(struct mount *m)
{
    if (m && !m->eternal && ref_put(&m->refs))
        mount_release(m);
}

static inline u32 mount_flags(const struct mount *m)
{
    return __atomic_load_n(&m->flags, __ATOMIC_RELAXED);
}

/* The mount that covers point as seen through parent, or NULL.  Inside an epoch or under tree_lock;
 * no new reference. */
struct mount *mount_covering(struct mount *parent, struct vnode *point);

/* 0, or -EROFS if nothing may be changed through m. */
int mount_check_write(const struct mount *m);

/* For the duration of a file that is open for writing: -EROFS; a read-only remount is -EBUSY then. */
int mount_want_write(struct mount *m) MUST_CHECK;
void mount_drop_write(struct mount *m);

/* Flags that mount(2) and mount_show_*() know: those kept in mount.flags. */
enum { MOUNT_FLAGS = 1 | 2 | 4 | 8 | 16 | 1024 | 2048 | (1 << 21) | (1 << 24) };

/* mount(2), umount2(2), without the check for privilege.  -EBUSY, -ENOTDIR, ... */
int vfs_mount(const struct fs_type *type, const struct mount_args *args, const struct place *at)
    MUST_CHECK;
int vfs_bind(const struct place *from, const struct place *at, bool recursive) MUST_CHECK;
int vfs_remount(const struct place *at, u32 flags) MUST_CHECK;
int vfs_move_mount(const struct place *from, const struct place *at) MUST_CHECK;
enum umount_how { UMOUNT_PLAIN, UMOUNT_DETACH };
int vfs_umount(const struct place *at, enum umount_how how) MUST_CHECK;

/* syncfs(2), sync(2), statfs(2) */
int fs_sync(struct fs *fs);
int vfs_sync_all(void);
int mount_statfs(const struct mount *m, struct kstatfs *ret) MUST_CHECK;
int fs_statfs_by_dev(u32 dev, struct kstatfs *ret) MUST_CHECK; /* -EINVAL: not mounted      */

/* The text of /proc/self/mounts and /proc/self/mountinfo, as seen from root. */
int mount_show_mounts(const struct place *root, struct strbuf *dst);
int mount_show_mountinfo(const struct place *root, struct strbuf *dst);

/* The end: every file system is synced and torn down.  Nobody may be using the root any more. */
void mount_teardown(void);
