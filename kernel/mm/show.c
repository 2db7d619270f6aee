/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells about an address space.
 *
 * Names of files are looked up under locks that come before mm.lock, so each line is made from a
 * copy: the next region is taken from the tree, the lock is dropped, the line is written.  Whoever
 * reads while mappings change sees each of them as it was at some moment, as on Linux.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

enum { NAME_COLUMN = 73, KIB = 1024 };           /* proc_pid_maps(5) lines up names there   */

/* Mappings that a program cannot tell apart. */
struct region {
    u64 lo, hi;
    u32 prot;
    bool shared;
    u64 offset, backed, locked;
    u32 flags;
    struct file *file;                           /* counts                                  */
    const char *label;
};

/* Does m, which begins where r ends, look like the rest of it? */
static bool region_continues(const struct region *r, const struct mapping *m)
{
    if (mapping_lo(m) != r->hi || m->prot != r->prot || m->file != r->file || m->label != r->label)
        return false;
    if (r->shared != !!(m->flags & MAPPING_SHARED) || m->flags & MAPPING_HIDDEN)
        return false;
    return !m->file || m->offset == r->offset + (r->hi - r->lo);
}

static void region_add(struct region *r, const struct mapping *m)
{
    u64 size = mapping_size(m);

    r->hi = m->hi;
    r->flags |= m->flags;
    if (m->flags & MAPPING_BACKED)
        r->backed += size;
    if (m->flags & MAPPING_LOCKED)
        r->locked += size;
}

/* The first region that ends above at, with a reference to its file; false: there is none. */
static bool region_from_locked(struct mm *mm, u64 at, struct region *ret)
{
    struct mapping *m = mapping_from(mm, at);

    while (m && m->flags & MAPPING_HIDDEN)
        m = mapping_next(m);
    if (!m)
        return false;
    *ret = (struct region){
        .lo = mapping_lo(m),
        .hi = mapping_lo(m),
        .prot = m->prot,
        .shared = m->flags & MAPPING_SHARED,
        .offset = m->offset,
        .file = m->file ? file_get(m->file) : NULL,
        .label = m->label,
    };
    do {
        region_add(ret, m);
        m = mapping_next(m);
    } while (m && region_continues(ret, m));
    return true;
}

/* The same, among mappings and stubs. */
static bool region_next(struct mm *mm, u64 at, struct region *ret)
{
    struct region stubs = { .prot = PROT_READ | PROT_EXEC, .label = "[stubs]" };
    bool has_stubs = code_next_stubs(mm, at, &stubs.lo, &stubs.hi);
    bool has_mapping;

    rw_lock_shared(&mm->lock);
    has_mapping = region_from_locked(mm, at, ret);
    rw_unlock_shared(&mm->lock);
    if (!has_stubs || (has_mapping && ret->lo < stubs.lo))
        return has_mapping;
    if (has_mapping)
        file_put(ret->file);
    stubs.backed = stubs.hi - stubs.lo;
    *ret = stubs;
    return true;
}

static void region_name(const struct region *r, struct strbuf *dst, size_t line)
{
    if (!r->file && !r->label)
        return;
    do
        strbuf_putc(dst, ' ');
    while (dst->len - line < NAME_COLUMN);
    if (r->label)
        strbuf_puts(dst, r->label);
    else
        file_describe(r->file, dst);
}

static void region_show(const struct region *r, struct strbuf *dst)
{
    size_t line = dst->len;
    struct stat st;

    memset(&st, 0, sizeof(st));
    if (r->file && file_getattr(r->file, &st))
        memset(&st, 0, sizeof(st));
    strbuf_printf(dst, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu", (unsigned long long)r->lo,
                  (unsigned long long)r->hi, r->prot & PROT_READ ? 'r' : '-',
                  r->prot & PROT_WRITE ? 'w' : '-', r->prot & PROT_EXEC ? 'x' : '-',
                  r->shared ? 's' : 'p', (unsigned long long)r->offset,
                  (unsigned)(st.st_dev >> 8 & 0xfff),
                  (unsigned)((st.st_dev & 0xff) | (st.st_dev >> 12 & 0xfff00)),
                  (unsigned long long)st.st_ino);
    region_name(r, dst, line);
    strbuf_putc(dst, '\n');
}

static void detail(struct strbuf *dst, const char *name, u64 bytes)
{
    strbuf_printf(dst, "%-15s %8llu kB\n", name, (unsigned long long)(bytes / KIB));
}

static void region_show_flags(const struct region *r, struct strbuf *dst)
{
    strbuf_printf(dst, "VmFlags:%s%s%s%s%s%s%s%s%s\n", r->prot & PROT_READ ? " rd" : "",
                  r->prot & PROT_WRITE ? " wr" : "", r->prot & PROT_EXEC ? " ex" : "",
                  r->shared ? " sh" : "", " mr mw me", r->flags & MAPPING_GROWSDOWN ? " gd" : "",
                  r->flags & MAPPING_LOCKED ? " lo" : "", r->flags & MAPPING_LAZY ? " nr" : "",
                  r->flags & MAPPING_DONTDUMP ? " dd" : "");
}

static void region_show_details(const struct region *r, struct strbuf *dst)
{
    u64 own = r->shared ? 0 : r->backed;

    detail(dst, "Size:", r->hi - r->lo);
    detail(dst, "KernelPageSize:", PAGE_SIZE);
    detail(dst, "MMUPageSize:", PAGE_SIZE);
    detail(dst, "Rss:", r->backed);
    detail(dst, "Pss:", r->backed);
    detail(dst, "Shared_Clean:", 0);
    detail(dst, "Shared_Dirty:", r->backed - own);
    detail(dst, "Private_Clean:", 0);
    detail(dst, "Private_Dirty:", own);
    detail(dst, "Referenced:", r->backed);
    detail(dst, "Anonymous:", own);
    detail(dst, "LazyFree:", 0);
    detail(dst, "AnonHugePages:", 0);
    detail(dst, "ShmemPmdMapped:", 0);
    detail(dst, "FilePmdMapped:", 0);
    detail(dst, "Shared_Hugetlb:", 0);
    detail(dst, "Private_Hugetlb:", 0);
    detail(dst, "Swap:", 0);
    detail(dst, "SwapPss:", 0);
    detail(dst, "Locked:", r->locked);
    strbuf_puts(dst, "THPeligible:    0\n");
    region_show_flags(r, dst);
}

int mm_show_maps(struct mm *mm, struct strbuf *dst, enum mm_maps how)
{
    struct region r;

    for (u64 at = 0; region_next(mm, at, &r); at = r.hi) {
        region_show(&r, dst);
        if (how == MM_SMAPS)
            region_show_details(&r, dst);
        file_put(r.file);
    }
    return dst->cut ? -ENOMEM : 0;
}

void mm_usage_get(struct mm *mm, struct mm_usage *ret)
{
    u64 stubs = code_stub_bytes(mm);

    rw_lock_shared(&mm->lock);
    *ret = (struct mm_usage){
        .mapped = mm->totals.mapped + stubs,
        .committed = mm->totals.backed + stubs,
        .data = mm->totals.data,
        .stack = mm->totals.stack,
        .text = mm->totals.text,
        .shared = mm->totals.shared,
        .locked = mm->totals.locked,
        .peak_committed = mm->peak_backed + stubs,
    };
    rw_unlock_shared(&mm->lock);
}
