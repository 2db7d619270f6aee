/* SPDX-License-Identifier: MIT */
/* covers: readv writev preadv pwritev preadv2 pwritev2 */
/*
 * Vectored I/O, and the RWF_ flags of its second version.
 */
#include <sys/uio.h>

#include "tests/sys/sys.h"

enum { HIPRI = 1, DSYNC = 2, SYNC = 4, NOWAIT = 8, APPEND = 16 };

static ssize_t preadv2_(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
    return syscall(SYS_preadv2, fd, iov, n, off, 0L, flags);
}

static ssize_t pwritev2_(int fd, const struct iovec *iov, int n, off_t off, int flags)
{
    return syscall(SYS_pwritev2, fd, iov, n, off, 0L, flags);
}

TEST(vectors_gather_and_scatter_in_order)
{
    char a[3] = "", b[5] = "", c[16] = "";
    struct iovec out[] = { { "ab", 2 }, { "", 0 }, { "cdef", 4 }, { "g", 1 } };
    struct iovec in[] = { { a, 2 }, { b, 4 }, { c, sizeof(c) } };

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(writev(fd, out, 4), 7);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, in, 3), 7);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "cdef");
    CHECK_STR(c, "g");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
    CHECK_EQ(readv(fd, in, 3), 0);
}

TEST(vector_counts_are_checked)
{
    static struct iovec many[IOV_MAX + 1];
    char c = 'x';

    for (int i = 0; i <= IOV_MAX; i++)
        many[i] = (struct iovec){ &c, 1 };
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(writev(fd, many, 0), 0);
    CHECK_EQ(writev(fd, NULL, 0), 0);
    CHECK_EQ(writev(fd, many, IOV_MAX), IOV_MAX);
    CHECK_ERR(writev(fd, many, IOV_MAX + 1), EINVAL);
    CHECK_ERR(writev(fd, many, -1), EINVAL);
    CHECK_ERR(readv(fd, many, -1), EINVAL);
    CHECK_ERR(writev(fd, BAD_POINTER, 1), EFAULT);
    CHECK_ERR(readv(-1, many, 1), EBADF);
    CHECK_ERR(writev(-1, many, 1), EBADF);
}

TEST(negative_length_is_refused)
{
    char c = 'x';
    struct iovec iov[] = { { &c, 1 }, { &c, (size_t)-1 } };

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_ERR(writev(fd, iov, 2), EINVAL);
    CHECK_EQ(file_size("f"), 0);
}

TEST(bad_element_stops_the_transfer)
{
    struct iovec iov[] = { { "good", 4 }, { BAD_POINTER, 4 } };
    struct iovec bad[] = { { BAD_POINTER, 4 }, { "good", 4 } };

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_ERR(writev(fd, bad, 2), EFAULT);
    ssize_t n = writev(fd, iov, 2);
    CHECK(n == 4 || (n == -1 && errno == EFAULT));
    CHECK_EQ(file_size("f"), n == 4 ? 4 : 0);
}

TEST(positioned_vectors_keep_the_position)
{
    char a[3] = "", b[3] = "";
    struct iovec in[] = { { a, 2 }, { b, 2 } };
    struct iovec out[] = { { "XX", 2 }, { "YY", 2 } };

    file_put("f", "0123456789");
    int fd = open("f", O_RDWR);
    CHECK_EQ(preadv(fd, in, 2, 3), 4);
    CHECK_STR(a, "34");
    CHECK_STR(b, "56");
    CHECK_EQ(pwritev(fd, out, 2, 1), 4);
    CHECK_FILE("f", "0XXYY56789");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_ERR(preadv(fd, in, 2, -1), EINVAL);
    CHECK_ERR(pwritev(fd, out, 2, -1), EINVAL);
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_ERR(preadv(p[0], in, 2, 0), ESPIPE);
    CHECK_ERR(pwritev(p[1], out, 2, 0), ESPIPE);
}

TEST(second_version_with_offset_minus_one_uses_the_position)
{
    char a[3] = "";
    struct iovec in = { a, 2 };
    struct iovec out = { "XY", 2 };

    file_put("f", "012345");
    int fd = open("f", O_RDWR);
    CHECK_EQ(preadv2_(fd, &in, 1, -1, 0), 2);
    CHECK_STR(a, "01");
    CHECK_EQ(pwritev2_(fd, &out, 1, -1, 0), 2);
    CHECK_FILE("f", "01XY45");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
    CHECK_ERR(preadv2_(fd, &in, 1, -2, 0), EINVAL);
}

TEST(flags_of_the_second_version)
{
    char a[3] = "";
    struct iovec in = { a, 2 };
    struct iovec out = { "XY", 2 };

    file_put("f", "0123");
    int fd = open("f", O_RDWR);
    CHECK_EQ(pwritev2_(fd, &out, 1, 0, DSYNC), 2);
    CHECK_EQ(pwritev2_(fd, &out, 1, 0, SYNC), 2);
    CHECK_EQ(pwritev2_(fd, &out, 1, 0, APPEND), 2);
    CHECK_FILE("f", "XY23XY");
    CHECK_EQ(preadv2_(fd, &in, 1, 2, HIPRI), 2);
    CHECK_STR(a, "23");
    CHECK_ERR(preadv2_(fd, &in, 1, 0, 0x40000000), EOPNOTSUPP);
    CHECK_ERR(pwritev2_(fd, &out, 1, 0, 0x40000000), EOPNOTSUPP);
}

TEST(vectors_on_a_pipe)
{
    char a[2], b[8] = "";
    struct iovec out[] = { { "abc", 3 }, { "def", 3 } };
    struct iovec in[] = { { a, 2 }, { b, sizeof(b) } };
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_EQ(writev(p[1], out, 2), 6);
    CHECK_EQ(readv(p[0], in, 2), 6);
    CHECK_STR(b, "cdef");
}
