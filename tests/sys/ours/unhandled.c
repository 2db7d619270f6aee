/* SPDX-License-Identifier: MIT */
/* covers: wait4 */
/*
 * A call without a handler ends its process as if by SIGSYS, and nobody else.  The runs of these
 * programs leave UnhandledSyscallEnosys at its default.
 */
#include "tests/sys/sys.h"

static volatile sig_atomic_t caught;

static void on_signal(UNUSED int signal)
{
    caught = 1;
}

CHILD(call)
{
    /* Not even a handler or a mask helps. */
    signal_handle(SIGSYS, on_signal, 0);
    if (argc > 1)
        signal_block(SIGSYS);
    syscall(atol(argv[0]), 0, 0, 0, 0, 0, 0);
    return caught ? 2 : 1;
}

TEST(calls_without_a_handler_end_the_process)
{
    static const short numbers[] = {
        101,                                     /* ptrace                                  */
        139,                                     /* sysfs                                   */
        153,                                     /* vhangup                                 */
        154,                                     /* modify_ldt                              */
        155,                                     /* pivot_root                              */
        163,                                     /* acct                                    */
        169,                                     /* reboot                                  */
        172,                                     /* iopl                                    */
        272,                                     /* unshare                                 */
        308,                                     /* setns                                   */
    };

    for (size_t i = 0; i < COUNT(numbers); i++)
        CHECK_KILLED(child_start("call", number(numbers[i])), SIGSYS);
    CHECK_KILLED(child_start("call", number(101), "blocked"), SIGSYS);
}

TEST(unnamed_numbers_too)
{
    CHECK_KILLED(child_start("call", "400"), SIGSYS);
    CHECK_KILLED(child_start("call", "5000"), SIGSYS);
    CHECK_KILLED(child_start("call", "2147483647"), SIGSYS);
}
