/* SPDX-License-Identifier: MIT */
/*
 * Data of the host's sockets.
 *
 * A stream is moved a buffer at a time, until the host takes or has less: a caller that gets fewer
 * bytes than it asked for may then rely on an edge of epoll(7) when there is more.
 */
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/host/host.h"
#include "kernel/net/inet_int.h"

enum {
    /* MSG_NOSIGNAL is always set: the signal is for the program. */
    SEND_FLAGS = MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_CONFIRM | MSG_MORE | MSG_FASTOPEN,
    RECV_FLAGS = MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE,
    RUN_MAX = 15,
    RET_FLAGS = MSG_OOB | MSG_TRUNC | MSG_CTRUNC | MSG_EOR | MSG_ERRQUEUE,
};

static void bounce_givep(void *p)
{
    bounce_give(*(void **)p);
}

/* ---- sending ---- */

/* A stream takes some of it, a message is taken whole. */
static ssize_t host_send(struct inet_sock *i, const struct message *m, void *buf, size_t len)
{
    struct hostcall c = {
        .op = HOSTOP_sendmsg,
        .fd = i->fd,
        .arg = { (m->flags & SEND_FLAGS) | MSG_NOSIGNAL },
        .buf[0] = { buf, len },
    };
    ssize_t n;

    if (m->address) {
        c.buf[1].ptr = m->address->bytes;
        c.buf[1].len = inet_address_len(i, m->address);
    }
    if (m->control_len) {
        c.buf[2].ptr = m->control;
        c.buf[2].len = m->control_len;
    }
    n = host_call(&c);
    if (n < 0 || (size_t)n == len)
        return n;
    return inet_is_stream(i) && n ? n : -EIO;
}

/* One buffer full, or what is left.  What the host does not take stays in m->data. */
static ssize_t send_buffer(struct inet_sock *i, struct message *m, void *buf, size_t size)
{
    struct iov before = *m->data;
    size_t len = min_size(iov_left(m->data), size);
    ssize_t got = iov_get(m->data, buf, len);
    ssize_t n;

    if (got < 0 || (!inet_is_stream(i) && (size_t)got < len)) {
        *m->data = before;
        return -EFAULT;
    }
    n = host_send(i, m, buf, (size_t)got);
    if (unlikely(n != got)) {
        *m->data = before;
        if (n > 0)
            iov_skip(m->data, (size_t)n);
    }
    return n;
}

static ssize_t send_small(struct inet_sock *i, struct message *m)
{
    u8 buf[SMALL];

    return send_buffer(i, m, buf, sizeof(buf));
}

static ssize_t send_big(struct inet_sock *i, struct message *m)
{
    AUTO(bounce_givep) void *buf = bounce_take();
    ssize_t done = 0;

    if (!buf)
        return -ENOBUFS;
    do {
        size_t len = min_size(iov_left(m->data), BOUNCE_SIZE);
        ssize_t n = send_buffer(i, m, buf, BOUNCE_SIZE);

        if (n < 0)
            return done ? done : n;
        done += n;
        if ((size_t)n < len)
            break;
    } while (iov_left(m->data));
    return done;
}

/* From the kernel's own memory (sendfile(2)) nothing has to be copied first. */
static ssize_t send_in_place(struct inet_sock *i, struct message *m)
{
    const struct iov *v = m->data;
    ssize_t n = host_send(i, m, (void *)(v->seg->base + v->skip), v->left);

    if (n > 0)
        iov_skip(m->data, (size_t)n);
    return n;
}

static ssize_t send_once(struct inet_sock *i, struct message *m)
{
    if (m->data->kernel && m->data->nsegs == 1 && iov_left(m->data) <= BOUNCE_SIZE)
        return send_in_place(i, m);
    if (iov_left(m->data) <= SMALL)
        return send_small(i, m);
    if (!inet_is_stream(i) && iov_left(m->data) > BOUNCE_SIZE)
        return -EMSGSIZE;
    return send_big(i, m);
}

ssize_t inet_send(struct socket *s, struct message *m)
{
    struct inet_sock *i = inet_of(s);
    ssize_t n;
    int err;

    if (m->control_len && !m->parsed) {
        err = inet_control_filter(m);
        if (err)
            return err;
        m->parsed = true;
    }
    n = send_once(i, m);
    if (unlikely(n == -EINPROGRESS) && !(m->flags & MSG_DONTWAIT)) {
        /* MSG_FASTOPEN without a cookie has begun a connection as connect(2) would: wait for it,
         * then send. */
        m->flags &= ~(u32)MSG_FASTOPEN;
        m->address = NULL;
        return -EAGAIN;
    }
    return n;
}

/* ---- receiving ---- */

/* Nothing but bytes is wanted: the host's read(2) will do, which is its fastest way. */
static bool is_plain(const struct inet_sock *i, const struct message *m)
{
    if (m->flags & RECV_FLAGS || !iov_left(m->data))
        return false;
    return inet_is_stream(i) ? !m->control_room : !m->wants_flags && !m->address;
}

