/* SPDX-License-Identifier: MIT */
/*
 * Directories of hostfs.
 *
 * Making something is asking the host to, then looking at what has come of it: its file systems, its
 * umask and its set-group-ID directories have a say in modes and owners, which is put right; what
 * cannot be put right is removed again.
 */
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"

enum {
    LOOKS_MAX = 4,                               /* at a name that keeps changing           */
    MODE_KEPT = 01777,
    DIRENTS_SIZE = 16 * 1024,
};

static hfd fd_of(struct vnode *dir)
{
    return host_node(dir)->dir;
}

/* ---- looking ---- */

static int lookup(struct vnode *dir, const char *name, struct vnode **ret)
{
    struct stat st;
    int err = -ESTALE;

    for (u32 i = 0; i < LOOKS_MAX && err == -ESTALE; i++) {
        err = host_statat(fd_of(dir), name, &st);
        if (!err)
            err = node_find(dir, name, &st, ret);
    }
    return err == -ESTALE ? -EIO : err;
}

int dir_lookup_host(struct vnode *dir, struct name name, struct vnode **ret)
{
    struct host_name n;

    if (dir->type != S_IFDIR)
        return -ENOTDIR;
    host_name_set(&n, name);
    return lookup(dir, n.str, ret);
}

int link_readlink(struct vnode *v, struct strbuf *dst)
{
    if (v->type != S_IFLNK)
        return -EINVAL;
    strbuf_puts(dst, host_node(v)->link);
    return 0;
}

/* ---- making ---- */

struct making {
    const struct vattr *attr;
    u32 uid, gid;                                /* the host's                              */
};

static int making_init(struct making *m, const struct vattr *attr)
{
    int err = uid_on_host(attr->uid, &m->uid);

    m->attr = attr;
    return err ? err : gid_on_host(attr->gid, &m->gid);
}

static int ask_host(hfd dir, const char *name, const struct vattr *a)
{
    u32 mode = a->mode & MODE_KEPT;
    hfd fd;
    int err;

    switch (a->mode & S_IFMT) {
    case S_IFDIR:
        return call_mkdirat(dir, name, mode);
    case S_IFLNK:
        return call_symlinkat(a->link, dir, name);
    case S_IFIFO:
    case S_IFSOCK:
        return call_mknodat(dir, name, (a->mode & S_IFMT) | mode);
    case S_IFREG:
        err = call_openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, mode, &fd);
        if (!err)
            host_close(fd);
        return err;
    }
    return -EPERM;                               /* devices                                 */
}

/* Owner and mode as they were asked for, not as the host's habits made them. */
static int put_right(struct host_node *n, const struct making *m)
{
    struct stat st;
    hfd fd;
    int err = node_stat(n, &st);

    if (!err)
        err = node_fd(n, NODE_ANY, &fd);
    if (!err && (st.st_uid != m->uid || st.st_gid != m->gid))
        err = call_fchown(fd, m->uid, m->gid);
    if (!err && n->v.type != S_IFLNK && ((st.st_mode ^ m->attr->mode) & MODE_KEPT))
        err = call_fchmod(fd, m->attr->mode & MODE_KEPT);
    return err ? err : node_stat(n, &st);
}

static int make_named(struct vnode *dir, const char *name, const struct making *m,
                      struct vnode **ret)
{
    bool is_dir = (m->attr->mode & S_IFMT) == S_IFDIR;
    struct vnode *v = NULL;
    int err = ask_host(fd_of(dir), name, m->attr);

    if (err)
        return err;
    err = lookup(dir, name, &v);
    if (!err)
        err = put_right(host_node(v), m);
    if (err) {
        vnode_put(v);
        (void)!call_unlinkat(fd_of(dir), name, is_dir ? AT_REMOVEDIR : 0); /* at best       */
        return err;
    }
    *ret = v;
    return 0;
}

