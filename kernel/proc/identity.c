/* SPDX-License-Identifier: MIT */
/* Changing who a thread is: see identity.h. */
#include "kernel/proc/identity.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/proc/attr.h"
#include "kernel/proc/proc_int.h"

#define CAP(c) (1ull << (c))
#define FS_CAPS                                                                                    \
    (CAP(CAP_CHOWN) | CAP(CAP_MKNOD) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |          \
     CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_LINUX_IMMUTABLE) | CAP(CAP_MAC_OVERRIDE))

static bool has_root_id(const struct cred *c)
{
    return !c->uid || !c->euid || !c->suid;
}

/* Root's ids come and go with root's capabilities. */
static void fix_caps(const struct cred *old, struct cred *new)
{
    if (new->securebits & SECBIT_NO_SETUID_FIXUP)
        return;
    if (has_root_id(old) && !has_root_id(new)) {
        if (!(new->securebits &SECBIT_KEEP_CAPS))
            new->cap_permitted = new->cap_effective = 0;
        new->cap_ambient = 0;
    }
    if (!old->euid && new->euid)
        new->cap_effective = 0;
    if (old->euid && !new->euid)
        new->cap_effective = new->cap_permitted;
    if (!old->fsuid && new->fsuid && old->euid == new->euid)
        new->cap_effective &= ~FS_CAPS;
    if (old->fsuid && !new->fsuid && old->euid == new->euid)
        new->cap_effective |= new->cap_permitted &FS_CAPS;
}

static bool is_somebody_else(const struct cred *old, const struct cred *new)
{
    return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
           old->fsgid != new->fsgid || (new->cap_permitted & ~old->cap_permitted);
}

void identity_install(struct thread *self, struct cred *c)
{
    fix_caps(self->cred, c);
    if (is_somebody_else(self->cred, c)) {
        process_set_dumpable(self->proc, 0);
        thread_set_pdeath_signal(self, 0);
    }
    cred_install(self, c);
}

static int take_cred(struct thread *t, void *arg)
{
    *(struct cred **)arg = cred_get(t->cred);
    return 0;
}

struct cred *identity_of_thread(pid_t tid)
{
    struct cred *c = NULL;

    return thread_with(tid, take_cred, &c) ? NULL : c;
}
