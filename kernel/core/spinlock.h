/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks: for a few instructions; no sleep, no host call, no user-memory access while one is
 * held.  All zero is unlocked.
 */
#pragma once
#include "kernel/lib/types.h"

struct spinlock {
    _Atomic u32 held;
};

static inline bool spin_try_lock(struct spinlock *l)
{
    return !__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *l)
{
    while (unlikely(!spin_try_lock(l)))
        while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
            __builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *l)
{
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

static inline void spin_unlockp(struct spinlock **l)
{
    spin_unlock(*l);
}

#define SPIN_CAT_(a, b) a##b
#define SPIN_CAT(a, b)  SPIN_CAT_(a, b)

/* Hold l to the end of the enclosing block. */
#define WITH_SPINLOCK(l)                                                                           \
    struct spinlock *SPIN_CAT(spinheld_, __LINE__)                                                 \
        __attribute__((cleanup(spin_unlockp), unused)) = (l);                                      \
    spin_lock(SPIN_CAT(spinheld_, __LINE__))
