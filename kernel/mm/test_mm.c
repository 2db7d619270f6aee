/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, judged by a model of one record a page, by the host's own idea of the
 * protections, and by what is charged.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/signal.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/recycle.h"
#include "kernel/mm/test_world.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

enum { PAGES = 64, STEPS = 6000, MIB = 1 << 20 };

enum { RW = PROT_READ | PROT_WRITE };

struct page {
    bool mapped, lazy, backed;
    u32 prot;
    u8 content;
};

static struct page model[PAGES];
static struct mm *mm;
static u64 base;
static u64 seed = 362436069;

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

static s64 map_at(u64 at, u64 len, u32 prot, u32 flags)
{
    struct map_request r = {
        .addr = at,
        .len = len,
        .prot = prot,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | flags,
    };

    return mm_map(mm, &r);
}

static void start(void)
{
    world_start(256 * MIB);
    base = world.bp.low.lo + 16 * PAGE_SIZE;
    mm = mm_new();
    CHECK(mm);
}

static void end(void)
{
    CHECK(mm_is_sound(mm));
    mm_put(mm);
    world_check_nothing_left();
}

/* What a thread's access does: 0, or the signal it ends with. */
static int touch(u64 at, u32 error)
{
    int code, signal;

    for (u32 tries = 0; tries < 3; tries++) {
        u32 host = world_host_prot(at);

        if (host & (error & PF_WRITE ? PROT_WRITE : PROT_READ))
            return 0;
        signal = mm_fault(mm, at, error | PF_USER, &code);
        if (signal)
            return signal;
    }
    return -1;
}

static u64 model_backed(void)
{
    u64 pages = 0;

    for (u64 i = 0; i < PAGES; i++)
        pages += model[i].backed;
    return pages * PAGE_SIZE;
}

static void check_page(u64 i)
{
    const struct page *p = &model[i];
    bool readable = p->mapped && p->prot != PROT_NONE;
    u32 expected = p->backed && readable ? p->prot | PROT_READ : 0;

    CHECK_EQ(mm_check(mm, addr(i), PAGE_SIZE, PROT_READ), readable ? 0 : -EFAULT);
    CHECK_EQ(mm_check(mm, addr(i), PAGE_SIZE, PROT_WRITE),
             readable && p->prot & PROT_WRITE ? 0 : -EFAULT);
    if (p->backed && p->prot & PROT_READ)
        CHECK_EQ(*(volatile u8 *)addr(i), p->content);
    if (next_random(16) == 0)
        CHECK_EQ(world_host_prot(addr(i)), expected);
}

static void model_map(u64 page, u64 count, u32 prot, bool lazy)
{
    for (u64 i = page; i < page + count; i++)
        model[i] = (struct page){
            .mapped = true,
            .lazy = lazy,
            .prot = prot,
            .backed = !lazy && prot != PROT_NONE,
        };
}

static bool model_is_mapped(u64 page, u64 count)
{
    for (u64 i = page; i < page + count; i++)
        if (!model[i].mapped)
            return false;
    return true;
}

static u32 random_prot(void)
{
    static const u32 prots[] = { PROT_NONE, PROT_READ, RW, RW, PROT_READ | PROT_EXEC };

    return prots[next_random(ARRAY_SIZE(prots))];
}

static void step_map(u64 page, u64 count)
{
    u32 prot = random_prot();
    bool lazy = next_random(4) == 0;

    CHECK_EQ(map_at(addr(page), count * PAGE_SIZE, prot, MAP_FIXED | (lazy ? MAP_NORESERVE : 0)),
             addr(page));
    model_map(page, count, prot, lazy);
}

static void step_map_noreplace(u64 page, u64 count)
{
    bool free = true;

    for (u64 i = page; i < page + count; i++)
        free = free && !model[i].mapped;
    s64 at = map_at(addr(page), count * PAGE_SIZE, RW, MAP_FIXED_NOREPLACE);
    CHECK_EQ(at, free ? (s64)addr(page) : -EEXIST);
    if (free)
        model_map(page, count, RW, false);
}

static void step_unmap(u64 page, u64 count)
{
    CHECK_EQ(mm_unmap(mm, addr(page), count * PAGE_SIZE), 0);
    memset(&model[page], 0, count * sizeof(model[0]));
}

