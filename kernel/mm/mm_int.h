/* SPDX-License-Identifier: MIT */
/*
 * What the files of mm/ share: the address space and its mappings.
 *
 *     struct mm --mappings (by address)--> struct mapping --> file
 *                                               |
 *                                               +--shared--> struct shared <--vnode.shared
 *
 * A mapping is a maximal run of pages with equal properties.  Its memory is either backed (charged
 * to the commit counter, host protection as prot says) or not (nothing charged, inaccessible
 * to the host's eyes too, zero once it is backed).  Memory of shared mappings belongs to
 * their struct shared, charge and addresses included; that of special ones to the kernel.
 *
 * Locks, outer first:
 *
 *     mm.map_lock        who changes which mappings there are, and reads files into them
 *       vnode.lock         (so neither a fault nor a check of user memory may take map_lock)
 *         mm.lock            guards the tree and the totals; held for changes that need no file
 *           shared.lock        guards the list of a shared object's mappings and their ranges
 *             arena, recycle     spinlocks
 *
 * Both map_lock and lock are needed to change which mappings there are.  A fault needs lock only: it
 * backs memory and cuts mappings into pieces, so the tree must not be walked without lock; but whoever
 * has seen under map_lock what is mapped somewhere may rely on it until it drops map_lock.
 */
#pragma once
#include "kernel/core/cleanup.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/list.h"
#include "kernel/lib/tree.h"
#include "kernel/mm/code.h"
#include "kernel/mm/mm.h"

struct shared;

/* Where Linux ends a process's addresses on this machine. */
#define USER_ADDRESS_LIMIT ((1ull << 47) - PAGE_SIZE)

enum mapping_flags {
    MAPPING_SHARED = 1u << 0,                    /* MAP_SHARED                              */
    MAPPING_BACKED = 1u << 1,                    /* charged and committed                   */
    MAPPING_LAZY = 1u << 2,                      /* backed piece by piece, when touched     */
    MAPPING_GROWSDOWN = 1u << 3,
    MAPPING_STACK = 1u << 4,                     /* for the totals                          */
    MAPPING_LOCKED = 1u << 5,                    /* mlock(2)                                */
    MAPPING_PAST_END = 1u << 6,                  /* beyond the end of its file: SIGBUS      */
    MAPPING_HIDDEN = 1u << 7,                    /* reserved for us: as if not mapped       */
    MAPPING_PRISTINE = 1u << 8,                  /* file content that nobody could change   */
    MAPPING_SPECIAL = 1u << 9,                   /* the kernel's memory: vDSO, stubs        */
    MAPPING_DONTFORK = 1u << 10,                 /* madvise(2)                              */
    MAPPING_WIPEONFORK = 1u << 11,
    MAPPING_DONTDUMP = 1u << 12,
};

struct mapping {
    struct tree_node node;                       /* key: the first byte                     */
    u64 hi;
    u32 flags;                                   /* enum mapping_flags                      */
    u32 prot;                                    /* PROT_*                                  */
    u32 times;                                   /* shared: how often it is mapped here     */
    struct file *file;                           /* counts; NULL: anonymous                 */
    u64 offset;                                  /* of the first byte in the file           */
    u64 file_changed_ns;                         /* private: its last change when it was read */
    const char *label;                           /* [const] static text, or NULL            */
    struct shared *shared;                       /* counts; NULL: private                   */
    struct list in_shared;                       /* in shared->mappings                     */
    struct mapping *next_doomed;                 /* once it is in no tree                   */
};

/* Bytes, kept up to date. */
struct mm_totals {
    u64 mapped, backed, data, stack, text, shared, locked;
};

struct mm {
    refcount refs;                               /* [atomic] threads, processes, lookers    */
    u64 id;                                      /* [const]                                 */
    u64 home;                                    /* [const] where to look for room first    */

    struct mutex map_lock;
    struct rwlock lock;
    struct tree mappings;                        /* guarded by lock; disjoint               */
    struct mm_totals totals;                     /* guarded by lock                         */
    u64 peak_backed;                             /* guarded by lock                         */
    _Atomic u64 generation;                      /* unique among all mms; see user_check.c  */

    u64 brk, brk_hi;                             /* guarded by map_lock; 0: no room yet     */
    bool lock_future;                            /* guarded by map_lock: mlockall()         */
    struct mm_layout layout;
    struct file *exe;                            /* counts; guarded by map_lock             */
    struct code code;                            /* has its own lock                        */
};

/* What the run was started with. */
struct mm_policy {
    bool nobrk, exec_stack;
};
extern struct mm_policy mm_policy;               /* [const] after mm_init()                 */

/* protect.c: stacks and heaps are never code that can be written, unless ExecStack says so.  (As with
 * SELinux's execstack and execheap.) */
bool mm_denies_code(u32 mapping_flags, const char *label, u32 prot);

/* brk.c: the label of heaps. */
extern const char heap_label[];

/* vdso.c: make the vDSO, once; show it to a new mm. */
int vdso_init(void) MUST_CHECK;
int vdso_map(struct mm *mm) MUST_CHECK;

/* mappings.c: the tree */

static inline struct mapping *mapping_of(struct tree_node *n)
{
    return n ? container_of(n, struct mapping, node) : NULL;
}

static inline u64 mapping_lo(const struct mapping *m)
{
    return m->node.key;
}

static inline u64 mapping_size(const struct mapping *m)
{
    return m->hi - m->node.key;
}

