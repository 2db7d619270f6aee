/* SPDX-License-Identifier: MIT */
/*
 * One aligned store is enough: threads run through a site while it is patched and unpatched under
 * them, thousands of times, for each shape that claims to allow it.  Every call must return the
 * right result with its registers intact.
 */
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/patch.h"
#include "tests/unit/test.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 3000, PAGE = 4096, SITE_OFF = 512, STUB_OFF = PAGE, SLOT_OFF = 0xff0 };

/* The entry of a kernel that makes the call itself; RCX is kept in a variable of the thread. */
static __thread __attribute__((used)) unsigned long resume;

void test_live_entry(void);
__asm__(".text\n"
        ".globl test_live_entry\n"
        "test_live_entry:\n"
        "   mov resume@gottpoff(%rip),%r11\n"
        "   mov %rcx,%fs:(%r11)\n"
        "   syscall\n"
        "   mov resume@gottpoff(%rip),%r11\n"
        "   mov %fs:(%r11),%rcx\n"
        "   jmp *%rcx\n");

struct live {
    u8 *base;
    atomic_bool stop;
    atomic_ulong calls, wrong;
};

/* Call the function at addr with a number in every register it must not change. */
static bool call_is_right(u8 *addr, long pid)
{
    register u64 r8 __asm__("r8") = 0x8888, r9 __asm__("r9") = 0x9999, r10 __asm__("r10") = 0xaaaa;
    u64 di = 0x1111, si = 0x2222, dx = 0x3333;
    long result;

    /* below the red zone: the compiler does not know that a call pushes */
    __asm__ volatile("lea -256(%%rsp),%%rsp\n\tcall *%[addr]\n\tlea 256(%%rsp),%%rsp"
                     : "=a"(result), "+D"(di), "+S"(si), "+d"(dx), "+r"(r8), "+r"(r9), "+r"(r10)
                     : [addr] "r"(addr)
                     : "rcx", "r11", "memory", "cc");
    return result == pid && di == 0x1111 && si == 0x2222 && dx == 0x3333 && r8 == 0x8888 &&
           r9 == 0x9999 && r10 == 0xaaaa;
}

static void *caller(void *arg)
{
    struct live *l = arg;
    long pid = getpid();

    while (!atomic_load(&l->stop)) {
        if (!call_is_right(l->base + SITE_OFF, pid))
            atomic_fetch_add(&l->wrong, 1);
        atomic_fetch_add(&l->calls, 1);
    }
    return NULL;
}

static void make_code(struct live *l, const u8 *site, size_t size)
{
    static const u8 filler[] = { 0x48, 0x89, 0xc0, 0x48, 0x8d, 0x36, 0x89, 0xc0 };
    u64 entry = (u64)test_live_entry;

    l->base = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    CHECK(l->base != MAP_FAILED);
    for (size_t i = 0; i < SITE_OFF; i++)
        l->base[i] = filler[i % sizeof(filler)];
    memcpy(l->base + SITE_OFF, site, size);
    memcpy(l->base + SLOT_OFF, &entry, sizeof(entry));
}

/* Change the word of the site: all that patching it means. */
static void store(const struct patch *p, const u8 *bytes)
{
    u64 *word = (u64 *)(p->at & ~7ull);
    u64 value = *word;

    memcpy((u8 *)&value + (p->at & 7), bytes, p->store_len);
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

/* insn_off: of the system call in site. */
static void check_live(const u8 *site, size_t size, size_t insn_off, enum patch_shape shape)
{
    pthread_t threads[THREADS];
    struct live l = { 0 };
    struct patch p;
    u8 original[PATCH_JMP_LEN];

    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
    make_code(&l, site, size);
    struct patch_text text = { .bytes = l.base, .size = SITE_OFF + size, .addr = (u64)l.base };
    struct patch_trap trap = { .insn = (u64)l.base + SITE_OFF + insn_off,
                               .nr = SYS_getpid,
                               .threads = PATCH_LIVE };
    struct patch_place place = { .stub = (u64)l.base + STUB_OFF, .slot = (u64)l.base + SLOT_OFF };
    CHECK_EQ(patch_plan(&text, &trap, &place, &p), 0);
    CHECK_EQ(p.shape, shape);
    CHECK(patch_is_live_safe(&p));
    memcpy((u8 *)p.stub, p.stub_code, p.stub_len);
    memcpy(original, (u8 *)p.at, sizeof(original));
    if (p.hole)
        memcpy((u8 *)p.hole, p.hole_code, PATCH_JMP_LEN);

    for (size_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, caller, &l), 0);
    for (size_t i = 0; i < ROUNDS; i++)
        store(&p, i % 2 ? original : p.code);
    unsigned long before = atomic_load(&l.calls);
    while (atomic_load(&l.calls) < before + THREADS)
        sched_yield();
    atomic_store(&l.stop, true);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);

    CHECK_EQ(atomic_load(&l.wrong), 0);
    munmap(l.base, 2 * PAGE);
}

#define CHECK_LIVE(site, insn_off, shape)                                                          \
    check_live((const u8 *)(site), sizeof(site) - 1, insn_off, shape)

TEST(patch_p7_while_threads_execute_it)
{
    CHECK_LIVE("\xb8\x27\0\0\0\x0f\x05\xc3", 5, PATCH_P7);
}

TEST(patch_c7_while_threads_execute_it)
{
    CHECK_LIVE("\x48\xc7\xc0\x27\0\0\0\x0f\x05\xc3", 7, PATCH_C7);
}

/* mov $39,%eax; nop; mov %r11,-8(%rsp); syscall; call; ret */
TEST(patch_before_while_threads_execute_it)
{
    CHECK_LIVE("\xb8\x27\0\0\0\x90\x90\x90\x4c\x89\x5c\x24\xf8\x0f\x05\xe8\x01\0\0\0\xc3\xc3", 13,
               PATCH_BEFORE);
}

/* mov $39,%eax; nop; syscall; call; ret; padding; ret */
TEST(patch_hop_while_threads_execute_it)
{
    CHECK_LIVE("\xb8\x27\0\0\0\x90\x0f\x05\xe8\x13\0\0\0\xc3\x0f\x1f\x44\0\0\x0f\x1f\x84\0\0\0\0\0"
               "\x0f\x1f\x44\0\0\xc3",
               6, PATCH_HOP);
}
