/* SPDX-License-Identifier: MIT */
/*
 * Rewriting of system-call sites: when it happens, when it must not, and that it is undone.  What
 * the patches do is tested in kernel/arch/x86_64.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/rewrite.h"
#include "kernel/mm/test_world.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"
#include "tests/unit/test.h"

enum {
    MIB = 1 << 20,
    RX = PROT_READ | PROT_EXEC,
    RW = PROT_READ | PROT_WRITE,
    TEXT_PAGES = 4,
    EAGER_AT = 512,                              /* mov $39,%eax; syscall                   */
    LAZY_AT = 2048,                              /* a single store in front of a syscall    */
    MANY_AT = PAGE_SIZE,                         /* from here on one site every 64 bytes    */
};

static u8 text[TEXT_PAGES * PAGE_SIZE];
static struct vnode vnode;                       /* fs NULL: its plans are not kept         */
static struct file *file;
static struct mm *mm;

/* Plain instructions everywhere, so that the vote has something to go by. */
static void text_fill(void)
{
    static const u8 plain[] = { 0x48, 0x89, 0xf7, 0x48, 0x8d, 0x76, 0x00, 0x45, 0x89, 0xe4 };

    for (u32 i = 0; i < sizeof(text); i++)
        text[i] = plain[i % sizeof(plain)];
}

/* Instructions that end exactly at `at`, then what is given. */
static void text_put(u32 at, const u8 *code, u32 len)
{
    memset(text + at - 40, 0x90, 40);
    memcpy(text + at, code, len);
    text[at + len] = 0xc3;
}

static void text_make(void)
{
    static const u8 eager[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05 };
    static const u8 lazy[] = { 0x48, 0xc7, 0xc6, 1, 0, 0, 0, 0x0f, 0x05, 0xe8, 0, 0, 0, 0 };

    text_fill();
    text_put(EAGER_AT - 5, eager, sizeof(eager));
    text_put(LAZY_AT - 7, lazy, sizeof(lazy));
    for (u32 i = 0; i < 40; i++)
        text_put(MANY_AT + 64 * i - 5 + 64, eager, sizeof(eager));
}

static ssize_t text_read(struct file *f, struct iov *dst, u64 *pos)
{
    ssize_t n;

    (void)f;
    if (*pos >= sizeof(text))
        return 0;
    n = iov_put(dst, text + *pos, min_u64(iov_left(dst), sizeof(text) - *pos));
    *pos += (u64)n;
    return n;
}

static int text_stat(struct file *f, struct stat *ret)
{
    (void)f;
    memset(ret, 0, sizeof(*ret));
    ret->st_mode = S_IFREG | 0755;
    ret->st_size = sizeof(text);
    return 0;
}

static const struct vnode_ops text_ops = { 0 };
static const struct file_ops text_file_ops = { .read = text_read, .getattr = text_stat };

static bool threads_single;

static bool single_threaded(struct mm *of)
{
    (void)of;
    return threads_single;
}

static void start(void)
{
    world_start(64 * MIB);
    text_make();
    vnode_init(&vnode, NULL, &text_ops, S_IFREG | 0755, 1);
    CHECK_EQ(file_new(&text_file_ops, NULL, 0, &file), 0);
    file->vnode = vnode_get(&vnode);
    file->read_ok = true;
    mm_thread_ops.single_threaded = single_threaded;
    mm = mm_new();
}

static void end(void)
{
    CHECK(mm_is_sound(mm));
    mm_put(mm);
    file->vnode = NULL;
    file_put(file);
    rewrite_forget_all();
    world_check_nothing_left();
}

static u8 *map_text(u32 prot, u32 flags)
{
    struct map_request r = { .len = sizeof(text), .prot = prot, .flags = flags, .file = file };
    s64 at = mm_map(mm, &r);

    CHECK(at > 0);
    return (u8 *)at;
}

static u8 *map_anonymous(u64 at, u32 prot)
{
    struct map_request r = {
        .addr = at,
        .len = sizeof(text),
        .prot = prot,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0),
    };

    return (u8 *)mm_map(mm, &r);
}

/* Where the jump at code leads. */
static u64 jump_target(const u8 *code)
{
    s32 rel;

    CHECK_EQ(code[0], 0xe9);
    memcpy(&rel, code + 1, sizeof(rel));
    return (u64)code + 5 + (u64)(s64)rel;
}

