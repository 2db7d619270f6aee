/* SPDX-License-Identifier: MIT */
/*
 * A file system from a cpio archive, which stays where it is.
 *
 * Every record becomes an entry; directories become nodes at once, because they hold entries, and so
 * do files with several names.  All other files become nodes when they are first looked up
 * (ramfs_node_from_record).  Names and contents are used in place.
 *
 * Archives list a directory before, and near, what is in it, so the directory of the last record is
 * tried first.
 *
 * Refused (-EINVAL): absolute names, "..", components or names that are too long, a name that is a
 * directory in one record and something else in another, unknown types.  A later record of the same
 * name replaces an earlier one, as cpio itself would.
 */
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/ramfs/cpio.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"

enum {
    POOL_PAGES = 16,                             /* 1,023 entries at a time                 */
    NAME_MAX_LEN = 255,
    LINK_MAX_LEN = 4095,
    GROUP_BUCKETS = 256,
};

/* Files with several names, while the tree is built. */
struct link_group {
    struct link_group *next;
    u32 ino, dev_major, dev_minor;
    struct ramfs_node *node;                     /* not owned: entries hold it              */
};

struct adoption {
    struct ramfs_fs *fs;
    struct name dir_path;                        /* of the last record, as it was written   */
    struct ramfs_node *dir;                      /* and that directory; not owned           */
    struct link_group **groups;                  /* by hash of ino; NULL until needed       */
};

/* ---- nodes ---- */

static bool record_is_sound(const struct cpio_record *r)
{
    switch (r->mode & S_IFMT) {
    case S_IFREG:
        return true;
    case S_IFLNK:
        return r->size && r->size <= LINK_MAX_LEN && !memchr(r->data, '\0', r->size);
    case S_IFDIR:
    case S_IFIFO:
    case S_IFSOCK:
    case S_IFCHR:
    case S_IFBLK:
        return !r->size;
    }
    return false;
}

static void node_set_attributes(struct ramfs_node *n, const struct cpio_record *r)
{
    struct timespec64 t = { r->mtime, 0 };

    vnode_set_owner(&n->v, n->v.type | (r->mode & 07777), r->uid, r->gid);
    n->atime = n->mtime = n->ctime = n->btime = t;
    n->rdev_major = r->rdev_major;
    n->rdev_minor = r->rdev_minor;
}

static void node_set_content(struct ramfs_node *n, const struct cpio_record *r)
{
    if (n->v.type == S_IFLNK) {
        n->link.text = (const char *)r->data;
        n->link.len = r->size;
    } else if (n->v.type == S_IFREG && r->size) {
        n->file = (struct ramfs_data){ .size = r->size, .archive = r->data };
    }
}

static int node_from(struct ramfs_fs *fs, const struct cpio_record *r, u32 ino,
                     struct ramfs_node **ret)
{
    struct ramfs_node *n;
    int err = ramfs_node_new(fs, r->mode & (S_IFMT | 07777), ino, &n);

    if (err)
        return err;
    node_set_attributes(n, r);
    node_set_content(n, r);
    *ret = n;
    return 0;
}

int ramfs_node_from_record(struct ramfs_fs *fs, u64 offset, u32 ino, struct ramfs_node **ret)
{
    struct cpio_reader reader = { fs->archive, fs->archive_size, offset };
    struct cpio_record r;

    if (cpio_next(&reader, &r) != 1)             /* it was sound when the tree was built    */
        return -EIO;
    return node_from(fs, &r, ino, ret);
}

/* ---- entries ---- */

static struct ramfs_entry *pool_entry(struct ramfs_fs *fs)
{
    struct ramfs_pool *p = fs->pool;

    if (!p || sizeof(*p) + (p->used + 1) * sizeof(p->entry[0]) > p->pages * PAGE_SIZE) {
        p = page_alloc(POOL_PAGES);
        if (!p)
            return NULL;
        p->next = fs->pool;
        p->pages = POOL_PAGES;
        fs->pool = p;
    }
    return &p->entry[p->used++];
}

