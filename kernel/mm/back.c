/* SPDX-License-Identifier: MIT */
/*
 * Giving memory to mappings that have none yet: on the first touch, or because somebody insists.
 *
 * A fault backs a chunk of a lazy mapping; chunks grow with what has been backed beside them, from
 * 64 KiB to 2 MiB, because a fault costs as much as touching three pages.  The chunk becomes a
 * mapping of its own and joins its neighbours, so the tree says what is backed.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/resource.h"
#include "abi/linux/signal.h"
#include "kernel/core/commit.h"
#include "kernel/core/log.h"
#include "kernel/host/host.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/shared.h"

enum {
    CHUNK_MAX = 2 * 1024 * 1024,
};

static bool mapping_wants_memory(const struct mapping *m)
{
    return !m->shared && m->prot != PROT_NONE &&
           !(m->flags & (MAPPING_BACKED | MAPPING_PAST_END | MAPPING_HIDDEN | MAPPING_SPECIAL));
}

/* Back the isolated mapping m. */
static int mapping_back_locked(struct mm *mm, struct mapping *m)
{
    u64 size = mapping_size(m);
    int err;

    err = commit_charge(size);
    if (err)
        return err;
    m->flags |= MAPPING_BACKED;
    err = host_protect(mapping_lo(m), size, mapping_host_prot(m));
    m->flags &= ~(u32)MAPPING_BACKED;
    if (err) {
        commit_release(size);
        return -ENOMEM;
    }
    mm_uncount_locked(mm, m);
    m->flags |= MAPPING_BACKED;
    mm_count_locked(mm, m);
    return 0;
}

int mm_back_locked(struct mm *mm, u64 lo, u64 hi)
{
    int err;

    err = mm_isolate_locked(mm, lo, hi);
    for (mappings_in(m, mm, lo, hi)) {
        if (err)
            break;
        if (mapping_wants_memory(m))
            err = mapping_back_locked(mm, m);
    }
    mm_merge_locked(mm, lo, hi);
    return err;
}

/* As much as the backed memory of the same kind beside m, within limits. */
static u64 chunk_size(const struct mapping *m)
{
    const struct mapping *beside[] = { mapping_of(tree_prev(&m->node)), mapping_next(m) };
    u64 chunk = CHUNK_MIN;

    for (u32 i = 0; i < ARRAY_SIZE(beside); i++) {
        const struct mapping *b = beside[i];

        if (!b || !(b->flags & MAPPING_BACKED) || !(b->flags & MAPPING_LAZY))
            continue;
        if (b->hi != mapping_lo(m) && mapping_lo(b) != m->hi)
            continue;
        while (chunk < CHUNK_MAX && chunk < mapping_size(b))
            chunk *= 2;
    }
    return chunk;
}

static int mapping_back_around_locked(struct mm *mm, const struct mapping *m, u64 addr)
{
    u64 chunk = chunk_size(m);
    u64 lo = max_u64(addr & ~(chunk - 1), mapping_lo(m));
    u64 hi = min_u64((addr & ~(chunk - 1)) + chunk, m->hi);

    if (!mm_back_locked(mm, lo, hi))
        return 0;
    return mm_back_locked(mm, page_floor(addr), page_floor(addr) + PAGE_SIZE);
}

/* Take [lo, hi) for a growing stack: it is free, or reserved for mm. */
static bool stack_claim_locked(struct mm *mm, u64 lo, u64 hi)
{
    struct mapping *m = mapping_find(mm, lo);

    if (!m)
        return mm_claim_at(lo, hi);
    if ((m->flags & (MAPPING_HIDDEN | MAPPING_BACKED)) != MAPPING_HIDDEN || m->hi != hi)
        return false;
    if (mapping_lo(m) == lo) {
        mm_remove_locked(mm, m);
        mapping_free(m);
    } else {
        m->hi = lo;                              /* hidden: in no total                     */
    }
    return true;
}

/* Is there room between lo and whatever program memory lies below it? */
static bool stack_has_gap_locked(struct mm *mm, u64 lo)
{
    for (struct mapping *m = mapping_of(tree_floor(&mm->mappings, lo)); m;
         m = mapping_of(tree_prev(&m->node)))
        if (!(m->flags & MAPPING_HIDDEN))
            return m->prot == PROT_NONE || m->hi + STACK_GUARD_GAP <= lo;
    return true;
}

