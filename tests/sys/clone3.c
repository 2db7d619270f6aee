/* SPDX-License-Identifier: MIT */
/* covers: clone3 */
/*
 * clone3(2): the same as clone(2) by a struct that can grow.
 */
#include "tests/sys/clone_fixture.h"

static int store_tid(void *arg)
{
    *(long *)arg = RAW0(SYS_gettid);
    return 5;
}

TEST(thread)
{
    long seen = 0;
    int parent_tid = 0, child_tid = 1;
    struct clone_args_ args = {
        .flags = RAW_THREAD,
        .parent_tid = (uintptr_t)&parent_tid,
        .child_tid = (uintptr_t)&child_tid,
    };

    long tid = raw_clone3(&args, sizeof(args), store_tid, &seen);
    CHECK(tid > 0);
    CHECK_EQ(parent_tid, tid);
    raw_join(&child_tid);
    CHECK_EQ(seen, tid);
}

TEST(process_that_shares_memory_with_pidfd)
{
    long seen = 0;
    int pidfd = -1, status = 0;
    struct clone_args_ args = {
        .flags = CLONE_VM | CLONE_VFORK | RAW_PIDFD,
        .exit_signal = SIGCHLD,
        .pidfd = (uintptr_t)&pidfd,
    };

    long pid = raw_clone3(&args, sizeof(args), store_tid, &seen);
    CHECK(pid > 0);
    CHECK_EQ(seen, pid);
    CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
}

TEST(first_version_of_the_struct_is_enough)
{
    long seen = 0;
    int status = 0;
    struct clone_args_ args = { .flags = CLONE_VM, .exit_signal = SIGCHLD };

    long pid = raw_clone3(&args, 64, store_tid, &seen);
    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
}

TEST(struct_size_is_checked)
{
    struct {
        struct clone_args_ args;
        uint64_t more[8];
    } large = { .args = { .flags = CLONE_VM, .exit_signal = SIGCHLD } };
    long seen = 0;
    int status;

    CHECK_EQ(raw_clone3(&large.args, 63, store_tid, &seen), -EINVAL);
    CHECK_EQ(raw_clone3(&large.args, 0, store_tid, &seen), -EINVAL);
    CHECK_EQ(raw_clone3(&large.args, 2 * PAGE, store_tid, &seen), -E2BIG);
    large.more[7] = 1;
    CHECK_EQ(raw_clone3(&large.args, sizeof(large), store_tid, &seen), -E2BIG);
    large.more[7] = 0;
    long pid = raw_clone3(&large.args, sizeof(large), store_tid, &seen);
    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK_EQ(RAW2(SYS_clone3, BAD_POINTER, 88), -EFAULT);
}

static long try(struct clone_args_ args)
{
    long seen;

    return raw_clone3(&args, sizeof(args), store_tid, &seen);
}

TEST(arguments_are_checked)
{
    char stack[256];

    CHECK_EQ(try((struct clone_args_){ .flags = CLONE_VM, .exit_signal = 65 }), -EINVAL);
    CHECK_EQ(try((struct clone_args_){ .flags = CLONE_VM | 1ULL << 40 }), -EINVAL);
    CHECK_EQ(try((struct clone_args_){ .flags = CLONE_VM | 0xff }), -EINVAL);
    CHECK_EQ(try((struct clone_args_){ .flags = RAW_THREAD, .exit_signal = SIGCHLD }), -EINVAL);
    CHECK_EQ(try((struct clone_args_){ .flags = CLONE_VM, .stack_size = 256 }), -EINVAL);
    struct clone_args_ no_size = { .flags = CLONE_VM, .stack = (uintptr_t)stack };
    CHECK_EQ(RAW2(SYS_clone3, &no_size, sizeof(no_size)), -EINVAL);
    CHECK_EQ(try((struct clone_args_){ .flags = CLONE_VM | CLONE_DETACHED }), -EINVAL);
}

static void nothing(UNUSED int signal)
{
}

static int handler_is_default(UNUSED void *arg)
{
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action;

    if (RAW4(SYS_rt_sigaction, SIGUSR1, 0, &action, 8) != 0)
        return 1;
    return action.handler == SIG_DFL ? 10 : 11;
}

TEST(clear_sighand_resets_handlers_in_the_child)
{
    struct clone_args_ args = { .flags = CLONE_VM | 1ULL << 32, .exit_signal = SIGCHLD };
    int status;

    signal_handle(SIGUSR1, nothing, 0);
    long pid = raw_clone3(&args, sizeof(args), handler_is_default, NULL);
    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 10);
    args = (struct clone_args_){ .flags = CLONE_VM, .exit_signal = SIGCHLD };
    pid = raw_clone3(&args, sizeof(args), handler_is_default, NULL);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 11);           /* without the flag they are copied        */
}
