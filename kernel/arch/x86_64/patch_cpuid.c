/* SPDX-License-Identifier: MIT */
/*
 * Is this a cpuid?
 *
 * Its two bytes have no idiom around them.  Three witnesses have to agree: the vote says that an
 * instruction ends where it begins; what follows decodes; and one of the next instructions uses
 * EAX, EBX, ECX or EDX, which it must, because nobody executes cpuid for nothing.  Tables of data
 * in .text fail at the first or the second.
 */
#include "kernel/arch/x86_64/patch_int.h"
#include "kernel/arch/x86_64/vote.h"

enum {
    CPUID_LEN = 2,
    LOOK_AHEAD = 4,                              /* instructions; the first or second, mostly */
    MUST_DECODE = 8,
};

/* Opcodes of the one-byte map that read both operands, or store one, or test an accumulator. */
static bool has_result_operand(const struct ilen *insn)
{
    u32 reg = insn->modrm >> 3 & 7, rm = insn->modrm & 7;
    bool reg_is_result = reg < 4 && !(insn->rex & 4);
    bool rm_is_result = insn->modrm >> 6 == 3 && rm < 4 && !(insn->rex & 1);

    switch (insn->opcode) {
    case 0x88:                                   /* mov reg to r/m                          */
    case 0x89:
        return reg_is_result;
    case 0x8a:                                   /* mov r/m to reg                          */
    case 0x8b:
    case 0x63:
        return rm_is_result;
    case 0x8d:                                   /* lea: a base register below 4            */
        return insn->modrm >> 6 != 3 && rm < 4 && !(insn->rex & 1);
    case 0x80 ... 0x83:                          /* arithmetic with an immediate            */
    case 0xc0:
    case 0xc1:
    case 0xd0 ... 0xd3:
    case 0xf6:
    case 0xf7:
        return rm_is_result;
    case 0x84 ... 0x87:
        return reg_is_result || rm_is_result;
    case 0x90 ... 0x97:                          /* xchg with RAX                           */
        return true;
    default:
        return insn->opcode < 0x40 && (insn->opcode & 4) == 0 && (reg_is_result || rm_is_result);
    }
}

static bool uses_result(const struct ilen *insn)
{
    u32 rm = insn->modrm & 7;

    if (!insn->legacy)
        return false;
    if (insn->map == ILEN_MAP_ONE && insn->has_modrm)
        return has_result_operand(insn);
    if (insn->map == ILEN_MAP_ONE)               /* op $imm,%eax; test $imm,%eax; push      */
        return (insn->opcode < 0x40 && (insn->opcode & 6) == 4) || (insn->opcode & 0xfe) == 0xa8 ||
               (insn->opcode >= 0x50 && insn->opcode <= 0x53 && !(insn->rex & 1)) ||
               (insn->opcode > 0x90 && insn->opcode <= 0x93);
    if (insn->map != ILEN_MAP_0F || !insn->has_modrm)
        return false;
    /* bt, movzx, movsx, shld, imul ... with a register among the first four */
    return insn->opcode >= 0x40 && insn->modrm >> 6 == 3 && rm < 4 && !(insn->rex & 1);
}

bool patch_is_cpuid(const struct patch_text *text, size_t off)
{
    size_t pos = off + CPUID_LEN;
    bool used = false;
    struct ilen insn;

    if (!vote_prev_len(text->bytes, text->bytes + off))
        return false;
    for (u32 i = 0; i < MUST_DECODE && pos < text->size; i++) {
        size_t len = ilen_decode(text->bytes + pos, text->size - pos, &insn);
        if (!len)
            return false;
        if (i < LOOK_AHEAD)
            used |= uses_result(&insn);
        if (insn.kind == ILEN_JMP || insn.kind == ILEN_RET || insn.kind == ILEN_OTHER)
            break;                               /* what follows may be anything            */
        pos += len;
    }
    return used;
}
