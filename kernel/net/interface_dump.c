/* SPDX-License-Identifier: MIT */
/* The host's network interfaces, asked for and checked: see interface.h. */
#include "abi/linux/errno.h"
#include "abi/linux/netdevice.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/net/inet_int.h"
#include "kernel/net/interface.h"

enum {
    DATAGRAMS_MAX = 1024,                        /* of one answer: a host must come to an end */
    LOOPBACK_MTU = 65536,
    LOOPBACK_INDEX = 1,
};

/* ---- messages that are put together ---- */

struct body {
    u32 len;
    u8 bytes[INTERFACE_MESSAGE_MAX];
};

static void body_start(struct body *b, const void *header, u32 len)
{
    memcpy(b->bytes, header, len);
    b->len = len;
}

/* What does not fit is left out. */
static void body_add(struct body *b, u16 type, const void *data, u32 len)
{
    struct rtattr a = { .rta_len = (u16)RTA_LENGTH(len), .rta_type = type };
    u32 space = RTA_SPACE(len);

    if (space > sizeof(b->bytes) - b->len)
        return;
    memset(b->bytes + b->len, 0, space);
    memcpy(b->bytes + b->len, &a, sizeof(a));
    memcpy(b->bytes + b->len + RTA_LENGTH(0), data, len);
    b->len += space;
}

static void body_add_u32(struct body *b, u16 type, u32 value)
{
    body_add(b, type, &value, sizeof(value));
}

/* ---- attributes ---- */

struct attributes {
    const u8 *at;
    u32 left;
};

/* The next attribute, its data not longer than what is left; false: the end, or nonsense. */
static bool attribute_next(struct attributes *from, u16 *ret_type, const u8 **ret_data,
                           u32 *ret_len)
{
    struct rtattr a;
    u32 step;

    if (from->left < sizeof(a))
        return false;
    memcpy(&a, from->at, sizeof(a));
    if (a.rta_len < sizeof(a) || a.rta_len > from->left)
        return false;
    *ret_type = a.rta_type;
    *ret_data = from->at + RTA_LENGTH(0);
    *ret_len = a.rta_len - RTA_LENGTH(0);
    step = (u32)min_u64(RTA_ALIGN(a.rta_len), from->left);
    from->at += step;
    from->left -= step;
    return true;
}

const u8 *interface_attribute(const u8 *body, u32 len, u32 header_len, u16 type, u32 *ret_len)
{
    struct attributes from = { body + header_len, len - header_len };
    const u8 *data;
    u16 found;

    while (attribute_next(&from, &found, &data, ret_len))
        if (found == type)
            return data;
    return NULL;
}

/* What passes, and how long it may be; strings end with their NUL and name no path. */
enum shape { BYTES, NAME };
struct known {
    u16 type;
    u16 least, most;
    enum shape shape;
};

static const struct known link_attributes[] = {
    { IFLA_ADDRESS, 0, 32, BYTES },      { IFLA_BROADCAST, 0, 32, BYTES },
    { IFLA_IFNAME, 2, IFNAMSIZ, NAME },  { IFLA_MTU, 4, 4, BYTES },
    { IFLA_LINK, 4, 4, BYTES },          { IFLA_QDISC, 2, IFNAMSIZ, NAME },
    { IFLA_STATS, 92, 96, BYTES },       { IFLA_MASTER, 4, 4, BYTES },
    { IFLA_TXQLEN, 4, 4, BYTES },        { IFLA_MAP, 28, 32, BYTES },
    { IFLA_OPERSTATE, 1, 1, BYTES },     { IFLA_LINKMODE, 1, 1, BYTES },
    { IFLA_STATS64, 184, 208, BYTES },   { IFLA_GROUP, 4, 4, BYTES },
    { IFLA_PROMISCUITY, 4, 4, BYTES },   { IFLA_NUM_TX_QUEUES, 4, 4, BYTES },
    { IFLA_NUM_RX_QUEUES, 4, 4, BYTES }, { IFLA_CARRIER, 1, 1, BYTES },
    { IFLA_MIN_MTU, 4, 4, BYTES },       { IFLA_MAX_MTU, 4, 4, BYTES },
};

