/* SPDX-License-Identifier: MIT */
/*
 * PI futexes: locks whose word holds the owner's thread id.
 *
 *     0                       free
 *     tid                     held, nobody waits: user code locks and unlocks by itself
 *     tid | FUTEX_WAITERS     held, and unlocking has to come here
 *     ... | FUTEX_OWNER_DIED  the owner ended without unlocking; whoever has it may repair
 *
 * Unlocking hands the lock to the first in line: the word gets its id before it is woken, so nobody
 * can come between.  Priorities are not passed on, because they have no effect here.
 *
 * PI locks are rare and their waiters few: one mutex and one list serve all of them.  A mutex,
 * because the words are in user memory, which may fault.
 *
 * Locks: pi_lock, outside proc_lock and the memory manager's.
 */
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/proc/futex_int.h"
#include "kernel/proc/pid.h"

struct mutex pi_lock;
static struct list pi_waiters = LIST_INIT(pi_waiters); /* guarded by pi_lock                */

static struct pi_waiter *first_waiter(const struct futex_key *key)
{
    list_for_each(link, &pi_waiters) {
        struct pi_waiter *w = list_entry(link, struct pi_waiter, link);

        if (futex_key_is(&w->key, key))
            return w;
    }
    return NULL;
}

static void enqueue(struct pi_waiter *w, pid_t owner)
{
    w->owner = owner;
    w->queued = true;
    list_append(&pi_waiters, &w->link);
}

static void dequeue(struct pi_waiter *w)
{
    list_remove(&w->link);
    w->queued = false;
}

static bool thread_exists(pid_t tid)
{
    WITH_MUTEX(&proc_lock);
    struct pid_entry *e = pid_entry(tid);

    return e && e->thread;
}

int pi_take_locked(struct pi_waiter *w)
{
    u32 word, seen;
    int err = user_load_u32(w->addr, &word);

    while (!err) {
        pid_t owner = (pid_t)(word & FUTEX_TID_MASK);
        u32 wanted = word | FUTEX_WAITERS;

        if (owner == w->tid)
            return -EDEADLK;
        if (!owner) {
            wanted = (word & FUTEX_OWNER_DIED) | (u32)w->tid;
            if (first_waiter(&w->key))
                wanted |= FUTEX_WAITERS;
        } else if (!thread_exists(owner)) {
            return -ESRCH;
        }
        err = user_cmpxchg_u32(w->addr, word, wanted, &seen);
        if (!err && seen == word) {
            if (!owner)
                return 0;
            enqueue(w, owner);
            return -EAGAIN;
        }
        word = seen;
    }
    return err;
}

/* Give the lock at addr, which `died` says how was left, to the first in line, or free it. */
static int hand_on_locked(const struct futex_key *key, uptr addr, u32 word, u32 died,
                          struct wakes *wakes)
{
    struct pi_waiter *next = first_waiter(key);
    u32 wanted = died | (next ? (u32)next->tid | FUTEX_WAITERS : 0);
    u32 seen;
    int err = user_cmpxchg_u32(addr, word, wanted, &seen);

    if (err)
        return err;
    if (seen != word)
        return -EAGAIN;                          /* user code was at it: look again         */
    if (!next)
        return 0;
    dequeue(next);
    list_for_each(link, &pi_waiters) {
        struct pi_waiter *w = list_entry(link, struct pi_waiter, link);

        if (futex_key_is(&w->key, key))
            w->owner = next->tid;
    }
    wakes_add(wakes, &next->thread->parker);
    __atomic_store_n(&next->handed, 1, __ATOMIC_RELEASE); /* next is gone from here on      */
    return 0;
}

/* Sleep until the lock has been handed over: 0, -EINTR, -ETIMEDOUT. */
static int pi_sleep(struct pi_waiter *w, u64 deadline_ns)
{
    while (!__atomic_load_n(&w->handed, __ATOMIC_ACQUIRE)) {
        int err = park_ops.park(PARK_INTERRUPTIBLE, deadline_ns);

        if (!err)
            continue;
        WITH_MUTEX(&pi_lock);
        if (w->handed)
            return 0;
        if (w->queued)
            dequeue(w);
        return err;
    }
    return 0;
}

