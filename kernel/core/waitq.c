/* SPDX-License-Identifier: MIT */
/* Wait queues: the protocol and its reasons are in waitq.h. */
#include "kernel/core/waitq.h"

struct park_ops park_ops;
struct parker wakes_end;

/* A parker whose next is not NULL is on some waker's list already, and that waker has yet to
 * unpark it. */
void wakes_add(struct wakes *w, struct parker *p)
{
    struct parker *unclaimed = NULL;

    if (__atomic_compare_exchange_n(&p->next, &unclaimed, w->first, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        w->first = p;
}

void wakes_run(struct wakes *w)
{
    while (w->first != &wakes_end) {
        struct parker *p = w->first;

        w->first = __atomic_load_n(&p->next, __ATOMIC_SEQ_CST);
        __atomic_store_n(&p->next, NULL, __ATOMIC_SEQ_CST); /* before the unpark: waitq.h   */
        park_ops.unpark(p);
    }
}

u64 waitq_ticket(struct waitq *q)
{
    return __atomic_load_n(&q->seq, __ATOMIC_SEQ_CST);
}

void waitq_enlist(struct waitq *q, struct sleeper *s)
{
    spin_lock(&q->lock);
    s->next = q->sleepers;
    s->prev = &q->sleepers;
    if (s->next)
        s->next->prev = &s->next;
    q->sleepers = s;
    __atomic_fetch_add(&q->count, 1, __ATOMIC_SEQ_CST); /* pairs with waitq_collect()       */
    spin_unlock(&q->lock);
}

void waitq_delist(struct waitq *q, struct sleeper *s)
{
    spin_lock(&q->lock);
    *s->prev = s->next;
    if (s->next)
        s->next->prev = s->prev;
    __atomic_fetch_sub(&q->count, 1, __ATOMIC_SEQ_CST);
    spin_unlock(&q->lock);
}

void sleeper_wake(struct sleeper *s, struct wakes *w)
{
    wakes_add(w, s->parker);
}

static int sleep_how(struct waitq *q, u64 ticket, u64 deadline_ns, enum park_how how)
{
    struct sleeper s = { .wake = sleeper_wake, .parker = park_ops.self() };
    int err = 0;

    waitq_enlist(q, &s);
    while (!err && waitq_ticket(q) == ticket)
        err = park_ops.park(how, deadline_ns);
    waitq_delist(q, &s);
    return waitq_ticket(q) != ticket ? 0 : err;
}

int waitq_sleep(struct waitq *q, u64 ticket, u64 deadline_ns)
{
    return sleep_how(q, ticket, deadline_ns, PARK_INTERRUPTIBLE);
}

int waitq_sleep_uninterruptible(struct waitq *q, u64 ticket, u64 deadline_ns)
{
    return sleep_how(q, ticket, deadline_ns, PARK_UNINTERRUPTIBLE);
}

void waitq_collect(struct waitq *q, struct wakes *w)
{
    __atomic_fetch_add(&q->seq, 1, __ATOMIC_SEQ_CST); /* pairs with waitq_sleep()           */
    if (__atomic_load_n(&q->count, __ATOMIC_SEQ_CST) == 0)
        return;
    spin_lock(&q->lock);
    for (struct sleeper *s = q->sleepers; s; s = s->next)
        s->wake(s, w);
    spin_unlock(&q->lock);
}

void waitq_wake_events(struct waitq *q, u32 events)
{
    struct wakes w = { .first = &wakes_end, .events = events };

    waitq_collect(q, &w);
    wakes_run(&w);
}

void waitq_wake(struct waitq *q)
{
    waitq_wake_events(q, 0);
}
