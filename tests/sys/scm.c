/* SPDX-License-Identifier: MIT */
/* covers: sendmsg recvmsg getsockopt setsockopt */
/*
 * Descriptors and credentials in messages.
 */
#include <sys/uio.h>

#include "tests/sys/socket_fixture.h"

/* musl's own copies control data through a buffer of 1 KiB. */
#define sendmsg(fd, message, flags) syscall(SYS_sendmsg, fd, message, flags)

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * 260)];
};

/* Sends text with count descriptors. */
static ssize_t send_fds(int s, const char *text, const int *fds, int count)
{
    static union control control;
    struct iovec iov = { (char *)text, strlen(text) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count) };

    memset(&control, 0, sizeof(control));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
    return sendmsg(s, &m, MSG_NOSIGNAL);
}

/* Receives up to room descriptors; returns their number, and the message's flags. */
static int receive_fds(int s, int flags, int room, int *ret, int *ret_flags)
{
    static union control control;
    char buf[64];
    struct iovec iov = { buf, sizeof(buf) };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)room) };

    CHECK_OK(recvmsg(s, &m, flags));
    if (ret_flags)
        *ret_flags = m.msg_flags;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (!c)
        return 0;
    CHECK_EQ(c->cmsg_level, SOL_SOCKET);
    CHECK_EQ(c->cmsg_type, SCM_RIGHTS);
    int count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(ret, CMSG_DATA(c), sizeof(int) * (size_t)count);
    return count;
}

static void pair_of(int s[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
}

TEST(descriptors_arrive_open_and_lowest)
{
    int s[2], p[2], got[4];
    char c;

    pair_of(s);
    CHECK_OK(pipe(p));
    CHECK_EQ(send_fds(s[0], "x", &p[1], 1), 1);
    CHECK_OK(close(p[1]));                       /* in flight it stays open                 */
    CHECK_EQ(receive_fds(s[1], 0, 4, got, NULL), 1);
    CHECK_EQ(got[0], p[1]);                      /* the lowest free number                  */
    CHECK_EQ(fcntl(got[0], F_GETFD), 0);
    CHECK_EQ(write(got[0], "!", 1), 1);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_OK(close(got[0]));
    CHECK_EQ(read(p[0], &c, 1), 0);
}

TEST(cloexec_on_request)
{
    int s[2], got[1];

    pair_of(s);
    CHECK_EQ(send_fds(s[0], "x", &s[0], 1), 1);
    CHECK_EQ(receive_fds(s[1], MSG_CMSG_CLOEXEC, 1, got, NULL), 1);
    CHECK_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
}

TEST(open_files_are_shared_not_copied)
{
    int s[2], got[1];
    char c;

    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    pair_of(s);
    CHECK_EQ(send_fds(s[0], "x", &fd, 1), 1);
    CHECK_EQ(receive_fds(s[1], 0, 1, got, NULL), 1);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(lseek(got[0], 0, SEEK_CUR), 1);
}

TEST(too_little_room_truncates_and_closes)
{
    int s[2], p[2], fds[3], got[3], flags = 0;
    char c;

    pair_of(s);
    CHECK_OK(pipe(p));
    fds[0] = fds[1] = s[0];
    fds[2] = p[1];
    CHECK_EQ(send_fds(s[0], "x", fds, 3), 1);
    CHECK_OK(close(p[1]));
    CHECK_EQ(receive_fds(s[1], 0, 2, got, &flags), 2);
    CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
    CHECK_EQ(read(p[0], &c, 1), 0);              /* the third was closed                    */
    CHECK_EQ(send_fds(s[0], "x", fds, 1), 1);
    CHECK_EQ(recv(s[1], &c, 1, 0), 1);           /* no room at all: closed, too             */
}

TEST(messages_with_descriptors_are_not_merged)
{
    int s[2], got[2];
    char buf[16];

    pair_of(s);
    CHECK_EQ(write(s[0], "plain", 5), 5);
    CHECK_EQ(send_fds(s[0], "with", &s[0], 1), 4);
    CHECK_EQ(write(s[0], "after", 5), 5);
    ssize_t n = read(s[1], buf, sizeof(buf));
    CHECK(n == 5 || n == 9);                     /* up to the message that carries something */
    if (n == 5)
        CHECK_EQ(receive_fds(s[1], 0, 2, got, NULL), 1);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 5);
}

