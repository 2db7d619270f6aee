/* SPDX-License-Identifier: MIT */
/*
 * The code patcher on text that nobody would write.
 *
 * Two bytes of the input choose the text's address and the number in RAX, the rest is the text, in
 * a block of exactly its size.  Whatever the patcher finds or plans must lie inside it, must not
 * overlap, and must come with a stub that decodes, instruction by instruction, at the points it
 * names, and ends in a jump.
 */
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/ilen.h"
#include "kernel/arch/x86_64/patch.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, FOUND_MAX = 8 };

#define ADDR              0x7f0000400000ull

#define EXPECT(condition) ((condition) ? (void)0 : abort())

static u64 jump_target(u64 addr, const u8 *code, size_t len)
{
    struct ilen insn;

    EXPECT(ilen_decode(code, len, &insn) == len);
    EXPECT(insn.kind == ILEN_JMP);
    return addr + (u64)ilen_branch_distance(code, &insn);
}

/* Every instruction of the stub begins at a point, and stands for an address of the site. */
static void check_stub(const struct patch *p)
{
    struct ilen insn = { 0 };
    u32 off = 0;

    EXPECT(p->stub_len <= PATCH_STUB_MAX);
    for (u32 i = 0; i < p->point_count; i++) {
        EXPECT(p->points[i].stub_off == off);
        EXPECT(p->at + p->points[i].orig_off <= p->insn + p->len);
        size_t len = ilen_decode(p->stub_code + off, p->stub_len - off, &insn);
        EXPECT(len > 0);
        off += (u32)len;
    }
    EXPECT(off == p->stub_len);
    EXPECT(insn.kind == ILEN_JMP || insn.kind == ILEN_RET || insn.kind == ILEN_OTHER);
}

static void check_patch(const struct patch_text *text, const struct patch *p)
{
    u64 end = text->addr + text->size;

    EXPECT(p->len <= PATCH_LEN_MAX);
    EXPECT(p->store_len <= p->len);
    EXPECT(p->at >= text->addr && p->at + p->len <= end);
    EXPECT(p->insn >= p->at && p->insn + 2 <= end);
    if (p->shape == PATCH_CPUID)
        return;
    if (p->shape == PATCH_HOP) {
        EXPECT(p->hole >= text->addr && p->hole + PATCH_JMP_LEN <= end);
        EXPECT(p->hole / PAGE_SIZE == p->at / PAGE_SIZE);
        EXPECT(jump_target(p->at, p->code, p->len) == p->hole);
        EXPECT(jump_target(p->hole, p->hole_code, PATCH_JMP_LEN) == p->stub);
    } else {
        EXPECT(jump_target(p->at, p->code, PATCH_JMP_LEN) == p->stub);
    }
    check_stub(p);
}

static void scan(const struct patch_text *text, const struct patch_place *place)
{
    struct patch_found found[FOUND_MAX];
    struct patch_scan state = { 0 };
    u64 last_end = text->addr;
    size_t count;

    while ((count = patch_scan_next(text, &state, found, FOUND_MAX))) {
        for (size_t i = 0; i < count; i++) {
            struct patch p;
            u64 insn = text->addr + found[i].off;
            int err = patch_build(text, insn, found[i].shape, place, &p);
            if (err == -ERANGE)                  /* a moved operand; the site stays         */
                continue;
            EXPECT(err == 0);
            check_patch(text, &p);
            EXPECT(p.at >= last_end);
            last_end = p.at + p.len > p.insn + 2 ? p.at + p.len : p.insn + 2;
        }
    }
}

static void plan(const struct patch_text *text, const struct patch_place *place, u64 insn, u64 nr)
{
    for (enum patch_threads threads = PATCH_ALONE; threads <= PATCH_LIVE; threads++) {
        struct patch_trap trap = { .insn = insn, .nr = nr, .threads = threads };
        struct patch p;

        if (patch_plan(text, &trap, place, &p))
            continue;
        check_patch(text, &p);
        EXPECT(threads == PATCH_ALONE || patch_is_live_safe(&p));
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    if (size < 3 || size > TEXT_MAX)
        return 0;
    u8 *bytes = malloc(size - 2);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 2, size - 2);

    struct patch_text text = { .bytes = bytes, .size = size - 2, .addr = ADDR + data[0] };
    struct patch_place place = { .stub = ADDR + 0x100000, .slot = ADDR + 0x1ffff8 };
    scan(&text, &place);
    for (size_t off = 0; off < text.size; off++)
        plan(&text, &place, text.addr + off, data[1]);
    free(bytes);
    return 0;
}
