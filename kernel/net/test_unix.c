/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

enum { BIG = 300000 };

static u8 bytes[BIG], back[BIG];

/* ---- what programs do ---- */

static ssize_t put(struct file *f, const void *src, size_t len)
{
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT };

    iov_kernel(&v, (void *)src, len);
    return socket_send(f, &m);
}

static ssize_t get_flags(struct file *f, void *dst, size_t len, u32 flags)
{
    struct iov v;
    struct message m = { .data = &v, .flags = flags | MSG_DONTWAIT };

    iov_kernel(&v, dst, len);
    return socket_recv(f, &m);
}

static ssize_t get(struct file *f, void *dst, size_t len)
{
    return get_flags(f, dst, len, 0);
}

/* Send a byte with files. */
static ssize_t pass(struct file *f, const int *fds, u32 count)
{
    struct {
        struct cmsghdr h;
        int fd[8];
    } control = { .h = { 0, SOL_SOCKET, SCM_RIGHTS } };
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT, .control = (u8 *)&control };

    control.h.cmsg_len = m.control_len = sizeof(control.h) + count * sizeof(int);
    memcpy(control.fd, fds, count * sizeof(int));
    iov_kernel(&v, "x", 1);
    return socket_send(f, &m);
}

/* Receive a byte and up to room descriptors; how many came. */
static int receive(struct file *f, int *fds, u32 room, u32 *ret_flags)
{
    struct {
        struct cmsghdr h;
        int fd[8];
    } control = { 0 };
    struct iov v;
    struct message m = {
        .data = &v,
        .flags = MSG_DONTWAIT,
        .control_out = UPTR(&control),
        .control_room = sizeof(control.h) + room * sizeof(int),
    };
    u8 byte;
    ssize_t n;

    iov_kernel(&v, &byte, 1);
    n = socket_recv(f, &m);
    *ret_flags = m.ret_flags;
    if (n < 0)
        return (int)n;
    if (!control.h.cmsg_len)
        return 0;
    n = (ssize_t)((control.h.cmsg_len - sizeof(control.h)) / sizeof(int));
    memcpy(fds, control.fd, (size_t)n * sizeof(int));
    return (int)n;
}

static u32 ready(struct file *f)
{
    return f->ops->ready(f);
}

static void open_pair(int type, struct file *pair[2])
{
    CHECK_EQ(socket_new_pair(AF_UNIX, type, 0, O_NONBLOCK, pair), 0);
}

static struct file *open_one(int type)
{
    struct file *f;

    CHECK_EQ(socket_new(AF_UNIX, type, 0, O_NONBLOCK, &f), 0);
    return f;
}

static struct address named(const char *name)
{
    struct address a = { .un = { .sun_family = AF_UNIX } };

    a.len = (u32)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
    memcpy(a.un.sun_path, name, strlen(name) + 1);
    if (name[0] == '@') {
        a.un.sun_path[0] = '\0';
        a.len--;
    }
    return a;
}

static int bind_to(struct file *f, const char *name)
{
    struct address a = named(name);
    struct socket *s = f->priv;

    return s->ops->bind(s, &a);
}

static int connect_to(struct file *f, const char *name)
{
    struct address a = named(name);

    return socket_connect(f, &a);
}

static struct file *listen_at(int type, const char *name, u32 backlog)
{
    struct file *f = open_one(type);
    struct socket *s = f->priv;

    CHECK_EQ(bind_to(f, name), 0);
    CHECK_EQ(s->ops->listen(s, backlog), 0);
    return f;
}

static ssize_t put_to(struct file *f, const char *name, const void *src, size_t len)
{
    struct address a = named(name);
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT, .address = &a };

    iov_kernel(&v, (void *)src, len);
    return socket_send(f, &m);
}

/* A descriptor of the test's own table. */
static int give(struct file *f)
{
    int fd = fd_install(thread_self()->fds, f, 0);

    file_put(f);
    CHECK(fd >= 0);
    return fd;
}

static struct file *file_at(int fd)
{
    struct file *f;

    CHECK_EQ(fd_get(thread_self()->fds, fd, &f), 0);
    file_put(f);
    return f;
}

