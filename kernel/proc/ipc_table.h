/* SPDX-License-Identifier: MIT */
/*
 * Tables of System V objects: semaphore sets and message queues, found by id or by key.
 *
 * An id is index + IPC_SEQ_STEP * seq, so that the id of a removed object does not soon come to
 * mean another one.  The table holds one reference; whoever looks an object up takes another and
 * may find it removed once it has its lock.
 *
 * Locks: ipc_table.lock, then ipc_object.lock.
 */
#pragma once
#include "kernel/core/ipc_owner.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/types.h"

enum { IPC_SEQ_STEP = 32768, IPC_SEQ_MAX = 65535 };

struct ipc_object {
    refcount refs;
    int id;                                      /* [const]                                 */
    struct mutex lock;
    struct ipc_owner owner;                      /* guarded by lock                         */
    bool removed;                                /* guarded by lock                         */
    struct waitq wait;                           /* woken on every change                   */
};

struct ipc_table {
    struct mutex lock;
    u32 max;                                     /* [const] objects at once                 */
    void (*free)(struct ipc_object *o);          /* [const] the last reference is gone      */
    struct ipc_object **slots;                   /* guarded by lock; NULL: none was made    */
    u32 count, next_seq;                         /* guarded by lock                         */
};

/* *get(2): the id of the object with this key, made by make() if there is none and flags say so.
 * make(arg, &o) returns a fresh object, all zero but for its own part; check(o, arg) refuses one
 * that exists but does not fit. */
struct ipc_get {
    s32 key;
    u32 flags;
    int (*make)(void *arg, struct ipc_object **ret);
    int (*check)(const struct ipc_object *o, void *arg);
    void *arg;
};
int ipc_table_get(struct ipc_table *t, const struct ipc_get *get) MUST_CHECK;

/* A new reference; -EINVAL: there is no such object. */
int ipc_find(struct ipc_table *t, int id, struct ipc_object **ret) MUST_CHECK;
/* The object at an index, for *_STAT. */
int ipc_find_index(struct ipc_table *t, int index, struct ipc_object **ret) MUST_CHECK;
void ipc_put(struct ipc_table *t, struct ipc_object *o);

/* Take it out of the table and wake everybody: -EPERM, -EIDRM. */
int ipc_remove(struct ipc_table *t, struct ipc_object *o);

/* The greatest index in use, 0 if there is none; *ret_count objects. */
int ipc_highest(struct ipc_table *t, u32 *ret_count);

s64 ipc_now_seconds(void);
