/* SPDX-License-Identifier: MIT */
/* covers: getpid getppid read write */
/*
 * The syscall instruction in odd company: whatever stands around it, the kernel answers, and
 * nothing but rax, rcx and r11 changes.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

TEST(plain)
{
    long pid;

    __asm__ volatile("mov $39, %%eax; syscall" : "=a"(pid) : : "rcx", "r11", "memory");
    CHECK_EQ(pid, getpid());
}

TEST(other_registers_and_flags_survive)
{
    long bad, flags;

    __asm__ volatile("push %%rbp\n\t"
                     "mov $0x1001, %%rbx; mov $0x1002, %%rdx; mov $0x1003, %%rsi\n\t"
                     "mov $0x1004, %%rdi; mov $0x1005, %%rbp; mov $0x1006, %%r8\n\t"
                     "mov $0x1007, %%r9;  mov $0x1008, %%r10; mov $0x1009, %%r12\n\t"
                     "mov $0x100a, %%r13; mov $0x100b, %%r14; mov $0x100c, %%r15\n\t"
                     "mov $39, %%eax\n\t"
                     "std; stc\n\t"
                     "syscall\n\t"
                     "pushfq; pop %%rcx; cld\n\t"
                     "xor $0x1001, %%rbx; xor $0x1002, %%rdx; xor $0x1003, %%rsi\n\t"
                     "xor $0x1004, %%rdi; xor $0x1005, %%rbp; xor $0x1006, %%r8\n\t"
                     "xor $0x1007, %%r9;  xor $0x1008, %%r10; xor $0x1009, %%r12\n\t"
                     "xor $0x100a, %%r13; xor $0x100b, %%r14; xor $0x100c, %%r15\n\t"
                     "or %%rbx, %%rdx; or %%rsi, %%rdx; or %%rdi, %%rdx; or %%rbp, %%rdx\n\t"
                     "or %%r8, %%rdx; or %%r9, %%rdx; or %%r10, %%rdx; or %%r12, %%rdx\n\t"
                     "or %%r13, %%rdx; or %%r14, %%rdx; or %%r15, %%rdx\n\t"
                     "pop %%rbp"
                     : "=d"(bad), "=c"(flags)
                     :
                     : "rax", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "cc", "memory");
    CHECK_EQ(bad, 0);
    CHECK_EQ(flags & 0x401, 0x401);              /* direction and carry                     */
}

TEST(red_zone_survives)
{
    long bad;

    __asm__ volatile(
        "movq $0x5a5a, -8(%%rsp); movq $0x6b6b, -64(%%rsp); movq $0x7c7c, -128(%%rsp)\n\t"
        "mov $39, %%eax; syscall\n\t"
        "mov -8(%%rsp), %%rax; xor $0x5a5a, %%rax\n\t"
        "mov -64(%%rsp), %%rcx; xor $0x6b6b, %%rcx\n\t"
        "mov -128(%%rsp), %%rdx; xor $0x7c7c, %%rdx\n\t"
        "or %%rcx, %%rax; or %%rdx, %%rax"
        : "=a"(bad)
        :
        : "rcx", "rdx", "r11", "cc", "memory");
    CHECK_EQ(bad, 0);
}

TEST(without_a_usable_stack)
{
    long pid;

    for (int i = 0; i < 10; i++) {
        __asm__ volatile("mov %%rsp, %%r15\n\t"
                         "xor %%esp, %%esp\n\t"
                         "mov $39, %%eax; syscall\n\t"
                         "mov %%r15, %%rsp"
                         : "=a"(pid)
                         :
                         : "rcx", "r11", "r15", "memory");
        CHECK_EQ(pid, getpid());
        __asm__ volatile("mov %%rsp, %%r15\n\t"
                         "lea -13(%%rsp), %%rsp\n\t"
                         "mov $39, %%eax; syscall\n\t"
                         "mov %%r15, %%rsp"
                         : "=a"(pid)
                         :
                         : "rcx", "r11", "r15", "memory");
        CHECK_EQ(pid, getpid());
    }
}

__attribute__((noinline)) static long twice(long first, long second, long *ret_first)
{
    long result;

    __asm__ volatile("xor %%r14d, %%r14d\n\t"
                     "mov %2, %%rax\n\t"
                     "jmp 1f\n\t"
                     "0: mov %3, %%rax\n\t"
                     "1: syscall\n\t"
                     "test %%r14d, %%r14d\n\t"   /* reached from one place, by two ways     */
                     "jnz 2f\n\t"
                     "mov %%rax, (%1)\n\t"
                     "inc %%r14d\n\t"
                     "jmp 0b\n\t"
                     "2:"
                     : "=&a"(result)
                     : "r"(ret_first), "r"(first), "r"(second)
                     : "rcx", "r11", "r14", "cc", "memory");
    return result;
}

TEST(one_instruction_with_several_numbers)
{
    long first = 0;

    CHECK_EQ(twice(39, 110, &first), getppid());
    CHECK_EQ(first, getpid());
    CHECK_EQ(twice(110, 39, &first), getpid());
    CHECK_EQ(first, getppid());
}

TEST(several_in_a_row)
{
    long last;

    __asm__ volatile(
        "mov $110, %%eax; syscall; mov $39, %%eax; syscall; mov $110, %%eax; syscall\n\t"
        "mov $39, %%eax; syscall"
        : "=a"(last)
        :
        : "rcx", "r11", "memory");
    CHECK_EQ(last, getpid());
}

