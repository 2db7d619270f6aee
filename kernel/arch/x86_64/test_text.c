/* SPDX-License-Identifier: MIT */
/* Real code for tests: see test_text.h. */
#include "kernel/arch/x86_64/test_text.h"
#include "tests/unit/test.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void add_sections(struct test_text *t, const Elf64_Ehdr *elf)
{
    const Elf64_Shdr *s = (const void *)(t->file + elf->e_shoff);

    if (elf->e_shoff + elf->e_shnum * sizeof(*s) > t->file_size)
        return;
    for (u32 i = 0; i < elf->e_shnum && t->section_count < ARRAY_SIZE(t->section); i++) {
        if (s[i].sh_type != SHT_PROGBITS || !(s[i].sh_flags & SHF_EXECINSTR))
            continue;
        t->section[t->section_count++] = (struct patch_text){ .bytes = t->file + s[i].sh_offset,
                                                              .size = s[i].sh_size,
                                                              .addr = s[i].sh_addr };
    }
}

static void add_segments(struct test_text *t, const Elf64_Ehdr *elf)
{
    const Elf64_Phdr *p = (const void *)(t->file + elf->e_phoff);

    for (u32 i = 0; i < elf->e_phnum && t->segment_count < ARRAY_SIZE(t->segment); i++) {
        if (p[i].p_type != PT_LOAD || !(p[i].p_flags & PF_X))
            continue;
        t->segment[t->segment_count++] = (struct patch_text){ .bytes = t->file + p[i].p_offset,
                                                              .size = p[i].p_filesz,
                                                              .addr = p[i].p_vaddr };
    }
}

bool test_text_open(struct test_text *t, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    *t = (struct test_text){ 0 };
    if (fd < 0)
        return false;
    CHECK_EQ(fstat(fd, &st), 0);
    t->file_size = (size_t)st.st_size;
    t->file = mmap(NULL, t->file_size, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(t->file != MAP_FAILED);
    close(fd);

    const Elf64_Ehdr *elf = (const void *)t->file;
    if (t->file_size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
        elf->e_machine != EM_X86_64) {
        test_text_close(t);
        return false;
    }
    add_sections(t, elf);
    add_segments(t, elf);
    return true;
}

void test_text_close(struct test_text *t)
{
    munmap(t->file, t->file_size);
}

static const ZydisDecoder *decoder(void)
{
    static ZydisDecoder d;
    static bool ready;

    if (!ready)
        CHECK(ZYAN_SUCCESS(ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)));
    ready = true;
    return &d;
}

bool test_decode(const u8 *code, size_t max, struct test_insn *ret)
{
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder(), code, max, &ret->insn, ret->operands));
}

void test_sweep(const struct patch_text *text,
                void (*visit)(void *arg, size_t off, const struct test_insn *insn), void *arg)
{
    struct test_insn insn;

    for (size_t off = 0; off < text->size;) {
        if (!test_decode(text->bytes + off, text->size - off, &insn)) {
            off++;
            continue;
        }
        visit(arg, off, &insn);
        off += insn.insn.length;
    }
}
