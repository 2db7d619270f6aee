/* SPDX-License-Identifier: MIT */
/* The account of committed memory: one atomic counter and its limit. */
#include "kernel/core/commit.h"
#include "abi/linux/errno.h"

struct commit_ops commit_ops;

static u64 limit;                                /* [const] after start                     */
static _Atomic u64 used;                         /* [atomic] never above limit              */
static _Atomic u64 peak;                         /* [atomic] highest value of used          */

void commit_init(u64 limit_bytes)
{
    limit = limit_bytes;
}

static void peak_raise(u64 now)
{
    u64 old = __atomic_load_n(&peak, __ATOMIC_RELAXED);

    while (now > old &&
           !__atomic_compare_exchange_n(&peak, &old, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

static int commit_try_charge(u64 bytes)
{
    u64 old = __atomic_load_n(&used, __ATOMIC_RELAXED);
    u64 now;

    do {
        if (add_overflows(old, bytes, &now) || now > limit)
            return -ENOMEM;
    } while (
        !__atomic_compare_exchange_n(&used, &old, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    peak_raise(now);
    return 0;
}

int commit_charge(u64 bytes)
{
    if (likely(!commit_try_charge(bytes)))
        return 0;
    if (bytes > limit || !commit_ops.reclaim || !commit_ops.reclaim())
        return -ENOMEM;
    return commit_try_charge(bytes);
}

void commit_release(u64 bytes)
{
    __atomic_fetch_sub(&used, bytes, __ATOMIC_RELAXED);
}

u64 commit_limit(void)
{
    return limit;
}

u64 commit_used(void)
{
    return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

u64 commit_peak(void)
{
    return __atomic_load_n(&peak, __ATOMIC_RELAXED);
}
