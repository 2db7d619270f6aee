/* SPDX-License-Identifier: MIT */
/* covers: membarrier */
/*
 * membarrier(2), and that the libc copes with rseq(2) whatever it answers.
 */
#include <sched.h>

#include "tests/sys/sys.h"

enum {
    QUERY = 0,
    PRIVATE_EXPEDITED = 8,
    REGISTER_PRIVATE_EXPEDITED = 16,
    PRIVATE_SYNC_CORE = 32,
    REGISTER_PRIVATE_SYNC_CORE = 64,
};

static long membarrier(int command, unsigned flags)
{
    return syscall(SYS_membarrier, command, flags, 0);
}

CHILD(unregistered)
{
    CHECK_ERR(membarrier(PRIVATE_EXPEDITED, 0), EPERM);
    CHECK_OK(membarrier(REGISTER_PRIVATE_EXPEDITED, 0));
    CHECK_OK(membarrier(PRIVATE_EXPEDITED, 0));
    return 0;
}

TEST(query_and_register)
{
    long known = membarrier(QUERY, 0);

    CHECK(known > 0);
    CHECK_EQ(known & (PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED),
             PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED);
    CHECK_EXIT(child_start("unregistered"), 0);
    CHECK_OK(membarrier(REGISTER_PRIVATE_EXPEDITED, 0));
    CHECK_OK(membarrier(PRIVATE_EXPEDITED, 0));
    if (known & PRIVATE_SYNC_CORE) {
        CHECK_OK(membarrier(REGISTER_PRIVATE_SYNC_CORE, 0));
        CHECK_OK(membarrier(PRIVATE_SYNC_CORE, 0));
    }
}

TEST(arguments)
{
    CHECK_ERR(membarrier(0x40000000, 0), EINVAL);
    CHECK_ERR(membarrier(QUERY, 77), EINVAL);
    CHECK_ERR(membarrier(3, 0), EINVAL);
}

static volatile int x, y, seen_x, seen_y;
static atomic_int round_number, done;
static atomic_bool stop;

static void *light_side(UNUSED void *arg)
{
    for (int mine = 0; !stop;) {
        if (round_number == mine)
            continue;
        mine = round_number;
        x = 1;
        __asm__ volatile("" ::: "memory");       /* only the compiler is held back          */
        seen_y = y;
        done = mine;
    }
    return NULL;
}

TEST(one_side_pays_for_the_barrier_of_both)
{
    CHECK_OK(membarrier(REGISTER_PRIVATE_EXPEDITED, 0));
    stop = false;
    round_number = done = 0;
    pthread_t t = thread_start(light_side, NULL);
    for (int i = 1; i <= 300; i++) {
        x = y = 0;
        round_number = i;
        y = 1;
        CHECK_OK(membarrier(PRIVATE_EXPEDITED, 0));
        seen_x = x;
        while (done != i)
            sched_yield();
        CHECK(seen_x || seen_y);
    }
    stop = true;
    thread_join(t);
}

TEST(the_libc_knows_the_processor_with_or_without_rseq)
{
    for (int i = 0; i < 1000; i++) {
        int cpu = sched_getcpu();
        CHECK(cpu >= 0 && cpu < sysconf(_SC_NPROCESSORS_CONF));
    }
}
