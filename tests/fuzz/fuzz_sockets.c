/* SPDX-License-Identifier: MIT */
/*
 * Sockets of every family, used in any order, over a host that lies.
 *
 * The input is a list of calls with their addresses, control messages and options, and also what the
 * host answers: results, lengths and bytes.  Nothing outside a buffer may be touched, and nothing
 * may be left when all sockets are closed.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "kernel/core/thread.h"
#include "kernel/host/host_int.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/net/inet_int.h"
#include "kernel/net/socket.h"
#include "kernel/net/unix.h"
#include "kernel/vfs/fdtable.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum {
    SOCKETS = 6,
    OPS_MAX = 300,
    DATA_MAX = 70000,
    LIVE_CHUNK = 32768,                          /* host descriptors per page of live.c     */
    LIVE_END = 1 << 20,
    ANSWER_BYTES = 64,                           /* of a host's buffer that the input fills */
};

static int fd[SOCKETS];                          /* descriptors, or -1                      */
static u8 data_buf[DATA_MAX], control_buf[512];

/* ---- the input ---- */

static struct {
    const u8 *at;
    size_t left;
} in;

static u8 byte(void)
{
    if (!in.left)
        return 0;
    in.left--;
    return *in.at++;
}

static u64 number(void)
{
    switch (byte() % 8) {
    case 0:
        return 0;
    case 1:
        return byte();
    case 2:
        return (u64)byte() << 8 | byte();
    case 3:
        return (u64) - (s64)byte();
    case 4:
        return UINT32_MAX - byte();
    case 5:
        return (u64)byte() << 56 | byte();
    case 6:
        return (u64)byte() << 32 | byte();
    default:
        return byte() % 32;
    }
}

static void fill(u8 *dst, size_t len)
{
    for (size_t i = 0; i < len; i++)
        dst[i] = byte();
}

/* ---- the host ---- */

/* Lengths near the truth, and far from it. */
static u64 length_near(u64 len)
{
    switch (byte() % 6) {
    case 0:
        return len;
    case 1:
        return len / 2;
    case 2:
        return len + 1;
    case 3:
        return number();
    case 4:
        return 16;
    default:
        return 28;
    }
}

static bool host_writes(enum hostop op, int buffer)
{
    switch (op) {
    case HOSTOP_recvmsg:
        return true;
    case HOSTOP_ioctl:
    case HOSTOP_accept:
        return buffer == 1;
    case HOSTOP_read:
    case HOSTOP_getsockname:
    case HOSTOP_getpeername:
    case HOSTOP_getsockopt:
        return buffer == 0;
    default:
        return false;
    }
}

static s64 host_answers(struct hostcall *c)
{
    for (int i = 0; i < 3; i++)
        if (c->buf[i].len && host_writes(c->op, i))
            fill(c->buf[i].ptr, min_size(c->buf[i].len, ANSWER_BYTES));
    c->out[0] = length_near(c->buf[c->op == HOSTOP_accept].len) | length_near(c->buf[2].len) << 32;
    c->out[1] = number();
    switch (byte() % 8) {
    case 0:
        return (s64)number();
    case 1:
        return -(s64)(byte() % 140);
    case 2:
        return -EAGAIN;
    case 3:
        return (s64)c->buf[0].len;
    case 4:
        return 0;
    case 5:
        return (s64)length_near(c->buf[0].len);
    default:
        return c->op == HOSTOP_socket || c->op == HOSTOP_accept ? 100 + byte() : 0;
    }
}

static int host_polls(u64 cookie, struct host_poll *set, u32 n, u64 deadline_ns)
{
    (void)cookie;
    (void)deadline_ns;
    for (u32 i = 0; i < n; i++)
        set[i].ready = (u32)number();
    return (int)number();
}

/* ---- programs ---- */

static struct file *file_at(u8 n)
{
    struct file *f;

    if (fd[n % SOCKETS] < 0 || fd_get(thread_self()->fds, fd[n % SOCKETS], &f))
        return NULL;
    return f;
}

static void close_at(u8 n)
{
    if (fd[n % SOCKETS] >= 0)
        CHECK_EQ(fd_close(thread_self()->fds, fd[n % SOCKETS]), 0);
    fd[n % SOCKETS] = -1;
}

