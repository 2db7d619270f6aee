/* SPDX-License-Identifier: MIT */
/*
 * memfd_create(2): files in memory without a name.
 *
 * They live in a tmpfs that is mounted nowhere, made when the first one is asked for; its mount never
 * entered the table, so its id is 0, and paths in it are shown as if it were "/" (where.c).
 *
 * Locks: home_lock, before everything of the file system.
 */
#include "kernel/vfs/memfd.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

static struct mutex home_lock;
static struct mount *home;                       /* guarded by home_lock; lives for ever    */

static int home_make(struct mount **ret)
{
    const struct fs_type *tmpfs = fs_type_find("tmpfs");
    struct mount_args args = { .source = "memfd" };
    struct mount *m = kzalloc(sizeof(*m));
    int err = m ? 0 : -ENOMEM;

    if (!err)
        err = tmpfs->mount(&args, &m->fs);
    if (err) {
        kfree(m);
        return err;
    }
    ref_init(&m->refs);
    m->root = vnode_get(m->fs->root);
    m->flags = MS_NOSUID | MS_NODEV;
    list_init(&m->link);
    *ret = m;
    return 0;
}

static int home_find(struct mount **ret)
{
    WITH_MUTEX(&home_lock);
    int err = home ? 0 : home_make(&home);

    if (!err)
        *ret = home;
    return err;
}

static int nameless_make(struct mount *m, struct vnode **ret)
{
    struct vattr a = {
        .mode = S_IFREG | 0777,
        .uid = vfs_cred()->fsuid,
        .gid = vfs_cred()->fsgid,
        .nlink = 0,                              /* it can never be linked                  */
    };
    struct name none = { "", 0 };
    int err;

    rw_lock(&m->root->lock);
    err = m->root->ops->create(m->root, none, &a, ret);
    rw_unlock(&m->root->lock);
    return err;
}

int memfd_new(const char *name, enum memfd_seals seals, struct file **ret)
{
    char shown[sizeof("memfd:") + MEMFD_NAME_MAX] = "memfd:";
    AUTO(vnode_putp) struct vnode *v = NULL;
    struct file_name file_name = { 0 };
    struct mount *m;
    struct file *f;
    int err;

    (void)str_copy(shown + strlen(shown), name, MEMFD_NAME_MAX + 1); /* the caller has measured */
    err = home_find(&m);
    if (!err)
        err = nameless_make(m, &v);
    if (!err)
        err = file_name_set(&file_name, (struct name){ shown, strlen(shown) });
    if (err)
        return err;
    err = mount_want_write(m);                   /* dropped when the file is closed         */
    f = err ? NULL : file_alloc(&vfs_file_ops, NULL, O_RDWR | O_LARGEFILE);
    if (!f) {
        kfree(file_name.longer);
        if (!err)
            mount_drop_write(m);
        return err ? err : -ENOMEM;
    }
    __atomic_fetch_add(&v->writers, 1, __ATOMIC_SEQ_CST);
    v->can_seal = seals == MEMFD_SEALABLE;
    f->mount = mount_get(m);
    f->dir = vnode_get(m->root);
    f->name = file_name;
    f->vnode = TAKE(v);
    *ret = f;
    return 0;
}
