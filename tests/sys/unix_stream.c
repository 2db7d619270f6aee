/* SPDX-License-Identifier: MIT */
/* covers: socket socketpair bind listen accept accept4 connect shutdown sendto recvfrom */
/* covers: getsockname getpeername */
/*
 * AF_UNIX stream sockets.
 */
#include <sys/ioctl.h>

#include "tests/sys/socket_fixture.h"

static void pair_of(int s[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

TEST(pairs_talk_both_ways)
{
    char buf[8] = "";
    int s[2];

    pair_of(s);
    CHECK_EQ(write(s[0], "ping", 4), 4);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 4);
    CHECK_STR(buf, "ping");
    CHECK_EQ(send(s[1], "pong", 4, 0), 4);
    CHECK_EQ(recv(s[0], buf, sizeof(buf), 0), 4);
    CHECK_STR(buf, "pong");
}

TEST(boundaries_are_not_kept)
{
    char buf[16] = "";
    int s[2];

    pair_of(s);
    CHECK_EQ(write(s[0], "abc", 3), 3);
    CHECK_EQ(write(s[0], "def", 3), 3);
    CHECK_EQ(read(s[1], buf, 4), 4);
    CHECK_EQ(read(s[1], buf + 4, 8), 2);
    CHECK_STR(buf, "abcdef");
}

TEST(server_and_client_by_path)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);
    struct stat st;
    char buf[8] = "";

    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(lstat("path", &st));
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_OK(listen(listener, 5));
    CHECK_OK(connect_unix(client, "path"));
    CHECK_EQ(write(client, "early", 5), 5);      /* before accept                           */
    int server = accept(listener, (struct sockaddr *)&name, &len);
    CHECK_OK(server);
    CHECK_EQ(len, sizeof(sa_family_t));          /* the client has no name                  */
    CHECK_EQ(name.sun_family, AF_UNIX);
    CHECK_EQ(read(server, buf, sizeof(buf)), 5);
    len = sizeof(name);
    CHECK_OK(getpeername(client, (struct sockaddr *)&name, &len));
    CHECK_STR(name.sun_path, "path");
    len = sizeof(name);
    CHECK_OK(getsockname(server, (struct sockaddr *)&name, &len));
    CHECK_STR(name.sun_path, "path");
}

TEST(backlog_limits_waiting_connections)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    int last = 0, connected = 0;

    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(listen(listener, 2));
    for (int i = 0; i < 20 && last == 0; i++) {
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        last = connect_unix(client, "path") == 0 ? 0 : errno;
        connected += last == 0;
    }
    CHECK_EQ(last, EAGAIN);
    CHECK(connected >= 2 && connected <= 4);
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), "path"));
}

TEST(accept4_flags)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    CHECK_EQ(fcntl(listener, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(listener, F_GETFL) & O_NONBLOCK);
    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(listen(listener, 5));
    CHECK_ERR(accept(listener, NULL, NULL), EAGAIN);
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "path"));
    CHECK_OK(connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "path"));
    int a = accept(listener, NULL, NULL);
    CHECK_EQ(fcntl(a, F_GETFD), 0);
    CHECK(!(fcntl(a, F_GETFL) & O_NONBLOCK));    /* not inherited on Linux                  */
    int b = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK_EQ(fcntl(b, F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(b, F_GETFL) & O_NONBLOCK);
    CHECK_ERR(syscall(SYS_accept4, listener, NULL, NULL, 0x1000), EINVAL);
}

static void *connect_soon(UNUSED void *arg)
{
    settle();
    return (void *)(long)connect_unix(socket(AF_UNIX, SOCK_STREAM, 0), "path");
}

TEST(accept_waits)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(listen(listener, 5));
    pthread_t t = thread_start(connect_soon, NULL);
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(thread_join(t), 0);
}

