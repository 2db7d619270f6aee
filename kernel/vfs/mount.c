/* SPDX-License-Identifier: MIT */
/*
 * The mount table: mounting, binding, moving, unmounting.  The model is in mount.h.
 *
 * A mount that nobody refers to any more is freed at the end of an epoch, because light walks may
 * be passing through it; only then does its file system go.
 */
#include "kernel/vfs/mount_int.h"
#include "abi/linux/errno.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/path.h"

_Static_assert(MOUNT_FLAGS == (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS |
                               MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME),
               "mount.h cannot see MS_*");

enum { FIRST_DEV = 16 };                         /* smaller numbers: objects without an fs  */

struct rwlock tree_lock;

static struct list mounts = LIST_INIT(mounts);   /* guarded by tree_lock                    */
static u32 next_id = 1;                          /* guarded by tree_lock                    */
static _Atomic u32 next_dev = FIRST_DEV;

/* ---- file systems ---- */

void fs_init(struct fs *fs, const struct fs_type *type)
{
    *fs = (struct fs){ .type = type };
    ref_init(&fs->refs);
    fs->dev = __atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED);
}

static void fs_put(struct fs *fs)
{
    if (!ref_put(&fs->refs))
        return;
    notify_unmounted(fs);
    (void)fs_sync(fs);                           /* nobody left to tell                     */
    if (fs->type->unmount)
        fs->type->unmount(fs);
}

int fs_sync(struct fs *fs)
{
    return fs->type->sync ? fs->type->sync(fs) : 0;
}

static int fs_statfs(struct fs *fs, struct kstatfs *ret)
{
    *ret = (struct kstatfs){ .bsize = PAGE_SIZE, .namelen = 255 };
    if (fs->type->statfs) {
        int err = fs->type->statfs(fs, ret);

        if (err)
            return err;
    }
    if (!ret->frsize)
        ret->frsize = ret->bsize;
    if (!ret->fsid)
        ret->fsid = fs->dev;
    return 0;
}

/* The bits of statfs(2)'s f_flags are those of mount(2), but for a few. */
enum { ST_VALID = 0x20, ST_RELATIME = 0x1000, ST_SAME = 1 | 2 | 4 | 8 | 16 | 1024 | 2048 };

int mount_statfs(const struct mount *m, struct kstatfs *ret)
{
    u32 flags = mount_flags(m);
    int err = fs_statfs(m->fs, ret);

    if (err)
        return err;
    ret->flags = ST_VALID | (flags & ST_SAME);
    if (m->fs->readonly)
        ret->flags |= MS_RDONLY;
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        ret->flags |= ST_RELATIME;
    return 0;
}

/* ---- one mount ---- */

static void mount_free(struct retired *r)
{
    struct mount *m = container_of(r, struct mount, retired);

    vnode_put(m->root);
    fs_put(m->fs);
    kfree(m->source);
    kfree(m->options);
    kfree(m);
}

void mount_release(struct mount *m)
{
    epoch_retire(&m->retired, mount_free);
}

/* A mount that is nowhere yet.  Consumes the reference to fs, also on failure. */
static int mount_new(struct fs *fs, struct vnode *root, u32 flags, const char *source,
                     struct mount **ret)
{
    struct mount *m = kzalloc(sizeof(*m));

    if (m)
        m->source = kstrdup(source ? source : "none");
    if (!m || !m->source) {
        kfree(m);
        fs_put(fs);
        return -ENOMEM;
    }
    ref_init(&m->refs);
    m->fs = fs;
    m->root = vnode_get(root);
    m->flags = flags & MOUNT_FLAGS;
    list_init(&m->link);
    *ret = m;
    return 0;
}

struct mount *mount_covering(struct mount *parent, struct vnode *point)
{
    struct mount *m = __atomic_load_n(&point->mounted, __ATOMIC_ACQUIRE);

    while (m && __atomic_load_n(&m->parent, __ATOMIC_RELAXED) != parent)
        m = __atomic_load_n(&m->next_here, __ATOMIC_ACQUIRE);
    return m;
}

