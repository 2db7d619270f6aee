/* SPDX-License-Identifier: MIT */
/*
 * Mutexes and reader-writer locks: may be held across user-memory accesses, host calls and
 * allocation; taking one may sleep (uninterruptibly), so never under a spinlock.  All zero is
 * unlocked.  A free one costs one atomic exchange.
 *
 * The order of locks is kernel/core/lock_rank.def; where two of one kind are needed,
 * mutex_lock_two() takes them by address.
 */
#pragma once
#include "kernel/core/waitq.h"
#include "kernel/lib/types.h"

struct mutex {
    _Atomic u32 state;                           /* 0 free, 1 held, 2 held and wanted       */
    struct waitq wait;
};

void mutex_lock_slow(struct mutex *m);
void mutex_unlock_slow(struct mutex *m);

static inline bool mutex_try_lock(struct mutex *m)
{
    u32 free = 0;

    return __atomic_compare_exchange_n(&m->state, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *m)
{
    if (unlikely(!mutex_try_lock(m)))
        mutex_lock_slow(m);
}

static inline void mutex_unlock(struct mutex *m)
{
    if (unlikely(__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2))
        mutex_unlock_slow(m);
}

static inline void mutex_unlockp(struct mutex **m)
{
    mutex_unlock(*m);
}

/* Two locks of one kind, in one order; a may be b. */
void mutex_lock_two(struct mutex *a, struct mutex *b);
void mutex_unlock_two(struct mutex *a, struct mutex *b);

#define MUTEX_CAT_(a, b) a##b
#define MUTEX_CAT(a, b)  MUTEX_CAT_(a, b)

/* Hold m to the end of the enclosing block. */
#define WITH_MUTEX(m)                                                                              \
    struct mutex *MUTEX_CAT(held_, __LINE__) __attribute__((cleanup(mutex_unlockp), unused)) =     \
        (m);                                                                                       \
    mutex_lock(MUTEX_CAT(held_, __LINE__))

/*
 * Many readers or one writer; a waiting writer keeps new readers out.
 *
 * Who waits has counted himself in writers_waiting or readers_waiting before the try that failed, so
 * whoever lets go after that try sees him and wakes the queue; nobody there, nobody is woken.
 */
struct rwlock {
    _Atomic s32 readers;                         /* -1: a writer                            */
    _Atomic u32 writers_waiting;
    _Atomic u32 readers_waiting;
    struct waitq wait;
};

void rw_lock_shared_slow(struct rwlock *l);
void rw_lock_slow(struct rwlock *l);
void rw_wake(struct rwlock *l);

static inline bool rw_try_lock_shared(struct rwlock *l)
{
    s32 n = __atomic_load_n(&l->readers, __ATOMIC_RELAXED);

    return n >= 0 && !__atomic_load_n(&l->writers_waiting, __ATOMIC_RELAXED) &&
           __atomic_compare_exchange_n(&l->readers, &n, n + 1, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static inline bool rw_try_lock(struct rwlock *l)
{
    s32 nobody = 0;

    return __atomic_compare_exchange_n(&l->readers, &nobody, -1, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static inline void rw_lock_shared(struct rwlock *l)
{
    if (unlikely(!rw_try_lock_shared(l)))
        rw_lock_shared_slow(l);
}

static inline void rw_lock(struct rwlock *l)
{
    if (unlikely(!rw_try_lock(l)))
        rw_lock_slow(l);
}

static inline void rw_unlock_shared(struct rwlock *l)
{
    if (__atomic_fetch_sub(&l->readers, 1, __ATOMIC_SEQ_CST) == 1 &&
        unlikely(__atomic_load_n(&l->writers_waiting, __ATOMIC_SEQ_CST)))
        rw_wake(l);
}

static inline void rw_unlock(struct rwlock *l)
{
    __atomic_exchange_n(&l->readers, 0, __ATOMIC_SEQ_CST);
    if (unlikely(__atomic_load_n(&l->writers_waiting, __ATOMIC_SEQ_CST) ||
                 __atomic_load_n(&l->readers_waiting, __ATOMIC_SEQ_CST)))
        rw_wake(l);
}

void rw_unlock_sharedp(struct rwlock **l);
void rw_unlockp(struct rwlock **l);
