/* SPDX-License-Identifier: MIT */
/*
 * Sockets of every family: making them, waiting for them, and their file operations.
 *
 * Locks: none; the families have their own.
 */
#include "kernel/net/socket.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/user.h"
#include "kernel/net/interface.h"
#include "kernel/net/rights.h"
#include "kernel/vfs/path.h"

/* ---- families ---- */

static const struct family {
    int number;
    int (*open)(int type, int protocol, u32 flags, struct file **ret);
    int (*open_pair)(int type, int protocol, u32 flags, struct file *ret[2]);
} families[] = {
    { AF_UNIX, unix_open, unix_open_pair },
    { AF_INET, inet_open, NULL },
    { AF_INET6, inet6_open, NULL },
    { AF_NETLINK, netlink_open, NULL },
};

static const struct family *family_find(int number)
{
    for (u32 i = 0; i < ARRAY_SIZE(families); i++)
        if (families[i].number == number)
            return &families[i];
    return NULL;
}

int socket_new(int family, int type, int protocol, u32 flags, struct file **ret)
{
    const struct family *f = family_find(family);

    return f ? f->open(type, protocol, flags, ret) : -EAFNOSUPPORT;
}

int socket_new_pair(int family, int type, int protocol, u32 flags, struct file *ret[2])
{
    const struct family *f = family_find(family);

    if (!f)
        return -EAFNOSUPPORT;
    return f->open_pair ? f->open_pair(type, protocol, flags, ret) : -EOPNOTSUPP;
}

void socket_init(struct socket *s, const struct socket_ops *ops, u16 family, u16 type, u32 protocol)
{
    *s = (struct socket){
        .ops = ops,
        .family = family,
        .type = type,
        .protocol = protocol,
        .ino = file_anon_ino(),
        .recv_low = 1,
    };
}

/* ---- waiting ---- */

/* Flags of recv(2) that ask for what is there now (where they mean something). */
enum { NEVER_WAIT = MSG_OOB | MSG_ERRQUEUE };

struct accept_args {
    u32 flags;
    struct address *peer;
    struct file **ret;
};

static s64 accept_op(struct file *f, void *arg)
{
    struct socket *s = f->priv;
    struct accept_args *a = arg;

    return s->ops->accept(s, a->flags, a->peer, a->ret);
}

int socket_accept(struct file *f, u32 flags, struct address *peer, struct file **ret)
{
    struct socket *s = f->priv;
    struct accept_args args = { flags, peer, ret };

    if (!s->ops->accept)
        return -EOPNOTSUPP;
    return (int)file_loop_timed(f, POLLIN, file_is_nonblocking(f), s->recv_timeout_ns, accept_op,
                                &args);
}

struct connect_args {
    const struct address *address;
    bool wait;
};

static s64 connect_op(struct file *f, void *arg)
{
    struct socket *s = f->priv;
    struct connect_args *a = arg;

    return s->ops->connect(s, a->address, a->wait);
}

int socket_connect(struct file *f, const struct address *a)
{
    struct socket *s = f->priv;
    struct connect_args args = { a, !file_is_nonblocking(f) };
    int err = (int)file_loop_timed(f, POLLOUT, !args.wait, s->send_timeout_ns, connect_op, &args);

    /* Out of time, the connection goes on being made (socket(7), SO_SNDTIMEO); AF_UNIX has none
     * yet. */
    return err == -EAGAIN && s->family != AF_UNIX ? -EINPROGRESS : err;
}

static s64 send_op(struct file *f, void *arg)
{
    struct socket *s = f->priv;

    return s->ops->send(s, arg);
}

ssize_t socket_send(struct file *f, struct message *m)
{
    struct socket *s = f->priv;
    bool nonblock = (m->flags & MSG_DONTWAIT) || file_is_nonblocking(f);
    ssize_t done = 0, n;

    if (nonblock)
        m->flags |= MSG_DONTWAIT;
    do {
        n = file_loop_timed(f, POLLOUT, nonblock, s->send_timeout_ns, send_op, m);
        if (n < 0)
            break;
        done += n;
    } while (f->ops->stream && iov_left(m->data) && !nonblock);

    rights_free(m->rights);
    if (done || n != -EPIPE)
        return done ? done : n;
    if (!f->ops->no_sigpipe && !(m->flags & MSG_NOSIGNAL) && file_signal_ops.send_self)
        file_signal_ops.send_self(SIGPIPE);
    return -EPIPE;
}

