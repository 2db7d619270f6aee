/* SPDX-License-Identifier: MIT */
/*
 * What patch_plan() answers: the exact bytes of the simplest shape, and every reason to refuse.
 */
#include "kernel/arch/x86_64/patch.h"
#include "abi/linux/errno.h"
#include "tests/unit/test.h"

#include <string.h>

enum { ADDR = 0x10000000, STUB = 0x10020000, SLOT = 0x1002fff8, FILL = 96 };

/* FILL bytes of plain code, a site, and plain code up to the end. */
struct code {
    u8 bytes[512];
    struct patch_text text;
};

static void make(struct code *c, const char *site, size_t size, size_t text_size)
{
    static const u8 filler[] = { 0x48, 0x89, 0xc0, 0x48, 0x8d, 0x36, 0x89, 0xc0,
                                 0x4d, 0x89, 0xe4, 0x48, 0x8d, 0x7f, 0x08, 0x85 };

    for (size_t i = 0; i < sizeof(c->bytes); i++)
        c->bytes[i] = filler[i % 15];
    memcpy(c->bytes + FILL - 6, "\x4c\x89\xd8\x48\x85\xdb", 6);
    memcpy(c->bytes + FILL, site, size);
    c->text = (struct patch_text){ .bytes = c->bytes, .size = text_size, .addr = ADDR };
}

#define MAKE(c, site)      make(c, site, sizeof(site) - 1, sizeof((c)->bytes))
#define MAKE_LAST(c, site) make(c, site, sizeof(site) - 1, FILL + sizeof(site) - 1)

static int plan_nr(const struct code *c, size_t off, u64 nr, enum patch_threads threads,
                   struct patch *ret)
{
    struct patch_trap trap = { .insn = ADDR + FILL + off, .nr = nr, .threads = threads };
    struct patch_place place = { .stub = STUB, .slot = SLOT };

    return patch_plan(&c->text, &trap, &place, ret);
}

static int plan(const struct code *c, size_t off, struct patch *ret)
{
    return plan_nr(c, off, 39, PATCH_ALONE, ret);
}

TEST(patch_of_p7_is_exactly_this)
{
    static const u8 stub[] = {
        0xb8, 39,   0,    0,    0,                /* mov  $39,%eax                          */
        0x48, 0x8d, 0x0d, 0x5b, 0x00, 0xfe, 0xff, /* lea  S+2(%rip),%rcx                    */
        0xff, 0x25, 0xe6, 0xff, 0,    0,          /* jmp  *slot(%rip)                       */
    };
    static const u8 code[] = { 0xe9, 0x9b, 0xff, 0x01, 0x00 };
    struct code c;
    struct patch p;

    MAKE(&c, "\xb8\x27\0\0\0\x0f\x05");
    CHECK_EQ(plan(&c, 5, &p), 0);
    CHECK_EQ(p.shape, PATCH_P7);
    CHECK_EQ(p.at, ADDR + FILL);
    CHECK_EQ(p.insn, ADDR + FILL + 5);
    CHECK_EQ(p.len, 5);
    CHECK_EQ(p.store_len, 5);
    CHECK_MEMEQ(p.code, code, sizeof(code));
    CHECK_EQ(p.stub_len, sizeof(stub));
    CHECK_MEMEQ(p.stub_code, stub, sizeof(stub));
    CHECK_EQ(p.in_word, true);
    CHECK_EQ(p.must_stop, false);
}

TEST(patch_of_cpuid_is_ud2)
{
    struct patch_place place = { .stub = STUB, .slot = SLOT };
    struct code c;
    struct patch p;

    MAKE(&c, "\x0f\xa2\x89\xc2");
    CHECK_EQ(patch_build(&c.text, ADDR + FILL, PATCH_CPUID, &place, &p), 0);
    CHECK_EQ(p.at, ADDR + FILL);
    CHECK_EQ(p.len, 2);
    CHECK_EQ(p.stub, 0);
    CHECK_EQ(p.stub_len, 0);
    CHECK_MEMEQ(p.code, "\x0f\x0b", 2);
    CHECK(patch_is_live_safe(&p));
}

