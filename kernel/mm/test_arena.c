/* SPDX-License-Identifier: MIT */
/* The map of free addresses, judged by one byte a page. */
#include "kernel/mm/arena.h"
#include "abi/linux/errno.h"
#include "kernel/mm/test_world.h"
#include "tests/unit/test.h"

enum { PAGES = 256, STEPS = 20000, OWNED_MAX = PAGES };

static bool taken[PAGES];
static u64 base;
static u64 seed = 2463534242u;

static u64 next_random(u64 below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static u64 addr(u64 page)
{
    return base + page * PAGE_SIZE;
}

/* The low area of the test's world is the playground. */
static void playground_start(void)
{
    world_start(64 << 20);
    base = world.bp.low.lo;
    for (u32 i = 0; i < OWNED_MAX; i++)
        CHECK_EQ(arena_owner_add(), 0);
    CHECK(arena_claim_at(addr(PAGES), world.bp.low.hi));
}

static bool is_free(u64 page, u64 count)
{
    for (u64 i = page; i < page + count; i++)
        if (i >= PAGES || taken[i])
            return false;
    return true;
}

static void mark(u64 page, u64 count, bool value)
{
    for (u64 i = page; i < page + count; i++)
        taken[i] = value;
}

/* The lowest or highest place within [from, to) for count pages, aligned; PAGES: there is none. */
static u64 model_fit(u64 from, u64 to, u64 count, u64 align, enum arena_direction direction)
{
    u64 best = PAGES;

    for (u64 i = from; i + count <= to; i++) {
        if (addr(i) % align || !is_free(i, count))
            continue;
        best = i;
        if (direction == ARENA_UP)
            break;
    }
    return best;
}

static void claim_somewhere(void)
{
    u64 count = 1 + next_random(12), from = next_random(PAGES);
    u64 align = (u64)PAGE_SIZE << next_random(4);
    struct arena_request r = {
        .lo = base,
        .hi = addr(PAGES),
        .from = addr(from),
        .len = count * PAGE_SIZE,
        .align = align,
        .direction = next_random(2),
    };
    bool up = r.direction == ARENA_UP;
    u64 expected = model_fit(up ? from : 0, up ? PAGES : from, count, align, r.direction);

    if (expected == PAGES)
        expected = model_fit(0, PAGES, count, align, r.direction);
    u64 at = arena_claim(&r);
    CHECK_EQ(at, expected == PAGES ? 0 : addr(expected));
    if (at)
        mark(expected, count, true);
}

static void claim_exactly(void)
{
    u64 page = next_random(PAGES), count = 1 + next_random(8);
    bool possible = is_free(page, count);

    if (page + count > PAGES)
        return;
    CHECK_EQ(arena_is_free(addr(page), addr(page + count)), possible);
    CHECK_EQ(arena_claim_at(addr(page), addr(page + count)), possible);
    if (possible)
        mark(page, count, true);
}

static void release_some(void)
{
    u64 page = next_random(PAGES), count = 0;

    while (page + count < PAGES && taken[page + count] && count < 6)
        count++;
    if (!count)
        return;
    arena_release(addr(page), addr(page + count));
    mark(page, count, false);
}

TEST(arena_agrees_with_a_bitmap)
{
    u64 free_before;

    playground_start();
    free_before = arena_free_bytes();
    for (u32 i = 0; i < STEPS; i++) {
        switch (next_random(5)) {
        case 0:
            claim_somewhere();
            break;
        case 1:
            claim_exactly();
            break;
        default:
            release_some();
            break;
        }
        if (i % 64 == 0)
            CHECK(arena_check());
    }

    u64 held = 0;
    for (u32 i = 0; i < PAGES; i++)
        held += taken[i];
    CHECK_EQ(arena_free_bytes(), free_before - held * PAGE_SIZE);
}

TEST(arena_never_needs_memory_to_take_a_range_back)
{
    playground_start();
    CHECK(arena_claim_at(base, addr(PAGES)));
    for (u32 i = 0; i < PAGES; i += 2)           /* as many free ranges as there can be     */
        arena_release(addr(i), addr(i + 1));
    CHECK(arena_check());
    for (u32 i = 1; i < PAGES; i += 2)
        arena_release(addr(i), addr(i + 1));
    CHECK(arena_check());
    CHECK(arena_is_free(base, addr(PAGES)));
}

TEST(arena_stays_within_the_bounds_of_a_request)
{
    struct arena_request r = { .len = 4 * PAGE_SIZE, .align = PAGE_SIZE };

    playground_start();
    r.lo = addr(10);
    r.hi = addr(14);
    r.from = addr(12);
    CHECK_EQ(arena_claim(&r), addr(10));
    CHECK_EQ(arena_claim(&r), 0);
    r.hi = addr(15);
    CHECK_EQ(arena_claim(&r), 0);
    CHECK(!arena_contains(base - PAGE_SIZE, base));
    CHECK(arena_contains(base, base + PAGE_SIZE));
    CHECK(!arena_claim_at(base - PAGE_SIZE, base));
}
