/* SPDX-License-Identifier: MIT */
/*
 * The map of free user addresses.  See arena.h.
 *
 * Free ranges are nodes of one tree, ordered by address, none touching another.  Each node knows
 * the largest range below it, so that the lowest fit is found in a number of steps that grows with
 * the logarithm of the number of ranges.
 *
 * n owners leave at most n + areas free ranges; so many nodes exist, used or in the pool.
 */
#include "kernel/mm/arena.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/tree.h"

struct free_range {
    struct tree_node node;                       /* key: the first byte                     */
    u64 hi;
    u64 largest;                                 /* bytes of the largest in this subtree    */
};

enum { RANGES_PER_PAGE = PAGE_SIZE / sizeof(struct free_range) };

static struct {
    struct spinlock lock;
    struct tree ranges;
    struct free_range *pool;                     /* unused nodes, linked by node.parent     */
    u64 nodes;                                   /* in the tree and in the pool             */
    u64 owners;
    u64 free_bytes;
    struct range areas[ARENA_AREAS_MAX];         /* [const] after arena_init()              */
    u32 area_count;
} arena;

static struct free_range *range_of(struct tree_node *n)
{
    return n ? container_of(n, struct free_range, node) : NULL;
}

static u64 range_size(const struct free_range *r)
{
    return r->hi - r->node.key;
}

static u64 subtree_largest(struct tree_node *n)
{
    return n ? range_of(n)->largest : 0;
}

static void range_summarise(struct tree_node *n)
{
    struct free_range *r = range_of(n);

    r->largest =
        max_u64(range_size(r), max_u64(subtree_largest(n->child[0]), subtree_largest(n->child[1])));
}

static struct free_range *pool_pop_locked(void)
{
    struct free_range *r = arena.pool;

    assert(r);                                   /* arena_owner_add() saw to it             */
    arena.pool = range_of(r->node.parent);
    return r;
}

static void pool_push_locked(struct free_range *r)
{
    r->node.parent = arena.pool ? &arena.pool->node : NULL;
    arena.pool = r;
}

/* A page of nodes for the pool.  The pages stay for ever: the number of mappings that a run has
 * once had, it will have again. */
static int pool_grow(void)
{
    struct free_range *ranges = page_alloc(1);

    if (!ranges)
        return -ENOMEM;
    WITH_SPINLOCK(&arena.lock);
    for (u32 i = 0; i < RANGES_PER_PAGE; i++)
        pool_push_locked(&ranges[i]);
    arena.nodes += RANGES_PER_PAGE;
    return 0;
}

int arena_owner_add(void)
{
    int err;

    for (;;) {
        {
            WITH_SPINLOCK(&arena.lock);
            if (arena.owners + arena.area_count < arena.nodes) {
                arena.owners++;
                return 0;
            }
        }
        err = pool_grow();
        if (err)
            return err;
    }
}

void arena_owner_remove(void)
{
    WITH_SPINLOCK(&arena.lock);
    assert(arena.owners > 0);
    arena.owners--;
}

int arena_init(const struct range *areas, u32 count)
{
    int err;

    assert(count <= ARENA_AREAS_MAX);
    arena.ranges.update = range_summarise;
    err = pool_grow();
    if (err)
        return err;

    for (u32 i = 0; i < count; i++) {
        if (areas[i].lo >= areas[i].hi)
            continue;
        arena.areas[arena.area_count++] = areas[i];
        arena_release(areas[i].lo, areas[i].hi);
    }
    return 0;
}

/* The next range of at least size bytes in that direction, r itself excluded; NULL: none. */
static struct free_range *range_next_fit_locked(struct free_range *r, u64 size,
                                                enum arena_direction side)
{
    struct tree_node *n = &r->node;

    /* Towards the root until something large enough hangs on the far side, or is passed... */
    while (subtree_largest(n->child[side]) < size) {
        while (n->parent && n->parent->child[side] == n)
            n = n->parent;
        n = n->parent;
        if (!n || range_size(range_of(n)) >= size)
            return range_of(n);
    }
    /* ... then down to the nearest of that subtree. */
    n = n->child[side];
    for (;;) {
        if (subtree_largest(n->child[!side]) >= size)
            n = n->child[!side];
        else if (range_size(range_of(n)) >= size)
            return range_of(n);
        else
            n = n->child[side];
    }
}

/* Take [lo, hi) out of r, which contains it. */
static void range_cut_locked(struct free_range *r, u64 lo, u64 hi)
{
    u64 r_lo = r->node.key, r_hi = r->hi;

    arena.free_bytes -= hi - lo;
    if (r_lo < lo && hi < r_hi) {
        struct free_range *above = pool_pop_locked();

        above->node.key = hi;
        above->hi = r_hi;
        r->hi = lo;
        tree_changed(&arena.ranges, &r->node);
        tree_insert(&arena.ranges, &above->node);
    } else if (r_lo < lo) {
        r->hi = lo;
        tree_changed(&arena.ranges, &r->node);
    } else if (hi < r_hi) {
        r->node.key = hi;
        tree_changed(&arena.ranges, &r->node);
    } else {
        tree_remove(&arena.ranges, &r->node);
        pool_push_locked(r);
    }
}