TEST(patch_of_cpuid_with_room_enters_the_kernel)
{
    /* lea cont(%rip),%rdx; jmp *slot(%rip); what has moved; jmp back */
    static const u8 stub[] = { 0x48, 0x8d, 0x15, 6, 0, 0, 0, 0xff, 0x25 };
    struct patch_place place = { .stub = STUB, .slot = SLOT, .cpuid_slot = SLOT + 8 };
    struct code c;
    struct patch p;
    u32 to_slot;

    MAKE(&c, "\x0f\xa2\x89\xc2\x83\xe2\x1f");
    CHECK_EQ(patch_build(&c.text, ADDR + FILL, PATCH_AFTER, &place, &p), 0);
    CHECK_EQ(p.at, ADDR + FILL);
    CHECK_EQ(p.insn, ADDR + FILL);
    CHECK_EQ(p.code[0], 0xe9);
    CHECK_MEMEQ(p.stub_code, stub, sizeof(stub));
    memcpy(&to_slot, p.stub_code + sizeof(stub), sizeof(to_slot));
    CHECK_EQ((u64)(STUB + 13 + (s64)(s32)to_slot), SLOT + 8);
    CHECK_MEMEQ(p.stub_code + 13, "\x89\xc2\x83\xe2\x1f", 5);
    CHECK_EQ(p.points[0].orig_off, 0);
    CHECK_EQ(p.points[1].orig_off, 0);
    CHECK_EQ(p.points[2].orig_off, 2);
}

TEST(patch_refuses_what_is_no_system_call)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\x0f\x04");
    CHECK_EQ(plan(&c, 0, &p), -EINVAL);
    CHECK_EQ(plan(&c, 100000, &p), -EINVAL);
    MAKE_LAST(&c, "\x0f");
    CHECK_EQ(plan(&c, 0, &p), -EINVAL);
}

TEST(patch_refuses_the_sigreturn_that_unwinders_recognise)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05\x48\x89\xc2\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 7, 15, PATCH_ALONE, &p), -EPERM);
}

/* With an immediate of any size: the instruction was executed with that number. */
TEST(patch_takes_any_number_at_a_trap)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\xb8\0\0\0\x10\x0f\x05");
    CHECK_EQ(plan_nr(&c, 5, 0x10000000, PATCH_ALONE, &p), 0);
    CHECK_EQ(p.shape, PATCH_P7);
}

/* Executed with a number that the mov before it does not load: somebody jumps to S. */
TEST(patch_of_a_site_reached_by_a_branch_serves_the_branch)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\xb8\x27\0\0\0\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 5, 40, PATCH_ALONE, &p), 0);
    CHECK_EQ(p.shape, PATCH_AFTER);
}

/* jmp to S+2, S+3, S+4: from before, from behind, short and long; each refuses AFTER, and BEFORE
 * takes its place. */
TEST(patch_never_takes_after_if_a_branch_leads_behind_the_call)
{
    static const struct {
        const char *site;
        size_t size, off;
    } sites[] = {
        { "\x75\x07\x4c\x89\x5c\x24\x08\x0f\x05\xc3\xe9\0\0\0\0", 15, 7 },     /* S+2       */
        { "\x75\x08\x4c\x89\x5c\x24\x08\x0f\x05\xc3\xe9\0\0\0\0", 15, 7 },     /* S+3: musl's */
        { "\x75\x09\x4c\x89\x5c\x24\x08\x0f\x05\x90\x90\x90\x90\x90", 14, 7 }, /* S+4       */
        { "\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2\x48\x89\xc2\xe2\xf8", 15, 5 },
        { "\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2\x48\x89\xc2\xe9\xf5\xff\xff\xff", 18, 5 },
        { "\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2\x0f\x84\xf7\xff\xff\xff", 16, 5 },
        { "\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2\xc7\xf8\xf7\xff\xff\xff", 16, 5 },
        { "\xe8\x07\0\0\0\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2", 15, 10 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
        struct code c;
        struct patch p;

        make(&c, sites[i].site, sites[i].size, sizeof(c.bytes));
        CHECK_EQ(plan(&c, sites[i].off, &p), 0);
        CHECK_EQ(p.shape, PATCH_BEFORE);
        CHECK_EQ(p.at, ADDR + FILL + sites[i].off - 5);
    }
}

/* A branch to S itself is harmless in every shape. */
TEST(patch_does_not_mind_a_branch_to_the_call)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\x75\x05\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan(&c, 7, &p), 0);
    CHECK_EQ(p.shape, PATCH_AFTER);
    MAKE(&c, "\x75\x05\x4c\x89\x5c\x24\x08\x0f\x05\xe8\0\0\0\0");
    CHECK_EQ(plan(&c, 7, &p), 0);
    CHECK_EQ(p.shape, PATCH_BEFORE);
}

