/* SPDX-License-Identifier: MIT */
/* AF_INET and AF_INET6 sockets: how they begin, connect and end.  The model is in inet_int.h. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/net/inet_int.h"
#include "kernel/vfs/path.h"

static const struct socket_ops inet_ops;
static const struct file_ops inet_stream_file_ops, inet_packet_file_ops;

/* ---- connections ---- */

static int inet_bind(struct socket *s, const struct address *a)
{
    struct inet_sock *i = inet_of(s);
    struct hostcall c = {
        .op = HOSTOP_bind,
        .fd = i->fd,
        .buf[0] = { (void *)a->bytes, inet_address_len(i, a) },
    };
    int err = inet_port_check(a);

    return err ? err : (int)host_call(&c);
}

static int inet_listen(struct socket *s, u32 backlog)
{
    struct hostcall c = { .op = HOSTOP_listen, .fd = inet_of(s)->fd, .arg = { backlog } };

    return (int)host_call(&c);
}

/*
 * The host says EINPROGRESS, then EALREADY while it connects, and at last, asked once more, how it
 * went.
 */
static int inet_connect(struct socket *s, const struct address *a, bool wait)
{
    struct inet_sock *i = inet_of(s);
    struct hostcall c = {
        .op = HOSTOP_connect,
        .fd = i->fd,
        .buf[0] = { (void *)a->bytes, inet_address_len(i, a) },
    };
    int err = (int)host_call(&c);

    return wait && (err == -EINPROGRESS || err == -EALREADY) ? -EAGAIN : err;
}

static int inet_shutdown(struct socket *s, int how)
{
    struct hostcall c = { .op = HOSTOP_shutdown, .fd = inet_of(s)->fd, .arg = { (u64)how } };

    return (int)host_call(&c);
}

static int inet_name(struct socket *s, enum socket_end end, struct address *ret)
{
    struct inet_sock *i = inet_of(s);
    struct hostcall c = {
        .op = end == SOCKET_OWN ? HOSTOP_getsockname : HOSTOP_getpeername,
        .fd = i->fd,
        .buf[0] = { ret->bytes, sizeof(ret->in6) },
    };
    int err = (int)host_call(&c);

    return err ? err : inet_address_check(i, ret, c.out[0]);
}

/* ---- life ---- */

static struct inet_sock *inet_new(u16 family, u16 type, u32 protocol)
{
    struct inet_sock *i = kzalloc(sizeof(*i));

    if (!i)
        return NULL;
    socket_init(&i->s, &inet_ops, family, type, protocol);
    i->fd = HFD_NONE;
    return i;
}

static void inet_freep(struct inet_sock **p)
{
    struct inet_sock *i = *p;

    if (i && i->fd.id >= 0)
        host_close(i->fd);
    kfree(i);
}

/* Consumes i on success. */
static int inet_file_new(struct inet_sock *i, u32 flags, struct file **ret)
{
    return file_new(inet_is_stream(i) ? &inet_stream_file_ops : &inet_packet_file_ops, &i->s,
                    O_RDWR | flags, ret);
}

/* The room for the new socket is found before the host is asked for it: what it gives is kept. */
static int inet_accept(struct socket *s, u32 flags, struct address *peer, struct file **ret)
{
    AUTO(inet_freep) struct inet_sock *i = inet_new(s->family, s->type, s->protocol);
    struct hostcall c = { .op = HOSTOP_accept, .fd = inet_of(s)->fd };
    int err;

    if (!i)
        return -ENOMEM;
    if (peer) {
        c.buf[1].ptr = peer->bytes;
        c.buf[1].len = sizeof(peer->in6);
    }
    i->s.recv_timeout_ns = s->recv_timeout_ns;
    i->s.send_timeout_ns = s->send_timeout_ns;
    i->s.recv_low = s->recv_low;
    err = host_call_fd(&c, &i->fd);
    if (!err && peer)
        err = inet_address_check(i, peer, c.out[0]);
    if (!err)
        err = inet_file_new(i, flags, ret);
    if (!err)
        (void)TAKE(i);
    return err;
}

/* As SO_PROTOCOL shows it. */
static u32 protocol_of(int type, int protocol)
{
    if (protocol)
        return (u32)protocol;
    return type == SOCK_STREAM ? IPPROTO_TCP : type == SOCK_DGRAM ? IPPROTO_UDP : 0;
}

static int open_family(int family, int type, int protocol, u32 flags, struct file **ret)
{
    AUTO(inet_freep) struct inet_sock *i = NULL;
    struct hostcall c = { .op = HOSTOP_socket, .arg = { (u64)family, (u64)type, (u64)protocol } };
    int err;

    if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_RAW)
        return -ESOCKTNOSUPPORT;
    if (type == SOCK_RAW && !cred_has_cap(vfs_cred(), CAP_NET_RAW))
        return -EPERM;
    i = inet_new((u16)family, (u16)type, protocol_of(type, protocol));
    if (!i)
        return -ENOMEM;
    err = host_call_fd(&c, &i->fd);
    if (!err)
        err = inet_file_new(i, flags, ret);
    if (!err)
        (void)TAKE(i);
    return err;
}

int inet_open(int type, int protocol, u32 flags, struct file **ret)
{
    return open_family(AF_INET, type, protocol, flags, ret);
}

int inet6_open(int type, int protocol, u32 flags, struct file **ret)
{
    return open_family(AF_INET6, type, protocol, flags, ret);
}

static void inet_release(struct file *f)
{
    struct inet_sock *i = inet_of(f->priv);

    inet_freep(&i);
}

/* ---- readiness and the rest ---- */

u32 inet_poll(struct inet_sock *i, u32 events)
{
    struct host_poll p = { .fd = i->fd, .events = events };

    return host_poll(thread_self()->slot, &p, 1, 0) > 0 ? p.ready : 0;
}

static u32 inet_ready(struct file *f)
{
    return inet_poll(inet_of(f->priv),
                     POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDHUP);
}

static hfd inet_host(struct file *f)
{
    return inet_of(f->priv)->fd;
}

static long inet_ioctl(struct socket *s, u32 cmd, uptr arg)
{
    int value = 0, n;

    switch (cmd) {
    case SIOCINQ:
    case SIOCOUTQ:
    case SIOCOUTQNSD:
    case SIOCATMARK:
        n = host_ioctl(inet_of(s)->fd, cmd, &value, 0, sizeof(value));
        return n < 0 ? n : copy_out_struct(arg, &value);
    default:
        return -ENOTTY;
    }
}

static const struct socket_ops inet_ops = {
    .bind = inet_bind,
    .listen = inet_listen,
    .accept = inet_accept,
    .connect = inet_connect,
    .name = inet_name,
    .send = inet_send,
    .recv = inet_recv,
    .shutdown = inet_shutdown,
    .set_option = inet_set_option,
    .get_option = inet_get_option,
    .ioctl = inet_ioctl,
};

static const struct file_ops inet_stream_file_ops = {
    .stream = true,
    .ready = inet_ready,
    .host = inet_host,
    .release = inet_release,
    SOCKET_FILE_OPS,
};

static const struct file_ops inet_packet_file_ops = {
    .no_sigpipe = true,
    .ready = inet_ready,
    .host = inet_host,
    .release = inet_release,
    SOCKET_FILE_OPS,
};
