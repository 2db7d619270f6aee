/* SPDX-License-Identifier: MIT */
/*
 * SOL_SOCKET options of sockets that live in the kernel (AF_UNIX, AF_NETLINK).
 *
 * Many have a meaning only for a network; Linux keeps their values for every family, and so does
 * this.
 */
#pragma once
#include "kernel/lib/types.h"
#include "kernel/net/socket.h"

enum {
    BUFFER_DEFAULT = 212992,                     /* net.core.wmem_default and wmem_max      */
    SNDBUF_MIN = 4608,                           /* socket(7): the doubled minimum          */
    RCVBUF_MIN = 2304,
};

struct local_options {
    u32 sndbuf, rcvbuf;                          /* [atomic]                                */
    u64 on[2];                                   /* [atomic] a bit for each SO_x            */
    struct linger linger;
    int priority, mark;
    int peek_off;                                /* SO_PEEK_OFF, -1: off                    */
};

void local_options_init(struct local_options *l);

/* -ENOPROTOOPT: not one of these. */
int local_option_set(struct local_options *l, const struct option *o) MUST_CHECK;
int local_option_get(const struct local_options *l, struct option *o) MUST_CHECK;

static inline bool local_option_is_on(const struct local_options *l, int name)
{
    return l->on[name / 64] >> (name % 64) & 1;
}