static void step_protect(u64 page, u64 count)
{
    u32 prot = random_prot();
    bool mapped = model_is_mapped(page, count);

    CHECK_EQ(mm_protect(mm, addr(page), count * PAGE_SIZE, prot), mapped ? 0 : -ENOMEM);
    if (!mapped)
        return;
    for (u64 i = page; i < page + count; i++) {
        model[i].prot = prot;
        if (prot != PROT_NONE && !model[i].lazy)
            model[i].backed = true;
    }
}

static void step_write(u64 page)
{
    struct page *p = &model[page];
    int signal = touch(addr(page), PF_WRITE);

    CHECK_EQ(signal, p->mapped && p->prot & PROT_WRITE ? 0 : SIGSEGV);
    if (signal)
        return;
    p->backed = true;
    p->content = (u8)(1 + next_random(255));
    *(volatile u8 *)addr(page) = p->content;

    /* A fault backs its neighbours of the same kind too. */
    for (u64 i = 0; i < PAGES; i++) {
        struct mapping *m = mapping_find(mm, addr(i));
        if (model[i].lazy && m && m->flags & MAPPING_BACKED)
            model[i].backed = true;
    }
}

static void step_dontneed(u64 page, u64 count)
{
    bool mapped = model_is_mapped(page, count);

    CHECK_EQ(mm_advise(mm, addr(page), count * PAGE_SIZE, MADV_DONTNEED), mapped ? 0 : -ENOMEM);
    for (u64 i = page; i < page + count; i++) {
        struct mapping *m = mapping_find(mm, addr(i));

        model[i].content = 0;
        model[i].backed = m && m->flags & MAPPING_BACKED;
        CHECK(model[i].backed || !model[i].mapped || model[i].lazy || !model[i].prot);
    }
}

TEST(mm_agrees_with_a_model_of_pages)
{
    u64 before;

    start();
    before = world_user_bytes();
    for (u32 i = 0; i < STEPS; i++) {
        u64 page = next_random(PAGES), count = 1 + next_random(12);

        count = min_u64(count, PAGES - page);
        switch (next_random(8)) {
        case 0:
            step_map(page, count);
            break;
        case 1:
            step_map_noreplace(page, count);
            break;
        case 2:
            step_unmap(page, count);
            break;
        case 3:
        case 4:
            step_protect(page, count);
            break;
        case 5:
            step_dontneed(page, count);
            break;
        default:
            step_write(page);
            break;
        }
        CHECK(mm_is_sound(mm));
        CHECK(arena_check());
        CHECK_EQ(mm->totals.backed, model_backed());
        for (u64 k = 0; k < PAGES; k++)
            check_page(k);
    }
    recycle_drain();
    CHECK_EQ(world_user_bytes() - before, model_backed());
    end();
}

TEST(mm_gives_back_everything_at_the_end)
{
    start();
    for (u32 i = 0; i < 40; i++) {
        s64 at = map_at(0, (1 + i) * PAGE_SIZE, i % 3 ? RW : PROT_NONE, 0);

        CHECK(at > 0);
        if (i % 3)
            memset((void *)at, 0x5a, PAGE_SIZE);
    }
    CHECK(mm_brk(mm, 0) > 0);
    CHECK(mm_reserve(mm, 0, 10 * MIB, 2 * MIB) > 0);
    end();
}

TEST(mm_never_shows_one_process_the_memory_of_another)
{
    start();
    for (u32 size = PAGE_SIZE; size <= 2 * MIB; size *= 2) {
        s64 at = map_at(0, size, RW, 0);

        CHECK(at > 0);
        for (u32 i = 0; i < size; i++)
            CHECK_EQ(((u8 *)at)[i], 0);
        memset((void *)at, 0x77, size);
        CHECK_EQ(mm_unmap(mm, (u64)at, size), 0);
        CHECK_EQ(world_host_prot((u64)at), 0);
    }
    mm_put(mm);
    mm = mm_new();
    for (u32 size = PAGE_SIZE; size <= 2 * MIB; size *= 2) {
        s64 at = map_at(0, size, RW, 0);

        for (u32 i = 0; i < size; i++)
            CHECK_EQ(((u8 *)at)[i], 0);
    }
    end();
}

