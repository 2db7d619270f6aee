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

/* A failed exchange may only mean that another reader was faster: look again before sleeping. */
static bool rw_try_shared(struct rwlock *l)
{
    while (__atomic_load_n(&l->readers, __ATOMIC_SEQ_CST) >= 0 &&
           !__atomic_load_n(&l->writers_waiting, __ATOMIC_SEQ_CST))
        if (rw_try_lock_shared(l))
            return true;
    return false;
}

void rw_lock_shared_slow(struct rwlock *l)
{
    for (int i = 0; i < SPINS; i++) {
        if (rw_try_shared(l))
            return;
        __builtin_ia32_pause();
    }
    __atomic_fetch_add(&l->readers_waiting, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        u64 ticket = waitq_ticket(&l->wait);

        if (rw_try_shared(l))
            break;
        waitq_sleep_uninterruptible(&l->wait, ticket, NO_DEADLINE);
    }
    __atomic_fetch_sub(&l->readers_waiting, 1, __ATOMIC_SEQ_CST);
}

void rw_lock_slow(struct rwlock *l)
{
    for (int i = 0; i < SPINS; i++) {
        if (!__atomic_load_n(&l->readers, __ATOMIC_RELAXED) && rw_try_lock(l))
            return;
        __builtin_ia32_pause();
    }
    __atomic_fetch_add(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        u64 ticket = waitq_ticket(&l->wait);

        if (rw_try_lock(l))
            break;
        waitq_sleep_uninterruptible(&l->wait, ticket, NO_DEADLINE);
    }
    __atomic_fetch_sub(&l->writers_waiting, 1, __ATOMIC_SEQ_CST);
}

void rw_wake(struct rwlock *l)
{
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
