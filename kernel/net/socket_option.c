/* SPDX-License-Identifier: MIT */
/*
 * Options that mean the same for every family: what a socket is, and how long its calls may wait.
 * The others are the family's.
 */
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/lib/string.h"
#include "kernel/net/socket.h"

enum { USEC_PER_SEC = 1000000 };

/* SO_RCVTIMEO: zero waits for ever, a negative time does not wait.  -EDOM: no such microsecond. */
static int timeout_of(const struct option *o, u64 *ret)
{
    struct __kernel_old_timeval t;

    if (o->len < sizeof(t))
        return -EINVAL;
    memcpy(&t, o->bytes, sizeof(t));
    if (t.tv_usec < 0 || t.tv_usec >= USEC_PER_SEC)
        return -EDOM;
    if (t.tv_sec < 0)
        *ret = 1;
    else if (t.tv_sec >= INT64_MAX / NSEC_PER_SEC)
        *ret = 0;
    else
        *ret = (u64)t.tv_sec * NSEC_PER_SEC + (u64)t.tv_usec * NSEC_PER_USEC;
    return 0;
}

static void timeout_show(u64 timeout_ns, struct option *o)
{
    struct __kernel_old_timeval t = {
        .tv_sec = (long)(timeout_ns / NSEC_PER_SEC),
        .tv_usec = (long)(timeout_ns % NSEC_PER_SEC / NSEC_PER_USEC),
    };

    memcpy(o->bytes, &t, sizeof(t));
    o->len = sizeof(t);
}

int socket_set_option(struct socket *s, const struct option *o)
{
    if (o->level == SOL_SOCKET) {
        switch (o->name) {
        case SO_RCVTIMEO_OLD:
        case SO_RCVTIMEO_NEW:
            return timeout_of(o, &s->recv_timeout_ns);
        case SO_SNDTIMEO_OLD:
        case SO_SNDTIMEO_NEW:
            return timeout_of(o, &s->send_timeout_ns);
        case SO_TYPE:
        case SO_DOMAIN:
        case SO_PROTOCOL:
        case SO_ERROR:
        case SO_ACCEPTCONN:
            return -ENOPROTOOPT;                 /* to be read only                         */
        default:
            break;
        }
    }
    return s->ops->set_option(s, o);
}

static int give_number(struct option *o, int value)
{
    o->number = value;
    o->len = sizeof(value);
    return 0;
}

int socket_get_option(struct socket *s, struct option *o)
{
    if (o->level == SOL_SOCKET) {
        switch (o->name) {
        case SO_TYPE:
            return give_number(o, s->type);
        case SO_DOMAIN:
            return give_number(o, s->family);
        case SO_PROTOCOL:
            return give_number(o, (int)s->protocol);
        case SO_RCVLOWAT:
            return give_number(o, (int)s->recv_low);
        case SO_RCVTIMEO_OLD:
        case SO_RCVTIMEO_NEW:
            timeout_show(s->recv_timeout_ns, o);
            return 0;
        case SO_SNDTIMEO_OLD:
        case SO_SNDTIMEO_NEW:
            timeout_show(s->send_timeout_ns, o);
            return 0;
        default:
            break;
        }
    }
    return s->ops->get_option(s, o);
}
