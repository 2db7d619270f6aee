/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/proc/sysv_sem.h"
#include "kernel/proc/test_world.h"
#include "targets/sim/machine.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

enum { SEMS = 3 };

static u64 table_blocks;                         /* the table of sets stays                 */

static int start(void)
{
    u64 before;
    int id;

    proc_world_start();
    world_run(world_process(NULL)->leader);
    before = machine.blocks;
    machine.quiet = true;
    id = sem_get(IPC_PRIVATE, SEMS, 0600);
    machine.quiet = false;
    CHECK(id >= 0);
    table_blocks = machine.blocks - before - 1;
    return id;
}

static void stop(int id)
{
    CHECK_EQ(sem_remove(id), 0);
    sem_undo_exit(thread_self()->proc);
    machine.blocks -= table_blocks;
    proc_world_stop();
}

static int run(int id, u16 number, s16 op, s16 flags)
{
    struct sembuf b = { number, op, flags };

    return sem_operate(id, &b, 1, NO_DEADLINE);
}

TEST(sem_operations_happen_all_or_not_at_all)
{
    int id = start();
    struct sembuf ops[] = { { 0, 2, 0 }, { 1, 1, 0 }, { 0, -1, 0 }, { 2, -1, IPC_NOWAIT } };

    CHECK_EQ(sem_operate(id, ops, 4, NO_DEADLINE), -EAGAIN);
    for (int i = 0; i < SEMS; i++)
        CHECK_EQ(sem_look(id, i, GETVAL), 0);
    CHECK_EQ(sem_operate(id, ops, 3, NO_DEADLINE), 0);
    CHECK_EQ(sem_look(id, 0, GETVAL), 1);
    CHECK_EQ(sem_look(id, 1, GETVAL), 1);
    CHECK_EQ(sem_look(id, 0, GETPID), thread_self()->proc->pid);
    stop(id);
}

TEST(sem_values_have_a_limit)
{
    int id = start();

    CHECK_EQ(sem_set_value(id, 0, SEM_VALUE_MAX), 0);
    CHECK_EQ(run(id, 0, 1, 0), -ERANGE);
    CHECK_EQ(sem_set_value(id, 0, SEM_VALUE_MAX + 1), -ERANGE);
    CHECK_EQ(sem_set_value(id, SEMS, 0), -EINVAL);
    CHECK_EQ(run(id, SEMS, 1, 0), -EFBIG);
    CHECK_EQ(run(id + 1, 0, 1, 0), -EINVAL);
    stop(id);
}

static int sem_to_post;

static int post_meanwhile(enum park_how how, u64 deadline_ns)
{
    (void)how;
    (void)deadline_ns;
    CHECK_EQ(sem_look(sem_to_post, 0, GETNCNT), 1);
    CHECK_EQ(sem_set_value(sem_to_post, 0, 5), 0);
    return 0;
}

TEST(sem_waiters_go_on_when_the_value_suffices)
{
    int id = start();

    sem_to_post = id;
    proc_world.on_park = post_meanwhile;
    CHECK_EQ(run(id, 0, -4, 0), 0);
    CHECK_EQ(sem_look(id, 0, GETVAL), 1);
    CHECK_EQ(sem_look(id, 0, GETNCNT), 0);
    proc_world.on_park = NULL;
    CHECK_EQ(run(id, 1, -1, 0), -EINTR);
    CHECK_EQ(sem_look(id, 1, GETNCNT), 0);
    stop(id);
}

TEST_TORTURE(sem_undo_gives_back_what_a_process_has_taken)
{
    int id = start();
    int err;

    CHECK_EQ(sem_set_value(id, 0, 5), 0);
    err = run(id, 0, -3, SEM_UNDO);
    if (fault_injected()) {
        CHECK_EQ(err, -ENOMEM);
        CHECK_EQ(sem_look(id, 0, GETVAL), 5);
        stop(id);
        return;
    }
    CHECK_EQ(err, 0);
    CHECK_EQ(run(id, 1, 2, SEM_UNDO), 0);
    CHECK_EQ(sem_set_value(id, 1, 7), 0);        /* forgets what was to be undone           */
    sem_undo_exit(thread_self()->proc);
    CHECK_EQ(sem_look(id, 0, GETVAL), 5);
    CHECK_EQ(sem_look(id, 1, GETVAL), 7);
    stop(id);
}

TEST(sem_ids_do_not_come_back_soon)
{
    int id = start();
    struct semid64_ds ds;

    CHECK_EQ(sem_stat(id, IPC_STAT, &ds), 0);
    CHECK_EQ(ds.sem_nsems, SEMS);
    CHECK_EQ(sem_remove(id), 0);
    CHECK_EQ(sem_stat(id, IPC_STAT, &ds), -EINVAL);
    machine.quiet = true;
    int next = sem_get(IPC_PRIVATE, SEMS, 0600);
    machine.quiet = false;
    CHECK(next >= 0);
    CHECK(next != id);
    stop(next);
}
