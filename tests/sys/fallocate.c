/* SPDX-License-Identifier: MIT */
/* covers: fallocate */
/*
 * fallocate(2): reserving, punching, zeroing.
 */
#include "tests/sys/sys.h"

enum { KEEP_SIZE = 1, PUNCH_HOLE = 2, COLLAPSE = 8, ZERO_RANGE = 16, UNKNOWN = 0x4000 };

static int open_pattern(size_t size)
{
    char *data = malloc(size);

    memset(data, 'x', size);
    file_write("f", data, size);
    free(data);
    int fd = open("f", O_RDWR);
    CHECK_OK(fd);
    return fd;
}

/* Bytes [from, to) are all c. */
static bool range_is(int fd, off_t from, off_t to, char c)
{
    for (off_t at = from; at < to; at++) {
        char got = 0x55;
        if (pread(fd, &got, 1, at) != 1 || got != c)
            return false;
    }
    return true;
}

TEST(plain_allocation_extends_the_file)
{
    struct stat st;

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_OK(fallocate(fd, 0, 0, 10000));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 10000);
    CHECK(st.st_blocks * 512 >= 10000);
    CHECK(range_is(fd, 9990, 10000, 0));
    CHECK_OK(fallocate(fd, 0, 0, 100));
    CHECK_EQ(file_size("f"), 10000);
}

TEST(keep_size_reserves_without_extending)
{
    struct stat st;

    int fd = open_pattern(10);
    CHECK_OK(fallocate(fd, KEEP_SIZE, 0, 100000));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 10);
    CHECK(range_is(fd, 0, 10, 'x'));
}

TEST(punch_hole_zeroes_and_keeps_the_size)
{
    int fd = open_pattern(40960);

    CHECK_OK(fallocate(fd, PUNCH_HOLE | KEEP_SIZE, 5000, 20000));
    CHECK_EQ(file_size("f"), 40960);
    CHECK(range_is(fd, 4990, 5000, 'x'));
    CHECK(range_is(fd, 5000, 5010, 0));
    CHECK(range_is(fd, 24990, 25000, 0));
    CHECK(range_is(fd, 25000, 25010, 'x'));
    CHECK_OK(fallocate(fd, PUNCH_HOLE | KEEP_SIZE, 40000, 100000));
    CHECK_EQ(file_size("f"), 40960);
    CHECK(range_is(fd, 40000, 40010, 0));
    CHECK_OK(fallocate(fd, PUNCH_HOLE | KEEP_SIZE, 100000, 10));
}

TEST(punch_hole_needs_keep_size)
{
    int fd = open_pattern(100);

    CHECK_ERR(fallocate(fd, PUNCH_HOLE, 0, 10), EOPNOTSUPP);
    CHECK(range_is(fd, 0, 100, 'x'));
}

TEST(zero_range_zeroes_where_the_file_system_knows_it)
{
    int fd = open_pattern(10000);

    if (fallocate(fd, ZERO_RANGE | KEEP_SIZE, 100, 5000) == -1) {
        CHECK_EQ(errno, EOPNOTSUPP);             /* tmpfs                                   */
        return;
    }
    CHECK(range_is(fd, 90, 100, 'x'));
    CHECK(range_is(fd, 100, 110, 0));
    CHECK(range_is(fd, 5090, 5100, 0));
    CHECK(range_is(fd, 5100, 5110, 'x'));
    CHECK_OK(fallocate(fd, ZERO_RANGE, 9000, 5000));
    CHECK_EQ(file_size("f"), 14000);
}

TEST(arguments_are_checked)
{
    int fd = open_pattern(100);
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(fallocate(fd, 0, -1, 10), EINVAL);
    CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERR(fallocate(fd, 0, 0, -1), EINVAL);
    CHECK_ERR(fallocate(fd, 0, LONG_MAX, 10), EFBIG);
    CHECK_ERR(fallocate(fd, UNKNOWN, 0, 10), EOPNOTSUPP);
    CHECK_ERR(fallocate(-1, 0, 0, 10), EBADF);
    CHECK_ERR(fallocate(open("f", O_RDONLY), 0, 0, 10), EBADF);
    CHECK_ERR(fallocate(p[1], 0, 0, 10), ESPIPE);
    CHECK_ERR(fallocate(open("d", O_RDONLY), 0, 0, 10), EBADF);
    CHECK_ERR(fallocate(open("/dev/null", O_RDWR), 0, 0, 10), ENODEV);
    CHECK_EQ(file_size("f"), 100);
}
