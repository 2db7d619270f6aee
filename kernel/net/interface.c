/* SPDX-License-Identifier: MIT */
/*
 * ioctls about network interfaces (netdevice(7)).
 *
 * Those that ask are asked of the host on a socket of its own; those that change something are
 * refused.  SIOCGIFCONF, whose argument holds a pointer, is made from a dump of the addresses.
 */
#include "kernel/net/interface.h"
#include "abi/linux/errno.h"
#include "abi/linux/netdevice.h"
#include "abi/linux/socket.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"

enum { SIOC_FIRST = SIOCADDRT, SIOC_LAST = SIOCDELDLCI };

/* What the host writes, by request: how many bytes behind the name, or the name itself. */
enum answer { NUMBER, FLAGS, SOCKADDR, BLOCK, THE_NAME };

static const struct asked {
    u32 cmd;
    enum answer answer;
} asked[] = {
    { SIOCGIFNAME, THE_NAME },    { SIOCGIFINDEX, NUMBER },     { SIOCGIFFLAGS, FLAGS },
    { SIOCGIFADDR, SOCKADDR },    { SIOCGIFDSTADDR, SOCKADDR }, { SIOCGIFBRDADDR, SOCKADDR },
    { SIOCGIFNETMASK, SOCKADDR }, { SIOCGIFMETRIC, NUMBER },    { SIOCGIFMTU, NUMBER },
    { SIOCGIFHWADDR, SOCKADDR },  { SIOCGIFTXQLEN, NUMBER },    { SIOCGIFMAP, BLOCK },
};

static const struct asked *asked_find(u32 cmd)
{
    for (u32 i = 0; i < ARRAY_SIZE(asked); i++)
        if (asked[i].cmd == cmd)
            return &asked[i];
    return NULL;
}

bool interface_ioctl_knows(u32 cmd)
{
    return cmd >= SIOC_FIRST && cmd <= SIOC_LAST && cmd != SIOCOUTQNSD;
}

static u32 answer_len(enum answer a)
{
    switch (a) {
    case NUMBER:
        return sizeof(s32);
    case FLAGS:
        return sizeof(s16);
    case SOCKADDR:
        return 16;
    default:
        return sizeof(((struct ifreq *)NULL)->value);
    }
}

static int host_ask(u32 cmd, struct ifreq *r)
{
    struct hostcall c = { .op = HOSTOP_socket, .arg = { AF_INET, SOCK_DGRAM, 0 } };
    hfd fd;
    int err = host_call_fd(&c, &fd);

    if (err)
        return err;
    err = host_ioctl(fd, cmd, r, sizeof(*r), sizeof(*r));
    host_close(fd);
    return err < 0 ? err : 0;
}

static long ask(const struct asked *what, uptr arg)
{
    struct ifreq r, answer;
    int err;

    if (copy_in_struct(&r, arg))
        return -EFAULT;
    r.ifr_name[IFNAMSIZ - 1] = '\0';
    answer = r;
    err = host_ask(what->cmd, &answer);
    if (err)
        return err;
    if (what->answer != THE_NAME) {
        memcpy(r.value.bytes, answer.value.bytes, answer_len(what->answer));
    } else {
        if (!memchr(answer.ifr_name, 0, IFNAMSIZ) || strchr(answer.ifr_name, '/'))
            return -EIO;
        memset(r.ifr_name, 0, IFNAMSIZ);
        memcpy(r.ifr_name, answer.ifr_name, strlen(answer.ifr_name));
    }
    return copy_out_struct(arg, &r);
}

/* ---- SIOCGIFCONF ---- */

struct list_args {
    uptr dst;
    u32 room, used;                              /* bytes                                   */
    bool count_only;
};

static int list_one(void *arg, const u8 *body, u32 len)
{
    struct list_args *l = arg;
    struct ifreq r = { 0 };
    struct sockaddr_in *in = (struct sockaddr_in *)r.value.bytes;
    const u32 header = sizeof(struct ifaddrmsg);
    u32 name_len, address_len;
    const u8 *name = interface_attribute(body, len, header, IFA_LABEL, &name_len);
    const u8 *address = interface_attribute(body, len, header, IFA_LOCAL, &address_len);

    if (!name || !address || address_len != sizeof(in->sin_addr))
        return 0;
    memcpy(r.ifr_name, name, name_len);
    in->sin_family = AF_INET;
    memcpy(&in->sin_addr, address, address_len);
    if (l->count_only) {
        l->used += (u32)sizeof(r);
        return 0;
    }
    if (sizeof(r) > l->room - l->used)
        return 0;                                /* the program sees that its room is full  */
    if (copy_out_struct(uptr_add(l->dst, l->used), &r))
        return -EFAULT;
    l->used += (u32)sizeof(r);
    return 0;
}

static long list_all(uptr arg)
{
    struct list_args l;
    struct ifconf c;
    int err;

    if (copy_in_struct(&c, arg))
        return -EFAULT;
    if (c.ifc_buf && c.ifc_len < 0)
        return -EINVAL;
    l = (struct list_args){ UPTR(c.ifc_buf), (u32)c.ifc_len, 0, !c.ifc_buf };
    err = interface_dump(RTM_GETADDR, AF_INET, list_one, &l);
    if (err)
        return err;
    c.ifc_len = (s32)l.used;
    return copy_out(arg, &c.ifc_len, sizeof(c.ifc_len));
}

long interface_ioctl(u32 cmd, uptr arg)
{
    const struct asked *what = asked_find(cmd);

    if (what)
        return ask(what, arg);
    switch (cmd) {
    case SIOCGIFCONF:
        return list_all(arg);
    case SIOCADDRT:
    case SIOCDELRT:
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCSARP:
    case SIOCDARP:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
        return -EPERM;
    case SIOCETHTOOL:
        return -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}
