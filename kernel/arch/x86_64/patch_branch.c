/* SPDX-License-Identifier: MIT */
/*
 * Does anything branch into the bytes that are about to be overwritten?
 *
 * Short branches (rel8) come from at most 130 bytes away.  They are found by decoding that
 * neighbourhood, because in raw bytes a short branch to any place can be read everywhere.  Long
 * ones (rel32) are found in the raw bytes of the window instead: that four bytes lead exactly here
 * by chance is out of the question once an opcode has to stand before them, and it needs no
 * knowledge of where instructions begin.
 *
 * An address taken with lea counts as a branch: it may be a label.
 */
#include "kernel/arch/x86_64/patch_int.h"
#include "kernel/arch/x86_64/vote.h"

enum {
    SHORT_REACH = 128 + 2,                       /* rel8 and the instruction that holds it  */
    SYNC_TRIES = 32,                             /* places to ask for a boundary            */
};

/* Does decoding from start arrive at end?  An undecodable byte is stepped over. */
static bool arrives(const struct patch_text *text, size_t start, size_t end)
{
    struct ilen insn;

    while (start < end) {
        size_t len = ilen_decode(text->bytes + start, text->size - start, &insn);
        start += len ? len : 1;
    }
    return start == end;
}

bool patch_sync(const struct patch_text *text, size_t off, size_t reach, size_t *ret)
{
    if (off <= reach + SYNC_TRIES + VOTE_REACH && arrives(text, 0, off)) {
        *ret = 0;
        return true;
    }
    for (size_t back = reach; back < reach + SYNC_TRIES && back < off; back++) {
        size_t start = off - back;
        if (vote_prev_len(text->bytes, text->bytes + start) && arrives(text, start, off)) {
            *ret = start;
            return true;
        }
    }
    return false;
}

/* Does a short branch at a boundary in [start, end) lead into [lo, hi)? */
static bool short_branch_between(const struct patch_text *text, size_t start, size_t end, size_t lo,
                                 size_t hi)
{
    struct ilen insn;

    for (size_t pos = start; pos < end;) {
        size_t len = ilen_decode(text->bytes + pos, text->size - pos, &insn);
        if (len && ilen_is_direct(&insn) && insn.imm_len == 1) {
            u64 target = pos + (u64)ilen_branch_distance(text->bytes + pos, &insn);
            if (target >= lo && target < hi)
                return true;
        }
        pos += len ? len : 1;
    }
    return false;
}

/* BEFORE overwrites bytes in front of off, so that is where the reach counts from. */
static bool short_branch_near(const struct patch_text *text, size_t off, size_t lo, size_t hi)
{
    size_t reach = SHORT_REACH + (off > lo ? off - lo : 0);
    size_t start, end = hi + SHORT_REACH;

    if (!patch_sync(text, off, reach, &start))
        return true;
    return short_branch_between(text, start, end < text->size ? end : text->size, lo, hi);
}

/* Do the bytes before the 32-bit field at pos make it a displacement relative to its end? */
static bool is_displacement(const u8 *bytes, size_t pos)
{
    u8 last = pos >= 1 ? bytes[pos - 1] : 0, before = pos >= 2 ? bytes[pos - 2] : 0;

    if (last == 0xe8 || last == 0xe9)            /* call, jmp                               */
        return true;
    if (before == 0x0f && (last & 0xf0) == 0x80) /* jcc                                     */
        return true;
    if (before == 0xc7 && last == 0xf8)          /* xbegin                                  */
        return true;
    return before == 0x8d && (last & 0xc7) == 0x05; /* lea                                  */
}

/* How far behind lo the 32-bit field at pos leads, if it is a displacement.  Modulo 2^32: a window is
 * far smaller, and the opcode has to fit as well. */
static inline u32 distance_from(const u8 *bytes, size_t pos, size_t lo)
{
    return load_u32(bytes + pos) + (u32)(pos + 4 - lo);
}

/* Four fields at a time with one branch, which is hardly ever taken: this loop sees more bytes than
 * everything else in the patcher together. */
static bool long_branch_within(const struct patch_text *text, size_t start, size_t end, size_t lo,
                               size_t hi)
{
    const u8 *bytes = text->bytes;
    u32 span = (u32)(hi - lo);
    size_t pos = start;

    for (; pos + 7 <= end; pos += 4) {
        bool any = distance_from(bytes, pos, lo) < span;
        any |= distance_from(bytes, pos + 1, lo) < span;
        any |= distance_from(bytes, pos + 2, lo) < span;
        any |= distance_from(bytes, pos + 3, lo) < span;
        if (likely(!any))
            continue;
        for (size_t i = pos; i < pos + 4; i++)
            if (distance_from(bytes, i, lo) < span && is_displacement(bytes, i))
                return true;
    }
    for (; pos + 4 <= end; pos++)
        if (distance_from(bytes, pos, lo) < span && is_displacement(bytes, pos))
            return true;
    return false;
}

bool patch_branch_into(const struct patch_text *text, size_t off, size_t lo, size_t hi)
{
    size_t start = off > PATCH_WINDOW ? off - PATCH_WINDOW : 0;
    size_t end = text->size - off > PATCH_WINDOW ? off + PATCH_WINDOW : text->size;

    return short_branch_near(text, off, lo, hi) || long_branch_within(text, start, end, lo, hi);
}
