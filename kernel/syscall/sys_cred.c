/* SPDX-License-Identifier: MIT */
/*
 * Who the caller is: user and group ids, supplementary groups, capabilities.
 *
 * Every change makes a new struct cred, checks everything, and installs it at the end.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/identity.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/syscall.h"

enum { GROUPS_MAX = 65536 };
#define UNCHANGED UINT32_MAX

/* A copy to change, with the same groups; NULL: no memory. */
static struct cred *change(struct thread *self)
{
    return cred_copy(self->cred, self->cred->ngroups);
}

static bool is_one_of(u32 id, u32 a, u32 b, u32 c)
{
    return id == a || id == b || id == c;
}

/* ---- users ---- */

long sys_getuid(struct thread *self)
{
    return self->cred->uid;
}

long sys_geteuid(struct thread *self)
{
    return self->cred->euid;
}

long sys_setuid(struct thread *self, u32 uid)
{
    AUTO(cred_putp) struct cred *new = NULL;
    const struct cred *old = self->cred;

    if (uid == UNCHANGED)
        return -EINVAL;
    new = change(self);
    if (!new)
        return -ENOMEM;
    if (cred_has_cap(old, CAP_SETUID))
        new->uid = new->suid = uid;
    else if (uid != old->uid && uid != old->suid)
        return -EPERM;
    new->euid = new->fsuid = uid;
    identity_install(self, TAKE(new));
    return 0;
}

long sys_setreuid(struct thread *self, u32 ruid, u32 euid)
{
    AUTO(cred_putp) struct cred *new = change(self);
    const struct cred *old = self->cred;
    bool may = cred_has_cap(old, CAP_SETUID);

    if (!new)
        return -ENOMEM;
    if (ruid != UNCHANGED) {
        if (!may && ruid != old->uid && ruid != old->euid)
            return -EPERM;
        new->uid = ruid;
    }
    if (euid != UNCHANGED) {
        if (!may && !is_one_of(euid, old->uid, old->euid, old->suid))
            return -EPERM;
        new->euid = euid;
    }
    if (ruid != UNCHANGED || (euid != UNCHANGED && euid != old->uid))
        new->suid = new->euid;
    new->fsuid = new->euid;
    identity_install(self, TAKE(new));
    return 0;
}

long sys_setresuid(struct thread *self, u32 ruid, u32 euid, u32 suid)
{
    AUTO(cred_putp) struct cred *new = change(self);
    const struct cred *old = self->cred;
    u32 wanted[] = { ruid, euid, suid };

    if (!new)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (wanted[i] != UNCHANGED && !cred_has_cap(old, CAP_SETUID) &&
            !is_one_of(wanted[i], old->uid, old->euid, old->suid))
            return -EPERM;
    new->uid = ruid == UNCHANGED ? old->uid : ruid;
    new->euid = euid == UNCHANGED ? old->euid : euid;
    new->suid = suid == UNCHANGED ? old->suid : suid;
    new->fsuid = new->euid;
    identity_install(self, TAKE(new));
    return 0;
}

static long copy_out_three(const u32 id[3], uptr a, uptr b, uptr c)
{
    if (copy_out(a, &id[0], sizeof(id[0])) || copy_out(b, &id[1], sizeof(id[1])) ||
        copy_out(c, &id[2], sizeof(id[2])))
        return -EFAULT;
    return 0;
}

long sys_getresuid(struct thread *self, uptr ruid, uptr euid, uptr suid)
{
    const struct cred *c = self->cred;

    return copy_out_three((u32[3]){ c->uid, c->euid, c->suid }, ruid, euid, suid);
}

/* setfsuid(2): the old one, whether it worked or not. */
long sys_setfsuid(struct thread *self, u32 uid)
{
    AUTO(cred_putp) struct cred *new = NULL;
    const struct cred *old = self->cred;
    u32 before = old->fsuid;

    if (uid == UNCHANGED || uid == before)
        return before;
    if (!is_one_of(uid, old->uid, old->euid, old->suid) && !cred_has_cap(old, CAP_SETUID))
        return before;
    new = change(self);
    if (!new)
        return before;
    new->fsuid = uid;
    identity_install(self, TAKE(new));
    return before;
}

