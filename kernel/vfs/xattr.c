/* SPDX-License-Identifier: MIT */
/* Extended attributes: permission by namespace, then the file system. */
#include "kernel/vfs/xattr.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fs.h"
#include "abi/linux/inotify.h"
#include "abi/linux/stat.h"
#include "abi/linux/xattr.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"

#define HAS_PREFIX(name, prefix) (!strncmp(name, prefix, sizeof(prefix) - 1))

/* user.*: regular files and directories; in sticky directories only the owner's to change. */
static int user_permission(const struct vnode *v, bool change, const struct cred *c)
{
    if (v->type != S_IFREG && v->type != S_IFDIR)
        return change ? -EPERM : -ENODATA;
    if (change && v->type == S_IFDIR && (vnode_mode(v) & S_ISVTX) && c->fsuid != v->uid &&
        !cred_has_cap(c, CAP_FOWNER))
        return -EPERM;
    return vnode_permission(v, change ? 2 : 4, c);
}

static int xattr_permission(const struct vnode *v, const char *name, bool change)
{
    const struct cred *c = vfs_cred();
    bool admin = cred_has_cap(c, CAP_SYS_ADMIN);
    const char *dot = strchr(name, '.');

    if (dot && !dot[1])
        return -EINVAL;                          /* a namespace and no name                 */
    if (HAS_PREFIX(name, XATTR_USER_PREFIX))
        return user_permission(v, change, c);
    if (HAS_PREFIX(name, XATTR_TRUSTED_PREFIX))
        return admin ? 0 : change ? -EPERM : -ENODATA;
    if (HAS_PREFIX(name, XATTR_SECURITY_PREFIX))
        return admin || !change ? 0 : -EPERM;
    return -EOPNOTSUPP;                          /* system.*: no ACLs                       */
}

ssize_t vfs_getxattr(struct vnode *v, const char *name, void *dst, size_t size)
{
    ssize_t n = xattr_permission(v, name, false);

    if (n)
        return n;
    if (!v->ops->getxattr)
        return -EOPNOTSUPP;
    rw_lock_shared(&v->lock);
    n = v->ops->getxattr(v, name, dst, size);
    rw_unlock_shared(&v->lock);
    return n;
}

int vfs_setxattr(struct mount *m, struct vnode *v, const char *name, const void *src, size_t size,
                 enum xattr_how how)
{
    int err = mount_check_write(m);

    if (!err)
        err = xattr_permission(v, name, true);
    if (!err && !v->ops->setxattr)
        err = -EOPNOTSUPP;
    if (err)
        return err;
    rw_lock(&v->lock);
    err = v->ops->setxattr(v, name, src, size, how);
    rw_unlock(&v->lock);
    if (!err)
        notify_vnode(v, NULL, (struct name){ NULL, 0 }, IN_ATTRIB);
    return err;
}

/* trusted.* is not even listed to others. */
static size_t drop_hidden(char *list, size_t len)
{
    size_t kept = 0;

    for (size_t at = 0; at < len;) {
        size_t n = strlen(list + at) + 1;

        if (!HAS_PREFIX(list + at, XATTR_TRUSTED_PREFIX)) {
            memmove(list + kept, list + at, n);
            kept += n;
        }
        at += n;
    }
    return kept;
}

ssize_t vfs_listxattr(struct vnode *v, char *dst, size_t size)
{
    AUTO(kfreep) char *list = NULL;
    ssize_t n;

    if (!v->ops->listxattr)
        return 0;
    list = kalloc(XATTR_LIST_MAX);
    if (!list)
        return -ENOMEM;
    rw_lock_shared(&v->lock);
    n = v->ops->listxattr(v, list, XATTR_LIST_MAX);
    rw_unlock_shared(&v->lock);
    if (n < 0)
        return n == -ERANGE ? -E2BIG : n;
    if (!cred_has_cap(vfs_cred(), CAP_SYS_ADMIN))
        n = (ssize_t)drop_hidden(list, (size_t)n);
    if (size && (size_t)n > size)
        return -ERANGE;
    if (size)
        memcpy(dst, list, (size_t)n);
    return n;
}
