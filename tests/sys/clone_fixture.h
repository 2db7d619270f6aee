/* SPDX-License-Identifier: MIT */
/*
 * Threads and processes by clone(2) and clone3(2) without the libc.  What runs in them has no
 * thread-local storage of its own: it calls raw_syscall() and nothing else.
 */
#ifndef TESTS_SYS_CLONE_FIXTURE_H
#define TESTS_SYS_CLONE_FIXTURE_H

#include <sched.h>

#include "tests/sys/sys.h"

enum { RAW_STACK = 64 * 1024, RAW_PIDFD = 0x1000 };

struct clone_args_ {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

/* A stack for one clone; they are never given back. */
UNUSED static char *raw_stack(void)
{
    char *stack = aligned_alloc(64, RAW_STACK);

    CHECK(stack);
    return stack;
}

/* What a child executes after the system call: run(arg), then exit with its result.  The two
 * words lie on top of the new stack. */
#define RAW_CHILD                                                                                  \
    "test %%rax, %%rax\n\t"                                                                        \
    "jnz 1f\n\t"                                                                                   \
    "xor %%ebp, %%ebp\n\t"                                                                         \
    "pop %%rax\n\t"                                                                                \
    "pop %%rdi\n\t"                                                                                \
    "call *%%rax\n\t"                                                                              \
    "mov %%eax, %%edi\n\t"                                                                         \
    "mov $60, %%eax\n\t"                                                                           \
    "syscall\n\t"                                                                                  \
    "hlt\n"                                                                                        \
    "1:"

UNUSED static void **raw_frame(char *stack, int (*run)(void *), void *arg)
{
    void **top = (void **)(stack + RAW_STACK);

    *--top = arg;
    *--top = (void *)(uintptr_t)run;
    return top;
}

/* The child's id, or -errno. */
UNUSED static long raw_clone(unsigned long flags, int *parent_tid, int *child_tid,
                             unsigned long tls, int (*run)(void *), void *arg)
{
    void **frame = raw_frame(raw_stack(), run, arg); /* before the registers are taken      */
    register long r10 __asm__("r10") = (long)child_tid;
    register long r8 __asm__("r8") = (long)tls;
    long ret;

    __asm__ volatile("syscall\n\t" RAW_CHILD
                     : "=a"(ret)
                     : "a"((long)SYS_clone), "D"(flags), "S"(frame), "d"(parent_tid), "r"(r10),
                       "r"(r8)
                     : "rcx", "r11", "memory");
    return ret;
}

/* The same by clone3; fills in stack and stack_size unless stack_size is already set. */
UNUSED static long raw_clone3(struct clone_args_ *args, size_t size, int (*run)(void *), void *arg)
{
    long ret;

    if (!args->stack_size) {
        char *stack = raw_stack();
        args->stack = (uintptr_t)stack;
        args->stack_size = (uintptr_t)raw_frame(stack, run, arg) - (uintptr_t)stack;
    }
    __asm__ volatile("syscall\n\t" RAW_CHILD
                     : "=a"(ret)
                     : "a"((long)SYS_clone3), "D"(args), "S"(size)
                     : "rcx", "r11", "memory");
    return ret;
}

/* Sleep until *tid, which CLONE_CHILD_CLEARTID zeroes, is zero. */
UNUSED static void raw_join(int *tid)
{
    int now;

    while ((now = __atomic_load_n(tid, __ATOMIC_SEQ_CST)) != 0)
        raw_syscall(SYS_futex, (long)tid, 0 /* FUTEX_WAIT */, now, 0, 0, 0);
}

enum {
    RAW_THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
};

#endif
