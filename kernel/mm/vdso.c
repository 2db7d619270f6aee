/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: one copy for all processes, made at start.
 *
 *     [vvar]  one page of data    readable for programs, written by the kernel
 *     [vdso]  the image           readable and executable
 *
 * As there is one address space and one mapping of a page, the host lets everybody write to the
 * data; what the kernel checks for a program (user_check.c) is exact.  Nothing in it is secret or
 * believed.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/arch/x86_64/vdso_data.h"
#include "kernel/arch/x86_64/vdso_image.h"
#include "kernel/core/commit.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

static u64 vdso_lo;                              /* [const] after vdso_init(): the data page */

static u64 vdso_size(void)
{
    return PAGE_SIZE + page_ceil(vdso_image_size());
}

int vdso_init(void)
{
    u64 lo, image;
    int err;

    err = arena_owner_add();
    if (!err)
        err = commit_charge(vdso_size());
    if (err)
        return err;
    lo = mm_place_top(vdso_size());
    if (!lo)
        return -ENOMEM;
    image = lo + PAGE_SIZE;
    err = host_protect(lo, vdso_size(), TARGET_PROT_READ | TARGET_PROT_WRITE);
    if (err)
        return err;
    memcpy((void *)image, vdso_image, vdso_image_size());
    err = host_protect(image, vdso_size() - PAGE_SIZE, TARGET_PROT_READ | TARGET_PROT_EXEC);
    if (!err)
        vdso_lo = lo;
    return err;
}

static int vdso_show(struct mm *mm, u64 lo, u64 hi, u32 prot, const char *label)
{
    struct mapping *m = mapping_new(lo, hi, prot, MAPPING_SPECIAL | MAPPING_BACKED);

    if (!m)
        return -ENOMEM;
    m->label = label;
    mm_insert_locked(mm, m);
    return 0;
}

/* mm is new: nobody else knows it. */
int vdso_map(struct mm *mm)
{
    u64 image = vdso_lo + PAGE_SIZE;
    int err;

    err = vdso_show(mm, vdso_lo, image, PROT_READ, "[vvar]");
    if (err)
        return err;
    return vdso_show(mm, image, vdso_lo + vdso_size(), PROT_READ | PROT_EXEC, "[vdso]");
}

u64 mm_vdso_base(const struct mm *mm)
{
    (void)mm;                                    /* the same for all, on these targets      */
    return vdso_lo + PAGE_SIZE;
}

u64 mm_vdso_sigreturn(const struct mm *mm)
{
    return mm_vdso_base(mm) + vdso_image_sigreturn();
}

struct vdso_data *mm_vdso_data(void)
{
    return (struct vdso_data *)vdso_lo;
}
