/* SPDX-License-Identifier: MIT */
/*
 * Shared objects: a place in the address space with a list of the mappings that show it.
 *
 * Which parts of the place have memory stands in a tree of disjoint ranges that do not touch; a part
 * of a file has memory where the file has pages, a System V segment everywhere.
 */
#include "kernel/mm/shared.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/commit.h"
#include "kernel/core/panic.h"
#include "kernel/host/host.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

struct committed {
    struct tree_node node;                       /* key: the first byte                     */
    u64 hi;
};

static struct committed *committed_of(struct tree_node *n)
{
    return n ? container_of(n, struct committed, node) : NULL;
}

int shared_new(u64 lo, u64 hi, u32 kernel_prot, struct shared **ret)
{
    struct shared *s = kzalloc(sizeof(*s));

    if (!s)
        return -ENOMEM;
    if (arena_owner_add()) {
        kfree(s);
        return -ENOMEM;
    }
    ref_init(&s->refs);
    list_init(&s->mappings);
    s->lo = lo;
    s->hi = hi;
    s->kernel_prot = kernel_prot;
    *ret = s;
    return 0;
}

struct shared *shared_get(struct shared *s)
{
    ref_get(&s->refs);
    return s;
}

void shared_put(struct shared *s)
{
    if (!s || !ref_put(&s->refs))
        return;
    assert(list_is_empty(&s->mappings));
    shared_decommit(s, s->lo, s->hi);
    arena_release(s->lo, s->hi);
    arena_owner_remove();
    kfree(s);
}

/* ---- memory ---- */

/* The first range that ends above addr. */
static struct committed *committed_from(struct shared *s, u64 addr)
{
    struct committed *c = committed_of(tree_floor(&s->committed, addr));

    if (c && c->hi > addr)
        return c;
    return committed_of(c ? tree_next(&c->node) : tree_first(&s->committed));
}

bool shared_gap(struct shared *s, u64 lo, u64 hi, struct range *ret)
{
    for (struct committed *c = committed_from(s, lo); c && c->node.key < hi;
         c = committed_of(tree_next(&c->node))) {
        if (lo < c->node.key) {
            *ret = (struct range){ lo, c->node.key };
            return true;
        }
        lo = c->hi;
    }
    *ret = (struct range){ lo, hi };
    return lo < hi;
}

bool shared_next_committed(struct shared *s, u64 lo, u64 hi, struct range *ret)
{
    struct committed *c = committed_from(s, lo);

    if (!c || c->node.key >= hi || lo >= hi)
        return false;
    *ret = (struct range){ max_u64(c->node.key, lo), min_u64(c->hi, hi) };
    return true;
}

int shared_commit(struct shared *s, u64 lo, u64 hi)
{
    struct committed *c = kzalloc(sizeof(*c));
    int err;

    if (!c)
        return -ENOMEM;
    WITH_MUTEX(&s->lock);
    err = commit_charge(hi - lo);
    if (!err) {
        err = host_protect(lo, hi - lo, TARGET_PROT_READ | TARGET_PROT_WRITE);
        if (err)
            commit_release(hi - lo);
    }
    if (err) {
        kfree(c);
        return -ENOMEM;
    }
    c->node.key = lo;
    c->hi = hi;
    tree_insert(&s->committed, &c->node);
    return 0;
}

/* Cut c so that nothing of it lies in [lo, hi); spare becomes the upper part if there is one. */
static void committed_cut(struct shared *s, struct committed *c, u64 lo, u64 hi,
                          struct committed *spare)
{
    u64 c_lo = c->node.key, c_hi = c->hi;

    if (c_hi > hi) {
        if (c_lo < lo) {
            c->hi = lo;
            spare->node.key = hi;
            spare->hi = c_hi;
            tree_insert(&s->committed, &spare->node);
        } else {
            c->node.key = hi;
        }
    } else if (c_lo < lo) {
        c->hi = lo;
    } else {
        tree_remove(&s->committed, &c->node);
        kfree(c);
    }
}

