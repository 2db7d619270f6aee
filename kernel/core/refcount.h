/* SPDX-License-Identifier: MIT */
/*
 * The one reference count: starts at 1; a get on zero, an overflow and an underflow panic, so
 * that use after free is a message and not a mystery.
 */
#pragma once
#include "kernel/core/panic.h"
#include "kernel/lib/types.h"

typedef struct {
    _Atomic u32 n;
} refcount;

#define REFCOUNT_INIT                                                                              \
    {                                                                                              \
        1                                                                                          \
    }

static inline void ref_init(refcount *r)
{
    __atomic_store_n(&r->n, 1, __ATOMIC_RELAXED);
}

/* Take another reference; the caller already keeps the object alive. */
static inline void ref_get(refcount *r)
{
    u32 before = __atomic_fetch_add(&r->n, 1, __ATOMIC_RELAXED);

    assert(before != 0 && before < UINT32_MAX / 2);
}

/* Take a reference unless the last one is gone already (look-ups in tables that do not own). */
static inline bool ref_try_get(refcount *r)
{
    u32 n = __atomic_load_n(&r->n, __ATOMIC_RELAXED);

    while (n)
        if (__atomic_compare_exchange_n(&r->n, &n, n + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

/* Drop a reference.  True if it was the last: the caller frees the object. */
static inline bool ref_put(refcount *r)
{
    u32 before = __atomic_fetch_sub(&r->n, 1, __ATOMIC_ACQ_REL);

    assert(before != 0);
    return before == 1;
}

static inline u32 ref_count(const refcount *r)
{
    return __atomic_load_n(&r->n, __ATOMIC_RELAXED);
}
