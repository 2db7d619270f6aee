/* SPDX-License-Identifier: MIT */
/* The cpuid table: see cpuid.h. */
#include "kernel/arch/x86_64/cpuid.h"
#include "abi/image.h"
#include "kernel/arch/x86_64/frame.h"

static const struct boot_cpuid *cpuid_table;     /* [const] after start                     */
static u32 cpuid_count;

void cpuid_init(const struct boot_cpuid *table, u32 count)
{
    cpuid_table = table;
    cpuid_count = count;
}

void cpuid_lookup(u32 leaf, u32 subleaf, u32 ret[4])
{
    for (u32 i = 0; i < cpuid_count; i++) {
        const struct boot_cpuid *c = &cpuid_table[i];

        if (c->leaf == leaf && (c->subleaf == subleaf || c->subleaf == UINT32_MAX)) {
            ret[0] = c->eax;
            ret[1] = c->ebx;
            ret[2] = c->ecx;
            ret[3] = c->edx;
            return;
        }
    }
    ret[0] = ret[1] = ret[2] = ret[3] = 0;
}

void cpuid_answer(struct pt_regs *regs)
{
    u32 r[4];

    cpuid_lookup((u32)regs->ax, (u32)regs->cx, r);
    regs->ax = r[0];
    regs->bx = r[1];
    regs->cx = r[2];
    regs->dx = r[3];
}

void cpuid_emulate(struct pt_regs *regs)
{
    cpuid_answer(regs);
    regs->ip += 2;
}
