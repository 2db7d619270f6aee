/* SPDX-License-Identifier: MIT */
/* covers: sendto recvfrom sendmsg recvmsg connect bind */
/*
 * AF_UNIX datagram and sequenced-packet sockets: boundaries count.
 */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "tests/sys/socket_fixture.h"

static int named(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    CHECK_OK(fd);
    CHECK_OK(bind_unix(fd, path));
    return fd;
}

static ssize_t send_to(int fd, const char *path, const char *text)
{
    struct sockaddr_un name = unix_name(path);

    return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&name, sizeof(name));
}

TEST(datagrams_keep_boundaries_and_origin)
{
    struct sockaddr_un from;
    socklen_t len = sizeof(from);
    char buf[16] = "";

    int a = named("a"), b = named("b");
    CHECK_EQ(send_to(a, "b", "one"), 3);
    CHECK_EQ(send_to(a, "b", "three"), 5);
    CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 3);
    CHECK_STR(from.sun_path, "a");
    CHECK_EQ(recv(b, buf, 2, 0), 2);             /* the rest is lost                        */
    CHECK_ERR(recv(b, buf, sizeof(buf), MSG_DONTWAIT), EAGAIN);
}

TEST(trunc_tells_the_real_length)
{
    char buf[4];
    struct iovec iov = { buf, 2 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    int a = named("a");
    CHECK_EQ(send_to(a, "a", "12345"), 5);
    CHECK_EQ(send_to(a, "a", "12345"), 5);
    CHECK_EQ(recv(a, buf, 2, MSG_TRUNC | MSG_PEEK), 5);
    CHECK_EQ(recv(a, buf, 2, MSG_TRUNC), 5);
    CHECK_EQ(recvmsg(a, &m, 0), 2);
    CHECK_EQ(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
}

TEST(empty_datagrams_exist)
{
    char buf[4];

    int a = named("a");
    CHECK_EQ(send_to(a, "a", ""), 0);
    CHECK_EQ(poll_now(a, POLLIN), POLLIN);
    CHECK_EQ(recv(a, buf, sizeof(buf), 0), 0);
    CHECK_EQ(poll_now(a, POLLIN), 0);
}

TEST(connected_datagram_sockets)
{
    char buf[8] = "";

    int server = named("server"), other = named("other");
    int client = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_ERR(send(client, "x", 1, 0), ENOTCONN);
    CHECK_OK(connect_unix(client, "server"));
    CHECK_EQ(send(client, "hello", 5, 0), 5);
    CHECK_EQ(recv(server, buf, sizeof(buf), 0), 5);
    CHECK_OK(connect_unix(client, "other"));     /* again, elsewhere                        */
    CHECK_EQ(send(client, "x", 1, 0), 1);
    CHECK_EQ(recv(other, buf, sizeof(buf), 0), 1);
    CHECK_OK(close(other));
    CHECK_ERR(send(client, "x", 1, 0), ECONNREFUSED);
    /* A socket connected elsewhere takes nothing from strangers. */
    CHECK_OK(connect_unix(server, "server"));
    int stranger = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_EQ(send_to(stranger, "server", "x"), -1);
    CHECK_EQ(errno, EPERM);
}

TEST(sending_nowhere)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);

    file_put("file", "");
    CHECK_OK(bind_unix(stream, "stream"));
    CHECK_EQ(send_to(fd, "no", "x"), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(send_to(fd, "file", "x"), -1);
    CHECK_EQ(errno, ECONNREFUSED);
    CHECK_EQ(send_to(fd, "stream", "x"), -1);
    CHECK_EQ(errno, EPROTOTYPE);
}

TEST(too_large_is_emsgsize)
{
    static char data[4 << 20];
    int s[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    CHECK_ERR(send(s[0], data, sizeof(data), 0), EMSGSIZE);
    CHECK_EQ(send(s[0], data, 65536, 0), 65536);
    CHECK_EQ(recv(s[1], data, sizeof(data), 0), 65536);
}

TEST(full_queue_refuses_or_waits)
{
    int s[2], sent = 0;
    char buf[8];

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    while (send(s[0], "x", 1, MSG_DONTWAIT) == 1 && sent < 100000)
        sent++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent >= 5);
    CHECK_EQ(poll_now(s[0], POLLOUT), 0);
    for (int i = 0; i < sent; i++)
        CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 1);
    CHECK_EQ(poll_now(s[0], POLLOUT), POLLOUT);
}

TEST(gathered_messages_are_one_datagram)
{
    struct iovec iov[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };
    char buf[16] = "";
    int s[2], n;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    CHECK_EQ(sendmsg(s[0], &m, 0), 5);
    CHECK_OK(ioctl(s[1], FIONREAD, &n));
    CHECK_EQ(n, 5);
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 5);
    CHECK_STR(buf, "abcde");
    char x[3] = "", y[4] = "";
    struct iovec in[2] = { { x, 2 }, { y, 3 } };
    struct msghdr r = { .msg_iov = in, .msg_iovlen = 2 };
    CHECK_EQ(writev(s[0], iov, 3), 5);
    CHECK_EQ(recvmsg(s[1], &r, 0), 5);
    CHECK_STR(x, "ab");
    CHECK_STR(y, "cde");
    CHECK_EQ(r.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
}

TEST(seqpacket_is_a_connection_with_boundaries)
{
    char buf[16] = "";
    struct iovec iov = { buf, sizeof(buf) };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0), client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CHECK_OK(bind_unix(listener, "seq"));
    CHECK_OK(listen(listener, 5));
    CHECK_ERR(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "seq"), EPROTOTYPE);
    CHECK_OK(connect_unix(client, "seq"));
    int server = accept(listener, NULL, NULL);
    CHECK_OK(server);
    CHECK_EQ(write(client, "one", 3), 3);
    CHECK_EQ(write(client, "three", 5), 5);
    CHECK_EQ(read(server, buf, sizeof(buf)), 3);
    CHECK_EQ(recvmsg(server, &m, 0), 5);
    CHECK_EQ(m.msg_flags & MSG_TRUNC, 0);
    CHECK_EQ(write(client, "long message", 12), 12);
    CHECK_EQ(read(server, buf, 4), 4);
    CHECK_OK(close(client));
    CHECK_EQ(read(server, buf, sizeof(buf)), 0);
    CHECK_ERR(send(server, "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(seqpacket_pairs)
{
    char buf[8];
    int s[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
    CHECK_EQ(send(s[0], "ab", 2, 0), 2);
    CHECK_EQ(send(s[0], "c", 1, 0), 1);
    CHECK_EQ(recv(s[1], buf, 8, 0), 2);
    CHECK_EQ(recv(s[1], buf, 8, 0), 1);
}
