/* SPDX-License-Identifier: MIT */
/*
 * Choosing a shape for a site, and writing the bytes of a patch.
 */
#include "kernel/arch/x86_64/patch.h"
#include "abi/linux/errno.h"
#include "abi/linux/unistd.h"
#include "kernel/arch/x86_64/patch_int.h"
#include "kernel/lib/string.h"

enum {
    SYSCALL_LEN = 2,
    OP_JMP = 0xe9,                               /* jmp rel32                               */
    OP_JMP_SHORT = 0xeb,                         /* jmp rel8                                */
    OP_NOP = 0x90,
    OP_INT3 = 0xcc,
    OP2_CPUID = 0xa2,                            /* behind 0f                               */
};

/* The stub being written.  Once something does not fit or is out of reach, failed stays set. */
struct emitter {
    struct patch *patch;
    bool is_cpuid;
    bool failed;
};

static void emit(struct emitter *e, const u8 *bytes, size_t len)
{
    struct patch *p = e->patch;

    if (p->stub_len + len > PATCH_STUB_MAX) {
        e->failed = true;
        return;
    }
    memcpy(p->stub_code + p->stub_len, bytes, len);
    p->stub_len = (u8)(p->stub_len + len);
}

/* Is to within a 32-bit displacement of the instruction that ends at from? */
static bool displacement(u64 from, u64 to, u32 *ret)
{
    s64 distance = (s64)(to - from);

    if (distance != (s32)distance)
        return false;
    *ret = (u32)distance;
    return true;
}

/* The last four bytes of an instruction: a displacement to `to` from behind them. */
static void emit_displacement(struct emitter *e, u64 to)
{
    u64 end = e->patch->stub + e->patch->stub_len + 4;
    u8 bytes[4];
    u32 rel = 0;

    if (!displacement(end, to, &rel))
        e->failed = true;
    store_u32(bytes, rel);
    emit(e, bytes, sizeof(bytes));
}

/* The instruction emitted next stands for the original address orig. */
static void emit_point(struct emitter *e, u64 orig)
{
    struct patch *p = e->patch;

    if (p->point_count == PATCH_POINTS_MAX) {
        e->failed = true;
        return;
    }
    p->points[p->point_count++] =
        (struct patch_point){ .stub_off = p->stub_len, .orig_off = (u8)(orig - p->at) };
}

static void emit_jmp(struct emitter *e, u64 to)
{
    emit(e, (const u8[]){ OP_JMP }, 1);
    emit_displacement(e, to);
}

/* lea resume(%rip),%rcx; jmp *slot(%rip).  Neither changes a flag.  cpuid needs RCX and will change
 * RDX, so that is where its resume address goes. */
static void emit_entry(struct emitter *e, u64 resume, u64 slot)
{
    u64 insn = e->patch->insn;

    emit_point(e, insn);
    emit(e, (const u8[]){ 0x48, 0x8d, e->is_cpuid ? 0x15 : 0x0d }, 3);
    emit_displacement(e, resume);
    emit_point(e, insn);
    emit(e, (const u8[]){ 0xff, 0x25 }, 2);
    emit_displacement(e, slot);
}

enum { ENTRY_LEN = 7 + 6 };                      /* of what emit_entry() emits              */

/* Copy one instruction from its original address, so that it does the same in the stub. */
static void emit_moved(struct emitter *e, const u8 *code, u64 addr, const struct ilen *insn)
{
    emit_point(e, addr);
    if (insn->kind == ILEN_JCC) {
        emit(e, (const u8[]){ 0x0f, (u8)(0x80 | (insn->opcode & 0x0f)) }, 2);
        emit_displacement(e, addr + (u64)ilen_branch_distance(code, insn));
        return;
    }
    if (insn->kind == ILEN_JMP) {
        emit_jmp(e, addr + (u64)ilen_branch_distance(code, insn));
        return;
    }
    if (!insn->rip_relative) {
        emit(e, code, insn->len);
        return;
    }

    /* the displacement counts from the end of the instruction, behind any immediate */
    u64 operand = addr + insn->len + (u64)(s64)(s32)load_u32(code + insn->disp_off);
    u64 end = e->patch->stub + e->patch->stub_len + insn->len;
    u8 copy[ILEN_MAX];
    u32 rel = 0;

    memcpy(copy, code, insn->len);
    if (!displacement(end, operand, &rel))
        e->failed = true;
    store_u32(copy + insn->disp_off, rel);
    emit(e, copy, insn->len);
}

