/* SPDX-License-Identifier: MIT */
/* Plans for the system-call sites of a text, made once and kept.  See rewrite.h. */
#include "kernel/mm/rewrite.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/mutex.h"
#include "kernel/lib/string.h"
#include "kernel/mm/stub.h"
#include "kernel/vfs/vnode.h"

enum {
    FOUND_AT_ONCE = 64,
    STUB_ALIGN = 8,
    KEPT_MAX = 24,                               /* plans: a program and its libraries      */
    KEPT_PATCHES_MAX = 4096,                     /* about 800 KiB; a C library has 600      */
};

static struct {
    struct mutex lock;
    struct rewrite *plans[KEPT_MAX];             /* guarded by lock; NULL: unused           */
    u64 clock;                                   /* guarded by lock: counts look-ups        */
} kept;

/* ---- making ---- */

struct found_list {
    struct patch_found *found;
    u32 count, room;
};

static void found_fini(struct found_list *l)
{
    kfree(l->found);
}

static int found_collect(const struct patch_text *text, struct found_list *l)
{
    struct patch_scan scan = { 0 };
    size_t n;

    for (;;) {
        if (l->room - l->count < FOUND_AT_ONCE) {
            u32 room = l->room * 2 + FOUND_AT_ONCE;
            struct patch_found *more = krealloc(l->found, room * sizeof(*more));

            if (!more)
                return -ENOMEM;
            l->found = more;
            l->room = room;
        }
        n = patch_scan_next(text, &scan, l->found + l->count, FOUND_AT_ONCE);
        if (!n)
            return 0;
        l->count += (u32)n;
    }
}

/* Where the next stub goes: a distance from the text.  Stubs do not cross pages. */
struct cursor {
    u64 page, used;
    u32 pages;
};

static void cursor_make_room(struct cursor *c)
{
    if (c->pages && c->used + PATCH_STUB_MAX <= PAGE_SIZE)
        return;
    c->page += c->pages ? PAGE_SIZE : 0;
    c->pages++;
    c->used = sizeof(struct stub_slots);
}

/* One more patch for r; a site that cannot be patched is passed over. */
static int rewrite_add(struct rewrite *r, const struct patch_text *text,
                       const struct patch_found *found, struct cursor *c)
{
    struct patch_place place = { 0 };
    struct patch *p = &r->patches[r->count];
    int err;

    if (found->shape != PATCH_CPUID) {
        cursor_make_room(c);
        place = stub_place_in(text->addr + c->page, c->used);
    }
    err = patch_build(text, text->addr + found->off, found->shape, &place, p);
    if (err)
        return err == -ERANGE ? err : 0;
    c->used += (p->stub_len + STUB_ALIGN - 1) & ~(u64)(STUB_ALIGN - 1);
    p->at -= text->addr;
    p->insn -= text->addr;
    if (p->stub)
        p->stub -= text->addr;
    r->count++;
    return 0;
}

int rewrite_make(const struct patch_text *text, s64 stub_offset, struct rewrite **ret)
{
    AUTO(found_fini) struct found_list list = { 0 };
    AUTO(rewrite_putp) struct rewrite *r = NULL;
    struct cursor cursor = { .page = (u64)stub_offset };
    int err;

    err = found_collect(text, &list);
    if (err)
        return err;
    r = kalloc(sizeof(*r) + list.count * sizeof(r->patches[0]));
    if (!r)
        return -ENOMEM;
    *r = (struct rewrite){ .stub_offset = stub_offset };
    ref_init(&r->refs);
    for (u32 i = 0; i < list.count && !err; i++)
        err = rewrite_add(r, text, &list.found[i], &cursor);
    if (err)
        return err;
    r->stub_pages = cursor.pages;
    *ret = TAKE(r);
    return 0;
}

struct patch rewrite_patch(const struct rewrite *r, u32 i, u64 addr)
{
    struct patch p = r->patches[i];

    p.at += addr;
    p.insn += addr;
    if (p.stub)
        p.stub += addr;
    return p;
}

void rewrite_put(struct rewrite *r)
{
    if (r && ref_put(&r->refs))
        kfree(r);
}

void rewrite_putp(struct rewrite **r)
{
    rewrite_put(*r);
}

/* ---- keeping ---- */

bool text_source_of(const struct vnode *v, u64 offset, u64 size, u64 changed_ns,
                    struct text_source *ret)
{
    if (!v->fs)
        return false;
    *ret = (struct text_source){
        .fs = v->fs->dev,
        .ino = v->ino,
        .changed_ns = changed_ns,
        .offset = offset,
        .size = size,
    };
    return true;
}

static bool source_is(const struct text_source *a, const struct text_source *b)
{
    return a->fs == b->fs && a->ino == b->ino && a->changed_ns == b->changed_ns &&
           a->offset == b->offset && a->size == b->size;
}

struct rewrite *rewrite_find(const struct text_source *source)
{
    WITH_MUTEX(&kept.lock);
    for (u32 i = 0; i < KEPT_MAX; i++) {
        struct rewrite *r = kept.plans[i];

        if (r && source_is(&r->source, source)) {
            r->used = ++kept.clock;
            ref_get(&r->refs);
            return r;
        }
    }
    return NULL;
}

/* The slot to use next: an unused one, else that of the plan that was asked for longest ago. */
static u32 kept_slot_locked(void)
{
    u32 oldest = 0;

    for (u32 i = 0; i < KEPT_MAX; i++) {
        if (!kept.plans[i])
            return i;
        if (kept.plans[i]->used < kept.plans[oldest]->used)
            oldest = i;
    }
    return oldest;
}

static u32 kept_patches_locked(void)
{
    u32 sum = 0;

    for (u32 i = 0; i < KEPT_MAX; i++)
        sum += kept.plans[i] ? kept.plans[i]->count : 0;
    return sum;
}

void rewrite_keep(struct rewrite *r, const struct text_source *source)
{
    u32 slot;

    if (r->count > KEPT_PATCHES_MAX / 4)
        return;
    WITH_MUTEX(&kept.lock);
    while (kept_patches_locked() + r->count > KEPT_PATCHES_MAX) {
        u32 oldest = KEPT_MAX;

        for (u32 i = 0; i < KEPT_MAX; i++)
            if (kept.plans[i] && kept.plans[i]->count &&
                (oldest == KEPT_MAX || kept.plans[i]->used < kept.plans[oldest]->used))
                oldest = i;
        rewrite_put(TAKE(kept.plans[oldest]));
    }
    slot = kept_slot_locked();
    rewrite_put(kept.plans[slot]);
    ref_get(&r->refs);
    r->source = *source;
    r->used = ++kept.clock;
    kept.plans[slot] = r;
}

bool rewrite_forget_all(void)
{
    bool any = false;

    WITH_MUTEX(&kept.lock);
    for (u32 i = 0; i < KEPT_MAX; i++) {
        any |= kept.plans[i] != NULL;
        rewrite_put(TAKE(kept.plans[i]));
    }
    return any;
}
