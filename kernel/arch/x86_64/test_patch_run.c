/* SPDX-License-Identifier: MIT */
/*
 * Patched code, executed.
 *
 * Each sample is a function with one system call (getppid, which changes nothing).  It runs once as
 * it is and once patched, from the same address with the same registers, flags, vector state and
 * stack; afterwards everything has to be the same, the 128 bytes below the stack pointer included.
 * RCX and R11 alone may differ: `syscall` destroys them.
 *
 * The same pair runs once more one instruction at a time.  Then every address the patched code
 * goes through must stand for the one the original goes through (section 7 of the design), and a
 * thread that is stopped at any instruction and continued where the table says must arrive at the
 * same end.
 *
 * The kernel's entry is played by test_entry(): it looks at the registers, makes the system call
 * itself and returns to RCX.
 */
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/patch.h"
#include "kernel/arch/x86_64/test_patch_run.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    ARENA_SIZE = 0x20000,
    CODE_OFF = 0x1000,                           /* code page; the page before is filler    */
    STUB_OFF = 0x10000,
    SLOT_OFF = 0x1f000,                          /* holds the address of the entry          */
    STACK_SIZE = 4096,
    XSAVE_MAX = 16384,
};

/* ---- the machine state around a run: run.S would be its name, were it not a test ---- */

/* Offsets are used by the assembly below. */
struct state {
    u64 ax, bx, cx, dx, si, di, bp, sp;          /* 0 .. 56                                 */
    u64 r8, r9, r10, r11, r12, r13, r14, r15;    /* 64 .. 120                               */
    u64 flags;                                   /* 128                                     */
};

struct state test_in, test_out, test_entered;
u64 test_code, test_host_sp, test_resume, test_entry_calls;
u8 test_xsave_in[XSAVE_MAX] __attribute__((aligned(64)));
u8 test_xsave_out[XSAVE_MAX] __attribute__((aligned(64)));
u64 test_xsave_mask;

void test_enter(void);
void test_entry(void);
void test_entry_end(void);
void test_return(void);

/* clang-format off */
#define LOAD(reg, off)      "mov test_in+" #off "(%rip)," reg "\n"
#define STORE(to, reg, off) "mov " reg "," #to "+" #off "(%rip)\n"
#define STORE_ALL(to) \
    STORE(to, "%rax", 0) STORE(to, "%rbx", 8) STORE(to, "%rcx", 16) STORE(to, "%rdx", 24) \
    STORE(to, "%rsi", 32) STORE(to, "%rdi", 40) STORE(to, "%rbp", 48) STORE(to, "%rsp", 56) \
    STORE(to, "%r8", 64) STORE(to, "%r9", 72) STORE(to, "%r10", 80) STORE(to, "%r11", 88) \
    STORE(to, "%r12", 96) STORE(to, "%r13", 104) STORE(to, "%r14", 112) STORE(to, "%r15", 120)

__asm__(
    ".text\n"
    ".globl test_enter\n"
    "test_enter:\n"
    "   push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "   mov %rsp,test_host_sp(%rip)\n"
    "   mov test_xsave_mask(%rip),%eax\n"
    "   mov test_xsave_mask+4(%rip),%edx\n"
    "   xrstor64 test_xsave_in(%rip)\n"
    "   pushq test_in+128(%rip)\n"
    "   popfq\n"
    LOAD("%rax", 0) LOAD("%rbx", 8) LOAD("%rcx", 16) LOAD("%rdx", 24) LOAD("%rsi", 32) LOAD("%rdi", 40)
    LOAD("%rbp", 48) LOAD("%rsp", 56) LOAD("%r8", 64) LOAD("%r9", 72) LOAD("%r10", 80) LOAD("%r11", 88)
    LOAD("%r12", 96) LOAD("%r13", 104) LOAD("%r14", 112) LOAD("%r15", 120)
    "   jmp *test_code(%rip)\n"

    /* the address that the sample's ret finds on the stack */
    ".globl test_return\n"
    "test_return:\n"
    STORE_ALL(test_out)
    "   mov test_host_sp(%rip),%rsp\n"
    "   pushfq\n"
    "   popq test_out+128(%rip)\n"
    "   cld\n"
    "   mov test_xsave_mask(%rip),%eax\n"
    "   mov test_xsave_mask+4(%rip),%edx\n"
    "   xsave64 test_xsave_out(%rip)\n"
    "   pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "   ret\n"

    /* eax = number, rcx = where to resume; no flag and no stack is touched */
    ".globl test_entry\n"
    "test_entry:\n"
    STORE_ALL(test_entered)
    "   mov %rcx,test_resume(%rip)\n"
    "   mov test_entry_calls(%rip),%r11\n"
    "   lea 1(%r11),%r11\n"
    "   mov %r11,test_entry_calls(%rip)\n"
    "   syscall\n"
    "   mov test_resume(%rip),%rcx\n"
    "   jmp *%rcx\n"
    ".globl test_entry_end\n"
    "test_entry_end:\n");
