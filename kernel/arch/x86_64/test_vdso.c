/* SPDX-License-Identifier: MIT */
/*
 * The vDSO that the build made: is it a shared object that every libc can use, and does it work?
 *
 * It is mapped behind a data page as the kernel maps it, and called.  The kernel's entry is played
 * by vdso_test_entry(), which makes the system call itself.
 */
#include "kernel/arch/x86_64/vclock.h"
#include "kernel/arch/x86_64/vdso_data.h"
#include "tests/unit/test.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

/* VDSO_SO is its path: mk/unit.mk */
__asm__(".pushsection .rodata\n .balign 4096\n"
        "vdso_test_image: .incbin \"" VDSO_SO "\"\n"
        "vdso_test_image_end:\n .popsection\n");
extern const u8 vdso_test_image[], vdso_test_image_end[];

/* ---- the kernel's entry, for once ---- */

u64 vdso_test_calls, vdso_test_resume, vdso_test_restarts;
void vdso_test_entry(void);
__asm__(".text\n"
        ".globl vdso_test_entry\n"
        "vdso_test_entry:\n"
        "   mov %rcx,vdso_test_resume(%rip)\n"
        "   mov vdso_test_calls(%rip),%r11\n"
        "   lea 1(%r11),%r11\n"
        "   mov %r11,vdso_test_calls(%rip)\n"
        /* interrupted and restarted: from the place of the system-call instruction */
        "   mov vdso_test_restarts(%rip),%r11\n"
        "   test %r11,%r11\n"
        "   jz 1f\n"
        "   dec %r11\n"
        "   mov %r11,vdso_test_restarts(%rip)\n"
        "   lea -2(%rcx),%rcx\n"
        "   jmp *%rcx\n"
        "1: syscall\n"
        "   mov vdso_test_resume(%rip),%rcx\n"
        "   jmp *%rcx\n");

/* ---- finding symbols as musl and Go do ---- */

static const Elf64_Ehdr *elf(void)
{
    return (const Elf64_Ehdr *)vdso_test_image;
}

static const Elf64_Phdr *segment(u32 type)
{
    const Elf64_Phdr *ph = (const Elf64_Phdr *)(vdso_test_image + elf()->e_phoff), *found = NULL;

    for (u32 i = 0; i < elf()->e_phnum; i++) {
        if (ph[i].p_type != type)
            continue;
        CHECK(!found);
        found = &ph[i];
    }
    return found;
}

/* The value of a dynamic tag; 0 if there is none. */
static u64 dynamic(s64 tag)
{
    const Elf64_Dyn *d = (const Elf64_Dyn *)(vdso_test_image + segment(PT_DYNAMIC)->p_vaddr);

    for (; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == tag)
            return d->d_un.d_val;
    }
    return 0;
}

static const char *string(u64 off)
{
    return (const char *)vdso_test_image + dynamic(DT_STRTAB) + off;
}

/* The name of the version that a symbol has. */
static const char *version(u32 symbol)
{
    const u16 *versym = (const u16 *)(vdso_test_image + dynamic(DT_VERSYM));
    const u8 *p = vdso_test_image + dynamic(DT_VERDEF);

    for (u64 i = 0; i < dynamic(DT_VERDEFNUM); i++) {
        const Elf64_Verdef *def = (const Elf64_Verdef *)p;
        if (def->vd_ndx == (versym[symbol] & 0x7fff))
            return string(((const Elf64_Verdaux *)(p + def->vd_aux))->vda_name);
        p += def->vd_next;
    }
    return NULL;
}

static u64 symbol(const char *name)
{
    const u32 *hash = (const u32 *)(vdso_test_image + dynamic(DT_HASH));
    const Elf64_Sym *sym = (const Elf64_Sym *)(vdso_test_image + dynamic(DT_SYMTAB));

    for (u32 i = 0; i < hash[1]; i++) {
        if (sym[i].st_shndx != SHN_UNDEF && !strcmp(string(sym[i].st_name), name)) {
            CHECK_STREQ(version(i), "LINUX_2.6");
            CHECK_EQ(ELF64_ST_TYPE(sym[i].st_info), STT_FUNC);
            return sym[i].st_value;
        }
    }
    test_fail(__FILE__, __LINE__, "no symbol %s", name);
}