TEST(peeking_gives_copies)
{
    int s[2], a[1], b[1];

    pair_of(s);
    CHECK_EQ(send_fds(s[0], "x", &s[0], 1), 1);
    CHECK_EQ(receive_fds(s[1], MSG_PEEK, 1, a, NULL), 1);
    CHECK_EQ(receive_fds(s[1], 0, 1, b, NULL), 1);
    CHECK(a[0] != b[0]);
    CHECK_OK(fcntl(a[0], F_GETFD));
    CHECK_OK(fcntl(b[0], F_GETFD));
}

TEST(bad_descriptors_and_too_many)
{
    int s[2], many[254], bad = 500;

    pair_of(s);
    CHECK_EQ(send_fds(s[0], "x", &bad, 1), -1);
    CHECK_EQ(errno, EBADF);
    for (int i = 0; i < 254; i++)
        many[i] = s[0];
    CHECK_EQ(send_fds(s[0], "x", many, 254), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(send_fds(s[0], "x", many, 253), 1);
}

TEST(unreceived_descriptors_are_closed_with_the_socket)
{
    int s[2], p[2];
    char c;

    pair_of(s);
    CHECK_OK(pipe(p));
    CHECK_EQ(send_fds(s[0], "x", &p[1], 1), 1);
    CHECK_OK(close(p[1]));
    CHECK_OK(close(s[0]));
    CHECK_OK(close(s[1]));
    CHECK_EQ(read(p[0], &c, 1), 0);
}

TEST(sockets_that_carry_themselves_are_collected)
{
    int s[2], p[2];
    char c;

    /* A cycle: the socket's own queue holds its last reference, beside a pipe's. */
    pair_of(s);
    CHECK_OK(pipe(p));
    int fds[2] = { s[1], p[1] };
    CHECK_EQ(send_fds(s[0], "x", fds, 2), 1);
    CHECK_OK(close(p[1]));
    CHECK_OK(close(s[0]));
    CHECK_OK(close(s[1]));
    /* The collector runs in its own time; make some business for it. */
    CHECK_OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
    for (int i = 0; i < 2000; i++) {
        int q[2];
        pair_of(q);
        send_fds(q[0], "x", &q[0], 1);
        close(q[0]);
        close(q[1]);
        if (read(p[0], &c, 1) == 0)
            return;
        sleep_ms(1);
    }
    CHECK_EQ(read(p[0], &c, 1), 0);
}

CHILD(receive)
{
    int got[1];

    CHECK_EQ(receive_fds(atoi(argv[0]), 0, 1, got, NULL), 1);
    CHECK_EQ(write(got[0], "from child", 10), 10);
    return 0;
}

TEST(descriptors_cross_processes)
{
    int s[2], p[2];
    char buf[16] = "";

    pair_of(s);
    CHECK_OK(pipe2(p, O_CLOEXEC));
    CHECK_EQ(send_fds(s[0], "x", &p[1], 1), 1);
    CHECK_EXIT(child_start("receive", number(s[1])), 0);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 10);
    CHECK_STR(buf, "from child");
}

/* Receives one byte and the credentials with it; pid 0 if there were none. */
static struct ucred receive_cred(int s)
{
    union control control;
    char c;
    struct iovec iov = { &c, 1 };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof(control) };
    struct ucred cred = { 0, 0, 0 };

    CHECK_OK(recvmsg(s, &m, 0));
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    if (h && h->cmsg_type == SCM_CREDENTIALS)
        memcpy(&cred, CMSG_DATA(h), sizeof(cred));
    return cred;
}