static void open_pair_fds(int type, int fd[2])
{
    struct file *pair[2];

    open_pair(type, pair);
    fd[0] = give(pair[0]);
    fd[1] = give(pair[1]);
}

static void close_fd(int fd)
{
    CHECK_EQ(fd_close(thread_self()->fds, fd), 0);
}

/* ---- streams ---- */

TEST(unix_stream_keeps_the_order_of_bytes)
{
    struct file *pair[2];
    u64 sent = 0, got = 0, rng = 1;

    machine_start();
    open_pair(SOCK_STREAM, pair);
    for (int i = 0; i < 20000; i++) {
        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        size_t n = rng >> 62 ? 1 + (rng >> 33) % 600 : 1 + (rng >> 33) % 90000;

        if (rng >> 20 & 1) {
            for (size_t k = 0; k < n; k++)
                bytes[k] = (u8)((sent + k) * 31 + ((sent + k) >> 8));
            ssize_t done = put(pair[0], bytes, n);
            CHECK(done == -EAGAIN || done > 0);
            sent += done > 0 ? (u64)done : 0;
        } else {
            ssize_t done = get(pair[1], bytes, n);
            CHECK_EQ(done == -EAGAIN, sent == got);
            for (ssize_t k = 0; k < done; k++)
                CHECK_EQ(bytes[k], (u8)((got + (u64)k) * 31 + ((got + (u64)k) >> 8)));
            got += done > 0 ? (u64)done : 0;
        }
    }
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

TEST(unix_stream_writer_is_writable_again_below_a_quarter_only)
{
    struct file *pair[2];
    ssize_t sent = 0, n;
    u64 wakes;

    machine_start();
    open_pair(SOCK_STREAM, pair);
    while ((n = put(pair[0], bytes, 4000)) > 0)
        sent += n;
    CHECK_EQ(n, -EAGAIN);
    CHECK(sent > BUFFER_DEFAULT / 2 && sent < BUFFER_DEFAULT * 2);
    CHECK_EQ(ready(pair[0]) & POLLOUT, 0);
    wakes = waitq_ticket(pair[0]->wait);
    while (sent > BUFFER_DEFAULT / 3)
        sent -= get(pair[1], back, 4000);
    CHECK_EQ(ready(pair[0]) & POLLOUT, 0);
    CHECK_EQ(waitq_ticket(pair[0]->wait), wakes); /* nobody was woken in vain               */
    while (sent > BUFFER_DEFAULT / 5)
        sent -= get(pair[1], back, 4000);
    CHECK(ready(pair[0]) & POLLOUT);
    CHECK_EQ(waitq_ticket(pair[0]->wait), wakes + 1);
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

TEST(unix_stream_reader_is_not_woken_by_reading)
{
    struct file *pair[2];
    u64 before;

    machine_start();
    open_pair(SOCK_STREAM, pair);
    before = waitq_ticket(pair[0]->wait);
    CHECK_EQ(put(pair[0], "x", 1), 1);
    CHECK_EQ(get(pair[1], back, 1), 1);
    CHECK_EQ(waitq_ticket(pair[0]->wait), before);
    CHECK_EQ(waitq_ticket(pair[1]->wait), before + 1);
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

TEST(unix_stream_peek_leaves_the_bytes)
{
    struct file *pair[2];

    machine_start();
    open_pair(SOCK_STREAM, pair);
    CHECK_EQ(put(pair[0], "hello", 5), 5);
    CHECK_EQ(get_flags(pair[1], back, 3, MSG_PEEK), 3);
    CHECK_EQ(get(pair[1], back, 10), 5);
    CHECK_MEMEQ(back, "hello", 5);
    CHECK_EQ(get(pair[1], back, 10), -EAGAIN);
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

TEST(unix_stream_close_with_unread_data_resets_the_peer)
{
    struct file *pair[2];

    machine_start();
    open_pair(SOCK_STREAM, pair);
    CHECK_EQ(put(pair[0], "x", 1), 1);
    file_put(pair[1]);
    CHECK_EQ(ready(pair[0]) & (POLLERR | POLLHUP | POLLRDHUP | POLLIN),
             POLLERR | POLLHUP | POLLRDHUP | POLLIN);
    CHECK_EQ(put(pair[0], "x", 1), -EPIPE);
    CHECK_EQ(machine.signals[SIGPIPE], 1);
    CHECK_EQ(get(pair[0], back, 1), -ECONNRESET);
    CHECK_EQ(get(pair[0], back, 1), 0);
    file_put(pair[0]);
    machine_stop();
}

TEST(unix_stream_bad_address_keeps_what_it_did_not_take)
{
    struct file *pair[2];
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT };

    machine_start();
    open_pair(SOCK_STREAM, pair);
    iov_user(&v, UPTR(8), 4);
    CHECK_EQ(socket_send(pair[0], &m), -EFAULT);
    CHECK_EQ(get(pair[1], back, 1), -EAGAIN);
    CHECK_EQ(put(pair[0], "abc", 3), 3);
    iov_user(&v, UPTR(8), 4);
    CHECK_EQ(socket_recv(pair[1], &m), -EFAULT);
    CHECK_EQ(get(pair[1], back, 9), 3);
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

/* ---- connections ---- */

TEST(unix_connect_succeeds_before_anybody_accepts)
{
    struct file *l, *c, *s;

    machine_start_fs();
    l = listen_at(SOCK_STREAM, "sock", 1);
    c = open_one(SOCK_STREAM);
    CHECK_EQ(connect_to(c, "sock"), 0);
    CHECK_EQ(put(c, "early", 5), 5);
    CHECK(ready(l) & POLLIN);
    CHECK_EQ(socket_accept(l, O_NONBLOCK, NULL, &s), 0);
    CHECK_EQ(get(s, back, 10), 5);
    CHECK_EQ(connect_to(c, "sock"), -EISCONN);
    file_put(l);
    file_put(c);
    file_put(s);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "sock", 0), 0);
    machine_stop_fs();
}

TEST(unix_connect_to_a_full_backlog_waits_until_one_is_accepted)
{
    struct file *l, *c[3], *s;
    u64 wakes;

    machine_start();
    l = listen_at(SOCK_STREAM, "@full", 1);
    for (int i = 0; i < 3; i++) {
        c[i] = open_one(SOCK_STREAM);
        CHECK_EQ(connect_to(c[i], "@full"), i < 2 ? 0 : -EAGAIN);
    }
    wakes = waitq_ticket(c[2]->wait);
    CHECK_EQ(socket_accept(l, O_NONBLOCK, NULL, &s), 0);
    CHECK_EQ(waitq_ticket(c[2]->wait), wakes + 1);
    CHECK_EQ(connect_to(c[2], "@full"), 0);
    file_put(s);
    file_put(l);
    for (int i = 0; i < 3; i++) {
        CHECK(ready(c[i]) & POLLHUP);            /* accepted or not: nobody is there        */
        file_put(c[i]);
    }
    machine_stop();
}

TEST(unix_socket_path_outlives_its_socket_and_refuses)
{
    struct file *l, *c;

    machine_start_fs();
    l = listen_at(SOCK_STREAM, "sock", 1);
    file_put(l);
    c = open_one(SOCK_STREAM);
    CHECK_EQ(connect_to(c, "sock"), -ECONNREFUSED);
    CHECK_EQ(connect_to(c, "none"), -ENOENT);
    CHECK_EQ(bind_to(c, "sock"), -EADDRINUSE);
    file_put(c);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "sock", 0), 0);
    machine_stop_fs();
}

