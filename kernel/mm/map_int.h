/* SPDX-License-Identifier: MIT */
/* A mapping in the making: what mmap(2) asked for, and how far it has got. */
#pragma once
#include "abi/linux/mman.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/place.h"

struct map_plan {
    struct mm *mm;
    u64 hint, len;                               /* whole pages                             */
    u32 prot, map_flags;                         /* PROT_*, MAP_*                           */
    u32 flags;                                   /* enum mapping_flags                      */
    struct file *file;                           /* NULL: anonymous                         */
    u64 offset, file_size, file_changed_ns;
    const char *label;

    u64 backed_len;                              /* from the front: has memory at once      */
    u64 charged;
    u64 lo;                                      /* the place, claimed; 0: none yet         */
    bool dirty;                                  /* it may hold somebody's old content      */
    bool filled;                                 /* it holds what it has to hold            */
    struct mapping *body, *past_end, *below;     /* for the tree; not in it yet             */
    u64 guard;                                   /* bytes below lo that stay empty          */
    struct doomed doomed;                        /* what was there                          */
};

static inline bool map_is_shared(const struct map_plan *p)
{
    return p->flags & MAPPING_SHARED;
}

static inline bool map_is_fixed(const struct map_plan *p)
{
    return p->map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
}

static inline enum place_how map_place_how(const struct map_plan *p)
{
    if (p->map_flags & MAP_32BIT)
        return PLACE_32BIT;
    return p->file ? PLACE_CODE : PLACE_MEMORY;
}

/* map.c: look at p->file: -EACCES, -ENODEV... /dev/zero becomes NULL. */
int map_plan_file(struct map_plan *p) MUST_CHECK;

/* mmap(2) of everything else.  p is filled in up to label. */
s64 map_private(struct map_plan *p) MUST_CHECK;

/* map.c: MAP_FIXED: p->lo becomes p->hint, claimed, inaccessible, perhaps dirty; what was mapped
 * there is not mapped any more.  -EEXIST, -ENOMEM. */
int map_take_fixed(struct map_plan *p) MUST_CHECK;

/* shared_file.c: mmap(2) of a file with MAP_SHARED. */
s64 map_shared_file(struct map_plan *p) MUST_CHECK;

/* shared_show.c: show [lo, hi) of s, which p asks for: p->prot, p->flags, p->file, p->label.  The
 * caller owns a reference to s and holds map_lock. */
int shared_show(struct map_plan *p, struct shared *s, u64 lo, u64 hi) MUST_CHECK;
