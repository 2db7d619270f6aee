/* SPDX-License-Identifier: MIT */
/* Ownership and permissions of System V objects.  See ipc_owner.h. */
#include "kernel/core/ipc_owner.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/ipc.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"

void ipc_owner_init(struct ipc_owner *p, s32 key, u32 mode, u32 seq)
{
    const struct cred *c = thread_self()->cred;

    *p = (struct ipc_owner){
        .key = key,
        .uid = c->euid,
        .gid = c->egid,
        .cuid = c->euid,
        .cgid = c->egid,
        .mode = mode & IPC_MODE,
        .seq = seq,
    };
}

int ipc_owner_check(const struct ipc_owner *p, u32 want)
{
    const struct cred *c = thread_self()->cred;
    u32 granted = p->mode;

    if (c->euid == p->uid || c->euid == p->cuid)
        granted >>= 6;
    else if (cred_in_group(c, p->gid) || cred_in_group(c, p->cgid))
        granted >>= 3;
    if (!(want & ~granted & 7) || cred_has_cap(c, CAP_IPC_OWNER))
        return 0;
    return -EACCES;
}

int ipc_owner_check_control(const struct ipc_owner *p)
{
    const struct cred *c = thread_self()->cred;

    if (c->euid == p->uid || c->euid == p->cuid || cred_has_cap(c, CAP_SYS_ADMIN))
        return 0;
    return -EPERM;
}

void ipc_owner_get(const struct ipc_owner *p, struct ipc64_perm *ret)
{
    *ret = (struct ipc64_perm){
        .key = p->key,
        .uid = p->uid,
        .gid = p->gid,
        .cuid = p->cuid,
        .cgid = p->cgid,
        .mode = (__kernel_mode_t)p->mode,
        .seq = (unsigned short)p->seq,
    };
}

void ipc_owner_set(struct ipc_owner *p, const struct ipc64_perm *from)
{
    p->uid = from->uid;
    p->gid = from->gid;
    p->mode = (p->mode & ~(u32)IPC_MODE) | (from->mode & IPC_MODE);
}