TEST(unix_connect_needs_permission_to_write)
{
    struct file *l, *c;

    machine_start_fs();
    l = listen_at(SOCK_STREAM, "sock", 1);       /* mode 0755: umask 022                    */
    machine_become(1000, 1000);
    c = open_one(SOCK_STREAM);
    CHECK_EQ(connect_to(c, "sock"), -EACCES);
    machine_become(0, 0);
    CHECK_EQ(connect_to(c, "sock"), 0);
    file_put(l);
    file_put(c);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "sock", 0), 0);
    machine_stop_fs();
}

/* ---- datagrams ---- */

TEST(unix_dgram_sender_waits_for_a_long_queue_and_is_woken)
{
    struct file *d, *u;
    u64 wakes;
    int n = 0;

    machine_start();
    d = open_one(SOCK_DGRAM);
    u = open_one(SOCK_DGRAM);
    CHECK_EQ(bind_to(d, "@dest"), 0);
    CHECK_EQ(connect_to(u, "@dest"), 0);
    while (put(u, "x", 1) == 1)
        n++;
    CHECK_EQ(n, 11);                             /* net.unix.max_dgram_qlen + 1             */
    CHECK_EQ(ready(u) & POLLOUT, 0);
    wakes = waitq_ticket(u->wait);
    CHECK_EQ(get(d, back, 1), 1);
    CHECK(waitq_ticket(u->wait) > wakes);
    CHECK(ready(u) & POLLOUT);
    file_put(d);
    CHECK_EQ(put(u, "x", 1), -ECONNREFUSED);
    CHECK_EQ(put(u, "x", 1), -ENOTCONN);
    file_put(u);
    machine_stop();
}

