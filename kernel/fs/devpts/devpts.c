/* SPDX-License-Identifier: MIT */
/*
 * devpts: names for pseudo-terminals.
 *
 * Each mount is an instance of its own: a directory of the pairs that were opened through its ptmx,
 * or through a device 5:2 that stands beside a directory "pts" on which it is mounted (as /dev/ptmx
 * and /dev/pts).  A name is there from the open of the master to its close.
 *
 *     devpts.slot[N] ──counts──► node "N" ──counts──► pty
 *                                  │ └──counts──► mount          while the master is open
 *                                  ▲
 *     pty.home ────────────────────┘
 *
 * The mount keeps the file system while a pair has its name there.
 *
 * Locks: vnode.lock of a node guards its attributes; devpts.lock the slots; a leaf.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/magic.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/dev/pty.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

enum {
    PAIRS_MAX = 1024,
    INO_ROOT = 1,
    INO_PTMX = 2,
    INO_FIRST = 3,                               /* of pair 0                               */
    MAJOR_AUX = 5,
    MINOR_PTMX = 2,
    MAJOR_USER_SIDE = 136,
    DIGITS = 12,
    COOKIE_PTMX = READDIR_START,
    COOKIE_FIRST = READDIR_START + 1,
};

struct node {
    struct vnode v;
    u32 index;                                   /* [const] of a pair                       */
    struct pty *pty;                             /* [const] counts; NULL: root and ptmx     */
    struct mount *mount;                   /* counts; guarded by devpts.lock; NULL once
                                                    the master is closed                    */
    struct timespec64 atime, mtime, ctime;       /* guarded by v.lock                       */
};

struct devpts {
    struct fs fs;
    struct vnode *ptmx;                          /* [const] counts                          */
    u32 mode, uid, gid;                          /* [const] of new terminals                */
    bool fixed_uid, fixed_gid;                   /* [const] else whoever opens it           */
    struct mutex lock;
    u32 pairs_max;                               /* [const]                                 */
    struct node *slot[PAIRS_MAX];                /* guarded by lock; each counts            */
};

extern const struct fs_type devpts_fs;

static const struct vnode_ops node_ops;

static struct node *node_of(struct vnode *v)
{
    return container_of(v, struct node, v);
}

static struct devpts *devpts_of(const struct vnode *v)
{
    return container_of(v->fs, struct devpts, fs);
}

/* ---- nodes ---- */

static struct node *node_new(struct devpts *fs, u32 mode, u64 ino)
{
    struct node *n = kzalloc(sizeof(*n));

    if (!n)
        return NULL;
    vnode_init(&n->v, &fs->fs, &node_ops, mode, ino);
    n->atime = n->mtime = n->ctime = vfs_now();
    return n;
}

static void node_free(struct retired *r)
{
    struct node *n = container_of(container_of(r, struct vnode, retired), struct node, v);

    vnode_fini(&n->v);
    kfree(n);
}

static void node_evict(struct vnode *v)
{
    pty_put(node_of(v)->pty);
    epoch_retire(&v->retired, node_free);
}

static u32 minor_of(const struct node *n)
{
    return n->v.ino == INO_PTMX ? MINOR_PTMX : n->index;
}

static int node_getattr(struct vnode *v, struct vattr *ret)
{
    const struct node *n = node_of(v);
    bool is_dir = v->type == S_IFDIR;

    *ret = (struct vattr){
        .mode = vnode_mode(v),
        .uid = v->uid,
        .gid = v->gid,
        .nlink = is_dir ? 2 : 1,
        .ino = v->ino,
        .blksize = 1024,
        .rdev_major = is_dir               ? 0
                      : v->ino == INO_PTMX ? MAJOR_AUX
                                           : MAJOR_USER_SIDE,
        .rdev_minor = is_dir ? 0 : minor_of(n),
        .atime = n->atime,
        .mtime = n->mtime,
        .ctime = n->ctime,
        .btime = n->ctime,
    };
    return 0;
}

static int node_setattr(struct vnode *v, const struct vattr *a, u32 mask)
{
    struct node *n = node_of(v);

    vnode_set_owner(v, mask & VATTR_MODE ? v->type | (a->mode & 07777) : v->mode,
                    mask & VATTR_UID ? a->uid : v->uid, mask & VATTR_GID ? a->gid : v->gid);
    if (mask & VATTR_ATIME)
        n->atime = a->atime;
    if (mask & VATTR_MTIME)
        n->mtime = a->mtime;
    if (mask & VATTR_CTIME)
        n->ctime = a->ctime;
    return 0;
}

/* ---- the directory ---- */

static bool name_is(struct name name, const char *what)
{
    return name.len == strlen(what) && !memcmp(name.str, what, name.len);
}

