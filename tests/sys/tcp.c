/* SPDX-License-Identifier: MIT */
/* covers: socket bind listen accept accept4 connect sendto recvfrom shutdown getsockname getpeername */
/* covers: getsockopt setsockopt */
/*
 * TCP over the loopback interface, both families.
 */
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "tests/sys/socket_fixture.h"

static const int families[] = { AF_INET, AF_INET6 };

#define EACH_FAMILY(f) for (int f##_i = 0, f; f##_i < 2 && (f = families[f##_i], 1); f##_i++)

TEST(connection_carries_bytes_both_ways)
{
    EACH_FAMILY(f)
    {
        char buf[16] = "";
        int s[2];

        tcp_pair(f, s);
        CHECK_EQ(write(s[0], "hello", 5), 5);
        CHECK_EQ(read(s[1], buf, sizeof(buf)), 5);
        CHECK_STR(buf, "hello");
        CHECK_EQ(send(s[1], "world!", 6, 0), 6);
        CHECK_EQ(recv(s[0], buf, sizeof(buf), 0), 6);
        CHECK_STR(buf, "world!");
    }
}

TEST(addresses_of_both_ends)
{
    EACH_FAMILY(f)
    {
        struct sockaddr_storage a, b;
        socklen_t a_len = sizeof(a), b_len = sizeof(b);
        int s[2];

        tcp_pair(f, s);
        CHECK_OK(getsockname(s[0], (struct sockaddr *)&a, &a_len));
        CHECK_OK(getpeername(s[1], (struct sockaddr *)&b, &b_len));
        CHECK_EQ(a_len, b_len);
        CHECK_MEM(&a, &b, a_len);
        CHECK_EQ(a.ss_family, f);
    }
}

TEST(accept_tells_who_connected)
{
    struct sockaddr_in name;
    socklen_t len = sizeof(name);

    int listener = listening(AF_INET), client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(connect_port(client, AF_INET, port_of(listener)));
    int server = accept4(listener, (struct sockaddr *)&name, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK_OK(server);
    CHECK_EQ(len, sizeof(name));
    CHECK_EQ(ntohs(name.sin_port), port_of(client));
    CHECK_EQ(ntohl(name.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_EQ(fcntl(server, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(server, F_GETFL) & O_NONBLOCK);
}

TEST(nobody_listening_is_refused)
{
    int closed = bound(AF_INET, SOCK_STREAM), port = port_of(closed);

    CHECK_OK(close(closed));
    CHECK_ERR(connect_port(socket(AF_INET, SOCK_STREAM, 0), AF_INET, port), ECONNREFUSED);
}

TEST(nonblocking_connect)
{
    int error = -1;
    socklen_t len = sizeof(error);

    int listener = listening(AF_INET), port = port_of(listener);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect_port(client, AF_INET, port);
    CHECK(result == 0 || errno == EINPROGRESS);
    CHECK(poll_until(client, POLLOUT));
    CHECK_OK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len));
    CHECK_EQ(error, 0);
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(connect_port(client, AF_INET, port) == 0 || errno == EISCONN, 1);
    /* And a refused one. */
    CHECK_OK(close(listener));
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    result = connect_port(client, AF_INET, port);
    CHECK_EQ(result, -1);
    if (errno == EINPROGRESS) {
        CHECK(poll_until(client, POLLOUT));
        CHECK_OK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len));
        CHECK_EQ(error, ECONNREFUSED);
        CHECK_OK(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len));
        CHECK_EQ(error, 0);                      /* reading clears it                       */
    } else
        CHECK_EQ(errno, ECONNREFUSED);
}

