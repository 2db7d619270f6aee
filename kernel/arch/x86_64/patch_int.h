/* SPDX-License-Identifier: MIT */
/* What the patcher's own files share. */
#pragma once
#include "kernel/arch/x86_64/ilen.h"
#include "kernel/arch/x86_64/patch.h"

/* rt_sigreturn is `mov $15,%rax; syscall` in every libc, and these nine bytes are how libgcc's
 * unwinder and gdb recognise a signal frame.  True if off is the syscall of such a sequence. */
bool patch_is_sigreturn(const struct patch_text *text, size_t off);

/* PATCH_P7 or PATCH_C7 if the bytes before the syscall at off load a number into EAX or RAX and
 * nothing else, and the vote agrees; else PATCH_NONE. */
enum patch_shape patch_mov_shape(const struct patch_text *text, size_t off, u32 *ret_nr);

/* The bytes that a shape takes from the text. */
struct patch_layout {
    size_t at;                                   /* offset of the first                     */
    u32 len;
    u32 moved_count;
    bool falls_through;                          /* AFTER: execution goes on behind them    */
};

/* What AFTER would take if nothing branches there, which takes long to find out. */
bool patch_room_after(const struct patch_text *text, size_t off, struct patch_layout *ret);

/* What AFTER or BEFORE would take around the syscall at off.  false: they cannot be used. */
bool patch_layout_after(const struct patch_text *text, size_t off, struct patch_layout *ret);
bool patch_layout_before(const struct patch_text *text, size_t off, struct patch_layout *ret);

/* Decode backwards, so to speak: an offset from which decoding arrives at off, at least reach bytes
 * before it or at the beginning of the text.  false: none is known. */
bool patch_sync(const struct patch_text *text, size_t off, size_t reach, size_t *ret);

/* Is it one of the instructions that fill gaps: nop, the long nops, int3? */
bool patch_is_padding(const struct ilen *insn);

/* Is everything from pos up to a function boundary padding, and does that reach at least end? */
bool patch_padding_reaches(const struct patch_text *text, size_t pos, size_t end);

/* Five bytes of padding that nothing executes, within reach of a short jump at off and in the same
 * page.  false: there are none. */
bool patch_find_hole(const struct patch_text *text, size_t off, size_t *ret);

/* Might a direct branch lead to an offset in [lo, hi), next to the instruction at off?  Says yes
 * if it cannot tell. */
bool patch_branch_into(const struct patch_text *text, size_t off, size_t lo, size_t hi);

/* Is there reason to believe that the `cpuid` bytes at off are an instruction? */
bool patch_is_cpuid(const struct patch_text *text, size_t off);

static inline u64 load_u64(const u8 *p)
{
    u64 v;

    __builtin_memcpy(&v, p, sizeof(v));
    return v;
}

static inline u32 load_u32(const u8 *p)
{
    u32 v;

    __builtin_memcpy(&v, p, sizeof(v));
    return v;
}

static inline void store_u32(u8 *p, u32 v)
{
    __builtin_memcpy(p, &v, sizeof(v));
}
