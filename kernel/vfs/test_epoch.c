/* SPDX-License-Identifier: MIT */
#include "kernel/core/thread.h"
#include "kernel/vfs/epoch.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct thread walker = { .slot = 7 };     /* another thread, which walks             */
static u32 freed;

static void count_free(struct retired *r)
{
    (void)r;
    freed++;
}

static void as_walker(void (*what)(void))
{
    machine.self = &walker;
    what();
    machine.self = NULL;
}

TEST(epoch_frees_what_nobody_can_see)
{
    struct retired a, b;

    machine_start();
    freed = 0;
    epoch_retire(&a, count_free);
    epoch_retire(&b, count_free);
    CHECK_EQ(freed, 0);
    epoch_drain();
    CHECK_EQ(freed, 2);
    machine_stop();
}

TEST(epoch_waits_for_walks_that_began_before)
{
    struct retired a, b;

    machine_start();
    freed = 0;
    as_walker(epoch_enter);
    epoch_retire(&a, count_free);
    for (int i = 0; i < 10; i++)
        epoch_drain();
    CHECK_EQ(freed, 0);
    epoch_retire(&b, count_free);
    as_walker(epoch_leave);
    epoch_drain();
    epoch_drain();
    CHECK_EQ(freed, 2);
    machine_stop();
}

TEST(epoch_does_not_wait_for_walks_that_begin_later)
{
    struct retired a;

    machine_start();
    freed = 0;
    epoch_retire(&a, count_free);
    epoch_drain();
    as_walker(epoch_enter);
    epoch_drain();
    CHECK_EQ(freed, 1);
    as_walker(epoch_leave);
    machine_stop();
}

TEST(epoch_reclaims_in_batches)
{
    struct retired many[100];

    machine_start();
    freed = 0;
    for (u32 i = 0; i < 31; i++)
        epoch_retire(&many[i], count_free);
    epoch_reclaim();
    CHECK_EQ(freed, 0);
    epoch_retire(&many[31], count_free);
    epoch_reclaim();
    CHECK_EQ(freed, 32);
    machine_stop();
}