TEST(followed_by_short_instructions_and_a_return)
{
    long pid;

    __asm__ volatile("mov $39, %%eax; call 1f; jmp 2f; 1: syscall; ret; 2:"
                     : "=a"(pid)
                     :
                     : "rcx", "r11", "memory");
    CHECK_EQ(pid, getpid());
    __asm__ volatile("mov $39, %%eax; syscall; nop; nop; push %%rax; pop %%rdx; mov %%rdx, %0"
                     : "=r"(pid)
                     :
                     : "rax", "rcx", "rdx", "r11", "memory");
    CHECK_EQ(pid, getpid());
}

TEST(followed_by_addresses_relative_to_the_instruction)
{
    long pid, other;
    static long value __asm__("bare_syscall_value") __attribute__((used)) = 0x1234567;

    __asm__ volatile("mov $39, %%eax; syscall; mov bare_syscall_value(%%rip), %1"
                     : "=a"(pid), "=d"(other)
                     :
                     : "rcx", "r11", "memory");
    CHECK_EQ(pid, getpid());
    CHECK_EQ(other, value);
    __asm__ volatile("lea bare_syscall_value(%%rip), %1; mov $39, %%eax; syscall; mov (%1), %1"
                     : "=a"(pid), "=&S"(other)
                     :
                     : "rcx", "r11", "memory");
    CHECK_EQ(other, value);
}

TEST(with_a_prefix_and_with_high_bits_in_rax)
{
    long pid;

    __asm__ volatile("mov $39, %%eax; .byte 0x48, 0x0f, 0x05"
                     : "=a"(pid)
                     :
                     : "rcx", "r11", "memory");
    CHECK_EQ(pid, getpid());
    __asm__ volatile("movabs $0x1234567800000027, %%rax; syscall"
                     : "=a"(pid)
                     :
                     : "rcx", "r11", "memory");
    CHECK_EQ(pid, getpid());                     /* the number is an int                    */
}

TEST(conditional_jump_right_behind)
{
    long n;

    /* As in many libcs: syscall; cmp $-4095, %rax; jae. */
    __asm__ volatile("mov $3, %%eax; mov $-1, %%edi; syscall; cmp $-4095, %%rax; jae 1f\n\t"
                     "mov $77, %%eax; 1:"
                     : "=a"(n)
                     :
                     : "rcx", "rdi", "r11", "cc", "memory");
    CHECK_EQ(n, -EBADF);
}

/* Code made at run time: returns the pid. */
static const unsigned char get_pid_code[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };

TEST(in_code_made_at_run_time)
{
    unsigned char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    memcpy(p, get_pid_code, sizeof(get_pid_code));
    CHECK_EQ(((long (*)(void))(uintptr_t)p)(), getpid());
    /* Over the page boundary, at each offset. */
    for (size_t back = 1; back < sizeof(get_pid_code); back++) {
        unsigned char *at = p + PAGE - back;
        memcpy(at, get_pid_code, sizeof(get_pid_code));
        for (int i = 0; i < 3; i++)
            CHECK_EQ(((long (*)(void))(uintptr_t)at)(), getpid());
    }
}

TEST(at_the_very_end_of_a_mapping)
{
    unsigned char *p =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_OK(munmap(p + PAGE, PAGE));
    unsigned char *at = p + PAGE - sizeof(get_pid_code);
    memcpy(at, get_pid_code, sizeof(get_pid_code));
    CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(((long (*)(void))(uintptr_t)at)(), getpid());
}

TEST(code_rewritten_and_run_again)
{
    unsigned char *p =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long (*run)(void) = (long (*)(void))(uintptr_t)p;

    for (int i = 0; i < 20; i++) {
        memcpy(p, get_pid_code, sizeof(get_pid_code));
        CHECK_EQ(run(), getpid());
        static const unsigned char other[] = {
            0xb8, 0x0f, 0x05, 0x0f, 0x05, 0xc3
        }; /* a constant */
        memcpy(p, other, sizeof(other));
        CHECK_EQ((unsigned)run(), 0x050f050f);
    }
}

TEST(bytes_that_only_look_like_it)
{
    unsigned n;

    /* 0f 05 inside an immediate and a displacement must not be touched. */
    __asm__ volatile("mov $0x050f050f, %0" : "=r"(n));
    CHECK_EQ(n, 0x050f050f);
    static const unsigned char data[] = { 0x0f, 0x05, 0x0f, 0x05 };
    CHECK_EQ(data[0] | data[1] << 8, 0x050f);
}

static atomic_int started;
static unsigned char *shared_code;

static void *hammer(UNUSED void *arg)
{
    long (*run)(void) = (long (*)(void))(uintptr_t)shared_code;

    started++;
    while (started < 4)
        ;
    for (int i = 0; i < 2000; i++)
        CHECK_EQ(run(), getpid());
    return NULL;
}

TEST(threads_meet_at_a_fresh_instruction)
{
    pthread_t t[4];

    for (int round = 0; round < 5; round++) {
        shared_code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(shared_code, get_pid_code, sizeof(get_pid_code));
        started = 0;
        for (int i = 0; i < 4; i++)
            t[i] = thread_start(hammer, NULL);
        for (int i = 0; i < 4; i++)
            thread_join(t[i]);
    }
}
