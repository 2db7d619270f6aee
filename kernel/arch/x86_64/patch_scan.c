/* SPDX-License-Identifier: MIT */
/*
 * The eager pass: sites that are system calls beyond doubt, found in raw text.
 *
 * A site counts if its bytes match one of three patterns and the backward vote confirms that an
 * instruction ends where the system call begins:
 *
 *   B8 imm32 0F 05              mov $nr,%eax; syscall                         P7
 *   48 C7 C0 imm32 0F 05        mov $nr,%rax; syscall                         C7
 *   0F 05 [48] 3D 0x F0FFFF     syscall; cmp $-4096 or -4095,%eax or %rax     AFTER
 *
 * The pattern alone would destroy legal code: 81 B8 90000000 0F050000 compares memory with 0x50f.
 * The vote alone is wrong now and then in tables of data.  Both together have never been.
 *
 * The same pass finds cpuid, which user code must not execute either.
 */
#include "kernel/arch/x86_64/patch_int.h"
#include "kernel/arch/x86_64/vote.h"
#include "kernel/lib/string.h"

enum {
    SYSCALL_LEN = 2,
    MOV_EAX_LEN = 5,
    MOV_RAX_LEN = 7,
};

bool patch_is_sigreturn(const struct patch_text *text, size_t off)
{
    static const u8 mov_15_rax[MOV_RAX_LEN] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0 };

    return off >= MOV_RAX_LEN && !memcmp(text->bytes + off - MOV_RAX_LEN, mov_15_rax, MOV_RAX_LEN);
}

enum patch_shape patch_mov_shape(const struct patch_text *text, size_t off, u32 *ret_nr)
{
    const u8 *insn = text->bytes + off;
    enum patch_shape shape;
    size_t len;

    if (off >= MOV_RAX_LEN && insn[-7] == 0x48 && insn[-6] == 0xc7 && insn[-5] == 0xc0) {
        shape = PATCH_C7;
        len = MOV_RAX_LEN;
    } else if (off > MOV_EAX_LEN && insn[-5] == 0xb8 && (insn[-6] & 0xf0) != 0x40 &&
               insn[-6] != 0x66) {
        shape = PATCH_P7;
        len = MOV_EAX_LEN;
    } else {
        return PATCH_NONE;
    }
    if (vote_prev_len(text->bytes, insn) != len)
        return PATCH_NONE;
    *ret_nr = load_u32(insn - 4);
    return shape;
}

/* cmp $-4096 or $-4095, with EAX or RAX, at p: what libc does with every result. */
static bool is_error_check(const u8 *p, size_t max)
{
    size_t rex = max >= 6 && p[0] == 0x48 ? 1 : 0;

    return max >= rex + 5 && p[rex] == 0x3d && p[rex + 1] <= 1 && p[rex + 2] == 0xf0 &&
           p[rex + 3] == 0xff && p[rex + 4] == 0xff;
}

/* The shape to use for the syscall bytes at off, PATCH_NONE unless beyond doubt. */
static enum patch_shape eager_shape(const struct patch_text *text, size_t off,
                                    struct patch_layout *ret)
{
    const u8 *insn = text->bytes + off;
    size_t behind = text->size - off - SYSCALL_LEN;
    u32 nr;

    if (patch_is_sigreturn(text, off))
        return PATCH_NONE;

    /* cheap tests first: of raw matches in data one in a million gets to the vote */
    if (off > MOV_RAX_LEN && load_u32(insn - 4) < PATCH_NR_LIMIT) {
        enum patch_shape shape = patch_mov_shape(text, off, &nr);
        if (shape != PATCH_NONE) {
            u32 len = shape == PATCH_C7 ? MOV_RAX_LEN : MOV_EAX_LEN;
            *ret = (struct patch_layout){ .at = off - len, .len = len };
            return shape;
        }
    }

    if (is_error_check(insn + SYSCALL_LEN, behind) && vote_prev_len(text->bytes, insn) &&
        patch_layout_after(text, off, ret))
        return PATCH_AFTER;
    return PATCH_NONE;
}

/* Bit 7 of each byte of word that is 0f; exact up to the first, above it a borrow may set more. */
static inline u64 mask_0f(u64 word)
{
    const u64 ones = 0x0101010101010101u;
    u64 differs = word ^ (0x0f * ones);

    return (differs - ones) & ~differs & (ones << 7);
}

static inline bool is_candidate(const u8 *p)
{
    return p[0] == 0x0f && (p[1] == 0x05 || p[1] == 0xa2);
}

/* The next offset from pos where the bytes of a syscall or a cpuid stand; text->size if none. */
static size_t next_candidate(const struct patch_text *text, size_t pos)
{
    const u8 *bytes = text->bytes;
    size_t size = text->size;

    for (; pos + 9 <= size; pos += 8) {          /* one more: the second byte of the last   */
        u64 mask = mask_0f(load_u64(bytes + pos));
        for (; unlikely(mask); mask &= mask - 1) {
            size_t at = pos + (size_t)__builtin_ctzll(mask) / 8;
            if (unlikely(is_candidate(bytes + at)))
                return at;
        }
    }
    for (; pos + 2 <= size; pos++)
        if (is_candidate(bytes + pos))
            return pos;
    return size;
}

size_t patch_scan_next(const struct patch_text *text, struct patch_scan *scan,
                       struct patch_found *ret, size_t max)
{
    size_t count = 0;

    while (count < max) {
        size_t off = next_candidate(text, scan->off);
        if (off >= text->size || off > UINT32_MAX) {
            scan->off = text->size;
            break;
        }
        scan->off = off + 1;

        struct patch_layout layout = { .at = off, .len = SYSCALL_LEN };
        enum patch_shape shape = PATCH_NONE;
        if (text->bytes[off + 1] == 0x05)
            shape = eager_shape(text, off, &layout);
        else if (patch_is_cpuid(text, off))
            shape = patch_layout_after(text, off, &layout) ? PATCH_AFTER : PATCH_CPUID;
        if (shape == PATCH_NONE || layout.at < scan->end)
            continue;

        scan->end = layout.at + layout.len;
        if (scan->end < off + SYSCALL_LEN)
            scan->end = off + SYSCALL_LEN;
        ret[count++] = (struct patch_found){ .off = (u32)off, .shape = shape };
    }
    return count;
}