TEST(patch_never_takes_before_if_a_branch_leads_between_what_moves)
{
    struct code c;
    struct patch p;

    /* jne to the second of two moved instructions; a call follows */
    MAKE(&c, "\x75\x03\x48\x89\xf2\x4c\x89\xd8\x0f\x05\xe8\0\0\0\0");
    CHECK_EQ(plan(&c, 8, &p), -ENOENT);
    /* to the first: that is where the jump will be */
    MAKE(&c, "\x75\x00\x48\x89\xf2\x4c\x89\xd8\x0f\x05\xe8\0\0\0\0");
    CHECK_EQ(plan(&c, 8, &p), 0);
    CHECK_EQ(p.shape, PATCH_BEFORE);
}

/* Between a call or padding before it and a call behind it, nothing can be moved. */
TEST(patch_refuses_instructions_that_must_not_move)
{
    static const struct {
        const char *site;
        size_t size, off;
    } sites[] = {
        { "\xe8\0\0\0\0\x0f\x05\xe8\0\0\0\0", 12, 5 },
        { "\x0f\x1f\x44\0\0\x31\xc0\x0f\x05\xff\xd0", 11, 7 },         /* padding           */
        { "\xff\xd0\x31\xc0\x0f\x05\xe2\x00", 8, 4 },                  /* loop              */
        { "\xff\xd0\x31\xc0\x0f\x05\x0f\x05", 8, 4 },                  /* syscall           */
        { "\xff\xd0\x31\xc0\x0f\x05\xc7\xf8\0\x01\0\0", 12, 4 },       /* xbegin            */
        { "\xff\xd0\x31\xc0\x0f\x05\x0f\xa2\x90", 9, 4 },              /* cpuid             */
        { "\xff\xd0\x31\xc0\x0f\x05\x06\x90\x90", 9, 4 },              /* undecodable       */
        { "\xff\xd0\x31\xc0\x0f\x05\xf3\x0f\x1e\xfa", 10, 4 },         /* endbr64           */
        { "\xff\xd0\x31\xc0\x0f\x05\xc3\x48\x89\xc2", 10, 4 },         /* next function     */
        { "\xff\xd0\x31\xc0\x0f\x05\xc3\x90\x90\x48\x89\xc2", 12, 4 }, /* nops of one       */
        { "\xff\xd0\x31\xc0\x0f\x05\xeb\x00\x48\x89\xc2", 11, 4 },     /* jmp               */
    };

    for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
        struct code c;
        struct patch p;

        make(&c, sites[i].site, sites[i].size, sizeof(c.bytes));
        int err = plan(&c, sites[i].off, &p);
        if (err != -ENOENT)
            test_fail(__FILE__, __LINE__, "site %zu: %d, shape %u", i, err, p.shape);
    }
}

/* What stands behind exit() need not belong to the same function. */
TEST(patch_never_takes_after_for_a_call_that_does_not_return)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\xff\xd0\x31\xc0\x0f\x05\x48\x89\xc2\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 4, 60, PATCH_ALONE, &p), -ENOENT);
    CHECK_EQ(plan_nr(&c, 4, 231, PATCH_ALONE, &p), -ENOENT);
    CHECK_EQ(plan_nr(&c, 4, 61, PATCH_ALONE, &p), 0);
    CHECK_EQ(p.shape, PATCH_AFTER);
}

