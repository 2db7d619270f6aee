/* SPDX-License-Identifier: MIT */
/*
 * How long is the instruction at this address, and may it be moved?
 *
 * Decodes the 64-bit mode encodings (one-byte, 0F, 0F38, 0F3A, VEX, EVEX and XOP maps) as far as
 * the code patcher needs: length, RIP-relative operand, kind of control transfer.  Operands and
 * mnemonics are nobody's business here.
 *
 * The decoder is for code, not for judging it: it refuses what no processor executes in the older
 * maps, and accepts any opcode in the maps that still grow.
 */
#pragma once
#include "kernel/lib/types.h"

enum { ILEN_MAX = 15 };                          /* longer ones are #GP on every processor  */

enum ilen_map { ILEN_MAP_ONE, ILEN_MAP_0F, ILEN_MAP_0F38, ILEN_MAP_0F3A };

enum ilen_kind {
    ILEN_PLAIN,                                  /* goes on behind itself: may be moved     */
    ILEN_JCC,                                    /* direct conditional jump                 */
    ILEN_JMP,                                    /* direct jump                             */
    ILEN_BRANCH,                                 /* call, loop, jrcxz, xbegin: not moved    */
    ILEN_RET,                                    /* plain return                            */
    ILEN_SYSCALL,
    ILEN_ENDBR,                                  /* marks the target of an indirect branch  */
    ILEN_OTHER,                                  /* indirect, far, trapping, privileged     */
};

struct ilen {
    u8 len;                                      /* 1..ILEN_MAX                             */
    u8 kind;                                     /* enum ilen_kind                          */
    u8 map;                                      /* enum ilen_map; newer encodings: theirs  */
    u8 opcode;                                   /* last opcode byte                        */
    u8 rex;                                      /* 0: none; 0 for VEX, EVEX and XOP        */
    u8 modrm;                                    /* if has_modrm                            */
    u8 disp_off, disp_len;                       /* displacement of a memory operand        */
    u8 imm_len;                                  /* immediate bytes, always the last ones   */
    bool has_modrm;
    bool rip_relative;                           /* then disp_len is 4                      */
    bool legacy;                                 /* not VEX, EVEX or XOP                    */
};

/* Decode the instruction at code, of which max bytes may be read.  Returns its length, or 0 if it
 * is not one or does not end within max. */
size_t ilen_decode(const u8 *code, size_t max, struct ilen *ret);

/* Does the instruction hold a direct branch displacement? */
static inline bool ilen_is_direct(const struct ilen *insn)
{
    return insn->kind == ILEN_JCC || insn->kind == ILEN_JMP || insn->kind == ILEN_BRANCH;
}

/* Where the direct branch at code leads, as a distance from its first byte. */
s64 ilen_branch_distance(const u8 *code, const struct ilen *insn);
