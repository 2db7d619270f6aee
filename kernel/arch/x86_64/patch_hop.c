/* SPDX-License-Identifier: MIT */
/*
 * A hole to hop through.
 *
 * Compilers align functions and loops with padding.  Where an instruction that does not go on
 * stands before it, the padding is never executed, and a long jump fits in; the two bytes of a
 * system call within 128 bytes become a short jump to it.  Nothing is moved and nothing else is
 * overwritten, so this works wherever a hole is, and while threads run.
 *
 * The hole is in the page of the system call: what happens to one happens to the other.
 */
#include "kernel/arch/x86_64/patch_int.h"

enum {
    SYSCALL_LEN = 2,
    HOP_BACK = 128 - SYSCALL_LEN,                /* a short jump at off reaches that far    */
    HOP_AHEAD = 127 + SYSCALL_LEN,
    RUN_MAX = 15,                                /* padding up to a multiple of 16          */
};

/* Does execution never go on behind this instruction? */
static bool is_end(const struct ilen *insn)
{
    if (insn->kind == ILEN_RET || insn->kind == ILEN_JMP)
        return true;
    if (insn->kind != ILEN_OTHER || !insn->legacy)
        return false;
    if (insn->map == ILEN_MAP_0F)
        return insn->opcode == 0x0b;             /* ud2                                     */
    /* jmp through a register or memory; ret with a number */
    return (insn->opcode == 0xff && (insn->modrm & 0x38) == 0x20) || insn->opcode == 0xc2;
}

static bool same_page(const struct patch_text *text, size_t a, size_t b)
{
    return page_floor(text->addr + a) == page_floor(text->addr + b);
}

/* Can the hop from off go through the padding at pos, in a run of padding that begins at run? */
static bool is_hole(const struct patch_text *text, size_t off, size_t run, size_t pos)
{
    size_t end = pos + PATCH_JMP_LEN;

    if (pos + HOP_BACK < off || pos > off + HOP_AHEAD)
        return false;
    if (!same_page(text, off, pos) || !same_page(text, off, end - 1))
        return false;
    if (text->is_taken && text->is_taken(text->arg, text->addr + pos, PATCH_JMP_LEN))
        return false;
    return patch_padding_reaches(text, run, end) && !patch_branch_into(text, run, run, end);
}

/* A hole in the run of padding at run: each five bytes of it are one. */
static bool find_hole_in_run(const struct patch_text *text, size_t off, size_t run, size_t *ret)
{
    for (size_t pos = run; pos < run + RUN_MAX; pos += PATCH_JMP_LEN) {
        if (is_hole(text, off, run, pos)) {
            *ret = pos;
            return true;
        }
    }
    return false;
}

bool patch_find_hole(const struct patch_text *text, size_t off, size_t *ret)
{
    bool dead = false;
    struct ilen insn;
    size_t pos;

    if (!patch_sync(text, off, HOP_BACK + ILEN_MAX, &pos))
        return false;
    while (pos < text->size && pos <= off + HOP_AHEAD) {
        size_t len = ilen_decode(text->bytes + pos, text->size - pos, &insn);
        if (!len)
            return false;
        if (dead && patch_is_padding(&insn) && find_hole_in_run(text, off, pos, ret))
            return true;
        dead = is_end(&insn);
        pos += len;
    }
    return false;
}
