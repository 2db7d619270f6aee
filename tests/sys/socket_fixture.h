/* SPDX-License-Identifier: MIT */
/*
 * What the socket tests share: addresses and connected pairs.
 */
#ifndef TESTS_SYS_SOCKET_FIXTURE_H
#define TESTS_SYS_SOCKET_FIXTURE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/sys/sys.h"

UNUSED static struct sockaddr_un unix_name(const char *path)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };

    strcpy(name.sun_path, path);
    return name;
}

/* An abstract name of this test and process; returns the length of the address. */
UNUSED static socklen_t unix_abstract(struct sockaddr_un *ret, const char *tag)
{
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int n = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "sys-%d-%s", getpid(), tag);

    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

UNUSED static int bind_unix(int fd, const char *path)
{
    struct sockaddr_un name = unix_name(path);

    return bind(fd, (struct sockaddr *)&name, sizeof(name));
}

UNUSED static int connect_unix(int fd, const char *path)
{
    struct sockaddr_un name = unix_name(path);

    return connect(fd, (struct sockaddr *)&name, sizeof(name));
}

/* 127.0.0.1 or ::1 with this port in host order; returns the length. */
UNUSED static socklen_t loopback(int family, int port, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)ret;
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    in6->sin6_addr = in6addr_loopback;
    return sizeof(*in6);
}

/* The local port of a socket, host order. */
UNUSED static int port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);

    CHECK_OK(getsockname(fd, (struct sockaddr *)&name, &len));
    return ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                           : ((struct sockaddr_in6 *)&name)->sin6_port);
}

/* A socket bound to a free port of the loopback address. */
UNUSED static int bound(int family, int type)
{
    struct sockaddr_storage name;
    socklen_t len = loopback(family, 0, &name);
    int fd = socket(family, type, 0);

    CHECK_OK(fd);
    CHECK_OK(bind(fd, (struct sockaddr *)&name, len));
    return fd;
}

UNUSED static int listening(int family)
{
    int fd = bound(family, SOCK_STREAM);

    CHECK_OK(listen(fd, 16));
    return fd;
}

UNUSED static int connect_port(int fd, int family, int port)
{
    struct sockaddr_storage name;
    socklen_t len = loopback(family, port, &name);

    return connect(fd, (struct sockaddr *)&name, len);
}

/* Two ends of a TCP connection. */
UNUSED static void tcp_pair(int family, int ret[2])
{
    int listener = listening(family);

    ret[0] = socket(family, SOCK_STREAM, 0);
    CHECK_OK(ret[0]);
    CHECK_OK(connect_port(ret[0], family, port_of(listener)));
    ret[1] = accept(listener, NULL, NULL);
    CHECK_OK(ret[1]);
    CHECK_OK(close(listener));
}

/* What poll says of one descriptor now. */
UNUSED static short poll_now(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    CHECK_OK(poll(&p, 1, 0));
    return p.revents;
}

UNUSED static bool poll_until(int fd, short events)
{
    struct pollfd p = { fd, events, 0 };

    return poll(&p, 1, 10000) == 1 && (p.revents & events);
}

#endif
