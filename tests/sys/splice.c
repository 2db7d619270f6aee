/* SPDX-License-Identifier: MIT */
/* covers: splice tee vmsplice */
/*
 * Moving bytes through pipes without touching them.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/sys/sys.h"

TEST(splice_from_file_to_pipe_and_back)
{
    off_t at = 2;
    int p[2];

    file_put("f", "0123456789");
    int in = open("f", O_RDONLY), out = open("g", O_RDWR | O_CREAT, 0600);
    CHECK_OK(pipe(p));
    CHECK_EQ(splice(in, &at, p[1], NULL, 5, 0), 5);
    CHECK_EQ(at, 7);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(splice(p[0], NULL, out, NULL, 100, 0), 5);
    CHECK_FILE("g", "23456");
    CHECK_EQ(splice(in, NULL, p[1], NULL, 3, 0), 3);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 3);
    at = 1;
    CHECK_EQ(splice(p[0], NULL, out, &at, 3, 0), 3);
    CHECK_FILE("g", "20126");
}

TEST(splice_between_pipes_and_to_sockets)
{
    char buf[8] = "";
    int p[2], q[2], s[2];

    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_EQ(write(p[1], "abcdef", 6), 6);
    CHECK_EQ(splice(p[0], NULL, q[1], NULL, 4, 0), 4);
    CHECK_EQ(read(q[0], buf, sizeof(buf)), 4);
    CHECK_STR(buf, "abcd");
    CHECK_EQ(splice(p[0], NULL, s[0], NULL, 4, 0), 2);
    CHECK_EQ(read(s[1], buf, sizeof(buf)), 2);
    CHECK_MEM(buf, "ef", 2);
}

TEST(splice_is_nonblocking_on_demand)
{
    int p[2], q[2];

    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_ERR(splice(p[0], NULL, q[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_OK(close(p[1]));
    CHECK_EQ(splice(p[0], NULL, q[1], NULL, 4, 0), 0);
}

TEST(splice_errors)
{
    off_t at = 0;
    int p[2];

    file_put("f", "abc");
    CHECK_OK(pipe(p));
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_ERR(splice(a, NULL, b, NULL, 1, 0), EINVAL); /* no pipe                           */
    CHECK_ERR(splice(a, NULL, p[1], &at, 1, 0), ESPIPE);
    CHECK_ERR(splice(p[0], &at, a, NULL, 1, 0), ESPIPE);
    CHECK_ERR(splice(-1, NULL, p[1], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(a, NULL, p[0], NULL, 1, 0), EBADF);
    CHECK_ERR(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL); /* the same pipe               */
    CHECK_ERR(splice(a, NULL, p[1], NULL, 1, 0x100), EINVAL);
    CHECK_ERR(splice(p[0], NULL, open("f", O_WRONLY | O_APPEND), NULL, 1, 0), EINVAL);
    CHECK_EQ(splice(a, NULL, p[1], NULL, 0, 0), 0);
}

TEST(tee_copies_and_leaves_the_source)
{
    char buf[8] = "";
    int p[2], q[2];

    CHECK_OK(pipe(p));
    CHECK_OK(pipe(q));
    CHECK_EQ(write(p[1], "abcd", 4), 4);
    CHECK_EQ(tee(p[0], q[1], 100, 0), 4);
    CHECK_EQ(read(q[0], buf, sizeof(buf)), 4);
    CHECK_STR(buf, "abcd");
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 4);
    CHECK_STR(buf, "abcd");
    CHECK_ERR(tee(p[0], q[1], 100, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERR(tee(p[0], p[1], 100, 0), EINVAL);
    file_put("f", "");
    CHECK_ERR(tee(open("f", O_RDWR), q[1], 1, 0), EINVAL);
    CHECK_ERR(tee(-1, q[1], 1, 0), EBADF);
}

TEST(vmsplice_moves_memory_into_a_pipe)
{
    char buf[16] = "";
    struct iovec out[] = { { "abc", 3 }, { "defg", 4 } };
    struct iovec in = { buf, sizeof(buf) };
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_EQ(vmsplice(p[1], out, 2, 0), 7);
    CHECK_EQ(vmsplice(p[0], &in, 1, 0), 7);      /* and out again                           */
    CHECK_STR(buf, "abcdefg");
    CHECK_ERR(vmsplice(p[0], &in, 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_ERR(vmsplice(-1, out, 1, 0), EBADF);
    CHECK_ERR(vmsplice(open("/dev/null", O_RDWR), out, 1, 0), EBADF);
    CHECK_ERR(vmsplice(p[1], BAD_POINTER, 1, 0), EFAULT);
}