static const struct known address_attributes[] = {
    { IFA_ADDRESS, 4, 16, BYTES },    { IFA_LOCAL, 4, 16, BYTES },
    { IFA_LABEL, 2, IFNAMSIZ, NAME }, { IFA_BROADCAST, 4, 16, BYTES },
    { IFA_ANYCAST, 4, 16, BYTES },    { IFA_CACHEINFO, 16, 16, BYTES },
    { IFA_FLAGS, 4, 4, BYTES },
};

static bool is_good(const struct known *table, u32 count, u16 type, const u8 *data, u32 len)
{
    for (u32 i = 0; i < count; i++) {
        const struct known *k = &table[i];

        if (k->type != type)
            continue;
        if (len < k->least || len > k->most)
            return false;
        return k->shape == BYTES ||
               (memchr(data, 0, len) == data + len - 1 && !memchr(data, '/', len));
    }
    return false;
}

static void body_add_known(struct body *b, struct attributes from, const struct known *table,
                           u32 count)
{
    const u8 *data;
    u16 type;
    u32 len;

    while (attribute_next(&from, &type, &data, &len))
        if (is_good(table, count, type, data, len))
            body_add(b, type, data, len);
}

/* ---- the host's answer ---- */

struct dump {
    hfd fd;
    u16 answer;                                  /* RTM_NEWLINK, RTM_NEWADDR                */
    u8 family;
    interface_emit emit;
    void *arg;
    u32 count;                                   /* messages given to emit()                */
    struct body body;
};

static int link_from_host(struct dump *d, const u8 *payload, u32 len)
{
    struct ifinfomsg h;
    u32 name_len;

    if (len < sizeof(h))
        return 0;
    memcpy(&h, payload, sizeof(h));
    h.__ifi_pad = 0;
    if (h.ifi_index <= 0)
        return 0;
    body_start(&d->body, &h, sizeof(h));
    body_add_known(&d->body, (struct attributes){ payload + sizeof(h), len - (u32)sizeof(h) },
                   link_attributes, ARRAY_SIZE(link_attributes));
    if (!interface_attribute(d->body.bytes, d->body.len, sizeof(h), IFLA_IFNAME, &name_len))
        return 0;
    d->count++;
    return d->emit(d->arg, d->body.bytes, d->body.len);
}

static int address_from_host(struct dump *d, const u8 *payload, u32 len)
{
    struct ifaddrmsg h;

    if (len < sizeof(h))
        return 0;
    memcpy(&h, payload, sizeof(h));
    if ((h.ifa_family != AF_INET && h.ifa_family != AF_INET6) || !h.ifa_index ||
        h.ifa_prefixlen > (h.ifa_family == AF_INET ? 32 : 128))
        return 0;
    body_start(&d->body, &h, sizeof(h));
    body_add_known(&d->body, (struct attributes){ payload + sizeof(h), len - (u32)sizeof(h) },
                   address_attributes, ARRAY_SIZE(address_attributes));
    d->count++;
    return d->emit(d->arg, d->body.bytes, d->body.len);
}

/* One datagram: 1 when its last message was NLMSG_DONE, 0 if more come, -errno. */
static int datagram_from_host(struct dump *d, const u8 *buf, u32 len)
{
    struct nlmsghdr h;
    int err = 0;

    while (!err && len >= sizeof(h)) {
        u32 step;

        memcpy(&h, buf, sizeof(h));
        if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len)
            return -EIO;
        if (h.nlmsg_type == NLMSG_DONE)
            return 1;
        if (h.nlmsg_type == NLMSG_ERROR)
            return -EIO;
        if (h.nlmsg_type == RTM_NEWLINK && d->answer == RTM_NEWLINK)
            err = link_from_host(d, buf + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
        else if (h.nlmsg_type == RTM_NEWADDR && d->answer == RTM_NEWADDR)
            err = address_from_host(d, buf + NLMSG_HDRLEN, h.nlmsg_len - NLMSG_HDRLEN);
        step = (u32)min_u64(NLMSG_ALIGN(h.nlmsg_len), len);
        buf += step;
        len -= step;
    }
    return err;
}

