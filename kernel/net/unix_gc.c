/* SPDX-License-Identifier: MIT */
/*
 * Open files in flight, and sockets that only lie in each other's queues.
 *
 * A socket can be sent through a socket: after both are closed by everybody they may still hold each
 * other, one in the queue of the other, and no last reference ever goes.  So:
 *
 *     candidates   sockets all of whose references come from rights in queues
 *     inside       those references that come from queues of candidates
 *     reached      candidates with a reference from elsewhere, and what lies in their queues
 *     garbage      candidates that are not reached: their queues' rights are dropped
 *
 * Rights enter the count before they enter a queue and leave queue and count together, under gc.lock,
 * so that what happens in between looks like a reference from elsewhere.
 *
 * Locks: gc.lock, then one socket's lock at a time.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/net/unix_int.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"

static struct {
    struct mutex lock;
    struct list sockets;                         /* guarded by lock: unix_sock.in_flight    */
    u64 files;                                   /* guarded by lock: files in all rights    */
    u32 flying;                                  /* [atomic] length of sockets              */
} gc = { .sockets = LIST_INIT(gc.sockets) };

/* ---- counting ---- */

static void fly_locked(struct unix_sock *u)
{
    if (u->flights++ == 0) {
        list_append(&gc.sockets, &u->in_flight);
        gc.flying++;
    }
}

static void land_locked(struct unix_sock *u)
{
    if (--u->flights == 0) {
        list_remove(&u->in_flight);
        gc.flying--;
    }
}

/* As many as one may have open, for those who are not privileged (unix(7), ETOOMANYREFS). */
static int limit_check_locked(const struct rights *r)
{
    const struct cred *c = vfs_cred();

    if (gc.files + r->count <= fd_limit_ops.limit() || cred_has_cap(c, CAP_SYS_RESOURCE) ||
        cred_has_cap(c, CAP_SYS_ADMIN))
        return 0;
    return -ETOOMANYREFS;
}

int rights_launch(struct rights *r)
{
    int err;

    WITH_MUTEX(&gc.lock);
    err = limit_check_locked(r);
    if (err)
        return err;
    gc.files += r->count;
    r->in_flight = true;
    for (u32 i = 0; i < r->count; i++) {
        struct unix_sock *u = unix_of_file(r->file[i]);

        if (u)
            fly_locked(u);
    }
    return 0;
}

static void rights_land_locked(struct rights *r)
{
    if (!r->in_flight)
        return;
    r->in_flight = false;
    gc.files -= r->count;
    for (u32 i = 0; i < r->count; i++) {
        struct unix_sock *u = unix_of_file(r->file[i]);

        if (u)
            land_locked(u);
    }
}

void rights_land(struct rights *r)
{
    WITH_MUTEX(&gc.lock);
    rights_land_locked(r);
}

struct rights *unix_rights_take(struct packet *p, u32 flags)
{
    struct rights *r;

    if (likely(!p->rights))
        return NULL;
    WITH_MUTEX(&gc.lock);
    if (flags & MSG_PEEK)
        return rights_copy(p->rights);
    r = TAKE(p->rights);
    rights_land_locked(r);
    return r;
}

/* ---- collecting ---- */

/* Everything below runs with gc.lock held; sets of sockets are stacks linked through gc_next. */
typedef void (*gc_visit)(struct unix_sock *u);

static struct unix_sock *stack;

static void push(struct unix_sock *u)
{
    u->gc_next = stack;
    stack = u;
}

static struct unix_sock *pop(void)
{
    struct unix_sock *u = stack;

    if (u)
        stack = u->gc_next;
    return u;
}

static void visit_packets_locked(struct packet *p, gc_visit visit)
{
    for (; p; p = p->next)
        for (u32 i = 0; p->rights && i < p->rights->count; i++) {
            struct unix_sock *u = unix_of_file(p->rights->file[i]);

            if (u && u->candidate)
                visit(u);
        }
}

/* The candidates in the queue of u, and in those of connections to it that nobody has accepted. */
static void visit_children(struct unix_sock *u, gc_visit visit)
{
    WITH_SPINLOCK(&u->lock);
    visit_packets_locked(u->first, visit);
    for (struct unix_sock *p = u->pending; p; p = p->next_pending) {
        WITH_SPINLOCK(&p->lock);
        visit_packets_locked(p->first, visit);
    }
}

static void count_inside(struct unix_sock *u)
{
    u->flights_outside--;
}

static void reach(struct unix_sock *u)
{
    if (u->reached)
        return;
    u->reached = true;
    push(u);
}

static void find_candidates(void)
{
    list_for_each(l, &gc.sockets) {
        struct unix_sock *u = list_entry(l, struct unix_sock, in_flight);

        u->candidate = ref_count(&u->file->refs) == u->flights;
        u->reached = false;
        u->flights_outside = u->flights;
    }
}

static void for_candidates(gc_visit visit)
{
    list_for_each(l, &gc.sockets) {
        struct unix_sock *u = list_entry(l, struct unix_sock, in_flight);

        if (u->candidate)
            visit(u);
    }
}

static void count_children(struct unix_sock *u)
{
    visit_children(u, count_inside);
}

static void reach_from_outside(struct unix_sock *u)
{
    if (u->flights_outside)
        reach(u);
}

static void push_garbage(struct unix_sock *u)
{
    if (!u->reached)
        push(u);
}

/* Move the rights of a queue to *doomed. */
static void strip_locked(struct packet *p, struct rights **doomed)
{
    for (; p; p = p->next) {
        struct rights *r = TAKE(p->rights);

        if (!r)
            continue;
        rights_land_locked(r);
        r->next = *doomed;
        *doomed = r;
    }
}

static void strip(struct unix_sock *u, struct rights **doomed)
{
    WITH_SPINLOCK(&u->lock);
    strip_locked(u->first, doomed);
    for (struct unix_sock *p = u->pending; p; p = p->next_pending) {
        WITH_SPINLOCK(&p->lock);
        strip_locked(p->first, doomed);
    }
}

static struct rights *collect(void)
{
    struct rights *doomed = NULL;
    struct unix_sock *u;

    WITH_MUTEX(&gc.lock);
    find_candidates();
    for_candidates(count_children);
    for_candidates(reach_from_outside);
    while ((u = pop()))
        visit_children(u, reach);
    for_candidates(push_garbage);
    while ((u = pop()))
        strip(u, &doomed);
    return doomed;
}

void unix_gc(void)
{
    struct rights *doomed;

    if (likely(!__atomic_load_n(&gc.flying, __ATOMIC_RELAXED)))
        return;
    doomed = collect();
    while (doomed) {
        struct rights *r = doomed;

        doomed = r->next;
        rights_free(r);
    }
}
