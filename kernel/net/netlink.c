/* SPDX-License-Identifier: MIT */
/*
 * AF_NETLINK, NETLINK_ROUTE: what getifaddrs(3) and if_nameindex(3) ask (netlink(7), rtnetlink(7)).
 *
 * A request is answered while it is sent: the answer's messages are packed into datagrams that wait
 * in the socket's queue.  RTM_GETLINK and RTM_GETADDR are answered; others that only ask get
 * EOPNOTSUPP, those that change something EPERM.  Groups can be joined, but nothing is ever told to
 * them: interfaces do not change inside.
 *
 * Locks: netlink_sock.lock; ports.lock.  Both leaves.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/netdevice.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/user.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/net/interface.h"
#include "kernel/net/local_option.h"

enum {
    DATAGRAM_MAX = 3776,                         /* fits the page that glibc receives into  */
    REQUEST_MAX = 32 * 1024,
    QUEUED_MAX = 256,                            /* datagrams that nobody has read          */
    PORTS_OWN = -4096,                           /* as Linux: further ports count down from here */
    GROUPS_MAX = 32,
};

struct datagram {
    struct list link;
    u32 len;
    u8 bytes[DATAGRAM_MAX];
};

struct netlink_sock {
    struct socket s;
    struct file *file;                           /* [const] not owned: owns us              */
    struct local_options options;
    struct list in_ports;                        /* under ports.lock                        */
    u32 port;                                    /* under ports.lock; 0: not bound          */
    struct mutex lock;
    struct list queue;                           /* guarded by lock: struct datagram        */
    u32 queued;                                  /* guarded by lock                         */
    u32 groups;                                  /* guarded by lock: joined                 */
    u32 flags;                                   /* guarded by lock: 1 << NETLINK_CAP_ACK.. */
    struct sockaddr_nl peer;                     /* guarded by lock                         */
};

static struct {
    struct mutex lock;
    struct list sockets;                         /* guarded by lock                         */
    u32 next;                                    /* guarded by lock                         */
} ports = { .sockets = LIST_INIT(ports.sockets), .next = (u32)PORTS_OWN };

static struct netlink_sock *netlink_of(struct socket *s)
{
    return container_of(s, struct netlink_sock, s);
}

/* ---- ports ---- */

static bool port_is_taken_locked(u32 port)
{
    list_for_each(l, &ports.sockets)
        if (list_entry(l, struct netlink_sock, in_ports)->port == port)
            return true;
    return false;
}

/* port 0: the process's id, which the first socket of a process gets, or some other. */
static int port_take(struct netlink_sock *n, u32 port)
{
    WITH_MUTEX(&ports.lock);
    if (n->port)
        return !port || port == n->port ? 0 : -EINVAL;
    if (port && port_is_taken_locked(port))
        return -EADDRINUSE;
    if (!port)
        port = (u32)file_signal_ops.pid_self();
    while (port_is_taken_locked(port))
        port = ports.next--;
    n->port = port;
    list_append(&ports.sockets, &n->in_ports);
    return 0;
}

/* ---- answers ---- */

/* The message that is being answered, and where the answer goes. */
struct answer {
    struct netlink_sock *n;
    struct datagram *open;                       /* owned: not full yet                     */
    struct nlmsghdr request;
    u16 type;                                    /* of the messages                         */
    u16 flags;
    s32 only_index;                              /* 0: all links; else one, or one by name  */
    const u8 *only_name;
    u32 found;
};

static int datagram_open(struct answer *a)
{
    a->open = kalloc(sizeof(*a->open));
    if (!a->open)
        return -ENOBUFS;
    a->open->len = 0;
    return 0;
}

static int datagram_close(struct answer *a)
{
    struct netlink_sock *n = a->n;

    if (!a->open)
        return 0;
    WITH_MUTEX(&n->lock);
    if (n->queued == QUEUED_MAX)
        return -ENOBUFS;
    n->queued++;
    list_append(&n->queue, &a->open->link);
    a->open = NULL;
    return 0;
}

/* One message of the answer. */
static int answer_add(struct answer *a, u16 type, u16 flags, const void *body, u32 len)
{
    struct nlmsghdr h = {
        .nlmsg_len = NLMSG_LENGTH(len),
        .nlmsg_type = type,
        .nlmsg_flags = flags,
        .nlmsg_seq = a->request.nlmsg_seq,
        .nlmsg_pid = a->n->port,
    };
    u32 space = NLMSG_SPACE(len);
    int err = 0;

    if (a->open && space > DATAGRAM_MAX - a->open->len)
        err = datagram_close(a);
    if (!err && !a->open)
        err = datagram_open(a);
    if (err)
        return err;
    memset(a->open->bytes + a->open->len, 0, space);
    memcpy(a->open->bytes + a->open->len, &h, sizeof(h));
    memcpy(a->open->bytes + a->open->len + NLMSG_HDRLEN, body, len);
    a->open->len += space;
    return 0;
}

