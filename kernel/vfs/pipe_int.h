/* SPDX-License-Identifier: MIT */
/* The inside of a pipe, for pipe.c and pipe_splice.c; the model is in pipe.c. */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/vnode.h"

struct iov;

/* Waiting bytes that one read takes at most. */
struct run {
    u32 len;
    bool packet;
};

struct pipe {
    refcount refs;                               /* [atomic] one per open file              */
    struct mutex lock;
    struct waitq wait;                           /* of all ends                             */
    u64 head, tail;                              /* guarded by lock; head - tail <= size    */
    u32 npages;                                  /* guarded by lock: capacity               */
    u32 readers, writers;                        /* guarded by lock: open ends              */
    u32 reader_opens, writer_opens;              /* guarded by lock: ever                   */
    struct list ends;                            /* guarded by lock: files, by of_object    */
    bool async;                                  /* [atomic] an end has O_ASYNC             */
    u32 run_first, run_count;                    /* guarded by lock: in run[], a ring       */
    u8 **page;                                   /* guarded by lock: npages, owned          */
    struct run *run;                             /* guarded by lock: npages, owned          */
    u8 *spare;                                   /* guarded by lock: a page, or NULL        */
    struct vnode *fifo;                          /* [const] not owned; NULL: pipe(2)        */
    u64 ino;                                     /* [const] of pipe(2)                      */
    u32 uid, gid;
    struct timespec64 born;
};

/* All of these under pipe.lock. */
static inline u64 pipe_fill(const struct pipe *p)
{
    return p->head - p->tail;
}

static inline u64 pipe_room(const struct pipe *p)
{
    return (u64)p->npages * PAGE_SIZE - pipe_fill(p);
}

/* Both rings have npages places, a power of two. */
static inline u32 pipe_index(const struct pipe *p, u64 n)
{
    return (u32)n & (p->npages - 1);
}

/* The page in which the byte at a position lies, or will lie. */
static inline u8 **pipe_page(struct pipe *p, u64 pos)
{
    return &p->page[pipe_index(p, pos >> PAGE_SHIFT)];
}

/* Make sure that the page of pos is there: -ENOMEM. */
int pipe_reach(struct pipe *p, u64 pos) MUST_CHECK;
/* Can bytes be added (as a packet)? */
bool pipe_is_open(struct pipe *p, bool packet);
/* len bytes from head on have been filled in: they wait now. */
void pipe_added(struct pipe *p, u32 len, bool packet);
/* The first len bytes, which lie in the first run, are gone. */
void pipe_consume(struct pipe *p, u32 len);
