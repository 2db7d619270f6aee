/* SPDX-License-Identifier: MIT */
/* covers: sendfile copy_file_range */
/*
 * sendfile(2) and copy_file_range(2).
 */
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "tests/sys/sys.h"

TEST(sendfile_uses_and_moves_the_position)
{
    char buf[16] = "";
    int p[2];

    file_put("f", "0123456789");
    int in = open("f", O_RDONLY);
    CHECK_OK(pipe(p));
    CHECK_EQ(lseek(in, 3, SEEK_SET), 3);
    CHECK_EQ(sendfile(p[1], in, NULL, 4), 4);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 7);
    CHECK_EQ(read(p[0], buf, sizeof(buf)), 4);
    CHECK_STR(buf, "3456");
    CHECK_EQ(sendfile(p[1], in, NULL, 100), 3);
    CHECK_EQ(sendfile(p[1], in, NULL, 100), 0);
}

TEST(sendfile_with_an_offset_leaves_the_position)
{
    off_t offset = 5;

    file_put("f", "0123456789");
    int in = open("f", O_RDONLY), out = open("g", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(sendfile(out, in, &offset, 3), 3);
    CHECK_EQ(offset, 8);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_FILE("g", "567");
    offset = -1;
    CHECK_ERR(sendfile(out, in, &offset, 3), EINVAL);
}

TEST(sendfile_to_a_socket_moves_large_files)
{
    enum { SIZE = 200000 };
    static char data[SIZE], back[SIZE];
    size_t sent = 0, got = 0;
    int s[2];

    fill_pattern(data, SIZE, 3);
    file_write("f", data, SIZE);
    int in = open("f", O_RDONLY);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
    while (got < SIZE) {
        ssize_t n = sendfile(s[0], in, NULL, SIZE - sent);
        CHECK(n >= 0 || errno == EAGAIN);
        if (n > 0)
            sent += (size_t)n;
        n = read(s[1], back + got, SIZE - got);
        CHECK(n >= 0 || errno == EAGAIN);
        if (n > 0)
            got += (size_t)n;
    }
    CHECK_EQ(sent, SIZE);
    CHECK_MEM(data, back, SIZE);
}

TEST(sendfile_errors)
{
    off_t offset = 0;
    int p[2];

    file_put("f", "abc");
    file_put("g", "");
    CHECK_OK(pipe(p));
    int in = open("f", O_RDONLY), out = open("g", O_WRONLY);
    CHECK_ERR(sendfile(-1, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, -1, NULL, 1), EBADF);
    CHECK_ERR(sendfile(in, in, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, out, NULL, 1), EBADF);
    CHECK_ERR(sendfile(out, p[0], &offset, 1), ESPIPE);
    CHECK_ERR(sendfile(open("g", O_WRONLY | O_APPEND), in, NULL, 1), EINVAL);
    CHECK_ERR(syscall(SYS_sendfile, out, in, BAD_POINTER, 1), EFAULT);
    CHECK_EQ(sendfile(out, in, NULL, 0), 0);
}

static ssize_t copy(int in, off_t *in_at, int out, off_t *out_at, size_t len, unsigned flags)
{
    return syscall(SYS_copy_file_range, in, in_at, out, out_at, len, flags);
}

TEST(copy_file_range_copies_between_positions)
{
    off_t in_at = 2, out_at = 1;

    file_put("f", "0123456789");
    file_put("g", "abcdef");
    int in = open("f", O_RDONLY), out = open("g", O_RDWR);
    CHECK_EQ(copy(in, &in_at, out, &out_at, 3, 0), 3);
    CHECK_FILE("g", "a234ef");
    CHECK_EQ(in_at, 5);
    CHECK_EQ(out_at, 4);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
    CHECK_EQ(copy(in, NULL, out, NULL, 2, 0), 2);
    CHECK_FILE("g", "01"
                    "34ef");
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 2);
    CHECK_EQ(copy(in, NULL, out, NULL, 100, 0), 8);
    CHECK_FILE("g", "0123456789");
    CHECK_EQ(copy(in, NULL, out, NULL, 100, 0), 0);
}

TEST(copy_file_range_within_one_file)
{
    off_t in_at = 0, out_at = 5;

    file_put("f", "0123456789");
    int fd = open("f", O_RDWR);
    CHECK_EQ(copy(fd, &in_at, fd, &out_at, 5, 0), 5);
    CHECK_FILE("f", "0123401234");
    in_at = 0;
    out_at = 2;
    CHECK_ERR(copy(fd, &in_at, fd, &out_at, 5, 0), EINVAL); /* overlap                      */
}

TEST(copy_file_range_errors)
{
    off_t negative = -1;
    int p[2];

    file_put("f", "0123456789");
    file_put("g", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(pipe(p));
    int in = open("f", O_RDONLY), out = open("g", O_RDWR);
    CHECK_ERR(copy(in, NULL, out, NULL, 1, 1), EINVAL);
    CHECK_ERR(copy(-1, NULL, out, NULL, 1, 0), EBADF);
    CHECK_ERR(copy(in, NULL, in, NULL, 1, 0), EBADF);
    CHECK_ERR(copy(in, NULL, p[1], NULL, 1, 0), EINVAL);
    CHECK_ERR(copy(open("d", O_RDONLY), NULL, out, NULL, 1, 0), EISDIR);
    CHECK_ERR(copy(in, NULL, open("g", O_WRONLY | O_APPEND), NULL, 1, 0), EBADF);
    CHECK_EQ(copy(in, &negative, out, NULL, 1, 0), -1);
    CHECK(errno == EINVAL || errno == EOVERFLOW);
    CHECK_ERR(copy(in, BAD_POINTER, out, NULL, 1, 0), EFAULT);
}
