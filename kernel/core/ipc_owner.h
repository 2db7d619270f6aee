/* SPDX-License-Identifier: MIT */
/*
 * Ownership and permissions of System V objects (sysvipc(7), svipc(7)).  Locks: the object's.
 */
#pragma once
#include "kernel/lib/types.h"

struct ipc64_perm;

struct ipc_owner {
    s32 key;
    u32 uid, gid, cuid, cgid;                    /* owner, creator                          */
    u32 mode;                                    /* the nine permission bits, and others    */
    u32 seq;
};

enum { IPC_MODE = 0777, IPC_MAY_READ = 4, IPC_MAY_WRITE = 2, IPC_MAY_EXECUTE = 1 };

/* An object that the calling thread creates. */
void ipc_owner_init(struct ipc_owner *p, s32 key, u32 mode, u32 seq);

/* May the calling thread read or write (IPC_MAY_*) / change or remove the object?  0, or -EACCES /
 * -EPERM. */
int ipc_owner_check(const struct ipc_owner *p, u32 want) MUST_CHECK;
int ipc_owner_check_control(const struct ipc_owner *p) MUST_CHECK;

/* What *get() asks for with its nine bits: any of the three classes. */
static inline u32 ipc_owner_wanted(u32 flags)
{
    return (flags >> 6 | flags >> 3 | flags) & 7;
}

/* IPC_STAT and IPC_SET. */
void ipc_owner_get(const struct ipc_owner *p, struct ipc64_perm *ret);
void ipc_owner_set(struct ipc_owner *p, const struct ipc64_perm *from);