/* Are memory and addresses the mapping's own? */
static inline bool mapping_is_own(const struct mapping *m)
{
    return !m->shared && !(m->flags & MAPPING_SPECIAL);
}

static inline struct mapping *mapping_next(const struct mapping *m)
{
    return mapping_of(tree_next(&m->node));
}

/* What the host has to grant for the mapping's own sake. */
u32 mapping_host_prot(const struct mapping *m);

/* A mapping in no tree; -ENOMEM is NULL.  mapping_free() does not touch its memory. */
struct mapping *mapping_new(u64 lo, u64 hi, u32 prot, u32 flags);
void mapping_free(struct mapping *m);
void mapping_freep(struct mapping **m);

/* The mapping that contains addr / the first that ends above addr; NULL if there is none. */
struct mapping *mapping_find(struct mm *mm, u64 addr);
struct mapping *mapping_from(struct mm *mm, u64 addr);

/* The mappings that overlap [lo, hi), in order.  The current one may be changed but not removed. */
#define mappings_in(m, mm, lo, hi)                                                                 \
    struct mapping *m = mapping_from(mm, lo);                                                      \
    m &&mapping_lo(m) < (hi);                                                                      \
    m = mapping_next(m)

/* Put m into the tree; it may become a part of its neighbours. */
void mm_insert_locked(struct mm *mm, struct mapping *m);

/* Take m out. */
void mm_remove_locked(struct mm *mm, struct mapping *m);

/* Let mappings begin and end at lo and hi, so that none is partly inside: -ENOMEM. */
int mm_isolate_locked(struct mm *mm, u64 lo, u64 hi) MUST_CHECK;

/* Join what can be joined around and inside [lo, hi). */
void mm_merge_locked(struct mm *mm, u64 lo, u64 hi);

/* Change a mapping in the tree: bracket the change, so that the totals stay right. */
void mm_uncount_locked(struct mm *mm, const struct mapping *m);
void mm_count_locked(struct mm *mm, const struct mapping *m);

/* What threads remember about user memory is out of date. */
void mm_changed_locked(struct mm *mm);

/* Is everything true that is said above about the tree and the totals?  For tests. */
bool mm_is_sound(struct mm *mm);

/* Is all of [lo, hi) mapped, holes and hidden ranges excluded? */
bool mm_is_mapped_locked(struct mm *mm, u64 lo, u64 hi);

/* place.c: claim what is free of [lo, hi) and not covered by mm's own mappings.  -ENOMEM: a part
 * belongs to somebody else, and nothing has been claimed. */
int mm_claim_gaps_locked(struct mm *mm, u64 lo, u64 hi) MUST_CHECK;
void mm_release_gaps_locked(struct mm *mm, u64 lo, u64 hi);

enum {
    CHUNK_MIN = 64 * 1024,                       /* lazy memory is backed in such chunks    */
    STACK_GUARD_GAP = 256 * PAGE_SIZE,           /* Linux's stack_guard_gap                 */
};

/* back.c: memory for what has none yet in [lo, hi), as far as it is accessible: -ENOMEM. */
int mm_back_locked(struct mm *mm, u64 lo, u64 hi);

/* host_run.c: changes of protection, joined to as few calls of the host as possible.  All zero is
 * an empty run; the calls fail with -ENOMEM. */
struct host_run {
    u64 lo, hi;
    u32 prot;
};
int host_run_add(struct host_run *run, u64 lo, u64 hi, u32 prot) MUST_CHECK;
int host_run_end(struct host_run *run) MUST_CHECK;

/* A change of protection has failed half-way: let the host grant again what the tree says. */
void mm_grant_again_locked(struct mm *mm, u64 lo, u64 hi);

/* protect.c: mprotect(2) with map_lock held, on whole pages. */
int mm_protect_mapped(struct mm *mm, u64 lo, u64 hi, u32 prot) MUST_CHECK;

/* advise.c: let the private memory of [lo, hi) be as new; map_lock is held. */
int mm_empty(struct mm *mm, u64 lo, u64 hi) MUST_CHECK;

/* unmap.c: mappings on their way out */

struct doomed {
    struct mapping *first;
};

enum doomed_what { DOOMED_GIVE_BACK, DOOMED_KEEP };

/* Make [lo, hi) inaccessible, take its mappings out of the tree and add them to ret.  What is
 * mapped several times stays.  -ENOMEM, and nothing has happened. */
int mm_detach_locked(struct mm *mm, u64 lo, u64 hi, struct doomed *ret) MUST_CHECK;

/* Drop what the detached mappings hold: with DOOMED_GIVE_BACK their memory and addresses too;
 * with DOOMED_KEEP the addresses stay claimed, and the memory, which may be dirty, is charged to
 * nobody.  May close files: no lock may be held, or map_lock alone if that cannot happen. */
void doomed_finish(struct doomed *d, enum doomed_what what);

/* Detach with map_lock held; doomed_finish() is left to the caller. */
int mm_unmap_mapped(struct mm *mm, u64 lo, u64 hi, struct doomed *ret);

/* The end of an address space that nobody uses. */
void mm_unmap_all(struct mm *mm);

/* place.c */

/* RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK for len more bytes: 0, -ENOMEM, -EAGAIN. */
int mm_limits_check(const struct mm *mm, u64 len, u32 prot, u32 mapping_flags) MUST_CHECK;
int mm_limit_data_check(const struct mm *mm, u64 more) MUST_CHECK;
u64 mm_limit(u32 resource);
