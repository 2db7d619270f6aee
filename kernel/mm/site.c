/* SPDX-License-Identifier: MIT */
/*
 * The site table: slots that never move relative to each other, and two sorted lists of slot
 * numbers.  Adding is a binary search and a short memmove; a file's sites arrive in rising order,
 * so that it is mostly an append.
 *
 *     by_at    2 0 3 1          rising original address
 *     by_stub  0 3 1            rising stub address; refused sites and cpuids have none
 *     sites    [0] [1] [2] [3]
 *     unused   4 5 6 7          the rest
 */
#include "kernel/mm/site.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/panic.h"
#include "kernel/lib/string.h"

enum {
    SYSCALL_LEN = 2,
    CAPACITY_MIN = 64,                           /* a small static program has 20 to 100    */
};

/* Where no instruction can be: the site in this slot has been forgotten. */
#define SITE_GONE UINT64_MAX

/* The bytes that belong to a site: what is overwritten and the instruction itself, which P7, C7
 * and BEFORE leave in place. */
static u64 site_end(const struct site *s)
{
    if (s->shape == PATCH_HOLE)
        return s->at + s->len;
    return max_u64(s->at + s->len, s->insn + SYSCALL_LEN);
}

void site_table_fini(struct site_table *t)
{
    kfree(t->sites);
    kfree(t->by_at);
    kfree(t->by_stub);
    kfree(t->unused);
    *t = (struct site_table){ 0 };
}

/* Grow one array; *array stays valid if there is no memory. */
static int grow_u32(u32 **array, u32 capacity)
{
    u32 *grown = krealloc(*array, capacity * sizeof(**array));

    if (!grown)
        return -ENOMEM;
    *array = grown;
    return 0;
}

int site_table_reserve(struct site_table *t, u32 extra)
{
    u32 need, capacity = t->capacity ? t->capacity : CAPACITY_MIN;

    if (add_overflows(t->count, extra, &need) || need > UINT32_MAX / 2)
        return -ENOMEM;
    if (need <= t->capacity)
        return 0;
    while (capacity < need)
        capacity *= 2;

    struct site *sites = krealloc(t->sites, capacity * sizeof(*sites));
    if (!sites)
        return -ENOMEM;
    t->sites = sites;
    if (grow_u32(&t->by_at, capacity) || grow_u32(&t->by_stub, capacity) ||
        grow_u32(&t->unused, capacity))
        return -ENOMEM;
    /* ---- commit ---- */
    for (u32 slot = t->capacity; slot < capacity; slot++)
        t->unused[t->unused_count++] = slot;
    t->capacity = capacity;
    return 0;
}

