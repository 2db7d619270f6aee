/* SPDX-License-Identifier: MIT */
/*
 * The decoder against tables of its own and against Zydis: on every instruction of large real
 * programs and on random bytes.
 */
#include "kernel/arch/x86_64/ilen.h"
#include "kernel/arch/x86_64/test_text.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct example {
    const char *bytes;
    u8 size, len, kind;                          /* len 0: must be refused                  */
    bool rip_relative;
};

#define INSN(bytes_, kind_, rip_)                                                                  \
    {                                                                                              \
        .bytes = bytes_, .size = sizeof(bytes_) - 1, .len = sizeof(bytes_) - 1, .kind = kind_,     \
        .rip_relative = rip_                                                                       \
    }
#define REFUSED(bytes_)                                                                            \
    {                                                                                              \
        .bytes = bytes_, .size = sizeof(bytes_) - 1                                                \
    }

static const struct example examples[] = {
    INSN("\x90", ILEN_PLAIN, false),
    INSN("\x0f\x05", ILEN_SYSCALL, false),
    INSN("\xb8\x6e\x00\x00\x00", ILEN_PLAIN, false),       /* mov $110,%eax                 */
    INSN("\x48\xb8\1\2\3\4\5\6\7\x08", ILEN_PLAIN, false), /* movabs                        */
    INSN("\x66\xb8\1\2", ILEN_PLAIN, false),               /* mov $x,%ax                    */
    INSN("\x48\xc7\xc0\x0f\0\0\0", ILEN_PLAIN, false),     /* mov $15,%rax                  */
    INSN("\x66\x48\xc7\xc0\x0f\0\0\0", ILEN_PLAIN, false), /* REX.W beats 66                */
    INSN("\x48\x8b\x05\1\2\3\4", ILEN_PLAIN, true),        /* mov x(%rip),%rax              */
    INSN("\x83\x3d\1\2\3\4\x7f", ILEN_PLAIN, true),        /* cmpl $127,x(%rip)             */
    INSN("\xf6\x05\1\2\3\4\x7f", ILEN_PLAIN, true),        /* testb $127,x(%rip)            */
    INSN("\xf7\x15\1\2\3\4", ILEN_PLAIN, true),            /* notl x(%rip)                  */
    INSN("\x67\x8b\x05\1\2\3\4", ILEN_OTHER, true),        /* mov x(%eip),%eax              */
    INSN("\x67\xa1\1\2\3\4", ILEN_PLAIN, false),           /* moffs, 32 bits                */
    INSN("\xa1\1\2\3\4\5\6\7\x08", ILEN_PLAIN, false),
    INSN("\x8b\x04\x25\1\2\3\4", ILEN_PLAIN, false),            /* SIB without base         */
    INSN("\xc8\1\2\3", ILEN_PLAIN, false),                      /* enter                    */
    INSN("\x0f\xa4\xc8\x07", ILEN_PLAIN, false),                /* shld $7                  */
    INSN("\x66\x0f\x78\xc0\1\2", ILEN_OTHER, false),            /* extrq                    */
    INSN("\x0f\x0f\xc1\xb4", ILEN_PLAIN, false),                /* 3DNow!                   */
    INSN("\x66\x0f\x3a\x0f\xc1\x08", ILEN_PLAIN, false),        /* palignr                  */
    INSN("\xc5\xf8\x77", ILEN_PLAIN, false),                    /* vzeroupper               */
    INSN("\xc5\xf9\x70\x05\1\2\3\4\x0b", ILEN_PLAIN, true),     /* vpshufd x(%rip)          */
    INSN("\x62\xf1\xfe\x48\x6f\x05\1\2\3\4", ILEN_PLAIN, true), /* vmovdqu64 x(%rip)        */
    INSN("\x8f\xe8\x78\xc0\xc1\x07", ILEN_PLAIN, false),        /* XOP vprotb               */
    INSN("\x8f\xc0", ILEN_PLAIN, false),                        /* pop %rax                 */
    INSN("\x75\x05", ILEN_JCC, false),
    INSN("\x0f\x85\1\2\3\4", ILEN_JCC, false),
    INSN("\x3e\x75\x05", ILEN_JCC, false),       /* with a hint                             */
    INSN("\xeb\xfe", ILEN_JMP, false),
    INSN("\xe9\1\2\3\4", ILEN_JMP, false),
    INSN("\xe8\1\2\3\4", ILEN_BRANCH, false),
    INSN("\xe2\xfe", ILEN_BRANCH, false),
    INSN("\xe3\xfe", ILEN_BRANCH, false),
    INSN("\xc7\xf8\1\2\3\4", ILEN_BRANCH, false), /* xbegin                                 */
    INSN("\xc3", ILEN_RET, false),
    INSN("\xf3\xc3", ILEN_RET, false),
    INSN("\xc2\x08\x00", ILEN_OTHER, false),
    INSN("\xff\xe0", ILEN_OTHER, false),         /* jmp *%rax                               */
    INSN("\xff\x15\1\2\3\4", ILEN_OTHER, true),  /* call *x(%rip)                           */
    INSN("\xff\x30", ILEN_PLAIN, false),         /* push (%rax)                             */
    INSN("\xcc", ILEN_OTHER, false),
    INSN("\xcd\x80", ILEN_OTHER, false),
    INSN("\x0f\x0b", ILEN_OTHER, false),
    INSN("\x0f\xa2", ILEN_OTHER, false),         /* cpuid                                   */
    INSN("\x0f\x34", ILEN_OTHER, false),         /* sysenter                                */
    INSN("\xf4", ILEN_OTHER, false),
    INSN("\x0f\x20\x05", ILEN_OTHER, false),     /* mov %cr0,%rbp                           */
    INSN("\xf3\x0f\x1e\xfa", ILEN_ENDBR, false),
    INSN("\x0f\x1f\x84\0\0\0\0\0", ILEN_PLAIN, false), /* long nop                          */
    INSN("\x48\x40\x90", ILEN_PLAIN, false),           /* the last REX counts               */
    INSN("\x48\x66\xb8\1\2", ILEN_PLAIN, false),       /* REX before 66: void               */
    REFUSED("\x06"),
    REFUSED("\x62\xf1\xfa\x48\x6f\xc0"),         /* not EVEX: fixed bit                     */
    REFUSED("\x66\xc5\xf8\x77"),                 /* prefix before VEX                       */
    REFUSED("\x48\xc5\xf8\x77"),
    REFUSED("\x0f\x04"),
    REFUSED("\xc6\xc8\x01"),                                                     /* C6 /1   */
    REFUSED("\xff\xf8"),                                                         /* FF /7   */
    REFUSED("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"), /* 16 bytes */
};