/* clang-format on */

/* ---- an arena of code, stubs and the slot, with the site table's answers ---- */

struct arena {
    u8 *base;
    u8 *stack;
    struct patch patch;
    u8 original[PATCH_LEN_MAX];
    bool patched;
};

/* One arena per test process: the signal handler has to find it. */
static struct arena arena;

static u8 *code_at(size_t off)
{
    return arena.base + CODE_OFF + off;
}

static struct patch_text arena_text(size_t size)
{
    return (
        struct patch_text){ .bytes = arena.base, .size = CODE_OFF + size, .addr = (u64)arena.base };
}

/* Instructions that do nothing, so that what stands before a sample is plainly code. */
static void fill(u8 *dst, size_t size)
{
    static const u8 filler[] = { 0x48, 0x89, 0xc0, 0x48, 0x8d, 0x76, 0x00, 0x89,
                                 0xc0, 0x4d, 0x89, 0xe4, 0x90, 0x48, 0x8d, 0x3f };

    for (size_t i = 0; i < size; i++)
        dst[i] = filler[i % sizeof(filler)];
}

static size_t sample_size(const struct sample *s)
{
    return (size_t)(s->end - s->begin);
}

static void arena_init(const struct sample *s)
{
    u64 entry = (u64)test_entry;

    arena.base = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(arena.base != MAP_FAILED);
    arena.stack = malloc(STACK_SIZE);
    CHECK(arena.stack);
    fill(arena.base, CODE_OFF);
    memcpy(code_at(0), s->begin, sample_size(s));
    memcpy(arena.base + SLOT_OFF, &entry, sizeof(entry));
}

static void arena_fini(void)
{
    munmap(arena.base, ARENA_SIZE);
    free(arena.stack);
    arena = (struct arena){ 0 };
}

static void arena_plan(const struct sample *s, struct patch *ret)
{
    struct patch_text text = arena_text(sample_size(s));
    struct patch_trap trap = { .insn = (u64)code_at((size_t)(s->insn - s->begin)),
                               .nr = SAMPLE_NR };
    struct patch_place place = { .stub = (u64)arena.base + STUB_OFF,
                                 .slot = (u64)arena.base + SLOT_OFF };

    CHECK_EQ(patch_plan(&text, &trap, &place, ret), 0);
    CHECK_EQ(ret->shape, s->shape);
}

static void arena_patch(const struct sample *s)
{
    struct patch *p = &arena.patch;

    arena_plan(s, p);
    CHECK(p->len <= PATCH_LEN_MAX);
    CHECK(p->stub_len <= PATCH_STUB_MAX);
    memcpy(arena.original, (u8 *)p->at, p->len);
    memcpy((u8 *)p->stub, p->stub_code, p->stub_len);
    if (p->hole) {
        CHECK_MEMEQ((u8 *)p->hole, p->hole_original, PATCH_JMP_LEN);
        memcpy((u8 *)p->hole, p->hole_code, PATCH_JMP_LEN);
    }
    memcpy((u8 *)p->at, p->code, p->len);
    arena.patched = true;
}

static void arena_unpatch(void)
{
    memcpy((u8 *)arena.patch.at, arena.original, arena.patch.len);
    if (arena.patch.hole)
        memcpy((u8 *)arena.patch.hole, arena.patch.hole_original, PATCH_JMP_LEN);
    arena.patched = false;
}

/* What kernel/mm/site.c answers, straight from the patch. */
static u64 orig_of_stub(u64 ip)
{
    const struct patch *p = &arena.patch;
    u64 orig = ip;

    if (p->hole && ip >= p->hole && ip < p->hole + PATCH_JMP_LEN)
        return p->insn;
    if (ip < p->stub || ip >= p->stub + p->stub_len)
        return ip;
    for (u32 i = 0; i < p->point_count && p->stub + p->points[i].stub_off <= ip; i++)
        orig = p->at + p->points[i].orig_off;
    return orig;
}

