/* SPDX-License-Identifier: MIT */
/* Resource limits and usage. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/resource.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/limit.h"
#include "kernel/proc/process.h"
#include "kernel/proc/usage.h"
#include "kernel/syscall/syscall.h"

/* struct rlimit and struct rlimit64 are the same here. */
_Static_assert(sizeof(struct rlimit) == sizeof(struct rlimit64), "64-bit longs");

long sys_getrlimit(struct thread *self, u32 resource, uptr limit)
{
    struct rlimit64 r;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    process_limit_get(self->proc, resource, &r);
    return copy_out_struct(limit, &r);
}

long sys_setrlimit(struct thread *self, u32 resource, uptr limit)
{
    struct rlimit64 r;

    if (copy_in_struct(&r, limit))
        return -EFAULT;
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    return limit_set(self->proc, resource, &r);
}

/* May the caller look at p's limits, or change them: it is itself, or the same user in every way. */
static int may_limit(struct thread *self, struct process *p)
{
    AUTO(cred_putp) struct cred *t = NULL;
    const struct cred *c = self->cred;

    if (p == self->proc || cred_has_cap(c, CAP_SYS_RESOURCE))
        return 0;
    t = process_cred(p);
    if (!t)
        return -ESRCH;
    if (c->uid == t->uid && c->uid == t->euid && c->uid == t->suid && c->gid == t->gid &&
        c->gid == t->egid && c->gid == t->sgid)
        return 0;
    return -EPERM;
}

long sys_prlimit64(struct thread *self, int pid, u32 resource, uptr limit, uptr old)
{
    AUTO(process_putp) struct process *p = NULL;
    struct rlimit64 before, after;
    int err;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (limit.addr && copy_in_struct(&after, limit))
        return -EFAULT;
    p = pid ? process_find(pid) : process_get(self->proc);
    if (!p)
        return -ESRCH;
    err = may_limit(self, p);
    if (err)
        return err;
    process_limit_get(p, resource, &before);
    if (limit.addr)
        err = limit_set(p, resource, &after);
    if (!err && old.addr)
        err = copy_out_struct(old, &before);
    return err;
}

long sys_getrusage(struct thread *self, int who, uptr usage)
{
    struct usage used;
    struct rusage shown;

    (void)self;
    switch (who) {
    case RUSAGE_SELF:
        usage_get(USAGE_SELF, &used);
        break;
    case RUSAGE_CHILDREN:
        usage_get(USAGE_CHILDREN, &used);
        break;
    case RUSAGE_THREAD:
        usage_get(USAGE_THREAD, &used);
        break;
    default:
        return -EINVAL;
    }
    usage_show(&used, &shown);
    return copy_out_struct(usage, &shown);
}
