/* SPDX-License-Identifier: MIT */
/*
 * Futexes: REQUEUE, CMP_REQUEUE and CMP_REQUEUE_PI: waiters of one word go to wait for another.
 *
 * Comparing follows the protocol of futex.c with a requeue in the place of the waiter: the word is
 * loaded outside the locks and the result holds if no wake has come since.  A requeue counts as a
 * wake for the bucket it takes waiters from.
 *
 * Moving to a PI lock: the waiters are first taken out under the bucket's lock, then, under pi_lock
 * alone, each takes the lock or queues for it, because that touches user memory.
 */
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/proc/futex_int.h"

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    struct futex_bucket *first = a < b ? a : b, *second = a < b ? b : a;

    spin_lock(&first->lock);
    if (first != second)
        spin_lock(&second->lock);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

struct requeue {
    const struct futex_requeue *r;
    struct futex_key from, to;
    struct futex_bucket *from_bucket, *to_bucket;
    struct wakes wakes;
    u32 woken, moved;
};

static void move_locked(struct requeue *q, struct futex_waiter *w)
{
    list_remove(&w->link);
    w->key = q->to;
    if (q->from_bucket != q->to_bucket) {
        __atomic_fetch_sub(&q->from_bucket->count, 1, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&q->to_bucket->count, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&w->bucket, q->to_bucket, __ATOMIC_RELEASE);
    }
    list_append(&q->to_bucket->waiters, &w->link);
}

static void run_locked(struct requeue *q)
{
    list_for_each_safe(link, &q->from_bucket->waiters) {
        struct futex_waiter *w = list_entry(link, struct futex_waiter, link);

        if (!futex_key_is(&w->key, &q->from) || w->pi)
            continue;
        if (q->woken < q->r->wake) {
            futex_wake_locked(w, &q->wakes);
            q->woken++;
        } else if (q->moved < q->r->move) {
            /* To the same word: they stay where they are, and count. */
            if (!futex_key_is(&q->from, &q->to))
                move_locked(q, w);
            q->moved++;
        } else {
            return;
        }
    }
}

/* False: a wake has come since `generation` was read. */
static bool run_if(struct requeue *q, u64 generation)
{
    bool valid;

    futex_lock_two(q->from_bucket, q->to_bucket);
    valid = !q->r->compare ||
            __atomic_load_n(&q->from_bucket->generation, __ATOMIC_SEQ_CST) == generation;
    if (valid) {
        __atomic_fetch_add(&q->from_bucket->generation, 1, __ATOMIC_SEQ_CST);
        run_locked(q);
    }
    futex_unlock_two(q->from_bucket, q->to_bucket);
    return valid;
}

/* ---- to a PI lock ---- */

/* Take the next waiter that asked to be moved out of its bucket; NULL: there is none. */
static struct futex_waiter *take_one(struct requeue *q)
{
    WITH_SPINLOCK(&q->from_bucket->lock);

    list_for_each(link, &q->from_bucket->waiters) {
        struct futex_waiter *w = list_entry(link, struct futex_waiter, link);

        if (!futex_key_is(&w->key, &q->from) || !w->pi)
            continue;
        futex_remove_locked(w);
        return w;
    }
    return NULL;
}

static void put_back(struct requeue *q, struct futex_waiter *w)
{
    WITH_SPINLOCK(&q->from_bucket->lock);
    futex_append_locked(q->from_bucket, w);
}

/* One waiter gets the lock or queues for it.  pi_lock. */
static int hand_over(struct requeue *q, struct futex_waiter *w)
{
    struct pi_waiter *pi = w->pi;
    int err;

    if (!futex_key_is(&pi->key, &q->to)) {
        put_back(q, w);
        return -EINVAL;                          /* it named another lock                   */
    }
    err = pi_take_locked(pi);
    if (err && err != -EAGAIN) {
        put_back(q, w);
        return err;
    }
    if (err) {
        q->moved++;
        return 0;
    }
    q->woken++;
    wakes_add(&q->wakes, &w->thread->parker);
    __atomic_store_n(&pi->handed, 1, __ATOMIC_RELEASE); /* w is gone from here on           */
    return 0;
}

static int run_pi_locked(struct requeue *q)
{
    u32 seen;
    int err = user_load_u32(q->r->from, &seen);

    if (err)
        return err;
    if (seen != q->r->expected)
        return -EAGAIN;
    __atomic_fetch_add(&q->from_bucket->generation, 1, __ATOMIC_SEQ_CST);
    while (!err && q->woken + q->moved < 1 + q->r->move) {
        struct futex_waiter *w = take_one(q);

        if (!w)
            return 0;
        err = hand_over(q, w);
    }
    return q->woken + q->moved ? 0 : err;
}

static long requeue_pi(struct requeue *q)
{
    int err;

    if (q->r->wake != 1 || futex_key_is(&q->from, &q->to))
        return -EINVAL;
    mutex_lock(&pi_lock);
    err = run_pi_locked(q);
    mutex_unlock(&pi_lock);
    wakes_run(&q->wakes);
    return err ? err : (long)q->woken + q->moved;
}

long futex_requeue(struct thread *self, const struct futex_requeue *r)
{
    struct requeue q = {
        .r = r,
        .from = futex_key_of(self, r->from, r->sharing),
        .to = futex_key_of(self, r->to, r->sharing),
        .wakes = WAKES_INIT,
    };
    u64 generation;
    u32 seen;
    int err = futex_check(r->from, r->sharing);

    if (!err)
        err = futex_check(r->to, r->sharing);
    if (err)
        return err;
    q.from_bucket = futex_bucket_of(&q.from);
    q.to_bucket = futex_bucket_of(&q.to);
    if (r->to_pi)
        return requeue_pi(&q);
    do {
        generation = __atomic_load_n(&q.from_bucket->generation, __ATOMIC_SEQ_CST);
        if (!r->compare)
            continue;
        err = user_load_u32(r->from, &seen);
        if (err)
            return err;
        if (seen != r->expected)
            return -EAGAIN;
    } while (!run_if(&q, generation));
    wakes_run(&q.wakes);
    return (long)q.woken + q.moved;
}
