/* SPDX-License-Identifier: MIT */
#include "kernel/proc/timer_heap.h"
#include "tests/unit/test.h"

enum { TIMERS = 200, STEPS = 20000 };

static u32 seed = 12345;

static u32 draw(u32 below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* The children of t are due no earlier, and know where they are.  Returns how many timers. */
static u32 check(const struct ktimer *t)
{
    const struct ktimer *before = t;
    u32 count = 1;

    for (const struct ktimer *c = t->child; c; before = c, c = c->next) {
        CHECK(c->deadline_ns >= t->deadline_ns);
        CHECK(c->prev == before);
        count += check(c);
    }
    return count;
}

static const struct ktimer *least(const struct ktimer *timers)
{
    const struct ktimer *best = NULL;

    for (u32 i = 0; i < TIMERS; i++)
        if (timers[i].armed && (!best || timers[i].deadline_ns < best->deadline_ns))
            best = &timers[i];
    return best;
}

TEST(timer_heap_agrees_with_a_search_of_all)
{
    static struct ktimer timers[TIMERS];
    struct timer_heap heap = { NULL };
    u32 armed = 0;

    for (u32 step = 0; step < STEPS; step++) {
        struct ktimer *t = &timers[draw(TIMERS)];

        if (t->armed) {
            timer_heap_remove(&heap, t);
            t->armed = false;
            armed--;
        } else {
            t->deadline_ns = draw(1000);
            timer_heap_insert(&heap, t);
            t->armed = true;
            armed++;
        }
        CHECK_EQ(heap.first != NULL, armed != 0);
        if (!heap.first)
            continue;
        CHECK_EQ(heap.first->deadline_ns, least(timers)->deadline_ns);
        if (step % 64 == 0)
            CHECK_EQ(check(heap.first), armed);
    }
}

TEST(timer_heap_gives_timers_by_deadline)
{
    static struct ktimer timers[TIMERS];
    struct timer_heap heap = { NULL };
    u64 last = 0;

    for (u32 i = 0; i < TIMERS; i++) {
        timers[i].deadline_ns = draw(1u << 20);
        timer_heap_insert(&heap, &timers[i]);
    }
    for (u32 i = 0; i < TIMERS; i++) {
        struct ktimer *t = heap.first;

        CHECK(t != NULL);
        CHECK(t->deadline_ns >= last);
        last = t->deadline_ns;
        timer_heap_remove(&heap, t);
    }
    CHECK(heap.first == NULL);
}
