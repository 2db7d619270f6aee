/* SPDX-License-Identifier: MIT */
/*
 * Control messages between programs and the host's sockets.
 *
 * Only those in the tables below pass, each with a length in its range; none has a pointer or a
 * descriptor in it.
 */
#include "abi/linux/errno.h"
#include "kernel/lib/string.h"
#include "kernel/net/inet_int.h"

struct known {
    int level, type;
    u16 least, most;                             /* bytes of data                           */
};

enum {
    EXTENDED_ERR = 16,                           /* sizeof(struct sock_extended_err)        */
    HEADERS_MAX = 512,                           /* IPv6 extension headers                  */
    IP_OPTIONS_MAX = 40,
};

/* To the host. */
static const struct known outgoing[] = {
    { SOL_SOCKET, SO_TIMESTAMPING_OLD, 4, 4 },
    { SOL_SOCKET, SO_TIMESTAMPING_NEW, 4, 4 },
    { SOL_SOCKET, SO_TXTIME, 8, 8 },
    { IPPROTO_IP, IP_PKTINFO, 12, 12 },
    { IPPROTO_IP, IP_TTL, 4, 4 },
    { IPPROTO_IP, IP_TOS, 1, 4 },
    { IPPROTO_IP, IP_RETOPTS, 0, IP_OPTIONS_MAX },
    { IPPROTO_IPV6, IPV6_PKTINFO, 20, 20 },
    { IPPROTO_IPV6, IPV6_2292PKTINFO, 20, 20 },
    { IPPROTO_IPV6, IPV6_FLOWINFO, 4, 4 },
    { IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 4 },
    { IPPROTO_IPV6, IPV6_2292HOPLIMIT, 4, 4 },
    { IPPROTO_IPV6, IPV6_TCLASS, 4, 4 },
    { IPPROTO_IPV6, IPV6_DONTFRAG, 4, 4 },
    { IPPROTO_UDP, UDP_SEGMENT, 2, 2 },
};

/* From the host. */
static const struct known incoming[] = {
    { SOL_SOCKET, SO_TIMESTAMP_OLD, 16, 16 },
    { SOL_SOCKET, SO_TIMESTAMP_NEW, 16, 16 },
    { SOL_SOCKET, SO_TIMESTAMPNS_OLD, 16, 16 },
    { SOL_SOCKET, SO_TIMESTAMPNS_NEW, 16, 16 },
    { SOL_SOCKET, SO_TIMESTAMPING_OLD, 48, 48 },
    { SOL_SOCKET, SO_TIMESTAMPING_NEW, 48, 48 },
    { SOL_SOCKET, SO_RXQ_OVFL, 4, 4 },
    { SOL_SOCKET, SO_MARK, 4, 4 },
    { SOL_SOCKET, SO_PRIORITY, 4, 4 },
    { IPPROTO_IP, IP_PKTINFO, 12, 12 },
    { IPPROTO_IP, IP_TTL, 4, 4 },
    { IPPROTO_IP, IP_TOS, 1, 1 },
    { IPPROTO_IP, IP_RECVOPTS, 0, IP_OPTIONS_MAX },
    { IPPROTO_IP, IP_RETOPTS, 0, IP_OPTIONS_MAX },
    { IPPROTO_IP, IP_ORIGDSTADDR, 16, 16 },
    { IPPROTO_IP, IP_CHECKSUM, 4, 4 },
    { IPPROTO_IP, IP_RECVFRAGSIZE, 4, 4 },
    { IPPROTO_IP, IP_RECVERR, EXTENDED_ERR + 16, EXTENDED_ERR + 16 },
    { IPPROTO_IPV6, IPV6_PKTINFO, 20, 20 },
    { IPPROTO_IPV6, IPV6_2292PKTINFO, 20, 20 },
    { IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 4 },
    { IPPROTO_IPV6, IPV6_2292HOPLIMIT, 4, 4 },
    { IPPROTO_IPV6, IPV6_TCLASS, 4, 4 },
    { IPPROTO_IPV6, IPV6_FLOWINFO, 4, 4 },
    { IPPROTO_IPV6, IPV6_HOPOPTS, 8, HEADERS_MAX },
    { IPPROTO_IPV6, IPV6_DSTOPTS, 8, HEADERS_MAX },
    { IPPROTO_IPV6, IPV6_RTHDR, 8, HEADERS_MAX },
    { IPPROTO_IPV6, IPV6_PATHMTU, 32, 32 },
    { IPPROTO_IPV6, IPV6_ORIGDSTADDR, 28, 28 },
    { IPPROTO_IPV6, IPV6_RECVFRAGSIZE, 4, 4 },
    { IPPROTO_IPV6, IPV6_RECVERR, EXTENDED_ERR + 28, EXTENDED_ERR + 28 },
    { IPPROTO_TCP, TCP_CM_INQ, 4, 4 },
    { IPPROTO_UDP, UDP_GRO, 2, 4 },
};

static bool is_known(const struct known *table, u32 count, const struct control_item *item)
{
    for (u32 i = 0; i < count; i++)
        if (table[i].level == item->level && table[i].type == item->type)
            return item->len >= table[i].least && item->len <= table[i].most;
    return false;
}

/* SCM_RIGHTS and SCM_CREDENTIALS mean nothing here and are passed over, as on Linux; the host must
 * not see the numbers. */
static bool is_for_unix(const struct control_item *item)
{
    return item->level == SOL_SOCKET && (item->type == SCM_RIGHTS || item->type == SCM_CREDENTIALS);
}

int inet_control_filter(struct message *m)
{
    struct control_item item;
    size_t from = 0, at = 0, to = 0;
    int more;

    while ((more = control_next(m, &from, &item)) > 0) {
        size_t len = min_size(from, m->control_len) - at;

        if (!is_for_unix(&item)) {
            if (!is_known(outgoing, ARRAY_SIZE(outgoing), &item))
                return -EINVAL;
            memmove(m->control + to, m->control + at, len);
            to += len;
        }
        at = from;
    }
    if (more < 0)
        return more;
    m->control_len = to;
    return 0;
}

void inet_control_put(struct message *m, u8 *buf, size_t len)
{
    struct message said = { .control = buf, .control_len = len };
    struct control_item item;
    size_t pos = 0;

    while (control_next(&said, &pos, &item) > 0)
        if (is_known(incoming, ARRAY_SIZE(incoming), &item))
            control_put(m, item.level, item.type, item.data, item.len);
}
