/* SPDX-License-Identifier: MIT */
/*
 * Executable memory: rewriting system-call sites.  See code.h.
 */
#include "kernel/mm/code.h"
#include "kernel/mm/mm_int.h"

int code_init(const struct boot_params *bp, u64 syscall_entry)
{
    (void)bp;
    (void)syscall_entry;
    return 0;
}

void code_fini(struct mm *mm)
{
    site_table_fini(&mm->code.sites);
}

void code_forget(struct mm *mm, u64 lo, u64 hi)
{
    site_forget_range(&mm->code.sites, lo, hi - lo, NULL, NULL);
}

void code_prepare(struct mm *mm, u64 lo, u64 hi)
{
    (void)mm;
    (void)lo;
    (void)hi;
}

void code_restore(struct mm *mm, u64 lo, u64 hi)
{
    code_forget(mm, lo, hi);
}

void mm_trap(struct mm *mm, u64 insn)
{
    (void)mm;
    (void)insn;
}

u64 mm_original_ip(struct mm *mm, u64 ip)
{
    return site_orig_of_stub(&mm->code.sites, ip);
}

u64 mm_resume_ip(struct mm *mm, u64 ip)
{
    return site_resume_of_orig(&mm->code.sites, ip);
}

bool mm_is_cpuid_site(struct mm *mm, u64 ip)
{
    (void)mm;
    (void)ip;
    return false;
}