/* The number of bytes in buf, at most len, is *ret_here; the result may be larger (MSG_TRUNC). */
static ssize_t host_recv(struct inet_sock *i, struct message *m, void *buf, size_t len, u8 *control,
                         size_t *ret_here)
{
    struct hostcall c = {
        .op = HOSTOP_recvmsg,
        .fd = i->fd,
        .arg = { m->flags & RECV_FLAGS },
        .buf = { { buf, len }, { NULL, 0 }, { control, control ? CONTROL_IN_MAX : 0 } },
    };
    bool drop = inet_is_stream(i) && (m->flags & MSG_TRUNC); /* tcp(7): not copied          */
    ssize_t n;
    int err;

    if (m->address) {
        c.buf[1].ptr = m->address->bytes;
        c.buf[1].len = sizeof(m->address->in6);
    }
    n = host_call(&c);
    if (n < 0)
        return n;
    if ((size_t)n > len && !(m->flags & MSG_TRUNC))
        return -EIO;
    if (m->address) {
        err = inet_address_check(i, m->address, (u32)c.out[0]);
        if (err)
            return err;
    }
    m->ret_flags |= (u32)c.out[1] & RET_FLAGS;
    if (control)
        inet_control_put(m, control, min_size(c.out[0] >> 32, CONTROL_IN_MAX));
    *ret_here = drop ? 0 : min_size((size_t)n, len);
    return n;
}

static ssize_t recv_message(struct inet_sock *i, struct message *m, void *buf, size_t size)
{
    AUTO(kfreep) u8 *control = NULL;
    size_t len = min_size(iov_left(m->data), size);
    size_t here = 0;
    ssize_t n, put;

    if (m->control_room) {
        control = kalloc(CONTROL_IN_MAX);
        if (!control)
            return -ENOBUFS;
    }
    n = host_recv(i, m, buf, len, control, &here);
    if (n <= 0 || !here)
        return n;
    put = iov_put(m->data, buf, here);
    return put == (ssize_t)here ? n : -EFAULT;
}

/* One buffer full of a stream. */
static ssize_t recv_buffer(struct inet_sock *i, struct message *m, void *buf, size_t size)
{
    ssize_t n = host_read(i->fd, buf, min_size(iov_left(m->data), size));

    return n > 0 ? iov_put(m->data, buf, (size_t)n) : n;
}

static ssize_t recv_small(struct inet_sock *i, struct message *m)
{
    u8 buf[SMALL];

    if (is_plain(i, m))
        return recv_buffer(i, m, buf, sizeof(buf));
    return recv_message(i, m, buf, sizeof(buf));
}

static ssize_t recv_big(struct inet_sock *i, struct message *m)
{
    AUTO(bounce_givep) void *buf = bounce_take();
    ssize_t done = 0;

    if (!buf)
        return -ENOBUFS;
    if (!is_plain(i, m))
        return recv_message(i, m, buf, BOUNCE_SIZE);
    do {
        size_t len = min_size(iov_left(m->data), BOUNCE_SIZE);
        ssize_t n = recv_buffer(i, m, buf, BOUNCE_SIZE);

        if (n < 0)
            return done ? done : n;
        done += n;
        if ((size_t)n < len)
            break;
    } while (iov_left(m->data) && inet_is_stream(i));
    return done;
}

/*
 * A caller that waits costs three calls to the host where there is nothing yet: a look, the wait, and
 * another look.  A socket on which looks find nothing (a client that has just asked) is waited for
 * first: one turn after the first such look, then three, up to RUN_MAX, until a look finds something.
 */
static bool waits_ahead(struct inet_sock *i, const struct message *m)
{
    if (m->flags & MSG_DONTWAIT || i->ahead.waited || !i->ahead.waits)
        return false;
    i->ahead.waits--;
    i->ahead.waited = true;
    return true;
}

static void learn(struct inet_sock *i, const struct message *m, ssize_t n)
{
    if (i->ahead.waited) {
        i->ahead.waited = false;
        return;
    }
    if (likely(n != -EAGAIN)) {
        i->ahead.misses = 0;
    } else if (!(m->flags & MSG_DONTWAIT)) {
        i->ahead.misses = (u8)min_size(i->ahead.misses * 2u + 1, RUN_MAX);
        i->ahead.waits = i->ahead.misses;
        i->ahead.waited = true;                  /* before it comes again                   */
    }
}

ssize_t inet_recv(struct socket *s, struct message *m)
{
    struct inet_sock *i = inet_of(s);
    ssize_t n;

    /* Whether there is as much as the caller wants, the host knows: SO_RCVLOWAT is set there. */
    if (unlikely(m->low > 1) && !(m->flags & MSG_DONTWAIT) && !inet_poll(i, POLLIN | POLLRDHUP))
        return -EAGAIN;
    if (unlikely(waits_ahead(i, m)))
        return -EAGAIN;
    n = iov_left(m->data) <= SMALL ? recv_small(i, m) : recv_big(i, m);
    learn(i, m, n);
    return n;
}
