/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986).
 *
 * Each timer has a list of children, none due before it: child is the first, next their chain, prev
 * the sibling before or, of a first child, the parent.  The root has neither next nor prev.
 */
#include "kernel/proc/timer_heap.h"
#include "kernel/core/panic.h"

/* The two roots become one; the later one its first child. */
static struct ktimer *meld(struct ktimer *a, struct ktimer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->deadline_ns < a->deadline_ns) {
        struct ktimer *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/* Make one heap of a chain of siblings: pairs from left to right, then all from right to left. */
static struct ktimer *meld_chain(struct ktimer *chain)
{
    struct ktimer *pairs = NULL, *heap = NULL;

    while (chain) {
        struct ktimer *a = chain, *b = a->next;

        chain = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;                         /* a stack: the rightmost on top           */
        pairs = a;
    }
    while (pairs) {
        struct ktimer *a = pairs;

        pairs = a->next;
        a->next = NULL;
        heap = meld(heap, a);
    }
    return heap;
}

static void cut(struct ktimer *t)
{
    if (t->prev->child == t)
        t->prev->child = t->next;
    else
        t->prev->next = t->next;
    if (t->next)
        t->next->prev = t->prev;
    t->next = t->prev = NULL;
}

void timer_heap_insert(struct timer_heap *h, struct ktimer *t)
{
    t->child = t->next = t->prev = NULL;
    h->first = meld(h->first, t);
}

void timer_heap_remove(struct timer_heap *h, struct ktimer *t)
{
    struct ktimer *rest = meld_chain(t->child);

    t->child = NULL;
    if (h->first == t) {
        h->first = rest;
        return;
    }
    assert(t->prev);
    cut(t);
    h->first = meld(h->first, rest);
}
