/* SPDX-License-Identifier: MIT */
/* Epochs: the protocol and why it is right are in epoch.h. */
#include "kernel/vfs/epoch.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"

enum { EPOCH_BATCH = 32 };                       /* objects worth the look at all slots     */

/* One cache line each: threads do not disturb each other. */
static struct epoch_slot {
    _Atomic u64 epoch;                           /* 0: not walking                          */
    u64 pad[7];
} slots[THREAD_SLOTS];

static _Atomic u64 epoch = 1;                    /* moved under limbo.lock                  */
static _Atomic u32 slots_used;                   /* slots below have been in use            */

static struct {
    struct spinlock lock;
    struct retired *first, **last;               /* oldest first                            */
    _Atomic u32 count;
} limbo;

void epoch_enter(void)
{
    u32 n = thread_self()->slot;

    assert(n < THREAD_SLOTS);
    if (unlikely(n >= __atomic_load_n(&slots_used, __ATOMIC_RELAXED))) {
        u32 seen = __atomic_load_n(&slots_used, __ATOMIC_SEQ_CST);

        while (seen <= n && !__atomic_compare_exchange_n(&slots_used, &seen, n + 1, false,
                                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            ;
    }
    debug_assert(slots[n].epoch == 0);
    /* the exchange is the fence between this store and the walk's loads */
    __atomic_exchange_n(&slots[n].epoch, __atomic_load_n(&epoch, __ATOMIC_RELAXED),
                        __ATOMIC_SEQ_CST);
}

void epoch_leave(void)
{
    __atomic_store_n(&slots[thread_self()->slot].epoch, 0, __ATOMIC_RELEASE);
}

void epoch_retire(struct retired *r, void (*free)(struct retired *r_))
{
    r->free = free;
    r->next = NULL;
    spin_lock(&limbo.lock);
    r->epoch = __atomic_load_n(&epoch, __ATOMIC_SEQ_CST);
    if (!limbo.first)
        limbo.last = &limbo.first;
    *limbo.last = r;
    limbo.last = &r->next;
    __atomic_store_n(&limbo.count, limbo.count + 1, __ATOMIC_RELAXED);
    spin_unlock(&limbo.lock);
}

/* Step on if nobody walks in an older epoch. */
static bool epoch_advance_locked(void)
{
    u64 now = epoch;
    u32 used = __atomic_load_n(&slots_used, __ATOMIC_SEQ_CST);

    for (u32 i = 0; i < used; i++) {
        u64 e = __atomic_load_n(&slots[i].epoch, __ATOMIC_SEQ_CST);

        if (e && e != now)
            return false;
    }
    __atomic_store_n(&epoch, now + 1, __ATOMIC_SEQ_CST);
    return true;
}

/* Cut off the front of the list that nobody can see any more. */
static struct retired *limbo_take_locked(void)
{
    struct retired *first = limbo.first, **end = &limbo.first;
    u32 taken = 0;

    while (*end && (*end)->epoch + 2 <= epoch) {
        end = &(*end)->next;
        taken++;
    }
    if (!taken)
        return NULL;
    limbo.first = *end;
    *end = NULL;
    if (!limbo.first)
        limbo.last = &limbo.first;
    __atomic_store_n(&limbo.count, limbo.count - taken, __ATOMIC_RELAXED);
    return first;
}

void epoch_drain(void)
{
    struct retired *r;

    spin_lock(&limbo.lock);
    /* two steps free what was retired just now, if nobody walks */
    if (epoch_advance_locked())
        epoch_advance_locked();
    r = limbo_take_locked();
    spin_unlock(&limbo.lock);

    while (r) {
        struct retired *next = r->next;

        r->free(r);
        r = next;
    }
}

void epoch_reclaim(void)
{
    if (unlikely(__atomic_load_n(&limbo.count, __ATOMIC_RELAXED) >= EPOCH_BATCH))
        epoch_drain();
}
