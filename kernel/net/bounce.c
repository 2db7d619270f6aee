/* SPDX-License-Identifier: MIT */
/*
 * Buffers between user memory and the host: a few are kept, the last used first, because it is
 * still in the cache.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/spinlock.h"
#include "kernel/net/inet_int.h"

enum { KEPT = 8 };                               /* as many threads as are often in a call  */

struct bounce {
    struct bounce *next;
};

static struct {
    struct spinlock lock;
    struct bounce *first;
    u32 count;
} pool;

void *bounce_take(void)
{
    struct bounce *b;

    spin_lock(&pool.lock);
    b = pool.first;
    if (b) {
        pool.first = b->next;
        pool.count--;
    }
    spin_unlock(&pool.lock);
    return b ? b : kalloc(BOUNCE_SIZE);
}

void bounce_give(void *p)
{
    struct bounce *b = p;
    bool keep;

    if (!b)
        return;
    spin_lock(&pool.lock);
    keep = pool.count < KEPT;
    if (keep) {
        b->next = pool.first;
        pool.first = b;
        pool.count++;
    }
    spin_unlock(&pool.lock);
    if (!keep)
        kfree(b);
}

void bounce_drain(void)
{
    while (pool.first) {
        struct bounce *b = pool.first;

        pool.first = b->next;
        pool.count--;
        kfree(b);
    }
}