TEST(connecting_fails_cleanly)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);
    int dgram = socket(AF_UNIX, SOCK_DGRAM, 0);

    file_put("file", "");
    CHECK_OK(bind_unix(other, "not-listening"));
    CHECK_OK(bind_unix(dgram, "dgram"));
    CHECK_ERR(connect_unix(fd, "no"), ENOENT);
    CHECK_ERR(connect_unix(fd, "file"), ECONNREFUSED);
    CHECK_ERR(connect_unix(fd, "not-listening"), ECONNREFUSED);
    CHECK_ERR(connect_unix(fd, "dgram"), EPROTOTYPE);
    CHECK_OK(close(other));
    CHECK_ERR(connect_unix(fd, "not-listening"), ECONNREFUSED); /* the node stays           */
    CHECK_ERR(listen(dgram, 1), EOPNOTSUPP);
}

TEST(states)
{
    int s[2];
    char c;

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_ERR(recv(fd, &c, 1, MSG_DONTWAIT), EINVAL);
    CHECK_ERR(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_ERR(getpeername(fd, (struct sockaddr *)&(struct sockaddr_un){ 0 }, &(socklen_t){ 110 }),
              ENOTCONN);
    CHECK_ERR(listen(fd, 1), EINVAL);            /* no name                                 */
    CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
    CHECK_OK(bind_unix(fd, "path"));
    CHECK_ERR(bind_unix(fd, "other"), EINVAL);
    CHECK_OK(listen(fd, 1));
    CHECK_OK(listen(fd, 5));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_OK(connect_unix(client, "path"));
    CHECK_ERR(connect_unix(client, "path"), EISCONN);
    pair_of(s);
    CHECK_ERR(connect_unix(s[0], "path"), EISCONN);
    CHECK_ERR(sendto(s[0], "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){ AF_UNIX, "path" },
                     sizeof(struct sockaddr_un)),
              EISCONN);
}

TEST(end_of_stream)
{
    char buf[8];
    int s[2];

    pair_of(s);
    CHECK_EQ(write(s[0], "abc", 3), 3);
    CHECK_OK(close(s[0]));
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 3);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 0);
    CHECK_EQ(poll_now(s[1], POLLIN) & (POLLIN | POLLHUP), POLLIN | POLLHUP);
    CHECK_ERR(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(unread_data_at_close_resets_the_peer)
{
    char buf[8];
    int s[2];

    pair_of(s);
    CHECK_EQ(write(s[0], "abc", 3), 3);
    CHECK_OK(close(s[1]));
    CHECK_ERR(read(s[0], buf, sizeof(buf)), ECONNRESET);
    CHECK_EQ(read(s[0], buf, sizeof(buf)), 0);
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(UNUSED int signal)
{
    sigpipes++;
}

TEST(sigpipe_unless_nosignal)
{
    int s[2];

    sigpipes = 0;
    signal_handle(SIGPIPE, on_sigpipe, 0);
    pair_of(s);
    CHECK_OK(close(s[1]));
    CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(sigpipes, 0);
    CHECK_ERR(write(s[0], "x", 1), EPIPE);
    CHECK_EQ(sigpipes, 1);
}

TEST(shutdown_closes_each_direction)
{
    char buf[8];
    int s[2];

    pair_of(s);
    CHECK_EQ(write(s[0], "abc", 3), 3);
    CHECK_OK(shutdown(s[0], SHUT_WR));
    CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 3);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 0);
    CHECK_EQ(write(s[1], "back", 4), 4);         /* the other way is open                   */
    CHECK_EQ(read(s[0], buf, sizeof(buf)), 4);
    CHECK_OK(shutdown(s[0], SHUT_RD));
    CHECK_ERR(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(s[0], buf, sizeof(buf)), 0);
    CHECK_ERR(shutdown(s[0], 3), EINVAL);
    CHECK_ERR(shutdown(-1, SHUT_RD), EBADF);
    CHECK_ERR(shutdown(open("/dev/null", O_RDONLY), SHUT_RD), ENOTSOCK);
}