static int answer_interface(void *arg, const u8 *body, u32 len)
{
    struct answer *a = arg;
    struct ifinfomsg link;
    const u8 *name;
    u32 name_len;

    if (a->type == RTM_NEWLINK && (a->only_index || a->only_name)) {
        memcpy(&link, body, sizeof(link));
        name = interface_attribute(body, len, sizeof(link), IFLA_IFNAME, &name_len);
        if (a->only_index
                ? link.ifi_index != a->only_index
                : !name || strncmp((const char *)name, (const char *)a->only_name, IFNAMSIZ))
            return 0;
    }
    a->found++;
    return answer_add(a, a->type, a->flags, body, len);
}

/* NLMSG_ERROR: the error (0: an acknowledgement) and the request, or its header only. */
static int answer_error(struct answer *a, int error, const u8 *request, u32 len)
{
    struct {
        int error;
        u8 request[DATAGRAM_MAX - NLMSG_HDRLEN - sizeof(int)];
    } *body = kalloc(sizeof(*body));
    bool whole = error && !(a->n->flags & 1u << NETLINK_CAP_ACK);
    u32 kept = whole ? (u32)min_size(len, sizeof(body->request)) : (u32)sizeof(a->request);
    int err;

    if (!body)
        return -ENOBUFS;
    body->error = error;
    memcpy(body->request, request, kept);
    err = answer_add(a, NLMSG_ERROR, whole ? 0 : NLM_F_CAPPED, body, (u32)sizeof(int) + kept);
    kfree(body);
    return err;
}

static int dump(struct answer *a, u8 family)
{
    const int done = 0;
    int err;

    a->flags = NLM_F_MULTI;
    err = interface_dump(a->request.nlmsg_type, family, answer_interface, a);
    return err ? err : answer_add(a, NLMSG_DONE, NLM_F_MULTI, &done, sizeof(done));
}

/* RTM_GETLINK for one link, by its index or its name. */
static int get_link(struct answer *a, const u8 *body, u32 len)
{
    struct ifinfomsg h;
    char name[IFNAMSIZ] = "";
    const u8 *given;
    u32 given_len;
    int err;

    if (len < sizeof(h))
        return -EINVAL;
    memcpy(&h, body, sizeof(h));
    given = interface_attribute(body, len, sizeof(h), IFLA_IFNAME, &given_len);
    if (given)
        memcpy(name, given, min_size(given_len, sizeof(name) - 1));
    if (h.ifi_index <= 0 && !given)
        return -EINVAL;
    a->only_index = h.ifi_index > 0 ? h.ifi_index : 0;
    a->only_name = (const u8 *)name;
    err = interface_dump(RTM_GETLINK, AF_UNSPEC, answer_interface, a);
    a->only_name = NULL;
    return err ? err : a->found ? 0 : -ENODEV;
}

/* What a request is answered with: 0, or the error that NLMSG_ERROR tells. */
static int serve(struct answer *a, const u8 *body, u32 len)
{
    u16 type = a->request.nlmsg_type;
    bool all = (a->request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    u8 family = len ? body[0] : AF_UNSPEC;       /* the first byte of every kind of body    */

    if (type < RTM_BASE)
        return 0;                                /* NLMSG_NOOP and the like                 */
    if ((type - RTM_BASE) % 4 != 2)              /* new, delete, get, set: in this order    */
        return -EPERM;
    if (type == RTM_GETLINK || type == RTM_GETADDR) {
        a->type = type == RTM_GETLINK ? RTM_NEWLINK : RTM_NEWADDR;
        if (all)
            return dump(a, family);
        return type == RTM_GETLINK ? get_link(a, body, len) : -EOPNOTSUPP;
    }
    return -EOPNOTSUPP;
}

/* One message of a program's: at is a whole one, h is its header. */
static int serve_one(struct netlink_sock *n, const struct nlmsghdr *h, const u8 *at)
{
    struct answer a = { .n = n, .request = *h };
    int err, told = 0;

    if (!(h->nlmsg_flags & NLM_F_REQUEST))
        return 0;
    err = serve(&a, at + NLMSG_HDRLEN, h->nlmsg_len - NLMSG_HDRLEN);
    if (err || (h->nlmsg_flags & NLM_F_ACK && a.type == 0))
        told = answer_error(&a, err, at, h->nlmsg_len);
    if (!told)
        told = datagram_close(&a);
    kfree(a.open);
    return told;
}

static int serve_all(struct netlink_sock *n, const u8 *at, u32 len)
{
    struct nlmsghdr h;
    int err = 0;

    while (!err && len >= sizeof(h)) {
        u32 step;

        memcpy(&h, at, sizeof(h));
        if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len)
            break;                               /* as Linux: the rest is passed over       */
        err = serve_one(n, &h, at);
        step = (u32)min_u64(NLMSG_ALIGN(h.nlmsg_len), len);
        at += step;
        len -= step;
    }
    return err;
}

