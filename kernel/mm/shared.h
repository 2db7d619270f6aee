/* SPDX-License-Identifier: MIT */
/*
 * Memory that several processes may map: a part of a file, or a System V segment.
 *
 * There is one address space, so it has one place, chosen when it is first mapped, and whoever maps
 * it finds it there.  The host's protection of a page is the union of what its mappings want: a
 * process that maps it for reading only is not stopped by the host from writing while another one
 * may write, or while the page is a file's, to which the kernel writes.  Each process's own
 * view is exact wherever the kernel acts for it.
 *
 * Locks: `committed` is guarded by whoever owns the object and changes it (shared_file.c: the lock
 * of the vnode) together with shared.lock, inside mm.lock (see mm_int.h).
 */
#pragma once
#include "abi/image.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/list.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"

struct mapping;
struct vnode;

struct shared {
    refcount refs;                               /* [atomic] mappings, and the owner        */
    u64 lo, hi;                                  /* [const] its place, claimed              */
    u32 kernel_prot;                             /* [const] granted as long as it lives     */
    struct mutex lock;
    struct tree committed;                       /* guarded by lock: which of it has memory */
    struct list mappings;                        /* guarded by lock; their lo, hi, prot too */

    /* Of a part of a file: shared_file.c. */
    u64 file_offset;                             /* [const] of lo                           */
    struct shared *next;                         /* other parts of the same file            */
};

/* An object without memory at [lo, hi), which the caller has claimed and now gives away. */
int shared_new(u64 lo, u64 hi, u32 kernel_prot, struct shared **ret) MUST_CHECK;

/* Take and drop a reference.  The last put gives memory and addresses back. */
struct shared *shared_get(struct shared *s);
void shared_put(struct shared *s);

/* Charge and commit [lo, hi), which has no memory yet; it reads as zero.  -ENOMEM. */
int shared_commit(struct shared *s, u64 lo, u64 hi) MUST_CHECK;

/* Give the memory of [lo, hi) back. */
void shared_decommit(struct shared *s, u64 lo, u64 hi);

/* The first part of [lo, hi) that has no memory / that has; false if there is none. */
bool shared_gap(struct shared *s, u64 lo, u64 hi, struct range *ret);
bool shared_next_committed(struct shared *s, u64 lo, u64 hi, struct range *ret);

/* m, which refers to s, begins to count, or not (-ENOMEM) / no longer counts. */
int shared_attach(struct shared *s, struct mapping *m) MUST_CHECK;
void shared_detach(struct shared *s, struct mapping *m);

/* m's protection becomes prot, and the host's follows.  -ENOMEM: it has not changed. */
int shared_set_prot(struct shared *s, struct mapping *m, u32 prot) MUST_CHECK;

/* The first part below end that is mapped and has no memory; false if there is none. */
bool shared_missing(struct shared *s, u64 end, struct range *ret);

/* Let the host grant what the mappings of [lo, hi) want now. */
int shared_protect(struct shared *s, u64 lo, u64 hi) MUST_CHECK;

/* The host refuses an access to the page that a mapping allows.  0: try again; -EFAULT: the page
 * has no memory. */
int shared_fault(struct shared *s, u64 page) MUST_CHECK;

/* memfd_create(2): no new way to write to the file may come into being. */
bool vnode_is_write_sealed(const struct vnode *v);

/* shared_file.c: windows of files.  shared_file_put() is for what a mapping of v holds. */
void shared_file_init(void);
void shared_file_put(struct shared *s, struct vnode *v);
