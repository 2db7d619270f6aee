/* SPDX-License-Identifier: MIT */
/*
 * Connections of AF_UNIX sockets: listen(2), connect(2), accept(2), shutdown(2), socketpair(2).
 *
 * connect(2) makes the other end itself and puts it into the listener's queue; that is all that
 * happens, so it succeeds before anybody accepts.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/net/unix_int.h"

/* What SO_PEERCRED of u is from now on: who calls. */
static void show_caller(struct unix_sock *u)
{
    unix_set_peer_cred(u, thread_self()->cred, file_signal_ops.pid_self());
}

/* ---- listen ---- */

int unix_listen(struct socket *s, u32 backlog)
{
    struct unix_sock *u = unix_of(s);
    struct list blocked = LIST_INIT(blocked);
    bool good;

    if (!__atomic_load_n(&u->name, __ATOMIC_ACQUIRE) || u->state == UNIX_CONNECTED)
        return -EINVAL;
    show_caller(u);
    spin_lock(&u->lock);
    good = u->state != UNIX_CONNECTED;
    if (good) {
        u->state = UNIX_LISTENING;
        u->backlog = backlog;
        unix_take_blocked_locked(u, &blocked);
    }
    spin_unlock(&u->lock);
    unix_wake_blocked(&blocked);
    return good ? 0 : -EINVAL;
}

/* ---- connect ---- */

static void link_locked(struct unix_sock *a, struct unix_sock *b)
{
    __atomic_store_n(&a->peer, unix_get(b), __ATOMIC_RELEASE);
    __atomic_store_n(&b->peer, unix_get(a), __ATOMIC_RELEASE);
    a->state = b->state = UNIX_CONNECTED;
}

static void pending_append_locked(struct unix_sock *l, struct unix_sock *u)
{
    u->next_pending = NULL;
    if (l->pending_last)
        l->pending_last->next_pending = u;
    else
        l->pending = u;
    l->pending_last = u;
    __atomic_store_n(&l->queued, l->queued + 1, __ATOMIC_RELEASE);
}

/* The other end of a connection to l, not connected yet. */
static struct unix_sock *other_end_new(struct unix_sock *l)
{
    struct unix_sock *u = unix_new(l->s.ops, l->s.type, l->s.protocol);

    if (!u)
        return NULL;
    ref_get(&l->name->refs);
    u->name = l->name;
    u->options.on[0] = l->options.on[0] & (1ull << SO_PASSCRED | 1ull << SO_PASSSEC);
    show_caller(u);
    return u;
}

/* -EAGAIN: l's queue is full. */
static int try_connect_locked(struct unix_sock *u, struct unix_sock *l, struct unix_sock *other)
{
    if (l->dead || l->state != UNIX_LISTENING || l->shutdown & SHUT_RECV)
        return -ECONNREFUSED;
    if (u->state != UNIX_IDLE)
        return u->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
    if (unix_is_full_locked(l, u))
        return -EAGAIN;
    /* ---- commit ---- */
    link_locked(u, other);
    pending_append_locked(l, unix_get(other));
    return 0;
}

static int connect_to(struct unix_sock *u, struct unix_sock *l)
{
    AUTO(unix_putp) struct unix_sock *other = NULL;
    AUTO(cred_putp) struct cred *cred = NULL;
    s32 pid;
    int err;

    if (!__atomic_load_n(&l->name, __ATOMIC_ACQUIRE))
        return -ECONNREFUSED;
    other = other_end_new(l);
    if (!other)
        return -ENOMEM;
    do {
        unix_lock_two(u, l);
        err = try_connect_locked(u, l, other);
        cred = l->peer_cred ? cred_get(l->peer_cred) : NULL;
        pid = l->peer_pid;
        unix_unlock_two(u, l);
        if (!err)
            break;
        cred_put(TAKE(cred));
        if (err == -EAGAIN)
            err = unix_wait_for_room(u, l);
    } while (!err);
    if (err)
        return err;
    unix_set_peer_cred(u, cred, pid);
    unix_wake(l, EVENTS_IN);
    return 0;
}

/* ---- datagram sockets ---- */

void unix_disconnect_dgram(struct unix_sock *u, struct unix_sock *old_peer)
{
    struct list blocked = LIST_INIT(blocked);
    struct packet *lost;
    bool tell = false;

    mutex_lock(&u->reading);
    spin_lock(&u->lock);
    lost = packet_take_all_locked(u);
    unix_take_blocked_locked(u, &blocked);
    spin_unlock(&u->lock);
    mutex_unlock(&u->reading);

    if (lost) {
        spin_lock(&old_peer->lock);
        tell = !old_peer->dead && old_peer->peer == u;
        if (tell)
            old_peer->err = ECONNRESET;
        spin_unlock(&old_peer->lock);
    }
    packet_discard_all(NULL, lost);
    unix_wake_blocked(&blocked);
    if (tell)
        unix_wake(old_peer, EVENTS_ANY);
}