/* Enter name into dir.  node as in struct ramfs_entry; a reference in it is taken over on success. */
static int entry_add(struct adoption *a, struct ramfs_node *dir, struct name name, u64 node,
                     u8 dtype)
{
    struct ramfs_entry *e;
    int err = ramfs_dir_reserve(dir);

    if (err)
        return err;
    e = pool_entry(a->fs);
    if (!e)
        return -ENOMEM;
    e->name = name.str;
    e->len = (u8)name.len;
    e->hash = ramfs_hash(name.str, name.len);
    e->pooled = true;
    e->node = node;
    e->dtype = dtype;
    e->ino = node & 1 ? a->fs->next_ino++ : (u32)((struct ramfs_node *)node)->v.ino;
    ramfs_entry_insert(dir, e);
    return 0;
}

/* ---- directories ---- */

static int directory_add(struct adoption *a, struct ramfs_node *dir, struct name name,
                         const struct cpio_record *r, struct ramfs_node **ret)
{
    struct ramfs_node *n;
    int err = node_from(a->fs, r, a->fs->next_ino++, &n);

    if (err)
        return err;
    err = vnode_place_set(&n->v, &dir->v, name);
    if (!err)
        err = entry_add(a, dir, name, (u64)n, S_IFDIR >> 12);
    if (err) {
        vnode_put(&n->v);
        return err;
    }
    dir->nlink++;
    *ret = n;
    return 0;
}

/* The directory called name, made if no record has named it (yet). */
static int directory_find(struct adoption *a, struct ramfs_node *dir, struct name name,
                          struct ramfs_node **ret)
{
    struct cpio_record implicit = { .mode = S_IFDIR | 0755, .mtime = (u32)dir->mtime.sec };
    struct ramfs_entry *e = ramfs_entry_find(dir, name);

    if (!e)
        return directory_add(a, dir, name, &implicit, ret);
    if (e->dtype != S_IFDIR >> 12)
        return -EINVAL;
    *ret = (struct ramfs_node *)e->node;
    return 0;
}

/* The next component of a path, "" behind the last; "." and doubled slashes are nothing. */
static int next_component(struct name *path, struct name *ret)
{
    do {
        const char *slash;

        while (path->len && *path->str == '/') {
            path->str++;
            path->len--;
        }
        slash = memchr(path->str, '/', path->len);
        *ret = (struct name){ path->str, slash ? (size_t)(slash - path->str) : path->len };
        path->str += ret->len;
        path->len -= ret->len;
    } while (ret->len == 1 && *ret->str == '.');
    if (ret->len > NAME_MAX_LEN || (ret->len == 2 && !memcmp(ret->str, "..", 2)))
        return -EINVAL;
    return 0;
}

static int directory_walk(struct adoption *a, struct name path, struct ramfs_node **ret)
{
    struct ramfs_node *dir = ramfs_node(a->fs->fs.root);
    struct name name;

    for (;;) {
        int err = next_component(&path, &name);

        if (err)
            return err;
        if (!name.len)
            break;
        err = directory_find(a, dir, name, &dir);
        if (err)
            return err;
    }
    *ret = dir;
    return 0;
}

/* Split a record's name: the directory it is in, and its own (empty: the root itself). */
static int record_place(struct adoption *a, const struct cpio_record *r, struct name *ret)
{
    struct name path = { r->name, r->name_len }, dir;
    size_t len;
    int err;

    if (*path.str == '/')
        return -EINVAL;
    while (path.len && path.str[path.len - 1] == '/')
        path.len--;
    for (len = path.len; len && path.str[len - 1] != '/'; len--)
        ;
    dir = (struct name){ path.str, len };
    path.str += len;
    path.len -= len;
    err = next_component(&path, ret);
    if (err)
        return err;
    if (a->dir && dir.len == a->dir_path.len && !memcmp(dir.str, a->dir_path.str, dir.len))
        return 0;
    a->dir_path = dir;
    return directory_walk(a, dir, &a->dir);
}

/* ---- records ---- */

static struct ramfs_node *group_find(const struct adoption *a, const struct cpio_record *r)
{
    struct link_group *g = a->groups ? a->groups[r->ino % GROUP_BUCKETS] : NULL;

    while (g && (g->ino != r->ino || g->dev_major != r->dev_major || g->dev_minor != r->dev_minor))
        g = g->next;
    return g ? g->node : NULL;
}

