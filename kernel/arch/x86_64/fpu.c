/* SPDX-License-Identifier: MIT */
/*
 * Extended state.
 *
 * An XSAVE image is the legacy area (512 bytes), a header of 64 whose first word says which
 * components are present, and the components (SDM vol. 1, chapter 13).  An image from user memory
 * is made harmless before XRSTOR sees it: unknown components and the compacted form are cleared,
 * reserved MXCSR bits too; what remains cannot fault.
 */
#include "kernel/arch/x86_64/cpu.h"
#include "abi/linux/errno.h"
#include "kernel/core/panic.h"
#include "kernel/lib/string.h"

enum {
    XSAVE_HEADER = 512,
    XSAVE_MIN = 576,
    MXCSR_AT = 24,
    MXCSR_MASK_AT = 28,
    MXCSR_DEFAULT = 0x1f80,
    MXCSR_MASK_DEFAULT = 0xffbf,                 /* SDM: if the processor stores 0          */
    FCW_DEFAULT = 0x37f,
};

static u64 features = 3;                         /* [const] after start: x87 and SSE        */
static u32 size = XSAVE_MIN;
static u32 mxcsr_mask = MXCSR_MASK_DEFAULT;

static u8 initial[XSAVE_MIN] __attribute__((aligned(64))); /* no component present          */

static void xsave(void *dst)
{
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(dst), "a"((u32)features), "d"((u32)(features >> 32))
                     : "memory");
}

static void xrstor(const void *src)
{
    __asm__ volatile("xrstor64 (%0)"
                     :
                     : "r"(src), "a"((u32)features), "d"((u32)(features >> 32))
                     : "memory");
}

void fpu_init(u64 boot_features, u32 boot_size)
{
    static u8 probe[XSAVE_MIN] __attribute__((aligned(64)));
    u32 mask, mxcsr = MXCSR_DEFAULT;
    u16 fcw = FCW_DEFAULT;

    assert((boot_features & 3) == 3);
    assert(boot_size >= XSAVE_MIN);
    features = boot_features;
    size = boot_size;
    __asm__ volatile("fxsave64 (%0)" : : "r"(probe) : "memory");
    memcpy(&mask, probe + MXCSR_MASK_AT, sizeof(mask));
    if (mask)
        mxcsr_mask = mask;
    memcpy(initial, &fcw, sizeof(fcw));
    memcpy(initial + MXCSR_AT, &mxcsr, sizeof(mxcsr));
}

u32 fpu_size(void)
{
    return size;
}

u64 fpu_features(void)
{
    return features;
}

void fpu_save(void *dst)
{
    memset((u8 *)dst + XSAVE_HEADER, 0, XSAVE_MIN - XSAVE_HEADER);
    xsave(dst);
}

int fpu_restore(void *image_arg)
{
    u8 *image = image_arg;
    u64 header[8];
    u32 mxcsr;

    memcpy(header, image + XSAVE_HEADER, sizeof(header));
    header[0] &= features;
    memset(header + 1, 0, sizeof(header) - sizeof(header[0]));
    memcpy(image + XSAVE_HEADER, header, sizeof(header));
    memcpy(&mxcsr, image + MXCSR_AT, sizeof(mxcsr));
    if (mxcsr & ~mxcsr_mask) {
        fpu_reset();
        return -EINVAL;
    }
    xrstor(image);
    return 0;
}

void fpu_reset(void)
{
    xrstor(initial);
}
