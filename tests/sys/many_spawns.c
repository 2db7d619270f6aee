/* SPDX-License-Identifier: MIT */
/* covers: vfork clone execve wait4 */
/* memory: 512m */
/*
 * Stress: a thousand programs in a row, and many at once.
 */
#include "tests/sys/sys.h"

CHILD(exit_with)
{
    return atoi(argv[0]);
}

TEST(a_thousand_in_a_row)
{
    for (int i = 0; i < 1000; i++)
        CHECK_EXIT(child_start("exit_with", number(i % 100)), i % 100);
}

CHILD(wait_for_end_of_file)
{
    char c;

    return read(atoi(argv[0]), &c, 1) == 0 ? 0 : 1;
}

TEST(fifty_at_once)
{
    int p[2];
    pid_t pid[50];

    CHECK_OK(pipe(p));
    CHECK_OK(fcntl(p[1], F_SETFD, FD_CLOEXEC));
    for (int i = 0; i < 50; i++)
        pid[i] = child_start("wait_for_end_of_file", number(p[0]));
    CHECK_OK(close(p[1]));
    for (int i = 0; i < 50; i++)
        CHECK_EXIT(pid[i], 0);
}

/* A chain: each starts the next. */
CHILD(chain)
{
    int left = atoi(argv[0]);

    if (left > 0)
        CHECK_EXIT(child_start("chain", number(left - 1)), 0);
    return 0;
}

TEST(a_chain_of_thirty)
{
    CHECK_EXIT(child_start("chain", "30"), 0);
}