/* Consumes f. */
static void keep(u8 n, struct file *f)
{
    close_at(n);
    fd[n % SOCKETS] = fd_install(thread_self()->fds, f, 0);
    file_put(f);
}

static void open_at(u8 n)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW };
    u8 kind = byte();
    struct file *f, *pair[2];
    u32 flags = kind & 64 ? 0 : O_NONBLOCK;

    if (kind & 128) {
        if (socket_new_pair(AF_UNIX, types[kind % 3], 0, O_NONBLOCK, pair))
            return;
        keep(n, pair[0]);
        keep((u8)(n + 1), pair[1]);
    } else if (!socket_new(families[kind % 4], types[kind / 4 % 4], 0, flags, &f)) {
        keep(n, f);
    }
}

static void make_address(struct address *a)
{
    static const u16 families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC };
    u8 kind = byte();

    memset(a, 0, sizeof(*a));
    a->family = families[kind % 5];
    switch (kind / 5 % 4) {
    case 0:                                      /* one of a few abstract names             */
        a->len = 4;
        a->bytes[3] = byte() % 3;
        return;
    case 1:                                      /* one of a few paths                      */
        a->len = 5;
        a->bytes[2] = '/';
        a->bytes[3] = 'a' + byte() % 3;
        return;
    case 2:
        a->len = a->family == AF_INET6 ? 28 : a->family == AF_NETLINK ? 12 : 16;
        return;
    default:
        a->len = byte() % (ADDRESS_MAX + 1);
        fill(a->bytes + 2, min_size(a->len, 20));
        return;
    }
}

/* A well-formed control message, or bytes. */
static size_t make_control(u8 n)
{
    struct cmsghdr h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    u32 count = byte() % 4;

    if (n & 1) {
        size_t len = byte() % 120;

        fill(control_buf, len);
        return len;
    }
    if (n & 2) {
        h.cmsg_level = byte() % 60;
        h.cmsg_type = byte();
    }
    h.cmsg_len = sizeof(h) + count * sizeof(int);
    memcpy(control_buf, &h, sizeof(h));
    for (u32 i = 0; i < count; i++)
        memcpy(control_buf + sizeof(h) + i * sizeof(int), &fd[byte() % SOCKETS], sizeof(int));
    return h.cmsg_len;
}

static size_t make_len(void)
{
    u8 kind = byte();

    return kind & 1 ? kind : kind & 2 ? (size_t)kind * 273 : (size_t)kind * 4;
}

static void send_from(struct file *f)
{
    u8 how = byte();
    struct address a;
    struct iov v;
    struct message m = { .data = &v, .flags = how & 128 ? (u32)number() : MSG_DONTWAIT };

    if (how & 1) {
        make_address(&a);
        m.address = &a;
    }
    if (how & 2) {
        m.control = control_buf;
        m.control_len = make_control(how >> 2);
    }
    iov_kernel(&v, data_buf, min_size(make_len(), DATA_MAX));
    (void)!socket_send(f, &m);
}

static void recv_to(struct file *f)
{
    u8 how = byte();
    struct address a = { .len = 0 };
    struct iov v;
    struct message m = { .data = &v, .flags = how & 128 ? (u32)number() : MSG_DONTWAIT };
    u8 control[160];

    if (how & 1)
        m.address = &a;
    if (how & 2) {
        m.control_out = UPTR(control);
        m.control_room = byte() % (sizeof(control) + 1);
    }
    m.wants_flags = how & 4;
    iov_kernel(&v, data_buf, min_size(make_len(), DATA_MAX));
    (void)!socket_recv(f, &m);
    CHECK(a.len <= ADDRESS_MAX);
    /* Descriptors that came may be any of the table: forget them, the table closes them. */
}

/* A request about interfaces. */
static void ask(struct file *f)
{
    struct {
        u32 len;
        u16 type, flags;
        u32 seq, pid;
        u8 body[32];
    } request = { .len = sizeof(request),
                  .type = byte() % 2 ? 18 : 22,
                  .flags = byte() % 2 ? 0x301 : 5 };
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT };

    fill(request.body, byte() % sizeof(request.body));
    iov_kernel(&v, &request, sizeof(request));
    (void)!socket_send(f, &m);
}

