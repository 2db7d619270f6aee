/* SPDX-License-Identifier: MIT */
/* covers: fork clone clone3 */
/*
 * Processes that would need a copied address space are refused, in every spelling, and cleanly.
 */
#include "tests/sys/clone_fixture.h"

static bool refused(long result)
{
    return result == -ENOSYS || result == -ENOTSUP;
}

TEST(fork_is_refused)
{
    CHECK(refused(RAW0(SYS_fork)));
    CHECK_EQ(fork(), -1);
    CHECK(errno == ENOSYS || errno == ENOTSUP);
}

static int exit_now(UNUSED void *arg)
{
    return 0;
}

TEST(clone_without_shared_memory_is_refused)
{
    struct clone_args_ args = { .exit_signal = SIGCHLD };

    CHECK(refused(raw_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0)));
    CHECK(refused(raw_clone(SIGCHLD, NULL, NULL, 0, exit_now, NULL)));
    CHECK(refused(raw_clone(SIGCHLD | CLONE_FILES | CLONE_FS, NULL, NULL, 0, exit_now, NULL)));
    CHECK(refused(RAW2(SYS_clone3, &args, sizeof(args))));
}

CHILD(is_alive)
{
    return 0;
}

TEST(nothing_is_left_behind)
{
    for (int i = 0; i < 100; i++)
        CHECK(refused(RAW0(SYS_fork)));
    CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
    CHECK_EXIT(child_start("is_alive"), 0);
}
