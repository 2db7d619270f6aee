/* SPDX-License-Identifier: MIT */
/*
 * The kernel image and the other files that a run is made of.
 *
 * The image is mapped segment by segment from its file (nothing is read that is not used) and its
 * relocations are applied in place; they are all R_X86_64_RELATIVE, as the link guarantees.
 */
#include "targets/linux/layout.h"
#include "targets/linux/outer.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 4096 };

int library_path(const char *name, char *ret, size_t size)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (len < 0)
        return outer_error("/proc/self/exe: %s", strerror(errno));
    self[len] = '\0';
    for (int up = 0; up < 2; up++) {
        slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
    }
    if ((size_t)snprintf(ret, size, "%s/lib/mystikos/%s", self, name) >= size)
        return outer_error("%s: path too long", self);
    return 0;
}

int range_reserve(u64 lo, u64 hi, const char *what)
{
    void *at = mmap((void *)lo, hi - lo, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (at != (void *)lo)
        return outer_error("cannot reserve the address range of the %s: %s", what,
                           at == MAP_FAILED ? strerror(errno) : "it is in use");
    return 0;
}

int module_map(const char *path, u64 at, struct boot_module *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *data;

    if (fd < 0)
        return outer_error("%s: %s", path, strerror(errno));
    if (fstat(fd, &st) || st.st_size == 0) {
        close(fd);
        return outer_error("%s: empty or unreadable", path);
    }
    data =
        mmap((void *)at, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
    close(fd);
    if (data != (void *)at)
        return outer_error("%s: cannot be mapped: %s", path, strerror(errno));
    *ret = (struct boot_module){ .data = data, .size = (u64)st.st_size };
    return 0;
}

/* One PT_LOAD: the file's part mapped, the rest zero. */
static int segment_map(int fd, const Elf64_Phdr *ph)
{
    u64 start = page_floor(LAYOUT_IMAGE + ph->p_vaddr);
    u64 file_end = LAYOUT_IMAGE + ph->p_vaddr + ph->p_filesz;
    u64 end = page_ceil(LAYOUT_IMAGE + ph->p_vaddr + ph->p_memsz);
    u64 split = page_ceil(file_end);
    int prot = PROT_READ | PROT_WRITE;

    if (mmap((void *)start, split - start, prot, MAP_PRIVATE | MAP_FIXED, fd,
             (off_t)page_floor(ph->p_offset)) == MAP_FAILED)
        return 1;
    if (ph->p_memsz > ph->p_filesz)
        memset((void *)file_end, 0, split - file_end);
    return end > split && mprotect((void *)split, end - split, prot);
}

static int segment_protect(const Elf64_Phdr *ph)
{
    u64 start = page_floor(LAYOUT_IMAGE + ph->p_vaddr);
    u64 end = page_ceil(LAYOUT_IMAGE + ph->p_vaddr + ph->p_memsz);
    int prot = (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
               (ph->p_flags & PF_X ? PROT_EXEC : 0);

    return mprotect((void *)start, end - start, prot);
}

static int relocate(const Elf64_Phdr *ph, u32 count)
{
    const Elf64_Dyn *dyn = NULL;
    const Elf64_Rela *rela = NULL;
    u64 size = 0;

    for (u32 i = 0; i < count; i++)
        if (ph[i].p_type == PT_DYNAMIC)
            dyn = (const Elf64_Dyn *)(LAYOUT_IMAGE + ph[i].p_vaddr);
    for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
        if (dyn->d_tag == DT_RELA)
            rela = (const Elf64_Rela *)(LAYOUT_IMAGE + dyn->d_un.d_ptr);
        if (dyn->d_tag == DT_RELASZ)
            size = dyn->d_un.d_val;
    }
    for (u64 i = 0; rela && i < size / sizeof(*rela); i++) {
        if (ELF64_R_TYPE(rela[i].r_info) != R_X86_64_RELATIVE)
            return 1;
        *(u64 *)(LAYOUT_IMAGE + rela[i].r_offset) = LAYOUT_IMAGE + (u64)rela[i].r_addend;
    }
    return 0;
}

static int segments_load(int fd, const Elf64_Phdr *ph, u32 count, u64 *ret_size)
{
    u64 size = 0;

    for (u32 i = 0; i < count; i++)
        if (ph[i].p_type == PT_LOAD)
            size = max_u64(size, page_ceil(ph[i].p_vaddr + ph[i].p_memsz));
    if (!size || LAYOUT_IMAGE + size > LAYOUT_SLOTS ||
        range_reserve(LAYOUT_IMAGE, LAYOUT_IMAGE + size, "kernel"))
        return 1;
    for (u32 i = 0; i < count; i++)
        if (ph[i].p_type == PT_LOAD && segment_map(fd, &ph[i]))
            return 1;
    if (relocate(ph, count))
        return 1;
    for (u32 i = 0; i < count; i++)
        if (ph[i].p_type == PT_LOAD && segment_protect(&ph[i]))
            return 1;
    *ret_size = size;
    return 0;
}

int image_load(struct boot_params *bp, u64 *ret_entry)
{
    static union {
        Elf64_Ehdr header;
        u8 bytes[HEADER_SIZE];
    } head;
    char path[PATH_MAX];
    u64 size = 0;
    int fd, failed;

    if (library_path("kernel.elf", path, sizeof(path)))
        return 1;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return outer_error("%s: %s", path, strerror(errno));
    failed = pread(fd, head.bytes, sizeof(head.bytes), 0) < (ssize_t)sizeof(head.header) ||
             memcmp(head.header.e_ident, ELFMAG, SELFMAG) || head.header.e_type != ET_DYN ||
             head.header.e_phoff + head.header.e_phnum * sizeof(Elf64_Phdr) > sizeof(head.bytes);
    failed = failed || segments_load(fd, (Elf64_Phdr *)(head.bytes + head.header.e_phoff),
                                     head.header.e_phnum, &size);
    close(fd);
    if (failed)
        return outer_error("%s: not a kernel image, or it cannot be loaded", path);
    bp->image = (struct range){ LAYOUT_IMAGE, LAYOUT_IMAGE + size };
    *ret_entry = LAYOUT_IMAGE + head.header.e_entry;
    return 0;
}
