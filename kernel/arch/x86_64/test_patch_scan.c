/* SPDX-License-Identifier: MIT */
/*
 * What the eager pass finds, and what it must leave alone: code made for the purpose, and real
 * files, where Zydis says what is a system call and each file has to reach its known coverage.
 */
#include "kernel/arch/x86_64/patch.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/test_text.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_ADDR = 0x10000000 };

/* A text under construction. */
struct code {
    u8 bytes[1024];
    size_t size;
};

static void add(struct code *c, const char *bytes, size_t size)
{
    CHECK(c->size + size <= sizeof(c->bytes));
    memcpy(c->bytes + c->size, bytes, size);
    c->size += size;
}

#define ADD(c, bytes) add(c, bytes, sizeof(bytes) - 1)

/* Ordinary instructions of several lengths, so that a vote has something to go by. */
static void add_filler(struct code *c)
{
    ADD(c,
        "\x48\x89\xf8\x83\xc1\x01\x48\x8d\x77\x08\x41\x89\xd2\x48\x83\xec\x10\x48\x8b\x44\x24\x08"
        "\x48\x01\xd8\x4c\x8b\x67\x10\x31\xdb\x48\x39\xd0\x49\x89\xc4\x48\x8b\x1f\x85\xc9\x90");
    ADD(c,
        "\x48\x89\xd9\x44\x89\xe2\x48\x83\xc4\x10\x4c\x89\xe6\x48\x85\xc0\x89\xc3\x48\x8b\x57\x18");
}

static size_t scan_all(const struct patch_text *text, struct patch_found *ret, size_t max)
{
    struct patch_scan scan = { 0 };
    size_t count = 0, n;

    /* two at a time: the scan has to continue where it was */
    while (count + 2 <= max && (n = patch_scan_next(text, &scan, ret + count, 2)))
        count += n;
    return count;
}

static size_t scan_code(const struct code *c, struct patch_found *ret)
{
    struct patch_text text = { .bytes = c->bytes, .size = c->size, .addr = CODE_ADDR };

    return scan_all(&text, ret, 16);
}

/* filler, site, filler at each alignment: the search reads words. */
static void check_found(const char *site, size_t size, size_t insn_off, enum patch_shape shape)
{
    for (size_t shift = 0; shift < 16; shift++) {
        struct patch_found found[16];
        struct code c = { 0 };

        for (size_t i = 0; i < shift; i++)
            ADD(&c, "\x90");
        add_filler(&c);
        size_t off = c.size + insn_off;
        add(&c, site, size);
        add_filler(&c);
        CHECK_EQ(scan_code(&c, found), 1);
        CHECK_EQ(found[0].off, off);
        CHECK_EQ(found[0].shape, shape);
    }
}

#define CHECK_FOUND(site, insn_off, shape) check_found(site, sizeof(site) - 1, insn_off, shape)

TEST(patch_scan_finds_the_idioms)
{
    CHECK_FOUND("\xb8\x27\0\0\0\x0f\x05", 5, PATCH_P7);
    CHECK_FOUND("\xb8\x27\x04\0\0\x0f\x05", 5, PATCH_P7); /* SYS_myst_* end: 1063           */
    CHECK_FOUND("\x48\xc7\xc0\x27\0\0\0\x0f\x05", 7, PATCH_C7);
    CHECK_FOUND("\x0f\x05\x48\x3d\0\xf0\xff\xff", 0, PATCH_AFTER);
    CHECK_FOUND("\x0f\x05\x48\x3d\x01\xf0\xff\xff", 0, PATCH_AFTER);
    CHECK_FOUND("\x0f\x05\x3d\0\xf0\xff\xff", 0, PATCH_AFTER);
    CHECK_FOUND("\x0f\xa2\x89\xc2\x83\xe2\x1f", 0, PATCH_AFTER);
    CHECK_FOUND("\x0f\xa2\x83\xe2\x1f\xff\xe2", 0, PATCH_AFTER);
    CHECK_FOUND("\x0f\xa2\x50\xff\xd2", 0, PATCH_CPUID); /* a call does not move            */
}

