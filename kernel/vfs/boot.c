/* SPDX-License-Identifier: MIT */
/*
 * The first mounts.  Until the first process has credentials and a root, the calling thread walks as
 * root from vfs_boot_fs.
 */
#include "kernel/vfs/boot.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/fsctx.h"
#include "kernel/vfs/mount_int.h"

enum { DEFAULT_UMASK = 022 };

struct fsctx *vfs_boot_fs;

int vfs_init(void)
{
    return 0;
}

int vfs_mount_root(const struct fs_type *type, const struct mount_args *args, struct fsctx **ret)
{
    struct place root;
    struct fsctx *fs = NULL;
    int err = mount_root(type, args, &root);

    if (err)
        return err;
    vfs_boot_fs = fsctx_new(&root, &root, 0);
    if (vfs_boot_fs)
        fs = fsctx_new(&root, &root, DEFAULT_UMASK);
    place_put(&root);
    if (!fs)
        return -ENOMEM;
    *ret = fs;
    return 0;
}

void vfs_teardown(void)
{
    fsctx_put(vfs_boot_fs);
    vfs_boot_fs = NULL;
    epoch_drain();                               /* what is retired holds mounts            */
    mount_teardown();
}

static int mkdir_one(const char *path, u32 mode)
{
    struct vattr a = { .mode = S_IFDIR | mode };
    struct place p;
    int err = vfs_createat(AT_FDCWD, path, &a, NULL);

    if (err != -EEXIST)
        return err;
    err = path_walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &p);
    if (!err)
        place_put(&p);
    return err;
}

int vfs_mkdir_p(const char *path, u32 mode)
{
    AUTO(kfreep) char *copy = kstrdup(path);
    int err = 0;

    if (!copy)
        return -ENOMEM;
    for (char *slash = strchr(copy + 1, '/'); !err && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        err = mkdir_one(copy, 0755);
        *slash = '/';
    }
    return err ? err : mkdir_one(copy, mode);
}

int vfs_mount_at(const char *path, const struct fs_type *type, const struct mount_args *args)
{
    struct place at;
    int err = path_walk(AT_FDCWD, path, WALK_FOLLOW, &at);

    if (err)
        return err;
    err = vfs_mount(type, args, &at);
    place_put(&at);
    return err;
}