static u64 resume_of_orig(u64 addr)
{
    const struct patch *p = &arena.patch;

    if (!arena.patched)
        return addr;
    for (u32 i = 0; i < p->point_count; i++) {
        u64 orig = p->at + p->points[i].orig_off;
        if (orig == addr && addr < p->at + p->len + 2)
            return p->stub + p->points[i].stub_off;
    }
    return addr;
}

/* ---- running ---- */

struct outcome {
    struct state regs;
    u8 stack[STACK_SIZE];
    u8 vectors[XSAVE_MAX];
    u64 entry_calls;
};

enum { SP_OFF = STACK_SIZE / 2 };

static void prepare(const struct sample *s, u64 flags)
{
    u64 mask = 0;

    /* everything the machine has, except what the kernel keeps to itself (PKRU, tiles) */
    __asm__ volatile("xgetbv" : "=a"(((u32 *)&mask)[0]), "=d"(((u32 *)&mask)[1]) : "c"(0));
    test_xsave_mask = mask & 0xe7;
    __asm__ volatile("xsave64 %0" : "+m"(test_xsave_in) : "a"((u32)test_xsave_mask), "d"(0));
    memcpy(test_xsave_in + 512, &test_xsave_mask, 8); /* all components are in use          */
    for (size_t i = 160; i < 416; i++)
        test_xsave_in[i] = (u8)(i * 7);          /* XMM                                     */
    for (size_t i = 576; i < 576 + 256; i++)
        test_xsave_in[i] = (u8)(i * 11);         /* upper halves of YMM                     */
    memset(test_xsave_out, 0, sizeof(test_xsave_out));

    for (size_t i = 0; i < STACK_SIZE; i++)
        arena.stack[i] = (u8)(i * 13);
    memset(&test_out, 0, sizeof(test_out));
    u64 *regs = &test_in.ax;
    for (size_t i = 0; i < 16; i++)
        regs[i] = 0x1111111111111111u * (i + 1);
    test_in.ax = SAMPLE_NR;
    test_in.bx = (u64)arena.stack + 64;          /* somewhere to store to                   */
    test_in.sp = (u64)arena.stack + SP_OFF;
    test_in.flags = flags;
    *(u64 *)test_in.sp = (u64)test_return;
    test_code = (u64)code_at((size_t)(s->start - s->begin));
    test_entry_calls = 0;
}

static void run(const struct sample *s, u64 flags, struct outcome *ret)
{
    prepare(s, flags);
    test_enter();
    ret->regs = test_out;
    ret->entry_calls = test_entry_calls;
    memcpy(ret->stack, arena.stack, STACK_SIZE);
    memcpy(ret->vectors, test_xsave_out, XSAVE_MAX);
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
    struct state x = a->regs, y = b->regs;

    x.cx = y.cx = x.r11 = y.r11 = 0;
    for (size_t i = 0; i < 17; i++)
        CHECK_EQ((&x.ax)[i], (&y.ax)[i]);
    CHECK_MEMEQ(a->stack, b->stack, STACK_SIZE);
    /* around the header, where the processor notes which components are in their initial state */
    CHECK_MEMEQ(a->vectors, b->vectors, 512);
    CHECK_MEMEQ(a->vectors + 576, b->vectors + 576, XSAVE_MAX - 576);
}

/* The entry saw the number in EAX, the resume address in RCX and otherwise the user's registers. */
static void check_contract(const struct sample *s, const struct outcome *native)
{
    const struct patch *p = &arena.patch;
    u64 resume = s->shape == PATCH_AFTER ? p->stub + 13 : p->insn + 2;

    CHECK_EQ((u32)test_entered.ax, SAMPLE_NR);
    CHECK_EQ(test_entered.cx, resume);
    CHECK_EQ(orig_of_stub(resume), p->insn + 2);
    CHECK_EQ(test_entered.bp, native->regs.bp);
    CHECK_EQ(test_entered.r8, native->regs.r8);
    CHECK_EQ(test_entered.r15, native->regs.r15);
}

static const u64 flag_sets[] = { 0x202, 0x202 | 0x8d5, 0x202 | 0x400, 0x202 | 0x400 | 0x8d5,
                                 0x246 };

