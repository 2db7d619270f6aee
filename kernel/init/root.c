/* SPDX-License-Identifier: MIT */
/*
 * The root file system, and what the kernel mounts in it: /proc, /dev, /dev/shm, /dev/pts, /sys and
 * a /tmp if there is none.
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/log.h"
#include "kernel/dev/device.h"
#include "kernel/fs/host/hostfs.h"
#include "kernel/host/host.h"
#include "kernel/init/init.h"
#include "kernel/lib/printf.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/vnode.h"

/* In this order; one that the kernel does not have is left out. */
static const struct {
    const char *path, *type, *options;
    u32 mode;
} mounts[] = {
    { "/proc", "proc", NULL, 0555 },        { "/sys", "sysfs", NULL, 0555 },
    { "/dev", "tmpfs", "mode=0755", 0755 }, { "/dev/shm", "tmpfs", "mode=1777", 01777 },
    { "/dev/pts", "devpts", NULL, 0755 },
};

NORETURN static void root_fail(const char *what, int err)
{
    log_line("kernel: cannot use the root file system: %s: error %d", what, -err);
    host_exit(256 - EINVAL);
}

static int mount_root(const struct boot_params *bp, struct fsctx **ret)
{
    struct mount_args args = { 0 };

    if (bp->rootfs_kind == BOOT_ROOTFS_HOSTFS) {
        log_line("myst: warning: the root file system is a directory of the host, which can "
                 "change it: nothing in it is protected");
        args.source = bp->rootfs_source;
        return vfs_mount_root(fs_type_find("hostfs"), &args, ret);
    }
    args.source = "rootfs";
    args.data = bp->rootfs.data;
    args.data_len = bp->rootfs.size;
    return vfs_mount_root(fs_type_find("ramfs"), &args, ret);
}

/* A directory of the host's in which nothing can be made: the program goes without. */
static bool can_be_missing(const struct boot_params *bp, int err)
{
    return bp->rootfs_kind == BOOT_ROOTFS_HOSTFS &&
           (err == -EROFS || err == -EACCES || err == -EPERM || err == -ENOENT);
}

static void mount_kernel_fs(const struct boot_params *bp, u32 i)
{
    const struct fs_type *type = fs_type_find(mounts[i].type);
    struct mount_args args = { .source = mounts[i].type, .options = mounts[i].options };
    int err;

    if (!type)
        return;
    err = vfs_mkdir_p(mounts[i].path, mounts[i].mode);
    if (!err || err == -EEXIST)
        err = vfs_mount_at(mounts[i].path, type, &args);
    if (err && can_be_missing(bp, err))
        klog(LOG_WARN, "there is no %s", mounts[i].path);
    else if (err)
        root_fail(mounts[i].path, err);
}

static int node_make(const char *path, const struct vattr *attr)
{
    int err = vfs_createat(AT_FDCWD, path, attr, NULL);

    return err == -EEXIST ? 0 : err;
}

/* The nodes of /dev, and its links into /proc. */
static void dev_fill(const struct boot_params *bp)
{
    static const struct {
        const char *path, *target;
    } links[] = {
        { "/dev/fd", "/proc/self/fd" },
        { "/dev/stdin", "/proc/self/fd/0" },
        { "/dev/stdout", "/proc/self/fd/1" },
        { "/dev/stderr", "/proc/self/fd/2" },
    };
    const struct device *d;
    char path[64];
    int err = 0;

    for (u32 i = 0; !err && (d = device_at(i)); i++) {
        struct vattr attr = { .mode = S_IFCHR | d->mode,
                              .rdev_major = d->major,
                              .rdev_minor = d->minor };

        ksnprintf(path, sizeof(path), "/dev/%s", d->name);
        err = node_make(path, &attr);
    }
    for (u32 i = 0; !err && i < ARRAY_SIZE(links); i++) {
        struct vattr attr = { .mode = S_IFLNK | 0777, .link = links[i].target };

        err = node_make(links[i].path, &attr);
    }
    if (err && !can_be_missing(bp, err))
        root_fail("/dev", err);
}

static bool exists(const char *path)
{
    struct place p;

    if (path_walk(AT_FDCWD, path, WALK_FOLLOW, &p))
        return false;
    place_put(&p);
    return true;
}

/* A single file of the host's needs a file to cover it. */
static int target_as_file(const char *path)
{
    struct vattr a = { .mode = S_IFREG | 0644 };
    int err = vfs_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);

    return err ? err : vfs_createat(AT_FDCWD, path, &a, NULL);
}

/* reference 6.2: a target that is missing is made. */
static int mount_one(const struct boot_mount *m)
{
    const struct fs_type *type = fs_type_find(m->type);
    struct mount_args args = { .source = m->source };
    bool is_new = !exists(m->target);
    int err = type ? 0 : -ENODEV;

    if (!err && is_new)
        err = vfs_mkdir_p(m->target, 0755);
    if (!err)
        err = vfs_mount_at(m->target, type, &args);
    if (err == -ENOTDIR && is_new) {
        err = target_as_file(m->target);
        if (!err)
            err = vfs_mount_at(m->target, type, &args);
    }
    return err;
}

static void mount_configured(const struct boot_params *bp)
{
    for (u32 i = 0; i < bp->mount_count; i++) {
        int err = mount_one(&bp->mounts[i]);

        if (err)
            root_fail(bp->mounts[i].target, err);
    }
}

struct fsctx *init_root(const struct boot_params *bp)
{
    struct fsctx *fs;
    int err;

    device_init();
    hostfs_set_ids(bp->uid_map, bp->uid_count, bp->gid_map, bp->gid_count);
    err = mount_root(bp, &fs);
    if (err)
        root_fail("mount", err);
    for (u32 i = 0; i < ARRAY_SIZE(mounts); i++)
        mount_kernel_fs(bp, i);
    dev_fill(bp);
    err = vfs_mkdir_p("/tmp", 01777);
    if (err && err != -EEXIST && !can_be_missing(bp, err))
        root_fail("/tmp", err);
    mount_configured(bp);
    return fs;
}
