/* SPDX-License-Identifier: MIT */
/* Nodes of hostfs: finding and making them, what the host says of their files, their end. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/path.h"

enum {
    MODE_SHOWN = S_IFMT | 01777,                 /* set-id bits of the host mean nothing    */
    DIR_ACCESS = O_RDONLY | O_DIRECTORY,
};

/* ---- what the host says ---- */

/* One number for device and inode; those of the root's own device are the host's. */
u64 host_ino_inside(const struct host_fs *fs, u64 dev, u64 ino)
{
    u64 mixed = (dev ^ fs->root_dev) * 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio        */

    return ino ^ (mixed & ~0xffffull);
}

static bool is_same_inode(const struct host_node *n, const struct stat *st)
{
    return n->host_dev == st->st_dev && n->host_ino == st->st_ino;
}

static bool is_same_file(const struct host_node *n, const struct stat *st)
{
    return is_same_inode(n, st) && n->v.type == (st->st_mode & S_IFMT);
}

/* Under n->lock. */
static void note_locked(struct host_node *n, const struct stat *st)
{
    n->last = *st;
    vnode_set_owner(&n->v, st->st_mode & MODE_SHOWN, uid_inside(st->st_uid),
                    gid_inside(st->st_gid));
}

static hfd any_fd_locked(const struct host_node *n)
{
    if (n->v.type == S_IFDIR)
        return n->dir;
    return n->rd.id >= 0 ? n->rd : n->wr.id >= 0 ? n->wr : n->path;
}

/* By its descriptor, or else by its name; a file that has lost its name is as it was last. */
static int stat_locked(struct host_node *n, struct stat *ret)
{
    hfd fd = any_fd_locked(n);
    struct stat st;
    int err;

    if (fd.id >= 0) {
        err = host_fstat(fd, &st);
        if (!err && !is_same_file(n, &st))
            err = -EIO;
    } else {
        err = n->home.dir ? host_statat(host_node(n->home.dir)->dir, n->home.name, &st) : -ENOENT;
        if (err == -ENOENT || (!err && !is_same_file(n, &st))) {
            n->last.st_nlink = 0;
            st = n->last;
            err = 0;
        }
    }
    if (!err)
        *ret = st;
    return err;
}

int node_stat(struct host_node *n, struct stat *ret)
{
    int err;

    mutex_lock(&n->lock);
    err = stat_locked(n, ret);
    if (!err)
        note_locked(n, ret);
    mutex_unlock(&n->lock);
    return err;
}

static struct timespec64 time_of(u64 sec, u64 nsec)
{
    return (struct timespec64){ (s64)sec, (u32)nsec };
}

int node_getattr(struct vnode *v, struct vattr *ret)
{
    struct stat st;
    int err = node_stat(host_node(v), &st);

    if (err)
        return err;
    *ret = (struct vattr){
        .mode = vnode_mode(v),
        .uid = v->uid,
        .gid = v->gid,
        .nlink = (u32)st.st_nlink,
        .ino = v->ino,
        .size = (u64)st.st_size,
        .blocks = (u64)st.st_blocks,
        .blksize = (u32)st.st_blksize,
        .rdev_major = (u32)(st.st_rdev >> 8 & 0xfff),
        .rdev_minor = (u32)(st.st_rdev & 0xff) | (u32)(st.st_rdev >> 12 & ~0xfful),
        .atime = time_of(st.st_atime, st.st_atime_nsec),
        .mtime = time_of(st.st_mtime, st.st_mtime_nsec),
        .ctime = time_of(st.st_ctime, st.st_ctime_nsec),
        .btime = time_of(st.st_ctime, st.st_ctime_nsec),
    };
    return 0;
}

/* ---- names ---- */

static void home_put(struct host_home *h)
{
    vnode_put(h->dir);
    kfree(h->name);
    *h = (struct host_home){ 0 };
}

/* A directory has its descriptor and needs no name. */
static bool needs_home(const struct host_node *n)
{
    return n->v.type != S_IFDIR;
}

int node_moved(struct host_node *n, struct vnode *dir, const char *name)
{
    struct host_home h = { .name = needs_home(n) ? kstrdup(name) : NULL }, old;

    if (!needs_home(n))
        return 0;
    if (!h.name)
        return -ENOMEM;
    h.dir = vnode_get(dir);
    mutex_lock(&n->lock);
    old = n->home;
    n->home = h;
    mutex_unlock(&n->lock);
    home_put(&old);
    return 0;
}