int mount_check_write(const struct mount *m)
{
    return (mount_flags(m) & MS_RDONLY) || m->fs->readonly ? -EROFS : 0;
}

int mount_want_write(struct mount *m)
{
    int err;

    __atomic_fetch_add(&m->writers, 1, __ATOMIC_SEQ_CST); /* pairs with vfs_remount()       */
    err = mount_check_write(m);
    if (err)
        mount_drop_write(m);
    return err;
}

void mount_drop_write(struct mount *m)
{
    __atomic_fetch_sub(&m->writers, 1, __ATOMIC_SEQ_CST);
}

/* ---- the tree; tree_lock is held exclusively ---- */

static void mount_link_locked(struct mount *m, const struct place *at)
{
    m->point = vnode_get(at->vnode);
    __atomic_store_n(&m->parent, mount_get(at->mount), __ATOMIC_RELEASE);
    __atomic_store_n(&m->next_here, at->vnode->mounted, __ATOMIC_RELEASE);
    __atomic_store_n(&at->vnode->mounted, m, __ATOMIC_RELEASE);
}

/* Take m off its mount point; ret: what it held there. */
static void mount_unlink_locked(struct mount *m, struct place *ret)
{
    struct mount *_Atomic *at = &m->point->mounted;

    while (*at != m)
        at = &(*at)->next_here;
    __atomic_store_n(at, m->next_here, __ATOMIC_RELEASE);
    *ret = (struct place){ m->parent, m->point };
    m->point = NULL;
    __atomic_store_n(&m->parent, NULL, __ATOMIC_RELEASE);
}

/* Enter m into the table, which takes over the caller's reference. */
static void mount_add_locked(struct mount *m)
{
    m->id = next_id++;
    list_append(&mounts, &m->link);
}

static struct mount *mount_at(struct list *l)
{
    return list_entry(l, struct mount, link);
}

static bool mount_is_below(const struct mount *m, const struct mount *top)
{
    while (m && m != top)
        m = m->parent;
    return m;
}

/* May something be mounted at this place? */
static int point_check_locked(const struct place *at, const struct vnode *root)
{
    if (at->vnode->removed)
        return -ENOENT;
    if ((at->vnode->type == S_IFDIR) != (root->type == S_IFDIR))
        return -ENOTDIR;
    if (at->vnode == at->mount->root || mount_covering(at->mount, at->vnode))
        return -EBUSY;
    return 0;
}

/* Mount m at a place.  Consumes m's reference, also on failure. */
static int mount_attach(struct mount *m, const struct place *at)
{
    int err;

    rw_lock(&at->vnode->lock);                   /* against rmdir and rename of the point   */
    rw_lock(&tree_lock);
    err = point_check_locked(at, m->root);
    if (!err) {
        mount_add_locked(m);
        mount_link_locked(m, at);
    }
    rw_unlock(&tree_lock);
    rw_unlock(&at->vnode->lock);
    if (err)
        mount_put(m);
    return err;
}

/* ---- mount(2) ---- */

static int mount_make(const struct fs_type *type, const struct mount_args *args, struct mount **ret)
{
    struct fs *fs;
    struct mount *m;
    int err = type->mount(args, &fs);

    if (err)
        return err;
    err = mount_new(fs, fs->root, args->flags, args->source, &m);
    if (err)
        return err;
    if (args->options && *args->options) {
        m->options = kstrdup(args->options);
        if (!m->options) {
            mount_put(m);
            return -ENOMEM;
        }
    }
    *ret = m;
    return 0;
}

int vfs_mount(const struct fs_type *type, const struct mount_args *args, const struct place *at)
{
    struct mount *m;
    int err = mount_make(type, args, &m);

    return err ? err : mount_attach(m, at);
}

int mount_root(const struct fs_type *type, const struct mount_args *args, struct place *ret)
{
    struct mount *m;
    int err = mount_make(type, args, &m);

    if (err)
        return err;
    rw_lock(&tree_lock);
    mount_add_locked(m);
    m->eternal = true;
    rw_unlock(&tree_lock);
    *ret = (struct place){ mount_get(m), vnode_get(m->root) };
    return 0;
}

