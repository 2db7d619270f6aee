/* SPDX-License-Identifier: MIT */
/* prctl(2), personality(2): what a thread or process says about itself. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/prctl.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/proc/attr.h"
#include "kernel/proc/identity.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/syscall.h"

enum { COMM_SIZE = 16 };

static long set_name(struct thread *self, uptr name)
{
    char comm[COMM_SIZE];
    ssize_t len = copy_in_str(comm, name, sizeof(comm));

    if (len == -ENAMETOOLONG)
        comm[COMM_SIZE - 1] = '\0';              /* cut, as Linux does                      */
    else if (len < 0)
        return len;
    return thread_set_comm(self->proc, self->tid, comm);
}

static long get_name(struct thread *self, uptr name)
{
    char comm[COMM_SIZE] = { 0 };

    memcpy(comm, self->comm, sizeof(comm));
    return copy_out(name, comm, sizeof(comm));
}

static long set_keepcaps(struct thread *self, u64 on)
{
    struct cred *new;

    if (on > 1)
        return -EINVAL;
    if (self->cred->securebits & SECBIT_KEEP_CAPS_LOCKED)
        return -EPERM;
    new = cred_copy(self->cred, self->cred->ngroups);
    if (!new)
        return -ENOMEM;
    new->securebits &= ~(u32)SECBIT_KEEP_CAPS;
    if (on)
        new->securebits |= SECBIT_KEEP_CAPS;
    identity_install(self, new);
    return 0;
}

static long set_pdeathsig(struct thread *self, u64 signo)
{
    if (signo > SIG_COUNT)
        return -EINVAL;
    thread_set_pdeath_signal(self, (u32)signo);
    return 0;
}

static long set_dumpable(struct thread *self, u64 dumpable)
{
    if (dumpable > 1)
        return -EINVAL;
    process_set_dumpable(self->proc, (u32)dumpable);
    return 0;
}

static long set_no_new_privs(struct thread *self, const u64 arg[4])
{
    if (arg[0] != 1 || arg[1] || arg[2] || arg[3])
        return -EINVAL;
    thread_set_no_new_privs(self);
    return 0;
}

/* ---- capabilities ---- */

static bool cap_exists(u64 cap)
{
    return cap <= CAP_LAST_CAP;
}

/* A change to the caller's credentials: the copy to make it in; NULL: no memory. */
static struct cred *change(struct thread *self)
{
    return cred_copy(self->cred, self->cred->ngroups);
}

static long capbset_drop(struct thread *self, u64 cap)
{
    struct cred *new;

    if (!cred_has_cap(self->cred, CAP_SETPCAP))
        return -EPERM;
    if (!cap_exists(cap))
        return -EINVAL;
    new = change(self);
    if (!new)
        return -ENOMEM;
    new->cap_bounding &= ~(1ull << cap);
    identity_install(self, new);
    return 0;
}

/* Bits, each with its lock: what is locked stays, and only CAP_SETPCAP may change the rest. */
static long set_securebits(struct thread *self, u64 bits)
{
    u32 old = self->cred->securebits, locked = (old & SECURE_ALL_LOCKS) >> 1;
    struct cred *new;

    if ((locked & (old ^ bits)) || (old & SECURE_ALL_LOCKS & ~bits) ||
        (bits & ~(u64)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) ||
        !cred_has_cap(self->cred, CAP_SETPCAP))
        return -EPERM;
    new = change(self);
    if (!new)
        return -ENOMEM;
    new->securebits = (u32)bits;
    identity_install(self, new);
    return 0;
}

