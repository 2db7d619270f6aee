/* SPDX-License-Identifier: MIT */
/* Options of the host's sockets: those of inet_option.def, passed on. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/net/inet_int.h"
#include "kernel/vfs/path.h"

enum way { BOTH, SET, GET, ADMIN };

static const struct row {
    int level, name;
    enum way way;
    u16 least, most;
} rows[] = {
#define OPTION(level, name, way, least, most) { level, name, way, least, most },
#include "kernel/net/inet_option.def"
#undef OPTION
};

#define OPTION(level, name, way, least, most) _Static_assert((most) <= OPTION_MAX, "struct option");
#include "kernel/net/inet_option.def"
#undef OPTION

static const struct row *row_find(int level, int name)
{
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].level == level && rows[i].name == name)
            return &rows[i];
    return NULL;
}

static bool level_is_known(int level)
{
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].level == level)
            return true;
    return false;
}

int inet_set_option(struct socket *s, const struct option *o)
{
    struct inet_sock *i = inet_of(s);
    const struct row *row = row_find(o->level, o->name);
    struct hostcall c = {
        .op = HOSTOP_setsockopt,
        .fd = i->fd,
        .arg = { (u64)o->level, (u64)o->name },
        .buf[0].ptr = (void *)o->bytes,
    };
    int err;

    if (!row || row->way == GET)
        return -ENOPROTOOPT;
    if (o->len < row->least)
        return -EINVAL;
    if (row->way == ADMIN && !cred_has_cap(vfs_cred(), CAP_NET_ADMIN))
        return -EPERM;
    c.buf[0].len = min_size(o->len, row->most);
    err = (int)host_call(&c);
    if (!err && o->level == SOL_SOCKET && o->name == SO_RCVLOWAT)
        s->recv_low = o->number > 0 ? (u32)o->number : 1;
    return err;
}

/* Nobody is at the other end that could have credentials (socket(7)). */
static int no_peer_cred(struct option *o)
{
    const struct ucred nobody = { .uid = UINT32_MAX, .gid = UINT32_MAX };

    memcpy(o->bytes, &nobody, sizeof(nobody));
    o->len = sizeof(nobody);
    return 0;
}

int inet_get_option(struct socket *s, struct option *o)
{
    struct inet_sock *i = inet_of(s);
    const struct row *row = row_find(o->level, o->name);
    struct hostcall c = {
        .op = HOSTOP_getsockopt,
        .fd = i->fd,
        .arg = { (u64)o->level, (u64)o->name },
        .buf[0] = { o->bytes, o->len },
    };
    int err;

    if (o->level == SOL_SOCKET && o->name == SO_PEERCRED)
        return no_peer_cred(o);
    if (!row || row->way == SET)
        return level_is_known(o->level) ? -ENOPROTOOPT : -EOPNOTSUPP;
    c.buf[0].len = min_size(o->len, row->most);
    err = (int)host_call(&c);
    if (err)
        return err;
    if (c.out[0] > c.buf[0].len)
        return -EIO;
    o->len = (u32)c.out[0];
    return 0;
}
