/* SPDX-License-Identifier: MIT */
/*
 * AF_INET and AF_INET6: sockets of the host's (ip(7), ipv6(7), tcp(7), udp(7)).
 *
 * A socket is a host descriptor and what its calls need to know before they ask the host.  The host
 * waits for nothing; poll, epoll and vfs/wait.c wait on the descriptor.  Everything the host says
 * is checked here once: lengths by what there was room for, addresses by family and length, control
 * messages one by one.  One call of a program is one call to the host where it can be.
 *
 * Data goes through a buffer of the kernel: on the stack up to SMALL bytes, else one of BOUNCE_SIZE
 * from a pool.
 *
 * Locks: none of ours but the pool's.
 */
#pragma once
#include "kernel/net/socket.h"

enum {
    SMALL = 512,                                 /* fits a stack frame                      */
    BOUNCE_SIZE = 64 * 1024,                     /* more than any datagram                  */
    CONTROL_IN_MAX = 1024,                       /* control messages of one datagram        */
};

struct inet_sock {
    struct socket s;
    hfd fd;                                      /* [const] once the socket has a file      */
    struct {                                     /* hints: inet_data.c                      */
        u8 misses;                               /* how long the next run of waits is       */
        u8 waits;                                /* left of the run                         */
        bool waited;                             /* this is the look after a wait           */
    } ahead;
};

static inline struct inet_sock *inet_of(struct socket *s)
{
    return container_of(s, struct inet_sock, s);
}

static inline bool inet_is_stream(const struct inet_sock *i)
{
    return i->s.type == SOCK_STREAM;
}

/* Is one of events true now?  A call to the host. */
u32 inet_poll(struct inet_sock *i, u32 events);

/* ---- addresses (inet_address.c) ---- */

/* How many bytes of a are for the host. */
size_t inet_address_len(const struct inet_sock *i, const struct address *a);
/* What the host wrote, len bytes of it.  -EIO: it is not an address of i's family. */
int inet_address_check(const struct inet_sock *i, struct address *a, u64 len) MUST_CHECK;
/* -EACCES: a port that the caller may not bind. */
int inet_port_check(const struct address *a) MUST_CHECK;

/* ---- control messages (inet_control.c) ---- */

/* Keep those that the host may see, in place.  -EINVAL. */
int inet_control_filter(struct message *m) MUST_CHECK;
/* What the host sent, len bytes at buf: the good ones to the program. */
void inet_control_put(struct message *m, u8 *buf, size_t len);

/* ---- options (inet_option.c) ---- */

int inet_set_option(struct socket *s, const struct option *o);
int inet_get_option(struct socket *s, struct option *o);

/* ---- data (inet_data.c) ---- */

ssize_t inet_send(struct socket *s, struct message *m);
ssize_t inet_recv(struct socket *s, struct message *m);

/* ---- buffers (bounce.c) ---- */

void *bounce_take(void);                         /* BOUNCE_SIZE bytes; NULL: no memory      */
void bounce_give(void *p);                       /* NULL is fine                            */
void bounce_drain(void);                         /* for tests: keep none                    */