/* peer is NULL (AF_UNSPEC) or the new one, whose reference is consumed. */
static void set_peer_dgram(struct unix_sock *u, struct unix_sock *peer)
{
    struct unix_sock *old;

    spin_lock(&u->lock);
    old = u->peer;
    __atomic_store_n(&u->peer, peer, __ATOMIC_RELEASE);
    u->state = peer ? UNIX_CONNECTED : UNIX_IDLE;
    spin_unlock(&u->lock);
    if (old && old != peer)
        unix_disconnect_dgram(u, old);
    unix_put(old);
    unix_wake(u, EVENTS_OUT);
}

static int connect_dgram(struct unix_sock *u, const struct address *a)
{
    AUTO(unix_putp) struct unix_sock *peer = NULL;
    int err = unix_find(a, SOCK_DGRAM, &peer);
    bool may;

    if (err)
        return err;
    spin_lock(&peer->lock);
    may = !peer->peer || peer->peer == u;
    spin_unlock(&peer->lock);
    if (!may)
        return -EPERM;                           /* it listens to its own peer only         */
    set_peer_dgram(u, TAKE(peer));
    return 0;
}

int unix_connect(struct socket *s, const struct address *a, bool wait)
{
    struct unix_sock *u = unix_of(s);
    AUTO(unix_putp) struct unix_sock *l = NULL;
    struct address own = *a;
    int err;

    (void)wait;
    if (s->type == SOCK_DGRAM && own.len >= sizeof(own.family) && own.family == AF_UNSPEC) {
        set_peer_dgram(u, NULL);
        return 0;
    }
    err = unix_address_check(&own);
    if (!err && local_option_is_on(&u->options, SO_PASSCRED))
        err = unix_autobind(u);
    if (err)
        return err;
    if (s->type == SOCK_DGRAM)
        return connect_dgram(u, &own);
    err = unix_find(&own, s->type, &l);
    return err ? err : connect_to(u, l);
}

void unix_pair(struct unix_sock *a, struct unix_sock *b)
{
    show_caller(a);
    show_caller(b);
    unix_lock_two(a, b);
    link_locked(a, b);
    unix_unlock_two(a, b);
}

/* ---- accept ---- */

/* The first pending connection with the queue's reference. */
static int pending_take(struct unix_sock *l, struct unix_sock **ret)
{
    struct list blocked = LIST_INIT(blocked);
    struct unix_sock *u;
    int err = 0;

    spin_lock(&l->lock);
    u = l->pending;
    if (l->state != UNIX_LISTENING) {
        err = -EINVAL;
    } else if (!u) {                             /* shut down, only who would wait is told  */
        err = l->shutdown & SHUT_RECV && !file_is_nonblocking(l->file) ? -EINVAL : -EAGAIN;
    } else {
        l->pending = u->next_pending;
        if (!l->pending)
            l->pending_last = NULL;
        l->queued--;
        unix_take_blocked_locked(l, &blocked);
        *ret = u;
    }
    spin_unlock(&l->lock);
    unix_wake_blocked(&blocked);
    return err;
}

static void pending_give_back(struct unix_sock *l, struct unix_sock *u)
{
    WITH_SPINLOCK(&l->lock);
    u->next_pending = l->pending;
    l->pending = u;
    if (!l->pending_last)
        l->pending_last = u;
    l->queued++;
}

int unix_accept(struct socket *s, u32 flags, struct address *peer, struct file **ret)
{
    struct unix_sock *l = unix_of(s), *u;
    int err = pending_take(l, &u);

    if (err)
        return err;
    err = unix_file_new(u, flags, ret);
    if (err) {
        pending_give_back(l, u);
        return err;
    }
    if (peer)
        unix_address_of(u->peer, peer);
    return 0;
}

/* ---- shutdown ---- */

static void shut(struct unix_sock *u, u32 what)
{
    struct list blocked = LIST_INIT(blocked);

    spin_lock(&u->lock);
    __atomic_store_n(&u->shutdown, u->shutdown | what, __ATOMIC_RELEASE);
    if (what & SHUT_RECV)                        /* who waits for room will not get any     */
        list_for_each_safe(l, &u->blocked) {
            list_remove(l);
            list_append(&blocked, l);
        }
    spin_unlock(&u->lock);
    unix_wake(u, EVENTS_ANY);
    unix_wake_blocked(&blocked);
}

int unix_shutdown(struct socket *s, int how)
{
    struct unix_sock *u = unix_of(s);
    AUTO(unix_putp) struct unix_sock *peer = NULL;
    u32 what = (u32)how + 1;                     /* SHUT_RD, SHUT_WR, SHUT_RDWR: 1, 2, 3    */

    peer = unix_peer_get(u);
    shut(u, what);
    if (peer && s->type != SOCK_DGRAM)
        shut(peer, (what & SHUT_RECV ? SHUT_SEND : 0u) | (what & SHUT_SEND ? SHUT_RECV : 0u));
    return 0;
}
