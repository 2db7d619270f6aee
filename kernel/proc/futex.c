/* SPDX-License-Identifier: MIT */
/*
 * Futexes: WAIT, WAKE and WAKE_OP.
 *
 * Waiters stand in hash buckets.  Looking at the user's word may fault, so it is not done under the
 * bucket's spinlock; instead a bucket counts the wakes that looked into it:
 *
 *     waiter                                 waker
 *                                            (the program stores a new value)
 *     W1 g = generation                      K1 generation + 1
 *     W2 load the word; not value: EAGAIN    K2 count is 0: nobody, done
 *     W3 lock; enlist; count + 1             K3 lock; take out up to n waiters; unlock
 *     W4 generation is not g: delist,        K4 unpark them
 *        unlock, go to W1
 *     W5 unlock; park
 *
 * A waiter whose load saw the old value is woken by the wake that followed the store.  For its W1
 * came before its load, the load before the store, the store before K1: so g does not count this
 * wake.  Either W4 sees K1 and the waiter looks again, or W4 came before K1; then W3's count came
 * before K2 (all four accesses are seq_cst: count then generation here, generation then count
 * there) and K3, which needs the lock, finds the waiter.
 *
 * And a wake is never spent on a waiter that would have had to answer EAGAIN: whoever is in a bucket
 * while the lock is free has compared after the last wake that could have been meant for others.
 * So exactly n waiters are woken if there are n, as Linux does by looking under its lock.
 *
 * Wakes of other keys in the same bucket cost a waiter another look, nothing else.
 *
 * Race: a waiter's stack frame must not be touched once it may run.  A waker sets `woken` last, and
 * unparks the thread through its parker, which outlives it.
 *
 * Locks: futex_bucket.lock, a leaf; two of them by address.
 */
#include "kernel/proc/futex.h"
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/futex_int.h"

enum { BUCKETS = 512, BUCKET_BITS = 9 };

#define USER_LIMIT (1ull << 47)

static struct futex_bucket buckets[BUCKETS];

void futex_init(void)
{
    for (u32 i = 0; i < BUCKETS; i++)
        list_init(&buckets[i].waiters);
}

struct futex_key futex_key_of(struct thread *self, uptr addr, enum futex_sharing sharing)
{
    return (struct futex_key){
        .addr = addr.addr,
        .space = sharing == FUTEX_PRIVATE && self->mm ? mm_id(self->mm) : 0,
    };
}

int futex_check(uptr addr, enum futex_sharing sharing)
{
    u32 word;

    if (addr.addr & (sizeof(word) - 1))
        return -EINVAL;
    if (addr.addr >= USER_LIMIT)
        return -EFAULT;
    return sharing == FUTEX_SHARED ? user_load_u32(addr, &word) : 0;
}

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
    /* Words are 4 bytes apart; the multiplier is 2^64 / golden ratio (Knuth, 6.4). */
    u64 hash = (key->addr >> 2 ^ key->space << 40) * 0x9e3779b97f4a7c15ull;

    return &buckets[hash >> (64 - BUCKET_BITS)];
}

/* ---- waiting ---- */

void futex_append_locked(struct futex_bucket *b, struct futex_waiter *w)
{
    list_append(&b->waiters, &w->link);
    __atomic_store_n(&w->bucket, b, __ATOMIC_RELEASE);
    __atomic_fetch_add(&b->count, 1, __ATOMIC_SEQ_CST); /* W3                               */
}

void futex_remove_locked(struct futex_waiter *w)
{
    __atomic_fetch_sub(&w->bucket->count, 1, __ATOMIC_SEQ_CST);
    list_remove(&w->link);
    __atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
}

/* W3 to W5.  False: a wake came, look again. */
static bool enlist_if(struct futex_bucket *b, struct futex_waiter *w, u64 generation)
{
    WITH_SPINLOCK(&b->lock);
    futex_append_locked(b, w);
    if (__atomic_load_n(&b->generation, __ATOMIC_SEQ_CST) == generation) /* W4              */
        return true;
    futex_remove_locked(w);
    return false;
}

int futex_enlist(struct futex_waiter *w, uptr addr, u32 value)
{
    struct futex_bucket *b = futex_bucket_of(&w->key);

    for (;;) {
        u64 generation = __atomic_load_n(&b->generation, __ATOMIC_SEQ_CST); /* W1           */
        u32 seen;
        int err = user_load_u32(addr, &seen);    /* W2                                      */

        if (err)
            return err;
        if (seen != value)
            return -EAGAIN;
        if (enlist_if(b, w, generation))
            return 0;
    }
}

bool futex_delist(struct futex_waiter *w)
{
    for (;;) {
        struct futex_bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
        bool here;

        if (!b)
            return false;
        spin_lock(&b->lock);
        here = w->bucket == b;                   /* else it has been moved meanwhile        */
        if (here)
            futex_remove_locked(w);
        spin_unlock(&b->lock);
        if (here)
            return true;
    }
}

int futex_sleep(struct futex_waiter *w, u64 deadline_ns)
{
    while (!__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE)) {
        int err = park_ops.park(PARK_INTERRUPTIBLE, deadline_ns);

        if (err && !__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE))
            return err;
    }
    return 0;
}

