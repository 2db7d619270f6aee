/* SPDX-License-Identifier: MIT */
/*
 * ELF programs: see elf.h.
 *
 * A segment's file pages are mapped with the file's offsets; where memory goes on behind the file
 * part, the rest of the last file page is cleared and whole pages are anonymous (elf(5), PT_LOAD).
 */
#include "kernel/proc/elf.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/file.h"

#define ELF_ADDR_MAX (1ull << 46)

static int header_check(const struct elf64_hdr *h)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64)
        return -ENOEXEC;
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return -ENOEXEC;
    if (h->e_phentsize != sizeof(struct elf64_phdr) || !h->e_phnum || h->e_phnum > ELF_PHDRS_MAX)
        return -ENOEXEC;
    return 0;
}

/* A read that must be complete. */
static int read_exactly(struct file *f, void *dst, size_t len, u64 off)
{
    ssize_t n = file_pread_kernel(f, dst, len, off);

    if (n < 0)
        return (int)n;
    return (size_t)n == len ? 0 : -ENOEXEC;
}

static int load_check(const struct elf64_phdr *p, struct elf_image *e)
{
    u64 end, file_end;

    if (p->p_filesz > p->p_memsz || add_overflows(p->p_vaddr, p->p_memsz, &end) ||
        add_overflows(p->p_offset, p->p_filesz, &file_end) || end > ELF_ADDR_MAX ||
        (s64)file_end < 0)
        return -ENOEXEC;
    if (page_offset(p->p_vaddr) != page_offset(p->p_offset))
        return -ENOEXEC;
    e->lo = min_u64(e->lo, page_floor(p->p_vaddr));
    e->hi = max_u64(e->hi, page_ceil(end));
    if (p->p_align > e->align && !(p->p_align & (p->p_align - 1)))
        e->align = p->p_align;
    return 0;
}

static int interp_read(const struct elf64_phdr *p, struct elf_image *e)
{
    int err;

    if (p->p_filesz < 2 || p->p_filesz > ELF_INTERP_MAX || e->interp[0])
        return -ENOEXEC;
    err = read_exactly(e->file, e->interp, p->p_filesz, p->p_offset);
    if (err)
        return err;
    return e->interp[p->p_filesz - 1] ? -ENOEXEC : 0;
}

static int phdr_check(struct elf_image *e, u32 i)
{
    const struct elf64_phdr *p = &e->phdr[i];

    switch (p->p_type) {
    case PT_LOAD:
        return p->p_memsz ? load_check(p, e) : 0;
    case PT_INTERP:
        return interp_read(p, e);
    case PT_GNU_STACK:
        e->exec_stack = p->p_flags & PF_X;
        e->thread_stack = p->p_memsz;
        e->stack_phdr = (s32)i;
        return 0;
    default:
        return 0;
    }
}

int elf_read(struct file *file, struct elf_image *e)
{
    int err;

    memset(e, 0, sizeof(*e));
    e->file = file;
    e->lo = UINT64_MAX;
    e->align = PAGE_SIZE;
    e->stack_phdr = -1;
    err = read_exactly(file, &e->header, sizeof(e->header), 0);
    if (err)
        return err;
    err = header_check(&e->header);
    if (err)
        return err;
    err = read_exactly(file, e->phdr, e->header.e_phnum * sizeof(e->phdr[0]), e->header.e_phoff);
    if (err)
        return err;
    for (u32 i = 0; i < e->header.e_phnum; i++) {
        err = phdr_check(e, i);
        if (err)
            return err;
    }
    e->fixed = e->header.e_type == ET_EXEC;
    return e->lo < e->hi ? 0 : -ENOEXEC;
}

static u32 prot_of(u32 flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

static int map_at(struct mm *mm, u64 addr, u64 len, u32 prot, struct file *f, u64 offset)
{
    struct map_request r = {
        .addr = addr,
        .len = len,
        .prot = prot,
        .flags = MAP_PRIVATE | MAP_FIXED | (f ? 0 : MAP_ANONYMOUS),
        .file = f,
        .offset = offset,
    };
    s64 at = mm_map(mm, &r);

    return at < 0 ? (int)at : 0;
}

/* Clear [addr, end of its page) of a segment that is mapped already. */
static int clear_tail(struct mm *mm, u64 addr)
{
    static const u8 zeros[512];
    u64 end = page_ceil(addr);

    while (addr < end) {
        ssize_t n = mm_poke(mm, addr, zeros, min_size(sizeof(zeros), end - addr));

        if (n <= 0)
            return -EFAULT;
        addr += (u64)n;
    }
    return 0;
}

static int segment_map(struct mm *mm, const struct elf_image *e, const struct elf64_phdr *p)
{
    u64 start = page_floor(p->p_vaddr) + e->bias;
    u64 file_end = p->p_vaddr + p->p_filesz + e->bias;
    u64 end = page_ceil(p->p_vaddr + p->p_memsz + e->bias);
    u64 split = p->p_filesz ? page_ceil(file_end) : start;
    u32 prot = prot_of(p->p_flags);
    int err = 0;

    if (p->p_filesz)
        err = map_at(mm, start, split - start, prot, e->file, page_floor(p->p_offset));
    /* Only where the program can write is the rest of the page its memory and not file content. */
    if (!err && p->p_memsz > p->p_filesz && p->p_filesz && p->p_flags & PF_W)
        err = clear_tail(mm, file_end);
    if (!err && end > split)
        err = map_at(mm, split, end - split, prot, NULL, 0);
    return err;
}

/* Remember what /proc and brk(2) need to know about a segment. */
static void segment_note(struct elf_image *e, const struct elf64_phdr *p)
{
    u64 lo = p->p_vaddr + e->bias;
    u64 table = e->header.e_phoff;

    if (p->p_flags & PF_X) {
        e->code_lo = e->code_lo ? min_u64(e->code_lo, lo) : lo;
        e->code_hi = max_u64(e->code_hi, lo + p->p_filesz);
    }
    if (lo + p->p_filesz > e->data_hi) {
        e->data_lo = lo;
        e->data_hi = lo + p->p_filesz;
    }
    e->end = max_u64(e->end, lo + p->p_memsz);
    if (table >= p->p_offset && table < p->p_offset + p->p_filesz)
        e->phdr_addr = lo + (table - p->p_offset);
}

int elf_map(struct mm *mm, struct elf_image *e)
{
    s64 base = mm_reserve(mm, e->fixed ? e->lo : 0, e->hi - e->lo, e->align);

    if (base < 0)
        return (int)base;
    e->bias = (u64)base - e->lo;
    for (u32 i = 0; i < e->header.e_phnum; i++) {
        const struct elf64_phdr *p = &e->phdr[i];
        int err;

        if (p->p_type != PT_LOAD || !p->p_memsz)
            continue;
        err = segment_map(mm, e, p);
        if (err)
            return err;
        segment_note(e, p);
    }
    e->entry = e->header.e_entry + e->bias;
    return 0;
}
