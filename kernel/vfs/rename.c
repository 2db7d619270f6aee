/* SPDX-License-Identifier: MIT */
/*
 * rename(2), renameat2(2).
 *
 * Both directories are locked, then what is moved and what is replaced.  Everything is checked first;
 * the file system then does it in one step.
 *
 * Locks: fs.rename_lock if the directories differ (it keeps "who is above whom" still); the
 * directories, the upper one first, unrelated ones by address; the two files by address; tree_lock
 * for the new place of what was moved.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/inotify.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/vfs/entry.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

enum { RENAME_KNOWN = RENAME_NOREPLACE | RENAME_EXCHANGE };

struct renaming {
    struct walk from, to;                        /* at the directories                      */
    u32 flags;
    struct vnode *v;                             /* counts: what is moved                   */
    struct vnode *victim;                        /* counts: what is there, or NULL          */
    char *name, *victim_name;                    /* owned: new vnode.name; then the old one */
    struct vnode *old_parent[2];                 /* counts: to be put at the end            */
};

/* Is top v itself or above it?  Under rename_lock. */
static bool is_at_or_above(const struct vnode *top, const struct vnode *v)
{
    bool found = false;

    rw_lock_shared(&tree_lock);
    for (; v && !found; v = v->parent)
        found = v == top;
    rw_unlock_shared(&tree_lock);
    return found;
}

static void lock_directories(struct vnode *a, struct vnode *b)
{
    if (a == b) {
        rw_lock(&a->lock);
        return;
    }
    mutex_lock(&a->fs->rename_lock);
    if (is_at_or_above(a, b)) {
        rw_lock(&a->lock);
        rw_lock(&b->lock);
    } else if (is_at_or_above(b, a)) {
        rw_lock(&b->lock);
        rw_lock(&a->lock);
    } else {
        vnode_lock_two(a, b);
    }
}

static void unlock_directories(struct vnode *a, struct vnode *b)
{
    vnode_unlock_two(a, b);
    if (a != b)
        mutex_unlock(&a->fs->rename_lock);
}

/* ---- checks ---- */

static int check_names(const struct renaming *r)
{
    bool exchange = r->flags & RENAME_EXCHANGE;

    if (exchange && r->to.trailing && r->victim->type != S_IFDIR)
        return -ENOTDIR;
    if (r->v->type == S_IFDIR)
        return 0;
    if (r->from.trailing || (!exchange && r->to.trailing))
        return -ENOTDIR;
    return 0;
}

/* No directory into itself. */
static int check_loops(const struct renaming *r)
{
    if (r->from.vnode == r->to.vnode)
        return 0;
    if (r->v->type == S_IFDIR && is_at_or_above(r->v, r->to.vnode))
        return -EINVAL;
    if (r->victim && r->victim->type == S_IFDIR && is_at_or_above(r->victim, r->from.vnode))
        return r->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    return 0;
}

static int check_target(const struct renaming *r)
{
    int err;

    if (!r->victim)
        return r->to.vnode->removed ? -ENOENT : vnode_permission(r->to.vnode, 3, vfs_cred());
    err = entry_may_delete(r->to.vnode, r->victim);
    if (err || (r->flags & RENAME_EXCHANGE))
        return err;
    if (r->v->type == S_IFDIR)
        return r->victim->type == S_IFDIR ? 0 : -ENOTDIR;
    return r->victim->type == S_IFDIR ? -EISDIR : 0;
}

/* A directory that changes its parent is written to: its ".." changes. */
static int check_dotdot(const struct renaming *r)
{
    int err = 0;

    if (r->from.vnode == r->to.vnode)
        return 0;
    if (r->v->type == S_IFDIR)
        err = vnode_permission(r->v, 2, vfs_cred());
    if (!err && (r->flags & RENAME_EXCHANGE) && r->victim->type == S_IFDIR)
        err = vnode_permission(r->victim, 2, vfs_cred());
    return err;
}

static int rename_check(const struct renaming *r)
{
    int err = check_names(r);

    if (!err)
        err = check_loops(r);
    if (!err)
        err = entry_may_delete(r->from.vnode, r->v);
    if (!err)
        err = check_target(r);
    if (!err)
        err = check_dotdot(r);
    if (!err && (r->v->mounted || (r->victim && r->victim->mounted)))
        err = -EBUSY;
    if (!err && !r->from.vnode->ops->rename)
        err = -EPERM;
    return err;
}

/* ---- the rename ---- */

static int lookup_both(struct renaming *r)
{
    const struct vnode_ops *ops = r->from.vnode->ops;
    int err = ops->lookup ? ops->lookup(r->from.vnode, r->from.last, &r->v) : -ENOTDIR;

    if (err)
        return err;
    err = r->to.vnode->ops->lookup(r->to.vnode, r->to.last, &r->victim);
    if (!err)
        return r->flags & RENAME_NOREPLACE ? -EEXIST : 0;
    return err == -ENOENT && !(r->flags & RENAME_EXCHANGE) ? 0 : err;
}

