/* SPDX-License-Identifier: MIT */
/*
 * The page allocator below kalloc(): a buddy system over the heap range.
 *
 * Blocks are 2^order pages, aligned to their size.  One byte per page says what it is:
 *
 *     PAGE_FREE | order [| PAGE_FRESH]   first page of a free block (fresh: never used, reads zero)
 *     PAGE_HEAD | order                  first page of a block in use
 *     PAGE_SLAB                          a page of a slab (core/alloc.c)
 *     0                                  inside a block, or not committed yet
 *
 * Free blocks are linked through their first bytes.  The heap grows by GROW_PAGES at a time.
 *
 * Locks: page_heap.lock, a leaf; not held across commit().
 */
#pragma once
#include "kernel/lib/types.h"

struct range;

enum {
    PAGE_ORDER_MASK = 0x0f,
    PAGE_SLAB = 0x10,
    PAGE_FRESH = 0x20,
    PAGE_FREE = 0x40,
    PAGE_HEAD = 0x80,
    PAGE_ORDER_MAX = 10,
    SLAB_ORDER = 2,                              /* 16 KiB: a slab                          */
};

void page_heap_init(const struct range *heap, int (*commit)(u64 addr, u64 len));

/* A block of 2^order pages; *ret_fresh says that it still reads zero.  NULL: no memory. */
void *page_block_alloc(u32 order, bool *ret_fresh);
void page_block_free(void *p);

/* The order of the block that starts at p, which must be in use. */
u32 page_block_order(const void *p);

/* Mark the pages of a slab, and ask whether p lies in one. */
void page_mark_slab(void *slab, bool is_slab);
bool page_is_slab(const void *p);

u64 page_heap_pages_used(void);
