/* SPDX-License-Identifier: MIT */
/* Credentials: see cred.h. */
#include "kernel/core/cred.h"
#include "abi/linux/capability.h"
#include "kernel/core/alloc.h"
#include "kernel/lib/string.h"

_Static_assert(CRED_ALL_CAPS == ~0ull >> (63 - CAP_LAST_CAP), "cred.h");

static struct cred *cred_alloc(u32 ngroups)
{
    struct cred *c = kzalloc(sizeof(*c) + ngroups * sizeof(c->groups[0]));

    if (!c)
        return NULL;
    ref_init(&c->refs);
    c->ngroups = ngroups;
    return c;
}

struct cred *cred_new_root(void)
{
    struct cred *c = cred_alloc(0);

    if (c)
        c->cap_permitted = c->cap_effective = c->cap_bounding = CRED_ALL_CAPS;
    return c;
}

struct cred *cred_copy(const struct cred *c, u32 ngroups)
{
    struct cred *copy = cred_alloc(ngroups);
    u32 common = c->ngroups < ngroups ? c->ngroups : ngroups;

    if (!copy)
        return NULL;
    memcpy(copy, c, sizeof(*c));
    ref_init(&copy->refs);
    copy->ngroups = ngroups;
    memcpy(copy->groups, c->groups, common * sizeof(c->groups[0]));
    return copy;
}

struct cred *cred_get(struct cred *c)
{
    ref_get(&c->refs);
    return c;
}

void cred_put(struct cred *c)
{
    if (c && ref_put(&c->refs))
        kfree(c);
}

void cred_putp(struct cred **c)
{
    cred_put(*c);
}

bool cred_in_group(const struct cred *c, u32 gid)
{
    u32 low = 0, high = c->ngroups;

    if (gid == c->fsgid)
        return true;
    while (low < high) {
        u32 middle = low + (high - low) / 2;

        if (c->groups[middle] == gid)
            return true;
        if (c->groups[middle] < gid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
