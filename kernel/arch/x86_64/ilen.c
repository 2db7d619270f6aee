/* SPDX-License-Identifier: MIT */
/*
 * The instruction length decoder.
 *
 * An instruction is prefixes, opcode, ModRM (with SIB and displacement) and immediate, in this
 * order.  Two tables say for each opcode of the one-byte and the 0F map which of these follow and
 * what kind of instruction it is; the other maps are regular enough for a rule.  A handful of
 * opcodes depend on the ModRM byte or on a prefix as well: insn_refine() corrects those.
 *
 * No byte at or beyond max is ever read: everything goes through take(), which counts.
 */
#include "kernel/arch/x86_64/ilen.h"

/* What follows an opcode, in the low bits; its kind above; BAD if there is no such opcode. */
enum {
    IMM_0,
    IMM_8,
    IMM_16,
    IMM_24,                                      /* enter: 16 + 8 bits                      */
    IMM_32,
    IMM_Z,                                       /* 16 or 32 bits, by operand size          */
    IMM_V,                                       /* 16, 32 or 64 bits, by operand size      */
    IMM_ADDR,                                    /* 32 or 64 bits, by address size          */
    IMM_BITS = 0x0f,
    MODRM = 0x10,
    KIND_SHIFT = 8,
    KIND_BITS = 0x0f << KIND_SHIFT,
    BAD = 0x8000,
};

/* clang-format off */
#define K(kind) (ILEN_##kind << KIND_SHIFT)

#define __      0
#define X_      BAD
#define M_      MODRM
#define M8      (MODRM | IMM_8)
#define MZ      (MODRM | IMM_Z)
#define I8      IMM_8
#define IZ      IMM_Z
#define IV      IMM_V
#define IA      IMM_ADDR
#define EN      IMM_24
#define Jc      (IMM_8 | K(JCC))                 /* jcc rel8                                */
#define Jn      (IMM_32 | K(JCC))                /* jcc rel32                               */
#define Lo      (IMM_8 | K(BRANCH))              /* loop, jrcxz                             */
#define Ca      (IMM_32 | K(BRANCH))             /* call                                    */
#define Jb      (IMM_8 | K(JMP))
#define Jl      (IMM_32 | K(JMP))
#define Re      K(RET)
#define Sy      K(SYSCALL)
#define S_      K(OTHER)                         /* stops, traps or leaves                  */
#define S8      (IMM_8 | K(OTHER))
#define S2      (IMM_16 | K(OTHER))
#define SM      (MODRM | K(OTHER))

static const u16 one_byte[256] = {
    /*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
    /* 0 */  M_, M_, M_, M_, I8, IZ, X_, X_, M_, M_, M_, M_, I8, IZ, X_, X_,
    /* 1 */  M_, M_, M_, M_, I8, IZ, X_, X_, M_, M_, M_, M_, I8, IZ, X_, X_,
    /* 2 */  M_, M_, M_, M_, I8, IZ, X_, X_, M_, M_, M_, M_, I8, IZ, X_, X_,
    /* 3 */  M_, M_, M_, M_, I8, IZ, X_, X_, M_, M_, M_, M_, I8, IZ, X_, X_,
    /* 4 */  X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_, X_,
    /* 5 */  __, __, __, __, __, __, __, __, __, __, __, __, __, __, __, __,
    /* 6 */  X_, X_, X_, M_, X_, X_, X_, X_, IZ, MZ, I8, M8, S_, S_, S_, S_,
    /* 7 */  Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc, Jc,
    /* 8 */  M8, MZ, X_, M8, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, SM, M_,
    /* 9 */  __, __, __, __, __, __, __, __, __, __, X_, __, __, __, __, __,
    /* a */  IA, IA, IA, IA, __, __, __, __, I8, IZ, __, __, __, __, __, __,
    /* b */  I8, I8, I8, I8, I8, I8, I8, I8, IV, IV, IV, IV, IV, IV, IV, IV,
    /* c */  M8, M8, S2, Re, X_, X_, M8, MZ, EN, __, S2, S_, S_, S8, X_, S_,
    /* d */  M_, M_, M_, M_, X_, X_, X_, __, M_, M_, M_, M_, M_, M_, M_, M_,
    /* e */  Lo, Lo, Lo, Lo, S8, S8, S8, S8, Ca, Jl, X_, Jb, S_, S_, S_, S_,
    /* f */  X_, S_, X_, X_, S_, __, M_, M_, __, __, S_, S_, __, __, M_, M_,
};

