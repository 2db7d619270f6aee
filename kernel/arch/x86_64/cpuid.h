/* SPDX-License-Identifier: MIT */
/*
 * Answers of cpuid as user code may see them: a table fixed at start (abi/image.h), never the
 * host's live answers.
 */
#pragma once
#include "kernel/lib/types.h"

struct boot_cpuid;
struct pt_regs;

void cpuid_init(const struct boot_cpuid *table, u32 count);

/* The four registers for a leaf and subleaf; zeros where there is no answer. */
void cpuid_lookup(u32 leaf, u32 subleaf, u32 ret[4]);

/* What cpuid leaves in the registers, given what it finds there. */
void cpuid_answer(struct pt_regs *regs);

/* regs stand at a cpuid (or at the ud2 in its place): answer and step over it. */
void cpuid_emulate(struct pt_regs *regs);
