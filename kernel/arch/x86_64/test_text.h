/* SPDX-License-Identifier: MIT */
/*
 * Real code for the tests of decoder, vote and patcher: the executable sections of files that
 * happen to be installed, with Zydis' opinion about them.
 */
#pragma once
#include "kernel/arch/x86_64/patch.h"
#include "kernel/lib/types.h"

#include <Zydis/Zydis.h>

struct test_text {
    u8 *file;
    size_t file_size;
    struct patch_text section[32];               /* executable sections                     */
    size_t section_count;
    struct patch_text segment[8];                /* executable PT_LOADs                     */
    size_t segment_count;
};

/* Map a file.  False if it is not there or is no 64-bit ELF. */
bool test_text_open(struct test_text *t, const char *path);
void test_text_close(struct test_text *t);

/* An instruction as Zydis sees it. */
struct test_insn {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/* Decode; false if Zydis refuses. */
bool test_decode(const u8 *code, size_t max, struct test_insn *ret);

/* Call visit for each instruction of a linear sweep; a byte that does not decode is stepped over. */
void test_sweep(const struct patch_text *text,
                void (*visit)(void *arg, size_t off, const struct test_insn *insn), void *arg);