void shared_decommit(struct shared *s, u64 lo, u64 hi)
{
    struct committed *c, *spare = NULL;

    WITH_MUTEX(&s->lock);
    while ((c = committed_from(s, lo)) && c->node.key < hi) {
        u64 from = max_u64(c->node.key, lo), to = min_u64(c->hi, hi);

        if (c->node.key < from && to < c->hi) {
            spare = kzalloc(sizeof(*spare));
            if (!spare)
                return;                          /* it stays, charged, until it can go      */
        }
        committed_cut(s, c, from, to, spare);
        if (!host_protect(from, to - from, TARGET_PROT_NONE) && !host_discard(from, to - from))
            commit_release(to - from);
    }
}

/* ---- protection ---- */

/* What the mappings of the page range that begins at `at` want, and where that range ends. */
static u32 shared_wanted_locked(struct shared *s, u64 at, u64 *end)
{
    u32 prot = s->kernel_prot;

    list_for_each(l, &s->mappings) {
        const struct mapping *m = list_entry(l, struct mapping, in_shared);

        if (mapping_lo(m) > at)
            *end = min_u64(*end, mapping_lo(m));
        if (m->hi > at)
            *end = min_u64(*end, m->hi);
        if (mapping_lo(m) <= at && at < m->hi && m->prot)
            prot |= m->prot | TARGET_PROT_READ;
    }
    return prot;
}

/* Let the host grant what the mappings of [lo, hi) want now. */
static int shared_protect_locked(struct shared *s, u64 lo, u64 hi)
{
    struct host_run run = { 0 };
    struct range c;
    int err;

    while (shared_next_committed(s, lo, hi, &c)) {
        for (u64 at = c.lo, end; at < c.hi; at = end) {
            end = c.hi;
            u32 prot = shared_wanted_locked(s, at, &end);
            err = host_run_add(&run, at, end, prot);
            if (err)
                return err;
        }
        lo = c.hi;
    }
    return host_run_end(&run);
}

int shared_attach(struct shared *s, struct mapping *m)
{
    int err;

    WITH_MUTEX(&s->lock);
    list_push(&s->mappings, &m->in_shared);
    err = shared_protect_locked(s, mapping_lo(m), m->hi);
    if (err)
        list_remove(&m->in_shared);
    return err;
}

void shared_detach(struct shared *s, struct mapping *m)
{
    WITH_MUTEX(&s->lock);
    list_remove(&m->in_shared);

    /* If the host fails, a page stays accessible that nobody has mapped: no worse than what the
     * other mappings of it are allowed. */
    (void)!shared_protect_locked(s, mapping_lo(m), m->hi);
}

int shared_set_prot(struct shared *s, struct mapping *m, u32 prot)
{
    u32 before = m->prot;
    int err;

    WITH_MUTEX(&s->lock);
    m->prot = prot;
    err = shared_protect_locked(s, mapping_lo(m), m->hi);
    if (err)
        m->prot = before;
    return err;
}

bool shared_missing(struct shared *s, u64 end, struct range *ret)
{
    WITH_MUTEX(&s->lock);
    list_for_each(l, &s->mappings) {
        const struct mapping *m = list_entry(l, struct mapping, in_shared);

        if (mapping_lo(m) < end && shared_gap(s, mapping_lo(m), min_u64(m->hi, end), ret))
            return true;
    }
    return false;
}

int shared_protect(struct shared *s, u64 lo, u64 hi)
{
    WITH_MUTEX(&s->lock);
    return shared_protect_locked(s, lo, hi);
}

int shared_fault(struct shared *s, u64 page)
{
    struct range c;

    WITH_MUTEX(&s->lock);
    if (!shared_next_committed(s, page, page + PAGE_SIZE, &c))
        return -EFAULT;
    return shared_protect_locked(s, page, page + PAGE_SIZE);
}
