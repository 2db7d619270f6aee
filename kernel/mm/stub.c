/* SPDX-License-Identifier: MIT */
/* Stub space.  See stub.h. */
#include "kernel/mm/stub.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/commit.h"
#include "kernel/core/panic.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"
#include "kernel/mm/recycle.h"
#include "kernel/mm/rewrite.h"

enum {
    STUB_ALIGN = 8,
    AREA_PAGES = 16,                             /* addresses for sites one by one          */
    RX = TARGET_PROT_READ | TARGET_PROT_EXEC,
    RW = TARGET_PROT_READ | TARGET_PROT_WRITE,
};

/* A rel32 reaches 2 GiB; the stub and its displacements take a little of it. */
#define STUB_REACH ((1ull << 31) - (1 << 20))

/* What a page begins with. */
static struct stub_slots slots;                  /* [const] after stub_init()               */

void stub_init(const struct mm_entries *entries)
{
    slots = (struct stub_slots){ .syscall = entries->syscall, .cpuid = entries->cpuid };
}

static u64 page_addr(const struct stub_area *a, u32 i)
{
    return a->lo + (u64)i * PAGE_SIZE;
}

static u64 area_hi(const struct stub_area *a)
{
    return page_addr(a, a->pages);
}

/* ---- areas ---- */

static bool area_reaches(const struct stub_area *a, u64 lo, u64 hi)
{
    return max_u64(area_hi(a), hi) - min_u64(a->lo, lo) < STUB_REACH;
}

static u64 area_claim(u64 at, u64 lo, u64 hi, u32 pages)
{
    u64 len = (u64)pages * PAGE_SIZE;

    if (at)
        return mm_claim_at(at, at + len) ? at : 0;
    if (hi - lo >= STUB_REACH)
        return 0;
    return mm_place_near(hi > STUB_REACH ? hi - STUB_REACH : 0, lo + STUB_REACH, hi, len);
}

int stub_area_new(struct stub_space *s, u64 at, u64 lo, u64 hi, u32 pages, struct stub_area **ret)
{
    struct stub_area *a = kzalloc(sizeof(*a) + pages * sizeof(a->page[0]));

    if (!a)
        return -ENOMEM;
    if (arena_owner_add()) {
        kfree(a);
        return -ENOMEM;
    }
    a->pages = pages;
    a->lo = area_claim(at, lo, hi, pages);
    if (!a->lo) {
        arena_owner_remove();
        kfree(a);
        return -ENOMEM;
    }
    a->next = s->areas;
    s->areas = a;
    *ret = a;
    return 0;
}

/* Give back an area that nobody executes in. */
static void area_free(struct stub_space *s, struct stub_area *a)
{
    u64 committed = (u64)a->committed * PAGE_SIZE;

    s->committed -= committed;
    if (host_protect(a->lo, committed, TARGET_PROT_NONE))
        commit_release(committed);               /* and the addresses stay claimed          */
    else if (committed)
        recycle_put(a->lo, a->lo + committed, RECYCLE_TOUCHED_ALL);
    if (a->committed < a->pages)
        arena_release(a->lo + committed, area_hi(a));
    arena_owner_remove();
    kfree(a);
}

void stub_space_fini(struct stub_space *s)
{
    struct stub_area *a;

    while ((a = s->areas)) {
        s->areas = a->next;
        area_free(s, a);
    }
}

static bool area_is_live(const struct stub_area *a)
{
    for (u32 i = 0; i < a->committed; i++)
        if (a->page[i].live)
            return true;
    return false;
}

void stub_sweep(struct stub_space *s)
{
    struct stub_area **link = &s->areas, *a;

    while ((a = *link)) {
        if (area_is_live(a)) {
            link = &a->next;
            continue;
        }
        *link = a->next;
        area_free(s, a);
    }
}

/* Charge the next `pages` pages of a and make them writable, with their slots. */
static int area_commit(struct stub_space *s, struct stub_area *a, u32 pages)
{
    u64 lo = page_addr(a, a->committed), len = (u64)pages * PAGE_SIZE;

    if (commit_charge(len))
        return -ENOMEM;
    if (host_protect(lo, len, RW)) {
        commit_release(len);
        return -ENOMEM;
    }
    for (u32 i = 0; i < pages; i++) {
        memcpy((void *)page_addr(a, a->committed), &slots, sizeof(slots));
        a->page[a->committed++].used = sizeof(slots);
    }
    s->committed += len;
    return 0;
}

