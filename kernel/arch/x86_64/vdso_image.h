/* SPDX-License-Identifier: MIT */
/*
 * The vDSO image: an ELF shared object, to be mapped readable and executable with one readable
 * page in front of it, which holds a struct vdso_data (vdso_data.h).
 */
#pragma once
#include "abi/linux/elf.h"
#include "kernel/lib/types.h"

extern const u8 vdso_image[], vdso_image_end[];  /* whole pages                             */

static inline size_t vdso_image_size(void)
{
    return (size_t)(vdso_image_end - vdso_image);
}

/* Offset of the signal trampoline in the image: its ELF entry. */
static inline u64 vdso_image_sigreturn(void)
{
    return ((const Elf64_Ehdr *)vdso_image)->e_entry;
}
