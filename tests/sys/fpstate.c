/* SPDX-License-Identifier: MIT */
/* covers: rt_sigreturn rt_sigaction */
/*
 * Floating-point and vector state across signals and system calls.
 */
#include <cpuid.h>
#include <sched.h>
#include <ucontext.h>

#include "tests/sys/sys.h"

static volatile sig_atomic_t count;
static volatile unsigned mxcsr_inside;

static unsigned mxcsr(void)
{
    unsigned value;

    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void set_mxcsr(unsigned value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(value));
}

/* The processor has it and the system saves it: component bits of XCR0. */
static bool has_state(unsigned xcr0_bits)
{
    unsigned a, b, c, d, low, high;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & xcr0_bits) == xcr0_bits;
}

static void clobber_sse(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; /* over ud2                   */
    mxcsr_inside = mxcsr();
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pcmpeqd %%xmm7, %%xmm7\n\t"
                     "pcmpeqd %%xmm8, %%xmm8; pcmpeqd %%xmm15, %%xmm15\n\t"
                     "fninit; fld1; fld1" ::
                         : "xmm0", "xmm1", "xmm7", "xmm8", "xmm15");
    set_mxcsr(0x1f80 | 0x6000);
    count++;
}

TEST(xmm_registers_and_mxcsr_survive_a_handler)
{
    static const char in[16] __attribute__((aligned(16))) = "0123456789abcde";
    char out[5][16] __attribute__((aligned(16)));

    signal_handle_info(SIGILL, clobber_sse, 0);
    set_mxcsr(0x1f80 | 0x2000);                  /* round down                              */
    __asm__ volatile("movdqa %5, %%xmm0; movdqa %5, %%xmm1; movdqa %5, %%xmm7\n\t"
                     "movdqa %5, %%xmm8; movdqa %5, %%xmm15\n\t"
                     "ud2\n\t"
                     "movdqa %%xmm0, %0; movdqa %%xmm1, %1; movdqa %%xmm7, %2\n\t"
                     "movdqa %%xmm8, %3; movdqa %%xmm15, %4"
                     : "=m"(out[0]), "=m"(out[1]), "=m"(out[2]), "=m"(out[3]), "=m"(out[4])
                     : "m"(in)
                     : "xmm0", "xmm1", "xmm7", "xmm8", "xmm15", "memory");
    unsigned after = mxcsr();
    set_mxcsr(0x1f80);
    for (int i = 0; i < 5; i++)
        CHECK_MEM(out[i], in, 16);
    CHECK_EQ(after & 0xffc0, 0x1f80 | 0x2000);
    CHECK_EQ(mxcsr_inside & 0xffc0, 0x1f80);     /* handlers start with the default         */
}

TEST(x87_stack_survives_a_handler)
{
    long double out = 0;
    unsigned short word = 0;

    signal_handle_info(SIGILL, clobber_sse, 0);
    __asm__ volatile("fninit; fldpi; ud2; fstpt %0; fnstcw %1"
                     : "=m"(out), "=m"(word)
                     :
                     : "memory");
    CHECK(out > 3.14159265358979L && out < 3.14159265358980L);
    CHECK_EQ(word, 0x37f);
    set_mxcsr(0x1f80);
}

static void clobber_avx(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
    __asm__ volatile("vpcmpeqd %%xmm0, %%xmm0, %%xmm0; vinsertf128 $1, %%xmm0, %%ymm0, %%ymm5\n\t"
                     "vzeroupper" ::
                         : "xmm0", "xmm5");
    count++;
}

TEST(ymm_registers_survive_a_handler)
{
    char in[32], out[32];

    if (!has_state(6))
        SKIP("no AVX");
    fill_pattern(in, sizeof(in), 5);
    signal_handle_info(SIGILL, clobber_avx, 0);
    __asm__ volatile("vmovdqu %1, %%ymm5; ud2; vmovdqu %%ymm5, %0; vzeroupper"
                     : "=m"(out)
                     : "m"(in)
                     : "xmm5", "memory");
    CHECK_MEM(out, in, sizeof(in));
}

static void clobber_avx512(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
    __asm__ volatile("kxnorw %%k1, %%k1, %%k1; vpternlogd $0xff, %%zmm20, %%zmm20, %%zmm20\n\t"
                     "vpternlogd $0xff, %%zmm3, %%zmm3, %%zmm3" ::
                         : "memory");
    count++;
}

