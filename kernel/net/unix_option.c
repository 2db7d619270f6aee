/* SPDX-License-Identifier: MIT */
/* Options and ioctls of AF_UNIX sockets (unix(7), socket(7)). */
#include "abi/linux/errno.h"
#include "abi/linux/ioctl.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"

/* ---- setsockopt ---- */

static int set_recv_low(struct unix_sock *u, const struct option *o)
{
    if (o->len < sizeof(int))
        return -EINVAL;
    u->s.recv_low = o->number < 0 ? INT32_MAX : o->number ? (u32)o->number : 1;
    return 0;
}

static int set_peek_off(struct unix_sock *u, const struct option *o)
{
    if (o->len < sizeof(int))
        return -EINVAL;
    WITH_MUTEX(&u->reading);
    u->options.peek_off = o->number;
    return 0;
}

int unix_set_option(struct socket *s, const struct option *o)
{
    struct unix_sock *u = unix_of(s);
    int err;

    if (o->level != SOL_SOCKET)
        return -EOPNOTSUPP;
    if (o->name == SO_RCVLOWAT)
        return set_recv_low(u, o);
    if (o->name == SO_PEEK_OFF)
        return set_peek_off(u, o);
    err = local_option_set(&u->options, o);
    if (!err && (o->name == SO_SNDBUF || o->name == SO_SNDBUFFORCE))
        unix_wake(u, EVENTS_OUT);                /* it may be writable by the new size      */
    return err;
}

/* ---- getsockopt ---- */

static int give(struct option *o, const void *value, size_t len)
{
    memcpy(o->bytes, value, len);
    o->len = (u32)len;
    return 0;
}

static int give_number(struct option *o, int value)
{
    return give(o, &value, sizeof(value));
}

static struct cred *peer_cred_get(struct unix_sock *u, s32 *ret_pid)
{
    WITH_SPINLOCK(&u->lock);
    *ret_pid = u->peer_pid;
    return u->peer_cred ? cred_get(u->peer_cred) : NULL;
}

static int give_peer_cred(struct unix_sock *u, struct option *o)
{
    struct ucred shown = { .uid = UINT32_MAX, .gid = UINT32_MAX };
    s32 pid;
    AUTO(cred_putp) struct cred *c = peer_cred_get(u, &pid);

    if (c)
        shown = (struct ucred){ .pid = pid, .uid = c->euid, .gid = c->egid };
    return give(o, &shown, sizeof(shown));
}

/* -ERANGE, with the length that would do, where there are more than fit. */
static int give_peer_groups(struct unix_sock *u, struct option *o)
{
    s32 pid;
    AUTO(cred_putp) struct cred *c = peer_cred_get(u, &pid);
    u32 room = o->len;

    if (!c)
        return -ENODATA;
    o->len = c->ngroups * (u32)sizeof(c->groups[0]);
    if (o->len > room)
        return -ERANGE;
    return give(o, c->groups, o->len);
}

static int give_peer_name(struct unix_sock *u, struct option *o)
{
    struct address a;
    int err = unix_name_get(&u->s, SOCKET_PEER, &a);

    if (err)
        return err;
    return a.len < o->len ? -EINVAL : give(o, a.bytes, a.len); /* as odd as Linux           */
}

int unix_get_option(struct socket *s, struct option *o)
{
    struct unix_sock *u = unix_of(s);

    if (o->level != SOL_SOCKET)
        return -EOPNOTSUPP;
    switch (o->name) {
    case SO_ERROR:
        return give_number(o, -unix_take_error(u));
    case SO_ACCEPTCONN:
        return give_number(o, u->state == UNIX_LISTENING);
    case SO_PEEK_OFF:
        return give_number(o, u->options.peek_off);
    case SO_PEERCRED:
        return give_peer_cred(u, o);
    case SO_PEERGROUPS:
        return give_peer_groups(u, o);
    case SO_PEERNAME:
        return give_peer_name(u, o);
    case SO_COOKIE:
        return give(o, &u->s.ino, sizeof(u->s.ino));
    default:
        return local_option_get(&u->options, o);
    }
}

/* ---- ioctl ---- */

/* SIOCINQ: of a stream all that can be read, of messages the first. */
static long bytes_to_read(struct unix_sock *u)
{
    WITH_SPINLOCK(&u->lock);
    if (u->state == UNIX_LISTENING)
        return -EINVAL;
    if (u->s.type != SOCK_DGRAM)
        return u->unread;
    return u->first ? u->first->tail : 0;
}

long unix_ioctl(struct socket *s, u32 cmd, uptr arg)
{
    struct unix_sock *u = unix_of(s);
    long n;
    int value;

    switch (cmd) {
    case SIOCINQ:
        n = bytes_to_read(u);
        break;
    case SIOCOUTQ:
        n = u->wmem;
        break;
    case SIOCATMARK:
        return unix_is_stream(u) ? user_zero(arg, sizeof(int)) : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
    if (n < 0)
        return n;
    value = (int)n;
    return copy_out_struct(arg, &value);
}
