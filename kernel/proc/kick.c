/* SPDX-License-Identifier: MIT */
/*
 * Parking, and making threads look at their work.
 *
 * A thread that sleeps in the kernel has to be unparked to see new work; one in user mode has to
 * be interrupted, which costs a host signal; one that runs in the kernel sees it by itself, before
 * it sleeps and before it leaves.  The word `parked` tells the first kind from the others:
 *
 *     sleeper                          kicker
 *     parked = 1                       work |= bits
 *     work != 0?  do not sleep         parked?  unpark, else interrupt
 *     sleep
 *
 * Each side writes one word and then reads the other's, all seq_cst: either the sleeper sees the
 * work or the kicker sees it parked.  An interrupt of a thread that is in the kernel is ignored.
 */
#include "abi/linux/errno.h"
#include "kernel/host/host.h"
#include "kernel/proc/proc_int.h"

struct thread kicks_end;

/* Does anything pending end a sleep?  WORK_SIGNAL may be stale: look at the queues. */
static bool park_is_over(struct thread *self, enum park_how how)
{
    if (how != PARK_INTERRUPTIBLE)
        return false;
    if (thread_has_work(self, WORK_EXIT | WORK_STOP))
        return true;
    return thread_has_work(self, WORK_SIGNAL) && signal_is_due(self);
}

static void park_begin(struct thread *self)
{
    __atomic_store_n(&self->priv->parked, 1, __ATOMIC_SEQ_CST); /* pairs with kick_add()    */
}

static void park_end(struct thread *self)
{
    __atomic_store_n(&self->priv->parked, 0, __ATOMIC_RELEASE);
    self->priv->parks++;
}

static int park(enum park_how how, u64 deadline_ns)
{
    struct thread *self = thread_self();
    int err;

    park_begin(self);
    err = park_is_over(self, how) ? -EINTR : host_park(self->slot, deadline_ns);
    park_end(self);
    if (err)
        return err;
    return park_is_over(self, how) ? -EINTR : 0;
}

static int park_poll(struct host_poll *set, u32 n, enum park_how how, u64 deadline_ns)
{
    struct thread *self = thread_self();
    int err;

    park_begin(self);
    err = park_is_over(self, how) ? -EINTR : host_poll(self->slot, set, n, deadline_ns);
    park_end(self);
    if (err)
        return err;
    return park_is_over(self, how) ? -EINTR : 0;
}

static void unpark(struct parker *p)
{
    host_unpark(container_of(p, struct thread, parker)->slot);
}

static struct parker *park_self(void)
{
    return &thread_self()->parker;
}

const struct park_ops proc_park_ops = {
    .park = park,
    .poll = park_poll,
    .unpark = unpark,
    .self = park_self,
};

void kick_add(struct kicks *k, struct thread *t)
{
    struct thread *unclaimed = NULL;

    if (t == thread_self())
        return;
    if (__atomic_load_n(&t->priv->parked, __ATOMIC_SEQ_CST)) /* pairs with park_begin()     */
        wakes_add(&k->wakes, &t->parker);
    else if (__atomic_compare_exchange_n(&t->priv->kick_next, &unclaimed, k->running, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        k->running = t;
}

void kicks_run(struct kicks *k)
{
    wakes_run(&k->wakes);
    while (k->running != &kicks_end) {
        struct thread *t = k->running;

        k->running = __atomic_load_n(&t->priv->kick_next, __ATOMIC_SEQ_CST);
        /* Before the interrupt: whoever finds it claimed relies on ours being still to come. */
        __atomic_store_n(&t->priv->kick_next, NULL, __ATOMIC_SEQ_CST);
        host_interrupt(t->slot);
    }
}

int waitq_sleep_killable(struct waitq *q, u64 ticket)
{
    struct thread *self = thread_self();
    struct sleeper s = { .wake = sleeper_wake, .parker = &self->parker };
    int err = 0;

    waitq_enlist(q, &s);
    while (waitq_ticket(q) == ticket) {
        park_begin(self);
        if (thread_has_work(self, WORK_EXIT))
            err = -EINTR;
        else
            host_park(self->slot, NO_DEADLINE);
        park_end(self);
        if (err)
            break;
    }
    waitq_delist(q, &s);
    return waitq_ticket(q) != ticket ? 0 : err;
}