/* p's stub has been written to its page. */
static void page_take(struct stub_page *page, const struct patch *p)
{
    page->used =
        (u16)((page_offset(p->stub) + p->stub_len + STUB_ALIGN - 1) & ~(u64)(STUB_ALIGN - 1));
    page->live++;
}

int stub_area_fill(struct stub_space *s, struct stub_area *a, const struct rewrite *r, u64 addr)
{
    int err;

    err = area_commit(s, a, r->stub_pages);
    if (err)
        return err;
    for (u32 i = 0; i < r->count; i++) {
        struct patch p = rewrite_patch(r, i, addr);

        if (!p.stub)
            continue;
        memcpy((void *)p.stub, p.stub_code, p.stub_len);
        page_take(&a->page[(p.stub - a->lo) / PAGE_SIZE], &p);
    }
    return host_protect(a->lo, (u64)a->committed * PAGE_SIZE, RX);
}

/* ---- one stub ---- */

/* A page of a with room for a stub; -1. */
static s32 page_find(const struct stub_area *a)
{
    for (u32 i = 0; i < a->committed; i++)
        if (a->page[i].used + PATCH_STUB_MAX <= PAGE_SIZE)
            return (s32)i;
    return -1;
}

static void place_set(const struct stub_area *a, u32 i, struct patch_place *ret)
{
    *ret = stub_place_in(page_addr(a, i), a->page[i].used);
}

/* Open one more page of a. */
static int place_open(struct stub_space *s, struct stub_area *a, struct patch_place *ret)
{
    u32 i = a->committed;
    int err;

    err = area_commit(s, a, 1);
    if (!err)
        err = host_protect(page_addr(a, i), PAGE_SIZE, RX);
    if (!err)
        place_set(a, i, ret);
    return err;
}

int stub_place(struct stub_space *s, u64 lo, u64 hi, struct patch_place *ret)
{
    struct stub_area *a;
    s32 i;
    int err;

    for (a = s->areas; a; a = a->next) {
        if (!area_reaches(a, lo, hi))
            continue;
        i = page_find(a);
        if (i >= 0) {
            place_set(a, (u32)i, ret);
            return 0;
        }
        if (a->committed < a->pages)
            return place_open(s, a, ret);
    }
    err = stub_area_new(s, 0, lo, hi, AREA_PAGES, &a);
    return err ? err : place_open(s, a, ret);
}

static struct stub_page *page_of(struct stub_space *s, u64 addr)
{
    for (struct stub_area *a = s->areas; a; a = a->next)
        if (addr >= a->lo && addr < area_hi(a))
            return &a->page[(addr - a->lo) / PAGE_SIZE];
    return NULL;
}

int stub_write(struct stub_space *s, const struct patch *p)
{
    struct stub_page *page = page_of(s, p->stub);
    u64 addr = page_floor(p->stub);

    assert(page);
    assert(p->stub == addr + page->used);
    if (host_protect(addr, PAGE_SIZE, RW | TARGET_PROT_EXEC))
        return -ENOMEM;
    memcpy((void *)p->stub, p->stub_code, p->stub_len);
    page_take(page, p);
    return host_protect(addr, PAGE_SIZE, RX);
}

void stub_drop(struct stub_space *s, u64 stub)
{
    struct stub_page *page = page_of(s, stub);

    assert(page);
    assert(page->live);
    page->live--;
}

bool stub_next(const struct stub_space *s, u64 at, u64 *ret_lo, u64 *ret_hi)
{
    u64 lo = UINT64_MAX;

    for (const struct stub_area *a = s->areas; a; a = a->next) {
        u64 hi = page_addr(a, a->committed);

        if (hi > at && a->committed && a->lo < lo) {
            lo = max_u64(a->lo, at);
            *ret_lo = lo;
            *ret_hi = hi;
        }
    }
    return lo != UINT64_MAX;
}
