/* SPDX-License-Identifier: MIT */
/*
 * Data of AF_UNIX datagram and sequenced-packet sockets: a message is a packet.
 *
 * A datagram's packet counts its sender, whose name is its source and whose buffer it is charged to,
 * and who may be gone by the time it is read.
 */
#include "abi/linux/errno.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"

enum { OVERHEAD = 32 };                          /* what Linux leaves free of SO_SNDBUF     */

static bool is_seqpacket(const struct unix_sock *u)
{
    return u->s.type == SOCK_SEQPACKET;
}

static void packet_freep(struct packet **p)
{
    packet_free(*p);
}

/* ---- sending ---- */

/* Where m goes, with a reference. */
static int find_destination(struct unix_sock *u, const struct message *m, struct unix_sock **ret)
{
    struct address a;
    int err;

    if (is_seqpacket(u) || !m->address) {
        *ret = unix_peer_get(u);
        return *ret ? 0 : -ENOTCONN;
    }
    a = *m->address;
    err = unix_address_check(&a);
    return err ? err : unix_find(&a, SOCK_DGRAM, ret);
}

static int may_send_now(struct unix_sock *u, const struct message *m)
{
    int err = unix_take_error(u);

    if (err)
        return err;
    if (is_seqpacket(u) && u->state != UNIX_CONNECTED)
        return -ENOTCONN;
    if (iov_left(m->data) > u->options.sndbuf - OVERHEAD)
        return -EMSGSIZE;
    if (u->shutdown & SHUT_SEND)
        return -EPIPE;
    return unix_has_room(u) ? 0 : -EAGAIN;
}

static int packet_fill(struct message *m, struct packet **ret)
{
    AUTO(packet_freep) struct packet *p = NULL;
    size_t len = iov_left(m->data);
    ssize_t n;

    p = packet_new((u32)len);
    if (!p)
        return -ENOBUFS;
    n = iov_get(m->data, p->data, len);
    if (n != (ssize_t)len)
        return -EFAULT;                          /* all of a message or nothing             */
    p->tail = (u32)n;
    *ret = TAKE(p);
    return 0;
}

/* -EAGAIN: to's queue is full.  -ECONNRESET stands for: to is dead. */
static int try_deliver(struct unix_sock *u, struct unix_sock *to, struct packet *p)
{
    WITH_SPINLOCK(&to->lock);
    if (to->dead)
        return -ECONNRESET;
    if (to->shutdown & SHUT_RECV)
        return -EPIPE;
    if (!is_seqpacket(u) && to->peer && to->peer != u)
        return -EPERM;                           /* it listens to its own peer only         */
    if (unix_is_full_locked(to, u))
        return -EAGAIN;
    unix_charge(u, p->charge);
    packet_append_locked(to, p);
    return 0;
}

static int deliver(struct unix_sock *u, struct unix_sock *to, struct packet *p)
{
    int err;

    do {
        err = try_deliver(u, to, p);
        if (err == -EAGAIN)
            err = unix_wait_for_room(u, to);
        else
            return err;
    } while (!err);
    return err;
}

/* A message found that its destination is gone. */
static int destination_is_dead(struct unix_sock *u, struct unix_sock *to)
{
    bool was_peer;

    if (is_seqpacket(u))
        return -EPIPE;
    spin_lock(&u->lock);
    was_peer = u->peer == to;
    if (was_peer) {
        u->peer = NULL;
        u->state = UNIX_IDLE;
    }
    spin_unlock(&u->lock);
    if (was_peer) {
        unix_disconnect_dgram(u, to);
        unix_put(to);                            /* the reference of u->peer                */
    }
    return -ECONNREFUSED;
}

static int send_to(struct unix_sock *u, struct unix_sock *to, struct message *m)
{
    AUTO(packet_freep) struct packet *p = NULL;
    int err = unix_control_parse(u, to, m);

    if (!err)
        err = packet_fill(m, &p);
    if (err)
        return err;
    p->ids = m->ids;
    p->rights = m->rights;
    if (!is_seqpacket(u))
        p->from = unix_get(u);
    err = deliver(u, to, p);
    if (err) {
        p->rights = NULL;
        return err == -ECONNRESET ? destination_is_dead(u, to) : err;
    }
    (void)TAKE(p);
    m->rights = NULL;
    unix_wake(to, EVENTS_IN);
    return 0;
}

