/* SPDX-License-Identifier: MIT */
/* Segment bases and the time stamp. */
#include "kernel/arch/x86_64/cpu.h"

u64 fs_base_get(void)
{
    u64 base;

    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

void fs_base_set(u64 base)
{
    __asm__ volatile("wrfsbase %0" : : "r"(base) : "memory");
}

u64 tsc_read(void)
{
    u32 lo, hi;

    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (u64)hi << 32 | lo;
}