TEST(ilen_decodes_one_of_each)
{
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        const struct example *e = &examples[i];
        u8 code[32] = { 0 };
        struct ilen insn;

        memcpy(code, e->bytes, e->size);
        size_t len = ilen_decode(code, sizeof(code), &insn);
        if (len != e->len)
            test_fail(__FILE__, __LINE__, "example %zu has length %zu, not %u", i, len, e->len);
        if (!len)
            continue;
        if (insn.kind != e->kind || insn.rip_relative != e->rip_relative || insn.len != len)
            test_fail(__FILE__, __LINE__, "example %zu is of kind %u", i, insn.kind);
    }
}

TEST(ilen_reports_branch_distances)
{
    static const struct {
        u8 code[8];
        s64 distance;
    } branches[] = {
        { { 0xeb, 0xfe }, 0 },
        { { 0x75, 0x05 }, 7 },
        { { 0x75, 0x80 }, 2 - 128 },
        { { 0xe9, 0xfb, 0xff, 0xff, 0xff }, 0 },
        { { 0xe8, 0x00, 0x01, 0x00, 0x00 }, 261 },
        { { 0x0f, 0x84, 0x00, 0x00, 0x00, 0x80 }, 6 - 0x80000000ll },
        { { 0xc7, 0xf8, 0x10, 0x00, 0x00, 0x00 }, 22 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(branches); i++) {
        struct ilen insn;
        CHECK(ilen_decode(branches[i].code, 8, &insn));
        CHECK(ilen_is_direct(&insn));
        CHECK_EQ(ilen_branch_distance(branches[i].code, &insn), branches[i].distance);
    }
}

/* Every buffer is exactly as large as it says, so that AddressSanitizer sees a byte too many. */
TEST(ilen_reads_nothing_beyond_max)
{
    srandom(1);
    for (u32 round = 0; round < 20000; round++) {
        size_t max = (size_t)random() % 18;
        u8 *code = malloc(max + !max);
        struct ilen insn;

        for (size_t i = 0; i < max; i++)
            code[i] = (u8)(random() >> 7);
        size_t len = ilen_decode(code, max, &insn);
        CHECK(len <= max);
        CHECK(len <= ILEN_MAX);
        for (size_t shorter = 0; shorter < len; shorter++)
            CHECK_EQ(ilen_decode(code, shorter, &insn), 0);
        free(code);
    }
}

/* Knights Corner had encodings of its own in EVEX's and VEX's place.  We refuse them. */
static bool is_extinct(const struct test_insn *z)
{
    return z->insn.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
           z->insn.mnemonic == ZYDIS_MNEMONIC_JKZD || z->insn.mnemonic == ZYDIS_MNEMONIC_JKNZD;
}

static bool has_rip_operand(const struct test_insn *z)
{
    for (u32 i = 0; i < z->insn.operand_count_visible; i++) {
        const ZydisDecodedOperand *op = &z->operands[i];
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (op->mem.base == ZYDIS_REGISTER_RIP || op->mem.base == ZYDIS_REGISTER_EIP))
            return true;
    }
    return false;
}