static void check_left_alone(const char *site, size_t size)
{
    struct patch_found found[16];
    struct code c = { 0 };

    add_filler(&c);
    add(&c, site, size);
    add_filler(&c);
    size_t count = scan_code(&c, found);
    if (count)
        test_fail(__FILE__, __LINE__, "found shape %u at %u", found[0].shape, found[0].off);
}

#define CHECK_LEFT_ALONE(site) check_left_alone(site, sizeof(site) - 1)

/* Bytes that look like a system call to somebody who does not know where instructions begin, and
 * system calls that have to stay as they are.  A growing list. */
TEST(patch_scan_leaves_lookalikes_alone)
{
    CHECK_LEFT_ALONE("\x81\xb8\x90\0\0\0\x0f\x05\0\0");     /* cmpl $0x50f,144(%rax)        */
    CHECK_LEFT_ALONE("\xc7\x84\xb8\0\x01\0\0\x0f\x05\0\0"); /* movl $0x50f,256(..)          */
    CHECK_LEFT_ALONE("\x41\xb8\x27\0\0\0\x0f\x05");         /* mov $39,%r8d                 */
    CHECK_LEFT_ALONE("\x66\xb8\x27\0\x00\x90\x0f\x05");     /* mov $39,%ax                  */
    CHECK_LEFT_ALONE("\xb8\x28\x04\0\0\x0f\x05");           /* 1064: nobody's               */
    CHECK_LEFT_ALONE("\xb8\0\0\0\x80\x0f\x05");
    CHECK_LEFT_ALONE("\x48\xc7\xc0\x0f\0\0\0\x0f\x05"); /* __restore_rt                     */
    CHECK_LEFT_ALONE("\x48\xc7\xc0\x0f\0\0\0\x0f\x05\x48\x3d\0\xf0\xff\xff");
    CHECK_LEFT_ALONE("\x31\xc0\x0f\x05\x48\x85\xc0");         /* at its first trap          */
    CHECK_LEFT_ALONE("\x05\x0f\x05\0\0");                     /* add $0x50f,%eax            */
    CHECK_LEFT_ALONE("\x48\xb8\x0f\x05\x3d\0\xf0\xff\xff\0"); /* movabs                     */
    CHECK_LEFT_ALONE("\x05\x0f\xa2\0\0");                     /* add $0xa20f,%eax           */
    CHECK_LEFT_ALONE("\x0f\xa2\x06\x06\x06");                 /* no code behind it          */
    CHECK_LEFT_ALONE("\x0f\xa2\x4d\x89\xc1\x4d\x89\xd3\x4d\x31\xed\x4d\x89\xf7\xc3"); /* unused */
}

/* jne to the cmp behind the system call. */
TEST(patch_scan_leaves_a_site_alone_that_something_branches_into)
{
    CHECK_LEFT_ALONE("\x75\x02\x0f\x05\x48\x3d\0\xf0\xff\xff");
    CHECK_LEFT_ALONE("\x0f\x05\x48\x3d\0\xf0\xff\xff\xeb\xf8");
    CHECK_LEFT_ALONE("\x0f\x85\x02\0\0\0\x0f\x05\x48\x3d\0\xf0\xff\xff");
    CHECK_LEFT_ALONE("\x48\x8d\x05\x02\0\0\0\x0f\x05\x48\x3d\0\xf0\xff\xff");
}

TEST(patch_scan_finds_sites_that_follow_each_other)
{
    struct patch_found found[16];
    struct code c = { 0 };

    add_filler(&c);
    ADD(&c, "\xb8\x27\0\0\0\x0f\x05\xb8\x28\0\0\0\x0f\x05\x48\x3d\0\xf0\xff\xff");
    add_filler(&c);
    CHECK_EQ(scan_code(&c, found), 2);
    CHECK_EQ(found[0].shape, PATCH_P7);
    CHECK_EQ(found[1].shape, PATCH_P7);
    CHECK_EQ(found[1].off - found[0].off, 7);
}