/* O_TMPFILE; with O_EXCL (nlink 0) it can never be given a name. */
static int make_nameless(struct vnode *dir, const struct making *m, struct vnode **ret)
{
    struct host_node *n;
    struct stat st;
    hfd fd;
    int err;

    if ((m->attr->mode & S_IFMT) != S_IFREG)
        return -EOPNOTSUPP;
    err = call_openat(fd_of(dir), ".", O_TMPFILE | O_RDWR | (m->attr->nlink ? 0 : O_EXCL),
                      m->attr->mode & MODE_KEPT, &fd);
    if (err)
        return err;
    err = host_fstat(fd, &st);
    if (!err && (st.st_mode & S_IFMT) != S_IFREG)
        err = -EIO;
    if (!err)
        err = node_adopt(host_fs_of(dir), &st, HFD_NONE, fd, fd, &n);
    if (err) {
        host_close(fd);
        return err;
    }
    err = put_right(n, m);
    if (err)
        vnode_put(&n->v);
    else
        *ret = &n->v;
    return err;
}

int dir_create(struct vnode *dir, struct name name, const struct vattr *attr, struct vnode **ret)
{
    struct host_name n;
    struct making m;
    int err = making_init(&m, attr);

    if (err)
        return err;
    if (!name.len)
        return make_nameless(dir, &m, ret);
    host_name_set(&n, name);
    return make_named(dir, n.str, &m, ret);
}

/* ---- links ---- */

/* Where a file can be reached, with a reference to the directory; -ENOENT. */
static int home_of(struct host_node *n, struct vnode **ret_dir, char **ret_name)
{
    WITH_MUTEX(&n->lock);
    if (!n->home.dir)
        return -ENOENT;
    *ret_name = kstrdup(n->home.name);
    if (!*ret_name)
        return -ENOMEM;
    *ret_dir = vnode_get(n->home.dir);
    return 0;
}

static bool means(hfd dir, const char *name, const struct host_node *n)
{
    struct stat st;

    return !host_statat(dir, name, &st) && st.st_dev == n->host_dev && st.st_ino == n->host_ino;
}

/* A file without a name goes by its descriptor, which the host allows once (O_TMPFILE). */
static int link_on_host(struct host_node *n, hfd dir, const char *name)
{
    AUTO(vnode_putp) struct vnode *home = NULL;
    AUTO(kfreep) char *old_name = NULL;
    hfd fd;
    int err = home_of(n, &home, &old_name);

    if (err == -ENOENT && node_is_open(n)) {
        err = node_fd(n, NODE_ANY, &fd);
        return err ? err : call_linkat(fd, "", dir, name);
    }
    if (err)
        return err;
    if (!means(fd_of(home), old_name, n))
        return -ENOENT;
    return call_linkat(fd_of(home), old_name, dir, name);
}

int dir_link(struct vnode *dir, struct name name, struct vnode *v)
{
    struct host_node *n = host_node(v);
    struct host_name new_name;
    int err;

    host_name_set(&new_name, name);
    err = link_on_host(n, fd_of(dir), new_name.str);
    if (err)
        return err;
    if (!means(fd_of(dir), new_name.str, n)) {
        (void)!call_unlinkat(fd_of(dir), new_name.str, 0); /* replaced between the two looks */
        return -EIO;
    }
    (void)!node_moved(n, dir, new_name.str);     /* its old name does as well               */
    return 0;
}

int dir_unlink(struct vnode *dir, struct name name, struct vnode *v)
{
    bool is_dir = v->type == S_IFDIR;
    struct host_name n;
    int err;

    host_name_set(&n, name);
    err = call_unlinkat(fd_of(dir), n.str, is_dir ? AT_REMOVEDIR : 0);
    if (err)
        return err;
    if (is_dir)
        recent_drop(v);
    else
        node_unnamed(host_node(v), dir, n.str);
    return 0;
}

/* What the VFS found free stays free of what the host has put there since, where its file system can
 * do that. */
static int rename_on_host(hfd from, const char *name, hfd to, const char *to_name, bool is_free,
                          u32 flags)
{
    int err = call_renameat(from, name, to, to_name, is_free ? RENAME_NOREPLACE : flags);

    return is_free && err == -EINVAL ? call_renameat(from, name, to, to_name, 0) : err;
}

int dir_rename(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
               struct name to_name, struct vnode *victim, u32 flags)
{
    struct host_name old, new;
    int err;

