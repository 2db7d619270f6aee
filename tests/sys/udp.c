/* SPDX-License-Identifier: MIT */
/* covers: sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg connect */
/*
 * UDP over the loopback interface, and the calls for many messages.
 */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/sys/socket_fixture.h"

static ssize_t send_text(int fd, int family, int port, const char *text)
{
    struct sockaddr_storage name;
    socklen_t len = loopback(family, port, &name);

    return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&name, len);
}

TEST(datagrams_arrive_with_their_origin)
{
    static const int families[] = { AF_INET, AF_INET6 };

    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_storage from, want;
        socklen_t len = sizeof(from);
        char buf[16] = "";
        int f = families[i];

        int a = bound(f, SOCK_DGRAM), b = bound(f, SOCK_DGRAM);
        CHECK_EQ(send_text(a, f, port_of(b), "hello"), 5);
        CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
        CHECK_STR(buf, "hello");
        CHECK_EQ(len, loopback(f, port_of(a), &want));
        CHECK_MEM(&from, &want, f == AF_INET ? 8 : len);
    }
}

TEST(boundaries_truncation_and_empty_datagrams)
{
    char buf[8];
    int n;

    int a = bound(AF_INET, SOCK_DGRAM), port = port_of(a);
    CHECK_EQ(send_text(a, AF_INET, port, "123456"), 6);
    CHECK_EQ(send_text(a, AF_INET, port, ""), 0);
    CHECK_EQ(send_text(a, AF_INET, port, "x"), 1);
    CHECK_OK(ioctl(a, FIONREAD, &n));
    CHECK_EQ(n, 6);                              /* of the first                            */
    CHECK_EQ(recv(a, buf, 2, MSG_PEEK | MSG_TRUNC), 6);
    CHECK_EQ(recv(a, buf, 2, 0), 2);
    CHECK_EQ(recv(a, buf, sizeof(buf), 0), 0);
    CHECK_EQ(recv(a, buf, sizeof(buf), 0), 1);
    CHECK_ERR(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

TEST(sizes_up_to_65507)
{
    static char data[70000];

    int a = bound(AF_INET, SOCK_DGRAM);
    CHECK_OK(connect_port(a, AF_INET, port_of(a)));
    CHECK_ERR(send(a, data, 65508, 0), EMSGSIZE);
    CHECK_EQ(send(a, data, 65507, 0), 65507);
    CHECK_EQ(recv(a, data, sizeof(data), 0), 65507);
}

TEST(connected_sockets_hear_their_peer_only)
{
    char buf[8] = "";

    int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET, SOCK_DGRAM),
        c = bound(AF_INET, SOCK_DGRAM);
    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
    CHECK_OK(connect_port(a, AF_INET, port_of(b)));
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(recv(b, buf, sizeof(buf), 0), 1);
    CHECK_EQ(send_text(c, AF_INET, port_of(a), "stranger"), 8);
    CHECK_EQ(send_text(b, AF_INET, port_of(a), "friend"), 6);
    CHECK_EQ(recv(a, buf, 6, 0), 6);
    CHECK_MEM(buf, "friend", 6);
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    CHECK_OK(connect(a, &none, sizeof(none)));   /* dissolves the association               */
    CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
}

TEST(refusal_is_reported_on_connected_sockets)
{
    char buf[8];

    int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET, SOCK_DGRAM);
    CHECK_OK(connect_port(a, AF_INET, port_of(b)));
    CHECK_OK(close(b));
    CHECK_EQ(send(a, "x", 1, 0), 1);
    CHECK_EQ(poll_until(a, POLLIN | POLLERR), 1);
    CHECK_ERR(recv(a, buf, sizeof(buf), MSG_DONTWAIT), ECONNREFUSED);
    CHECK_ERR(recv(a, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

TEST(scatter_and_gather)
{
    char x[3] = "", y[8] = "";
    struct iovec out[2] = { { "ab", 2 }, { "cde", 3 } }, in[2] = { { x, 2 }, { y, 7 } };
    struct sockaddr_storage name;
    struct msghdr m = { .msg_name = &name, .msg_iov = out, .msg_iovlen = 2 };

    int a = bound(AF_INET, SOCK_DGRAM);
    m.msg_namelen = loopback(AF_INET, port_of(a), &name);
    CHECK_EQ(sendmsg(a, &m, 0), 5);
    struct msghdr r = {
        .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = in, .msg_iovlen = 2
    };
    CHECK_EQ(recvmsg(a, &r, 0), 5);
    CHECK_STR(x, "ab");
    CHECK_STR(y, "cde");
    CHECK_EQ(r.msg_namelen, sizeof(struct sockaddr_in));
    CHECK_EQ(r.msg_flags, 0);
}

struct message {
    struct msghdr header;
    unsigned len;
};

static long mmsg(long nr, int fd, struct message *m, unsigned count, int flags,
                 struct timespec *limit)
{
    return nr == SYS_sendmmsg ? syscall(nr, fd, m, count, flags)
                              : syscall(nr, fd, m, count, flags, limit);
}

TEST(many_messages_by_one_call)
{
    static const char *const texts[] = { "a", "bb", "ccc", "dddd" };
    struct message out[4] = { 0 }, in[6] = { 0 };
    struct iovec out_iov[4], in_iov[6];
    char bufs[6][8];

    int a = bound(AF_INET, SOCK_DGRAM);
    CHECK_OK(connect_port(a, AF_INET, port_of(a)));
    for (int i = 0; i < 4; i++) {
        out_iov[i] = (struct iovec){ (char *)texts[i], strlen(texts[i]) };
        out[i].header = (struct msghdr){ .msg_iov = &out_iov[i], .msg_iovlen = 1 };
    }
    CHECK_EQ(mmsg(SYS_sendmmsg, a, out, 4, 0, NULL), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(out[i].len, i + 1);
    for (int i = 0; i < 6; i++) {
        in_iov[i] = (struct iovec){ bufs[i], 8 };
        in[i].header = (struct msghdr){ .msg_iov = &in_iov[i], .msg_iovlen = 1 };
    }
    CHECK_EQ(mmsg(SYS_recvmmsg, a, in, 2, 0, NULL), 2);
    CHECK_EQ(in[1].len, 2);
    CHECK_EQ(mmsg(SYS_recvmmsg, a, in, 6, 0x10000 /* MSG_WAITFORONE */, NULL), 2);
    CHECK_EQ(in[0].len, 3);
    CHECK_EQ(in[1].len, 4);
    CHECK_ERR(mmsg(SYS_recvmmsg, a, in, 6, MSG_DONTWAIT, NULL), EAGAIN);
    CHECK_EQ(mmsg(SYS_sendmmsg, a, out, 0, 0, NULL), 0);
    CHECK_ERR(mmsg(SYS_sendmmsg, a, BAD_POINTER, 1, 0, NULL), EFAULT);
    CHECK_ERR(mmsg(SYS_recvmmsg, -1, in, 1, 0, NULL), EBADF);
}

TEST(broadcast_and_wildcard_rules)
{
    struct sockaddr_in name = { .sin_family = AF_INET,
                                .sin_port = htons(9),
                                .sin_addr.s_addr = htonl(INADDR_BROADCAST) };

    int a = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(sendto(a, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), -1);
    CHECK(errno == EACCES || errno == ENETUNREACH);
    name.sin_addr.s_addr = htonl(INADDR_ANY);
    name.sin_port = 0;
    a = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(bind(a, (struct sockaddr *)&name, sizeof(name)));
    CHECK(port_of(a) > 0);
}

TEST(two_sockets_on_one_port_with_reuseport)
{
    struct sockaddr_storage name;
    int on = 1;

    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_OK(setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
    CHECK_OK(setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)));
    socklen_t len = loopback(AF_INET, 0, &name);
    CHECK_OK(bind(a, (struct sockaddr *)&name, len));
    len = loopback(AF_INET, port_of(a), &name);
    CHECK_OK(bind(b, (struct sockaddr *)&name, len));
}

TEST(socket_creation_errors)
{
    CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, SOCK_STREAM, 255), EPROTONOSUPPORT);
    CHECK_ERR(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
}

TEST(mapped_addresses_reach_ipv4)
{
    struct sockaddr_in6 name = { .sin6_family = AF_INET6 };
    char buf[8];

    int four = bound(AF_INET, SOCK_DGRAM), six = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &name.sin6_addr), 1);
    name.sin6_port = htons((uint16_t)port_of(four));
    CHECK_EQ(sendto(six, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), 1);
    CHECK_EQ(recv(four, buf, sizeof(buf), 0), 1);
    int only = 1, again = socket(AF_INET6, SOCK_DGRAM, 0);
    CHECK_OK(setsockopt(again, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)));
    CHECK_EQ(sendto(again, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)), -1);
}