ssize_t unix_packet_send(struct socket *s, struct message *m)
{
    struct unix_sock *u = unix_of(s);
    AUTO(unix_putp) struct unix_sock *to = NULL;
    struct iov before = *m->data;
    int err;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    err = may_send_now(u, m);
    if (!err)
        err = find_destination(u, m, &to);
    if (!err && local_option_is_on(&u->options, SO_PASSCRED))
        err = unix_autobind(u);
    if (!err)
        err = send_to(u, to, m);
    if (err) {
        *m->data = before;
        return err;
    }
    return (ssize_t)iov_left(&before);
}

/* ---- receiving ---- */

/* Nothing to read: why? */
static ssize_t empty_locked(struct unix_sock *u, const struct message *m)
{
    int err = u->err;

    if (err) {
        u->err = 0;
        return -err;
    }
    if (!(u->shutdown & SHUT_RECV))
        return -EAGAIN;
    /* A datagram socket has no end of file to tell, but nothing to wait for either. */
    return is_seqpacket(u) || !(m->flags & MSG_DONTWAIT) ? 0 : -EAGAIN;
}

/* The packet to read: the first, or with SO_PEEK_OFF the one at that offset (*skip into it). */
static struct packet *choose_locked(struct unix_sock *u, const struct message *m, u32 *skip)
{
    struct packet *p = u->first;

    *skip = 0;
    if (!(m->flags & MSG_PEEK) || u->options.peek_off <= 0)
        return p;
    *skip = (u32)u->options.peek_off;
    while (p && *skip && *skip >= p->tail) {
        *skip -= p->tail;
        p = p->next;
    }
    return p;
}

static void take_out(struct unix_sock *u, struct packet *p, struct unix_sock *sender)
{
    struct list blocked = LIST_INIT(blocked);

    spin_lock(&u->lock);
    packet_unlink_locked(u, p);
    unix_take_blocked_locked(u, &blocked);
    spin_unlock(&u->lock);
    unix_uncharge(sender, p->charge);
    unix_wake_blocked(&blocked);
}

static void move_peek_off(struct unix_sock *u, bool peek, u32 len)
{
    int off = u->options.peek_off;

    if (off < 0)
        return;
    if (peek)
        u->options.peek_off = off + (int)len;
    else
        u->options.peek_off = off > (int)len ? off - (int)len : 0;
}

/* With `reading` held.  *ret is p if it is out of the queue, and now the caller's. */
static ssize_t read_one(struct unix_sock *u, struct message *m, struct packet *p, u32 skip,
                        struct packet **ret, struct rights **ret_rights)
{
    struct unix_sock *sender = p->from ? p->from : u->peer;
    u32 len = p->tail - skip;
    bool peek = m->flags & MSG_PEEK;
    size_t want = min_size(len, iov_left(m->data));
    ssize_t n = iov_put(m->data, p->data + skip, want);

    if (n != (ssize_t)want)
        return -EFAULT;
    if (want < len)
        m->ret_flags |= MSG_TRUNC;
    *ret_rights = unix_rights_take(p, m->flags);
    if (m->address)
        unix_source_of(sender, m->address);
    move_peek_off(u, peek, peek ? (u32)want : p->tail);
    if (!peek) {
        take_out(u, p, sender);
        *ret = p;
    }
    return m->flags & MSG_TRUNC ? (ssize_t)len : n;
}

ssize_t unix_packet_recv(struct socket *s, struct message *m)
{
    struct unix_sock *u = unix_of(s);
    AUTO(packet_freep) struct packet *taken = NULL;
    struct rights *rights = NULL;
    struct socket_ids ids = { 0 };
    struct packet *p;
    ssize_t n;
    u32 skip;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (is_seqpacket(u) && u->state != UNIX_CONNECTED)
        return -ENOTCONN;
    mutex_lock(&u->reading);
    spin_lock(&u->lock);
    p = choose_locked(u, m, &skip);
    n = p ? 0 : empty_locked(u, m);
    spin_unlock(&u->lock);
    if (p) {
        ids = p->ids;
        n = read_one(u, m, p, skip, &taken, &rights);
    }
    mutex_unlock(&u->reading);

    if (p && n >= 0)
        unix_control_put(u, m, &ids, rights);
    return n;
}