/* ---- bind ---- */

static int mount_clone(struct mount *m, struct vnode *root, struct mount **ret)
{
    int err;

    ref_get(&m->fs->refs);
    err = mount_new(m->fs, root, mount_flags(m), m->source, ret);
    if (err || !m->options)
        return err;
    (*ret)->options = kstrdup(m->options);
    if (!(*ret)->options) {
        mount_put(*ret);
        return -ENOMEM;
    }
    return 0;
}

static bool vnode_is_below_locked(const struct vnode *v, const struct vnode *top)
{
    while (v && v != top)
        v = v->parent;
    return v;
}

/* The n-th mount on a directory below from, to be bound as well; NULL behind the last. */
static struct mount *submount_at(const struct place *from, u32 n)
{
    struct mount *found = NULL;

    rw_lock_shared(&tree_lock);
    list_for_each(l, &mounts) {
        struct mount *m = mount_at(l);

        if (m->parent != from->mount || !vnode_is_below_locked(m->point, from->vnode))
            continue;
        if (n-- == 0) {
            found = mount_get(m);
            break;
        }
    }
    rw_unlock_shared(&tree_lock);
    return found;
}

enum { BIND_DEPTH = 32 };                        /* mounts below mounts that MS_REC follows */

static int bind_below(const struct place *from, struct mount *to, u32 depth);

/* Bind m, which is mounted somewhere below from, to the same directory as seen through `to`. */
static int bind_submount(struct mount *m, struct mount *to, u32 depth)
{
    struct place at = { to, NULL }, m_root = { m, m->root };
    struct mount *clone;
    int err = mount_clone(m, m->root, &clone);

    if (err)
        return err;
    rw_lock_shared(&tree_lock);
    at.vnode = m->point ? vnode_get(m->point) : NULL;
    rw_unlock_shared(&tree_lock);
    if (!at.vnode) {                             /* just unmounted                          */
        mount_put(clone);
        return 0;
    }
    mount_get(clone);
    err = mount_attach(clone, &at);
    vnode_put(at.vnode);
    if (!err)
        err = bind_below(&m_root, clone, depth + 1);
    mount_put(clone);
    return err;
}

static int bind_below(const struct place *from, struct mount *to, u32 depth)
{
    int err = depth < BIND_DEPTH ? 0 : -EINVAL;

    for (u32 n = 0; !err; n++) {
        struct mount *m = submount_at(from, n);

        if (!m)
            break;
        err = m == to ? 0 : bind_submount(m, to, depth);
        mount_put(m);
    }
    return err;
}

int vfs_bind(const struct place *from, const struct place *at, bool recursive)
{
    struct mount *m;
    int err = mount_clone(from->mount, from->vnode, &m);

    if (err)
        return err;
    mount_get(m);
    err = mount_attach(m, at);
    if (!err && recursive)
        err = bind_below(from, m, 0);
    mount_put(m);
    return err;
}

/* ---- remount, move, umount ---- */

int vfs_remount(const struct place *at, u32 flags)
{
    struct mount *m = at->mount;
    u32 before = mount_flags(m);

    if (at->vnode != m->root)
        return -EINVAL;
    if (!(flags & MS_RDONLY) && m->fs->readonly)
        return -EROFS;
    __atomic_store_n(&m->flags, flags & MOUNT_FLAGS, __ATOMIC_SEQ_CST);
    if ((flags & MS_RDONLY) && __atomic_load_n(&m->writers, __ATOMIC_SEQ_CST) > 0) {
        __atomic_store_n(&m->flags, before, __ATOMIC_SEQ_CST);
        return -EBUSY;
    }
    return 0;
}

static int move_locked(struct mount *m, const struct place *at, struct place *ret_old)
{
    int err;

    if (!m->parent)
        return -EINVAL;
    if (mount_is_below(at->mount, m))
        return -ELOOP;
    err = point_check_locked(at, m->root);
    if (err)
        return err;
    mount_unlink_locked(m, ret_old);
    mount_link_locked(m, at);
    return 0;
}