static int root_lookup(struct vnode *dir, struct name name, struct vnode **ret)
{
    struct devpts *fs = devpts_of(dir);
    u64 index;

    if (name_is(name, "ptmx")) {
        *ret = vnode_get(fs->ptmx);
        return 0;
    }
    if (!str_to_u64(name.str, name.len, 10, &index) || index >= PAIRS_MAX ||
        (name.len > 1 && name.str[0] == '0'))
        return -ENOENT;
    WITH_MUTEX(&fs->lock);
    if (!fs->slot[index])
        return -ENOENT;
    *ret = vnode_get(&fs->slot[index]->v);
    return 0;
}

/* The first pair at or behind *index that there is. */
static bool next_pair(struct devpts *fs, u64 *index)
{
    WITH_MUTEX(&fs->lock);
    while (*index < PAIRS_MAX && !fs->slot[*index])
        ++*index;
    return *index < PAIRS_MAX;
}

static int root_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg)
{
    struct devpts *fs = devpts_of(dir);
    u32 dtype = S_IFCHR >> 12;
    char digits[DIGITS];
    u64 index;

    if (*cookie <= COOKIE_PTMX) {
        if (!emit(arg, (struct name){ "ptmx", 4 }, INO_PTMX, dtype, COOKIE_FIRST))
            return 0;
        *cookie = COOKIE_FIRST;
    }
    for (index = *cookie - COOKIE_FIRST; next_pair(fs, &index); index++) {
        struct name name = { digits, 0 };

        name.len = (size_t)ksnprintf(digits, sizeof(digits), "%u", (u32)index);
        *cookie = COOKIE_FIRST + index;
        if (!emit(arg, name, INO_FIRST + index, dtype, *cookie + 1))
            return 0;
        ++*cookie;
    }
    return 0;
}

/* ---- pairs ---- */

/* Give a node a number and a name.  Takes a reference to it. */
static int slot_take(struct devpts *fs, struct node *n)
{
    WITH_MUTEX(&fs->lock);
    if (n->index >= fs->pairs_max || fs->slot[n->index])
        return -EAGAIN;
    vnode_get(&n->v);
    fs->slot[n->index] = n;
    return 0;
}

static int slot_free_index(struct devpts *fs, u32 *ret)
{
    WITH_MUTEX(&fs->lock);
    for (u32 i = 0; i < fs->pairs_max; i++) {
        if (!fs->slot[i]) {
            *ret = i;
            return 0;
        }
    }
    return -ENOSPC;
}

static void slot_give(struct node *n)
{
    struct devpts *fs = devpts_of(&n->v);
    struct mount *m;

    mutex_lock(&fs->lock);
    fs->slot[n->index] = NULL;
    m = TAKE(n->mount);
    mutex_unlock(&fs->lock);
    vnode_put(&n->v);
    mount_put(m);                                /* last: the file system may go with it    */
}

static void pair_closed(void *home)
{
    slot_give(home);
}

static struct node *pair_node_new(struct devpts *fs, struct mount *m, u32 index)
{
    struct node *n = node_new(fs, S_IFCHR | fs->mode, INO_FIRST + index);
    const struct cred *c = vfs_cred();

    if (!n)
        return NULL;
    vnode_set_owner(&n->v, n->v.mode, fs->fixed_uid ? fs->uid : c->fsuid,
                    fs->fixed_gid ? fs->gid : c->fsgid);
    n->index = index;
    n->mount = mount_get(m);
    return n;
}

/* Two opens at once may choose the same number: the second chooses again. */
static int pair_open(struct devpts *fs, struct mount *m, struct file *f)
{
    struct node *n;
    u32 index;
    int err;

    do {
        err = slot_free_index(fs, &index);
        if (err)
            return err;
        n = pair_node_new(fs, m, index);
        if (!n)
            return -ENOMEM;
        err = slot_take(fs, n);
        if (err) {
            mount_put(n->mount);
            vnode_put(&n->v);
        }
    } while (err == -EAGAIN);

    err = pty_new(index, n, f, &n->pty);
    if (err)
        slot_give(n);
    vnode_put(&n->v);                            /* the slot has its own                    */
    return err;
}

/* Until pty_new() has succeeded a node has a name, but nothing behind it. */
static int node_open(struct vnode *v, struct file *f)
{
    struct node *n = node_of(v);

    if (v->ino == INO_PTMX)
        return pair_open(devpts_of(v), f->mount, f);
    return n->pty ? pty_open(n->pty, f) : -EIO;
}

static const struct vnode_ops node_ops = {
    .lookup = root_lookup,
    .readdir = root_readdir,
    .getattr = node_getattr,
    .setattr = node_setattr,
    .open = node_open,
    .evict = node_evict,
};

/* ---- device 5:2 ---- */

static struct mount *covering(struct mount *parent, struct vnode *point)
{
    struct mount *m;

    epoch_enter();
    m = mount_covering(parent, point);
    if (m && !mount_try_get(m))
        m = NULL;
    epoch_leave();
    return m;
}

/* The instance that is mounted on "pts" in the directory where the device stands. */
static struct mount *instance_beside(struct file *f)
{
    AUTO(vnode_putp) struct vnode *pts = NULL;
    struct vnode *dir = f->dir;
    struct mount *m;
    int err;

