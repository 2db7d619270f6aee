/* SPDX-License-Identifier: MIT */
/* SOL_SOCKET options of sockets that live in the kernel: see local_option.h. */
#include "kernel/net/local_option.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/path.h"

enum { PRIORITY_MAX = 6 };                       /* socket(7): more needs CAP_NET_ADMIN     */

/* On or off, and that is all. */
static const u8 switches[] = {
    SO_DEBUG,           SO_REUSEADDR,       SO_DONTROUTE,        SO_BROADCAST,     SO_KEEPALIVE,
    SO_OOBINLINE,       SO_NO_CHECK,        SO_REUSEPORT,        SO_PASSCRED,      SO_PASSSEC,
    SO_RXQ_OVFL,        SO_NOFCS,           SO_SELECT_ERR_QUEUE, SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW,
    SO_TIMESTAMPNS_OLD, SO_TIMESTAMPNS_NEW,
};

static bool is_switch(int name)
{
    for (u32 i = 0; i < sizeof(switches); i++)
        if (switches[i] == name)
            return true;
    return false;
}

void local_options_init(struct local_options *l)
{
    *l = (struct local_options){ .sndbuf = BUFFER_DEFAULT,
                                 .rcvbuf = BUFFER_DEFAULT,
                                 .peek_off = -1 };
}

static void turn(struct local_options *l, int name, bool on)
{
    u64 bit = 1ull << (name % 64);

    if (on)
        __atomic_fetch_or(&l->on[name / 64], bit, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&l->on[name / 64], ~bit, __ATOMIC_RELAXED);
}

/* The four ways to ask for time stamps exclude each other. */
static void turn_timestamps(struct local_options *l, int name, bool on)
{
    turn(l, SO_TIMESTAMP_OLD, false);
    turn(l, SO_TIMESTAMP_NEW, false);
    turn(l, SO_TIMESTAMPNS_OLD, false);
    turn(l, SO_TIMESTAMPNS_NEW, false);
    turn(l, name, on);
}

static bool is_timestamp(int name)
{
    return name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_OLD ||
           name == SO_TIMESTAMPNS_NEW;
}

static bool may_administer(void)
{
    return cred_has_cap(vfs_cred(), CAP_NET_ADMIN);
}

/* socket(7): the kernel doubles what is asked for. */
static u32 buffer_size(int asked, bool force, u32 min)
{
    u32 limit = force ? INT32_MAX / 2 : BUFFER_DEFAULT;
    u32 size = asked < 0 || (u32)asked > limit ? limit : (u32)asked;

    return (u32)max_u64(size * 2, min);
}

static int set_buffer(struct local_options *l, const struct option *o)
{
    bool force = o->name == SO_SNDBUFFORCE || o->name == SO_RCVBUFFORCE;

    if (force && !may_administer())
        return -EPERM;
    if (o->name == SO_SNDBUF || o->name == SO_SNDBUFFORCE)
        l->sndbuf = buffer_size(o->number, force, SNDBUF_MIN);
    else
        l->rcvbuf = buffer_size(o->number, force, RCVBUF_MIN);
    return 0;
}

static int set_linger(struct local_options *l, const struct option *o)
{
    if (o->len < sizeof(l->linger))
        return -EINVAL;
    memcpy(&l->linger, o->bytes, sizeof(l->linger));
    l->linger.l_onoff = l->linger.l_onoff != 0;
    return 0;
}

int local_option_set(struct local_options *l, const struct option *o)
{
    if (o->len < sizeof(int))
        return -EINVAL;
    if (is_timestamp(o->name)) {
        turn_timestamps(l, o->name, o->number);
        return 0;
    }
    if (is_switch(o->name)) {
        turn(l, o->name, o->number);
        return 0;
    }
    switch (o->name) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        return set_buffer(l, o);
    case SO_LINGER:
        return set_linger(l, o);
    case SO_PRIORITY:
        if ((o->number < 0 || o->number > PRIORITY_MAX) && !may_administer())
            return -EPERM;
        l->priority = o->number;
        return 0;
    case SO_MARK:
        if (!may_administer())
            return -EPERM;
        l->mark = o->number;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static void give_number(struct option *o, int value)
{
    o->number = value;
    o->len = sizeof(value);
}

int local_option_get(const struct local_options *l, struct option *o)
{
    if (o->name >= 0 && is_switch(o->name)) {
        give_number(o, local_option_is_on(l, o->name));
        return 0;
    }
    switch (o->name) {
    case SO_SNDBUF:
        give_number(o, (int)l->sndbuf);
        return 0;
    case SO_RCVBUF:
        give_number(o, (int)l->rcvbuf);
        return 0;
    case SO_PRIORITY:
        give_number(o, l->priority);
        return 0;
    case SO_MARK:
        give_number(o, l->mark);
        return 0;
    case SO_SNDLOWAT:
        give_number(o, 1);
        return 0;
    case SO_BSDCOMPAT:
    case SO_ZEROCOPY:
    case SO_BUSY_POLL:
        give_number(o, 0);
        return 0;
    case SO_LINGER:
        memcpy(o->bytes, &l->linger, sizeof(l->linger));
        o->len = sizeof(l->linger);
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}
