/* SPDX-License-Identifier: MIT */
/*
 * mbind(2), set_mempolicy(2), get_mempolicy(2): memory policies of a machine with one node.
 *
 * A policy is advice about nodes.  With one node every policy that can be asked for has the same
 * effect, none, so arguments are checked and nothing is kept.
 */
#include "abi/linux/errno.h"
#include "abi/linux/numa.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall/syscall.h"

enum { NODES_MAX = 1024, MODE_FLAGS = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES };

/* A node mask of maxnode - 1 bits: -EINVAL if it names a node there is not.  *ret_empty: none. */
static int nodes_check(uptr mask, u64 maxnode, bool *ret_empty)
{
    u64 bits = maxnode ? maxnode - 1 : 0;

    *ret_empty = true;
    if (!mask.addr || !bits)
        return 0;
    if (bits > NODES_MAX)
        return -EINVAL;
    for (u64 at = 0; at < bits; at += 64) {
        u64 word;
        int err = copy_in_struct(&word, uptr_add(mask, at / 8));

        if (err)
            return err;
        if (bits - at < 64)
            word &= (1ull << (bits - at)) - 1;
        if (at ? word : word & ~1ull)            /* node 0 is all there is                  */
            return -EINVAL;
        *ret_empty = *ret_empty && !word;
    }
    return 0;
}

static int policy_check(int mode, uptr mask, u64 maxnode)
{
    int policy = mode & ~MODE_FLAGS;
    bool empty;
    int err = nodes_check(mask, maxnode, &empty);

    if (err)
        return err;
    switch (policy) {
    case MPOL_DEFAULT:
    case MPOL_LOCAL:
        return empty ? 0 : -EINVAL;
    case MPOL_BIND:
    case MPOL_INTERLEAVE:
    case MPOL_PREFERRED_MANY:
        return empty ? -EINVAL : 0;
    case MPOL_PREFERRED:
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_set_mempolicy(struct thread *self, int mode, uptr nodemask, u64 maxnode)
{
    (void)self;
    return policy_check(mode, nodemask, maxnode);
}

long sys_mbind(struct thread *self, uptr addr, size_t len, int mode, uptr nodemask, u64 maxnode,
               unsigned flags)
{
    u64 end;
    int err;

    if (flags & ~(unsigned)MPOL_MF_VALID || page_offset(addr.addr) ||
        add_overflows(addr.addr, (u64)len, &end))
        return -EINVAL;
    err = policy_check(mode, nodemask, maxnode);
    if (err || !len)
        return err;
    return mm_check(self->mm, addr.addr, page_ceil(len), 0);
}

/* What there is to say: the default policy, one node. */
long sys_get_mempolicy(struct thread *self, uptr mode, uptr nodemask, u64 maxnode, uptr addr,
                       u64 flags)
{
    u32 policy = MPOL_DEFAULT;
    u64 nodes = flags & MPOL_F_MEMS_ALLOWED ? 1 : 0;
    int err = 0;

    if (flags & ~(u64)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
        return -EINVAL;
    if (flags & MPOL_F_MEMS_ALLOWED && flags & (MPOL_F_NODE | MPOL_F_ADDR))
        return -EINVAL;
    if (!(flags & MPOL_F_ADDR) && addr.addr)
        return -EINVAL;
    if (nodemask.addr && (!maxnode || maxnode > NODES_MAX + 1))
        return -EINVAL;
    if (flags & MPOL_F_ADDR)
        err = mm_check(self->mm, addr.addr, 1, 0);
    if (!err && mode.addr)
        err = copy_out_struct(mode, &policy);
    if (!err && nodemask.addr)
        err = user_zero(nodemask, (maxnode + 63) / 64 * 8);
    if (!err && nodemask.addr)
        err = copy_out_struct(nodemask, &nodes);
    return err;
}