/* ---- operations ---- */

static int destination_check(const struct address *a)
{
    if (a->len < sizeof(a->nl) || a->family != AF_NETLINK)
        return -EINVAL;
    return a->nl.nl_pid || a->nl.nl_groups ? -ECONNREFUSED : 0; /* only the kernel listens  */
}

static ssize_t netlink_send(struct socket *s, struct message *m)
{
    struct netlink_sock *n = netlink_of(s);
    AUTO(kfreep) u8 *request = NULL;
    size_t len = iov_left(m->data);
    int err = m->address ? destination_check(m->address) : 0;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (!err)
        err = len > REQUEST_MAX ? -EMSGSIZE : port_take(n, 0);
    if (err)
        return err;
    request = kalloc(len);
    if (!request)
        return -ENOBUFS;
    if (iov_get(m->data, request, len) != (ssize_t)len)
        return -EFAULT;
    err = serve_all(n, request, (u32)len);
    file_wake_events(n->file, POLLIN | POLLRDNORM);
    return err ? err : (ssize_t)len;
}

static void tell_source(struct message *m)
{
    if (!m->address)
        return;
    m->address->nl = (struct sockaddr_nl){ .nl_family = AF_NETLINK };
    m->address->len = sizeof(m->address->nl);
}

static ssize_t netlink_recv(struct socket *s, struct message *m)
{
    struct netlink_sock *n = netlink_of(s);
    const struct ucred kernel = { 0 };
    struct datagram *d;
    ssize_t put;
    u32 len;

    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    WITH_MUTEX(&n->lock);
    if (list_is_empty(&n->queue))
        return -EAGAIN;
    d = list_entry(list_first(&n->queue), struct datagram, link);
    len = d->len;
    put = iov_put(m->data, d->bytes, min_size(len, iov_left(m->data)));
    if (put < 0)
        return put;
    if ((u32)put < len)
        m->ret_flags |= MSG_TRUNC;
    if (!(m->flags & MSG_PEEK)) {
        list_remove(&d->link);
        n->queued--;
        kfree(d);
    }
    tell_source(m);
    if (local_option_is_on(&n->options, SO_PASSCRED))
        control_put(m, SOL_SOCKET, SCM_CREDENTIALS, &kernel, sizeof(kernel));
    return m->flags & MSG_TRUNC ? (ssize_t)len : put;
}

static int netlink_bind(struct socket *s, const struct address *a)
{
    struct netlink_sock *n = netlink_of(s);
    int err;

    if (a->len < sizeof(a->nl) || a->family != AF_NETLINK)
        return -EINVAL;
    err = port_take(n, a->nl.nl_pid);
    if (err)
        return err;
    WITH_MUTEX(&n->lock);
    n->groups = a->nl.nl_groups;
    return 0;
}

static int netlink_connect(struct socket *s, const struct address *a, bool wait)
{
    struct netlink_sock *n = netlink_of(s);
    bool none = a->len >= sizeof(a->family) && a->family == AF_UNSPEC;
    int err = none ? 0 : destination_check(a);

    (void)wait;
    if (err)
        return err;
    err = port_take(n, 0);
    if (err)
        return err;
    WITH_MUTEX(&n->lock);
    n->peer = none ? (struct sockaddr_nl){ 0 } : a->nl;
    return 0;
}

static int netlink_name(struct socket *s, enum socket_end end, struct address *ret)
{
    struct netlink_sock *n = netlink_of(s);

    WITH_MUTEX(&n->lock);
    ret->len = sizeof(ret->nl);
    if (end == SOCKET_PEER)
        ret->nl = n->peer;
    else
        ret->nl = (struct sockaddr_nl){ .nl_pid = n->port, .nl_groups = n->groups };
    ret->nl.nl_family = AF_NETLINK;
    return 0;
}

/* ---- options ---- */

