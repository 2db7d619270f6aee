/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: one copy for all processes.
 */
#include "kernel/mm/mm_int.h"

int vdso_init(void)
{
    return 0;
}

int vdso_map(struct mm *mm)
{
    (void)mm;
    return 0;
}

u64 mm_vdso_base(const struct mm *mm)
{
    (void)mm;
    return 0;
}

u64 mm_vdso_sigreturn(const struct mm *mm)
{
    (void)mm;
    return 0;
}
