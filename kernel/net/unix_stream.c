/* SPDX-License-Identifier: MIT */
/*
 * Data of AF_UNIX stream sockets.
 *
 * A write becomes packets of up to PACKET_MAX bytes; one of up to SMALL bytes goes into the room that
 * is left in the last packet, or into the spare one, so that a byte does not cost an allocation.  A
 * packet with rights gets no company: reads stop behind it (unix(7)).
 */
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"

enum {
    SMALL = 256,                                         /* fits a stack frame              */
    PACKET_MIN = 512 - (int)sizeof(struct packet),       /* a size class of kalloc()        */
    PACKET_MAX = 32 * 1024 - (int)sizeof(struct packet), /* pages, a power of two of them   */
};

/* ---- sending ---- */

static bool ids_are_equal(const struct socket_ids *a, const struct socket_ids *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

static int may_append_locked(const struct unix_sock *u, const struct unix_sock *peer)
{
    if (peer->dead || peer->shutdown & SHUT_RECV || u->shutdown & SHUT_SEND)
        return -EPIPE;
    return 0;
}

/* A packet at the end of peer's queue with len bytes of room, or NULL. */
static struct packet *tail_locked(struct unix_sock *u, struct unix_sock *peer,
                                  const struct message *m, u32 len)
{
    struct packet *p = peer->last;

    if (p && !p->rights && p->room - p->tail >= len && ids_are_equal(&p->ids, &m->ids))
        return p;
    p = peer->spare;
    if (!p)
        return NULL;
    peer->spare = NULL;
    p->head = p->tail = 0;
    p->ids = m->ids;
    unix_charge(u, p->charge);
    packet_append_locked(peer, p);
    return p;
}

/* len bytes at data to the end of peer's queue: 1 if they found room there, 0 if not, -EPIPE. */
static int append_small(struct unix_sock *u, struct unix_sock *peer, const struct message *m,
                        const u8 *data, u32 len)
{
    struct packet *p;
    int err;

    WITH_SPINLOCK(&peer->lock);
    err = may_append_locked(u, peer);
    if (err)
        return err;
    p = tail_locked(u, peer, m, len);
    if (!p)
        return 0;
    memcpy(p->data + p->tail, data, len);
    p->tail += len;
    peer->unread += len;
    return 1;
}

static int append_packet(struct unix_sock *u, struct unix_sock *peer, struct packet *p)
{
    int err;

    WITH_SPINLOCK(&peer->lock);
    err = may_append_locked(u, peer);
    if (err)
        return err;
    unix_charge(u, p->charge);
    packet_append_locked(peer, p);
    return 0;
}

/* Consumes p, and the rights of m. */
static int send_packet(struct unix_sock *u, struct unix_sock *peer, struct message *m,
                       struct packet *p)
{
    int err;

    p->ids = m->ids;
    p->rights = m->rights;
    err = append_packet(u, peer, p);
    if (err) {
        p->rights = NULL;
        packet_free(p);
        return err;
    }
    m->rights = NULL;
    return 0;
}

static ssize_t send_small(struct unix_sock *u, struct unix_sock *peer, struct message *m)
{
    u8 data[SMALL];
    ssize_t n = iov_get(m->data, data, sizeof(data));
    struct packet *p;
    int err;

    if (n < 0)
        return n;
    err = append_small(u, peer, m, data, (u32)n);
    if (err < 0)
        return err;
    if (!err) {
        p = packet_new(PACKET_MIN);
        if (!p)
            return -ENOBUFS;
        memcpy(p->data, data, (size_t)n);
        p->tail = (u32)n;
        err = send_packet(u, peer, m, p);
        if (err)
            return err;
    }
    unix_wake(peer, EVENTS_IN);
    return n;
}

static ssize_t send_big(struct unix_sock *u, struct unix_sock *peer, struct message *m)
{
    u32 max = (u32)min_size(PACKET_MAX, u->options.sndbuf / 2);
    u32 room = (u32)min_size(iov_left(m->data), max);
    struct packet *p = packet_new((u32)max_u64(room, PACKET_MIN));
    ssize_t n;
    int err;

    if (!p)
        return -ENOBUFS;
    n = iov_get(m->data, p->data, room);
    if (n <= 0) {
        packet_free(p);
        return n;
    }
    p->tail = (u32)n;
    err = send_packet(u, peer, m, p);
    if (err)
        return err;
    unix_wake(peer, EVENTS_IN);
    return n;
}

static ssize_t send_some(struct unix_sock *u, struct unix_sock *peer, struct message *m)
{
    int err;

    if (unlikely(__atomic_load_n(&u->shutdown, __ATOMIC_RELAXED) & SHUT_SEND))
        return -EPIPE;
    err = unix_take_error(u);
    if (err)
        return err;
    if (!unix_has_room(u))
        return -EAGAIN;
    if (iov_left(m->data) <= SMALL && !m->rights)
        return send_small(u, peer, m);
    return send_big(u, peer, m);
}

ssize_t unix_stream_send(struct socket *s, struct message *m)
{
    struct unix_sock *u = unix_of(s);
    struct unix_sock *peer = __atomic_load_n(&u->peer, __ATOMIC_ACQUIRE);
    ssize_t done = 0, n;
    int err;

    if (unlikely(m->flags & MSG_OOB))
        return -EOPNOTSUPP;
    if (unlikely(m->address))
        return peer ? -EISCONN : -EOPNOTSUPP;
    if (!peer)
        return -ENOTCONN;
    err = unix_control_parse(u, peer, m);
    if (err)
        return err;
    while (iov_left(m->data)) {
        n = send_some(u, peer, m);
        if (n < 0)
            return done ? done : n;
        done += n;
    }
    return done;
}

/* ---- receiving ---- */

/* What has been received so far. */
struct reading {
    size_t done;
    bool any;                                    /* ids are those of the first packet       */
    struct socket_ids ids;
    struct rights *rights;                       /* owned                                   */
};

/* Nothing to read: why? */
static ssize_t empty_locked(struct unix_sock *u)
{
    int err = u->err;

    if (err) {
        u->err = 0;
        return -err;
    }
    return u->shutdown & SHUT_RECV ? 0 : -EAGAIN;
}

/* The first packet, or the one behind p, and its bytes. */
static struct packet *next_packet(struct unix_sock *u, struct packet *p, u32 *ret_len)
{
    WITH_SPINLOCK(&u->lock);
    p = p ? p->next : u->first;
    if (p)
        *ret_len = p->tail - p->head;
    return p;
}

/* The end of a packet, whose bytes have all been read: kept as the spare one if it is small. */
static struct packet *retire_locked(struct unix_sock *u, struct packet *p)
{
    packet_unlink_locked(u, p);
    if (u->spare || p->room != PACKET_MIN)
        return p;
    u->spare = p;
    return NULL;
}

static void consume(struct unix_sock *u, struct packet *p, u32 len)
{
    struct packet *retired = NULL;
    u32 charge = 0;

    spin_lock(&u->lock);
    p->head += len;
    u->unread -= len;
    if (p->head == p->tail) {
        charge = p->charge;
        retired = retire_locked(u, p);
    }
    spin_unlock(&u->lock);
    if (charge)
        unix_uncharge(u->peer, charge);
    packet_free(retired);
}

/* Take, or look at, what p has from skip on.  False: go no further. */
static bool read_packet(struct unix_sock *u, struct message *m, struct reading *r, struct packet *p,
                        u32 skip, u32 len)
{
    bool peek = m->flags & MSG_PEEK;
    size_t want = min_size(len - skip, iov_left(m->data));
    ssize_t n = iov_put(m->data, p->data + p->head + skip, want);

    if (n < 0)
        return false;
    if (!r->any) {
        r->any = true;
        r->ids = p->ids;
    }
    r->done += (size_t)n;
    if (unlikely(p->rights)) {
        m->complete = true;
        r->rights = unix_rights_take(p, m->flags);
    }
    if (!peek)
        consume(u, p, (u32)n);
    return (size_t)n == len - skip && !m->complete;
}

/* Messages of different senders are not glued together where the receiver sees who they are. */
static bool may_glue(const struct unix_sock *u, const struct message *m, const struct reading *r,
                     const struct packet *p)
{
    const struct socket_ids *first = r->any ? &r->ids : m->started ? &m->ids : NULL;

    return !first || !local_option_is_on(&u->options, SO_PASSCRED) || ids_are_equal(first, &p->ids);
}

/* With `reading` held.  The packets in order, until the data, the room or the sender ends. */
static ssize_t read_all(struct unix_sock *u, struct message *m, struct reading *r)
{
    bool peek = m->flags & MSG_PEEK;
    struct packet *p = NULL;
    u32 skip = peek && u->options.peek_off > 0 ? (u32)u->options.peek_off : 0;
    u32 len;
    bool more = true;

    while (more && (p = next_packet(u, peek ? p : NULL, &len))) {
        if (skip && skip >= len) {
            skip -= len;
            continue;
        }
        if (!may_glue(u, m, r, p)) {
            m->complete = true;
            break;
        }
        more = read_packet(u, m, r, p, skip, len) && iov_left(m->data);
        if (!r->any)
            return -EFAULT;
        skip = 0;
    }
    if (!r->any)                                 /* the next sender's, or beyond the end    */
        return m->complete ? 0 : -EAGAIN;
    if (u->options.peek_off >= 0)
        u->options.peek_off = peek ? u->options.peek_off + (int)r->done
                                   : (int)max_u64((u64)u->options.peek_off, r->done) - (int)r->done;
    return (ssize_t)r->done;
}

/* A sender that has no room does not send what is missing. */
static bool is_enough_locked(const struct unix_sock *u, const struct message *m)
{
    return u->unread >= m->low || u->err || u->shutdown & SHUT_RECV || !unix_has_room(u->peer);
}

/* 1: there is enough to read; else the result. */
static ssize_t look(struct unix_sock *u, const struct message *m)
{
    WITH_SPINLOCK(&u->lock);
    if (!u->first)
        return empty_locked(u);
    return likely(is_enough_locked(u, m)) ? 1 : -EAGAIN;
}

ssize_t unix_stream_recv(struct socket *s, struct message *m)
{
    struct unix_sock *u = unix_of(s);
    struct reading r = { .done = 0 };
    ssize_t n;

    if (unlikely(m->flags & MSG_OOB))
        return -EINVAL;                          /* nobody can have sent any                */
    if (u->state != UNIX_CONNECTED)
        return -EINVAL;
    mutex_lock(&u->reading);
    n = look(u, m);
    if (n > 0)
        n = read_all(u, m, &r);
    mutex_unlock(&u->reading);

    if (n < 0)
        return n;
    if (m->address)
        unix_source_of(u->peer, m->address);
    if (r.any)
        unix_control_put(u, m, &r.ids, r.rights);
    return n;
}