static int host_ask(struct dump *d, u16 request)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg body;                   /* the longer of the two                   */
    } question = {
        .h = {
            .nlmsg_len = sizeof(question),
            .nlmsg_type = request,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        },
        .body.ifi_family = request == RTM_GETADDR ? d->family : AF_UNSPEC,
    };
    ssize_t n;

    if (request == RTM_GETADDR)
        question.h.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg));
    n = host_write(d->fd, &question, question.h.nlmsg_len);
    return n < 0 ? (int)n : 0;
}

/* A dump is made while it is read, so there is always something to read until it ends. */
static int host_answers(struct dump *d)
{
    AUTO(kfreep) u8 *buf = kalloc(BOUNCE_SIZE);
    int end = 0;

    if (!buf)
        return -ENOMEM;
    for (u32 i = 0; !end && i < DATAGRAMS_MAX; i++) {
        ssize_t n = host_read(d->fd, buf, BOUNCE_SIZE);

        end = n < 0 ? (int)n : datagram_from_host(d, buf, (u32)n);
    }
    return end > 0 ? 0 : end ? end : -EIO;
}

static int host_dump(struct dump *d, u16 request)
{
    struct hostcall c = { .op = HOSTOP_socket, .arg = { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE } };
    int err = host_call_fd(&c, &d->fd);

    if (err)
        return err;
    err = host_ask(d, request);
    if (!err)
        err = host_answers(d);
    host_close(d->fd);
    return err;
}

/* ---- without the host ---- */

static int own_link(struct dump *d)
{
    const u8 no_address[6] = { 0 };
    struct ifinfomsg h = {
        .ifi_type = ARPHRD_LOOPBACK,
        .ifi_index = LOOPBACK_INDEX,
        .ifi_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP,
    };

    body_start(&d->body, &h, sizeof(h));
    body_add(&d->body, IFLA_IFNAME, "lo", 3);
    body_add_u32(&d->body, IFLA_MTU, LOOPBACK_MTU);
    body_add_u32(&d->body, IFLA_TXQLEN, 1000);
    body_add(&d->body, IFLA_ADDRESS, no_address, sizeof(no_address));
    body_add(&d->body, IFLA_BROADCAST, no_address, sizeof(no_address));
    return d->emit(d->arg, d->body.bytes, d->body.len);
}

static int own_address(struct dump *d, u8 family, const u8 *address, u32 len)
{
    struct ifaddrmsg h = {
        .ifa_family = family,
        .ifa_prefixlen = family == AF_INET ? 8 : 128,
        .ifa_flags = IFA_F_PERMANENT,
        .ifa_scope = RT_SCOPE_HOST,
        .ifa_index = LOOPBACK_INDEX,
    };

    if (d->family != AF_UNSPEC && d->family != family)
        return 0;
    body_start(&d->body, &h, sizeof(h));
    body_add(&d->body, IFA_ADDRESS, address, len);
    if (family == AF_INET) {
        body_add(&d->body, IFA_LOCAL, address, len);
        body_add(&d->body, IFA_LABEL, "lo", 3);
    }
    return d->emit(d->arg, d->body.bytes, d->body.len);
}

static int own_dump(struct dump *d)
{
    static const u8 v4[4] = { 127, 0, 0, 1 };
    static const u8 v6[16] = { [15] = 1 };
    int err;

    if (d->answer == RTM_NEWLINK)
        return own_link(d);
    err = own_address(d, AF_INET, v4, sizeof(v4));
    return err ? err : own_address(d, AF_INET6, v6, sizeof(v6));
}

int interface_dump(u16 request, u8 family, interface_emit emit, void *arg)
{
    AUTO(kfreep) struct dump *d = kalloc(sizeof(*d));
    int err;

    if (!d)
        return -ENOMEM;
    d->answer = request == RTM_GETLINK ? RTM_NEWLINK : RTM_NEWADDR;
    d->family = family;
    d->emit = emit;
    d->arg = arg;
    d->count = 0;
    err = host_dump(d, request);
    return err && !d->count ? own_dump(d) : err;
}