/* Copy the instructions at [off, off + ...), count of them. */
static void emit_all_moved(struct emitter *e, const struct patch_text *text, size_t off, u32 count)
{
    struct ilen insn;

    for (u32 i = 0; i < count; i++) {
        if (!ilen_decode(text->bytes + off, text->size - off, &insn)) {
            e->failed = true;
            return;
        }
        emit_moved(e, text->bytes + off, text->addr + off, &insn);
        off += insn.len;
    }
}

static void emit_mov_stub(struct emitter *e, u32 nr, u64 slot)
{
    u8 mov[5] = { 0xb8 };

    store_u32(mov + 1, nr);
    emit_point(e, e->patch->at);
    emit(e, mov, sizeof(mov));
    emit_entry(e, e->patch->insn + SYSCALL_LEN, slot);
}

static void emit_before_stub(struct emitter *e, const struct patch_text *text,
                             const struct patch_layout *layout, u64 slot)
{
    emit_all_moved(e, text, layout->at, layout->moved_count);
    emit_entry(e, e->patch->insn + SYSCALL_LEN, slot);
}

static void emit_after_stub(struct emitter *e, const struct patch_text *text,
                            const struct patch_layout *layout, u64 slot)
{
    struct patch *p = e->patch;

    emit_entry(e, p->stub + ENTRY_LEN, slot);
    emit_all_moved(e, text, layout->at + SYSCALL_LEN, layout->moved_count);
    if (layout->falls_through) {
        emit_point(e, p->at + layout->len);
        emit_jmp(e, p->at + layout->len);
    }
}

/* S becomes a short jump to the hole, the hole a long one to the stub. */
static bool write_hop(struct patch *p, const u8 *padding)
{
    u32 rel;

    if (!displacement(p->hole + PATCH_JMP_LEN, p->stub, &rel))
        return false;
    memcpy(p->hole_original, padding, PATCH_JMP_LEN);
    p->hole_code[0] = OP_JMP;
    store_u32(p->hole_code + 1, rel);

    p->code[0] = OP_JMP_SHORT;
    p->code[1] = (u8)(p->hole - (p->at + SYSCALL_LEN));
    p->store_len = SYSCALL_LEN;
    return true;
}

/* The jump to the stub, and behind it what is never executed: nops where the syscall follows,
 * int3s where a branch into the middle would be our mistake. */
static bool write_jump(struct patch *p)
{
    u32 rel;

    if (!displacement(p->at + PATCH_JMP_LEN, p->stub, &rel))
        return false;
    memset(p->code, p->shape == PATCH_AFTER ? OP_INT3 : OP_NOP, p->len);
    p->code[0] = OP_JMP;
    store_u32(p->code + 1, rel);
    p->store_len = PATCH_JMP_LEN;
    return true;
}

static void write_ud2(struct patch *p)
{
    p->code[0] = 0x0f;
    p->code[1] = 0x0b;
    p->len = p->store_len = 2;
}

/* Offset of the two instruction bytes at addr, false if they are not all inside the text. */
static bool text_offset(const struct patch_text *text, u64 addr, size_t *ret)
{
    u64 off = addr - text->addr;

    if (addr < text->addr || text->size < SYSCALL_LEN || off > text->size - SYSCALL_LEN)
        return false;
    *ret = (size_t)off;
    return true;
}

/* Write stub and jump for a system-call shape. */
static int build_call(const struct patch_text *text, size_t off, const struct patch_place *place,
                      struct patch *p)
{
    struct emitter e = { .patch = p, .is_cpuid = text->bytes[off + 1] == OP2_CPUID };
    u64 slot = e.is_cpuid ? place->cpuid_slot : place->slot;
    struct patch_layout layout = { 0 };
    bool after = p->shape == PATCH_AFTER, before = p->shape == PATCH_BEFORE;
    u32 nr = 0;

    if (after && !patch_room_after(text, off, &layout))
        return -EINVAL;                          /* whoever chose it knows of the branches  */
    if (before && !patch_layout_before(text, off, &layout))
        return -EINVAL;
    if (!after && !before) {
        if (patch_mov_shape(text, off, &nr) != p->shape)
            return -EINVAL;
        layout.len = p->shape == PATCH_C7 ? 7 : 5;
        layout.at = off - layout.len;
    }
    p->at = text->addr + layout.at;
    p->len = (u8)layout.len;
    p->must_stop = after || layout.moved_count > 1;