/* Cut the text behind every byte of each idiom: a site counts when all its bytes are there. */
TEST(patch_scan_takes_no_byte_outside_the_text)
{
    static const struct {
        const char *bytes;
        size_t size, needs;
    } sites[] = {
        { "\xb8\x27\0\0\0\x0f\x05", 7, 7 },
        { "\x48\xc7\xc0\x27\0\0\0\x0f\x05", 9, 9 },
        { "\x0f\x05\x48\x3d\0\xf0\xff\xff", 8, 8 },
        { "\x0f\x05\x3d\0\xf0\xff\xff", 7, 7 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
        for (size_t cut = 0; cut <= sites[i].size; cut++) {
            struct patch_found found[16];
            struct code c = { 0 };

            add_filler(&c);
            add(&c, sites[i].bytes, cut);
            u8 *exact = malloc(c.size);          /* AddressSanitizer guards its end         */
            memcpy(exact, c.bytes, c.size);
            struct patch_text text = { .bytes = exact, .size = c.size, .addr = CODE_ADDR };
            CHECK_EQ(scan_all(&text, found, 16), cut >= sites[i].needs);
            free(exact);
        }
    }
}

/* What Zydis says about a byte of the text. */
enum truth { TRUTH_INSIDE, TRUTH_INSN, TRUTH_SYSCALL, TRUTH_CPUID };

struct coverage {
    u8 *truth;                                   /* enum truth, for each byte               */
    size_t at;                                   /* of the section being swept              */
    u32 calls, cpuids;
    u32 eager[PATCH_CPUID + 1];                  /* by shape                                */
    u32 lazy[PATCH_CPUID + 1];
    u32 live[PATCH_CPUID + 1];                   /* at a first trap while threads run       */
    u32 sigreturns;
    u32 traps;                                   /* cpuids that become ud2                  */
};

static void note_truth(void *arg, size_t off, const struct test_insn *z)
{
    struct coverage *c = arg;
    enum truth truth = TRUTH_INSN;

    if (z->insn.mnemonic == ZYDIS_MNEMONIC_SYSCALL)
        truth = TRUTH_SYSCALL;
    else if (z->insn.mnemonic == ZYDIS_MNEMONIC_CPUID)
        truth = TRUTH_CPUID;
    c->truth[c->at + off] = (u8)truth;
    c->calls += truth == TRUTH_SYSCALL;
    c->cpuids += truth == TRUTH_CPUID;
}

/* Everything found eagerly is what Zydis says it is, and a patch of it can be made. */
static void cover_eagerly(struct coverage *c, const struct patch_text *text)
{
    struct patch_place place = {
        .stub = text->addr + text->size,
        .slot = text->addr,
        .cpuid_slot = text->addr + 8,
    };
    struct patch_scan scan = { 0 };
    struct patch_found found[8];
    struct patch p;
    size_t n;

    while ((n = patch_scan_next(text, &scan, found, ARRAY_SIZE(found)))) {
        for (size_t i = 0; i < n; i++) {
            enum truth truth = c->truth[found[i].off];
            bool cpuid = text->bytes[found[i].off + 1] == 0xa2;
            CHECK_EQ(truth, cpuid ? TRUTH_CPUID : TRUTH_SYSCALL);
            CHECK_EQ(patch_build(text, text->addr + found[i].off, found[i].shape, &place, &p), 0);
            CHECK(found[i].shape == PATCH_CPUID || c->truth[p.at - text->addr] != TRUTH_INSIDE);
            c->eager[cpuid ? PATCH_CPUID : found[i].shape]++;
            c->traps += found[i].shape == PATCH_CPUID;
        }
    }
}

/* As if each system call had just trapped, with the number that the mov before it loads. */
static void cover_lazily(struct coverage *c, const struct patch_text *text)
{
    struct patch_place place = { .stub = text->addr + text->size, .slot = text->addr };
    struct patch p;

    for (size_t off = 0; off < text->size; off++) {
        struct patch_trap trap = { .insn = text->addr + off };
        if (c->truth[off] != TRUTH_SYSCALL)
            continue;
        if (off >= 5)
            memcpy(&trap.nr, text->bytes + off - 4, 4);

        trap.threads = PATCH_LIVE;
        bool live = !patch_plan(text, &trap, &place, &p);
        CHECK(!live || patch_is_live_safe(&p));
        c->live[live ? p.shape : PATCH_NONE]++;

        trap.threads = PATCH_ALONE;
        int err = patch_plan(text, &trap, &place, &p);
        if (!err) {
            CHECK(c->truth[p.at - text->addr] != TRUTH_INSIDE);
            c->lazy[p.shape]++;
        } else if (err == -EPERM) {
            c->sigreturns++;
        } else {
            CHECK_EQ(err, -ENOENT);
            c->lazy[PATCH_NONE]++;
        }
    }
}

static struct coverage cover_file(const char *path)
{
    struct coverage c = { 0 };
    struct test_text t;

    if (!test_text_open(&t, path))
        test_skip(path);
    for (size_t i = 0; i < t.segment_count; i++) {
        struct patch_text *segment = &t.segment[i];
        c.truth = calloc(1, segment->size);
        for (size_t k = 0; k < t.section_count; k++) {
            c.at = (size_t)(t.section[k].addr - segment->addr);
            if (t.section[k].addr >= segment->addr && c.at < segment->size)
                test_sweep(&t.section[k], note_truth, &c);
        }
        cover_eagerly(&c, segment);
        cover_lazily(&c, segment);
        free(c.truth);
    }
    test_text_close(&t);
    printf("%s: %u system calls; eager P7 %u C7 %u AFTER %u; first trap P7 %u C7 %u AFTER %u "
           "BEFORE %u HOP %u; with threads P7 %u C7 %u BEFORE %u HOP %u; never %u; cpuid %u of %u, "
           "%u by exception\n",
           path, c.calls, c.eager[PATCH_P7], c.eager[PATCH_C7], c.eager[PATCH_AFTER],
           c.lazy[PATCH_P7], c.lazy[PATCH_C7], c.lazy[PATCH_AFTER], c.lazy[PATCH_BEFORE],
           c.lazy[PATCH_HOP], c.live[PATCH_P7], c.live[PATCH_C7], c.live[PATCH_BEFORE],
           c.live[PATCH_HOP], c.lazy[PATCH_NONE], c.eager[PATCH_CPUID], c.cpuids, c.traps);
    return c;
}

/* eager_percent: of all system calls; never_max: those that no shape fits, in percent. */
static void check_coverage(const char *path, u32 eager_percent, u32 never_percent)
{
    struct coverage c = cover_file(path);
    u32 eager = c.eager[PATCH_P7] + c.eager[PATCH_C7] + c.eager[PATCH_AFTER];

    CHECK(c.calls > 0);
    CHECK(eager * 100 >= c.calls * eager_percent);
    CHECK(c.lazy[PATCH_NONE] * 100 <= c.calls * never_percent);
    CHECK(c.live[PATCH_NONE] * 5 <= c.calls);
    CHECK(c.eager[PATCH_CPUID] * 10 >= c.cpuids * 9);
}

TEST(patch_covers_glibc)
{
    check_coverage("/lib/x86_64-linux-gnu/libc.so.6", 95, 1);
}

TEST(patch_covers_the_glibc_loader)
{
    check_coverage("/lib64/ld-linux-x86-64.so.2", 85, 3);
}

/* Half of musl's calls load the number early: theirs is the first trap. */
TEST(patch_covers_musl)
{
    check_coverage("/lib/ld-musl-x86_64.so.1", 45, 1);
}

TEST(patch_covers_go)
{
    check_coverage("/usr/lib/go-1.19/bin/go", 90, 1);
}

TEST(patch_covers_libgomp)
{
    check_coverage("/usr/lib/x86_64-linux-gnu/libgomp.so.1", 0, 1);
}

TEST(patch_covers_a_static_program)
{
    check_coverage("/sbin/ldconfig", 80, 1);
}

static void check_no_calls(const char *path)
{
    struct coverage c = cover_file(path);

    CHECK_EQ(c.eager[PATCH_P7] + c.eager[PATCH_C7] + c.eager[PATCH_AFTER], 0);
}

/* No system call in any of them, but the bytes: in immediates, and in tables inside .text. */
TEST(patch_finds_nothing_in_libm)
{
    check_no_calls("/lib/x86_64-linux-gnu/libm.so.6");
}

TEST(patch_finds_nothing_in_python)
{
    check_no_calls("/usr/bin/python3.11");
}

TEST(patch_finds_nothing_in_libcrypto)
{
    check_no_calls("/usr/lib/x86_64-linux-gnu/libcrypto.so.3");
}
