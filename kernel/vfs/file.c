/* SPDX-License-Identifier: MIT */
/*
 * Open files: making them, dropping them, saying what they are.
 *
 * Storage comes from a pool that never gives a file's memory to anything else (see struct file).
 * Free files are linked through priv; their reference count is 0, so that a late look-up cannot
 * take a reference.
 *
 * One free file is kept for each thread, so that one that opens and closes takes no lock.
 *
 * Locks: pool.lock, a leaf.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/lock.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path_int.h"

enum { ANON_DEV = 1 };                           /* st_dev of what is in no file system     */

struct file_signal_ops file_signal_ops;
struct file_epoll_ops file_epoll_ops;

static struct {
    struct spinlock lock;
    struct file *free;                           /* linked through priv                     */
    struct file *own[THREAD_SLOTS];              /* [self] of each thread slot, or NULL     */
} pool;

static _Atomic u64 anon_ino = 1;

u64 file_anon_ino(void)
{
    return __atomic_fetch_add(&anon_ino, 1, __ATOMIC_RELAXED);
}

/* ---- storage ---- */

static struct file *pool_take(void)
{
    struct file **own = &pool.own[thread_self()->slot], *f = *own;

    if (likely(f)) {
        *own = NULL;
        return f;
    }
    spin_lock(&pool.lock);
    f = pool.free;
    if (likely(f))
        pool.free = f->priv;
    spin_unlock(&pool.lock);
    return f;
}

static void pool_give(struct file *f)
{
    struct file **own = &pool.own[thread_self()->slot];

    if (likely(!*own)) {
        *own = f;
        return;
    }
    spin_lock(&pool.lock);
    f->priv = pool.free;
    pool.free = f;
    spin_unlock(&pool.lock);
}

/* A page of new files: one is returned, the others go to the pool. */
static struct file *pool_grow(void)
{
    struct file *page = page_alloc(1);

    if (!page)
        return NULL;
    for (u32 i = 1; i < PAGE_SIZE / sizeof(struct file); i++)
        pool_give(&page[i]);
    return page;
}

/* Storage is given back by the page: each is whole on the free list. */
void file_pool_drain(void)
{
    struct file *f, **at = &pool.free;
    struct file *pages = NULL;

    for (u32 i = 0; i < THREAD_SLOTS; i++) {
        if (pool.own[i]) {
            pool.own[i]->priv = pool.free;
            pool.free = pool.own[i];
            pool.own[i] = NULL;
        }
    }
    while ((f = *at)) {
        if (page_offset((u64)f)) {
            at = (struct file **)&f->priv;
            continue;
        }
        *at = f->priv;
        f->priv = pages;
        pages = f;
    }
    pool.free = NULL;
    while ((f = pages)) {
        pages = f->priv;
        page_free(f, 1);
    }
}

static bool file_kind_is_seekable(const struct file_ops *ops)
{
    return ops->seek;
}

struct file *file_alloc(const struct file_ops *ops, void *priv, u32 flags)
{
    struct file *f = pool_take();
    u32 acc = flags & O_ACCMODE;

    if (unlikely(!f)) {
        f = pool_grow();
        if (!f)
            return NULL;
    }
    /* all but the locks, which are as a new file's, and refs, which a late look-up may read */
    __atomic_store_n(&f->flags, flags & ~(u32)O_CLOEXEC, __ATOMIC_RELAXED);
    f->ops = ops;
    f->priv = priv;
    f->vnode = f->dir = NULL;
    f->mount = NULL;
    f->wait = &f->own_wait;
    f->read_ok = acc == O_RDONLY || acc == O_RDWR;
    f->write_ok = acc == O_WRONLY || acc == O_RDWR;
    f->seekable = file_kind_is_seekable(ops);
    f->path_only = f->exec = f->no_notify = f->has_locks = false;
    f->pos = 0;
    f->name.longer = NULL;
    f->name.len = 0;
    f->name.text[0] = '\0';
    f->epolls = NULL;
    f->owner_pid = f->owner_sig = f->owner_fd = 0;
    list_init(&f->of_object);
    f->owner_type = 0;
    __atomic_store_n(&f->refs.n, 1, __ATOMIC_RELEASE);
    return f;
}

void file_free(struct file *f)
{
    __atomic_store_n(&f->refs.n, 0, __ATOMIC_RELEASE);
    pool_give(f);
}

int file_new(const struct file_ops *ops, void *priv, u32 flags, struct file **ret)
{
    struct file *f = file_alloc(ops, priv, flags);

    if (!f)
        return -ENOMEM;
    *ret = f;
    return 0;
}

int file_name_set(struct file_name *n, struct name name)
{
    n->len = (u8)name.len;
    if (name.len < sizeof(n->text)) {
        memcpy(n->text, name.str, name.len);
        n->text[name.len] = '\0';
        return 0;
    }
    n->longer = kmemdup_str(name.str, name.len);
    return n->longer ? 0 : -ENOMEM;
}

/* ---- the end of a file ---- */