    host_name_set(&old, name);
    host_name_set(&new, to_name);
    err = rename_on_host(fd_of(from), old.str, fd_of(to), new.str, !victim, flags);
    if (err)
        return err;
    if (victim && (flags & RENAME_EXCHANGE))
        (void)!node_moved(host_node(victim), from, old.str);
    else if (victim && victim->type == S_IFDIR)
        recent_drop(victim);
    else if (victim)
        node_unnamed(host_node(victim), to, new.str);
    /* It has happened; without memory the next look-up will tell where it is. */
    (void)!node_moved(host_node(v), to, new.str);
    return 0;
}

/* ---- listing ---- */

/* The host's offsets are cookies, moved to make room for those of "." and "..".  The largest one,
 * which some file systems have at the end of a directory, is only ever the end. */
static u64 cookie_of(s64 off)
{
    return off < 0 || off > INT64_MAX - READDIR_START - 1 ? INT64_MAX : (u64)off + READDIR_START;
}

static ssize_t read_entries(struct host_node *dir, u64 cookie, void *buf)
{
    s64 at;

    if (cookie == INT64_MAX)
        return 0;
    WITH_MUTEX(&dir->lock);
    at = host_lseek(dir->dir, (s64)(cookie - READDIR_START), SEEK_SET);
    return at < 0 ? at : call_getdents(dir->dir, buf, DIRENTS_SIZE);
}

static u32 dtype_known(u8 dtype)
{
    switch (dtype) {
    case DT_FIFO:
    case DT_CHR:
    case DT_DIR:
    case DT_BLK:
    case DT_REG:
    case DT_LNK:
    case DT_SOCK:
        return dtype;
    }
    return DT_UNKNOWN;
}

/* A record and the length of its name; false if it cannot be one. */
static bool entry_check(const struct linux_dirent64 *e, size_t left, size_t *ret_len)
{
    size_t head = offsetof(struct linux_dirent64, d_name);

    if (left < head + 2 || e->d_reclen < head + 2 || e->d_reclen > left ||
        e->d_reclen % _Alignof(struct linux_dirent64))
        return false;
    *ret_len = strnlen(e->d_name, e->d_reclen - head);
    return *ret_len && *ret_len < e->d_reclen - head && *ret_len <= 255 &&
           !memchr(e->d_name, '/', *ret_len);
}

static bool is_dots(const char *name, size_t len)
{
    return name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
}

/* Did the name come before in the same batch? */
static bool is_repeated(const u8 *buf, size_t at)
{
    const struct linux_dirent64 *e = (const struct linux_dirent64 *)(buf + at);

    for (size_t i = 0; i < at;) {
        const struct linux_dirent64 *other = (const struct linux_dirent64 *)(buf + i);

        if (!strcmp(other->d_name, e->d_name))
            return true;
        i += other->d_reclen;
    }
    return false;
}

/* Hand over a batch: 1: emit() wants no more; 0; -EIO. */
static int emit_entries(struct vnode *dir, const u8 *buf, size_t size, u64 *cookie,
                        readdir_emit emit, void *arg)
{
    struct host_fs *fs = host_fs_of(dir);
    const struct linux_dirent64 *e;

    for (size_t at = 0; at < size; at += e->d_reclen) {
        struct name name;
        u64 next;

        e = (const struct linux_dirent64 *)(buf + at);
        if (!entry_check(e, size - at, &name.len))
            return -EIO;
        name.str = e->d_name;
        next = cookie_of(e->d_off);
        if (!is_dots(name.str, name.len) && !is_repeated(buf, at) &&
            !emit(arg, name, host_ino_inside(fs, host_node(dir)->host_dev, e->d_ino),
                  dtype_known(e->d_type), next))
            return 1;
        *cookie = next;
    }
    return 0;
}

int dir_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg)
{
    AUTO(kfreep) u8 *buf = NULL;
    int err = 0;

    if (dir->type != S_IFDIR)
        return -ENOTDIR;
    if (host_node(dir)->dir_is_path)
        return -EACCES;
    buf = kalloc(DIRENTS_SIZE);
    if (!buf)
        return -ENOMEM;
    while (!err) {
        ssize_t n = read_entries(host_node(dir), *cookie, buf);

        if (n <= 0)
            return (int)n;
        err = emit_entries(dir, buf, (size_t)n, cookie, emit, arg);
    }
    return err < 0 ? err : 0;
}
