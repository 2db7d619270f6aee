/* SPDX-License-Identifier: MIT */
/* covers: sigaltstack */
/*
 * sigaltstack(2).
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

enum { SIZE = 128 * 1024, AUTODISARM = (int)(1U << 31) };

static char *stack;
static volatile bool on_stack;
static volatile int flags_inside, error_inside;

static void set_stack(int flags)
{
    stack_t s = { .ss_size = SIZE, .ss_flags = flags };

    if (!stack)
        stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    s.ss_sp = stack;
    CHECK_OK(syscall(SYS_sigaltstack, &s, NULL));
}

static void disable(void)
{
    stack_t s = { .ss_flags = SS_DISABLE };

    CHECK_OK(sigaltstack(&s, NULL));
}

static void look_around(UNUSED int signal)
{
    char here;
    stack_t s = { .ss_sp = stack, .ss_size = SIZE }, now = { 0 };

    on_stack = &here >= stack && &here < stack + SIZE;
    sigaltstack(NULL, &now);
    flags_inside = now.ss_flags;
    error_inside = sigaltstack(&s, NULL) == 0 ? 0 : errno;
}

TEST(onstack_handlers_run_there)
{
    set_stack(0);
    signal_handle(SIGUSR1, look_around, SA_ONSTACK);
    CHECK_OK(raise(SIGUSR1));
    CHECK(on_stack);
    CHECK_EQ(flags_inside, SS_ONSTACK);
    CHECK_EQ(error_inside, EPERM);               /* not while standing on it                */
    signal_handle(SIGUSR1, look_around, 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK(!on_stack);
    disable();
}

TEST(nested_handlers_go_on_where_they_are)
{
    set_stack(0);
    signal_handle(SIGUSR1, look_around, SA_ONSTACK | SA_NODEFER);
    for (int i = 0; i < 3; i++) {
        on_stack = false;
        CHECK_OK(raise(SIGUSR1));
        CHECK(on_stack);
    }
    disable();
}

TEST(setting_reports_the_old)
{
    stack_t old = { 0 };

    disable();
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    set_stack(0);
    CHECK_OK(sigaltstack(NULL, &old));
    CHECK(old.ss_sp == stack);
    CHECK_EQ(old.ss_size, SIZE);
    CHECK_EQ(old.ss_flags, 0);
    disable();
    signal_handle(SIGUSR1, look_around, SA_ONSTACK);
    CHECK_OK(raise(SIGUSR1));
    CHECK(!on_stack);                            /* none: the ordinary stack                */
    CHECK_EQ(error_inside, 0);
    disable();
}

TEST(arguments)
{
    stack_t s = { .ss_sp = BAD_POINTER, .ss_size = 1000 };

    CHECK_ERR(syscall(SYS_sigaltstack, &s, NULL), ENOMEM); /* too small                     */
    s.ss_size = SIZE;
    s.ss_flags = 0x1000;
    CHECK_ERR(syscall(SYS_sigaltstack, &s, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_sigaltstack, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_sigaltstack, NULL, BAD_POINTER), EFAULT);
}

static sigjmp_buf jump;
static siginfo_t fault;

static void on_overflow(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    char here;

    fault = *info;
    on_stack = &here >= stack && &here < stack + SIZE;
    siglongjmp(jump, 1);
}

__attribute__((noinline, optimize("O0"))) static int recurse(int n)
{
    volatile char frame[1000];

    frame[0] = (char)n;
    return n < 0 ? frame[0] : recurse(n + 1) + frame[0];
}

static void *overflow(UNUSED void *arg)
{
    volatile bool caught = false;

    set_stack(0);
    if (sigsetjmp(jump, 1) == 0)
        recurse(0);
    else
        caught = true;
    disable();
    return (void *)(long)caught;
}

TEST(stack_overflow_is_reported_on_it)
{
    pthread_attr_t attr;
    pthread_t t;

    signal_handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, 256 * 1024), 0);
    CHECK_EQ(pthread_create(&t, &attr, overflow, NULL), 0);
    CHECK(thread_join(t));
    CHECK(on_stack);
    CHECK_EQ(fault.si_signo, SIGSEGV);
    CHECK(fault.si_addr != NULL);
}

TEST(main_stack_overflow_too)
{
    signal_handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
    CHECK(overflow(NULL));
    CHECK(on_stack);
}

CHILD(overflows_without)
{
    return recurse(0);
}

TEST(overflow_without_it_kills)
{
    CHECK_KILLED(child_start("overflows_without"), SIGSEGV);
}

static void *report_stack(void *arg)
{
    CHECK_OK(sigaltstack(NULL, arg));
    return NULL;
}

CHILD(has_none)
{
    stack_t s;

    CHECK_OK(sigaltstack(NULL, &s));
    return s.ss_flags == SS_DISABLE ? 0 : 1;
}

TEST(threads_and_programs_start_without)
{
    stack_t s = { 0 };

    set_stack(0);
    thread_join(thread_start(report_stack, &s));
    CHECK_EQ(s.ss_flags, SS_DISABLE);
    CHECK_EXIT(child_start("has_none"), 0);
    disable();
}

static void look_only(UNUSED int signal)
{
    char here;
    stack_t now = { 0 };

    on_stack = &here >= stack && &here < stack + SIZE;
    sigaltstack(NULL, &now);
    flags_inside = now.ss_flags;
}

TEST(autodisarm_clears_it_for_the_handler)
{
    stack_t now = { 0 };

    set_stack(AUTODISARM);
    CHECK_OK(sigaltstack(NULL, &now));
    CHECK_EQ(now.ss_flags, AUTODISARM);
    signal_handle(SIGUSR1, look_only, SA_ONSTACK);
    CHECK_OK(raise(SIGUSR1));
    CHECK(on_stack);
    CHECK_EQ(flags_inside, SS_DISABLE);
    CHECK_OK(sigaltstack(NULL, &now));           /* sigreturn armed it again                */
    CHECK_EQ(now.ss_flags, AUTODISARM);
    disable();
}
