/* SPDX-License-Identifier: MIT */
/* hostfs as a file system: mounting a directory or a file of the host's, sizes, the end. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/magic.h"
#include "kernel/core/alloc.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/host/host.h"

/* A directory for searching and listing, or a file for reading and, if the host lets us, writing. */
struct source {
    hfd dir, rd, wr;
    struct stat st;
};

static int source_open_file(const char *path, struct source *s)
{
    int err = call_open_root(path, O_RDWR, &s->rd);

    if (!err) {
        s->wr = s->rd;
        return 0;
    }
    if (err != -EACCES && err != -EROFS && err != -ETXTBSY && err != -EPERM)
        return err;
    return call_open_root(path, O_RDONLY, &s->rd);
}

static void source_close(struct source *s)
{
    if (s->dir.id >= 0)
        host_close(s->dir);
    if (s->rd.id >= 0)
        host_close(s->rd);
}

static int source_open(const char *path, struct source *ret)
{
    struct source s = { .dir = HFD_NONE, .rd = HFD_NONE, .wr = HFD_NONE };
    int err = call_open_root(path, O_RDONLY | O_DIRECTORY, &s.dir);

    if (err == -ENOTDIR)
        err = source_open_file(path, &s);
    if (err)
        return err;
    err = host_fstat(s.dir.id >= 0 ? s.dir : s.rd, &s.st);
    if (!err && (s.st.st_mode & S_IFMT) != (s.dir.id >= 0 ? S_IFDIR : S_IFREG))
        err = -EINVAL;
    if (err) {
        source_close(&s);
        return err;
    }
    *ret = s;
    return 0;
}

static int fs_new(struct source *s, struct fs **ret)
{
    struct host_fs *fs = kzalloc(sizeof(*fs));
    struct host_node *root;
    int err;

    if (!fs)
        return -ENOMEM;
    fs_init(&fs->fs, &hostfs_fs);
    fs->root_dev = s->st.st_dev;
    fs->fs.no_devices = true;
    fs->fs.readonly = s->dir.id < 0 && s->wr.id < 0;
    err = node_adopt(fs, &s->st, s->dir, s->rd, s->wr, &root);
    if (err) {
        kfree(fs);
        return err;
    }
    fs->fs.root = &root->v;
    *ret = &fs->fs;
    return 0;
}

static int hostfs_mount(const struct mount_args *args, struct fs **ret)
{
    struct source s;
    int err;

    if (!args->source || args->source[0] == '\0' || (args->options && *args->options))
        return -EINVAL;
    err = source_open(args->source, &s);
    if (err)
        return err;
    err = fs_new(&s, ret);
    if (err)
        source_close(&s);
    return err;
}

static void hostfs_unmount(struct fs *base)
{
    struct host_fs *fs = container_of(base, struct host_fs, fs);

    recent_drop_all(fs);
    vnode_put(fs->fs.root);
    kfree(fs);
}

static int hostfs_statfs(struct fs *fs, struct kstatfs *ret)
{
    struct host_node *root = host_node(fs->root);
    struct statfs st;
    int err = host_statfs(root->dir.id >= 0 ? root->dir : root->rd, &st);

    if (err)
        return err;
    ret->type = V9FS_MAGIC;                      /* what a host's files look like elsewhere */
    ret->bsize = (u64)st.f_bsize;
    ret->frsize = (u64)st.f_frsize;
    ret->blocks = (u64)st.f_blocks;
    ret->bfree = (u64)st.f_bfree;
    ret->bavail = (u64)st.f_bavail;
    ret->files = (u64)st.f_files;
    ret->ffree = (u64)st.f_ffree;
    return 0;
}

const struct vnode_ops hostfs_ops = {
    .lookup = dir_lookup_host,
    .create = dir_create,
    .link = dir_link,
    .unlink = dir_unlink,
    .rename = dir_rename,
    .readdir = dir_readdir,
    .readlink = link_readlink,
    .read = data_read,
    .write = data_write,
    .getattr = node_getattr,
    .setattr = data_setattr,
    .sync = data_sync,
    .fallocate = data_fallocate,
    .seek_data = data_seek,
    .pin_pages = mapped_pin,
    .unpin_pages = mapped_unpin,
    .open = node_open,
    .evict = node_evict,
};

const struct fs_type hostfs_fs = {
    .name = "hostfs",
    .nodev = true,
    .mount = hostfs_mount,
    .statfs = hostfs_statfs,
    .unmount = hostfs_unmount,
};