/* ---- groups ---- */

long sys_getgid(struct thread *self)
{
    return self->cred->gid;
}

long sys_getegid(struct thread *self)
{
    return self->cred->egid;
}

long sys_setgid(struct thread *self, u32 gid)
{
    AUTO(cred_putp) struct cred *new = NULL;
    const struct cred *old = self->cred;

    if (gid == UNCHANGED)
        return -EINVAL;
    new = change(self);
    if (!new)
        return -ENOMEM;
    if (cred_has_cap(old, CAP_SETGID))
        new->gid = new->sgid = gid;
    else if (gid != old->gid && gid != old->sgid)
        return -EPERM;
    new->egid = new->fsgid = gid;
    identity_install(self, TAKE(new));
    return 0;
}

long sys_setregid(struct thread *self, u32 rgid, u32 egid)
{
    AUTO(cred_putp) struct cred *new = change(self);
    const struct cred *old = self->cred;
    bool may = cred_has_cap(old, CAP_SETGID);

    if (!new)
        return -ENOMEM;
    if (rgid != UNCHANGED) {
        if (!may && rgid != old->gid && rgid != old->egid)
            return -EPERM;
        new->gid = rgid;
    }
    if (egid != UNCHANGED) {
        if (!may && !is_one_of(egid, old->gid, old->egid, old->sgid))
            return -EPERM;
        new->egid = egid;
    }
    if (rgid != UNCHANGED || (egid != UNCHANGED && egid != old->gid))
        new->sgid = new->egid;
    new->fsgid = new->egid;
    identity_install(self, TAKE(new));
    return 0;
}

long sys_setresgid(struct thread *self, u32 rgid, u32 egid, u32 sgid)
{
    AUTO(cred_putp) struct cred *new = change(self);
    const struct cred *old = self->cred;
    u32 wanted[] = { rgid, egid, sgid };

    if (!new)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (wanted[i] != UNCHANGED && !cred_has_cap(old, CAP_SETGID) &&
            !is_one_of(wanted[i], old->gid, old->egid, old->sgid))
            return -EPERM;
    new->gid = rgid == UNCHANGED ? old->gid : rgid;
    new->egid = egid == UNCHANGED ? old->egid : egid;
    new->sgid = sgid == UNCHANGED ? old->sgid : sgid;
    new->fsgid = new->egid;
    identity_install(self, TAKE(new));
    return 0;
}

long sys_getresgid(struct thread *self, uptr rgid, uptr egid, uptr sgid)
{
    const struct cred *c = self->cred;

    return copy_out_three((u32[3]){ c->gid, c->egid, c->sgid }, rgid, egid, sgid);
}

/* setfsgid(2): the old one, whether it worked or not. */
long sys_setfsgid(struct thread *self, u32 gid)
{
    AUTO(cred_putp) struct cred *new = NULL;
    const struct cred *old = self->cred;
    u32 before = old->fsgid;

    if (gid == UNCHANGED || gid == before)
        return before;
    if (!is_one_of(gid, old->gid, old->egid, old->sgid) && !cred_has_cap(old, CAP_SETGID))
        return before;
    new = change(self);
    if (!new)
        return before;
    new->fsgid = gid;
    identity_install(self, TAKE(new));
    return before;
}

long sys_getgroups(struct thread *self, int count, uptr list)
{
    const struct cred *c = self->cred;

    if (count < 0)
        return -EINVAL;
    if (!count)
        return c->ngroups;
    if ((u32)count < c->ngroups)
        return -EINVAL;
    if (copy_out(list, c->groups, c->ngroups * sizeof(c->groups[0])))
        return -EFAULT;
    return c->ngroups;
}

/* Ascending, by heap sort: the list is the program's, and may be made to be slow to sort. */
static void sort(u32 *v, u32 n)
{
    for (u32 start = n / 2, end = n; end > 1;) {
        u32 root, value;

        if (start) {
            value = v[--start];
            root = start;
        } else {
            value = v[--end];
            v[end] = v[0];
            root = 0;
        }
        for (u32 child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && v[child + 1] > v[child])
                child++;
            if (v[child] <= value)
                break;
            v[root] = v[child];
        }
        v[root] = value;
    }
}

