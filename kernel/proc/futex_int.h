/* SPDX-License-Identifier: MIT */
/* What futex.c, futex_requeue.c and futex_pi.c share.  The protocol is in futex.c. */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/lib/list.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/proc_int.h"

struct futex_bucket {
    u64 generation;                              /* [atomic] wakes so far, and requeues     */
    u32 count;                                   /* [atomic] waiters enlisted               */
    struct spinlock lock;
    struct list waiters;                         /* guarded by lock; by arrival             */
} __attribute__((aligned(64)));

struct pi_waiter;

/* A sleeping thread; on its stack. */
struct futex_waiter {
    struct list link;                            /* in bucket->waiters                      */
    struct futex_key key;                        /* guarded by the bucket's lock            */
    u32 bitset;
    struct thread *thread;
    struct futex_bucket *bucket;                 /* [atomic] NULL: taken out to be requeued */
    struct pi_waiter *pi;                        /* FUTEX_WAIT_REQUEUE_PI; else NULL        */
    u32 woken;                                   /* [atomic] the last word a waker touches  */
};

struct futex_bucket *futex_bucket_of(const struct futex_key *key);

/* Enlist w if the word at addr still has this value: 0, -EAGAIN, -EFAULT, -EINVAL. */
int futex_enlist(struct futex_waiter *w, uptr addr, u32 value) MUST_CHECK;
/* Sleep until woken: 0, -EINTR, -ETIMEDOUT. */
int futex_sleep(struct futex_waiter *w, u64 deadline_ns) MUST_CHECK;
/* False: somebody else has taken it out already. */
bool futex_delist(struct futex_waiter *w);

/* Under the bucket's lock: take w out and let it go. */
void futex_wake_locked(struct futex_waiter *w, struct wakes *wakes);
void futex_remove_locked(struct futex_waiter *w);
void futex_append_locked(struct futex_bucket *b, struct futex_waiter *w);

/* Two buckets, which may be one, in one order. */
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);

/* ---- futex_pi.c ---- */

/* A thread that wants a lock at key; on its stack.  Guarded by pi_lock. */
struct pi_waiter {
    struct list link;                            /* in pi_waiters                           */
    struct futex_key key;
    uptr addr;
    struct thread *thread;
    pid_t tid;
    pid_t owner;                                 /* who holds the lock                      */
    bool queued;
    u32 handed;                                  /* [atomic] the lock is ours               */
};

extern struct mutex pi_lock;

/* Wait for or take the lock at w->addr for w's thread: 0 taken, -EAGAIN queued, else an error.
 * pi_lock. */
int pi_take_locked(struct pi_waiter *w) MUST_CHECK;
/* The thread ends: locks it holds go to the next in line.  */
void pi_thread_exit(struct thread *self);