TEST(peek_leaves_the_data)
{
    char buf[8] = "";
    int s[2], n;

    pair_of(s);
    CHECK_EQ(write(s[0], "abcdef", 6), 6);
    CHECK_EQ(recv(s[1], buf, 3, MSG_PEEK), 3);
    CHECK_STR(buf, "abc");
    CHECK_OK(ioctl(s[1], FIONREAD, &n));
    CHECK_EQ(n, 6);
    CHECK_EQ(recv(s[1], buf, sizeof(buf), 0), 6);
    CHECK_ERR(recv(s[1], buf, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_ERR(recv(s[1], buf, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

static int late_writer;

static void *write_in_parts(UNUSED void *arg)
{
    for (int i = 0; i < 4; i++) {
        sleep_ms(3);
        CHECK_EQ(write(late_writer, "ab", 2), 2);
    }
    return NULL;
}

TEST(waitall_waits_for_everything)
{
    char buf[16] = "";
    int s[2];

    pair_of(s);
    late_writer = s[0];
    pthread_t t = thread_start(write_in_parts, NULL);
    CHECK_EQ(recv(s[1], buf, 8, MSG_WAITALL), 8);
    CHECK_STR(buf, "abababab");
    thread_join(t);
    CHECK_EQ(write(s[0], "xyz", 3), 3);
    CHECK_OK(close(s[0]));
    CHECK_EQ(recv(s[1], buf, 8, MSG_WAITALL), 3); /* or until the end                       */
}

TEST(full_buffers_block_or_refuse)
{
    static char data[1 << 20];
    int s[2];

    pair_of(s);
    CHECK_OK(fcntl(s[0], F_SETFL, O_NONBLOCK));
    ssize_t n = write(s[0], data, sizeof(data));
    CHECK(n > 50000 && n < (ssize_t)sizeof(data));
    while (write(s[0], data, 1000) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(poll_now(s[0], POLLOUT), 0);
    while (recv(s[1], data, sizeof(data), MSG_DONTWAIT) > 0)
        ;
    CHECK_EQ(poll_now(s[0], POLLOUT), POLLOUT);
}

static void *drain_slowly(void *fd)
{
    static char buf[10000];
    long total = 0;
    ssize_t n;

    while ((n = read(*(int *)fd, buf, sizeof(buf))) > 0)
        total += n;
    return (void *)total;
}

TEST(large_transfers_are_whole)
{
    enum { SIZE = 3000000 };
    char *data = malloc(SIZE);
    int s[2];

    pair_of(s);
    pthread_t t = thread_start(drain_slowly, &s[1]);
    CHECK_EQ(write(s[0], data, SIZE), SIZE);
    CHECK_OK(close(s[0]));
    CHECK_EQ(thread_join(t), SIZE);
    free(data);
}

TEST(socket_arguments)
{
    int s[2];

    CHECK_ERR(socket(999, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socket(AF_UNIX, 77, 0), EINVAL);
    CHECK_EQ(socket(AF_UNIX, SOCK_STREAM, 9), -1);
    CHECK_EQ(errno, EPROTONOSUPPORT);
    CHECK_OK(socket(AF_UNIX, SOCK_STREAM, PF_UNIX));
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
    CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
    CHECK_ERR(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD_POINTER), EFAULT);
    int fd = open("/dev/null", O_RDONLY);
    CHECK_EQ(fd, 4);                             /* 3 is the one socket made; failures leave none */
    CHECK_ERR(listen(fd, 1), ENOTSOCK);
    CHECK_ERR(accept(fd, NULL, NULL), ENOTSOCK);
    CHECK_ERR(connect_unix(fd, "x"), ENOTSOCK);
    CHECK_ERR(send(fd, "x", 1, 0), ENOTSOCK);
    CHECK_ERR(recv(-1, s, 1, 0), EBADF);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
    CHECK_EQ(fcntl(s[1], F_GETFD), FD_CLOEXEC);
    CHECK(fcntl(s[1], F_GETFL) & O_NONBLOCK);
    CHECK_ERR(lseek(s[0], 0, SEEK_SET), ESPIPE);
}

CHILD(talk)
{
    char buf[8];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK_OK(connect_unix(fd, argv[0]));
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 2);
    return 0;
}

TEST(processes_talk)
{
    char buf[8] = "";
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(listen(listener, 5));
    pid_t pid = child_start("talk", "path");
    int server = accept(listener, NULL, NULL);
    CHECK_EQ(read(server, buf, sizeof(buf)), 5);
    CHECK_EQ(write(server, "ok", 2), 2);
    CHECK_EQ(read(server, buf, sizeof(buf)), 0);
    CHECK_EXIT(pid, 0);
}