static long cap_ambient(struct thread *self, u64 what, u64 cap, u64 arg4, u64 arg5)
{
    const struct cred *c = self->cred;
    struct cred *new;
    u64 bit;

    if (arg4 || arg5)
        return -EINVAL;
    if (what == PR_CAP_AMBIENT_CLEAR_ALL ? cap != 0 : !cap_exists(cap))
        return -EINVAL;
    bit = 1ull << cap;
    if (what == PR_CAP_AMBIENT_IS_SET)
        return !!(c->cap_ambient & bit);
    if (what != PR_CAP_AMBIENT_RAISE && what != PR_CAP_AMBIENT_LOWER &&
        what != PR_CAP_AMBIENT_CLEAR_ALL)
        return -EINVAL;
    if (what == PR_CAP_AMBIENT_RAISE && (!(c->cap_permitted & c->cap_inheritable & bit) ||
                                         (c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
        return -EPERM;
    new = change(self);
    if (!new)
        return -ENOMEM;
    if (what == PR_CAP_AMBIENT_CLEAR_ALL)
        new->cap_ambient = 0;
    else if (what == PR_CAP_AMBIENT_LOWER)
        new->cap_ambient &= ~bit;
    else
        new->cap_ambient |= bit;
    identity_install(self, new);
    return 0;
}

/* ---- the call ---- */

static long put_int(uptr dst, s32 value)
{
    return copy_out_struct(dst, &value);
}

/* prctl(2): options that change what we cannot change are refused with EINVAL, like unknown ones.
 * Long because it is one line per option. */
long sys_prctl(struct thread *self, int option, u64 arg2, u64 arg3, u64 arg4, u64 arg5)
{
    u64 rest[] = { arg2, arg3, arg4, arg5 };

    switch (option) {
    case PR_SET_NAME:
        return set_name(self, UPTR(arg2));
    case PR_GET_NAME:
        return get_name(self, UPTR(arg2));
    case PR_SET_PDEATHSIG:
        return set_pdeathsig(self, arg2);
    case PR_GET_PDEATHSIG:
        return put_int(UPTR(arg2), (s32)thread_pdeath_signal(self));
    case PR_SET_DUMPABLE:
        return set_dumpable(self, arg2);
    case PR_GET_DUMPABLE:
        return process_dumpable(self->proc);
    case PR_SET_KEEPCAPS:
        return set_keepcaps(self, arg2);
    case PR_GET_KEEPCAPS:
        return !!(self->cred->securebits & SECBIT_KEEP_CAPS);
    case PR_SET_NO_NEW_PRIVS:
        return set_no_new_privs(self, rest);
    case PR_GET_NO_NEW_PRIVS:
        return arg2 || arg3 || arg4 || arg5 ? -EINVAL : thread_no_new_privs(self);
    case PR_SET_CHILD_SUBREAPER:
        process_set_subreaper(self->proc, arg2 != 0);
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_int(UPTR(arg2), process_is_subreaper(self->proc));
    case PR_SET_TIMERSLACK:
        thread_set_timer_slack_ns(self, (s64)arg2 <= 0 ? 0 : arg2);
        return 0;
    case PR_GET_TIMERSLACK:
        return (long)min_u64(thread_timer_slack_ns(self), INT64_MAX);
    case PR_CAPBSET_READ:
        return cap_exists(arg2) ? (long)(self->cred->cap_bounding >> arg2 & 1) : -EINVAL;
    case PR_CAPBSET_DROP:
        return capbset_drop(self, arg2);
    case PR_GET_SECUREBITS:
        return self->cred->securebits;
    case PR_SET_SECUREBITS:
        return set_securebits(self, arg2);
    case PR_CAP_AMBIENT:
        return cap_ambient(self, arg2, arg3, arg4, arg5);
    case PR_GET_TSC:
        return put_int(UPTR(arg2), PR_TSC_ENABLE);
    default:
        return -EINVAL;
    }
}

/* personality(2): stored and reported; there is one layout of memory and one ABI. */
long sys_personality(struct thread *self, u32 persona)
{
    u32 before = process_personality(self->proc);

    if (persona != UINT32_MAX)
        process_set_personality(self->proc, persona);
    return before;
}