TEST(unix_dgram_source_is_known_when_the_sender_is_gone)
{
    struct file *d, *u;
    struct address from = { 0 };
    struct iov v;
    struct message m = { .data = &v, .flags = MSG_DONTWAIT, .address = &from };

    machine_start();
    d = open_one(SOCK_DGRAM);
    u = open_one(SOCK_DGRAM);
    CHECK_EQ(bind_to(d, "@dest"), 0);
    CHECK_EQ(bind_to(u, "@source"), 0);
    CHECK_EQ(put_to(u, "@dest", "hello", 5), 5);
    file_put(u);
    iov_kernel(&v, back, 2);
    CHECK_EQ(socket_recv(d, &m), 2);
    CHECK_EQ(m.ret_flags, MSG_TRUNC);
    CHECK_EQ(from.len, 2 + 7);
    CHECK_MEMEQ(from.un.sun_path + 1, "source", 6);
    file_put(d);
    machine_stop();
}

TEST(unix_dgram_receiver_that_is_connected_listens_to_its_peer_only)
{
    struct file *a, *b, *c;

    machine_start();
    a = open_one(SOCK_DGRAM);
    b = open_one(SOCK_DGRAM);
    c = open_one(SOCK_DGRAM);
    CHECK_EQ(bind_to(a, "@a"), 0);
    CHECK_EQ(bind_to(b, "@b"), 0);
    CHECK_EQ(connect_to(a, "@b"), 0);
    CHECK_EQ(put_to(c, "@a", "x", 1), -EPERM);
    CHECK_EQ(connect_to(c, "@a"), -EPERM);
    CHECK_EQ(put_to(b, "@a", "x", 1), 1);
    file_put(a);
    file_put(b);
    file_put(c);
    machine_stop();
}

TEST(unix_seqpacket_keeps_boundaries_and_ends)
{
    struct file *pair[2];

    machine_start();
    open_pair(SOCK_SEQPACKET, pair);
    CHECK_EQ(put(pair[0], "abc", 3), 3);
    CHECK_EQ(put(pair[0], "", 0), 0);
    CHECK_EQ(put(pair[0], "de", 2), 2);
    CHECK_EQ(get(pair[1], back, 2), 2);          /* the rest of the message is gone         */
    CHECK_EQ(get(pair[1], back, 9), 0);
    CHECK_EQ(get(pair[1], back, 9), 2);
    CHECK_EQ(put(pair[0], bytes, BIG), -EMSGSIZE);
    file_put(pair[0]);
    CHECK_EQ(get(pair[1], back, 9), 0);
    CHECK_EQ(put(pair[1], "x", 1), -EPIPE);
    CHECK_EQ(machine.signals[SIGPIPE], 0);
    file_put(pair[1]);
    machine_stop();
}

