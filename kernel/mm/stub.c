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

enum {
    SLOT_LEN = 8,                                /* the word with the kernel's entry        */
    STUB_ALIGN = 8,
};

/* A rel32 reaches 2 GiB; the stub and its displacements take a little of it. */
#define STUB_REACH ((1ull << 31) - STUB_AREA_SIZE)

static u64 kernel_entry;                         /* [const] after stub_init()               */

void stub_init(u64 syscall_entry)
{
    kernel_entry = syscall_entry;
}

static u64 page_addr(const struct stub_area *a, u32 i)
{
    return a->lo + (u64)i * PAGE_SIZE;
}

void stub_space_fini(struct stub_space *s)
{
    struct stub_area *a;

    while ((a = s->areas)) {
        u64 committed = (u64)a->committed * PAGE_SIZE;

        s->areas = a->next;
        if (!host_protect(a->lo, committed, TARGET_PROT_NONE) && !host_discard(a->lo, committed))
            arena_release(a->lo, a->lo + STUB_AREA_SIZE);
        commit_release(committed);
        arena_owner_remove();
        kfree(a);
    }
    s->committed = 0;
}

static bool area_reaches(const struct stub_area *a, u64 lo, u64 hi)
{
    return max_u64(a->lo + STUB_AREA_SIZE, hi) - min_u64(a->lo, lo) < STUB_REACH;
}

static int area_new(struct stub_space *s, u64 lo, u64 hi, struct stub_area **ret)
{
    struct stub_area *a = kzalloc(sizeof(*a));

    if (!a)
        return -ENOMEM;
    if (arena_owner_add()) {
        kfree(a);
        return -ENOMEM;
    }
    a->lo = hi - lo < STUB_REACH ? mm_place_near(hi > STUB_REACH ? hi - STUB_REACH : 0,
                                                 lo + STUB_REACH, hi, STUB_AREA_SIZE)
                                 : 0;
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

/* Make page i of a ready to be filled. */
static int page_open(struct stub_space *s, struct stub_area *a, u32 i)
{
    struct stub_page *page = &a->pages[i];
    bool fresh = i == a->committed;
    int err;

    if (fresh && mm_charge(PAGE_SIZE))
        return -ENOMEM;
    err = host_protect(page_addr(a, i), PAGE_SIZE, TARGET_PROT_READ | TARGET_PROT_WRITE);
    if (err) {
        if (fresh)
            commit_release(PAGE_SIZE);
        return err;
    }
    if (fresh) {
        a->committed++;
        s->committed += PAGE_SIZE;
    }
    memcpy((void *)page_addr(a, i), &kernel_entry, SLOT_LEN);
    page->used = SLOT_LEN;
    page->live = 0;
    page->writable = true;
    return 0;
}

static bool page_has_room(const struct stub_page *page)
{
    return page->used && page->used + PATCH_STUB_MAX <= PAGE_SIZE;
}

static bool page_is_unused(const struct stub_page *page)
{
    return !page->live && !page->writable;
}

/* A page of a that may take the stub, or that could be opened for it; -1. */
static s32 page_find(const struct stub_area *a, enum stub_how how)
{
    for (u32 i = 0; i < a->committed; i++)
        if (page_has_room(&a->pages[i]) && (how == STUB_SINGLE || a->pages[i].writable))
            return (s32)i;
    return -1;
}

static s32 page_find_unused(const struct stub_area *a)
{
    for (u32 i = 0; i < a->committed; i++)
        if (page_is_unused(&a->pages[i]))
            return (s32)i;
    return a->committed < STUB_AREA_PAGES ? (s32)a->committed : -1;
}

static void place_set(const struct stub_area *a, u32 i, struct patch_place *ret)
{
    ret->slot = page_addr(a, i);
    ret->stub = page_addr(a, i) + a->pages[i].used;
}

static int place_open(struct stub_space *s, struct stub_area *a, s32 i, struct patch_place *ret)
{
    int err;

    err = page_open(s, a, (u32)i);
    if (!err)
        place_set(a, (u32)i, ret);
    return err;
}

int stub_place(struct stub_space *s, u64 lo, u64 hi, enum stub_how how, struct patch_place *ret)
{
    struct stub_area *a;
    s32 i;
    int err;

    for (a = s->areas; a; a = a->next) {
        if (area_reaches(a, lo, hi) && (i = page_find(a, how)) >= 0) {
            place_set(a, (u32)i, ret);
            return 0;
        }
    }
    for (a = s->areas; a; a = a->next)
        if (area_reaches(a, lo, hi) && (i = page_find_unused(a)) >= 0)
            return place_open(s, a, i, ret);

    err = area_new(s, lo, hi, &a);
    if (err)
        return err;
    return place_open(s, a, 0, ret);
}

/* The page that addr lies in. */
static struct stub_page *page_of(struct stub_space *s, u64 addr)
{
    for (struct stub_area *a = s->areas; a; a = a->next)
        if (addr >= a->lo && addr < a->lo + STUB_AREA_SIZE)
            return &a->pages[(addr - a->lo) / PAGE_SIZE];
    return NULL;
}

int stub_write(struct stub_space *s, const struct patch *p)
{
    struct stub_page *page = page_of(s, p->stub);
    u64 addr = page_floor(p->stub);
    int err;

    assert(page);
    assert(p->stub == addr + page->used);
    if (!page->writable) {
        err = host_protect(addr, PAGE_SIZE,
                           TARGET_PROT_READ | TARGET_PROT_WRITE | TARGET_PROT_EXEC);
        if (err)
            return err;
    }
    memcpy((void *)p->stub, p->stub_code, p->stub_len);
    page->used += (p->stub_len + STUB_ALIGN - 1) & ~(STUB_ALIGN - 1);
    page->live++;
    if (page->writable)
        return 0;
    return host_protect(addr, PAGE_SIZE, TARGET_PROT_READ | TARGET_PROT_EXEC);
}

int stub_seal(struct stub_space *s)
{
    struct host_run run = { 0 };
    int err = 0;

    for (struct stub_area *a = s->areas; a && !err; a = a->next) {
        for (u32 i = 0; i < a->committed && !err; i++) {
            if (!a->pages[i].writable)
                continue;
            err = host_run_add(&run, page_addr(a, i), page_addr(a, i + 1),
                               TARGET_PROT_READ | TARGET_PROT_EXEC);
            a->pages[i].writable = false;
        }
    }
    return err ? err : host_run_end(&run);
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
        u64 hi = a->lo + (u64)a->committed * PAGE_SIZE;

        if (hi > at && a->committed && a->lo < lo) {
            lo = max_u64(a->lo, at);
            *ret_lo = lo;
            *ret_hi = hi;
        }
    }
    return lo != UINT64_MAX;
}