void node_unnamed(struct host_node *n, struct vnode *dir, const char *was)
{
    struct host_home old = { 0 };

    mutex_lock(&n->lock);
    if (n->home.dir == dir && !strcmp(n->home.name, was)) {
        old = n->home;
        n->home = (struct host_home){ 0 };
        n->last.st_nlink -= n->last.st_nlink > 0;
    }
    mutex_unlock(&n->lock);
    home_put(&old);
}

/* ---- the tree of nodes ---- */

static struct host_node *tree_get_locked(struct host_fs *fs, u64 ino)
{
    struct tree_node *t = tree_floor(&fs->nodes, ino);

    return t && t->key == ino ? container_of(t, struct host_node, by_ino) : NULL;
}

static void tree_remove_locked(struct host_fs *fs, struct host_node *n)
{
    if (!n->in_tree)
        return;
    tree_remove(&fs->nodes, &n->by_ino);
    n->in_tree = false;
}

/* A node that is being evicted is as good as gone. */
static struct host_node *tree_find(struct host_fs *fs, u64 ino)
{
    WITH_MUTEX(&fs->lock);
    struct host_node *n = tree_get_locked(fs, ino);

    return n && ref_try_get(&n->v.refs) ? n : NULL;
}

/* n takes its place, unless somebody else has been faster: then that one, with a new reference. */
static struct host_node *tree_enter(struct host_fs *fs, struct host_node *n)
{
    WITH_MUTEX(&fs->lock);
    struct host_node *there = tree_get_locked(fs, n->v.ino);

    if (there && ref_try_get(&there->v.refs))
        return there;
    if (there)
        tree_remove_locked(fs, there);
    n->by_ino.key = n->v.ino;
    tree_insert(&fs->nodes, &n->by_ino);
    n->in_tree = true;
    return NULL;
}

static void tree_forget(struct host_fs *fs, struct host_node *n)
{
    WITH_MUTEX(&fs->lock);
    tree_remove_locked(fs, n);
}

/* ---- recent directories ---- */

static void recent_add(struct vnode *dir)
{
    struct host_fs *fs = host_fs_of(dir);
    struct vnode *oldest;

    mutex_lock(&fs->lock);
    for (u32 i = 0; i < RECENT_MAX; i++) {
        if (fs->recent[i] == dir) {
            mutex_unlock(&fs->lock);
            return;
        }
    }
    oldest = fs->recent[fs->recent_next];
    fs->recent[fs->recent_next] = vnode_get(dir);
    fs->recent_next = (fs->recent_next + 1) % RECENT_MAX;
    mutex_unlock(&fs->lock);
    vnode_put(oldest);
}

void recent_drop(struct vnode *dir)
{
    struct host_fs *fs = host_fs_of(dir);
    struct vnode *found = NULL;

    mutex_lock(&fs->lock);
    for (u32 i = 0; i < RECENT_MAX; i++)
        if (fs->recent[i] == dir)
            found = TAKE(fs->recent[i]);
    mutex_unlock(&fs->lock);
    vnode_put(found);
}

void recent_drop_all(struct host_fs *fs)
{
    for (u32 i = 0; i < RECENT_MAX; i++) {
        struct vnode *v;

        mutex_lock(&fs->lock);
        v = TAKE(fs->recent[i]);
        mutex_unlock(&fs->lock);
        vnode_put(v);
    }
}

/* ---- making nodes ---- */

static struct host_node *node_new(struct host_fs *fs, const struct stat *st)
{
    struct host_node *n = kzalloc(sizeof(*n));

    if (!n)
        return NULL;
    vnode_init(&n->v, &fs->fs, &hostfs_ops, st->st_mode & MODE_SHOWN,
               host_ino_inside(fs, st->st_dev, st->st_ino));
    n->host_dev = st->st_dev;
    n->host_ino = st->st_ino;
    n->dir = n->rd = n->wr = n->path = HFD_NONE;
    note_locked(n, st);                          /* nobody else has it yet                  */
    return n;
}

int node_adopt(struct host_fs *fs, const struct stat *st, hfd dir, hfd rd, hfd wr,
               struct host_node **ret)
{
    struct host_node *n = node_new(fs, st);

    if (!n)
        return -ENOMEM;
    n->dir = dir;
    n->rd = rd;
    n->wr = wr;
    *ret = n;
    return 0;
}