static void file_close_vnode(struct file *f)
{
    struct vnode *v = f->vnode;

    if (f->write_ok && v->type == S_IFREG && !f->path_only) {
        __atomic_fetch_sub(&v->writers, 1, __ATOMIC_SEQ_CST);
        mount_drop_write(f->mount);
    }
    if (f->exec)
        __atomic_fetch_sub(&v->execs, 1, __ATOMIC_SEQ_CST);
    if (f->has_locks)
        file_locks_drop_file(f);
    if (!f->path_only)
        notify_file(f, f->write_ok ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
}

void file_close(struct file *f)
{
    if (unlikely(f->epolls) && file_epoll_ops.forget)
        file_epoll_ops.forget(f);
    if (f->vnode)
        file_close_vnode(f);
    if (f->ops->release)
        f->ops->release(f);
    if (f->vnode)
        notify_released(f->vnode);
    vnode_put(f->vnode);
    vnode_put(f->dir);
    mount_put(f->mount);
    kfree(f->name.longer);
    pool_give(f);
}

void file_close_descriptor(struct file *f, const void *table)
{
    if (f->vnode && unlikely(__atomic_load_n(&f->vnode->locks, __ATOMIC_RELAXED)))
        file_locks_drop_owner(f->vnode, table);
    if (f->ops->flush)
        f->ops->flush(f, table);
    file_put(f);
}

/* ---- flags and seals ---- */

enum { FLAGS_CHANGEABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC };

int file_set_flags(struct file *f, u32 mask, u32 flags)
{
    u32 before = __atomic_load_n(&f->flags, __ATOMIC_RELAXED), after;
    const struct cred *c = vfs_cred();

    mask &= FLAGS_CHANGEABLE;
    after = (before & ~mask) | (flags & mask);
    if ((after & ~before & O_NOATIME) && f->vnode && c->fsuid != f->vnode->uid &&
        !cred_has_cap(c, CAP_FOWNER))
        return -EPERM;
    if (f->ops->set_flags) {
        int err = f->ops->set_flags(f, after);

        if (err)
            return err;
    }
    __atomic_fetch_and(&f->flags, ~mask, __ATOMIC_RELAXED);
    __atomic_fetch_or(&f->flags, after & mask, __ATOMIC_RELAXED);
    return 0;
}

/* Files in memory can be asked; only those of memfd_create(2) let seals be added. */
int file_seals(struct file *f)
{
    struct vnode *v = f->vnode;

    if (!v || v->type != S_IFREG || !v->ops->pin_pages)
        return -EINVAL;
    return v->can_seal ? v->seals : F_SEAL_SEAL;
}

static int add_seals_locked(struct vnode *v, u32 seals)
{
    if (v->seals & F_SEAL_SEAL)
        return -EPERM;
    if ((seals & F_SEAL_WRITE) && !(v->seals & F_SEAL_WRITE) && v->shared &&
        vnode_up_ops.shared_is_writable && vnode_up_ops.shared_is_writable(v))
        return -EBUSY;
    v->seals |= (u8)seals;
    return 0;
}

int file_add_seals(struct file *f, u32 seals)
{
    struct vnode *v = f->vnode;
    int err = file_seals(f);

    if (err < 0)
        return err;
    if (!f->write_ok || !v->can_seal)
        return -EPERM;
    if (seals &
        ~(u32)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EINVAL;
    rw_lock(&v->lock);
    err = add_seals_locked(v, seals);
    rw_unlock(&v->lock);
    return err;
}

void file_wake_async(struct file *f)
{
    if (f->owner_pid && file_signal_ops.send_owner)
        file_signal_ops.send_owner(f, f->ops->ready ? f->ops->ready(f) : 0);
}

/* ---- what a file is ---- */

static u64 dev_encode(u32 major, u32 minor)
{
    return (minor & 0xff) | (u64)major << 8 | (u64)(minor & ~0xffu) << 12;
}

void stat_from_vattr(const struct vnode *v, const struct vattr *a, struct stat *ret)
{
    *ret = (struct stat){
        .st_dev = dev_encode(0, v->fs->dev),
        .st_ino = v->ino,
        .st_nlink = a->nlink,
        .st_mode = a->mode,
        .st_uid = a->uid,
        .st_gid = a->gid,
        .st_rdev = dev_encode(a->rdev_major, a->rdev_minor),
        .st_size = (s64)a->size,
        .st_blksize = a->blksize,
        .st_blocks = (s64)a->blocks,
        .st_atime = (u64)a->atime.sec,
        .st_atime_nsec = a->atime.nsec,
        .st_mtime = (u64)a->mtime.sec,
        .st_mtime_nsec = a->mtime.nsec,
        .st_ctime = (u64)a->ctime.sec,
        .st_ctime_nsec = a->ctime.nsec,
    };
}

void stat_anonymous(u64 ino, u32 mode, struct stat *ret)
{
    *ret = (struct stat){
        .st_dev = dev_encode(0, ANON_DEV),
        .st_ino = ino,
        .st_nlink = 1,
        .st_mode = mode,
        .st_blksize = PAGE_SIZE,
    };
}

int file_getattr(struct file *f, struct stat *ret)
{
    struct vattr a;
    int err;

    if (f->ops->getattr && !f->path_only)
        return f->ops->getattr(f, ret);
    if (!f->vnode) {
        stat_anonymous(ANON_DEV, 0600, ret);     /* Linux: all anonymous inodes are one     */
        return 0;
    }
    err = vnode_getattr(f->vnode, &a);
    if (err)
        return err;
    stat_from_vattr(f->vnode, &a, ret);
    return 0;
}

static bool file_has_inode_of_its_own(const struct file *f)
{
    return !strcmp(f->ops->kind, "pipe") || !strcmp(f->ops->kind, "socket");
}

void file_describe(struct file *f, struct strbuf *dst)
{
    struct stat st;

    if (f->vnode) {
        (void)file_path(f, dst);                 /* what could be told has been             */
        return;
    }
    if (!file_has_inode_of_its_own(f)) {
        strbuf_printf(dst, "anon_inode:[%s]", f->ops->kind);
        return;
    }
    if (file_getattr(f, &st))
        st.st_ino = 0;
    strbuf_printf(dst, "%s:[%llu]", f->ops->kind, (unsigned long long)st.st_ino);
}