TEST(vdso_is_a_shared_object_without_relocations)
{
    static const s64 absent[] = { DT_RELA, DT_REL,  DT_JMPREL,     DT_PLTGOT,  DT_NEEDED,
                                  DT_INIT, DT_FINI, DT_INIT_ARRAY, DT_TEXTREL, DT_RELR };
    const Elf64_Phdr *load = segment(PT_LOAD);

    CHECK_EQ(elf()->e_type, ET_DYN);
    CHECK_EQ(elf()->e_machine, EM_X86_64);
    CHECK_EQ(load->p_vaddr, 0);
    CHECK_EQ(load->p_offset, 0);
    CHECK_EQ(load->p_flags, PF_R | PF_X);
    CHECK_EQ(load->p_filesz, load->p_memsz);
    CHECK(load->p_memsz <= PAGE_SIZE);
    CHECK(segment(PT_GNU_EH_FRAME));
    for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
        CHECK_EQ(dynamic(absent[i]), 0);
    CHECK_STREQ(string(dynamic(DT_SONAME)), "linux-vdso.so.1");
    CHECK(dynamic(DT_GNU_HASH));
}

TEST(vdso_has_the_symbols_that_libcs_look_for)
{
    static const char *const names[][2] = {
        { "__vdso_clock_gettime", "clock_gettime" },
        { "__vdso_gettimeofday", "gettimeofday" },
        { "__vdso_time", "time" },
        { "__vdso_getcpu", "getcpu" },
        { "__vdso_clock_getres", "clock_getres" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CHECK(symbol(names[i][0]));
        CHECK_EQ(symbol(names[i][0]), symbol(names[i][1]));
    }
}

/* ---- mapped and called ---- */

static struct {
    u8 *image;
    struct vdso_data *data;
    struct vclock clock;
} vdso;

static int (*vdso_clock_gettime)(clockid_t, struct timespec *);
static int (*vdso_clock_getres)(clockid_t, struct timespec *);
static int (*vdso_gettimeofday)(struct timeval *, struct timezone *);
static time_t (*vdso_time)(time_t *);
static long (*vdso_getcpu)(unsigned *, unsigned *, void *);

static u64 host_ns(clockid_t clock)
{
    struct timespec ts;

    CHECK_EQ(clock_gettime(clock, &ts), 0);
    return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static void sample_host(void)
{
    struct vclock_sample s = { .mono_ns = host_ns(CLOCK_MONOTONIC),
                               .real_ns = host_ns(CLOCK_REALTIME) };

    s.tsc = vdso_rdtsc();
    vclock_update(&vdso.clock, &s);
}

/* Map it and run its clock until it is calibrated. */
static void vdso_start(void)
{
    size_t size = (size_t)(vdso_test_image_end - vdso_test_image);
    struct vclock_config config = { .kernel_entry = (u64)vdso_test_entry, .read_tsc = vdso_rdtsc };

    u8 *base = mmap(NULL, PAGE_SIZE + size, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(base != MAP_FAILED);
    vdso.data = (struct vdso_data *)base;
    vdso.image = base + PAGE_SIZE;
    memcpy(vdso.image, vdso_test_image, size);

    vdso_clock_gettime = (void *)(vdso.image + symbol("__vdso_clock_gettime"));
    vdso_clock_getres = (void *)(vdso.image + symbol("__vdso_clock_getres"));
    vdso_gettimeofday = (void *)(vdso.image + symbol("__vdso_gettimeofday"));
    vdso_time = (void *)(vdso.image + symbol("__vdso_time"));
    vdso_getcpu = (void *)(vdso.image + symbol("__vdso_getcpu"));

    vclock_init(&vdso.clock, vdso.data, &config);
    sample_host();
    while (!(vdso.data->flags & VDSO_TSC)) {
        usleep(20000);
        sample_host();
    }
    vdso_test_calls = 0;
}

TEST(vdso_tells_the_time_without_the_kernel)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME,         CLOCK_REALTIME_COARSE,
                                        CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,
                                        CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };

    vdso_start();
    vdso.data->max_delta *= 1000;                /* however busy this machine is            */
    for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
        bool real = clocks[i] == CLOCK_REALTIME || clocks[i] == CLOCK_REALTIME_COARSE;
        struct timespec ts;

        u64 before = host_ns(real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        CHECK_EQ(vdso_clock_gettime(clocks[i], &ts), 0);
        u64 after = host_ns(real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
        u64 ns = (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
        CHECK((u64)ts.tv_nsec < 1000000000);
        CHECK(ns + 10000000 > before);           /* calibrated for 20 ms only               */
        CHECK(ns < after + 10000000);
    }
    CHECK_EQ(vdso_test_calls, 0);
}

TEST(vdso_time_and_gettimeofday_are_the_realtime_clock)
{
    struct timezone tz = { 77, 77 };
    struct timeval tv;
    time_t t;

    vdso_start();
    vdso.data->max_delta *= 1000;
    CHECK_EQ(vdso_gettimeofday(&tv, &tz), 0);
    CHECK_EQ(tz.tz_minuteswest, 0);
    CHECK_EQ(tz.tz_dsttime, 0);
    CHECK((u64)tv.tv_usec < 1000000);
    CHECK_EQ(vdso_gettimeofday(NULL, NULL), 0);
    CHECK(labs(vdso_time(&t) - (long)(host_ns(CLOCK_REALTIME) / 1000000000)) <= 1);
    CHECK(labs(t - tv.tv_sec) <= 1);
    CHECK(labs(vdso_time(NULL) - t) <= 1);
    CHECK_EQ(vdso_test_calls, 0);
}

TEST(vdso_getres_knows_its_own_clocks)
{
    struct timespec ts;

    vdso_start();
    CHECK_EQ(vdso_clock_getres(CLOCK_MONOTONIC, &ts), 0);
    CHECK_EQ(ts.tv_sec, 0);
    CHECK_EQ(ts.tv_nsec, 1);
    CHECK_EQ(vdso_clock_getres(CLOCK_REALTIME_COARSE, &ts), 0);
    CHECK_EQ(ts.tv_nsec, 4000000);
    CHECK_EQ(vdso_clock_getres(CLOCK_TAI, NULL), 0);
    CHECK_EQ(vdso_test_calls, 0);

    CHECK_EQ(vdso_clock_getres(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
    CHECK_EQ(vdso_clock_getres(99, &ts), -EINVAL);
    CHECK_EQ(vdso_test_calls, 2);
}

TEST(vdso_asks_the_kernel_for_what_it_does_not_know)
{
    struct timespec ts;
    unsigned cpu = 12345, node = 12345;
    struct timeval tv;

    vdso_start();
    CHECK_EQ(vdso_clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
    CHECK_EQ(vdso_clock_gettime(12, &ts), -EINVAL);
    CHECK_EQ(vdso_clock_gettime(-1, &ts), -EINVAL);
    CHECK_EQ(vdso_test_calls, 3);
    CHECK_EQ(vdso_getcpu(&cpu, &node, NULL), 0);
    CHECK(cpu < 12345);
    CHECK(node < 12345);
    CHECK_EQ(vdso_test_calls, 4);

    /* expired, being changed, switched off */
    vdso.data->max_delta = 0;
    CHECK_EQ(vdso_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    CHECK_EQ(vdso_test_calls, 5);
    vdso.data->max_delta = 1ull << 50;
    vdso.data->seq |= 1;
    CHECK_EQ(vdso_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    CHECK_EQ(vdso_gettimeofday(&tv, NULL), 0);
    CHECK_EQ(vdso_test_calls, 7);
    vdso.data->seq++;
    vdso.data->flags = 0;
    CHECK_EQ(vdso_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    CHECK(vdso_time(NULL) > 0);
    CHECK_EQ(vdso_test_calls, 9);
}

/* Continuing two bytes before the resume address makes the call again. */
TEST(vdso_calls_can_be_restarted)
{
    struct timespec ts;

    vdso_start();
    vdso_test_restarts = 3;
    CHECK_EQ(vdso_clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts), 0);
    CHECK_EQ(vdso_test_calls, 4);
}

/* ---- the signal trampoline ---- */

void __register_frame(void *eh_frame);
void __deregister_frame(void *eh_frame);

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void *restorer;
    unsigned long mask;
};

enum { SA_RESTORER_FLAG = 0x04000000, FRAMES_MAX = 64 };

static struct {
    u64 ip[FRAMES_MAX], cfa[FRAMES_MAX], bx[FRAMES_MAX], r15[FRAMES_MAX];
    int exact[FRAMES_MAX];                       /* not a return address                    */
    u32 count;
    u64 interrupted_ip, interrupted_sp;
    u32 seen;                                    /* signals                                 */
} trace;

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *arg)
{
    u32 i = trace.count;

    (void)arg;
    if (i == FRAMES_MAX)
        return _URC_END_OF_STACK;
    trace.ip[i] = _Unwind_GetIPInfo(context, &trace.exact[i]);
    trace.cfa[i] = _Unwind_GetCFA(context);
    trace.bx[i] = _Unwind_GetGR(context, 3);
    trace.r15[i] = _Unwind_GetGR(context, 15);
    trace.count++;
    return _URC_NO_REASON;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    trace.seen++;
    trace.count = 0;
    trace.interrupted_ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    trace.interrupted_sp = (u64)uc->uc_mcontext.gregs[REG_RSP];
    _Unwind_Backtrace(note_frame, NULL);
    uc->uc_mcontext.gregs[REG_RAX] = 0x7654321;
}

/* Find .eh_frame through PT_GNU_EH_FRAME: version, three encodings (sdata4, relative), pointer. */
static void *eh_frame(void)
{
    const u8 *header = vdso.image + segment(PT_GNU_EH_FRAME)->p_vaddr;
    s32 distance;

    CHECK_EQ(header[0], 1);
    CHECK_EQ(header[1], 0x1b);
    memcpy(&distance, header + 4, sizeof(distance));
    return (u8 *)header + 4 + distance;
}

/* The handler returns through the trampoline and the entry; what it changed in the frame counts.
 * From inside it the unwinder finds the interrupted instruction and its registers. */
TEST(vdso_signal_trampoline_returns_and_unwinds)
{
    struct kernel_sigaction sa = { .handler = on_signal, .flags = SA_SIGINFO | SA_RESTORER_FLAG };
    u64 ax, begin;

    vdso_start();
    __register_frame(eh_frame());
    sa.restorer = vdso.image + elf()->e_entry;
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGILL, &sa, NULL, 8), 0);
    /* tgkill to ourselves: interrupted at the instruction behind the system call */
    __asm__ volatile("   mov $0xbbbb,%%ebx\n"
                     "   mov $0xffff,%%r15d\n"
                     "   syscall\n"
                     "1: lea 1b(%%rip),%1\n"
                     : "=a"(ax), "=&r"(begin)
                     : "0"(SYS_tgkill), "D"(getpid()), "S"(syscall(SYS_gettid)), "d"(SIGILL)
                     : "rbx", "rcx", "r11", "r15", "memory", "cc");
    CHECK_EQ(ax, 0x7654321);                     /* the changed frame was restored          */
    CHECK_EQ(trace.seen, 1);
    CHECK_EQ(trace.interrupted_ip, begin);
    CHECK_EQ(vdso_test_calls, 1);

    u32 at = 0;
    while (at < trace.count && trace.ip[at] != begin)
        at++;
    CHECK(at > 0);
    CHECK(at < trace.count);
    CHECK_EQ(trace.exact[at], 1);
    CHECK_EQ(trace.ip[at - 1], vdso.image + elf()->e_entry);
    CHECK_EQ(trace.bx[at], 0xbbbb);
    CHECK_EQ(trace.r15[at], 0xffff);
    CHECK_EQ(trace.cfa[at], trace.interrupted_sp);
    CHECK(trace.count > at + 1);                 /* and on to whoever called us             */
    __deregister_frame(eh_frame());
}
