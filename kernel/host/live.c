/* SPDX-License-Identifier: MIT */
/*
 * Live host descriptors.
 *
 * If the host answered open() with a descriptor that is in use, two files would become one.  A
 * bitmap of the numbers in use makes that visible; ids of closed ones may come again.  Numbers are
 * bounded (a host has no use for more than LIVE_MAX), so the map is a table of pages.
 *
 * Locks: lock, a leaf spinlock.
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/spinlock.h"
#include "kernel/host/host_int.h"

enum { LIVE_MAX = 1 << 20, PER_CHUNK = PAGE_SIZE * 8, CHUNKS = LIVE_MAX / PER_CHUNK };

static struct spinlock lock;
static u64 *chunks[CHUNKS];                      /* guarded by lock; once set, for ever     */

static int chunk_reserve(u64 chunk)
{
    u64 *fresh = NULL;

    if (!__atomic_load_n(&chunks[chunk], __ATOMIC_ACQUIRE)) {
        fresh = page_alloc(1);
        if (!fresh)
            return -ENOMEM;
    }
    spin_lock(&lock);
    if (!chunks[chunk]) {
        __atomic_store_n(&chunks[chunk], fresh, __ATOMIC_RELEASE);
        fresh = NULL;
    }
    spin_unlock(&lock);
    page_free(fresh, 1);
    return 0;
}

int live_add(hfd fd)
{
    u64 id = (u64)fd.id, bit = id % PER_CHUNK;
    int err;

    if (id >= LIVE_MAX)
        return -EIO;
    err = chunk_reserve(id / PER_CHUNK);
    if (err)
        return err;
    WITH_SPINLOCK(&lock);
    u64 *word = &chunks[id / PER_CHUNK][bit / 64];

    if (*word >> (bit % 64) & 1)
        return -EIO;
    *word |= 1ull << (bit % 64);
    return 0;
}

void live_remove(hfd fd)
{
    u64 id = (u64)fd.id, bit = id % PER_CHUNK;

    if (id >= LIVE_MAX || !__atomic_load_n(&chunks[id / PER_CHUNK], __ATOMIC_ACQUIRE))
        return;
    WITH_SPINLOCK(&lock);
    chunks[id / PER_CHUNK][bit / 64] &= ~(1ull << (bit % 64));
}