TEST(end_of_stream_and_reset)
{
    char buf[16];
    int s[2];

    tcp_pair(AF_INET, s);
    CHECK_EQ(write(s[0], "last", 4), 4);
    CHECK_OK(close(s[0]));
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 4);
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 0);
    tcp_pair(AF_INET, s);
    struct linger hard = { 1, 0 };
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
    CHECK_OK(close(s[0]));                       /* sends a reset                           */
    CHECK(poll_until(s[1], POLLIN));
    CHECK_ERR(recv(s[1], buf, sizeof(buf), 0), ECONNRESET);
    CHECK_ERR(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(shutdown_half_closes)
{
    char buf[16];
    int s[2];

    tcp_pair(AF_INET, s);
    CHECK_EQ(write(s[0], "request", 7), 7);
    CHECK_OK(shutdown(s[0], SHUT_WR));
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 7);
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 0);
    CHECK_EQ(poll_now(s[1], POLLRDHUP) & POLLRDHUP, POLLRDHUP);
    CHECK_EQ(write(s[1], "answer", 6), 6);
    CHECK_EQ(recv(s[0], buf, sizeof(buf), 0), 6);
    CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(peek_waitall_and_dontwait)
{
    char buf[16] = "";
    int s[2], n = 0;

    tcp_pair(AF_INET, s);
    CHECK_ERR(recv(s[1], buf, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(write(s[0], "abcdef", 6), 6);
    CHECK(poll_until(s[1], POLLIN));
    CHECK_EQ(recv(s[1], buf, 3, MSG_PEEK), 3);
    CHECK_OK(ioctl(s[1], FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_EQ(recv(s[1], buf, 6, MSG_WAITALL), 6);
    CHECK_STR(buf, "abcdef");
}

static void *sink(void *fd)
{
    static char buf[65536];
    long total = 0;
    ssize_t n;

    while ((n = recv(*(int *)fd, buf, sizeof(buf), 0)) > 0)
        total += n;
    return (void *)(n == 0 ? total : -1L);
}

TEST(megabytes_arrive)
{
    enum { SIZE = 8 << 20 };
    char *data = calloc(1, SIZE);
    int s[2];

    tcp_pair(AF_INET, s);
    pthread_t t = thread_start(sink, &s[1]);
    for (size_t sent = 0; sent < SIZE;) {
        ssize_t n = send(s[0], data + sent, SIZE - sent, 0);
        CHECK(n > 0);
        sent += (size_t)n;
    }
    CHECK_OK(close(s[0]));
    CHECK_EQ(thread_join(t), SIZE);
    free(data);
}

TEST(sendfile_to_a_connection)
{
    static char data[300000], back[300000];
    int s[2];

    fill_pattern(data, sizeof(data), 9);
    file_write("f", data, sizeof(data));
    tcp_pair(AF_INET, s);
    int fd = open("f", O_RDONLY);
    size_t got = 0;
    CHECK_OK(fcntl(s[0], F_SETFL, O_NONBLOCK));
    while (got < sizeof(data)) {
        ssize_t n = sendfile(s[0], fd, NULL, sizeof(data));
        CHECK(n >= 0 || errno == EAGAIN);
        n = recv(s[1], back + got, sizeof(back) - got, MSG_DONTWAIT);
        if (n > 0)
            got += (size_t)n;
    }
    CHECK_MEM(data, back, sizeof(data));
}

TEST(options_come_back)
{
    int value, s[2];
    socklen_t len = sizeof(value);

    tcp_pair(AF_INET, s);
    value = 1;
    CHECK_OK(setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value)));
    value = 0;
    CHECK_OK(getsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &value, &len));
    CHECK(value);
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value)));
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, &len));
    CHECK(value);
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &len));
    CHECK_EQ(value, SOCK_STREAM);
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_DOMAIN, &value, &len));
    CHECK_EQ(value, AF_INET);
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_PROTOCOL, &value, &len));
    CHECK_EQ(value, IPPROTO_TCP);
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_ACCEPTCONN, &value, &len));
    CHECK_EQ(value, 0);
    CHECK_OK(getsockopt(listening(AF_INET), SOL_SOCKET, SO_ACCEPTCONN, &value, &len));
    CHECK_EQ(value, 1);
    value = 50000;
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof(value)));
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, &len));
    CHECK_EQ(value, 100000);                     /* doubled, as socket(7) says              */
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &value, &len));
    CHECK(value > 1000);
    struct linger linger = { 1, 7 };
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    len = sizeof(linger);
    linger = (struct linger){ 0, 0 };
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_LINGER, &linger, &len));
    CHECK(linger.l_onoff && linger.l_linger == 7);
}

