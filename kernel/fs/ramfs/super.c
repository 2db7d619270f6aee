/* SPDX-License-Identifier: MIT */
/* ramfs and tmpfs as file systems: mounting, options, sizes, the end. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/magic.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/commit.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

/* ---- options of tmpfs: size=, nr_blocks=, nr_inodes=, mode=, uid=, gid= ---- */

struct options {
    u64 size, nodes;
    u32 mode, uid, gid;
};

/* 16, 16k, 16m, 16g, and for sizes 50% (of memory). */
static int parse_size(struct name text, u64 *ret)
{
    static const char suffixes[] = "kmg";
    char last = text.len ? text.str[text.len - 1] : '\0';
    const char *suffix = last ? strchr(suffixes, last | 0x20) : NULL;
    u64 v;

    if (last == '%') {
        if (!str_to_u64(text.str, text.len - 1, 10, &v) || v > 100)
            return -EINVAL;
        *ret = commit_limit() / 100 * v;
        return 0;
    }
    if (!str_to_u64(text.str, text.len - (suffix ? 1 : 0), 10, &v))
        return -EINVAL;
    for (long i = suffix ? suffix - suffixes : -1; i >= 0; i--)
        if (mul_overflows(v, 1024, &v))
            return -EINVAL;
    *ret = v;
    return 0;
}

static int parse_u32(struct name text, u32 base, u32 *ret)
{
    u64 v;

    if (!str_to_u64(text.str, text.len, base, &v) || v > UINT32_MAX)
        return -EINVAL;
    *ret = (u32)v;
    return 0;
}

static bool key_is(struct name key, const char *what)
{
    return key.len == strlen(what) && !memcmp(key.str, what, key.len);
}

static int option_set(struct options *o, struct name key, struct name value)
{
    int err;

    if (key_is(key, "size"))
        return parse_size(value, &o->size);
    if (key_is(key, "nr_blocks")) {
        err = parse_size(value, &o->size);
        return err ? err : mul_overflows(o->size, PAGE_SIZE, &o->size) ? -EINVAL : 0;
    }
    if (key_is(key, "nr_inodes"))
        return parse_size(value, &o->nodes);
    if (key_is(key, "mode"))
        return parse_u32(value, 8, &o->mode);
    if (key_is(key, "uid"))
        return parse_u32(value, 10, &o->uid);
    if (key_is(key, "gid"))
        return parse_u32(value, 10, &o->gid);
    return -EINVAL;
}

static int options_parse(const char *text, struct options *o)
{
    while (text && *text) {
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        const char *equals = memchr(text, '=', len);
        struct name key, value;
        int err;

        if (!equals)
            return -EINVAL;
        key = (struct name){ text, (size_t)(equals - text) };
        value = (struct name){ equals + 1, len - key.len - 1 };
        err = option_set(o, key, value);
        if (err)
            return err;
        text += len + (comma ? 1 : 0);
    }
    return 0;
}

/* ---- mounting ---- */

static void pool_free(struct ramfs_fs *fs)
{
    while (fs->pool) {
        struct ramfs_pool *p = fs->pool;

        fs->pool = p->next;
        page_free(p, p->pages);
    }
}

/* Move the entries of a directory to the list of what is to be dropped. */
static void dir_flatten(struct ramfs_node *n, struct list *pending)
{
    struct list *l;

    while ((l = list_first(&n->dir.entries))) {
        list_remove(l);
        list_append(pending, l);
    }
}

/* Nobody walks here any more.  The tree is taken apart breadth first, because directories and the
 * names in them hold each other. */
static void ramfs_unmount(struct fs *base)
{
    struct ramfs_fs *fs = container_of(base, struct ramfs_fs, fs);
    struct list pending = LIST_INIT(pending), *l;

    dir_flatten(ramfs_node(fs->fs.root), &pending);
    while ((l = list_first(&pending))) {
        struct ramfs_entry *e = list_entry(l, struct ramfs_entry, link);
        struct ramfs_node *n = e->node & 1 ? NULL : (struct ramfs_node *)e->node;

        if (n && n->v.type == S_IFDIR)
            dir_flatten(n, &pending);
        list_remove(l);
        ramfs_entry_free(e);
        if (n)
            vnode_put(&n->v);
    }
    vnode_put(fs->fs.root);
    pool_free(fs);
    if (fs->archive_pages)
        page_free((void *)fs->archive, fs->archive_pages);
    kfree(fs);
}

/* ---- an archive inside the tree: mount -t ramfs /path/of/archive /target ---- */

enum { ARCHIVE_COPY_PAGES = 1024 };              /* 4 MiB: what the allocator has in one piece */

/* A file that still lies in an archive which never goes needs no copy. */
static bool file_lies_still(const struct file *f, struct mount_args *args)
{
    const struct ramfs_node *n = ramfs_node(f->vnode);

    if (f->vnode->ops != &ramfs_ops || !n->file.archive || ramfs_of(f->vnode)->archive_pages)
        return false;
    args->data = n->file.archive;
    args->data_len = n->file.size;
    return true;
}