TEST(mmap_and_munmap_of_warm_memory_take_two_calls_of_the_host)
{
    s64 at, again;

    start();
    at = map_at(0, 16 * PAGE_SIZE, RW, 0);
    memset((void *)at, 1, 16 * PAGE_SIZE);
    CHECK_EQ(mm_unmap(mm, (u64)at, 16 * PAGE_SIZE), 0);
    world.protects = world.discards = 0;
    again = map_at(0, 16 * PAGE_SIZE, RW, 0);
    CHECK_EQ(again, at);
    CHECK_EQ(((u8 *)again)[5 * PAGE_SIZE], 0);
    CHECK_EQ(mm_unmap(mm, (u64)again, 16 * PAGE_SIZE), 0);
    CHECK_EQ(world.protects, 2);
    CHECK_EQ(world.discards, 0);
    end();
}

TEST(reservations_cost_no_memory)
{
    u64 before;
    s64 at;

    start();
    before = world_user_bytes();
    at = map_at(0, 40ull << 30, PROT_NONE, 0);
    CHECK(at > 0);
    CHECK(map_at(0, 8ull << 30, RW, MAP_NORESERVE) > 0);
    CHECK_EQ(world_user_bytes(), before);
    CHECK_EQ(map_at(0, 300 * MIB, RW, 0), -ENOMEM);
    CHECK_EQ(mm_protect(mm, (u64)at, 300 * MIB, RW), -ENOMEM);
    CHECK_EQ(mm_protect(mm, (u64)at, 100 * MIB, RW), 0);
    CHECK_EQ(world_user_bytes(), before + 100 * MIB);
    CHECK_EQ(mm_unmap(mm, (u64)at + 50 * MIB, 50 * MIB), 0);
    CHECK_EQ(world_user_bytes(), before + 50 * MIB);
    end();
}

TEST(lazy_memory_is_backed_in_growing_chunks)
{
    u64 before, faults = 0;
    s64 at;
    int code;

    start();
    before = world_user_bytes();
    at = map_at(0, 16 * MIB, RW, MAP_NORESERVE);
    for (u64 i = 0; i < 16 * MIB; i += PAGE_SIZE) {
        if (mapping_find(mm, (u64)at + i)->flags & MAPPING_BACKED)
            continue;
        CHECK_EQ(mm_fault(mm, (u64)at + i, PF_USER | PF_WRITE, &code), 0);
        faults++;
    }
    CHECK(faults < 24);
    CHECK_EQ(world_user_bytes(), before + 16 * MIB);
    CHECK_EQ(mapping_size(mapping_find(mm, (u64)at)), 16 * MIB);
    end();
}

TEST(faults_have_the_signal_that_linux_sends)
{
    s64 at;
    int code;

    start();
    at = map_at(0, 4 * PAGE_SIZE, PROT_READ, 0);
    CHECK_EQ(mm_fault(mm, (u64)at, PF_USER | PF_WRITE, &code), SIGSEGV);
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK_EQ(mm_fault(mm, (u64)at, PF_USER | PF_FETCH, &code), SIGSEGV);
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK_EQ(mm_fault(mm, 8, PF_USER, &code), SIGSEGV);
    CHECK_EQ(code, SEGV_MAPERR);
    CHECK_EQ(mm_fault(mm, (u64)at + 4 * PAGE_SIZE, PF_USER, &code), SIGSEGV);
    CHECK_EQ(code, SEGV_MAPERR);
    end();
}

TEST(a_stack_grows_down_to_its_limit_and_keeps_its_distance)
{
    u64 stack;
    int code;
    s64 at;

    start();
    at = map_at(base + 1024 * PAGE_SIZE, 4 * PAGE_SIZE, RW, MAP_FIXED | MAP_GROWSDOWN);
    CHECK(at > 0);
    stack = (u64)at;
    CHECK_EQ(mm_fault(mm, stack - 100 * PAGE_SIZE, PF_USER | PF_WRITE, &code), 0);
    CHECK_EQ(mm_check(mm, stack - 100 * PAGE_SIZE, 104 * PAGE_SIZE, PROT_WRITE), 0);
    CHECK_EQ(mm_check(mm, stack - 101 * PAGE_SIZE, PAGE_SIZE, PROT_WRITE), -EFAULT);
    CHECK(mm_is_sound(mm));

    CHECK(map_at(stack - 700 * PAGE_SIZE, PAGE_SIZE, RW, MAP_FIXED) > 0);
    CHECK_EQ(mm_fault(mm, stack - 400 * PAGE_SIZE, PF_USER | PF_WRITE, &code), 0);
    CHECK_EQ(mm_fault(mm, stack - 500 * PAGE_SIZE, PF_USER | PF_WRITE, &code), SIGSEGV);
    end();
}

