/* SPDX-License-Identifier: MIT */
/* covers: rt_sigaction rt_sigreturn */
/*
 * Processor exceptions as signals: code, address, machine state, and what kills.
 */
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/sys/sys.h"

static sigjmp_buf jump;
static siginfo_t fault;
static greg_t fault_trap, fault_error, fault_cr2, fault_ip;

static void on_fault(UNUSED int signal, siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

    fault = *info;
    fault_trap = regs[REG_TRAPNO];
    fault_error = regs[REG_ERR];
    fault_cr2 = regs[REG_CR2];
    fault_ip = regs[REG_RIP];
    siglongjmp(jump, 1);
}

/* Runs code that must end in the signal; what came is in fault. */
#define CHECK_FAULT(signal, code, ...)                                                             \
    do {                                                                                           \
        signal_handle_info(signal, on_fault, 0);                                                   \
        memset(&fault, 0, sizeof(fault));                                                          \
        if (sigsetjmp(jump, 1) == 0) {                                                             \
            __VA_ARGS__;                                                                           \
        }                                                                                          \
        CHECK_EQ(fault.si_signo, signal);                                                          \
        CHECK_EQ(fault.si_code, code);                                                             \
    } while (0)

enum {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_BREAKPOINT = 3,
    TRAP_OPCODE = 6,
    TRAP_GP = 13,
    TRAP_PAGE = 14
};

TEST(null_pointer_read_and_write)
{
    CHECK_FAULT(SIGSEGV, SEGV_MAPERR, *(volatile int *)BAD_POINTER);
    CHECK(fault.si_addr == BAD_POINTER);
    CHECK_EQ(fault_trap, TRAP_PAGE);
    CHECK_EQ(fault_cr2, 8);
    CHECK_EQ(fault_error & 6, 4);                /* user, read                              */
    CHECK_FAULT(SIGSEGV, SEGV_MAPERR, *(volatile int *)BAD_POINTER = 1);
    CHECK_EQ(fault_error & 6, 6);                /* user, write                             */
}

TEST(write_to_read_only_memory)
{
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_FAULT(SIGSEGV, SEGV_ACCERR, *(volatile char *)(p + 123) = 1);
    CHECK(fault.si_addr == p + 123);
}

TEST(write_to_code)
{
    CHECK_FAULT(SIGSEGV, SEGV_ACCERR, *(volatile char *)(uintptr_t)&on_fault = 1);
}

TEST(jump_to_nowhere)
{
    CHECK_FAULT(SIGSEGV, SEGV_MAPERR, ((void (*)(void))0x1234)());
    CHECK_EQ((uintptr_t)fault.si_addr, 0x1234);
    CHECK_EQ(fault_ip, 0x1234);
}

TEST(non_canonical_address_has_no_address)
{
    CHECK_FAULT(SIGSEGV, SI_KERNEL, *(volatile char *)0x8000000000000000);
    CHECK_EQ((uintptr_t)fault.si_addr, 0);
    CHECK_EQ(fault_trap, TRAP_GP);
}

TEST(kernel_address_is_maperr)
{
    CHECK_FAULT(SIGSEGV, SEGV_MAPERR, *(volatile char *)0xffff888000000000);
    CHECK_EQ((uintptr_t)fault.si_addr, 0xffff888000000000);
}

TEST(privileged_instruction)
{
    CHECK_FAULT(SIGSEGV, SI_KERNEL, __asm__ volatile("hlt"));
    CHECK_FAULT(SIGSEGV, SI_KERNEL, __asm__ volatile("cli"));
    CHECK_FAULT(SIGSEGV, SI_KERNEL, __asm__ volatile("outb %al, $0x80"));
}

TEST(undefined_instruction)
{
    void *at;

    CHECK_FAULT(SIGILL, ILL_ILLOPN,
                __asm__ volatile("lea 0f(%%rip), %0; mov %0, (%1); 0: ud2" ::"r"(0L), "r"(&at)
                                 : "memory"));
    CHECK(fault.si_addr == at);
    CHECK_EQ(fault_ip, (uintptr_t)at);
    CHECK_EQ(fault_trap, TRAP_OPCODE);
}

/* The compiler knows ways around a division in C. */
static void divide(int dividend, int divisor)
{
    __asm__ volatile("cltd; idivl %1" : "+a"(dividend) : "r"(divisor) : "rdx", "cc");
}

TEST(integer_division)
{
    CHECK_FAULT(SIGFPE, FPE_INTDIV, divide(1, 0));
    CHECK_EQ(fault_trap, TRAP_DIVIDE);
    CHECK_EQ((uintptr_t)fault.si_addr, (uintptr_t)fault_ip);
    /* The quotient does not fit: the same exception. */
    CHECK_FAULT(SIGFPE, FPE_INTDIV, divide(INT_MIN, -1));
}

static void set_mxcsr(unsigned value)
{
    __asm__ volatile("ldmxcsr %0" ::"m"(value));
}

static volatile double dzero, done = 1.0, dmax = 1e308;

TEST(sse_exceptions)
{
    volatile double r;

    set_mxcsr(0x1f80 & ~0x200);                  /* divide by zero unmasked                 */
    CHECK_FAULT(SIGFPE, FPE_FLTDIV, r = done / dzero);
    set_mxcsr(0x1f80 & ~0x80);                   /* invalid                                 */
    CHECK_FAULT(SIGFPE, FPE_FLTINV, r = dzero / dzero);
    set_mxcsr(0x1f80 & ~0x400);                  /* overflow                                */
    CHECK_FAULT(SIGFPE, FPE_FLTOVF, r = dmax * dmax);
    set_mxcsr(0x1f80 & ~0x1000);                 /* inexact                                 */
    CHECK_FAULT(SIGFPE, FPE_FLTRES, r = done / 3.0);
    set_mxcsr(0x1f80);
    (void)r;
}

