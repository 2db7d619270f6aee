/* SPDX-License-Identifier: MIT */
/*
 * The processor as programs will see it: read once, here, then a table.
 *
 * AMX state is left out: it needs permission per process and 8 KiB in every signal frame.
 */
#include "targets/linux/outer.h"

#include <cpuid.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { TABLE_MAX = 64, HWCAP2_FSGSBASE_ = 1 << 1, XFEATURES_AMX = 3 << 17 };

static struct boot_cpuid table[TABLE_MAX];
static u32 table_len;

static void table_add(u32 leaf, u32 subleaf, bool any)
{
    struct boot_cpuid *c = &table[table_len];

    if (table_len == TABLE_MAX)
        return;
    __cpuid_count(leaf, subleaf, c->eax, c->ebx, c->ecx, c->edx);
    c->leaf = leaf;
    c->subleaf = any ? UINT32_MAX : subleaf;
    table_len++;
}

/* What programs ask for.  A list and not every leaf there is, because a cpuid may be an exit to a
 * hypervisor (5 us); others read as zero.  subleaves 0: the answer does not depend on ECX. */
static const struct {
    u32 leaf, subleaves;
} wanted[] = {
    { 0x0, 0 },        { 0x1, 0 },        { 0x2, 0 },        { 0x4, 4 },        { 0x7, 2 },
    { 0xb, 2 },        { 0x15, 0 },       { 0x16, 0 },       { 0x19, 0 },       { 0x80000000, 0 },
    { 0x80000001, 0 }, { 0x80000002, 0 }, { 0x80000003, 0 }, { 0x80000004, 0 }, { 0x80000005, 0 },
    { 0x80000006, 0 }, { 0x80000007, 0 }, { 0x80000008, 0 }, { 0x8000001d, 4 },
};

static u64 xcr0(void)
{
    u32 lo, hi;

    __asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (u64)hi << 32 | lo;
}

/* The sizes of extended state, which C libraries add up to save registers: a subleaf for each
 * component that is in use. */
static void table_add_xsave(void)
{
    for (u32 i = 0; i < 64; i++)
        if (i < 2 || xcr0() >> i & 1)
            table_add(0xd, i, false);
}

static void table_fill(void)
{
    u32 last[2], b, c, d;

    __cpuid(0, last[0], b, c, d);
    __cpuid(0x80000000, last[1], b, c, d);
    for (u32 i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (wanted[i].leaf > last[wanted[i].leaf >> 31])
            continue;
        if (!wanted[i].subleaves)
            table_add(wanted[i].leaf, 0, true);
        for (u32 sub = 0; sub < wanted[i].subleaves; sub++)
            table_add(wanted[i].leaf, sub, false);
    }
    table_add_xsave();
}

/* Bytes of an XSAVE image in the standard form that holds the features (SDM vol. 1, 13.4.2). */
static u32 xsave_bytes(u64 features)
{
    u32 size = 512 + 64, a, b, c, d;

    for (u32 i = 2; i < 63; i++) {
        if (!(features >> i & 1))
            continue;
        __cpuid_count(0xd, i, a, b, c, d);
        if (a + b > size)
            size = a + b;
    }
    return size;
}

int processor_describe(struct boot_params *bp)
{
    u32 a, b, c, d;

    if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_))
        return outer_error("this processor or kernel has no FSGSBASE instructions (Linux 5.9 or "
                           "later and no nofsgsbase option are needed)");
    __cpuid(1, a, b, c, d);
    if (!(c & bit_OSXSAVE))
        return outer_error("this processor has no XSAVE");
    bp->xfeatures = xcr0() & ~(u64)XFEATURES_AMX;
    bp->xsave_size = xsave_bytes(bp->xfeatures);
    table_fill();
    bp->cpuid = table;
    bp->cpuid_count = table_len;
    bp->hwcap = getauxval(AT_HWCAP);
    bp->hwcap2 = getauxval(AT_HWCAP2);
    bp->host_cpus = (u32)sysconf(_SC_NPROCESSORS_ONLN);
    return 0;
}
