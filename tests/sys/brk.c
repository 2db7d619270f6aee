/* SPDX-License-Identifier: MIT */
/* covers: brk */
/*
 * brk(2), by its raw form: it answers the break, new or old.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static char *set_break(void *to)
{
    return (char *)syscall(SYS_brk, to);
}

TEST(asking_changes_nothing)
{
    char *now = set_break(NULL);

    CHECK(now);
    CHECK(set_break(NULL) == now);
    CHECK(set_break((void *)1) == now);          /* an impossible wish is answered the same way */
}

TEST(growing_gives_zeroed_memory_and_shrinking_takes_it)
{
    char *start = set_break(NULL);

    CHECK(set_break(start + 10 * PAGE) == start + 10 * PAGE);
    for (size_t i = 0; i < 10 * PAGE; i += 64)
        CHECK_EQ(start[i], 0);
    memset(start, 7, 10 * PAGE);
    CHECK(set_break(start) == start);
    CHECK(set_break(start + 10 * PAGE) == start + 10 * PAGE);
    char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
    CHECK_EQ(page[0], 0);                        /* whole pages come back clean             */
    CHECK_EQ(page[5 * PAGE], 0);
    CHECK(set_break(start) == start);
}

TEST(breaks_need_not_be_aligned)
{
    char *start = set_break(NULL);

    CHECK(set_break(start + 123) == start + 123);
    CHECK(set_break(NULL) == start + 123);
    start[122] = 1;
    CHECK(set_break(start) == start);
}

TEST(break_does_not_run_into_mappings)
{
    char *start = set_break(NULL);
    char *wall = (char *)(((uintptr_t)start + 64 * PAGE) & ~(PAGE - 1));

    char *p = mmap(wall, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(p == wall);
    CHECK(set_break(wall + 10 * PAGE) == start);
    CHECK(set_break(start + 10 * PAGE) == start + 10 * PAGE);
    CHECK(set_break(start) == start);
    CHECK_OK(munmap(wall, PAGE));
}

TEST(absurd_breaks_are_refused)
{
    char *start = set_break(NULL);

    CHECK(set_break((void *)-1L) == start);
    CHECK(set_break((void *)0x7fffffffffff) == start);
}

TEST(heap_can_be_protected_and_unmapped)
{
    char *start = set_break(NULL);
    char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));

    CHECK(set_break(page + 4 * PAGE) == page + 4 * PAGE);
    CHECK_OK(mprotect(page, PAGE, PROT_READ));
    CHECK_OK(mprotect(page, PAGE, PROT_READ | PROT_WRITE));
    page[0] = 1;
    CHECK(set_break(start) == start);
}

CHILD(report_break)
{
    char *start = set_break(NULL);

    CHECK(start);
    CHECK(set_break(start + PAGE) == start + PAGE);
    start[0] = 1;
    return 0;
}

TEST(each_process_has_its_own)
{
    char *start = set_break(NULL);

    CHECK_EXIT(child_start("report_break"), 0);
    CHECK(set_break(NULL) == start);
}
