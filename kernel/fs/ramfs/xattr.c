/* SPDX-License-Identifier: MIT */
/* Extended attributes of ramfs: a list per node, because there are few.  The VFS has checked names
 * and permission; vnode.lock guards the list. */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"

enum { XATTRS_BYTES_MAX = 64 * 1024 };           /* of a node, names and values             */

struct ramfs_xattr {
    struct ramfs_xattr *next;
    size_t name_len, size;
    char name[];                                 /* with its NUL; then the value            */
};

static char *xattr_value(struct ramfs_xattr *x)
{
    return x->name + x->name_len + 1;
}

/* The link that points at the attribute, or at the end of the list. */
static struct ramfs_xattr **xattr_find(struct ramfs_node *n, const char *name)
{
    struct ramfs_xattr **at = &n->xattrs;

    while (*at && strcmp((*at)->name, name))
        at = &(*at)->next;
    return at;
}

ssize_t ramfs_getxattr(struct vnode *v, const char *name, void *dst, size_t size)
{
    struct ramfs_xattr *x = *xattr_find(ramfs_node(v), name);

    if (!x)
        return -ENODATA;
    if (!size)
        return (ssize_t)x->size;
    if (x->size > size)
        return -ERANGE;
    memcpy(dst, xattr_value(x), x->size);
    return (ssize_t)x->size;
}

static size_t xattrs_bytes(const struct ramfs_node *n)
{
    size_t sum = 0;

    for (const struct ramfs_xattr *x = n->xattrs; x; x = x->next)
        sum += x->name_len + x->size;
    return sum;
}

static struct ramfs_xattr *xattr_new(const char *name, const void *value, size_t size)
{
    size_t name_len = strlen(name);
    struct ramfs_xattr *x = kalloc(sizeof(*x) + name_len + 1 + size);

    if (!x)
        return NULL;
    *x = (struct ramfs_xattr){ .name_len = name_len, .size = size };
    memcpy(x->name, name, name_len + 1);
    memcpy(xattr_value(x), value, size);
    return x;
}

int ramfs_setxattr(struct vnode *v, const char *name, const void *src, size_t size,
                   enum xattr_how how)
{
    struct ramfs_node *n = ramfs_node(v);
    struct ramfs_xattr **at = xattr_find(n, name), *old = *at, *x = NULL;

    if (old && how == XATTR_HOW_CREATE)
        return -EEXIST;
    if (!old && (how == XATTR_HOW_REPLACE || how == XATTR_HOW_REMOVE))
        return -ENODATA;
    if (how != XATTR_HOW_REMOVE) {
        if (xattrs_bytes(n) + strlen(name) + size > XATTRS_BYTES_MAX)
            return -ENOSPC;
        x = xattr_new(name, src, size);
        if (!x)
            return -ENOMEM;
        x->next = old ? old->next : NULL;
    }
    *at = x ? x : old->next;
    kfree(old);
    n->ctime = vfs_now();
    return 0;
}

ssize_t ramfs_listxattr(struct vnode *v, char *dst, size_t size)
{
    size_t len = 0;

    for (struct ramfs_xattr *x = ramfs_node(v)->xattrs; x; x = x->next) {
        if (size && len + x->name_len + 1 > size)
            return -ERANGE;
        if (size)
            memcpy(dst + len, x->name, x->name_len + 1);
        len += x->name_len + 1;
    }
    return (ssize_t)len;
}

void ramfs_xattrs_free(struct ramfs_node *n)
{
    while (n->xattrs) {
        struct ramfs_xattr *x = n->xattrs;

        n->xattrs = x->next;
        kfree(x);
    }
}