int vfs_move_mount(const struct place *from, const struct place *at)
{
    struct place old;
    int err;

    if (from->vnode != from->mount->root)
        return -EINVAL;
    rw_lock(&at->vnode->lock);
    rw_lock(&tree_lock);
    err = move_locked(from->mount, at, &old);
    rw_unlock(&tree_lock);
    rw_unlock(&at->vnode->lock);
    if (!err)
        place_put(&old);
    return err;
}

/* Take m, and what is mounted below it, out of the tree; chained through next_here, which a mount
 * without a place does not use.  Below the first call nothing fails. */
static void detach_locked(struct mount *top, struct list *gone)
{
    list_for_each_safe(l, &mounts) {
        struct mount *m = mount_at(l);

        if (!mount_is_below(m, top))
            continue;
        list_remove(l);
        list_append(gone, l);
    }
}

static bool mount_is_busy_locked(const struct mount *m)
{
    list_for_each(l, &mounts)
        if (mount_at(l)->parent == m)
            return true;
    return ref_count(&m->refs) > 2;              /* the table's and the caller's            */
}

static void mounts_release(struct list *gone)
{
    struct list *l;

    while ((l = list_first(gone))) {
        struct mount *m = mount_at(l);
        struct place held;

        rw_lock(&tree_lock);
        list_remove(l);
        mount_unlink_locked(m, &held);
        rw_unlock(&tree_lock);
        place_put(&held);
        mount_put(m);
    }
}

int vfs_umount(const struct place *at, enum umount_how how)
{
    struct list gone = LIST_INIT(gone);
    struct mount *m = at->mount;
    int err = 0;

    if (at->vnode != m->root)
        return -EINVAL;
    rw_lock(&tree_lock);
    if (!m->parent)
        err = list_is_empty(&m->link) ? -EINVAL : -EBUSY; /* detached already; the root     */
    else if (how == UMOUNT_PLAIN && mount_is_busy_locked(m))
        err = -EBUSY;
    else
        detach_locked(m, &gone);
    rw_unlock(&tree_lock);
    if (err)
        return err;
    mounts_release(&gone);
    return 0;
}

/* ---- everything ---- */

/* The mount behind m in the table (NULL: the first), with a reference; puts m. */
static struct mount *mount_next(struct mount *m)
{
    struct list *l;
    struct mount *next;

    rw_lock_shared(&tree_lock);
    l = m ? m->link.next : mounts.next;
    next = l != &mounts && (!m || l != &m->link) ? mount_get(mount_at(l)) : NULL;
    rw_unlock_shared(&tree_lock);
    mount_put(m);
    return next;
}

int vfs_sync_all(void)
{
    int first = 0;

    for (struct mount *m = mount_next(NULL); m; m = mount_next(m)) {
        int err = fs_sync(m->fs);

        first = first ? first : err;
    }
    return first;
}

int fs_statfs_by_dev(u32 dev, struct kstatfs *ret)
{
    for (struct mount *m = mount_next(NULL); m; m = mount_next(m)) {
        int err;

        if (m->fs->dev != dev)
            continue;
        err = fs_statfs(m->fs, ret);
        mount_put(m);
        return err;
    }
    return -EINVAL;
}

void mount_teardown(void)
{
    struct list gone = LIST_INIT(gone);

    (void)vfs_sync_all();                        /* the run is over                         */
    rw_lock(&tree_lock);
    while (!list_is_empty(&mounts)) {
        struct list *last = mounts.prev;

        list_remove(last);
        if (mount_at(last)->parent)
            list_append(&gone, last);
        else
            mount_release(mount_at(last));       /* the root                                */
    }
    rw_unlock(&tree_lock);
    mounts_release(&gone);
    epoch_drain();
}

void mount_for_each(void (*show)(struct mount *m, void *arg), void *arg)
{
    rw_lock_shared(&tree_lock);
    list_for_each(l, &mounts)
        show(mount_at(l), arg);
    rw_unlock_shared(&tree_lock);
}