/* Where in r, and within [lo, hi), the request fits: an address, or 0. */
static u64 range_place(const struct free_range *r, const struct arena_request *request, u64 lo,
                       u64 hi)
{
    u64 mask = request->align - 1, at, end;

    lo = max_u64(lo, r->node.key);
    hi = min_u64(hi, r->hi);
    if (lo >= hi || hi - lo < request->len)
        return 0;
    if (request->direction == ARENA_DOWN) {
        at = (hi - request->len) & ~mask;
        return at >= lo ? at : 0;
    }
    if (add_overflows(lo, mask, &at))
        return 0;
    at &= ~mask;
    return !add_overflows(at, request->len, &end) && end <= hi ? at : 0;
}

/* The first fit in [lo, hi): its address or 0. */
static u64 arena_claim_between_locked(const struct arena_request *request, u64 lo, u64 hi)
{
    struct tree_node *n = tree_floor(&arena.ranges, request->direction == ARENA_UP ? lo : hi - 1);

    if (!n && request->direction == ARENA_UP)
        n = tree_first(&arena.ranges);
    for (struct free_range *r = range_of(n); r && r->node.key < hi && (r->hi > lo || n == &r->node);
         r = range_next_fit_locked(r, request->len, request->direction)) {
        u64 at = range_place(r, request, lo, hi);

        if (at) {
            range_cut_locked(r, at, at + request->len);
            return at;
        }
    }
    return 0;
}

u64 arena_claim(const struct arena_request *r)
{
    bool up = r->direction == ARENA_UP;
    u64 at = 0;

    assert(r->len);
    WITH_SPINLOCK(&arena.lock);
    if (r->from > r->lo && r->from < r->hi)
        at = arena_claim_between_locked(r, up ? r->from : r->lo, up ? r->hi : r->from);
    if (!at)
        at = arena_claim_between_locked(r, r->lo, r->hi);
    return at;
}

/* The free range that contains [lo, hi), or NULL. */
static struct free_range *range_around_locked(u64 lo, u64 hi)
{
    struct free_range *r = range_of(tree_floor(&arena.ranges, lo));

    return r && hi <= r->hi ? r : NULL;
}

bool arena_claim_at(u64 lo, u64 hi)
{
    assert(lo < hi);
    WITH_SPINLOCK(&arena.lock);
    struct free_range *r = range_around_locked(lo, hi);
    if (!r)
        return false;
    range_cut_locked(r, lo, hi);
    return true;
}

bool arena_is_free(u64 lo, u64 hi)
{
    WITH_SPINLOCK(&arena.lock);
    return range_around_locked(lo, hi) != NULL;
}

void arena_release(u64 lo, u64 hi)
{
    assert(lo < hi);
    WITH_SPINLOCK(&arena.lock);
    struct free_range *below = range_of(tree_floor(&arena.ranges, lo));
    struct free_range *above = range_of(tree_ceil(&arena.ranges, lo));

    assert(!below || below->hi <= lo);
    assert(!above || above->node.key >= hi);
    arena.free_bytes += hi - lo;
    bool joins_below = below && below->hi == lo;
    bool joins_above = above && above->node.key == hi;

    if (joins_below && joins_above) {
        hi = above->hi;
        tree_remove(&arena.ranges, &above->node);
        pool_push_locked(above);
    }
    if (joins_below) {
        below->hi = hi;
        tree_changed(&arena.ranges, &below->node);
        return;
    }
    if (joins_above) {
        above->node.key = lo;
        tree_changed(&arena.ranges, &above->node);
        return;
    }
    struct free_range *r = pool_pop_locked();

    r->node.key = lo;
    r->hi = hi;
    tree_insert(&arena.ranges, &r->node);
}

bool arena_contains(u64 lo, u64 hi)
{
    for (u32 i = 0; i < arena.area_count; i++)
        if (lo >= arena.areas[i].lo && hi <= arena.areas[i].hi && lo <= hi)
            return true;
    return false;
}

u64 arena_free_bytes(void)
{
    WITH_SPINLOCK(&arena.lock);
    return arena.free_bytes;
}

bool arena_check(void)
{
    u64 bytes = 0, end = 0;

    WITH_SPINLOCK(&arena.lock);
    if (!tree_check(&arena.ranges))
        return false;
    for (struct tree_node *n = tree_first(&arena.ranges); n; n = tree_next(n)) {
        struct free_range *r = range_of(n);
        u64 largest = r->largest;

        if (r->hi <= n->key || (end && n->key <= end))
            return false;
        range_summarise(n);
        if (r->largest != largest)
            return false;
        bytes += range_size(r);
        end = r->hi;
    }
    return bytes == arena.free_bytes;
}
