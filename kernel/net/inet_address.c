/* SPDX-License-Identifier: MIT */
/* Addresses of AF_INET and AF_INET6 sockets, checked on their way in and out. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/net/inet_int.h"
#include "kernel/vfs/path.h"

enum { FIRST_FREE_PORT = 1024 };                 /* ip(7): below it is CAP_NET_BIND_SERVICE */

/* Linux looks at no more than the structure of the family. */
size_t inet_address_len(const struct inet_sock *i, const struct address *a)
{
    return min_size(a->len, i->s.family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in));
}

int inet_address_check(const struct inet_sock *i, struct address *a, u64 len)
{
    size_t want;

    if (!len) {                                  /* a stream does not say from where        */
        a->len = 0;
        return 0;
    }
    if (a->family != AF_INET && a->family != i->s.family)
        return -EIO;
    want = a->family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
    if (len != want)
        return -EIO;
    if (a->family == AF_INET)
        memset(a->bytes + offsetof(struct sockaddr_in, __pad), 0, sizeof(a->in.__pad));
    a->len = (u32)len;
    return 0;
}

/* The port stands at the same place in both. */
int inet_port_check(const struct address *a)
{
    u16 port = __builtin_bswap16(a->in.sin_port);

    if (a->len < offsetof(struct sockaddr_in, sin_addr) || !port || port >= FIRST_FREE_PORT)
        return 0;
    return cred_has_cap(vfs_cred(), CAP_NET_BIND_SERVICE) ? 0 : -EACCES;
}