static const u16 map_0f[256] = {
    /*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
    /* 0 */  SM, SM, M_, M_, X_, Sy, S_, S_, S_, S_, X_, S_, X_, M_, __, M8,
    /* 1 */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* 2 */  SM, SM, SM, SM, X_, X_, X_, X_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* 3 */  S_, __, S_, S_, S_, S_, X_, S_, X_, X_, X_, X_, X_, X_, X_, X_,
    /* 4 */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* 5 */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* 6 */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* 7 */  M8, M8, M8, M8, M_, M_, M_, __, SM, SM, X_, X_, M_, M_, M_, M_,
    /* 8 */  Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn, Jn,
    /* 9 */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* a */  __, S_, S_, M_, M8, M_, SM, SM, __, S_, S_, M_, M8, M_, M_, M_,
    /* b */  M_, M_, M_, M_, M_, M_, M_, M_, M_, SM, M8, M_, M_, M_, M_, M_,
    /* c */  M_, M_, M8, M_, M8, M8, M8, M_, __, __, __, __, __, __, __, __,
    /* d */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* e */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_,
    /* f */  M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, M_, SM,
};
/* clang-format on */

enum prefix {
    PREFIX_OPSIZE = 1,                           /* 66                                      */
    PREFIX_ADDRSIZE = 2,                         /* 67                                      */
    PREFIX_LOCK = 4,
    PREFIX_REPNE = 8,                            /* F2, and no F3 behind it                 */
    PREFIX_REP = 16,                             /* F3, and no F2 behind it                 */
    PREFIX_SEGMENT = 32,
};

/* The instruction being decoded. */
struct decode {
    const u8 *code;
    u32 pos, max;                                /* max <= ILEN_MAX                         */
    u32 prefixes;                                /* enum prefix                             */
    u8 rex;                                      /* directly before the opcode; 0: none     */
    u32 attr;                                    /* of the opcode, from the tables          */
};

/* The next byte; false at the end. */
static inline bool take(struct decode *d, u8 *ret)
{
    if (d->pos >= d->max)
        return false;
    *ret = d->code[d->pos++];
    return true;
}

/* The prefix that byte is, 0 if it is none.  Segment overrides change nothing here. */
static inline u32 prefix_bit(u8 byte)
{
    switch (byte) {
    case 0x66:
        return PREFIX_OPSIZE;
    case 0x67:
        return PREFIX_ADDRSIZE;
    case 0xf0:
        return PREFIX_LOCK;
    case 0xf2:
        return PREFIX_REPNE;
    case 0xf3:
        return PREFIX_REP;
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
        return PREFIX_SEGMENT;
    default:
        return 0;
    }
}

/* Take prefixes up to the first opcode byte. */
static bool decode_prefixes(struct decode *d, u8 *ret_opcode)
{
    u8 byte;

    while (take(d, &byte)) {
        u32 bit = prefix_bit(byte);
        if (bit & (PREFIX_REPNE | PREFIX_REP))
            d->prefixes &= ~(u32)(PREFIX_REPNE | PREFIX_REP);
        d->prefixes |= bit;
        if (!bit && (byte & 0xf0) != 0x40) {
            *ret_opcode = byte;
            return true;
        }
        d->rex = bit ? 0 : byte;                 /* it counts only as the last prefix       */
    }
    return false;
}

/* Opcodes behind 0F.  first is the byte after it. */
static bool decode_0f(struct decode *d, u8 first, struct ilen *insn)
{
    insn->opcode = first;
    insn->map = ILEN_MAP_0F;
    if (first == 0x38 || first == 0x3a) {
        insn->map = first == 0x38 ? ILEN_MAP_0F38 : ILEN_MAP_0F3A;
        d->attr = first == 0x38 ? MODRM : MODRM | IMM_8;
        return take(d, &insn->opcode);
    }
    d->attr = map_0f[first];
    return !(d->attr & BAD);
}

/* Which of the vector instructions carry an immediate?  All of map 3; in map 1 shuffles, shifts,
 * compares, inserts and extracts. */
static bool vector_has_imm8(u32 map, u8 opcode)
{
    if (map == ILEN_MAP_0F3A)
        return true;
    if (map != ILEN_MAP_0F)
        return false;
    return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
           (opcode >= 0xc4 && opcode <= 0xc6);
}