/* How many sites begin at or below addr. */
static u32 count_at(const struct site_table *t, u64 addr)
{
    u32 lo = 0, hi = t->count;

    while (lo < hi) {
        u32 mid = lo + (hi - lo) / 2;
        if (t->sites[t->by_at[mid]].at <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* How many stubs begin at or below addr. */
static u32 count_stub(const struct site_table *t, u64 addr)
{
    u32 lo = 0, hi = t->stub_count;

    while (lo < hi) {
        u32 mid = lo + (hi - lo) / 2;
        if (t->sites[t->by_stub[mid]].stub <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The site that addr belongs to, or NULL. */
static struct site *site_at(const struct site_table *t, u64 addr)
{
    u32 index = count_at(t, addr);

    if (index == 0)
        return NULL;
    struct site *s = &t->sites[t->by_at[index - 1]];
    return addr < site_end(s) ? s : NULL;
}

/* Index in by_at of the first site with a byte at or above addr. */
static u32 first_from(const struct site_table *t, u64 addr)
{
    u32 index = count_at(t, addr);

    return index > 0 && addr < site_end(&t->sites[t->by_at[index - 1]]) ? index - 1 : index;
}

bool site_overlaps(const struct site_table *t, u64 at, u64 len)
{
    u32 index = first_from(t, at);

    return index < t->count && t->sites[t->by_at[index]].at < at + len;
}

static void list_insert(u32 *list, u32 *count, u32 index, u32 slot)
{
    memmove(list + index + 1, list + index, (*count - index) * sizeof(*list));
    list[index] = slot;
    ++*count;
}

/* Put s into a slot and both lists; there is room. */
static void site_insert(struct site_table *t, const struct site *s)
{
    u32 slot = t->unused[--t->unused_count];
    t->sites[slot] = *s;
    list_insert(t->by_at, &t->count, count_at(t, s->at), slot);
    if (s->stub)
        list_insert(t->by_stub, &t->stub_count, count_stub(t, s->stub), slot);
}

static bool site_fits(const struct site_table *t, const struct site *s)
{
    return !site_overlaps(t, s->at, site_end(s) - s->at);
}

static void hole_insert(struct site_table *t, const struct patch *p)
{
    struct site hole = {
        .at = p->hole,
        .insn = p->insn,
        .stub = p->hole,
        .shape = PATCH_HOLE,
        .len = PATCH_JMP_LEN,
        .stub_len = PATCH_JMP_LEN,
    };

    memcpy(hole.original, p->hole_original, PATCH_JMP_LEN);
    site_insert(t, &hole);
}

int site_add(struct site_table *t, const struct patch *p, const u8 *original)
{
    struct site s = {
        .at = p->at,
        .insn = p->insn,
        .stub = p->stub,
        .shape = p->shape,
        .len = p->len,
        .stub_len = p->stub_len,
        .point_count = p->point_count,
    };
    int err;

    assert(p->len <= PATCH_LEN_MAX);
    memcpy(s.points, p->points, sizeof(s.points));
    memcpy(s.original, original, p->len);
    if (!site_fits(t, &s) || (p->hole && site_overlaps(t, p->hole, PATCH_JMP_LEN)))
        return -EEXIST;
    err = site_table_reserve(t, 2);
    if (err)
        return err;
    /* ---- commit ---- */
    site_insert(t, &s);
    if (p->hole)
        hole_insert(t, p);
    return 0;
}

int site_add_refused(struct site_table *t, u64 insn)
{
    struct site s = { .at = insn, .insn = insn, .shape = PATCH_NONE };
    int err;

    if (!site_fits(t, &s))
        return -EEXIST;
    err = site_table_reserve(t, 1);
    if (err)
        return err;
    site_insert(t, &s);
    return 0;
}

struct site *site_find(struct site_table *t, u64 insn)
{
    struct site *s = site_at(t, insn);

    return s && s->insn == insn ? s : NULL;
}

/* Drop the slots of sites that were forgotten. */
static void list_compact(const struct site_table *t, u32 *list, u32 *count)
{
    u32 kept = 0;

    for (u32 i = 0; i < *count; i++) {
        if (t->sites[list[i]].insn != SITE_GONE)
            list[kept++] = list[i];
    }
    *count = kept;
}

void site_forget_range(struct site_table *t, u64 addr, u64 len,
                       void (*forgotten)(void *arg, const struct site *site), void *arg)
{
    u32 first = first_from(t, addr), index = first;

    for (; index < t->count && t->sites[t->by_at[index]].at < addr + len; index++) {
        u32 slot = t->by_at[index];
        if (forgotten && t->sites[slot].shape != PATCH_HOLE)
            forgotten(arg, &t->sites[slot]);
        t->sites[slot].insn = SITE_GONE;
        t->unused[t->unused_count++] = slot;
    }
    if (index == first)
        return;
    list_compact(t, t->by_at, &t->count);
    list_compact(t, t->by_stub, &t->stub_count);
}

void site_forget(struct site_table *t, const struct patch *p)
{
    site_forget_range(t, p->insn, SYSCALL_LEN, NULL, NULL);
    if (p->hole)
        site_forget_range(t, p->hole, PATCH_JMP_LEN, NULL, NULL);
}

u64 site_orig_of_stub(const struct site_table *t, u64 ip)
{
    u32 index = count_stub(t, ip);
    u64 orig = ip;

    if (index == 0)
        return ip;
    const struct site *s = &t->sites[t->by_stub[index - 1]];
    if (ip >= s->stub + s->stub_len)
        return ip;
    if (s->shape == PATCH_HOLE)
        return s->insn;
    for (u32 i = 0; i < s->point_count && s->stub + s->points[i].stub_off <= ip; i++)
        orig = s->at + s->points[i].orig_off;
    return orig;
}

u64 site_resume_of_orig(const struct site_table *t, u64 addr)
{
    const struct site *s = site_at(t, addr);

    if (!s)
        return addr;
    for (u32 i = 0; i < s->point_count; i++) {
        if (s->at + s->points[i].orig_off == addr)
            return s->stub + s->points[i].stub_off;
    }
    return addr;
}

void site_table_restore(const struct site_table *t, u64 addr, u8 *copy, size_t len)
{
    u64 end = addr + len;

    for (u32 i = first_from(t, addr); i < t->count; i++) {
        const struct site *s = &t->sites[t->by_at[i]];
        if (s->at >= end)
            break;
        u64 lo = max_u64(s->at, addr), hi = min_u64(s->at + s->len, end);
        if (lo < hi)
            memcpy(copy + (lo - addr), s->original + (lo - s->at), hi - lo);
    }
}