static int group_add(struct adoption *a, const struct cpio_record *r, struct ramfs_node *n)
{
    struct link_group *g, **bucket;

    if (!a->groups)
        a->groups = kcalloc(GROUP_BUCKETS, sizeof(*a->groups));
    g = a->groups ? kalloc(sizeof(*g)) : NULL;
    if (!g)
        return -ENOMEM;
    bucket = &a->groups[r->ino % GROUP_BUCKETS];
    *g = (struct link_group){ *bucket, r->ino, r->dev_major, r->dev_minor, n };
    *bucket = g;
    return 0;
}

/* Nobody joins a file that has lost its last name. */
static void group_forget(const struct adoption *a, const struct ramfs_node *n)
{
    for (u32 i = 0; i < GROUP_BUCKETS; i++)
        for (struct link_group *g = a->groups[i]; g; g = g->next)
            if (g->node == n)
                g->node = NULL;
}

static void groups_free(struct adoption *a)
{
    for (u32 i = 0; a->groups && i < GROUP_BUCKETS; i++) {
        while (a->groups[i]) {
            struct link_group *g = a->groups[i];

            a->groups[i] = g->next;
            kfree(g);
        }
    }
    kfree(a->groups);
}

static void node_putp(struct ramfs_node **n)
{
    if (*n)
        vnode_put(&(*n)->v);
}

/* One of several names of a file; the content comes with one of them, as a rule the last. */
static int linked_add(struct adoption *a, const struct cpio_record *r, struct name name)
{
    AUTO(node_putp) struct ramfs_node *n = group_find(a, r);
    int err = 0;

    if (n) {
        vnode_get(&n->v);
        node_set_content(n, r);
    } else {
        err = node_from(a->fs, r, a->fs->next_ino++, &n);
        if (!err)
            err = group_add(a, r, n);
    }
    if (!err)
        err = entry_add(a, a->dir, name, (u64)n, S_IFREG >> 12);
    if (err)
        return err;                              /* and the whole adoption with it          */
    n->nlink++;
    (void)TAKE(n);                               /* the entry's now                         */
    return 0;
}

static void entry_replace(struct adoption *a, struct ramfs_entry *e, const struct cpio_record *r)
{
    if (!(e->node & 1)) {                        /* one name fewer of a linked file         */
        struct ramfs_node *n = (struct ramfs_node *)e->node;

        if (!--n->nlink)
            group_forget(a, n);
        vnode_put(&n->v);
    }
    e->node = r->offset * 2 + 1;
    e->dtype = (u8)((r->mode & S_IFMT) >> 12);
}

static int record_add(struct adoption *a, const struct cpio_record *r)
{
    bool is_dir = (r->mode & S_IFMT) == S_IFDIR;
    struct ramfs_entry *e;
    struct ramfs_node *n;
    struct name name;
    int err = record_is_sound(r) ? record_place(a, r, &name) : -EINVAL;

    if (err)
        return err;
    e = name.len ? ramfs_entry_find(a->dir, name) : NULL;
    if (is_dir) {
        if (!name.len)
            n = a->dir;                          /* "." is the directory itself             */
        else if (e && e->dtype == S_IFDIR >> 12)
            n = (struct ramfs_node *)e->node;
        else
            return e ? -EINVAL : directory_add(a, a->dir, name, r, &n);
        node_set_attributes(n, r);
        return 0;
    }
    if (!name.len || (e && e->dtype == S_IFDIR >> 12))
        return -EINVAL;
    if (e) {
        entry_replace(a, e, r);
        return 0;
    }
    if (r->nlink > 1 && r->ino && (r->mode & S_IFMT) == S_IFREG)
        return linked_add(a, r, name);
    return entry_add(a, a->dir, name, r->offset * 2 + 1, (u8)((r->mode & S_IFMT) >> 12));
}

int ramfs_adopt(struct ramfs_fs *fs)
{
    struct cpio_reader reader = { fs->archive, fs->archive_size, 0 };
    struct adoption a = { .fs = fs };
    struct cpio_record r;
    int err;

    if ((u64)fs->archive & 3)                    /* slots of the archive keep tags there    */
        return -EINVAL;
    for (;;) {
        err = cpio_next(&reader, &r);
        if (err != 1)
            break;
        err = record_add(&a, &r);
        if (err)
            break;
    }
    groups_free(&a);
    return err;
}
