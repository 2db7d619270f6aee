/* SPDX-License-Identifier: MIT */
/*
 * Operations of two threads: one round is there and back, and both sleep in between.  The partner
 * answers until it is told to end: by the word END in the futex, by end of file in a descriptor.
 *
 *     main                              partner
 *     turn = PARTNER, wake, wait  --->  wakes up
 *     wakes up                    <---  turn = MAIN, wake, wait
 */

#include "bench/micro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum turn { MAIN, PARTNER, END };

static pthread_t partner;
static _Atomic unsigned turn;

/* What main writes to and reads from, and the same for the partner. */
static int to_partner, from_partner;
static int to_main, from_main;

static void futex_wait_while(unsigned value)
{
    while (atomic_load(&turn) == value) {
        if (syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL))
            CHECK(errno == EAGAIN || errno == EINTR);
    }
}

static void futex_pass(unsigned value)
{
    atomic_store(&turn, value);
    CHECK(syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1) >= 0);
}

static void *answer_futex(void *unused)
{
    for (;;) {
        futex_wait_while(MAIN);
        if (atomic_load(&turn) == END)
            return unused;
        futex_pass(MAIN);
    }
}

static void prepare_futex(void)
{
    atomic_store(&turn, MAIN);
    CHECK(pthread_create(&partner, NULL, answer_futex, NULL) == 0);
}

static void run_futex(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        futex_pass(PARTNER);
        futex_wait_while(PARTNER);
    }
}

static void finish_futex(void)
{
    futex_pass(END);
    CHECK(pthread_join(partner, NULL) == 0);
}

static void *answer_descriptor(void *unused)
{
    char byte;

    while (read(from_main, &byte, 1) == 1)
        CHECK(write(to_main, &byte, 1) == 1);
    return unused;
}

static void start_partner(void)
{
    CHECK(pthread_create(&partner, NULL, answer_descriptor, NULL) == 0);
}

static void prepare_pipes(void)
{
    int there[2];
    int back[2];

    CHECK(pipe(there) == 0);
    CHECK(pipe(back) == 0);
    to_partner = there[1];
    from_main = there[0];
    to_main = back[1];
    from_partner = back[0];
    start_partner();
}

static void finish_pipes(void)
{
    CHECK(close(to_partner) == 0);
    CHECK(pthread_join(partner, NULL) == 0);
    CHECK(close(from_main) == 0);
    CHECK(close(to_main) == 0);
    CHECK(close(from_partner) == 0);
}

static void start_with_sockets(int main_end, int partner_end)
{
    to_partner = from_partner = main_end;
    to_main = from_main = partner_end;
    start_partner();
}

static void prepare_unix(void)
{
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    start_with_sockets(pair[0], pair[1]);
}

static void prepare_tcp(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int server;
    int one = 1;

    CHECK(listener >= 0 && client >= 0);
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
    server = accept(listener, NULL, NULL);
    CHECK(server >= 0);
    CHECK(close(listener) == 0);
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    CHECK(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    start_with_sockets(client, server);
}

static void finish_sockets(void)
{
    CHECK(shutdown(to_partner, SHUT_WR) == 0);
    CHECK(pthread_join(partner, NULL) == 0);
    CHECK(close(to_partner) == 0);
    CHECK(close(to_main) == 0);
}

static void run_descriptor(long rounds)
{
    char byte = 'x';

    for (long i = 0; i < rounds; i++) {
        CHECK(write(to_partner, &byte, 1) == 1);
        CHECK(read(from_partner, &byte, 1) == 1);
    }
}

static void *return_at_once(void *argument)
{
    return argument;
}

static void run_thread(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        pthread_t thread;

        CHECK(pthread_create(&thread, NULL, return_at_once, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

const struct micro_op micro_threads[] = {
    { "futex_pingpong", prepare_futex, run_futex, finish_futex },
    { "pipe_pingpong", prepare_pipes, run_descriptor, finish_pipes },
    { "unix_pingpong", prepare_unix, run_descriptor, finish_sockets },
    { "tcp_pingpong", prepare_tcp, run_descriptor, finish_sockets },
    { .name = "thread", .run = run_thread },
    { .name = NULL },
};
