/* SPDX-License-Identifier: MIT */
/*
 * Credentials: who a thread is when something asks.  Immutable once published and shared by
 * reference; a change makes a new one (credentials(7), capabilities(7)).
 */
#pragma once
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"

struct cred {
    refcount refs;
    u32 uid, euid, suid, fsuid;
    u32 gid, egid, sgid, fsgid;
    u64 cap_permitted, cap_effective, cap_inheritable, cap_bounding, cap_ambient;
    u32 securebits;
    u32 ngroups;
    u32 groups[];                                /* sorted                                  */
};

/* Every capability there is: 0 to CAP_LAST_CAP. */
#define CRED_ALL_CAPS ((1ull << 41) - 1)

/* root with all capabilities and no groups; NULL if out of memory. */
struct cred *cred_new_root(void);
/* A copy to change before it is published, with room for ngroups groups (copies what fits). */
struct cred *cred_copy(const struct cred *c, u32 ngroups);
struct cred *cred_get(struct cred *c);
void cred_put(struct cred *c);
void cred_putp(struct cred **c);

bool cred_in_group(const struct cred *c, u32 gid); /* fsgid or a supplementary group        */
static inline bool cred_has_cap(const struct cred *c, u32 cap)
{
    return c->cap_effective >> cap & 1;
}