static void set_or_get(struct file *f)
{
    struct option o = { .level = byte() % 60, .name = byte() % 80, .len = byte() };
    u8 how = byte();

    if (how & 2)
        o.level = SOL_SOCKET;
    fill(o.bytes, 8);
    if (how & 1)
        (void)!socket_set_option(f->priv, &o);
    else if (!socket_get_option(f->priv, &o))
        CHECK(o.len <= OPTION_MAX);
}

static void control_device(struct file *f)
{
    static const u32 commands[] = { SIOCINQ,     SIOCOUTQ,   SIOCATMARK, SIOCGIFCONF, SIOCGIFNAME,
                                    SIOCGIFADDR, SIOCGIFMTU, SIOCGPGRP,  0x1234 };
    u8 arg[64];

    fill(arg, sizeof(arg));
    memset(arg + 8, 0, 8);                       /* SIOCGIFCONF's pointer                   */
    (void)f->ops->ioctl(f, commands[byte() % ARRAY_SIZE(commands)], (u64)arg);
}

static void accept_into(struct file *f, u8 n)
{
    struct address a = { .len = 0 };
    struct file *new;

    if (!socket_accept(f, O_NONBLOCK, n & 1 ? &a : NULL, &new))
        keep(n, new);
}

static void use(struct file *f, u8 op, u8 n)
{
    struct socket *s = socket_of(f);
    struct address a;

    if (!s)
        return;                                  /* one that came by SCM_RIGHTS             */
    switch (op % 16) {
    case 0:
        make_address(&a);
        (void)s->ops->bind(s, &a);
        break;
    case 1:
        make_address(&a);
        (void)!socket_connect(f, &a);
        break;
    case 2:
        (void)(s->ops->listen && s->ops->listen(s, byte()));
        break;
    case 3:
        accept_into(f, n);
        break;
    case 4:
    case 5:
    case 6:
        send_from(f);
        break;
    case 7:
    case 8:
    case 9:
        recv_to(f);
        break;
    case 10:
        set_or_get(f);
        break;
    case 11:
        (void)s->ops->name(s, byte() % 2 ? SOCKET_PEER : SOCKET_OWN, &a);
        break;
    case 12:
        (void)(s->ops->shutdown && s->ops->shutdown(s, byte() % 3));
        break;
    case 13:
        control_device(f);
        break;
    case 14:
        (void)f->ops->ready(f);
        break;
    case 15:
        ask(f);
        break;
    }
}

static void run_op(void)
{
    u8 op = byte(), n = byte();
    struct file *f = file_at((u8)(n >> 4));

    if (op % 18 == 16)
        open_at(n);
    else if (op % 18 == 17)
        close_at(n);
    else if (f)
        use(f, op % 18, n);
    file_put(f);
}

static void show_all(void)
{
    char text[4096];
    struct strbuf s;

    strbuf_init(&s, text, sizeof(text));
    unix_show(&s);
}

/* Sockets that only hold each other go when another one is closed (unix_gc.c). */
static void close_all(void)
{
    struct file *f;

    (void)!fd_close_range(thread_self()->fds, 0, UINT32_MAX, false);
    machine.quiet = true;
    CHECK_EQ(socket_new(AF_UNIX, SOCK_DGRAM, 0, 0, &f), 0);
    file_put(f);
    machine.quiet = false;
    bounce_drain();
}

/* Pages of live.c's map stay for ever: make them before anybody counts. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    machine_start();
    for (s64 id = 0; id < LIVE_END; id += LIVE_CHUNK) {
        CHECK_EQ(live_add((hfd){ id }), 0);
        live_remove((hfd){ id });
    }
    machine.blocks = 0;
    machine_stop();
    host_target.call = host_answers;
    host_target.poll = host_polls;
    return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    in.at = data;
    in.left = size;
    machine_start_fs();
    for (u32 i = 0; i < SOCKETS; i++)
        fd[i] = -1;
    for (u32 i = 0; in.left && i < OPS_MAX; i++)
        run_op();
    show_all();
    close_all();
    machine_stop_fs();
    return 0;
}
