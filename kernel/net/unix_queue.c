/* SPDX-License-Identifier: MIT */
/* The queues of AF_UNIX sockets: packets, their price, and those who wait for room. */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/net/unix_int.h"

enum {
    DGRAM_QUEUE_MAX = 10,                        /* net.unix.max_dgram_qlen: one more fits  */
};

/* Somebody who has found a queue full.  In the list of the socket whose queue it is. */
struct blocked {
    struct list link;
    struct unix_sock *sock;                      /* counts                                  */
};

/* ---- packets ---- */

struct packet *packet_new(u32 room)
{
    struct packet *p = kalloc(sizeof(*p) + room);

    if (p)
        *p = (struct packet){ .room = room, .charge = (u32)sizeof(*p) + room };
    return p;
}

void packet_free(struct packet *p)
{
    if (!p)
        return;
    rights_free(p->rights);
    unix_put(p->from);
    kfree(p);
}

void packet_append_locked(struct unix_sock *to, struct packet *p)
{
    p->next = NULL;
    if (to->last)
        to->last->next = p;
    else
        to->first = p;
    to->last = p;
    to->unread += p->tail - p->head;
    __atomic_store_n(&to->queued, to->queued + 1, __ATOMIC_RELEASE);
}

void packet_unlink_locked(struct unix_sock *u, struct packet *p)
{
    debug_assert(u->first == p);
    u->first = p->next;
    if (!u->first)
        u->last = NULL;
    u->unread -= p->tail - p->head;
    u->queued--;
}

struct packet *packet_take_all_locked(struct unix_sock *u)
{
    struct packet *list = u->first;

    u->first = u->last = NULL;
    u->unread = 0;
    u->queued = 0;
    return list;
}

void packet_discard_all(struct unix_sock *owner, struct packet *list)
{
    while (list) {
        struct packet *p = list;

        list = p->next;
        unix_uncharge(p->from ? p->from : owner, p->charge);
        packet_free(p);
    }
}

void unix_uncharge(struct unix_sock *sender, u32 charge)
{
    u32 before = __atomic_fetch_sub(&sender->wmem, charge, __ATOMIC_SEQ_CST);
    u32 sndbuf = sender->options.sndbuf;

    if (!unix_is_writable(before, sndbuf) && unix_is_writable(before - charge, sndbuf))
        unix_wake(sender, EVENTS_OUT);
}

/* ---- room ---- */

static bool queue_is_long(const struct unix_sock *dest)
{
    if (dest->state == UNIX_LISTENING)
        return dest->queued > dest->backlog;
    return dest->queued > DGRAM_QUEUE_MAX;
}

/* The limit on datagrams is not for two that are connected to each other: SO_SNDBUF limits them. */
bool unix_is_full_locked(const struct unix_sock *dest, const struct unix_sock *from)
{
    if (dest->state != UNIX_LISTENING && (dest == from || dest->peer == from))
        return false;
    return queue_is_long(dest);
}

static bool is_blocked_locked(const struct unix_sock *dest, const struct unix_sock *u)
{
    list_for_each(l, &dest->blocked)
        if (list_entry(l, struct blocked, link)->sock == u)
            return true;
    return false;
}

int unix_wait_for_room(struct unix_sock *u, struct unix_sock *dest)
{
    struct blocked *b = kalloc(sizeof(*b));
    bool full;

    if (!b)
        return -ENOBUFS;
    spin_lock(&dest->lock);
    full = !dest->dead && unix_is_full_locked(dest, u);
    if (full && !is_blocked_locked(dest, u)) {
        b->sock = unix_get(u);
        list_append(&dest->blocked, &b->link);
        b = NULL;
    }
    spin_unlock(&dest->lock);
    kfree(b);
    return full ? -EAGAIN : 0;
}

void unix_take_blocked_locked(struct unix_sock *u, struct list *ret)
{
    if (likely(list_is_empty(&u->blocked)) || queue_is_long(u))
        return;
    list_for_each_safe(l, &u->blocked) {
        list_remove(l);
        list_append(ret, l);
    }
}

void unix_wake_blocked(struct list *blocked)
{
    list_for_each_safe(l, blocked) {
        struct blocked *b = list_entry(l, struct blocked, link);

        list_remove(l);
        unix_wake(b->sock, EVENTS_OUT);
        unix_put(b->sock);
        kfree(b);
    }
}
