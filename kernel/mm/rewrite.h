/* SPDX-License-Identifier: MIT */
/*
 * What is to be done to the system-call sites of one text, as a plan that fits wherever the text
 * is: the distance from the text to its stubs is part of it, and everything else is relative.
 *
 * Finding sites takes a millisecond for a C library, so plans of files are kept and used again in
 * the next process that maps the file.
 *
 * Locks: one of its own for the plans that are kept, a leaf.
 */
#pragma once
#include "kernel/arch/x86_64/patch.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"

struct vnode;

/* Which bytes: a part of a file since its last change. */
struct text_source {
    u64 fs, ino;
    u64 changed_ns;
    u64 offset, size;
};

/* The part of a file from offset on; false if the file cannot be told from others. */
bool text_source_of(const struct vnode *v, u64 offset, u64 size, u64 changed_ns,
                    struct text_source *ret);

struct rewrite {
    refcount refs;
    struct text_source source;                   /* size 0: not of a file                   */
    s64 stub_offset;                             /* of the first stub page from the text    */
    u32 stub_pages;
    u32 count;
    u64 used;                                    /* for the cache: when it was last asked   */
    struct patch patches[];                      /* at, insn, stub: distances from the text */
};

/* Find the sites of text and plan what to do with them, with stubs in pages from text->addr +
 * stub_offset on.  -ENOMEM; -ERANGE: the stubs are out of reach. */
int rewrite_make(const struct patch_text *text, s64 stub_offset, struct rewrite **ret) MUST_CHECK;

/* The plan kept for source, with a new reference; NULL: none. */
struct rewrite *rewrite_find(const struct text_source *source);

/* Keep r for its source.  Takes a reference to r. */
void rewrite_keep(struct rewrite *r, const struct text_source *source);

/* Keep none any more: somebody needs the memory.  True if there was any. */
bool rewrite_forget_all(void);

void rewrite_put(struct rewrite *r);             /* NULL is fine                            */
void rewrite_putp(struct rewrite **r);

/* The i-th patch for a text at addr. */
struct patch rewrite_patch(const struct rewrite *r, u32 i, u64 addr);
