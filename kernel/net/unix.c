/* SPDX-License-Identifier: MIT */
/* AF_UNIX sockets: how they begin, how they end, and when they are ready.  The model is in
 * unix_int.h. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/net/unix_int.h"

const struct socket_ops unix_stream_ops = {
    .bind = unix_bind,
    .listen = unix_listen,
    .accept = unix_accept,
    .connect = unix_connect,
    .name = unix_name_get,
    .send = unix_stream_send,
    .recv = unix_stream_recv,
    .shutdown = unix_shutdown,
    .set_option = unix_set_option,
    .get_option = unix_get_option,
    .ioctl = unix_ioctl,
};

const struct socket_ops unix_seqpacket_ops = {
    .bind = unix_bind,
    .listen = unix_listen,
    .accept = unix_accept,
    .connect = unix_connect,
    .name = unix_name_get,
    .send = unix_packet_send,
    .recv = unix_packet_recv,
    .shutdown = unix_shutdown,
    .set_option = unix_set_option,
    .get_option = unix_get_option,
    .ioctl = unix_ioctl,
};

const struct socket_ops unix_dgram_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .name = unix_name_get,
    .send = unix_packet_send,
    .recv = unix_packet_recv,
    .shutdown = unix_shutdown,
    .set_option = unix_set_option,
    .get_option = unix_get_option,
    .ioctl = unix_ioctl,
};

/* ---- life ---- */

struct unix_sock *unix_new(const struct socket_ops *ops, u16 type, u32 protocol)
{
    struct unix_sock *u = kzalloc(sizeof(*u));

    if (!u)
        return NULL;
    socket_init(&u->s, ops, AF_UNIX, type, protocol);
    ref_init(&u->refs);
    local_options_init(&u->options);
    list_init(&u->blocked);
    list_init(&u->in_all);
    list_init(&u->in_flight);
    unix_all_add(u);
    return u;
}

void unix_put(struct unix_sock *u)
{
    if (!u || !ref_put(&u->refs))
        return;
    assert(!u->first);
    assert(!u->wmem);
    assert(!u->flights);
    unix_all_remove(u);
    unix_name_put(u->name);
    cred_put(u->peer_cred);
    kfree(u->spare);
    kfree(u);
}

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
    struct unix_sock *peer;

    WITH_SPINLOCK(&u->lock);
    peer = u->peer;
    return peer ? unix_get(peer) : NULL;
}

int unix_take_error(struct unix_sock *u)
{
    int err;

    if (likely(!__atomic_load_n(&u->err, __ATOMIC_RELAXED)))
        return 0;
    WITH_SPINLOCK(&u->lock);
    err = u->err;
    u->err = 0;
    return -err;
}

/* The two ways in which a connection ends for the one who stays. */
static void tell_peer(struct unix_sock *peer, bool unread)
{
    spin_lock(&peer->lock);
    peer->shutdown = SHUT_BOTH;
    if (unread)
        peer->err = ECONNRESET;
    spin_unlock(&peer->lock);
    unix_wake(peer, EVENTS_ANY);
}

static void close_pending(struct unix_sock *u)
{
    while (u) {
        struct unix_sock *next = u->next_pending;

        unix_close(u, UNIX_NEVER_ACCEPTED);
        unix_put(u);
        u = next;
    }
}

void unix_close(struct unix_sock *u, enum unix_end end)
{
    struct list blocked = LIST_INIT(blocked);
    struct unix_sock *peer, *pending;
    struct packet *packets;

    unix_unbind(u);
    spin_lock(&u->lock);
    u->file = NULL;
    u->dead = true;
    u->shutdown = SHUT_BOTH;
    peer = u->peer;
    u->peer = NULL;
    packets = packet_take_all_locked(u);
    pending = u->pending;
    u->pending = u->pending_last = NULL;
    list_for_each_safe(l, &u->blocked) {
        list_remove(l);
        list_append(&blocked, l);
    }
    spin_unlock(&u->lock);

    if (peer && u->s.type != SOCK_DGRAM)
        tell_peer(peer, packets || end == UNIX_NEVER_ACCEPTED);
    close_pending(pending);
    packet_discard_all(peer, packets);
    unix_wake_blocked(&blocked);
    unix_put(peer);
}

void unix_set_peer_cred(struct unix_sock *u, struct cred *c, s32 pid)
{
    struct cred *old;

    if (c)
        cred_get(c);
    spin_lock(&u->lock);
    old = u->peer_cred;
    u->peer_cred = c;
    u->peer_pid = pid;
    spin_unlock(&u->lock);
    cred_put(old);
}

/* O_ASYNC: the file sends SIGIO, so it has to be alive while it does. */
void unix_wake_async(struct unix_sock *u)
{
    struct file *f;

    spin_lock(&u->lock);
    f = u->file && ref_try_get(&u->file->refs) ? u->file : NULL;
    spin_unlock(&u->lock);
    if (!f)
        return;
    file_wake_async(f);
    file_put(f);
}

