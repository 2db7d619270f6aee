/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: how a thread sleeps until something about an object may have changed.
 *
 *     sleeper                              waker
 *     ticket = waitq_ticket(q)             change the object
 *     look at the object                   waitq_wake(q)
 *     nothing to do?
 *     waitq_sleep(q, ticket, ...)
 *     look again
 *
 * A ticket is the number of wakes so far.  waitq_sleep() sleeps only while that number has not
 * moved since the ticket was drawn, so a wake between the look and the sleep is not lost.
 * Waking is a hint: whoever wakes looks again and may find nothing.
 *
 *     S1  draw the ticket BEFORE looking         W1  change the object
 *     S2  look                                   W2  seq + 1
 *     S3  enlist, THEN compare seq and ticket    W3  nobody enlisted? done
 *     S4  park                                   W4  under the lock, put each sleeper on a list
 *                                                W5  without the lock, unpark each
 *
 * Around S3 and W2/W3 each side writes one word and then reads the other's; all four accesses
 * are seq_cst, so at least one side sees the other.  A sleeper that another waker has already
 * collected is left to that one, which drops its claim BEFORE it unparks.
 *
 * Unparking may be a call to the host: never under a spinlock.
 *
 * Locks: waitq.lock only, taken after anything and before nothing but a sleeper's own leaf lock.
 */
#pragma once
#include "abi/target.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/types.h"

/* What a thread sleeps on: one per thread slot.  Slots are reused but never freed, so a late
 * unpark is at worst a wake-up without a reason, and those are allowed everywhere. */
struct parker {
    struct parker *_Atomic next;                 /* [atomic] NULL: on no list of wakes      */
};

/*
 * What core/ needs from above; proc/ fills it in at start (sim's tests their own).
 *
 * park() returns 0 (look again, perhaps for no reason), -EINTR (a signal or the thread's end is
 * pending; only if interruptible) or -ETIMEDOUT; an unpark() that came before makes it return at
 * once.  poll() is park() that also ends when a host descriptor is ready: number ready or 0.
 */
enum park_how { PARK_INTERRUPTIBLE, PARK_UNINTERRUPTIBLE };

struct park_ops {
    int (*park)(enum park_how how, u64 deadline_ns);
    int (*poll)(struct host_poll *set, u32 n, enum park_how how, u64 deadline_ns);
    void (*unpark)(struct parker *p);
    struct parker *(*self)(void);
};
extern struct park_ops park_ops;

/* Sleepers collected under locks, to be unparked without any. */
struct wakes {
    struct parker *first;
    u32 events;                                  /* what became possible (POLL*); 0: anything */
};
extern struct parker wakes_end;
#define WAKES_INIT                                                                                 \
    {                                                                                              \
        .first = &wakes_end                                                                        \
    }

void wakes_add(struct wakes *w, struct parker *p);
void wakes_run(struct wakes *w);

struct sleeper {
    struct sleeper *next, **prev;                     /* in waitq.sleepers, under its lock  */
    void (*wake)(struct sleeper *s, struct wakes *w); /* under the queue's lock: no sleep   */
    struct parker *parker;
};

struct waitq {
    _Atomic u64 seq;                             /* [atomic] wakes so far                   */
    _Atomic u32 count;                           /* [atomic] sleepers enlisted              */
    struct spinlock lock;
    struct sleeper *sleepers;                    /* guarded by lock; newest first           */
};

/* All zero is a valid queue with nobody in it. */

u64 waitq_ticket(struct waitq *q);

/* Sleep until someone has woken q since the ticket was drawn.  Returns 0 if someone has, even
 * if a signal came too (the caller looks at the object once more and does not lose the event);
 * else -EINTR or -ETIMEDOUT. */
int waitq_sleep(struct waitq *q, u64 ticket, u64 deadline_ns) MUST_CHECK;

/* The same, but signals do not end it: 0 or -ETIMEDOUT. */
int waitq_sleep_uninterruptible(struct waitq *q, u64 ticket, u64 deadline_ns);

/* Something about q's object may have changed.  Cheap when nobody sleeps.  May call the host:
 * not under a spinlock. */
void waitq_wake(struct waitq *q);

/* The same where it is known what became possible: sleepers that wait for something else may stay
 * asleep (epoll's edges are made of this). */
void waitq_wake_events(struct waitq *q, u32 events);

/* The same in two halves, for callers that hold a spinlock: wakes_run() when it is dropped. */
void waitq_collect(struct waitq *q, struct wakes *w);

/* For those who wait for many queues at once (poll, epoll): draw all tickets, look, enlist on
 * all, compare all, park, delist from all.  s->wake and s->parker are the caller's;
 * sleeper_wake() is the plain one. */
void waitq_enlist(struct waitq *q, struct sleeper *s);
void waitq_delist(struct waitq *q, struct sleeper *s);
void sleeper_wake(struct sleeper *s, struct wakes *w);
