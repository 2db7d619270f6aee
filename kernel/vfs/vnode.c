/* SPDX-License-Identifier: MIT */
/*
 * Vnodes: their life, where they are, and who may do what with them.
 *
 * A vnode lives while something refers to it: an open file, a place, a child (its parent pointer), or,
 * in file systems that keep their files in memory, the directory entry.
 */
#include "kernel/vfs/vnode.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/lock.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

struct vnode_up_ops vnode_up_ops;

void vnode_init(struct vnode *v, struct fs *fs, const struct vnode_ops *ops, u32 mode, u64 ino)
{
    *v = (struct vnode){ .type = mode & S_IFMT, .mode = mode, .ops = ops, .fs = fs, .ino = ino };
    ref_init(&v->refs);
}

struct vnode *vnode_get(struct vnode *v)
{
    ref_get(&v->refs);
    return v;
}

void vnode_fini(struct vnode *v)
{
    kfree(v->name);
    v->name = NULL;
}

/* What others keep in a vnode that nobody refers to any more. */
static void vnode_release_parts(struct vnode *v)
{
    if (v->shared && vnode_up_ops.shared_release)
        vnode_up_ops.shared_release(v);
    if (v->type == S_IFSOCK && v->special && vnode_up_ops.socket_release)
        vnode_up_ops.socket_release(v);
    file_locks_free(v);
}

/* A loop, not a recursion: the last user of a deep directory that has been removed releases the
 * whole chain above it. */
void vnode_put(struct vnode *v)
{
    while (v && ref_put(&v->refs)) {
        struct vnode *parent = v->parent;

        v->parent = NULL;
        vnode_release_parts(v);
        v->ops->evict(v);
        v = parent;
    }
}

void vnode_putp(struct vnode **v)
{
    vnode_put(*v);
}

/* ---- where a vnode is ---- */

int vnode_place_prepare(struct name name, char **ret)
{
    char *copy = kmemdup_str(name.str, name.len);

    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

struct vnode *vnode_place_locked(struct vnode *v, struct vnode *dir, char **name)
{
    struct vnode *old_parent = v->parent;
    char *old_name = v->name;

    v->parent = vnode_get(dir);
    v->name = *name;
    *name = old_name;
    return old_parent;
}

int vnode_place_set(struct vnode *v, struct vnode *dir, struct name name)
{
    struct vnode *old = NULL;
    char *copy;
    int err = vnode_place_prepare(name, &copy);

    if (err)
        return err;
    rw_lock(&tree_lock);
    if (!v->parent)                              /* another look-up may have been faster    */
        old = vnode_place_locked(v, dir, &copy);
    rw_unlock(&tree_lock);
    kfree(copy);
    vnode_put(old);
    return 0;
}

void vnode_lock_two(struct vnode *a, struct vnode *b)
{
    rw_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        rw_lock(a < b ? &b->lock : &a->lock);
}

void vnode_unlock_two(struct vnode *a, struct vnode *b)
{
    rw_unlock(&a->lock);
    if (a != b)
        rw_unlock(&b->lock);
}

/* ---- permission ---- */

static struct cred boot_cred = { .refs = REFCOUNT_INIT, .cap_effective = UINT64_MAX };

const struct cred *vfs_cred(void)
{
    const struct cred *c = thread_self()->cred;

    return likely(c) ? c : &boot_cred;
}

/* capabilities(7): DAC_OVERRIDE does not make a file executable that nobody may execute. */
static bool permission_by_capability(const struct vnode *v, u32 mode, u32 rwx, const struct cred *c)
{
    bool executable = v->type == S_IFDIR || (mode & 0111);

    if (cred_has_cap(c, CAP_DAC_OVERRIDE) && (!(rwx & 1) || executable))
        return true;
    if (!cred_has_cap(c, CAP_DAC_READ_SEARCH))
        return false;
    return v->type == S_IFDIR ? !(rwx & 2) : rwx == 4;
}

int vnode_permission(const struct vnode *v, u32 rwx, const struct cred *c)
{
    u32 mode = vnode_mode(v);
    u32 bits = mode;

    if (c->fsuid == __atomic_load_n(&v->uid, __ATOMIC_RELAXED))
        bits = mode >> 6;
    else if (cred_in_group(c, __atomic_load_n(&v->gid, __ATOMIC_RELAXED)))
        bits = mode >> 3;
    if ((bits & rwx) == rwx || permission_by_capability(v, mode, rwx, c))
        return 0;
    return -EACCES;
}