    if (after)
        emit_after_stub(&e, text, &layout, slot);
    else if (before)
        emit_before_stub(&e, text, &layout, slot);
    else
        emit_mov_stub(&e, nr, slot);
    return !e.failed && write_jump(p) ? 0 : -ERANGE;
}

/* Write stub, hole and short jump. */
static int build_hop(const struct patch_text *text, size_t off, u64 slot, struct patch *p)
{
    struct emitter e = { .patch = p };
    size_t hole;

    if (!patch_find_hole(text, off, &hole))
        return -EINVAL;
    p->hole = text->addr + hole;
    p->len = SYSCALL_LEN;
    emit_entry(&e, p->insn + SYSCALL_LEN, slot);
    return !e.failed && write_hop(p, text->bytes + hole) ? 0 : -ERANGE;
}

int patch_build(const struct patch_text *text, u64 insn, enum patch_shape shape,
                const struct patch_place *place, struct patch *ret)
{
    struct patch p = { .insn = insn, .at = insn, .stub = place->stub, .shape = (u8)shape };
    size_t off;
    int err;

    if (!text_offset(text, insn, &off) || text->bytes[off] != 0x0f)
        return -EINVAL;
    if (shape == PATCH_CPUID) {
        p.stub = 0;
        write_ud2(&p);
    } else {
        err = shape == PATCH_HOP ? build_hop(text, off, place->slot, &p)
                                 : build_call(text, off, place, &p);
        if (err)
            return err;
    }
    p.in_word = (p.at & 7) + p.store_len <= 8;
    *ret = p;
    return 0;
}

/* These do not come back: what stands behind them need not be code of the same function. */
static bool never_returns(u64 nr)
{
    return nr == __NR_exit || nr == __NR_exit_group || nr == __NR_rt_sigreturn;
}

/* Do len bytes from off lie in one aligned word? */
static bool in_word(const struct patch_text *text, size_t off, size_t len)
{
    return ((text->addr + off) & 7) + len <= 8;
}

/* The best shape if nobody else can be in the code. */
static enum patch_shape choose_alone(const struct patch_text *text, size_t off, u64 nr)
{
    struct patch_layout layout;
    size_t hole;

    if (!never_returns(nr) && patch_layout_after(text, off, &layout))
        return PATCH_AFTER;
    if (patch_layout_before(text, off, &layout))
        return PATCH_BEFORE;
    return patch_find_hole(text, off, &hole) ? PATCH_HOP : PATCH_NONE;
}

/* The best shape that one store applies. */
static enum patch_shape choose_live(const struct patch_text *text, size_t off)
{
    struct patch_layout layout;
    size_t hole;

    if (patch_layout_before(text, off, &layout) && layout.moved_count == 1 &&
        in_word(text, layout.at, PATCH_JMP_LEN))
        return PATCH_BEFORE;
    if (in_word(text, off, SYSCALL_LEN) && patch_find_hole(text, off, &hole))
        return PATCH_HOP;
    return PATCH_NONE;
}

int patch_choose(const struct patch_text *text, const struct patch_trap *trap,
                 enum patch_shape *ret)
{
    bool live = trap->threads == PATCH_LIVE;
    enum patch_shape shape;
    size_t off;
    u32 nr;

    if (!text_offset(text, trap->insn, &off))
        return -EINVAL;
    if (text->bytes[off] != 0x0f || text->bytes[off + 1] != 0x05)
        return -EINVAL;
    if (patch_is_sigreturn(text, off))
        return -EPERM;

    /* with another number the program came here by a branch, which the mov would not see */
    shape = patch_mov_shape(text, off, &nr);
    bool mov = shape != PATCH_NONE && nr == trap->nr;
    if (!mov || (live && !in_word(text, off - (shape == PATCH_C7 ? 7 : 5), PATCH_JMP_LEN)))
        shape = live ? choose_live(text, off) : choose_alone(text, off, trap->nr);
    if (shape != PATCH_NONE) {
        *ret = shape;
        return 0;
    }
    bool later = live && (mov || choose_alone(text, off, trap->nr) != PATCH_NONE);
    return later ? -EAGAIN : -ENOENT;
}

int patch_plan(const struct patch_text *text, const struct patch_trap *trap,
               const struct patch_place *place, struct patch *ret)
{
    enum patch_shape shape;
    int err;

    err = patch_choose(text, trap, &shape);
    if (err)
        return err;
    return patch_build(text, trap->insn, shape, place, ret);
}