/* A directory is opened at once; one that may be searched but not read, only for that. */
static int open_directory(struct host_node *n, hfd parent, const char *name)
{
    struct stat st;
    int err = call_openat(parent, name, DIR_ACCESS, 0, &n->dir);

    if (err == -EACCES) {
        n->dir_is_path = true;
        err = call_openat(parent, name, O_PATH | O_DIRECTORY, 0, &n->dir);
    }
    if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP)
        return -ESTALE;
    if (!err)
        err = host_fstat(n->dir, &st);
    return err ? err : is_same_file(n, &st) ? 0 : -ESTALE;
}

static int read_link(struct host_node *n, hfd parent, const char *name)
{
    AUTO(kfreep) char *text = kalloc(KPATH_MAX);
    ssize_t len;

    if (!text)
        return -ENOMEM;
    len = call_readlinkat(parent, name, text, KPATH_MAX);
    if (len == -ENOENT || len == -EINVAL)
        return -ESTALE;
    if (len < 0)
        return (int)len;
    if (!len || len == KPATH_MAX || memchr(text, '\0', (size_t)len))
        return -EIO;
    n->link = kmemdup_str(text, (size_t)len);
    return n->link ? 0 : -ENOMEM;
}

static int node_make(struct vnode *dir, const char *name, const struct stat *st,
                     struct host_node **ret)
{
    struct host_fs *fs = host_fs_of(dir);
    AUTO(vnode_putp) struct vnode *v = NULL;
    struct host_node *n = node_new(fs, st), *there;
    int err = 0;

    if (!n)
        return -ENOMEM;
    v = &n->v;
    if (v->type == S_IFDIR)
        err = open_directory(n, host_node(dir)->dir, name);
    else if (v->type == S_IFLNK)
        err = read_link(n, host_node(dir)->dir, name);
    if (err)
        return err;
    there = tree_enter(fs, n);
    if (there && !is_same_file(there, st)) {
        vnode_put(&there->v);
        return -EIO;                             /* two files that the host calls one       */
    }
    *ret = there ? there : n;
    if (!there)
        (void)TAKE(v);
    return 0;
}

/* The host may have given the inode to another file since, if we did not keep it open. */
static int node_reuse(struct host_node *n, const struct stat *st)
{
    if (!is_same_file(n, st)) {
        if (node_is_open(n))
            return -EIO;
        tree_forget(host_fs_of(&n->v), n);
        return -ENOENT;
    }
    mutex_lock(&n->lock);
    note_locked(n, st);
    mutex_unlock(&n->lock);
    return 0;
}

static int find_or_make(struct vnode *dir, const char *name, const struct stat *st,
                        struct host_node **ret)
{
    struct host_fs *fs = host_fs_of(dir);
    struct host_node *n = tree_find(fs, host_ino_inside(fs, st->st_dev, st->st_ino));
    int err = n ? node_reuse(n, st) : -ENOENT;

    if (!err) {
        *ret = n;
        return 0;
    }
    if (n)
        vnode_put(&n->v);
    return err == -ENOENT ? node_make(dir, name, st, ret) : err;
}

int node_find(struct vnode *dir, const char *name, const struct stat *st, struct vnode **ret)
{
    struct host_node *n;
    int err = find_or_make(dir, name, st, &n);

    if (err)
        return err;
    if (&n->v == dir || &n->v == dir->fs->root) {
        vnode_put(&n->v);                        /* a directory below itself                */
        return -EIO;
    }
    err = node_moved(n, dir, name);
    if (err) {
        vnode_put(&n->v);
        return err;
    }
    if (n->v.type == S_IFDIR)
        recent_add(&n->v);
    *ret = &n->v;
    return 0;
}

/* ---- the end ---- */

static void node_free(struct retired *r)
{
    struct host_node *n = container_of(container_of(r, struct vnode, retired), struct host_node, v);

    vnode_fini(&n->v);
    kfree(n->link);
    kfree(n);
}

static void fd_close(hfd fd)
{
    if (fd.id >= 0)
        host_close(fd);
}

void node_evict(struct vnode *v)
{
    struct host_node *n = host_node(v);

    tree_forget(host_fs_of(v), n);
    mapped_free(n);
    fd_close(n->dir);
    fd_close(n->rd);
    if (n->wr.id != n->rd.id)
        fd_close(n->wr);
    fd_close(n->path);
    home_put(&n->home);
    epoch_retire(&v->retired, node_free);
}