/* ---- readiness ---- */

/* A datagram socket that is connected to one that takes messages from many: it waits for room in
 * their queue, too. */
static bool peer_is_full(struct unix_sock *u)
{
    AUTO(unix_putp) struct unix_sock *peer = NULL;
    bool full;

    if (u->s.type != SOCK_DGRAM)
        return false;
    peer = unix_peer_get(u);
    if (!peer)
        return false;
    do {
        spin_lock(&peer->lock);
        full = !peer->dead && unix_is_full_locked(peer, u);
        spin_unlock(&peer->lock);
    } while (full && !unix_wait_for_room(u, peer));
    return full;
}

static u32 unix_ready(struct file *f)
{
    struct unix_sock *u = unix_of(f->priv);
    u32 shutdown = __atomic_load_n(&u->shutdown, __ATOMIC_RELAXED);
    u32 ready = 0;

    if (__atomic_load_n(&u->err, __ATOMIC_RELAXED))
        ready |= POLLERR;
    if (shutdown == SHUT_BOTH || (u->state == UNIX_IDLE && u->s.type != SOCK_DGRAM))
        ready |= POLLHUP;
    if (shutdown & SHUT_RECV)
        ready |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (__atomic_load_n(&u->queued, __ATOMIC_ACQUIRE))
        ready |= POLLIN | POLLRDNORM;
    if (u->state != UNIX_LISTENING && unix_is_writable(u->wmem, u->options.sndbuf) &&
        !peer_is_full(u))
        ready |= POLLOUT | POLLWRNORM | POLLWRBAND;
    return ready;
}

/* ---- files ---- */

static int unix_set_flags(struct file *f, u32 flags)
{
    unix_of(f->priv)->async = flags & O_ASYNC;
    return 0;
}

static void unix_release(struct file *f)
{
    struct unix_sock *u = unix_of(f->priv);

    unix_close(u, UNIX_CLOSED);
    unix_put(u);
    unix_gc();
}

static const struct file_ops unix_stream_file_ops = {
    .stream = true,
    .ready = unix_ready,
    .set_flags = unix_set_flags,
    .release = unix_release,
    SOCKET_FILE_OPS,
};

static const struct file_ops unix_packet_file_ops = {
    .no_sigpipe = true,
    .ready = unix_ready,
    .set_flags = unix_set_flags,
    .release = unix_release,
    SOCKET_FILE_OPS,
};

int unix_file_new(struct unix_sock *u, u32 flags, struct file **ret)
{
    const struct file_ops *ops = unix_is_stream(u) ? &unix_stream_file_ops : &unix_packet_file_ops;
    int err = file_new(ops, &u->s, O_RDWR | flags, ret);

    if (err)
        return err;
    (*ret)->wait = &u->wait;
    WITH_SPINLOCK(&u->lock);
    u->file = *ret;
    return 0;
}

/* SOCK_RAW is SOCK_DGRAM, as on Linux. */
static int kind_find(int type, int protocol, const struct socket_ops **ret_ops, u16 *ret_type)
{
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    switch (type) {
    case SOCK_STREAM:
        *ret_ops = &unix_stream_ops;
        break;
    case SOCK_SEQPACKET:
        *ret_ops = &unix_seqpacket_ops;
        break;
    case SOCK_DGRAM:
    case SOCK_RAW:
        type = SOCK_DGRAM;
        *ret_ops = &unix_dgram_ops;
        break;
    default:
        return -ESOCKTNOSUPPORT;
    }
    *ret_type = (u16)type;
    return 0;
}

/* One with its file; the file owns it, *ret_sock is not counted. */
static int open_one(int type, int protocol, u32 flags, struct file **ret,
                    struct unix_sock **ret_sock)
{
    const struct socket_ops *ops;
    struct unix_sock *u;
    u16 kind;
    int err = kind_find(type, protocol, &ops, &kind);

    if (err)
        return err;
    u = unix_new(ops, kind, (u32)protocol);
    if (!u)
        return -ENOMEM;
    err = unix_file_new(u, flags, ret);
    if (err) {
        unix_put(u);
        return err;
    }
    *ret_sock = u;
    return 0;
}

int unix_open(int type, int protocol, u32 flags, struct file **ret)
{
    struct unix_sock *u;

    return open_one(type, protocol, flags, ret, &u);
}

int unix_open_pair(int type, int protocol, u32 flags, struct file *ret[2])
{
    AUTO(file_putp) struct file *a = NULL;
    struct file *b;
    struct unix_sock *ua, *ub;
    int err = open_one(type, protocol, flags, &a, &ua);

    if (!err)
        err = open_one(type, protocol, flags, &b, &ub);
    if (err)
        return err;
    unix_pair(ua, ub);
    ret[0] = TAKE(a);
    ret[1] = b;
    return 0;
}
