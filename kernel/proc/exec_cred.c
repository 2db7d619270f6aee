/* SPDX-License-Identifier: MIT */
/*
 * The credentials of a new program: set-id bits, and how capability sets change over execve(2)
 * (capabilities(7), "Transformation of capabilities during execve()"; files have none here).
 */
#include "abi/linux/errno.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/cred.h"
#include "kernel/proc/exec_int.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"

enum { SECBIT_NOROOT_ = 1 };

static void caps_transform(struct cred *c, bool gained)
{
    bool root = !(c->securebits & SECBIT_NOROOT_) && (c->euid == 0 || c->uid == 0);

    if (gained)
        c->cap_ambient = 0;
    c->cap_permitted = c->cap_ambient;
    if (root)
        c->cap_permitted = c->cap_inheritable | c->cap_bounding;
    c->cap_effective = root && c->euid == 0 ? c->cap_permitted : c->cap_ambient;
}

int exec_cred_make(struct exec *x, const struct cred *old, bool no_new_privs)
{
    struct vattr attr;
    struct cred *c;
    int err = x->file->vnode ? vnode_getattr(x->file->vnode, &attr) : 0;
    bool honoured;

    if (err)
        return err;
    c = cred_copy(old, old->ngroups);
    if (!c)
        return -ENOMEM;
    honoured = x->file->vnode && !no_new_privs && !(mount_flags(x->file->mount) & MS_NOSUID);
    if (honoured && attr.mode & S_ISUID)
        c->euid = attr.uid;
    /* Without group execute the bit means mandatory locking, once (chmod(2)). */
    if (honoured && (attr.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        c->egid = attr.gid;
    c->suid = c->fsuid = c->euid;
    c->sgid = c->fsgid = c->egid;
    x->secure = c->euid != old->euid || c->egid != old->egid;
    caps_transform(c, x->secure);
    x->secure = x->secure || c->uid != c->euid || c->gid != c->egid;
    x->cred = c;
    return 0;
}