static bool has_relative_operand(const struct test_insn *z)
{
    for (u32 i = 0; i < z->insn.operand_count_visible; i++) {
        if (z->operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && z->operands[i].imm.is_relative)
            return true;
    }
    return false;
}

/* Does it do more than its work and the next instruction? */
static bool must_not_be_moved(const struct test_insn *z)
{
    switch (z->insn.meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_UNCOND_BR:
        return true;
    default:
        return z->insn.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;
    }
}

/* Compare the two decoders on one instruction that Zydis accepts. */
static void compare(void *arg, size_t off, const struct test_insn *z)
{
    const struct patch_text *text = arg;
    const u8 *code = text->bytes + off;
    struct ilen insn;
    ZyanU64 target;

    if (is_extinct(z))
        return;
    size_t len = ilen_decode(code, text->size - off, &insn);
    bool same = len == z->insn.length && insn.rip_relative == has_rip_operand(z) &&
                ilen_is_direct(&insn) == has_relative_operand(z) &&
                (insn.kind != ILEN_PLAIN || !must_not_be_moved(z)) &&
                (insn.kind == ILEN_SYSCALL) == (z->insn.mnemonic == ZYDIS_MNEMONIC_SYSCALL);
    if (same && has_relative_operand(z) && z->insn.operand_width != 16) {
        u64 addr = 1ull << 40;
        CHECK(ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&z->insn, z->operands, addr, &target)));
        same = target == addr + (u64)ilen_branch_distance(code, &insn);
    }
    if (!same)
        test_fail(__FILE__, __LINE__, "%s at %#llx: length %zu, Zydis says %u, kind %u",
                  ZydisMnemonicGetString(z->insn.mnemonic), (unsigned long long)(text->addr + off),
                  len, z->insn.length, insn.kind);
}

static void compare_file(const char *path)
{
    struct test_text t;

    if (!test_text_open(&t, path))
        test_skip(path);
    for (size_t i = 0; i < t.section_count; i++)
        test_sweep(&t.section[i], compare, &t.section[i]);
    test_text_close(&t);
}

TEST(ilen_agrees_with_zydis_on_glibc)
{
    compare_file("/lib/x86_64-linux-gnu/libc.so.6");
}

TEST(ilen_agrees_with_zydis_on_the_glibc_loader)
{
    compare_file("/lib64/ld-linux-x86-64.so.2");
}

TEST(ilen_agrees_with_zydis_on_libm)
{
    compare_file("/lib/x86_64-linux-gnu/libm.so.6");
}

TEST(ilen_agrees_with_zydis_on_libstdcxx)
{
    compare_file("/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
}

TEST(ilen_agrees_with_zydis_on_musl)
{
    compare_file("/lib/ld-musl-x86_64.so.1");
}

TEST(ilen_agrees_with_zydis_on_python)
{
    compare_file("/usr/bin/python3.11");
}

TEST(ilen_agrees_with_zydis_on_go)
{
    compare_file("/usr/lib/go-1.19/bin/go");
}

/* Has tables in .text, through which the sweep runs. */
TEST(ilen_agrees_with_zydis_on_libcrypto)
{
    compare_file("/usr/lib/x86_64-linux-gnu/libcrypto.so.3");
}

TEST(ilen_agrees_with_zydis_on_random_bytes)
{
    struct patch_text text = { .size = ILEN_MAX };
    u8 code[ILEN_MAX];
    struct test_insn z;

    srandom(2);
    for (u32 round = 0; round < 1000000; round++) {
        for (size_t i = 0; i < sizeof(code); i++)
            code[i] = (u8)(random() >> 7);
        text.bytes = code;
        if (test_decode(code, sizeof(code), &z))
            compare(&text, 0, &z);
    }
}
