/* SPDX-License-Identifier: MIT */
/*
 * Kernel memory.  Exhaustion is NULL and becomes -ENOMEM for whoever asked.
 *
 * Small blocks come from size classes, larger ones and pages from a buddy allocator over the
 * heap range of the boot parameters.  Everything counts against the memory that the run may
 * commit (kernel/core/commit.h).  May take spinlocks and call the target; not under a spinlock.
 */
#pragma once
#include "kernel/lib/types.h"

struct range;

/* Hand the heap range to the allocator.  Once, before anything else here.  commit() makes whole
 * pages of it usable (zero when first read): 0 or -errno. */
void alloc_init(const struct range *heap, int (*commit)(u64 addr, u64 len));

/* At least size bytes, 16-byte aligned; contents unspecified / zero.  NULL if there is none. */
void *kalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *kzalloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *kcalloc(size_t count, size_t size);        /* zeroed; NULL on overflow too            */

/* Grow or shrink; the old block stays valid if this returns NULL.  p may be NULL. */
void *krealloc(void *p, size_t size);
char *kstrdup(const char *s);
char *kmemdup_str(const char *s, size_t len);    /* adds the NUL                            */

/* NULL is fine. */
void kfree(void *p);

/* kfree() through a pointer to the pointer, for AUTO. */
void kfreep(void *pp);

/* Whole zeroed pages, contiguous, page-aligned; count need not be a power of two but costs as
 * the next one, up to PAGE_ALLOC_MAX.  page_free() takes the count that was asked for. */
enum { PAGE_ALLOC_MAX = 1024 };
void *page_alloc(size_t count);
void page_free(void *p, size_t count);

/* Bytes in use by kalloc() and page_alloc(), and blocks, for --memcheck and leak checks. */
struct alloc_stats {
    u64 bytes, blocks, pages;
};
void alloc_stats_get(struct alloc_stats *ret);