TEST(option_errors)
{
    int value = 1, s[2];
    socklen_t len = sizeof(value);

    tcp_pair(AF_INET, s);
    CHECK_ERR(getsockopt(s[0], SOL_SOCKET, 9999, &value, &len), ENOPROTOOPT);
    CHECK_ERR(setsockopt(s[0], SOL_SOCKET, 9999, &value, len), ENOPROTOOPT);
    CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &value, 1), EINVAL);
    CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, len), ENOPROTOOPT);
    CHECK_ERR(syscall(SYS_setsockopt, s[0], SOL_SOCKET, SO_KEEPALIVE, BAD_POINTER, 4), EFAULT);
    CHECK_ERR(syscall(SYS_getsockopt, s[0], SOL_SOCKET, SO_TYPE, BAD_POINTER, &len), EFAULT);
    CHECK_ERR(syscall(SYS_getsockopt, s[0], SOL_SOCKET, SO_TYPE, &value, BAD_POINTER), EFAULT);
    len = (socklen_t)-1;
    CHECK_ERR(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &len), EINVAL);
    len = 2;                                     /* cut                                     */
    value = 0x55555555;
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &len));
    CHECK_EQ(len, 2);
    CHECK_EQ(value, 0x55550000 | SOCK_STREAM);
    CHECK_ERR(getsockopt(-1, SOL_SOCKET, SO_TYPE, &value, &len), EBADF);
    CHECK_ERR(getsockopt(open("/dev/null", O_RDONLY), SOL_SOCKET, SO_TYPE, &value, &len), ENOTSOCK);
}

TEST(addresses_in_use_and_reuse)
{
    int on = 1;

    int listener = listening(AF_INET), port = port_of(listener);
    struct sockaddr_storage name;
    socklen_t len = loopback(AF_INET, port, &name);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    CHECK_ERR(bind(other, (struct sockaddr *)&name, len), EADDRINUSE);
    CHECK_ERR(bind(listener, (struct sockaddr *)&name, len), EINVAL); /* bound already      */
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(connect_port(client, AF_INET, port));
    int server = accept(listener, NULL, NULL);
    CHECK_OK(close(server));                     /* our side closes first: TIME_WAIT        */
    CHECK_OK(close(listener));
    CHECK_OK(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    CHECK_OK(bind(other, (struct sockaddr *)&name, len));
    CHECK_OK(close(client));
}

TEST(bad_addresses)
{
    struct sockaddr_storage name;
    socklen_t len = loopback(AF_INET, 0, &name);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERR(bind(fd, (struct sockaddr *)&name, len - 1), EINVAL);
    CHECK_ERR(syscall(SYS_bind, fd, BAD_POINTER, len), EFAULT);
    ((struct sockaddr_in *)&name)->sin_addr.s_addr = htonl(0x01020304); /* not ours         */
    CHECK_ERR(bind(fd, (struct sockaddr *)&name, len), EADDRNOTAVAIL);
    name.ss_family = AF_UNIX;
    CHECK_ERR(bind(fd, (struct sockaddr *)&name, len), EAFNOSUPPORT);
    CHECK_ERR(connect(fd, (struct sockaddr *)&name, len), EAFNOSUPPORT);
    CHECK_ERR(connect(fd, (struct sockaddr *)&name, 1), EINVAL);
    CHECK_ERR(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE); /* never connected                    */
    char c;
    CHECK_ERR(recv(fd, &c, 1, MSG_DONTWAIT), ENOTCONN);
    CHECK_ERR(shutdown(fd, SHUT_WR), ENOTCONN);
    CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
}

TEST(time_limits)
{
    struct timeval limit = { 0, 20000 }, back = { 0, 0 };
    socklen_t len = sizeof(back);
    char c;
    int s[2];

    tcp_pair(AF_INET, s);
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &back, &len));
    CHECK_EQ(back.tv_usec, 20000);
    int64_t start = now_ns();
    CHECK_ERR(recv(s[0], &c, 1, 0), EAGAIN);
    CHECK(now_ns() - start >= 19 * MS);
    static char data[1 << 16];
    CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
    while (send(s[0], data, sizeof(data), 0) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
    int listener = listening(AF_INET);
    CHECK_OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    CHECK_ERR(accept(listener, NULL, NULL), EAGAIN);
    limit.tv_usec = 1000000;
    CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), EDOM);
}