/* The bytes between C5, C4 or 62 and the opcode.  Returns the opcode map, 0 if it is wrong. */
static u32 vex_map(struct decode *d, u8 escape)
{
    u8 first, second, third;

    if (!take(d, &first))
        return 0;
    if (escape == 0xc5)
        return ILEN_MAP_0F;
    if (!take(d, &second))
        return 0;
    if (escape == 0xc4)
        return (first & 0x1f) <= ILEN_MAP_0F3A ? first & 0x1f : 0;

    /* EVEX: maps 5 and 6 are half-precision arithmetic; two bits have fixed values. */
    if (!take(d, &third) || (first & 0x08) || !(second & 0x04))
        return 0;
    u32 map = first & 7;
    return map <= ILEN_MAP_0F3A || map == 5 || map == 6 ? map : 0;
}

static bool decode_vex(struct decode *d, u8 escape, struct ilen *insn)
{
    u32 map = vex_map(d, escape);

    if (!map || !take(d, &insn->opcode))
        return false;
    insn->map = (u8)map;
    insn->legacy = false;

    if (map == ILEN_MAP_0F && (insn->opcode & 0xf0) == 0x80)
        return false;                            /* branches, on one extinct processor only */

    d->attr = MODRM | (vector_has_imm8(map, insn->opcode) ? IMM_8 : IMM_0);
    if (map == ILEN_MAP_0F && insn->opcode == 0x77)
        d->attr = escape == 0x62 ? BAD : 0;      /* vzeroupper, vzeroall                    */
    return !(d->attr & BAD);
}

/* AMD's XOP: 8F with a map number of 8 to 10 where a ModRM byte would have its r/m field. */
static bool decode_xop(struct decode *d, struct ilen *insn)
{
    static const u16 attrs[] = { MODRM | IMM_8, MODRM, MODRM | IMM_32 };
    u8 first, second;

    if (!take(d, &first) || !take(d, &second) || !take(d, &insn->opcode))
        return false;
    u32 map = first & 0x1f;
    if (map < 8 || map > 10)
        return false;
    insn->map = (u8)map;
    insn->legacy = false;
    d->attr = attrs[map - 8];
    return true;
}

static inline bool is_vector_escape(const struct decode *d, u8 byte)
{
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
        return true;
    return byte == 0x8f && d->pos < d->max && (d->code[d->pos] & 0x1f) >= 8;
}

static bool decode_opcode(struct decode *d, struct ilen *insn)
{
    u32 forbidden = PREFIX_OPSIZE | PREFIX_LOCK | PREFIX_REPNE | PREFIX_REP;
    u8 byte;

    if (!decode_prefixes(d, &byte))
        return false;
    insn->legacy = true;
    insn->rex = d->rex;
    if (byte == 0x0f)
        return take(d, &byte) && decode_0f(d, byte, insn);
    if (is_vector_escape(d, byte)) {
        if ((d->prefixes & forbidden) || d->rex)
            return false;
        return byte == 0x8f ? decode_xop(d, insn) : decode_vex(d, byte, insn);
    }

    insn->map = ILEN_MAP_ONE;
    insn->opcode = byte;
    d->attr = one_byte[byte];
    return !(d->attr & BAD);
}

/* ModRM, SIB and displacement.  always_register: mov to and from control registers ignores mod. */
static bool decode_modrm(struct decode *d, bool always_register, struct ilen *insn)
{
    u8 sib;

    if (!take(d, &insn->modrm))
        return false;
    insn->has_modrm = true;
    u32 mod = insn->modrm >> 6, rm = insn->modrm & 7;
    if (mod == 3 || always_register)
        return true;

    u32 disp_len = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    if (rm == 4) {
        if (!take(d, &sib))
            return false;
        if (mod == 0 && (sib & 7) == 5)
            disp_len = 4;
    } else if (rm == 5 && mod == 0) {
        disp_len = 4;
        insn->rip_relative = true;
    }
    insn->disp_off = (u8)d->pos;
    insn->disp_len = (u8)disp_len;
    d->pos += disp_len;
    return d->pos <= d->max;
}

static u32 imm_len(const struct decode *d)
{
    bool wide = d->rex & 8;                      /* beats 66                                */
    u32 by_opsize = (d->prefixes & PREFIX_OPSIZE) && !wide ? 2 : 4;

    switch (d->attr & IMM_BITS) {
    case IMM_8:
        return 1;
    case IMM_16:
        return 2;
    case IMM_24:
        return 3;
    case IMM_32:
        return 4;
    case IMM_Z:
        return by_opsize;
    case IMM_V:
        return wide ? 8 : by_opsize;
    case IMM_ADDR:
        return d->prefixes & PREFIX_ADDRSIZE ? 4 : 8;
    default:
        return 0;
    }
}

static inline void set_kind(struct decode *d, enum ilen_kind kind)
{
    d->attr = (d->attr & ~(u32)KIND_BITS) | (u32)kind << KIND_SHIFT;
}

