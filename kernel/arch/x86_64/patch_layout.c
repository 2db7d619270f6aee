/* SPDX-License-Identifier: MIT */
/*
 * Which instructions make room for the jump, before or after a system call.
 *
 * An instruction may be moved if it does the same at another address: plain ones, and direct jumps,
 * which are encoded anew.  Calls, loops, indirect and trapping instructions stay.  A place that
 * something else may enter stays as well: nothing may branch into what is overwritten
 * (patch_branch.c), no padding is taken for code, and no padding is overwritten that might be the
 * beginning of the next function.
 */
#include "kernel/arch/x86_64/patch_int.h"
#include "kernel/arch/x86_64/vote.h"

enum {
    SYSCALL_LEN = 2,
    FUNCTION_ALIGN = 16,                         /* what compilers pad to                   */
};

bool patch_is_padding(const struct ilen *insn)
{
    if (!insn->legacy)
        return false;
    if (insn->map == ILEN_MAP_0F)
        return insn->opcode == 0x1f;
    if (insn->map != ILEN_MAP_ONE)
        return false;
    return (insn->opcode == 0x90 && !(insn->rex & 1)) || insn->opcode == 0xcc;
}

bool patch_padding_reaches(const struct patch_text *text, size_t pos, size_t end)
{
    struct ilen insn;

    for (;;) {
        bool boundary = (text->addr + pos) % FUNCTION_ALIGN == 0 || pos == text->size;
        if (boundary)
            return pos >= end;
        size_t len = ilen_decode(text->bytes + pos, text->size - pos, &insn);
        if (!len || !patch_is_padding(&insn))
            return false;
        pos += len;
    }
}

bool patch_room_after(const struct patch_text *text, size_t off, struct patch_layout *ret)
{
    size_t pos = off + SYSCALL_LEN, need = off + PATCH_JMP_LEN;
    struct patch_layout layout = { .at = off, .falls_through = true };
    struct ilen insn;

    while (pos < need && layout.falls_through) {
        size_t len = ilen_decode(text->bytes + pos, text->size - pos, &insn);
        if (!len)
            return false;
        if (insn.kind == ILEN_JMP || insn.kind == ILEN_RET)
            layout.falls_through = false;
        else if (insn.kind != ILEN_PLAIN && insn.kind != ILEN_JCC)
            return false;
        layout.moved_count++;
        pos += len;
    }
    if (pos < need) {
        if (!patch_padding_reaches(text, pos, need))
            return false;
        pos = need;
    }

    layout.len = (u32)(pos - off);
    *ret = layout;
    return true;
}

bool patch_layout_after(const struct patch_text *text, size_t off, struct patch_layout *ret)
{
    struct patch_layout layout;

    if (!patch_room_after(text, off, &layout) ||
        patch_branch_into(text, off, off + SYSCALL_LEN, off + layout.len))
        return false;
    *ret = layout;
    return true;
}

bool patch_layout_before(const struct patch_text *text, size_t off, struct patch_layout *ret)
{
    struct patch_layout layout = { .at = off };
    struct ilen insn;

    while (off - layout.at < PATCH_JMP_LEN) {
        size_t len = vote_prev_len(text->bytes, text->bytes + layout.at);
        if (!len || ilen_decode(text->bytes + layout.at - len, len, &insn) != len)
            return false;
        layout.at -= len;
        layout.moved_count++;

        /* An endbr is where indirect branches arrive: fine at the jump, nowhere else. */
        bool first = off - layout.at >= PATCH_JMP_LEN;
        if (patch_is_padding(&insn) ||
            (insn.kind != ILEN_PLAIN && !(insn.kind == ILEN_ENDBR && first)))
            return false;
    }

    if (patch_branch_into(text, off, layout.at + 1, off))
        return false;
    layout.len = (u32)(off - layout.at);
    *ret = layout;
    return true;
}