TEST(file_text_is_rewritten_when_it_is_mapped_executable)
{
    u8 *at;
    u64 stub;

    start();
    at = map_text(RX, MAP_PRIVATE);
    stub = jump_target(at + EAGER_AT - 5);
    CHECK_EQ(world_host_prot(stub), RX);
    CHECK_EQ(world_host_prot((u64)at), RX);
    CHECK_EQ(*(u8 *)stub, 0xb8);                 /* mov $39,%eax                            */
    CHECK_EQ(((u8 *)stub)[1], 39);
    CHECK_EQ(mm_original_ip(mm, stub), (u64)at + EAGER_AT - 5);
    CHECK_EQ(mm_original_ip(mm, stub + 5), (u64)at + EAGER_AT);
    CHECK_EQ(mm_resume_ip(mm, (u64)at + EAGER_AT + 2), (u64)at + EAGER_AT + 2);
    CHECK_EQ(at[LAZY_AT], 0x0f);
    end();
}

TEST(text_that_is_only_read_is_left_alone)
{
    u8 *at;

    start();
    at = map_text(PROT_READ, MAP_PRIVATE);
    CHECK_MEMEQ(at, text, sizeof(text));
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), RX), 0);
    CHECK_EQ(at[EAGER_AT - 5], 0xe9);
    CHECK_EQ(world_host_prot((u64)at), RX);
    end();
}

TEST(writable_and_anonymous_code_is_never_rewritten_beforehand)
{
    u8 *at;

    start();
    at = map_text(RX | PROT_WRITE, MAP_PRIVATE);
    CHECK_MEMEQ(at, text, sizeof(text));
    at = map_anonymous(0, RW);
    memcpy(at, text, sizeof(text));
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), RX), 0);
    CHECK_MEMEQ(at, text, sizeof(text));
    end();
}

TEST(the_original_is_back_when_the_program_may_write)
{
    u8 *at;
    u64 stub;

    start();
    at = map_text(RX, MAP_PRIVATE);
    stub = jump_target(at + EAGER_AT - 5);
    CHECK_EQ(mm_protect(mm, (u64)at, PAGE_SIZE, RW), 0);
    CHECK_MEMEQ(at, text, PAGE_SIZE);
    CHECK_EQ(at[MANY_AT + 64 - 5], 0xe9);
    CHECK_EQ(mm_original_ip(mm, stub), stub);
    CHECK_EQ(mm_protect(mm, (u64)at, PAGE_SIZE, RX), 0);
    CHECK_EQ(at[EAGER_AT - 5], 0xe9);
    end();
}

TEST(losing_and_regaining_execution_keeps_the_sites)
{
    u8 *at;
    u64 stub;

    start();
    at = map_text(RX, MAP_PRIVATE);
    stub = jump_target(at + EAGER_AT - 5);
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), PROT_READ), 0);
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), RX), 0);
    CHECK_EQ(jump_target(at + EAGER_AT - 5), stub);
    CHECK_EQ(mm_original_ip(mm, stub), (u64)at + EAGER_AT - 5);
    end();
}

TEST(peeking_shows_the_original_instructions)
{
    u8 seen[16];
    u8 *at;

    start();
    at = map_text(RX, MAP_PRIVATE);
    CHECK_EQ(mm_peek(mm, (u64)at + EAGER_AT - 8, seen, sizeof(seen)), sizeof(seen));
    CHECK_MEMEQ(seen, text + EAGER_AT - 8, sizeof(seen));
    end();
}

TEST(unmapped_code_takes_its_sites_and_its_stubs_along)
{
    start();
    for (u32 i = 0; i < 20; i++) {
        u8 *at = map_text(RX, MAP_PRIVATE);
        u64 stub = jump_target(at + EAGER_AT - 5);

        CHECK_EQ(mm_original_ip(mm, stub), (u64)at + EAGER_AT - 5);
        CHECK_EQ(code_stub_bytes(mm), PAGE_SIZE);
        CHECK_EQ(mm_unmap(mm, (u64)at, sizeof(text)), 0);
        CHECK_EQ(mm_original_ip(mm, stub), stub);
        CHECK_EQ(code_stub_bytes(mm), 0);
        CHECK_EQ(world_host_prot(stub), 0);
    }
    end();
}

