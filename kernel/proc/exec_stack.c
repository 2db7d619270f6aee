/* SPDX-License-Identifier: MIT */
/*
 * The main stack of a new program, from its top down (System V ABI, figure 3.9):
 *
 *     8 zero bytes
 *     file name (AT_EXECFN)
 *     environment strings, argument strings      one block, arguments first
 *     platform string, 16 random bytes
 *     auxiliary vector, NULL, envp, NULL, argv, argc      16-byte aligned
 *
 * It is composed in kernel memory and written at once.
 */
#include "abi/image.h"
#include "abi/linux/elf.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/resource.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/exec_int.h"
#include "kernel/proc/process.h"

enum { STACK_MIN = 64 << 10, STACK_MAX = 256 << 20, STACK_GUARD = 1 << 20 };

enum { AUXV_MAX = 24, RANDOM_BYTES = 16, CLOCK_TICKS = 100, SIGFRAME_BASE = 1024 };

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

static const char platform[] = "x86_64";

static u64 hwcap, hwcap2;                        /* [const] after start                     */
static bool exec_stacks;

void exec_stack_init(const struct boot_params *bp)
{
    hwcap = bp->hwcap;
    hwcap2 = bp->hwcap2;
    exec_stacks = bp->exec_stack;
}

/* The soft limit decides, as on Linux; the first process's is MainStackSize.  Memory is committed
 * when it is touched, so a large stack costs addresses only. */
static u64 stack_size(void)
{
    u64 limit = process_limit(RLIMIT_STACK);

    return page_ceil(max_u64(min_u64(limit, STACK_MAX), STACK_MIN));
}

/* Where the parts are, as user addresses. */
struct places {
    u64 execfn, text, platform, random, vectors;
    u64 top;
};

static void places_compute(const struct exec *x, u64 top, struct places *at)
{
    size_t words = 1 + x->args->argc + 1 + x->args->envc + 1 + 2 * AUXV_MAX;

    at->top = top;
    at->execfn = top - 8 - (strlen(x->execfn) + 1);
    at->text = at->execfn - x->args->len;
    at->platform = at->text - sizeof(platform);
    at->random = (at->platform - RANDOM_BYTES) & ~15ull;
    at->vectors = (at->random - words * sizeof(u64)) & ~15ull;
}

struct auxv {
    u64 (*entry)[2];
    u32 count;
};

static void auxv_add(struct auxv *a, u64 type, u64 value)
{
    a->entry[a->count][0] = type;
    a->entry[a->count][1] = value;
    a->count++;
}

static void auxv_fill(struct auxv *a, const struct exec *x, const struct places *at)
{
    const struct cred *c = x->cred;

    auxv_add(a, AT_SYSINFO_EHDR, mm_vdso_base(x->mm));
    auxv_add(a, AT_HWCAP, hwcap);
    auxv_add(a, AT_PAGESZ, PAGE_SIZE);
    auxv_add(a, AT_CLKTCK, CLOCK_TICKS);
    auxv_add(a, AT_PHDR, x->program.phdr_addr);
    auxv_add(a, AT_PHENT, sizeof(struct elf64_phdr));
    auxv_add(a, AT_PHNUM, x->program.header.e_phnum);
    auxv_add(a, AT_BASE, x->interp_file ? x->interp.bias + x->interp.lo : 0);
    auxv_add(a, AT_FLAGS, 0);
    auxv_add(a, AT_ENTRY, x->program.entry);
    auxv_add(a, AT_UID, c->uid);
    auxv_add(a, AT_EUID, c->euid);
    auxv_add(a, AT_GID, c->gid);
    auxv_add(a, AT_EGID, c->egid);
    auxv_add(a, AT_SECURE, x->secure);
    auxv_add(a, AT_RANDOM, at->random);
    auxv_add(a, AT_HWCAP2, hwcap2);
    auxv_add(a, AT_EXECFN, at->execfn);
    auxv_add(a, AT_PLATFORM, at->platform);
    auxv_add(a, AT_MINSIGSTKSZ, SIGFRAME_BASE + fpu_size());
    auxv_add(a, AT_NULL, 0);
}

/* Pointers to count strings that follow each other, then NULL.  Returns where it stopped. */
static u64 *strings_point(u64 *dst, const char *text, u64 user, u32 count, size_t *at)
{
    for (u32 i = 0; i < count; i++) {
        *dst++ = user + *at;
        *at += strlen(text + *at) + 1;
    }
    *dst++ = 0;
    return dst;
}

/* The lower part of the stack, composed at buf, which stands for at->vectors. */
static int vectors_write(const struct exec *x, const struct places *at, u8 *buf)
{
    u64 *word = (u64 *)buf;
    struct auxv auxv = { 0 };
    size_t text_at = 0;

    *word++ = x->args->argc;
    word = strings_point(word, x->args->text, at->text, x->args->argc, &text_at);
    word = strings_point(word, x->args->text, at->text, x->args->envc, &text_at);
    auxv.entry = (u64(*)[2])word;
    auxv_fill(&auxv, x, at);
    memcpy(buf + (at->platform - at->vectors), platform, sizeof(platform));
    memcpy(buf + (at->text - at->vectors), x->args->text, x->args->len);
    memcpy(buf + (at->execfn - at->vectors), x->execfn, strlen(x->execfn) + 1);
    return host_random(buf + (at->random - at->vectors), RANDOM_BYTES);
}

static void layout_note(const struct exec *x, const struct places *at, u64 lo)
{
    struct mm_layout *l = mm_layout(x->mm);

    l->stack_lo = lo;
    l->stack_hi = at->top;
    l->arg_lo = at->text;
    l->arg_hi = l->env_lo = at->text + x->args->env_at;
    l->env_hi = at->text + x->args->len;
    l->auxv_lo = at->vectors + (1 + x->args->argc + 1 + x->args->envc + 1) * sizeof(u64);
    l->auxv_hi = l->auxv_lo + 2 * AUXV_MAX * sizeof(u64);
}

/* The stack with nothing below it for as far as Linux keeps it free (stack_guard_gap): who runs over
 * the end meets a fault, not somebody's data.  The lowest address of the stack, or -errno. */
static s64 stack_map(struct mm *mm, u64 size)
{
    s64 base = mm_reserve(mm, 0, STACK_GUARD + size, PAGE_SIZE);
    struct map_request r = {
        .addr = (u64)base + STACK_GUARD,
        .len = size,
        .prot = PROT_READ | PROT_WRITE | (exec_stacks ? PROT_EXEC : 0),
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE | MAP_FIXED,
        .label = "[stack]",
    };

    return base < 0 ? base : mm_map(mm, &r);
}

int exec_stack_build(struct exec *x)
{
    AUTO(kfreep) u8 *buf = NULL;
    u64 size = stack_size();
    s64 lo = stack_map(x->mm, size);
    struct places at;
    size_t len;
    int err;

    if (lo < 0)
        return (int)lo;
    places_compute(x, (u64)lo + size, &at);
    if (at.vectors < (u64)lo + size / 2)
        return -E2BIG;
    len = at.top - at.vectors;
    buf = kzalloc(len);
    if (!buf)
        return -ENOMEM;
    err = vectors_write(x, &at, buf);
    if (err)
        return err;
    if (mm_poke(x->mm, at.vectors, buf, len) != (ssize_t)len)
        return -ENOMEM;
    layout_note(x, &at, (u64)lo);
    x->sp = at.vectors;
    return 0;
}
