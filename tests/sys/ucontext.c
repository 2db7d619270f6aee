/* SPDX-License-Identifier: MIT */
/* covers: rt_sigreturn rt_sigaction */
/*
 * The machine state in a signal frame: complete on entry, honoured on return.
 */
#include <ucontext.h>

#include "tests/sys/sys.h"

static volatile sig_atomic_t count;
static greg_t seen[23];

static void copy_registers(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

    memcpy(seen, regs, sizeof(seen));
    regs[REG_RIP] += 2;                          /* over ud2                                */
    count++;
}

TEST(frame_shows_every_register)
{
    long rsp = 0;

    signal_handle_info(SIGILL, copy_registers, 0);
    __asm__ volatile("mov %%rsp, %0\n\t"
                     "mov $0x1001, %%rax; mov $0x1002, %%rbx; mov $0x1003, %%rcx\n\t"
                     "mov $0x1004, %%rdx; mov $0x1005, %%rsi; mov $0x1006, %%rdi\n\t"
                     "mov $0x1008, %%r8;  mov $0x1009, %%r9;  mov $0x100a, %%r10\n\t"
                     "mov $0x100b, %%r11; mov $0x100c, %%r12; mov $0x100d, %%r13\n\t"
                     "mov $0x100e, %%r14; mov $0x100f, %%r15\n\t"
                     "stc\n\t"
                     "ud2"
                     : "=m"(rsp)
                     :
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
                       "r13", "r14", "r15", "cc", "memory");
    static const int order[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI,
                                 REG_RDI, 0,       REG_R8,  REG_R9,  REG_R10,
                                 REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    for (int i = 0; i < 15; i++)
        if (i != 6)
            CHECK_EQ(seen[order[i]], 0x1001 + i);
    CHECK_EQ(seen[REG_RSP], rsp);
    CHECK_EQ(seen[REG_EFL] & 1, 1);
    CHECK_EQ(seen[REG_CSGSFS] & 0xffff, 0x33);
}

static void set_registers(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

    regs[REG_RIP] += 2;
    regs[REG_RAX] = 0x2001;
    regs[REG_RBX] = 0x2002;
    regs[REG_RCX] = 0x2003;
    regs[REG_R11] = 0x200b;
    regs[REG_R15] = 0x200f;
    regs[REG_EFL] |= 1;
}

TEST(registers_set_in_the_frame_are_loaded)
{
    long rax, rbx, rcx, r11, r15;
    unsigned char carry;

    signal_handle_info(SIGILL, set_registers, 0);
    __asm__ volatile("clc; ud2\n\t"
                     "setc %5; mov %%r11, %3; mov %%r15, %4"
                     : "=a"(rax), "=b"(rbx), "=c"(rcx), "=&r"(r11), "=&r"(r15), "=&q"(carry)
                     :
                     : "r11", "r15", "cc", "memory");
    CHECK_EQ(rax, 0x2001);
    CHECK_EQ(rbx, 0x2002);
    CHECK_EQ(rcx, 0x2003);                       /* a return through sysret would lose these two */
    CHECK_EQ(r11, 0x200b);
    CHECK_EQ(r15, 0x200f);
    CHECK_EQ(carry, 1);
}

static void preserve(UNUSED int signal)
{
    count++;
}

TEST(registers_survive_a_handler_between_any_two_instructions)
{
    struct itimerval fast = { .it_value = { .tv_usec = 500 }, .it_interval = { .tv_usec = 500 } };
    long bad = 0;

    count = 0;
    signal_handle(SIGALRM, preserve, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
    while (count < 50 && !bad)
        __asm__ volatile("mov $100000, %%rcx\n\t"
                         "mov $0x1002, %%rbx; mov $0x1004, %%rdx; mov $0x1005, %%rsi\n\t"
                         "mov $0x1006, %%rdi; mov $0x1008, %%r8;  mov $0x1009, %%r9\n\t"
                         "mov $0x100a, %%r10; mov $0x100b, %%r11\n\t"
                         "0: dec %%rcx; jnz 0b\n\t"
                         "xor $0x1002, %%rbx; xor $0x1004, %%rdx; xor $0x1005, %%rsi\n\t"
                         "xor $0x1006, %%rdi; xor $0x1008, %%r8;  xor $0x1009, %%r9\n\t"
                         "xor $0x100a, %%r10; xor $0x100b, %%r11\n\t"
                         "or %%rdx, %%rbx; or %%rsi, %%rbx; or %%rdi, %%rbx; or %%r8, %%rbx\n\t"
                         "or %%r9, %%rbx; or %%r10, %%rbx; or %%r11, %%rbx; or %%rcx, %%rbx\n\t"
                         "mov %%rbx, %0"
                         : "=m"(bad)
                         :
                         : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
    CHECK_EQ(bad, 0);
}

static volatile int flag_inside;

static void look_at_direction(UNUSED int signal, UNUSED siginfo_t *info, UNUSED void *context)
{
    unsigned long flags;

    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    flag_inside = (flags & 0x400) != 0;
    count++;
}

TEST(direction_flag_is_clear_in_the_handler_and_restored)
{
    unsigned long after;

    signal_handle_info(SIGTRAP, look_at_direction, 0);
    flag_inside = -1;
    __asm__ volatile("std; int3; pushfq; pop %0; cld" : "=r"(after) : : "cc", "memory");
    CHECK_EQ(flag_inside, 0);
    CHECK_EQ(after & 0x400, 0x400);
}

static void move_stack(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

    regs[REG_RIP] += 2;
    regs[REG_RSP] -= 64;
}

TEST(stack_pointer_can_be_moved)
{
    long before, after;

    signal_handle_info(SIGILL, move_stack, 0);
    __asm__ volatile("lea -256(%%rsp), %%rsp\n\t"
                     "mov %%rsp, %0; ud2; mov %%rsp, %1; lea 320(%%rsp), %%rsp"
                     : "=&r"(before), "=&r"(after)
                     :
                     : "memory", "cc");
    CHECK_EQ(after, before - 64);
}

static void red_zone(UNUSED int signal)
{
    volatile char scratch[4096];

    memset((void *)scratch, 0xff, sizeof(scratch));
    count++;
}

TEST(red_zone_below_the_stack_pointer_is_spared)
{
    struct itimerval fast = { .it_value = { .tv_usec = 500 }, .it_interval = { .tv_usec = 500 } };
    long bad = 0;

    count = 0;
    signal_handle(SIGALRM, red_zone, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
    while (count < 30 && !bad)
        __asm__ volatile("movq $0x5a5a, -8(%%rsp); movq $0xa5a5, -128(%%rsp)\n\t"
                         "mov $50000, %%rcx\n\t"
                         "0: dec %%rcx; jnz 0b\n\t"
                         "mov -8(%%rsp), %%rax; xor $0x5a5a, %%rax\n\t"
                         "mov -128(%%rsp), %%rdx; xor $0xa5a5, %%rdx\n\t"
                         "or %%rdx, %%rax; mov %%rax, %0"
                         : "=r"(bad)
                         :
                         : "rax", "rcx", "rdx", "cc", "memory");
    CHECK_EQ(bad, 0);
}

static ucontext_t *context_of_handler;

static void jump_by_context(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    context_of_handler = context;
    count++;
}

TEST(frame_lies_on_the_interrupted_stack_below_the_red_zone)
{
    char here;

    signal_handle_info(SIGUSR1, jump_by_context, 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK((char *)context_of_handler < &here);
    CHECK((char *)context_of_handler > &here - 65536);
    CHECK_EQ(context_of_handler->uc_mcontext.gregs[REG_RSP] -
                     (greg_t)(uintptr_t)context_of_handler >
                 128,
             1);
}