/* Found by fuzzing: the length of what is left was below zero. */
TEST(unix_dgram_peek_offset_passes_over_empty_messages)
{
    struct file *pair[2];
    struct option o = { .level = SOL_SOCKET, .name = SO_PEEK_OFF, .len = 4, .number = 3 };

    machine_start();
    open_pair(SOCK_DGRAM, pair);
    CHECK_EQ(socket_set_option(pair[1]->priv, &o), 0);
    CHECK_EQ(put(pair[0], "", 0), 0);
    CHECK_EQ(put(pair[0], "ab", 2), 2);
    CHECK_EQ(put(pair[0], "cdef", 4), 4);
    CHECK_EQ(get_flags(pair[1], back, 9, MSG_PEEK), 3);
    CHECK_MEMEQ(back, "def", 3);
    CHECK_EQ(get_flags(pair[1], back, 9, MSG_PEEK), -EAGAIN);
    CHECK_EQ(get(pair[1], back, 9), 0);
    file_put(pair[0]);
    file_put(pair[1]);
    machine_stop();
}

/* ---- passing files ---- */

TEST(unix_rights_arrive_with_their_byte_and_end_the_read)
{
    int fd[2], other[2], got[8];
    u32 flags;

    machine_start_fs();
    open_pair_fds(SOCK_STREAM, fd);
    open_pair_fds(SOCK_STREAM, other);
    CHECK_EQ(put(file_at(fd[0]), "ab", 2), 2);
    CHECK_EQ(pass(file_at(fd[0]), other, 2), 1);
    CHECK_EQ(put(file_at(fd[0]), "cd", 2), 2);
    CHECK_EQ(get(file_at(fd[1]), back, 2), 2);
    CHECK_EQ(receive(file_at(fd[1]), got, 8, &flags), 2);
    CHECK_EQ(flags, 0);
    CHECK_EQ(put(file_at(got[0]), "x", 1), 1);
    CHECK_EQ(get(file_at(other[1]), back, 9), 1);
    CHECK_EQ(get(file_at(fd[1]), back, 9), 2);
    machine_stop_fs();
}

TEST(unix_rights_that_do_not_fit_are_closed)
{
    int fd[2], other[2], got[8];
    u32 flags;

    machine_start_fs();
    open_pair_fds(SOCK_STREAM, fd);
    open_pair_fds(SOCK_STREAM, other);
    CHECK_EQ(pass(file_at(fd[0]), other, 2), 1);
    close_fd(other[1]);
    CHECK_EQ(receive(file_at(fd[1]), got, 1, &flags), 1);
    CHECK_EQ(flags, MSG_CTRUNC);
    CHECK_EQ(get(file_at(other[0]), back, 1), 0); /* the last of other[1]                   */
    machine_stop_fs();
}

TEST(unix_rights_of_unread_messages_are_closed_with_the_socket)
{
    int fd[2], other[2];

    machine_start_fs();
    open_pair_fds(SOCK_DGRAM, fd);
    open_pair_fds(SOCK_STREAM, other);
    CHECK_EQ(pass(file_at(fd[0]), &other[1], 1), 1);
    close_fd(other[1]);
    CHECK_EQ(get(file_at(other[0]), back, 1), -EAGAIN);
    close_fd(fd[1]);
    CHECK_EQ(get(file_at(other[0]), back, 1), 0);
    machine_stop_fs();
}

TEST(unix_sockets_in_each_others_queues_are_collected)
{
    int fd[2], witness[2], unrelated[2];
    int send[3];

    machine_start_fs();
    open_pair_fds(SOCK_STREAM, fd);
    open_pair_fds(SOCK_STREAM, witness);
    send[0] = fd[0];
    send[1] = fd[1];
    send[2] = witness[1];
    CHECK_EQ(pass(file_at(fd[0]), send, 3), 1);
    CHECK_EQ(pass(file_at(fd[1]), send, 2), 1);
    close_fd(fd[0]);
    close_fd(fd[1]);
    close_fd(witness[1]);
    open_pair_fds(SOCK_STREAM, unrelated);
    close_fd(unrelated[0]);                      /* any close looks for garbage             */
    CHECK_EQ(get(file_at(witness[0]), back, 1), 0);
    machine_stop_fs();
}

