/* SPDX-License-Identifier: MIT */
/* The buddy allocator: see page_heap.h for the states of a page. */
#include "kernel/core/page_heap.h"
#include "abi/image.h"
#include "kernel/core/commit.h"
#include "kernel/core/panic.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/list.h"

enum { GROW_PAGES = 1u << PAGE_ORDER_MAX };      /* 4 MiB: one protect call, no page touched */

static struct page_heap {
    u8 *state;                                   /* [const] one byte per page               */
    u64 base, pages;                             /* [const] blocks start at base            */
    int (*commit)(u64 addr, u64 len);            /* [const]                                 */
    struct spinlock lock;
    u64 top;                                     /* guarded by lock: pages committed so far */
    u64 used;                                    /* guarded by lock: pages in use           */
    struct list free[PAGE_ORDER_MAX + 1];        /* guarded by lock                         */
} heap;

static u64 index_of(const void *p)
{
    return ((u64)p - heap.base) >> PAGE_SHIFT;
}

static struct list *block_at(u64 index)
{
    return (struct list *)(heap.base + (index << PAGE_SHIFT));
}

void page_heap_init(const struct range *range, int (*commit)(u64 addr, u64 len))
{
    u64 align = (u64)GROW_PAGES * PAGE_SIZE;
    u64 map = page_ceil((range->hi - range->lo) >> PAGE_SHIFT);

    heap.state = (u8 *)range->lo;
    heap.base = (range->lo + map + align - 1) & ~(align - 1);
    assert(heap.base + align <= range->hi);
    heap.pages = ((range->hi - heap.base) & ~(align - 1)) >> PAGE_SHIFT;
    heap.commit = commit;
    for (u32 i = 0; i <= PAGE_ORDER_MAX; i++)
        list_init(&heap.free[i]);
    if (commit(range->lo, map))
        panic("no memory for the page map");
}

static void block_insert_locked(u64 index, u32 order, u8 fresh)
{
    heap.state[index] = (u8)(PAGE_FREE | fresh | order);
    list_push(&heap.free[order], block_at(index));
}

/* Take more of the range into the free lists.  False: the range or the target is exhausted. */
static bool heap_grow(void)
{
    u64 at;

    spin_lock(&heap.lock);
    at = heap.top;
    if (at < heap.pages)
        heap.top += GROW_PAGES;
    spin_unlock(&heap.lock);
    if (at >= heap.pages)
        return false;
    if (heap.commit((u64)block_at(at), (u64)GROW_PAGES * PAGE_SIZE))
        return false;                            /* that piece is lost; the host is failing */
    WITH_SPINLOCK(&heap.lock);
    block_insert_locked(at, PAGE_ORDER_MAX, PAGE_FRESH);
    return true;
}

/* The smallest free block that is large enough, cut down to size. */
static struct list *block_take_locked(u32 order, u8 *ret_fresh)
{
    for (u32 o = order; o <= PAGE_ORDER_MAX; o++) {
        struct list *block = list_first(&heap.free[o]);
        u64 index;

        if (!block)
            continue;
        list_remove(block);
        index = index_of(block);
        *ret_fresh = heap.state[index] & PAGE_FRESH;
        while (o > order) {
            o--;
            block_insert_locked(index + (1u << o), o, *ret_fresh);
        }
        heap.state[index] = (u8)(PAGE_HEAD | order);
        heap.used += 1u << order;
        return block;
    }
    return NULL;
}

void *page_block_alloc(u32 order, bool *ret_fresh)
{
    struct list *block;
    u8 fresh = 0;

    if (commit_charge((u64)PAGE_SIZE << order))
        return NULL;
    do {
        spin_lock(&heap.lock);
        block = block_take_locked(order, &fresh);
        spin_unlock(&heap.lock);
    } while (!block && heap_grow());
    if (!block) {
        commit_release((u64)PAGE_SIZE << order);
        return NULL;
    }
    block->next = block->prev = NULL;            /* the links were all that was written     */
    *ret_fresh = fresh;
    return block;
}

void page_block_free(void *p)
{
    u64 index = index_of(p);
    u32 order = heap.state[index] & PAGE_ORDER_MASK;

    assert((heap.state[index] & PAGE_HEAD) != 0);
    commit_release((u64)PAGE_SIZE << order);
    WITH_SPINLOCK(&heap.lock);
    heap.used -= 1u << order;
    for (; order < PAGE_ORDER_MAX; order++) {
        u64 buddy = index ^ (1u << order);

        if ((heap.state[buddy] & (PAGE_FREE | PAGE_ORDER_MASK)) != (PAGE_FREE | order))
            break;
        list_remove(block_at(buddy));
        heap.state[index > buddy ? index : buddy] = 0;
        index = index < buddy ? index : buddy;
    }
    block_insert_locked(index, order, 0);
}

u32 page_block_order(const void *p)
{
    u8 state = heap.state[index_of(p)];

    assert((state & PAGE_HEAD) != 0);
    return state & PAGE_ORDER_MASK;
}

void page_mark_slab(void *slab, bool is_slab)
{
    u64 index = index_of(slab);

    for (u32 i = 0; i < 1u << SLAB_ORDER; i++)
        heap.state[index + i] =
            (u8)((heap.state[index + i] & ~PAGE_SLAB) | (is_slab ? PAGE_SLAB : 0));
}

bool page_is_slab(const void *p)
{
    return heap.state[index_of(p)] & PAGE_SLAB;
}

u64 page_heap_pages_used(void)
{
    WITH_SPINLOCK(&heap.lock);
    return heap.used;
}