    if (!dir || !dir->ops->lookup)
        return NULL;
    rw_lock_shared(&dir->lock);
    err = dir->ops->lookup(dir, (struct name){ "pts", 3 }, &pts);
    rw_unlock_shared(&dir->lock);
    if (err)
        return NULL;
    m = covering(f->mount, pts);
    if (m && m->fs->type == &devpts_fs && m->root == m->fs->root)
        return m;
    mount_put(m);
    return NULL;
}

static int device_open(struct file *f)
{
    struct mount *m = instance_beside(f);
    int err;

    if (!m)
        return -ENODEV;
    err = pair_open(container_of(m->fs, struct devpts, fs), m, f);
    mount_put(m);
    return err;
}

static int peer_open(void *home, u32 flags, struct file **ret)
{
    struct node *n = home;
    struct place dir = { n->mount, n->v.fs->root }; /* ours while the master is open        */
    char digits[DIGITS];
    struct name name = { digits, 0 };

    if (flags & ~(u32)(O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    name.len = (size_t)ksnprintf(digits, sizeof(digits), "%u", n->index);
    return vfs_open_entry(&dir, name, &n->v, flags, ret);
}

/* ---- the file system ---- */

struct options {
    u64 mode, ptmx_mode, uid, gid, max;
    bool has_uid, has_gid;
};

static int option_set(struct options *o, struct name key, struct name value)
{
    struct {
        const char *key;
        u64 *value;
        u32 base;
        u64 max;
    } known[] = {
        { "mode", &o->mode, 8, 07777 },         { "ptmxmode", &o->ptmx_mode, 8, 07777 },
        { "uid", &o->uid, 10, UINT32_MAX - 1 }, { "gid", &o->gid, 10, UINT32_MAX - 1 },
        { "max", &o->max, 10, PAIRS_MAX },
    };

    for (u32 i = 0; i < ARRAY_SIZE(known); i++) {
        if (!name_is(key, known[i].key))
            continue;
        if (!str_to_u64(value.str, value.len, known[i].base, known[i].value) ||
            *known[i].value > known[i].max)
            return -EINVAL;
        o->has_uid |= known[i].value == &o->uid;
        o->has_gid |= known[i].value == &o->gid;
        return 0;
    }
    return -EINVAL;
}

/* "newinstance" is what every mount is. */
static int options_parse(const char *text, struct options *o)
{
    while (text && *text) {
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        const char *equals = memchr(text, '=', len);
        int err = 0;

        if (equals)
            err = option_set(o, (struct name){ text, (size_t)(equals - text) },
                             (struct name){ equals + 1, (size_t)(text + len - equals - 1) });
        else if (!name_is((struct name){ text, len }, "newinstance"))
            err = -EINVAL;
        if (err)
            return err;
        text += len + (comma ? 1 : 0);
    }
    return 0;
}

static int devpts_mount(const struct mount_args *args, struct fs **ret)
{
    struct options o = { .mode = 0600, .ptmx_mode = 0000, .max = PAIRS_MAX };
    struct devpts *fs;
    struct node *root, *ptmx;
    int err = options_parse(args->options, &o);

    if (err)
        return err;
    fs = kzalloc(sizeof(*fs));
    if (!fs)
        return -ENOMEM;
    fs_init(&fs->fs, &devpts_fs);
    root = node_new(fs, S_IFDIR | 0755, INO_ROOT);
    ptmx = node_new(fs, S_IFCHR | (u32)o.ptmx_mode, INO_PTMX);
    if (!root || !ptmx) {
        vnode_put(root ? &root->v : NULL);
        vnode_put(ptmx ? &ptmx->v : NULL);
        kfree(fs);
        return -ENOMEM;
    }
    fs->fs.root = &root->v;
    fs->ptmx = &ptmx->v;
    fs->mode = (u32)o.mode;
    fs->uid = (u32)o.uid;
    fs->gid = (u32)o.gid;
    fs->fixed_uid = o.has_uid;
    fs->fixed_gid = o.has_gid;
    fs->pairs_max = (u32)o.max;
    pty_home_ops =
        (struct pty_home_ops){ .open = device_open, .closed = pair_closed, .open_peer = peer_open };
    *ret = &fs->fs;
    return 0;
}

static void devpts_unmount(struct fs *base)
{
    struct devpts *fs = container_of(base, struct devpts, fs);

    vnode_put(fs->ptmx);
    vnode_put(fs->fs.root);
    kfree(fs);
}

static int devpts_statfs(struct fs *fs, struct kstatfs *ret)
{
    (void)fs;
    ret->type = DEVPTS_SUPER_MAGIC;
    return 0;
}

const struct fs_type devpts_fs = {
    .name = "devpts",
    .nodev = true,
    .mount = devpts_mount,
    .statfs = devpts_statfs,
    .unmount = devpts_unmount,
};