TEST(unix_sockets_in_flight_that_can_be_received_are_kept)
{
    int carrier[2], fd[2], unrelated[2], got[8];
    u32 flags;

    machine_start_fs();
    open_pair_fds(SOCK_STREAM, carrier);
    open_pair_fds(SOCK_STREAM, fd);
    CHECK_EQ(pass(file_at(fd[0]), fd, 2), 1);          /* a cycle ...                       */
    CHECK_EQ(pass(file_at(carrier[0]), &fd[1], 1), 1); /* ... with a way in                 */
    close_fd(fd[0]);
    close_fd(fd[1]);
    open_pair_fds(SOCK_STREAM, unrelated);
    close_fd(unrelated[0]);
    CHECK_EQ(receive(file_at(carrier[1]), got, 8, &flags), 1);
    CHECK_EQ(receive(file_at(got[0]), got, 8, &flags), 2);
    machine_stop_fs();
}

TEST(unix_rights_in_connections_nobody_accepted_are_collected)
{
    struct file *c, *l;
    int listener, client, witness[2], unrelated[2], send[2];

    machine_start_fs();
    l = listen_at(SOCK_STREAM, "@l", 5);
    listener = give(l);
    c = open_one(SOCK_STREAM);
    client = give(c);
    CHECK_EQ(connect_to(c, "@l"), 0);
    open_pair_fds(SOCK_STREAM, witness);
    send[0] = listener;
    send[1] = witness[1];
    CHECK_EQ(pass(c, send, 2), 1);               /* the listener holds itself               */
    close_fd(listener);
    close_fd(client);
    close_fd(witness[1]);
    open_pair_fds(SOCK_STREAM, unrelated);
    close_fd(unrelated[0]);
    CHECK_EQ(get(file_at(witness[0]), back, 1), 0);
    machine_stop_fs();
}

/* Each socket lies in the queue of the next: closing the last closes all, on a flat stack. */
TEST(unix_rights_in_rights_in_rights_need_no_deep_stack)
{
    int fd[2], witness[2];

    machine_start_fs();
    open_pair_fds(SOCK_STREAM, witness);
    open_pair_fds(SOCK_DGRAM, fd);
    CHECK_EQ(pass(file_at(fd[0]), &witness[1], 1), 1);
    close_fd(witness[1]);
    for (int i = 0; i < 5000; i++) {
        int next[2];

        open_pair_fds(SOCK_DGRAM, next);
        CHECK_EQ(pass(file_at(next[0]), fd, 2), 1);
        close_fd(fd[0]);
        close_fd(fd[1]);
        memcpy(fd, next, sizeof(fd));
    }
    close_fd(fd[0]);
    close_fd(fd[1]);
    CHECK_EQ(get(file_at(witness[0]), back, 1), 0);
    machine_stop_fs();
}

/* ---- memory runs out ---- */

TEST_TORTURE(unix_leaves_nothing_when_memory_runs_out)
{
    struct file *l, *c, *s = NULL;
    struct address a = named("@torture");
    struct socket *ls, *cs;
    int err;

    machine_start();
    if (socket_new(AF_UNIX, SOCK_STREAM, 0, O_NONBLOCK, &l)) {
        CHECK(fault_injected());
        machine_stop();
        return;
    }
    if (socket_new(AF_UNIX, SOCK_STREAM, 0, O_NONBLOCK, &c)) {
        CHECK(fault_injected());
        file_put(l);
        machine_stop();
        return;
    }
    ls = l->priv;
    cs = c->priv;
    err = ls->ops->bind(ls, &a);
    if (!err)
        err = ls->ops->listen(ls, 1);
    if (!err)
        err = cs->ops->connect(cs, &a, false);
    if (!err)
        err = put(c, bytes, 100000) < 0 || put(c, bytes, 10) < 0 ? -ENOBUFS : 0;
    if (!err)
        err = ls->ops->accept(ls, O_NONBLOCK, NULL, &s);
    if (!err)
        CHECK(get(s, back, BIG) > 0);
    else
        CHECK(fault_injected());
    file_put(l);
    file_put(c);
    file_put(s);
    machine_stop();
}