static int prepare_places(struct renaming *r)
{
    int err = vnode_place_prepare(r->to.last, &r->name);

    if (!err && (r->flags & RENAME_EXCHANGE))
        err = vnode_place_prepare(r->from.last, &r->victim_name);
    return err;
}

static void commit_places(struct renaming *r)
{
    rw_lock(&tree_lock);
    r->old_parent[0] = vnode_place_locked(r->v, r->to.vnode, &r->name);
    if (r->flags & RENAME_EXCHANGE)
        r->old_parent[1] = vnode_place_locked(r->victim, r->from.vnode, &r->victim_name);
    rw_unlock(&tree_lock);
}

/* Both directories are locked. */
static int rename_locked(struct renaming *r)
{
    int err = lookup_both(r);

    if (!err && r->v == r->victim)
        return 0;                                /* rename(2): two names of one file stay   */
    if (!err)
        err = rename_check(r);
    if (!err)
        err = prepare_places(r);
    if (err)
        return err;

    vnode_lock_two(r->v, r->victim ? r->victim : r->v);
    err = r->from.vnode->ops->rename(r->from.vnode, r->from.last, r->v, r->to.vnode, r->to.last,
                                     r->victim, r->flags);
    if (!err && r->victim && r->victim->type == S_IFDIR && !(r->flags & RENAME_EXCHANGE))
        r->victim->removed = true;
    vnode_unlock_two(r->v, r->victim ? r->victim : r->v);
    if (!err)
        commit_places(r);
    return err;
}

static void rename_notify(const struct renaming *r)
{
    u32 is_dir = r->v->type == S_IFDIR ? IN_ISDIR : 0;
    struct name none = { NULL, 0 };
    u32 cookie;

    if (!vnode_is_watched(r->from.vnode) && !vnode_is_watched(r->to.vnode) &&
        !vnode_is_watched(r->v) && !vnode_is_watched(r->victim))
        return;
    cookie = notify_cookie();
    notify_entry(r->from.vnode, r->from.last, IN_MOVED_FROM | is_dir, cookie);
    notify_entry(r->to.vnode, r->to.last, IN_MOVED_TO | is_dir, cookie);
    notify_vnode(r->v, NULL, none, IN_MOVE_SELF);
    if (r->flags & RENAME_EXCHANGE) {
        is_dir = r->victim->type == S_IFDIR ? IN_ISDIR : 0;
        cookie = notify_cookie();
        notify_entry(r->to.vnode, r->to.last, IN_MOVED_FROM | is_dir, cookie);
        notify_entry(r->from.vnode, r->from.last, IN_MOVED_TO | is_dir, cookie);
        notify_vnode(r->victim, NULL, none, IN_MOVE_SELF);
    } else if (r->victim) {
        struct vattr a;

        if (r->victim->type == S_IFDIR || (!vnode_getattr(r->victim, &a) && !a.nlink))
            notify_deleted(r->victim);
        else
            notify_vnode(r->victim, NULL, none, IN_ATTRIB);
    }
}

static int rename_walked(struct renaming *r)
{
    int err;

    if (r->from.mount != r->to.mount)
        return -EXDEV;
    if (r->from.last_is != LAST_NAME)
        return -EBUSY;
    if (r->to.last_is != LAST_NAME)
        return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    err = mount_check_write(r->from.mount);
    if (err)
        return err;

    lock_directories(r->from.vnode, r->to.vnode);
    err = rename_locked(r);
    unlock_directories(r->from.vnode, r->to.vnode);
    if (!err && r->v != r->victim)
        rename_notify(r);
    return err;
}

static void renaming_fini(struct renaming *r)
{
    kfree(r->name);
    kfree(r->victim_name);
    vnode_put(r->v);
    vnode_put(r->victim);
    vnode_put(r->old_parent[0]);
    vnode_put(r->old_parent[1]);
    walk_fini(&r->from);
    walk_fini(&r->to);
}

int vfs_renameat(int from_dirfd, const char *from, int to_dirfd, const char *to, u32 flags)
{
    AUTO(renaming_fini) struct renaming r = { .flags = flags };
    int err;

    if (flags & ~(u32)RENAME_KNOWN || flags == RENAME_KNOWN)
        return -EINVAL;
    walk_init(&r.from, from_dirfd, from, 0);
    walk_init(&r.to, to_dirfd, to, 0);
    err = walk_find_parent(&r.from);
    if (!err)
        err = walk_find_parent(&r.to);
    return err ? err : rename_walked(&r);
}