int futex_wait(struct thread *self, uptr addr, enum futex_sharing sharing, u32 value, u32 bitset,
               u64 deadline_ns)
{
    struct futex_waiter w = {
        .key = futex_key_of(self, addr, sharing),
        .bitset = bitset,
        .thread = self,
    };
    int err;

    if (!bitset)
        return -EINVAL;
    list_init(&w.link);
    err = futex_enlist(&w, addr, value);
    if (err)
        return err;
    err = futex_sleep(&w, deadline_ns);
    if (!err)
        return 0;
    if (!futex_delist(&w)) {
        /* Woken after all: the wake counts, but the waker may not have let go of w yet. */
        while (!__atomic_load_n(&w.woken, __ATOMIC_ACQUIRE))
            __builtin_ia32_pause();
        return 0;
    }
    return err == -EINTR ? -ERESTARTSYS : err;
}

/* ---- waking ---- */

void futex_wake_locked(struct futex_waiter *w, struct wakes *wakes)
{
    futex_remove_locked(w);
    wakes_add(wakes, &w->thread->parker);
    __atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE); /* w is gone from here on             */
}

static u32 wake_in(struct futex_bucket *b, const struct futex_key *key, u32 count, u32 bitset,
                   struct wakes *wakes)
{
    u32 woken = 0;

    list_for_each_safe(link, &b->waiters) {
        struct futex_waiter *w = list_entry(link, struct futex_waiter, link);

        if (woken >= count)
            break;
        if (!futex_key_is(&w->key, key) || !(w->bitset & bitset) || w->pi)
            continue;
        futex_wake_locked(w, wakes);
        woken++;
    }
    return woken;
}

static u32 wake_key(const struct futex_key *key, u32 count, u32 bitset)
{
    struct futex_bucket *b = futex_bucket_of(key);
    struct wakes wakes = WAKES_INIT;
    u32 woken;

    __atomic_fetch_add(&b->generation, 1, __ATOMIC_SEQ_CST); /* K1                          */
    if (__atomic_load_n(&b->count, __ATOMIC_SEQ_CST) == 0)   /* K2                          */
        return 0;
    spin_lock(&b->lock);
    woken = wake_in(b, key, count, bitset, &wakes); /* K3                                   */
    spin_unlock(&b->lock);
    wakes_run(&wakes);                           /* K4                                      */
    return woken;
}

long futex_wake(struct thread *self, uptr addr, enum futex_sharing sharing, u32 count, u32 bitset)
{
    struct futex_key key = futex_key_of(self, addr, sharing);
    int err = bitset ? futex_check(addr, sharing) : -EINVAL;

    return err ? err : (long)wake_key(&key, count, bitset);
}

/* ---- WAKE_OP ---- */

static s32 sign_extend_12(u32 v)
{
    return (s32)(v << 20) >> 20;
}

static int apply(u32 op, u32 old, u32 arg, u32 *ret)
{
    switch (op) {
    case FUTEX_OP_SET:
        *ret = arg;
        return 0;
    case FUTEX_OP_ADD:
        *ret = old + arg;
        return 0;
    case FUTEX_OP_OR:
        *ret = old | arg;
        return 0;
    case FUTEX_OP_ANDN:
        *ret = old & ~arg;
        return 0;
    case FUTEX_OP_XOR:
        *ret = old ^ arg;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int compare(u32 cmp, s32 old, s32 arg)
{
    switch (cmp) {
    case FUTEX_OP_CMP_EQ:
        return old == arg;
    case FUTEX_OP_CMP_NE:
        return old != arg;
    case FUTEX_OP_CMP_LT:
        return old < arg;
    case FUTEX_OP_CMP_LE:
        return old <= arg;
    case FUTEX_OP_CMP_GT:
        return old > arg;
    case FUTEX_OP_CMP_GE:
        return old >= arg;
    default:
        return -ENOSYS;
    }
}

/* Change the word at addr as encoded says; the result of its comparison: 0, 1 or -errno. */
static int op_run(uptr addr, u32 encoded)
{
    u32 op = encoded >> 28 & 7, cmp = encoded >> 24 & 15;
    s32 op_arg = sign_extend_12(encoded >> 12 & 0xfff), cmp_arg = sign_extend_12(encoded & 0xfff);
    u32 old, new, seen;
    int err = user_load_u32(addr, &old);

    if (encoded >> 28 & FUTEX_OP_OPARG_SHIFT)
        op_arg = (s32)(1u << (op_arg & 31));
    while (!err) {
        err = apply(op, old, (u32)op_arg, &new);
        if (!err)
            err = user_cmpxchg_u32(addr, old, new, &seen);
        if (!err && seen == old)
            return compare(cmp, (s32)old, cmp_arg);
        old = seen;
    }
    return err;
}

long futex_wake_op(struct thread *self, uptr addr, uptr addr2, enum futex_sharing sharing,
                   u32 count, u32 count2, u32 op)
{
    struct futex_key key = futex_key_of(self, addr, sharing);
    struct futex_key key2 = futex_key_of(self, addr2, sharing);
    long woken;
    int matched = futex_check(addr, sharing);

    if (matched)
        return matched;
    /* Both wakes come after the change, as if the program had made it itself. */
    matched = op_run(addr2, op);
    if (matched < 0)
        return matched;
    woken = wake_key(&key, count, FUTEX_BITSET_MATCH_ANY);
    if (matched)
        woken += wake_key(&key2, count2, FUTEX_BITSET_MATCH_ANY);
    return woken;
}