static struct pi_waiter pi_waiter_of(struct thread *self, uptr addr, enum futex_sharing sharing)
{
    return (struct pi_waiter){
        .key = futex_key_of(self, addr, sharing),
        .addr = addr,
        .thread = self,
        .tid = self->tid,
    };
}

int futex_lock_pi(struct thread *self, uptr addr, enum futex_sharing sharing,
                  enum futex_lock_how how, u64 deadline_ns)
{
    struct pi_waiter w = pi_waiter_of(self, addr, sharing);
    int err;

    list_init(&w.link);
    mutex_lock(&pi_lock);
    err = pi_take_locked(&w);
    if (err == -EAGAIN && how == FUTEX_LOCK_TRY)
        dequeue(&w);
    mutex_unlock(&pi_lock);
    if (err != -EAGAIN || how == FUTEX_LOCK_TRY)
        return err;
    err = pi_sleep(&w, deadline_ns);
    return err == -EINTR ? -ERESTARTNOINTR : err;
}

int futex_unlock_pi(struct thread *self, uptr addr, enum futex_sharing sharing)
{
    struct futex_key key = futex_key_of(self, addr, sharing);
    struct wakes wakes = WAKES_INIT;
    u32 word;
    int err;

    mutex_lock(&pi_lock);
    do {
        err = user_load_u32(addr, &word);
        if (!err && (word & FUTEX_TID_MASK) != (u32)self->tid)
            err = -EPERM;
        if (!err)
            err = hand_on_locked(&key, addr, word, 0, &wakes);
    } while (err == -EAGAIN);
    mutex_unlock(&pi_lock);
    wakes_run(&wakes);
    return err;
}

void pi_thread_exit(struct thread *self)
{
    struct wakes wakes = WAKES_INIT;

    mutex_lock(&pi_lock);
    list_for_each_safe(link, &pi_waiters) {
        struct pi_waiter *w = list_entry(link, struct pi_waiter, link);
        struct pi_waiter head = *w;              /* may be gone once it has been handed on  */
        u32 word;
        int err = head.owner == self->tid ? user_load_u32(head.addr, &word) : -ESRCH;

        while (!err && (word & FUTEX_TID_MASK) == (u32)self->tid) {
            err = hand_on_locked(&head.key, head.addr, word, FUTEX_OWNER_DIED, &wakes);
            if (err == -EAGAIN)
                err = user_load_u32(head.addr, &word);
            else
                break;
        }
    }
    mutex_unlock(&pi_lock);
    wakes_run(&wakes);
}

/* ---- WAIT_REQUEUE_PI ---- */

/* Neither woken nor handed the lock: take the waiter back from wherever it is.  0: it was handed the
 * lock after all. */
static int give_up(struct futex_waiter *w, struct pi_waiter *pi, int err)
{
    if (futex_delist(w))                         /* not requeued yet                        */
        return err == -EINTR ? -ERESTARTNOINTR : err;

    WITH_MUTEX(&pi_lock);                        /* a requeue that took it out is over now  */
    if (pi->handed)
        return 0;
    if (pi->queued) {
        dequeue(pi);
        return err == -EINTR ? -EAGAIN : err;    /* the word has changed: no restart        */
    }
    if (futex_delist(w))                         /* it was put back                         */
        return err == -EINTR ? -ERESTARTNOINTR : err;
    return -EAGAIN;
}

int futex_wait_requeue_pi(struct thread *self, uptr addr, enum futex_sharing sharing, u32 value,
                          u64 deadline_ns, uptr pi_addr)
{
    struct pi_waiter pi = pi_waiter_of(self, pi_addr, sharing);
    struct futex_waiter w = {
        .key = futex_key_of(self, addr, sharing),
        .bitset = FUTEX_BITSET_MATCH_ANY,
        .thread = self,
        .pi = &pi,
    };
    int err;

    if (addr.addr == pi_addr.addr)
        return -EINVAL;
    list_init(&w.link);
    list_init(&pi.link);
    err = futex_enlist(&w, addr, value);
    if (err)
        return err;
    while (!__atomic_load_n(&pi.handed, __ATOMIC_ACQUIRE)) {
        err = park_ops.park(PARK_INTERRUPTIBLE, deadline_ns);
        if (err)
            return give_up(&w, &pi, err);
    }
    return 0;
}