static inline void set_imm(struct decode *d, u32 imm)
{
    d->attr = (d->attr & ~(u32)IMM_BITS) | imm;
}

/* One-byte opcodes whose meaning is in the reg field of ModRM. */
static bool refine_one_byte(struct decode *d, struct ilen *insn)
{
    u32 reg = insn->modrm >> 3 & 7;

    switch (insn->opcode) {
    case 0x8f:
        return reg == 0;
    case 0xc6:
    case 0xc7:
        if (insn->modrm == 0xf8) {               /* xabort, xbegin                          */
            set_kind(d, insn->opcode == 0xc7 ? ILEN_BRANCH : ILEN_OTHER);
            return true;
        }
        return reg == 0;
    case 0xf6:
    case 0xf7:
        if (reg < 2)
            set_imm(d, insn->opcode == 0xf6 ? IMM_8 : IMM_Z);
        return true;
    case 0xfe:
        return reg < 2;
    case 0xff:
        if (reg >= 2 && reg <= 5)
            set_kind(d, ILEN_OTHER);
        return reg != 7;
    default:
        return true;
    }
}

/* 0F opcodes that a prefix or ModRM turns into something else. */
static bool refine_0f(struct decode *d, struct ilen *insn)
{
    u32 mod = insn->modrm >> 6, reg = insn->modrm >> 3 & 7;

    switch (insn->opcode) {
    case 0x1e:
        if ((d->prefixes & PREFIX_REP) && (insn->modrm == 0xfa || insn->modrm == 0xfb))
            set_kind(d, ILEN_ENDBR);
        return true;
    case 0x78:                                   /* extrq, insertq: two immediates          */
        if (d->prefixes & (PREFIX_OPSIZE | PREFIX_REPNE))
            set_imm(d, IMM_16);
        return true;
    case 0xb8:                                   /* popcnt; without F3 an Itanium's         */
        return d->prefixes & PREFIX_REP;
    case 0xc7:                                   /* supervisor state, virtual machines      */
        if (reg == 3 || reg == 5 || (reg >= 6 && mod != 3))
            set_kind(d, ILEN_OTHER);
        return true;
    default:
        return true;
    }
}

static bool insn_refine(struct decode *d, struct ilen *insn)
{
    if (!insn->legacy)
        return true;
    if (insn->map == ILEN_MAP_ONE)
        return refine_one_byte(d, insn);
    return insn->map != ILEN_MAP_0F || refine_0f(d, insn);
}

/* With 66 a branch is as long as without on one make of processor and shorter on the other; with
 * 67 a RIP-relative address wraps at 4 GiB.  Neither occurs in real code. */
static enum ilen_kind insn_kind(const struct decode *d, const struct ilen *insn)
{
    enum ilen_kind kind = (d->attr & KIND_BITS) >> KIND_SHIFT;

    if (insn->rip_relative && (d->prefixes & PREFIX_ADDRSIZE))
        return ILEN_OTHER;
    if (!(d->prefixes & PREFIX_OPSIZE))
        return kind;
    if (kind == ILEN_JCC || kind == ILEN_JMP)
        return ILEN_BRANCH;
    return kind == ILEN_RET ? ILEN_OTHER : kind;
}

size_t ilen_decode(const u8 *code, size_t max, struct ilen *ret)
{
    struct decode d = { .code = code, .max = max < ILEN_MAX ? (u32)max : ILEN_MAX };
    struct ilen insn = { 0 };

    if (!decode_opcode(&d, &insn))
        return 0;
    if (d.attr & MODRM) {
        bool control = insn.legacy && insn.map == ILEN_MAP_0F && (insn.opcode & 0xfc) == 0x20;
        if (!decode_modrm(&d, control, &insn) || !insn_refine(&d, &insn))
            return 0;
    }

    insn.imm_len = (u8)imm_len(&d);
    insn.kind = (u8)insn_kind(&d, &insn);
    if (d.pos + insn.imm_len > d.max)
        return 0;
    insn.len = (u8)(d.pos + insn.imm_len);
    *ret = insn;
    return insn.len;
}

s64 ilen_branch_distance(const u8 *code, const struct ilen *insn)
{
    const u8 *rel = code + insn->len - insn->imm_len;

    if (insn->imm_len == 1)
        return insn->len + (s8)rel[0];
    if (insn->imm_len == 2)
        return insn->len + (s16)(rel[0] | rel[1] << 8);
    return insn->len +
           (s32)((u32)rel[0] | (u32)rel[1] << 8 | (u32)rel[2] << 16 | (u32)rel[3] << 24);
}