/* The size of the stack that ends at or above m's end. */
static u64 stack_size_locked(const struct mapping *m)
{
    u64 lo = mapping_lo(m), hi = m->hi;

    for (m = mapping_next(m); m && mapping_lo(m) == hi && m->flags & MAPPING_STACK;
         m = mapping_next(m))
        hi = m->hi;
    return hi - lo;
}

/* addr is not mapped.  If it belongs to a stack that may grow, let it: true. */
static bool stack_grow_locked(struct mm *mm, u64 addr)
{
    struct mapping *stack = mapping_from(mm, addr);
    u64 lo = page_floor(addr);

    while (stack && stack->flags & MAPPING_HIDDEN)
        stack = mapping_next(stack);
    if (!stack || !(stack->flags & MAPPING_GROWSDOWN))
        return false;

    u64 old_lo = mapping_lo(stack);

    if (stack_size_locked(stack) + (old_lo - lo) > mm_limit(RLIMIT_STACK))
        return false;
    if (!stack_has_gap_locked(mm, lo))
        return false;

    AUTO(mapping_freep)
    struct mapping *more =
        mapping_new(lo, old_lo, stack->prot, stack->flags & ~(u32)MAPPING_BACKED);
    if (!more || !stack_claim_locked(mm, lo, old_lo))
        return false;
    more->label = stack->label;
    mm_insert_locked(mm, TAKE(more));
    return true;
}

static bool mapping_allows(const struct mapping *m, u32 error)
{
    if (error & PF_WRITE)
        return m->prot & PROT_WRITE;
    if (error & PF_FETCH)
        return m->prot & PROT_EXEC;
    return m->prot != PROT_NONE;
}

static int fault_signal(int signal, int si_code, int *ret_si_code)
{
    *ret_si_code = si_code;
    return signal;
}

/* The host refuses what the mapping allows: another thread is changing it, or was a moment ago. */
static int mapping_grant_again(const struct mapping *m, u64 addr, int *ret_si_code)
{
    u64 page = page_floor(addr);
    int err = 0;

    if (m->shared)
        err = shared_fault(m->shared, page);
    else if (!(m->flags & MAPPING_SPECIAL))
        err = host_protect(page, PAGE_SIZE, mapping_host_prot(m));
    return err ? fault_signal(SIGBUS, BUS_ADRERR, ret_si_code) : 0;
}

static int mm_fault_locked(struct mm *mm, u64 addr, u32 error, int *ret_si_code)
{
    struct mapping *m = mapping_find(mm, addr);

    if ((!m || m->flags & MAPPING_HIDDEN) && stack_grow_locked(mm, addr))
        m = mapping_find(mm, addr);
    if (!m || m->flags & MAPPING_HIDDEN)
        return fault_signal(SIGSEGV, SEGV_MAPERR, ret_si_code);
    if (!mapping_allows(m, error))
        return fault_signal(SIGSEGV, SEGV_ACCERR, ret_si_code);
    if (m->flags & MAPPING_PAST_END)
        return fault_signal(SIGBUS, BUS_ADRERR, ret_si_code);
    if (!mapping_wants_memory(m))
        return mapping_grant_again(m, addr, ret_si_code);

    if (mapping_back_around_locked(mm, m, addr)) {
        klog(LOG_NOTICE, "out of memory at the first use of %llx: the process ends",
             (unsigned long long)addr);
        return fault_signal(SIGKILL, SI_KERNEL, ret_si_code);
    }
    return 0;
}

int mm_fault(struct mm *mm, u64 addr, u32 error, int *ret_si_code)
{
    int signal;

    rw_lock(&mm->lock);
    signal = mm_fault_locked(mm, addr, error, ret_si_code);
    rw_unlock(&mm->lock);
    if (signal != SIGSEGV || !(error & PF_USER))
        return signal;

    /* Perhaps another thread is replacing the mapping: wait for it, and look again.  Not inside a
     * system call, which may be holding what the other one waits for. */
    WITH_MUTEX(&mm->map_lock);
    rw_lock(&mm->lock);
    signal = mm_fault_locked(mm, addr, error, ret_si_code);
    rw_unlock(&mm->lock);
    return signal;
}