TEST(patch_stays_inside_the_text)
{
    struct code c;
    struct patch p;

    MAKE_LAST(&c, "\xb8\x27\0\0\0\x0f\x05");
    CHECK_EQ(plan(&c, 5, &p), 0);
    CHECK_EQ(p.shape, PATCH_P7);

    /* AFTER would need a third byte behind the call */
    MAKE_LAST(&c, "\xff\xd0\x31\xc0\x0f\x05\x89\xc2");
    CHECK_EQ(plan(&c, 4, &p), -ENOENT);
    MAKE_LAST(&c, "\xff\xd0\x31\xc0\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan(&c, 4, &p), 0);
    CHECK_EQ(p.shape, PATCH_AFTER);
    CHECK_EQ(p.at + p.len, ADDR + c.text.size);
}

TEST(patch_refuses_a_stub_out_of_reach)
{
    struct patch_trap trap = { .insn = ADDR + FILL + 5, .nr = 39 };
    struct patch_place far_stub = { .stub = ADDR + 0x80000100u, .slot = ADDR + 0x80000100u };
    struct patch_place far_slot = { .stub = STUB, .slot = STUB + 0x80000100u };
    struct code c;
    struct patch p;

    MAKE(&c, "\xb8\x27\0\0\0\x0f\x05");
    CHECK_EQ(patch_plan(&c.text, &trap, &far_stub, &p), -ERANGE);
    CHECK_EQ(patch_plan(&c.text, &trap, &far_slot, &p), -ERANGE);
}

/* The operand is reachable from the site and not from the stub. */
TEST(patch_refuses_to_move_an_operand_out_of_reach)
{
    struct patch_trap trap = { .insn = ADDR + FILL + 2, .nr = 39 };
    struct patch_place place = { .stub = ADDR - 0x10000000, .slot = ADDR - 0x10000000 };
    struct code c;
    struct patch p;

    MAKE(&c, "\xff\xd0\x0f\x05\x48\x8b\x15\xff\xff\xff\x7f");
    CHECK_EQ(patch_plan(&c.text, &trap, &place, &p), -ERANGE);
    place.stub = place.slot = ADDR + 0x10000000;
    CHECK_EQ(patch_plan(&c.text, &trap, &place, &p), 0);
}

/* With other threads about, only what one aligned store does. */
TEST(patch_while_threads_run_is_one_store)
{
    struct code c;
    struct patch p;

    MAKE(&c, "\xb8\x27\0\0\0\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 5, 39, PATCH_LIVE, &p), 0);
    CHECK_EQ(p.shape, PATCH_P7);
    CHECK(patch_is_live_safe(&p));

    /* four bytes further the jump crosses a word */
    MAKE(&c, "\x48\x8d\x7f\x08\xb8\x27\0\0\0\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 9, 39, PATCH_LIVE, &p), -EAGAIN);
    CHECK_EQ(plan_nr(&c, 9, 39, PATCH_ALONE, &p), 0);
    CHECK_EQ(p.shape, PATCH_P7);
    CHECK(!patch_is_live_safe(&p));

    /* one moved instruction */
    MAKE(&c, "\x4c\x89\x5c\x24\x08\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 5, 39, PATCH_LIVE, &p), 0);
    CHECK_EQ(p.shape, PATCH_BEFORE);
    CHECK(patch_is_live_safe(&p));

    /* two: a thread may stand between them; AFTER: at S+2 */
    MAKE(&c, "\x48\x89\xf2\x4c\x89\xd8\x0f\x05\x48\x89\xc2");
    CHECK_EQ(plan_nr(&c, 6, 39, PATCH_LIVE, &p), -EAGAIN);
    CHECK_EQ(plan_nr(&c, 6, 39, PATCH_ALONE, &p), 0);
    CHECK_EQ(p.shape, PATCH_AFTER);
    CHECK(p.must_stop);

    /* nothing at all */
    MAKE(&c, "\xe8\0\0\0\0\x0f\x05\xe8\0\0\0\0");
    CHECK_EQ(plan_nr(&c, 5, 39, PATCH_LIVE, &p), -ENOENT);
}

/* call; syscall; call; ret; padding up to a multiple of 16: two holes of five bytes. */
#define HOP_SITE                                                                                   \
    "\xe8\x16\0\0\0\x0f\x05\xe8\x0f\0\0\0\xc3\x90\x90\x0f\x1f\x44\0\0"                             \
    "\x0f\x1f\x84\0\0\0\0\0\x0f\x1f\x40\0\xc3"

static u64 taken_hole;

static bool is_taken(const void *arg, u64 at, u64 len)
{
    (void)arg;
    return at < taken_hole + PATCH_JMP_LEN && taken_hole < at + len;
}

TEST(patch_hops_through_padding_that_nothing_executes)
{
    struct code c;
    struct patch p;

    MAKE(&c, HOP_SITE);
    CHECK_EQ(plan(&c, 5, &p), 0);
    CHECK_EQ(p.shape, PATCH_HOP);
    CHECK_EQ(p.at, ADDR + FILL + 5);
    CHECK_EQ(p.len, 2);
    CHECK_EQ(p.hole, ADDR + FILL + 13);
    CHECK_EQ(p.code[0], 0xeb);
    CHECK_EQ(p.code[1], 6);
    CHECK_MEMEQ(p.hole_original, "\x90\x90\x0f\x1f\x44", 5);
    CHECK_EQ(p.hole_code[0], 0xe9);
    CHECK(!p.must_stop);

    /* the first is in use, then the second, then all */
    c.text.is_taken = is_taken;
    taken_hole = ADDR + FILL + 13;
    CHECK_EQ(plan(&c, 5, &p), 0);
    CHECK_EQ(p.hole, ADDR + FILL + 18);
    taken_hole = ADDR + FILL + 18;
    CHECK_EQ(plan(&c, 5, &p), 0);
    CHECK_EQ(p.hole, ADDR + FILL + 13);
}

TEST(patch_hops_through_nothing_that_might_be_code)
{
    static const struct {
        const char *site;
        size_t size;
    } sites[] = {
        /* the call before falls through into the padding */
        { "\xe8\0\0\0\0\x0f\x05\xe8\0\0\0\0\x90\x90\x90\x0f\x1f\x44\0\0"
          "\x0f\x1f\x84\0\0\0\0\0\x0f\x1f\x40\0\xc3",
          33 },
        /* something branches to the padding */
        { "\xe8\x16\0\0\0\x0f\x05\xe8\x01\0\0\0\xc3\x90\x90\x0f\x1f\x44\0\0"
          "\x0f\x1f\x84\0\0\0\0\0\x0f\x1f\x40\0\xc3",
          33 },
        /* too little */
        { "\xe8\x06\0\0\0\x0f\x05\xe8\0\0\0\0\xc3\x90\x90\x90\xc3", 17 },
        /* code before the boundary */
        { "\xe8\x16\0\0\0\x0f\x05\xe8\x0f\0\0\0\xc3\x90\x90\x0f\x1f\x44\0\0"
          "\x0f\x1f\x84\0\0\0\0\0\x48\x89\xc0\x90\xc3",
          33 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
        struct code c;
        struct patch p;

        make(&c, sites[i].site, sites[i].size, sizeof(c.bytes));
        int err = plan(&c, 5, &p);
        if (err != -ENOENT)
            test_fail(__FILE__, __LINE__, "site %zu: %d, shape %u", i, err, p.shape);
    }
}

/* A hole in another page may be unmapped or written to without the site. */
TEST(patch_hops_within_a_page_only)
{
    struct code c;
    struct patch p;

    MAKE(&c, HOP_SITE);
    c.text.addr = 0x10001000 - FILL - 16;        /* the page ends inside the padding        */
    struct patch_trap trap = { .insn = c.text.addr + FILL + 5, .nr = 39 };
    struct patch_place place = { .stub = STUB, .slot = SLOT };
    CHECK_EQ(patch_plan(&c.text, &trap, &place, &p), -ENOENT);
}