static ssize_t send_cred(int s, struct ucred cred)
{
    union control control;
    struct iovec iov = { "x", 1 };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = CMSG_SPACE(sizeof(cred)) };

    memset(&control, 0, sizeof(control));
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_CREDENTIALS;
    h->cmsg_len = CMSG_LEN(sizeof(cred));
    memcpy(CMSG_DATA(h), &cred, sizeof(cred));
    return sendmsg(s, &m, 0);
}

TEST(passcred_adds_the_senders_identity)
{
    int s[2], on = 1;

    pair_of(s);
    CHECK_EQ(write(s[0], "x", 1), 1);
    CHECK_EQ(receive_cred(s[1]).pid, 0);
    CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    CHECK_EQ(write(s[0], "x", 1), 1);
    struct ucred cred = receive_cred(s[1]);
    CHECK_EQ(cred.pid, getpid());
    CHECK_EQ(cred.uid, getuid());
    CHECK_EQ(cred.gid, getgid());
}

CHILD(forge)
{
    struct ucred cred = { getpid(), 1000, 1000 };
    int s = atoi(argv[0]);

    CHECK_OK(setresgid(1000, 1000, 1000));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_EQ(send_cred(s, cred), 1);
    cred.uid = 0;
    CHECK_ERR(send_cred(s, cred), EPERM);
    cred.uid = 1000;
    cred.pid = getppid();
    CHECK_ERR(send_cred(s, cred), EPERM);
    return 0;
}

TEST(credentials_can_be_sent_but_not_forged)
{
    int s[2], on = 1;

    need_root();
    pair_of(s);
    CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    CHECK_EQ(send_cred(s[0], (struct ucred){ getpid(), 77, 78 }), 1); /* root may           */
    CHECK_EQ(receive_cred(s[1]).uid, 77);
    pid_t pid = child_start("forge", number(s[0]));
    struct ucred cred = receive_cred(s[1]);
    CHECK_EQ(cred.pid, pid);
    CHECK_EQ(cred.uid, 1000);
    CHECK_EXIT(pid, 0);
}

CHILD(connect_and_stay)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char c;

    CHECK_OK(connect_unix(fd, "path"));
    return read(fd, &c, 1) == 0 ? 0 : 1;
}

TEST(peercred_tells_who_connected)
{
    struct ucred cred = { 0, 99, 99 };
    socklen_t len = sizeof(cred);
    int s[2];

    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_OK(bind_unix(listener, "path"));
    CHECK_OK(listen(listener, 1));
    pid_t pid = child_start("connect_and_stay");
    int server = accept(listener, NULL, NULL);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(len, sizeof(cred));
    CHECK_EQ(cred.pid, pid);
    CHECK_EQ(cred.uid, getuid());
    CHECK_OK(close(server));
    CHECK_EXIT(pid, 0);
    pair_of(s);
    CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &cred, &len));
    CHECK_EQ(cred.pid, getpid());
}

TEST(malformed_control_data)
{
    union control control;
    struct iovec iov = { "x", 1 };
    struct msghdr m = { .msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = CMSG_SPACE(sizeof(int)) };
    int s[2];

    pair_of(s);
    memset(&control, 0, sizeof(control));
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = 5;                  /* shorter than its own header             */
    CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
    control.align.cmsg_len = 1000;               /* longer than the buffer                  */
    CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
    control.align.cmsg_len = CMSG_LEN(sizeof(int));
    control.align.cmsg_type = 0x7777;
    CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
    m.msg_control = BAD_POINTER;
    CHECK_ERR(sendmsg(s[0], &m, 0), EFAULT);
    m.msg_control = NULL;
    m.msg_controllen = 0;
    m.msg_iov = BAD_POINTER;
    CHECK_ERR(sendmsg(s[0], &m, 0), EFAULT);
    m.msg_iov = &iov;
    m.msg_iovlen = 1025;
    CHECK_ERR(sendmsg(s[0], &m, 0), EMSGSIZE);
    CHECK_ERR(syscall(SYS_sendmsg, s[0], BAD_POINTER, 0), EFAULT);
    CHECK_ERR(syscall(SYS_recvmsg, s[0], BAD_POINTER, MSG_DONTWAIT), EFAULT);
}