/* Native and patched, with every set of flags: carry .. overflow, and the direction flag. */
static void check_transparent(const struct sample *s)
{
    struct outcome *native = malloc(sizeof(*native)), *patched = malloc(sizeof(*patched));

    CHECK(native && patched);
    arena_init(s);
    for (size_t i = 0; i < ARRAY_SIZE(flag_sets); i++) {
        run(s, flag_sets[i], native);
        CHECK_EQ(native->entry_calls, 0);

        arena_patch(s);
        run(s, flag_sets[i], patched);
        CHECK_EQ(patched->entry_calls, s->by_branch ? 0 : 1);
        if (!s->by_branch)
            check_contract(s, native);
        check_same(native, patched);
        arena_unpatch();
    }
    arena_fini();
    free(native);
    free(patched);
}

/* ---- one instruction at a time ---- */

enum { TRACE_MAX = 256 };

struct trace {
    u64 ip[TRACE_MAX];                           /* original addresses in the code page     */
    size_t count;
    size_t steps;                                /* single steps seen                       */
    size_t divert_at;                            /* step at which to stop and resume        */
    u64 insn;                                    /* the system call                         */
};

static struct trace *tracing;

static void trace_note(struct trace *t, u64 orig)
{
    u64 last = t->count ? t->ip[t->count - 1] : 0;

    if (last != orig && t->count < TRACE_MAX)
        t->ip[t->count++] = orig;
}

/* Linux does not stop behind a `syscall`: the next instruction is executed with it. */
static void trace_note_skipped(struct trace *t, u64 ip)
{
    if (t->count && t->ip[t->count - 1] == t->insn && ip != t->insn && ip != t->insn + 2 &&
        (ip < (u64)test_entry || ip >= (u64)test_entry_end))
        trace_note(t, t->insn + 2);
}

/* Trap after each instruction.  Note the original address; at the chosen step do what a signal and
 * sigreturn do: name the original address, then continue from it. */
static void on_trap(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    greg_t *ip = &uc->uc_mcontext.gregs[REG_RIP];
    u64 orig = orig_of_stub((u64)*ip);
    bool ours = orig >= (u64)code_at(0) && orig < (u64)code_at(4096);
    struct trace *t = tracing;

    (void)sig;
    (void)info;
    trace_note_skipped(t, orig);
    if ((u64)*ip == (u64)test_return)
        uc->uc_mcontext.gregs[REG_EFL] &= ~0x100l;
    if (!ours)
        return;
    trace_note(t, orig);
    if (++t->steps == t->divert_at)
        *ip = (greg_t)resume_of_orig(orig);
}

static void trace_run(const struct sample *s, struct trace *t, struct outcome *ret)
{
    static u8 stack[65536];
    stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    CHECK_EQ(sigaltstack(&alt, NULL), 0);
    CHECK_EQ(sigaction(SIGTRAP, &sa, NULL), 0);
    t->count = t->steps = 0;
    t->insn = (u64)code_at((size_t)(s->insn - s->begin));
    tracing = t;
    run(s, 0x302, ret);                          /* TF                                      */
}

static void check_same_trace(const struct trace *a, const struct trace *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++)
        CHECK_EQ(a->ip[i], b->ip[i]);
    CHECK_EQ(a->count, b->count);
}

static void check_addresses(const struct sample *s)
{
    struct outcome *native = malloc(sizeof(*native)), *patched = malloc(sizeof(*patched));
    struct trace a = { 0 }, b = { 0 };

    CHECK(native && patched);
    arena_init(s);
    trace_run(s, &a, native);
    CHECK(a.count >= 2);
    CHECK(a.count < TRACE_MAX);

    arena_patch(s);
    trace_run(s, &b, patched);
    check_same(native, patched);
    check_same_trace(&a, &b);

    size_t steps = b.steps;
    for (size_t divert = 1; divert <= steps; divert++) {
        b.divert_at = divert;
        trace_run(s, &b, patched);
        check_same_trace(&a, &b);
        check_same(native, patched);
    }
    arena_fini();
    free(native);
    free(patched);
}

TEST(patched_code_does_what_the_original_does)
{
    for (size_t i = 0; i < samples_count; i++)
        check_transparent(&samples[i]);
}

TEST(patched_code_shows_original_addresses_at_every_instruction)
{
    for (size_t i = 0; i < samples_count; i++)
        check_addresses(&samples[i]);
}