static s64 recv_op(struct file *f, void *arg)
{
    struct socket *s = f->priv;

    return s->ops->recv(s, arg);
}

static bool recv_goes_on(const struct message *m)
{
    return (m->flags & (MSG_PEEK | MSG_WAITALL | MSG_DONTWAIT)) == MSG_WAITALL && !m->complete &&
           iov_left(m->data);
}

ssize_t socket_recv(struct file *f, struct message *m)
{
    struct socket *s = f->priv;
    ssize_t done = 0, n;

    if (file_is_nonblocking(f) || (m->flags & NEVER_WAIT && s->family != AF_UNIX))
        m->flags |= MSG_DONTWAIT;
    m->low = 1;
    if (unlikely(s->recv_low > 1) && f->ops->stream && !(m->flags & (MSG_PEEK | MSG_DONTWAIT)))
        m->low = min_size(s->recv_low, iov_left(m->data));
    do {
        n = file_loop_timed(f, POLLIN, m->flags & MSG_DONTWAIT, s->recv_timeout_ns, recv_op, m);
        if (n <= 0)
            break;
        done += n;
    } while (f->ops->stream && recv_goes_on(m));

    if (unlikely(n < 0 && !done && m->low > 1)) {
        m->low = 1;                              /* less than hoped for, but there may be some */
        done = s->ops->recv(s, m);
        if (done < 0)
            done = 0;
    }
    return done ? done : n;
}

/* ---- file operations ---- */

ssize_t socket_file_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct socket *s = f->priv;
    struct message m = { .data = dst, .low = 1 };

    (void)pos;
    if (!iov_left(dst))
        return 0;                                /* even of a datagram: as Linux, unlike recv */
    if (file_is_nonblocking(f))
        m.flags = MSG_DONTWAIT;
    else if (unlikely(s->recv_low > 1) && f->ops->stream)
        m.low = min_size(s->recv_low, iov_left(dst));
    return s->ops->recv(s, &m);
}

ssize_t socket_file_write(struct file *f, struct iov *src, u64 *pos)
{
    struct socket *s = f->priv;
    struct message m = { .data = src, .flags = file_is_nonblocking(f) ? MSG_DONTWAIT : 0 };

    (void)pos;
    return s->ops->send(s, &m);
}

u64 socket_file_timeout(struct file *f, u32 events)
{
    struct socket *s = f->priv;

    return events & POLLOUT ? s->send_timeout_ns : s->recv_timeout_ns;
}

int socket_file_getattr(struct file *f, struct stat *ret)
{
    struct socket *s = f->priv;

    stat_anonymous(s->ino, S_IFSOCK | 0777, ret);
    return 0;
}

/* Whom SIGIO goes to, in the way sockets ask: a process, or a group if negative. */
static long owner_ioctl(struct file *f, u32 cmd, uptr arg)
{
    s32 owner;

    if (cmd == FIOGETOWN || cmd == SIOCGPGRP) {
        owner = f->owner_pid;
        return copy_out_struct(arg, &owner);
    }
    if (copy_in_struct(&owner, arg))
        return -EFAULT;
    f->owner_pid = owner;
    return 0;
}

long socket_file_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct socket *s = f->priv;

    switch (cmd) {
    case FIOGETOWN:
    case FIOSETOWN:
    case SIOCGPGRP:
    case SIOCSPGRP:
        return owner_ioctl(f, cmd, UPTR(arg));
    default:
        break;
    }
    if (interface_ioctl_knows(cmd))
        return interface_ioctl(cmd, UPTR(arg));
    return s->ops->ioctl(s, cmd, UPTR(arg));
}