TEST(zmm_and_mask_registers_survive_a_handler)
{
    char in[64], out[2][64];
    unsigned mask = 0;

    if (!has_state(0xe6))
        SKIP("no AVX-512");
    fill_pattern(in, sizeof(in), 6);
    signal_handle_info(SIGILL, clobber_avx512, 0);
    __asm__ volatile(
        "vmovdqu64 %3, %%zmm20; vmovdqu64 %3, %%zmm3\n\t"
        "mov $0x1234, %%eax; kmovw %%eax, %%k1\n\t"
        "ud2\n\t"
        "vmovdqu64 %%zmm20, %0; vmovdqu64 %%zmm3, %1; kmovw %%k1, %%eax; mov %%eax, %2\n\t"
        "vzeroupper"
        : "=m"(out[0]), "=m"(out[1]), "=m"(mask)
        : "m"(in)
        : "rax", "memory");
    CHECK_MEM(out[0], in, sizeof(in));
    CHECK_MEM(out[1], in, sizeof(in));
    CHECK_EQ(mask, 0x1234);
}

static void edit_xmm(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    ucontext_t *u = context;

    u->uc_mcontext.gregs[REG_RIP] += 2;
    memcpy(&u->uc_mcontext.fpregs->_xmm[7], "edited by handle", 16);
    u->uc_mcontext.fpregs->mxcsr = 0x1f80 | 0x4000;
}

TEST(state_edited_in_the_frame_is_loaded)
{
    char out[17] = "";

    signal_handle_info(SIGILL, edit_xmm, 0);
    __asm__ volatile("pxor %%xmm7, %%xmm7; ud2; movdqu %%xmm7, %0"
                     : "=m"(out)
                     :
                     : "xmm7", "memory");
    unsigned after = mxcsr();
    set_mxcsr(0x1f80);
    CHECK_STR(out, "edited by handle");
    CHECK_EQ(after & 0xffc0, 0x1f80 | 0x4000);
}

static volatile double noise;

static void compute_something(UNUSED int signal)
{
    double x = count + 1.5;

    for (int i = 0; i < 20; i++)
        x = x * 1.000001 + 0.5;
    noise = x;
    count++;
}

static double work(void)
{
    double sum = 0, term = 1;

    for (int i = 1; i < 200000; i++) {
        term = term * 0.9999 + 1.0 / i;
        sum += term * term;
    }
    return sum;
}

TEST(computation_is_not_disturbed_by_handlers)
{
    struct itimerval fast = { .it_value = { .tv_usec = 300 }, .it_interval = { .tv_usec = 300 } };
    double quiet = work();

    count = 0;
    signal_handle(SIGALRM, compute_something, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
    while (count < 100)
        CHECK(work() == quiet);
}

static void *yield_often(UNUSED void *arg)
{
    double expected = work();

    for (int i = 0; i < 20; i++) {
        sched_yield();
        CHECK(work() == expected);
    }
    return NULL;
}

TEST(threads_have_their_own_state)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        t[i] = thread_start(yield_often, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
}

TEST(system_calls_keep_vector_registers)
{
    static const char in[16] __attribute__((aligned(16))) = "0123456789abcde";
    char out[3][16] __attribute__((aligned(16)));
    long nr = SYS_getppid;
    char buf[16];
    int fd = open("/dev/zero", O_RDONLY);

    __asm__ volatile("movdqa %3, %%xmm0; movdqa %3, %%xmm6; movdqa %3, %%xmm15\n\t"
                     "mov %4, %%rax; syscall\n\t"
                     "mov $0, %%eax; mov %5, %%edi; mov %6, %%rsi; mov $16, %%edx; syscall\n\t"
                     "movdqa %%xmm0, %0; movdqa %%xmm6, %1; movdqa %%xmm15, %2"
                     : "=m"(out[0]), "=m"(out[1]), "=m"(out[2])
                     : "m"(in), "m"(nr), "m"(fd), "r"(buf)
                     : "rax", "rcx", "rdx", "rdi", "rsi", "r11", "xmm0", "xmm6", "xmm15", "memory");
    for (int i = 0; i < 3; i++)
        CHECK_MEM(out[i], in, 16);
}
