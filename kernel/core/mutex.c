/* SPDX-License-Identifier: MIT */
/*
 * Mutexes and reader-writer locks on wait queues.
 *
 * A mutex is 0 (free), 1 (held) or 2 (held, somebody may sleep).  Who sleeps has set 2 first, and
 * who unlocks a 2 wakes the queue; whoever wakes takes the lock as 2, because others may still be
 * asleep behind it.  A short spin comes first: sections are short, and a park costs a host call.
 */
#include "kernel/core/mutex.h"
#include "kernel/core/panic.h"

enum { SPINS = 100 };                            /* about 2 us of pause: less than a park   */

static bool mutex_spin(struct mutex *m)
{
    for (int i = 0; i < SPINS; i++) {
        if (__atomic_load_n(&m->state, __ATOMIC_RELAXED) == 0 && mutex_try_lock(m))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

void mutex_lock_slow(struct mutex *m)
{
    if (mutex_spin(m))
        return;
    for (;;) {
        u64 ticket = waitq_ticket(&m->wait);

        if (__atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE) == 0)
            return;
        waitq_sleep_uninterruptible(&m->wait, ticket, NO_DEADLINE);
    }
}

void mutex_unlock_slow(struct mutex *m)
{
    waitq_wake(&m->wait);
}

void mutex_lock_two(struct mutex *a, struct mutex *b)
{
    if (a == b) {
        mutex_lock(a);
        return;
    }
    mutex_lock(a < b ? a : b);
    mutex_lock(a < b ? b : a);
}

void mutex_unlock_two(struct mutex *a, struct mutex *b)
{
    mutex_unlock(a);
    if (a != b)
        mutex_unlock(b);
}

static bool rw_try_shared(struct rwlock *l)
{
    s32 n = __atomic_load_n(&l->readers, __ATOMIC_RELAXED);

    while (n >= 0 && !__atomic_load_n(&l->writers_waiting, __ATOMIC_RELAXED))
        if (__atomic_compare_exchange_n(&l->readers, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

void rw_lock_shared(struct rwlock *l)
{
    for (;;) {
        u64 ticket;

        if (likely(rw_try_shared(l)))
            return;
        ticket = waitq_ticket(&l->wait);
        if (rw_try_shared(l))
            return;
        waitq_sleep_uninterruptible(&l->wait, ticket, NO_DEADLINE);
    }
}

void rw_unlock_shared(struct rwlock *l)
{
    s32 before = __atomic_fetch_sub(&l->readers, 1, __ATOMIC_SEQ_CST);

    debug_assert(before > 0);
    if (before == 1 && __atomic_load_n(&l->writers_waiting, __ATOMIC_SEQ_CST))
        waitq_wake(&l->wait);
}

static bool rw_try_exclusive(struct rwlock *l)
{
    s32 nobody = 0;

    return __atomic_compare_exchange_n(&l->readers, &nobody, -1, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

void rw_lock(struct rwlock *l)
{
    if (likely(rw_try_exclusive(l)))
        return;
    __atomic_fetch_add(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        u64 ticket = waitq_ticket(&l->wait);

        if (rw_try_exclusive(l))
            break;
        waitq_sleep_uninterruptible(&l->wait, ticket, NO_DEADLINE);
    }
    __atomic_fetch_sub(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
}

void rw_unlock(struct rwlock *l)
{
    debug_assert(l->readers == -1);
    __atomic_store_n(&l->readers, 0, __ATOMIC_SEQ_CST);
    waitq_wake(&l->wait);
}

void rw_unlock_sharedp(struct rwlock **l)
{
    rw_unlock_shared(*l);
}

void rw_unlockp(struct rwlock **l)
{
    rw_unlock(*l);
}