TEST(stacks_and_heaps_are_never_writable_code)
{
    u64 heap;
    s64 at;

    start();
    heap = (u64)mm_brk(mm, 0);
    CHECK_EQ(mm_brk(mm, heap + PAGE_SIZE), heap + PAGE_SIZE);
    CHECK_EQ(mm_protect(mm, heap, PAGE_SIZE, RW | PROT_EXEC), -EACCES);
    CHECK_EQ(map_at(0, PAGE_SIZE, RW | PROT_EXEC, MAP_STACK), -EACCES);
    at = map_at(0, PAGE_SIZE, RW, MAP_STACK);
    CHECK_EQ(mm_protect(mm, (u64)at, PAGE_SIZE, RW | PROT_EXEC), -EACCES);
    CHECK_EQ(mm_protect(mm, (u64)at, PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
    at = map_at(0, PAGE_SIZE, RW | PROT_EXEC, 0);
    CHECK(at > 0);                               /* who asks for it gets it                 */
    mm_policy.exec_stack = true;
    CHECK_EQ(mm_protect(mm, heap, PAGE_SIZE, RW | PROT_EXEC), 0);
    mm_policy.exec_stack = false;
    end();
}

TEST(nothing_is_mapped_right_below_the_main_stack)
{
    struct map_request r = {
        .len = 2 * MIB,
        .prot = RW,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
        .label = "[stack]",
    };
    s64 stack;

    start();
    stack = mm_map(mm, &r);
    CHECK(stack > 0);
    for (u32 i = 0; i < 40; i++) {
        s64 at = map_at(0, (1 + i % 3) * MIB, RW, MAP_NORESERVE);

        CHECK(at + (1 + i % 3) * MIB <= stack - STACK_GUARD_GAP || at >= stack + 2 * MIB);
    }
    CHECK_EQ(mm_check(mm, (u64)stack - 1, 1, PROT_READ), -EFAULT);
    end();
}

static u64 limit_as(u32 resource)
{
    return resource == 9 ? 100 * PAGE_SIZE : UINT64_MAX; /* RLIMIT_AS                       */
}

TEST(replacing_a_mapping_does_not_count_twice)
{
    start();
    u64 used = mm->totals.mapped;
    mm_limit_ops.limit = limit_as;
    CHECK_EQ(map_at(base, 80 * PAGE_SIZE, RW, MAP_FIXED), base);
    CHECK_EQ(map_at(0, 40 * PAGE_SIZE, RW, 0), -ENOMEM);
    CHECK_EQ(map_at(base, 100 * PAGE_SIZE - used, RW, MAP_FIXED), base);
    CHECK_EQ(map_at(base, 101 * PAGE_SIZE - used, RW, MAP_FIXED), -ENOMEM);
    mm_limit_ops.limit = NULL;
    end();
}

TEST(brk_grows_and_shrinks_and_its_pages_are_zero)
{
    u64 lo;

    start();
    lo = (u64)mm_brk(mm, 0);
    CHECK_EQ(mm_brk(mm, lo + 10), lo + 10);
    memset((void *)lo, 9, PAGE_SIZE);
    CHECK_EQ(mm_brk(mm, lo + 5 * PAGE_SIZE + 1), lo + 5 * PAGE_SIZE + 1);
    CHECK_EQ(*(u8 *)(lo + 5 * PAGE_SIZE), 0);
    CHECK_EQ(*(u8 *)lo, 9);
    CHECK_EQ(mm_brk(mm, lo), lo);
    CHECK_EQ(mm_check(mm, lo, 1, PROT_READ), -EFAULT);
    CHECK_EQ(mm_brk(mm, lo + 1), lo + 1);
    CHECK_EQ(*(u8 *)lo, 0);
    CHECK_EQ(mm_brk(mm, lo - 1), lo + 1);
    CHECK_EQ(mm_brk(mm, lo + (1ull << 40)), lo + 1);
    CHECK_EQ(mm_brk(mm, lo + 300 * MIB), lo + 1); /* more than may be committed             */

    CHECK_EQ(map_at(lo + 4 * PAGE_SIZE, PAGE_SIZE, RW, MAP_FIXED), lo + 4 * PAGE_SIZE);
    CHECK_EQ(mm_brk(mm, lo + 4 * PAGE_SIZE), lo + 4 * PAGE_SIZE);
    CHECK_EQ(mm_brk(mm, lo + 4 * PAGE_SIZE + 1), lo + 4 * PAGE_SIZE);
    end();
}

TEST(mremap_keeps_the_content_wherever_it_ends)
{
    s64 at, to;

    start();
    at = map_at(0, 4 * PAGE_SIZE, RW, 0);
    memset((void *)at, 0xab, 4 * PAGE_SIZE);
    to = mm_remap(mm, (u64)at, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0);
    CHECK_EQ(to, at);                            /* nothing is behind it                    */
    CHECK_EQ(((u8 *)at)[4 * PAGE_SIZE - 1], 0xab);
    CHECK_EQ(((u8 *)at)[4 * PAGE_SIZE], 0);

    CHECK(map_at((u64)at + 6 * PAGE_SIZE, PAGE_SIZE, RW, MAP_FIXED) > 0);
    ((u8 *)at)[0] = 1;
    CHECK_EQ(mm_remap(mm, (u64)at, 6 * PAGE_SIZE, 9 * PAGE_SIZE, 0, 0), -ENOMEM);
    to = mm_remap(mm, (u64)at, 6 * PAGE_SIZE, 9 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
    CHECK(to > 0);
    CHECK(to != at);
    CHECK_EQ(((u8 *)to)[0], 1);
    CHECK_EQ(((u8 *)to)[PAGE_SIZE], 0xab);
    CHECK_EQ(mm_check(mm, (u64)at, PAGE_SIZE, PROT_READ), -EFAULT);
    CHECK_EQ(mm_remap(mm, (u64)to, 9 * PAGE_SIZE, PAGE_SIZE, 0, 0), to);
    CHECK_EQ(mm_check(mm, (u64)to + PAGE_SIZE, PAGE_SIZE, PROT_READ), -EFAULT);

    CHECK_EQ(mm_remap(mm, (u64)to, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, base),
             base);
    CHECK_EQ(*(u8 *)base, 1);
    to = mm_remap(mm, base, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
    CHECK_EQ(*(u8 *)to, 1);
    CHECK_EQ(*(u8 *)base, 0);
    end();
}

TEST(mremap_refuses_what_linux_refuses)
{
    s64 at;

    start();
    at = map_at(0, 4 * PAGE_SIZE, RW, 0);
    CHECK_EQ(mm_remap(mm, (u64)at + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
    CHECK_EQ(mm_remap(mm, (u64)at, PAGE_SIZE, 0, 0, 0), -EINVAL);
    CHECK_EQ(mm_remap(mm, (u64)at, PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, base), -EINVAL);
    CHECK_EQ(mm_remap(mm, (u64)at, 2 * PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
                      (u64)at + PAGE_SIZE),
             -EINVAL);
    CHECK_EQ(mm_remap(mm, base, PAGE_SIZE, 2 * PAGE_SIZE, 0, 0), -EFAULT);
    CHECK_EQ(mm_remap(mm, (u64)at, 5 * PAGE_SIZE, 5 * PAGE_SIZE, MREMAP_MAYMOVE, 0), -EFAULT);
    CHECK_EQ(mm_remap(mm, (u64)at, 0, PAGE_SIZE, MREMAP_MAYMOVE, 0), -EINVAL);
    end();
}

TEST(a_host_that_refuses_leaves_everything_as_it_was)
{
    u8 *at;

    start();
    at = (u8 *)map_at(base, 32 * PAGE_SIZE, RW, MAP_FIXED);
    CHECK_EQ(mm_protect(mm, base + 8 * PAGE_SIZE, 8 * PAGE_SIZE, PROT_READ), 0);
    memset(at, 3, PAGE_SIZE);
    for (u64 n = 1; n < 4; n++) {
        u64 used = world_user_bytes();

        world.fail_after = n;
        int err = mm_unmap(mm, base + 4 * PAGE_SIZE, 8 * PAGE_SIZE);
        bool failed = !world.fail_after;

        world.fail_after = 0;
        CHECK(mm_is_sound(mm));
        if (!failed)
            break;
        CHECK_EQ(err, -ENOMEM);
        CHECK_EQ(world_user_bytes(), used);
        CHECK_EQ(mm_check(mm, base, 32 * PAGE_SIZE, PROT_READ), 0);
        CHECK_EQ(at[0], 3);
    }
    world.fail_after = 1;
    CHECK_EQ(map_at(0, 8 * PAGE_SIZE, RW, 0), -ENOMEM);
    world.fail_after = 1;
    CHECK_EQ(mm_protect(mm, base, 8 * PAGE_SIZE, PROT_READ), -ENOMEM);
    world.fail_after = 0;
    at[0] = 4;                                   /* still writable                          */
    end();
}

TEST(mapping_requests_are_checked_as_linux_checks_them)
{
    struct map_request r = { .len = PAGE_SIZE, .prot = RW, .flags = MAP_PRIVATE | MAP_ANONYMOUS };

    start();
    r.len = 0;
    CHECK_EQ(mm_map(mm, &r), -EINVAL);
    r.len = UINT64_MAX;
    CHECK_EQ(mm_map(mm, &r), -ENOMEM);
    r.len = PAGE_SIZE;
    r.offset = 1;
    CHECK_EQ(mm_map(mm, &r), -EINVAL);
    r.offset = 0;
    r.flags = MAP_ANONYMOUS;
    CHECK_EQ(mm_map(mm, &r), -EINVAL);
    r.flags = MAP_SHARED_VALIDATE | MAP_ANONYMOUS | 0x8000000;
    CHECK_EQ(mm_map(mm, &r), -EOPNOTSUPP);
    r.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    r.addr = base + 1;
    CHECK_EQ(mm_map(mm, &r), -EINVAL);
    r.addr = 0;
    CHECK_EQ(mm_map(mm, &r), -EPERM);
    r.addr = world.bp.arena.hi;
    CHECK_EQ(mm_map(mm, &r), -ENOMEM);
    CHECK_EQ(mm_unmap(mm, base + 1, PAGE_SIZE), -EINVAL);
    CHECK_EQ(mm_unmap(mm, base, 0), -EINVAL);
    CHECK_EQ(mm_unmap(mm, base, PAGE_SIZE), 0);
    CHECK_EQ(mm_protect(mm, base, PAGE_SIZE, PROT_READ), -ENOMEM);
    CHECK_EQ(mm_advise(mm, base, PAGE_SIZE, 9999), -EINVAL);
    CHECK_EQ(mm_advise(mm, base, PAGE_SIZE, MADV_NORMAL), -ENOMEM);
    end();
}

TEST(hints_are_respected_when_their_place_is_free)
{
    s64 at;

    start();
    CHECK_EQ(map_at(base, PAGE_SIZE, RW, 0), base);
    at = map_at(base, PAGE_SIZE, RW, 0);
    CHECK(at > 0);
    CHECK((u64)at != base);
    CHECK_EQ(mm_unmap(mm, base, PAGE_SIZE), 0);  /* it is in the cache now                  */
    CHECK_EQ(map_at(base + 10, PAGE_SIZE, RW, 0), base);
    CHECK_EQ(*(u8 *)base, 0);
    end();
}

TEST(two_processes_never_get_the_same_addresses)
{
    struct mm *first, *second;
    s64 at;

    start();
    first = mm;
    CHECK_EQ(mm_reserve(mm, base, 64 * PAGE_SIZE, PAGE_SIZE), base);
    second = mm_new();
    CHECK_EQ(mm_reserve(second, base, 64 * PAGE_SIZE, PAGE_SIZE), -ENOMEM);
    mm = second;
    CHECK_EQ(map_at(base, PAGE_SIZE, RW, MAP_FIXED), -ENOMEM);
    at = map_at(base, PAGE_SIZE, RW, 0);
    CHECK(at > 0);
    CHECK_EQ(mm_check(first, (u64)at, 1, PROT_READ), -EFAULT);
    CHECK_EQ(mm_unmap(first, (u64)at, PAGE_SIZE), 0);
    CHECK_EQ(mm_check(second, (u64)at, 1, PROT_READ), 0);
    CHECK_EQ(mm_check(first, base, 1, PROT_READ), -EFAULT); /* reserved only                */
    mm_put(first);
    end();
}

TEST(peek_and_poke_reach_what_the_program_may_not_touch)
{
    u8 bytes[16];
    s64 at;

    start();
    at = map_at(base, 2 * PAGE_SIZE, RW, MAP_FIXED | MAP_NORESERVE);
    CHECK_EQ(mm_peek(mm, (u64)at, bytes, 16), 16);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(mm_poke(mm, base + PAGE_SIZE - 4, "01234567", 8), 8);
    CHECK_EQ(mm_protect(mm, base, PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(mm_poke(mm, base + PAGE_SIZE - 4, "abcdefgh", 8), 8);
    CHECK_EQ(world_host_prot(base), PROT_READ);
    CHECK_EQ(mm_peek(mm, base + PAGE_SIZE - 4, bytes, 8), 8);
    CHECK_MEMEQ(bytes, "abcdefgh", 8);
    CHECK_EQ(mm_peek(mm, base + 2 * PAGE_SIZE - 3, bytes, 8), 3);
    CHECK_EQ(mm_peek(mm, base + 2 * PAGE_SIZE, bytes, 8), -EFAULT);
    end();
}

TEST(locked_memory_is_backed_and_counted)
{
    u8 resident[4];
    s64 at;

    start();
    at = map_at(base, 4 * PAGE_SIZE, RW, MAP_FIXED | MAP_NORESERVE);
    CHECK_EQ(mm_residency(mm, (u64)at, resident, 4), 0);
    CHECK_EQ(resident[1], 0);
    CHECK_EQ(mm_lock_memory(mm, base + PAGE_SIZE + 5, 10, MM_LOCK), 0);
    CHECK_EQ(mm_residency(mm, (u64)at, resident, 4), 0);
    CHECK_EQ(resident[0], 0);
    CHECK_EQ(resident[1], 1);
    CHECK_EQ(mm->totals.locked, PAGE_SIZE);
    CHECK_EQ(mm_advise(mm, base, 4 * PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    CHECK_EQ(mm_sync(mm, base, 4 * PAGE_SIZE, MS_INVALIDATE | MS_SYNC), -EBUSY);
    CHECK_EQ(mm_lock_all(mm, MM_UNLOCK, false), 0);
    CHECK_EQ(mm->totals.locked, 0);
    CHECK_EQ(mm_lock_memory(mm, base, 5 * PAGE_SIZE, MM_LOCK), -ENOMEM);
    CHECK_EQ(mm_residency(mm, base + 3 * PAGE_SIZE, resident, 2), -ENOMEM);
    end();
}

/* Whatever fails for want of memory has changed nothing that is seen, and nothing is lost. */
static void allow_no_memory(s64 result)
{
    CHECK(result >= 0 || result == -ENOMEM);
    CHECK(result >= 0 || fault_injected());
    CHECK(mm_is_sound(mm));
    CHECK(arena_check());
}

TEST_TORTURE(every_operation_survives_a_failing_allocation)
{
    int code;
    s64 at;

    world_start(256 * MIB);
    base = world.bp.low.lo + 16 * PAGE_SIZE;
    mm = mm_new();
    if (!mm) {
        CHECK(fault_injected());
        world_check_nothing_left();
        return;
    }
    at = map_at(base, 32 * PAGE_SIZE, RW, MAP_FIXED);
    allow_no_memory(at);
    if (at < 0) {
        end();
        return;
    }
    allow_no_memory(mm_protect(mm, base + 4 * PAGE_SIZE, 8 * PAGE_SIZE, PROT_READ));
    allow_no_memory(map_at(base + 6 * PAGE_SIZE, 2 * PAGE_SIZE, RW, MAP_FIXED | MAP_NORESERVE));
    code = mm_unmap(mm, base + 9 * PAGE_SIZE, PAGE_SIZE);
    allow_no_memory(code);
    allow_no_memory(mm_advise(mm, base + 2 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED));
    allow_no_memory(mm_lock_memory(mm, base + PAGE_SIZE, PAGE_SIZE, MM_LOCK));
    allow_no_memory(
        mm_remap(mm, base + 20 * PAGE_SIZE, 4 * PAGE_SIZE, 40 * PAGE_SIZE, MREMAP_MAYMOVE, 0));
    allow_no_memory(mm_brk(mm, 0));
    allow_no_memory(mm_reserve(mm, 0, 64 * PAGE_SIZE, PAGE_SIZE));
    end();
}
