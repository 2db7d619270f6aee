/* SPDX-License-Identifier: MIT */
/*
 * Which instruction ends here?
 *
 * x86 code cannot be decoded backwards, but decoding that starts at a wrong byte falls into step
 * within a few instructions.  So every byte some way before the place in question starts a chain;
 * each chain that arrives exactly there votes for the length of its last instruction.
 *
 * A clear vote means "if this is code, an instruction of that length ends here".  In tables inside
 * .text it can be clear and wrong (1 in 5000 there): ask only where something independent says
 * that this is code, a pattern or the fact that it has just been executed.
 */
#pragma once
#include "kernel/lib/types.h"

enum { VOTE_REACH = 64 };                        /* bytes before end that are looked at     */

/* Length of the instruction that ends at end, or 0 if the vote is not clear.  Reads nothing
 * outside [start, end). */
size_t vote_prev_len(const u8 *start, const u8 *end);
