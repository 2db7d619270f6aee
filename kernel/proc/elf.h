/* SPDX-License-Identifier: MIT */
/*
 * ELF programs: checked headers, and their segments mapped into an address space.
 *
 * Every number in a file is hostile: sizes, offsets and addresses are bounded before use, and what
 * is not understood is -ENOEXEC.
 */
#pragma once
#include "abi/linux/elf.h"
#include "kernel/lib/types.h"

struct file;
struct mm;

enum { ELF_PHDRS_MAX = 128, ELF_INTERP_MAX = 256 };

struct elf_image {
    struct file *file;                           /* not owned                               */
    struct elf64_hdr header;
    struct elf64_phdr phdr[ELF_PHDRS_MAX];
    u64 lo, hi;                                  /* addresses as linked, whole pages        */
    u64 align;
    char interp[ELF_INTERP_MAX];                 /* "" if it has none                       */
    bool fixed;                                  /* ET_EXEC                                 */
    bool exec_stack;                             /* PT_GNU_STACK asks for one               */
    u64 thread_stack;                            /* size in PT_GNU_STACK, for musl          */
    s32 stack_phdr;                              /* index of PT_GNU_STACK, -1               */

    /* after elf_map() */
    u64 bias;                                    /* run address - linked address            */
    u64 entry, phdr_addr;
    u64 code_lo, code_hi, data_lo, data_hi, end;
};

/* Read and check the headers of file.  -ENOEXEC, -EIO, -ELIBBAD-like errors become -ENOEXEC. */
int elf_read(struct file *file, struct elf_image *ret) MUST_CHECK;

/* Map the segments.  -ENOMEM (also: a fixed address is taken), -EIO. */
int elf_map(struct mm *mm, struct elf_image *image) MUST_CHECK;