TEST(epoll_follows_a_connection)
{
    struct epoll_event e = { .events = EPOLLIN }, got;
    char c;

    int ep = epoll_create1(0), listener = listening(AF_INET);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e));
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(connect_port(client, AF_INET, port_of(listener)));
    CHECK_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    int server = accept(listener, NULL, NULL);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_DEL, listener, NULL));
    e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, server, &e));
    CHECK_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    CHECK_EQ(got.events, EPOLLOUT);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    CHECK_EQ(write(client, "x", 1), 1);
    CHECK_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    CHECK(got.events & EPOLLIN);
    CHECK_EQ(read(server, &c, 1), 1);
    CHECK_OK(close(client));
    CHECK_EQ(epoll_wait(ep, &got, 1, 10000), 1);
    CHECK(got.events & EPOLLRDHUP);
}

static void *connect_soon(void *port)
{
    settle();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_OK(connect_port(fd, AF_INET, (int)(long)port));
    CHECK_EQ(write(fd, "x", 1), 1);
    return (void *)(long)fd;
}

TEST(accept_and_read_wait_for_other_threads)
{
    char c;
    int listener = listening(AF_INET);

    pthread_t t = thread_start(connect_soon, (void *)(long)port_of(listener));
    int server = accept(listener, NULL, NULL);
    CHECK_OK(server);
    CHECK_EQ(read(server, &c, 1), 1);
    thread_join(t);
}

static void *shut_down_soon(void *fd)
{
    settle();
    CHECK_OK(shutdown(*(int *)fd, SHUT_RDWR));
    return NULL;
}

TEST(shutdown_wakes_a_blocked_reader)
{
    char c;
    int s[2];

    tcp_pair(AF_INET, s);
    pthread_t t = thread_start(shut_down_soon, &s[0]);
    CHECK_EQ(read(s[0], &c, 1), 0);
    thread_join(t);
}

TEST(out_of_band_byte)
{
    char c = 0;
    int s[2];

    tcp_pair(AF_INET, s);
    CHECK_EQ(send(s[0], "ab", 2, 0), 2);
    CHECK_EQ(send(s[0], "!", 1, MSG_OOB), 1);
    CHECK(poll_until(s[1], POLLPRI));
    CHECK_EQ(recv(s[1], &c, 1, MSG_OOB), 1);
    CHECK_EQ(c, '!');
}

CHILD(echo_server)
{
    char buf[64];
    ssize_t n;

    int fd = accept(atoi(argv[0]), NULL, NULL);
    CHECK_OK(fd);
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        CHECK_EQ(write(fd, buf, (size_t)n), n);
    return 0;
}

TEST(processes_talk_over_an_inherited_listener)
{
    char buf[8] = "";
    int listener = listening(AF_INET), port = port_of(listener);

    pid_t pid = child_start("echo_server", number(listener));
    CHECK_OK(close(listener));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_OK(connect_port(fd, AF_INET, port));
    for (int i = 0; i < 50; i++) {
        CHECK_EQ(write(fd, "ping", 4), 4);
        CHECK_EQ(recv(fd, buf, 4, MSG_WAITALL), 4);
    }
    CHECK_OK(close(fd));
    CHECK_EXIT(pid, 0);
}