static int set_membership(struct netlink_sock *n, const struct option *o)
{
    if (o->number < 1 || o->number > GROUPS_MAX)
        return -EINVAL;
    WITH_MUTEX(&n->lock);
    if (o->name == NETLINK_ADD_MEMBERSHIP)
        n->groups |= 1u << (o->number - 1);
    else
        n->groups &= ~(1u << (o->number - 1));
    return 0;
}

static int set_netlink_option(struct netlink_sock *n, const struct option *o)
{
    if (o->len < sizeof(int))
        return -EINVAL;
    switch (o->name) {
    case NETLINK_ADD_MEMBERSHIP:
    case NETLINK_DROP_MEMBERSHIP:
        return set_membership(n, o);
    case NETLINK_BROADCAST_ERROR:
    case NETLINK_NO_ENOBUFS:
    case NETLINK_CAP_ACK:
    case NETLINK_EXT_ACK: {
        WITH_MUTEX(&n->lock);
        n->flags = o->number ? n->flags | 1u << o->name : n->flags & ~(1u << o->name);
        return 0;
    }
    default:
        return -ENOPROTOOPT;
    }
}

static int netlink_set_option(struct socket *s, const struct option *o)
{
    struct netlink_sock *n = netlink_of(s);

    if (o->level == SOL_NETLINK)
        return set_netlink_option(n, o);
    return o->level == SOL_SOCKET ? local_option_set(&n->options, o) : -ENOPROTOOPT;
}

static int give_number(struct option *o, int value)
{
    o->number = value;
    o->len = sizeof(value);
    return 0;
}

static int netlink_get_option(struct socket *s, struct option *o)
{
    struct netlink_sock *n = netlink_of(s);

    if (o->level == SOL_SOCKET) {
        if (o->name == SO_ERROR || o->name == SO_ACCEPTCONN)
            return give_number(o, 0);
        return local_option_get(&n->options, o);
    }
    if (o->level != SOL_NETLINK)
        return -ENOPROTOOPT;
    switch (o->name) {
    case NETLINK_BROADCAST_ERROR:
    case NETLINK_NO_ENOBUFS:
    case NETLINK_CAP_ACK:
    case NETLINK_EXT_ACK:
        return give_number(o, (n->flags >> o->name & 1) != 0);
    case NETLINK_LIST_MEMBERSHIPS:
        return give_number(o, (int)n->groups);
    default:
        return -ENOPROTOOPT;
    }
}

static long netlink_ioctl(struct socket *s, u32 cmd, uptr arg)
{
    struct netlink_sock *n = netlink_of(s);
    struct list *first;
    int len;

    if (cmd != SIOCINQ)
        return -ENOTTY;
    mutex_lock(&n->lock);
    first = list_first(&n->queue);
    len = first ? (int)list_entry(first, struct datagram, link)->len : 0;
    mutex_unlock(&n->lock);
    return copy_out_struct(arg, &len);
}

static const struct socket_ops netlink_ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .name = netlink_name,
    .send = netlink_send,
    .recv = netlink_recv,
    .set_option = netlink_set_option,
    .get_option = netlink_get_option,
    .ioctl = netlink_ioctl,
};

/* ---- the file ---- */

static u32 netlink_ready(struct file *f)
{
    struct netlink_sock *n = netlink_of(f->priv);

    WITH_MUTEX(&n->lock);
    return POLLOUT | POLLWRNORM | (n->queued ? POLLIN | POLLRDNORM : 0);
}

static void netlink_release(struct file *f)
{
    struct netlink_sock *n = netlink_of(f->priv);

    mutex_lock(&ports.lock);
    list_remove(&n->in_ports);
    mutex_unlock(&ports.lock);
    list_for_each_safe(l, &n->queue)
        kfree(list_entry(l, struct datagram, link));
    kfree(n);
}

static const struct file_ops netlink_file_ops = {
    .no_sigpipe = true,
    .ready = netlink_ready,
    .release = netlink_release,
    SOCKET_FILE_OPS,
};

int netlink_open(int type, int protocol, u32 flags, struct file **ret)
{
    AUTO(kfreep) struct netlink_sock *n = NULL;
    int err;

    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    n = kzalloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    socket_init(&n->s, &netlink_ops, AF_NETLINK, (u16)type, (u32)protocol);
    local_options_init(&n->options);
    list_init(&n->in_ports);
    list_init(&n->queue);
    err = file_new(&netlink_file_ops, &n->s, O_RDWR | flags, ret);
    if (err)
        return err;
    n->file = *ret;
    (void)TAKE(n);
    return 0;
}
