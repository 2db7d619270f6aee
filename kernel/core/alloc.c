/* SPDX-License-Identifier: MIT */
/*
 * kalloc(): size classes in slabs of 16 KiB over the page allocator.
 *
 * A slab is aligned to its size, so a block finds its slab by masking its address.  Each class has
 * a list of slabs with free blocks; a slab that is full is on no list, one that becomes empty goes
 * back to the page allocator unless it is the last of its class (a program at rest should not
 * bounce between the two).  Requests above the largest class are whole pages.
 *
 * Locks: one spinlock per class, before the page allocator's.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/page_heap.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"

enum { SLAB_SIZE = PAGE_SIZE << SLAB_ORDER, CLASSES = 14, CLASS_MAX = 2048 };

static const u16 class_size[CLASSES] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
};

struct block {
    struct block *next;
};

struct slab {
    struct list link;                            /* in class.partial                        */
    struct block *free;
    u32 size_index;                              /* into class_size                         */
    u32 used;
    u32 untouched;                               /* offset of blocks never handed out       */
    u32 pad[3];                                  /* blocks start 16-byte aligned            */
};

_Static_assert(sizeof(struct slab) % 16 == 0, "blocks are 16-byte aligned");

static struct size_class {
    struct spinlock lock;
    struct list partial;                         /* guarded by lock                         */
    u64 blocks;                                  /* guarded by lock: in use                 */
} classes[CLASSES];

static u8 class_of_16[CLASS_MAX / 16 + 1];       /* [const] by size / 16, rounded up        */

void alloc_init(const struct range *heap, int (*commit)(u64 addr, u64 len))
{
    u32 c = 0;

    page_heap_init(heap, commit);
    for (u32 i = 0; i < ARRAY_SIZE(class_of_16); i++) {
        while (class_size[c] < i * 16)
            c++;
        class_of_16[i] = (u8)c;
    }
    for (c = 0; c < CLASSES; c++)
        list_init(&classes[c].partial);
}

static struct slab *slab_of(const void *p)
{
    return (struct slab *)((u64)p & ~(u64)(SLAB_SIZE - 1));
}

static struct slab *slab_new(u32 index)
{
    bool fresh;
    struct slab *slab = page_block_alloc(SLAB_ORDER, &fresh);

    if (!slab)
        return NULL;
    page_mark_slab(slab, true);
    *slab = (struct slab){ .size_index = index, .untouched = sizeof(*slab) };
    list_init(&slab->link);
    return slab;
}

static void slab_free(struct slab *slab)
{
    page_mark_slab(slab, false);
    page_block_free(slab);
}

static bool slab_is_full(const struct slab *slab)
{
    return !slab->free && slab->untouched + class_size[slab->size_index] > SLAB_SIZE;
}

static void *slab_take_locked(struct slab *slab)
{
    struct block *b = slab->free;

    if (b) {
        slab->free = b->next;
    } else {
        b = (struct block *)((u8 *)slab + slab->untouched);
        slab->untouched += class_size[slab->size_index];
    }
    slab->used++;
    if (slab_is_full(slab))
        list_remove(&slab->link);
    return b;
}

static void *class_try_alloc(struct size_class *c)
{
    WITH_SPINLOCK(&c->lock);
    struct list *first = list_first(&c->partial);

    if (!first)
        return NULL;
    c->blocks++;
    return slab_take_locked(list_entry(first, struct slab, link));
}

static void *class_alloc(u32 index)
{
    struct size_class *c = &classes[index];
    void *p;

    while (unlikely(!(p = class_try_alloc(c)))) {
        struct slab *slab = slab_new(index);

        if (!slab)
            return NULL;
        WITH_SPINLOCK(&c->lock);
        list_push(&c->partial, &slab->link);
    }
    return p;
}

static u32 order_of(size_t pages)
{
    u32 order = 0;

    while ((1u << order) < pages)
        order++;
    return order;
}

static void *big_alloc(size_t size, bool *ret_fresh)
{
    if (size > (size_t)PAGE_ALLOC_MAX * PAGE_SIZE)
        return NULL;
    return page_block_alloc(order_of(page_ceil(size) >> PAGE_SHIFT), ret_fresh);
}

void *kalloc(size_t size)
{
    bool fresh;

    if (likely(size <= CLASS_MAX))
        return class_alloc(class_of_16[(size + 15) / 16]);
    return big_alloc(size, &fresh);
}

void *kzalloc(size_t size)
{
    bool fresh = false;
    void *p = size <= CLASS_MAX ? kalloc(size) : big_alloc(size, &fresh);

    if (p && !fresh)
        memset(p, 0, size);
    return p;
}

void *kcalloc(size_t count, size_t size)
{
    size_t total;

    return mul_overflows(count, size, &total) ? NULL : kzalloc(total);
}

static size_t block_size(const void *p)
{
    if (page_is_slab(p))
        return class_size[slab_of(p)->size_index];
    return (size_t)PAGE_SIZE << page_block_order(p);
}

void *krealloc(void *p, size_t size)
{
    size_t old = p ? block_size(p) : 0;
    void *moved;

    if (p && size <= old && size > old / 4)
        return p;
    moved = kalloc(size);
    if (!moved || !p)
        return moved;
    memcpy(moved, p, min_size(old, size));
    kfree(p);
    return moved;
}

void kfree(void *p)
{
    struct slab *slab;
    struct size_class *c;
    bool empty;

    if (!p)
        return;
    if (!page_is_slab(p)) {
        page_block_free(p);
        return;
    }
    slab = slab_of(p);
    c = &classes[slab->size_index];
    spin_lock(&c->lock);
    c->blocks--;
    if (slab_is_full(slab))
        list_push(&c->partial, &slab->link);
    ((struct block *)p)->next = slab->free;
    slab->free = p;
    empty = --slab->used == 0 && slab->link.next != slab->link.prev;
    if (empty)
        list_remove(&slab->link);
    spin_unlock(&c->lock);
    if (empty)
        slab_free(slab);
}

void kfreep(void *pp)
{
    kfree(*(void **)pp);
}

char *kmemdup_str(const char *s, size_t len)
{
    char *copy = kalloc(len + 1);

    if (!copy)
        return NULL;
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *kstrdup(const char *s)
{
    return kmemdup_str(s, strlen(s));
}

void *page_alloc(size_t count)
{
    bool fresh;
    void *p;

    if (!count || count > PAGE_ALLOC_MAX)
        return NULL;
    p = page_block_alloc(order_of(count), &fresh);
    if (p && !fresh)
        memset(p, 0, count * PAGE_SIZE);
    return p;
}

void page_free(void *p, size_t count)
{
    if (!p)
        return;
    assert(page_block_order(p) == order_of(count));
    page_block_free(p);
}

void alloc_stats_get(struct alloc_stats *ret)
{
    *ret = (struct alloc_stats){ .pages = page_heap_pages_used() };
    for (u32 i = 0; i < CLASSES; i++) {
        WITH_SPINLOCK(&classes[i].lock);
        ret->blocks += classes[i].blocks;
        ret->bytes += classes[i].blocks * class_size[i];
    }
}