long sys_setgroups(struct thread *self, int count, uptr list)
{
    AUTO(cred_putp) struct cred *new = NULL;

    if (!cred_has_cap(self->cred, CAP_SETGID))
        return -EPERM;
    if (count < 0 || count > GROUPS_MAX)
        return -EINVAL;
    new = cred_copy(self->cred, (u32)count);
    if (!new)
        return -ENOMEM;
    if (copy_in(new->groups, list, (u32)count * sizeof(new->groups[0])))
        return -EFAULT;
    sort(new->groups, (u32)count);
    identity_install(self, TAKE(new));
    return 0;
}

/* ---- capabilities ---- */

/* How many 32-bit words a version has; 0: unknown, and the header is told which we prefer. */
static int cap_words(uptr uheader, struct __user_cap_header_struct *h)
{
    u32 preferred = _LINUX_CAPABILITY_VERSION_3;

    if (copy_in_struct(h, uheader))
        return -EFAULT;
    switch (h->version) {
    case _LINUX_CAPABILITY_VERSION_1:
        return _LINUX_CAPABILITY_U32S_1;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        return _LINUX_CAPABILITY_U32S_3;
    default:
        return copy_out(uheader, &preferred, sizeof(preferred)) ? -EFAULT : 0;
    }
}

long sys_capget(struct thread *self, uptr header, uptr data)
{
    struct __user_cap_header_struct h;
    struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3];
    AUTO(cred_putp) struct cred *c = NULL;
    int words = cap_words(header, &h);

    if (words < 0)
        return words;
    if (!words)
        return data.addr ? -EINVAL : 0;
    if (h.pid < 0)
        return -EINVAL;
    c = h.pid && h.pid != self->tid ? identity_of_thread(h.pid) : cred_get(self->cred);
    if (!c)
        return -ESRCH;
    if (!data.addr)
        return 0;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        d[i].effective = (u32)(c->cap_effective >> 32 * i);
        d[i].permitted = (u32)(c->cap_permitted >> 32 * i);
        d[i].inheritable = (u32)(c->cap_inheritable >> 32 * i);
    }
    return copy_out(data, d, (u32)words * sizeof(d[0]));
}

long sys_capset(struct thread *self, uptr header, uptr data)
{
    struct __user_cap_header_struct h;
    struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = { 0 };
    AUTO(cred_putp) struct cred *new = NULL;
    const struct cred *old = self->cred;
    u64 effective = 0, permitted = 0, inheritable = 0;
    int words = cap_words(header, &h);

    if (words <= 0)
        return words ? words : -EINVAL;
    if (h.pid && h.pid != self->tid)
        return -EPERM;                           /* of others, nobody may                   */
    if (copy_in(d, data, (u32)words * sizeof(d[0])))
        return -EFAULT;
    for (int i = 0; i < words; i++) {
        effective |= (u64)d[i].effective << 32 * i;
        permitted |= (u64)d[i].permitted << 32 * i;
        inheritable |= (u64)d[i].inheritable << 32 * i;
    }
    effective &= CRED_ALL_CAPS;
    permitted &= CRED_ALL_CAPS;
    inheritable &= CRED_ALL_CAPS;

    if (!cred_has_cap(old, CAP_SETPCAP) &&
        (inheritable & ~(old->cap_inheritable | old->cap_permitted)))
        return -EPERM;
    if (inheritable & ~(old->cap_inheritable | old->cap_bounding))
        return -EPERM;
    if ((permitted & ~old->cap_permitted) || (effective & ~permitted))
        return -EPERM;
    new = change(self);
    if (!new)
        return -ENOMEM;
    new->cap_effective = effective;
    new->cap_permitted = permitted;
    new->cap_inheritable = inheritable;
    new->cap_ambient &= permitted &inheritable;
    identity_install(self, TAKE(new));
    return 0;
}