TEST(x87_exceptions)
{
    unsigned short word = 0x37f & ~4;            /* divide by zero unmasked                 */

    CHECK_FAULT(SIGFPE, FPE_FLTDIV,
                __asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(word)));
    word = 0x37f & ~1;                           /* invalid                                 */
    CHECK_FAULT(SIGFPE, FPE_FLTINV,
                __asm__ volatile("fninit; fldcw %0; fldz; fldz; fdivrp; fwait" ::"m"(word)));
    __asm__ volatile("fninit");
}

TEST(breakpoint)
{
    void *after;

    CHECK_FAULT(SIGTRAP, SI_KERNEL,
                __asm__ volatile("lea 0f(%%rip), %%rax; mov %%rax, (%0); int3; 0:" ::"r"(&after)
                                 : "rax", "memory"));
    CHECK_EQ(fault_ip, (uintptr_t)after);
    CHECK_EQ(fault_trap, TRAP_BREAKPOINT);
}

static volatile sig_atomic_t steps;

static void on_step(UNUSED int signal, siginfo_t *info, void *context)
{
    fault = *info;
    steps++;
    if (steps == 5)
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
}

TEST(single_step)
{
    steps = 0;
    signal_handle_info(SIGTRAP, on_step, 0);
    __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
                     "nop; nop; nop; nop; nop; nop; nop" ::
                         : "cc", "memory");
    CHECK_EQ(steps, 5);
    CHECK_EQ(fault.si_code, TRAP_TRACE);
}

TEST(alignment_check)
{
    static char buf[16] __attribute__((aligned(8)));

    signal_handle_info(SIGBUS, on_fault, 0);
    fault.si_signo = 0;
    if (sigsetjmp(jump, 1) == 0)
        __asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq\n\t"
                         "movl 1(%0), %%eax\n\t"
                         "pushfq; andl $~0x40000, (%%rsp); popfq" ::"r"(buf)
                         : "rax", "cc", "memory");
    else                                         /* the flag is part of the jump's past, not of ours */
        __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" ::: "cc", "memory");
    CHECK_EQ(fault.si_signo, SIGBUS);
    CHECK_EQ(fault.si_code, BUS_ADRALN);
}

static void skip_two_bytes(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

TEST(handler_can_step_over_the_instruction)
{
    int after = 0;

    signal_handle_info(SIGILL, skip_two_bytes, 0);
    __asm__ volatile("ud2; movl $77, %0" : "=r"(after));
    CHECK_EQ(after, 77);
}

/* how: "blocked", "ignored" or "default"; which: the exception. */
CHILD(fault)
{
    if (strcmp(argv[0], "blocked") == 0)
        for (int s = 1; s < 32; s++)
            signal_block(s);
    if (strcmp(argv[0], "ignored") == 0) {
        signal(SIGSEGV, SIG_IGN);
        signal(SIGILL, SIG_IGN);
        signal(SIGFPE, SIG_IGN);
    }
    if (strcmp(argv[1], "segv") == 0)
        *(volatile int *)BAD_POINTER = 1;
    else if (strcmp(argv[1], "ill") == 0)
        __asm__ volatile("ud2");
    else
        divide(1, 0);
    return 0;
}

TEST(exceptions_kill_when_blocked_ignored_or_default)
{
    static const char *const how[] = { "blocked", "ignored", "default" };

    for (size_t i = 0; i < COUNT(how); i++) {
        CHECK_KILLED(child_start("fault", how[i], "segv"), SIGSEGV);
        CHECK_KILLED(child_start("fault", how[i], "ill"), SIGILL);
        CHECK_KILLED(child_start("fault", how[i], "fpe"), SIGFPE);
    }
}

static void fault_again(UNUSED int signal)
{
    *(volatile int *)BAD_POINTER = 1;
}

CHILD(fault_in_handler)
{
    signal_handle(SIGSEGV, fault_again, 0);
    *(volatile int *)BAD_POINTER = 1;
    return 0;
}

TEST(second_fault_in_the_handler_kills)
{
    CHECK_KILLED(child_start("fault_in_handler"), SIGSEGV);
}

CHILD(no_stack_for_the_frame)
{
    signal_handle(SIGSEGV, fault_again, 0);
    __asm__ volatile("mov $8, %rsp; push %rax");
    return 0;
}

TEST(broken_stack_pointer_kills)
{
    CHECK_KILLED(child_start("no_stack_for_the_frame"), SIGSEGV);
}

CHILD(sent_not_raised)
{
    signal(SIGSEGV, SIG_IGN);
    CHECK_OK(kill(getpid(), SIGSEGV));           /* sent by a process: can be ignored       */
    return 0;
}

TEST(sent_fault_signals_are_ordinary)
{
    CHECK_EXIT(child_start("sent_not_raised"), 0);
}

static __thread sigjmp_buf thread_jump;
static __thread volatile int thread_faults;

static void on_thread_fault(UNUSED int signal)
{
    thread_faults++;
    siglongjmp(thread_jump, 1);
}

static void *fault_often(UNUSED void *arg)
{
    for (volatile int i = 0; i < 500; i++)
        if (sigsetjmp(thread_jump, 1) == 0)
            *(volatile int *)BAD_POINTER = 1;
    return (void *)(long)thread_faults;
}

TEST(threads_fault_independently)
{
    pthread_t t[4];

    signal_handle(SIGSEGV, on_thread_fault, 0);
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(fault_often, NULL);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(thread_join(t[i]), 500);
}