static int archive_copy(struct file *f, struct mount_args *args, u32 *ret_pages)
{
    struct vattr a;
    u64 pages;
    ssize_t n;
    void *copy;
    int err = vnode_getattr(f->vnode, &a);

    if (err)
        return err;
    pages = page_ceil(a.size) >> PAGE_SHIFT;
    if (!pages || pages > ARCHIVE_COPY_PAGES)
        return pages ? -EFBIG : -EINVAL;
    copy = page_alloc(pages);
    if (!copy)
        return -ENOMEM;
    n = file_pread_kernel(f, copy, a.size, 0);
    if (n < 0) {
        page_free(copy, pages);
        return (int)n;
    }
    args->data = copy;
    args->data_len = (u64)n;
    *ret_pages = (u32)pages;
    return 0;
}

/* ret_pages: what ramfs_make() is to own of args->data. */
static int archive_open(struct mount_args *args, u32 *ret_pages)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = vfs_openat(AT_FDCWD, args->source, O_RDONLY, 0, 0, &f);

    if (err)
        return err;
    if (!f->vnode || f->vnode->type != S_IFREG)
        return -EINVAL;
    return file_lies_still(f, args) ? 0 : archive_copy(f, args, ret_pages);
}

static int root_new(struct ramfs_fs *fs, const struct options *o)
{
    struct ramfs_node *root;
    int err = ramfs_node_new(fs, S_IFDIR | (o->mode & 07777), fs->next_ino++, &root);

    if (err)
        return err;
    vnode_set_owner(&root->v, S_IFDIR | (o->mode & 07777), o->uid, o->gid);
    root->atime = root->mtime = root->ctime = root->btime = vfs_now();
    fs->fs.root = &root->v;
    return 0;
}

static int ramfs_make(const struct fs_type *type, const struct mount_args *args,
                      const struct options *o, struct fs **ret)
{
    struct ramfs_fs *fs = kzalloc(sizeof(*fs));
    int err;

    if (!fs)
        return -ENOMEM;
    fs_init(&fs->fs, type);
    fs->next_ino = 1;
    fs->pages_max = o->size >> PAGE_SHIFT;
    fs->nodes_max = o->nodes;
    fs->archive = args->data;
    fs->archive_size = args->data_len;
    err = root_new(fs, o);
    if (err) {
        kfree(fs);
        return err;
    }
    if (fs->archive)
        err = ramfs_adopt(fs);
    if (err) {
        ramfs_unmount(&fs->fs);
        return err;
    }
    *ret = &fs->fs;
    return 0;
}

static int ramfs_mount(const struct mount_args *args, struct fs **ret)
{
    struct options o = { .mode = 0755 };
    struct mount_args a = *args;
    u32 pages = 0;
    int err = 0;

    if (a.options && *a.options)
        return -EINVAL;
    if (!a.data && a.source && *a.source == '/')
        err = archive_open(&a, &pages);
    if (!err)
        err = ramfs_make(&ramfs_fs, &a, &o, ret);
    if (!err)
        container_of(*ret, struct ramfs_fs, fs)->archive_pages = pages;
    else if (pages)
        page_free((void *)a.data, pages);
    return err;
}

static int tmpfs_mount(const struct mount_args *args, struct fs **ret)
{
    struct options o = { .mode = 01777 };
    int err = options_parse(args->options, &o);

    return err ? err : ramfs_make(&tmpfs_fs, args, &o, ret);
}

static int ramfs_statfs(struct fs *base, struct kstatfs *ret)
{
    const struct ramfs_fs *fs = container_of(base, struct ramfs_fs, fs);
    u64 used = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);
    u64 memory = commit_limit() >> PAGE_SHIFT;
    u64 left = memory - min_u64(memory, commit_used() >> PAGE_SHIFT);

    ret->type = base->type == &tmpfs_fs ? TMPFS_MAGIC : RAMFS_MAGIC;
    ret->blocks = fs->pages_max ? fs->pages_max : memory;
    ret->bfree = fs->pages_max ? fs->pages_max - min_u64(used, fs->pages_max) : left;
    ret->bfree = min_u64(ret->bfree, left);
    ret->bavail = ret->bfree;
    ret->files = fs->nodes_max ? fs->nodes_max : memory;
    ret->ffree = ret->files - min_u64(ret->files, __atomic_load_n(&fs->nodes, __ATOMIC_RELAXED));
    return 0;
}

const struct fs_type ramfs_fs = {
    .name = "ramfs",
    .nodev = true,
    .mount = ramfs_mount,
    .statfs = ramfs_statfs,
    .unmount = ramfs_unmount,
};

const struct fs_type tmpfs_fs = {
    .name = "tmpfs",
    .nodev = true,
    .mount = tmpfs_mount,
    .statfs = ramfs_statfs,
    .unmount = ramfs_unmount,
};