TEST(a_plan_that_is_kept_gives_the_same_code_elsewhere)
{
    static struct fs fs = { .dev = 7 };
    u8 *at, *again;
    s64 distance;

    start();
    vnode.fs = &fs;
    at = map_text(RX, MAP_PRIVATE);
    again = map_text(RX, MAP_PRIVATE);
    CHECK(again != at);
    CHECK_MEMEQ(at, again, sizeof(text));
    distance = (s64)(jump_target(at + EAGER_AT - 5) - (u64)at);
    CHECK_EQ((s64)(jump_target(again + EAGER_AT - 5) - (u64)again), distance);
    CHECK_EQ(mm_original_ip(mm, (u64)again + (u64)distance), (u64)again + EAGER_AT - 5);
    CHECK_MEMEQ((u8 *)at + distance, (u8 *)again + distance, 32);

    /* Where the stubs should be there is something else. */
    CHECK_EQ(mm_unmap(mm, (u64)at, sizeof(text)), 0);
    CHECK(map_anonymous(page_floor((u64)at + (u64)distance), PROT_NONE));
    u8 *third = map_text(RX, MAP_PRIVATE);
    u64 stub = jump_target(third + EAGER_AT - 5);
    CHECK_EQ(mm_original_ip(mm, stub), (u64)third + EAGER_AT - 5);
    if (third == at)
        CHECK(stub != (u64)at + (u64)distance);
    end();
}

TEST(a_kept_plan_that_does_not_fit_is_not_used)
{
    static struct fs fs = { .dev = 8 };
    u8 *at;

    start();
    vnode.fs = &fs;
    at = map_text(RX, MAP_PRIVATE);
    CHECK_EQ(at[EAGER_AT - 5], 0xe9);
    text[EAGER_AT] = 0x90;                       /* and the time stamp says nothing         */
    at = map_text(RX, MAP_PRIVATE);
    CHECK_MEMEQ(at, text, sizeof(text));
    end();
}

TEST(a_trap_rewrites_one_site_and_a_refusal_is_remembered)
{
    u64 insn, stub;
    u8 *at;

    start();
    threads_single = true;
    at = map_text(RX, MAP_PRIVATE);
    insn = (u64)at + LAZY_AT;
    CHECK_EQ(mm_trap(mm, insn, 1), insn + 2);
    CHECK_EQ(at[LAZY_AT - 7], 0xe9);             /* BEFORE: mov $1,%rsi has moved           */
    stub = jump_target(at + LAZY_AT - 7);
    CHECK_EQ(mm_original_ip(mm, stub), insn - 7);
    CHECK_EQ(mm_original_ip(mm, stub + 7), insn);
    CHECK_EQ(mm_resume_ip(mm, insn), stub + 7);  /* without the detour of another trap      */
    CHECK_EQ(world_host_prot(stub), RX);
    CHECK_EQ(world_host_prot(insn), RX);

    u64 protects = world.protects;
    CHECK_EQ(mm_trap(mm, insn, 1), insn + 2);
    CHECK_EQ(world.protects, protects);
    end();
}

TEST(a_trap_where_the_program_may_write_changes_nothing)
{
    u8 *at;

    start();
    threads_single = true;
    at = map_text(RX | PROT_WRITE, MAP_PRIVATE);
    CHECK_EQ(mm_trap(mm, (u64)at + LAZY_AT, 1), (u64)at + LAZY_AT + 2);
    CHECK_MEMEQ(at, text, sizeof(text));
    CHECK_EQ(mm_trap(mm, (u64)at + sizeof(text) + 100, 1), (u64)at + sizeof(text) + 102);
    end();
}

TEST(anonymous_code_is_rewritten_at_its_trap_and_restored_for_the_jit)
{
    u8 *at;

    start();
    threads_single = true;
    at = map_anonymous(0, RW);
    memcpy(at, text, sizeof(text));
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), RX), 0);
    mm_trap(mm, (u64)at + LAZY_AT, 1);
    CHECK_EQ(at[LAZY_AT - 7], 0xe9);
    CHECK_EQ(mm_protect(mm, (u64)at, sizeof(text), RW), 0);
    CHECK_MEMEQ(at, text, sizeof(text));
    end();
}

TEST(moved_code_has_its_original_instructions)
{
    u8 *at, *to;

    start();
    at = map_text(RX, MAP_PRIVATE);
    to = (u8 *)mm_remap(mm, (u64)at, sizeof(text), sizeof(text) + PAGE_SIZE, MREMAP_MAYMOVE, 0);
    CHECK((s64)to > 0);
    CHECK_EQ(to[EAGER_AT - 5] == 0xe9 || !memcmp(to, text, sizeof(text)), 1);
    if (to[EAGER_AT - 5] == 0xe9)
        CHECK_EQ(mm_original_ip(mm, jump_target(to + EAGER_AT - 5)), (u64)to + EAGER_AT - 5);
    end();
}

TEST(replaced_code_forgets_its_sites)
{
    u8 *at;
    u64 stub;

    start();
    at = map_text(RX, MAP_PRIVATE);
    stub = jump_target(at + EAGER_AT - 5);
    CHECK(map_anonymous((u64)at, RX) == at);
    CHECK_EQ(at[EAGER_AT - 5], 0);
    CHECK_EQ(mm_original_ip(mm, stub), stub);
    end();
}
