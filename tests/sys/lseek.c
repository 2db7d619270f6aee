/* SPDX-License-Identifier: MIT */
/* covers: lseek */
/*
 * lseek(2), with holes.
 */
#include "tests/sys/sys.h"

TEST(whence_selects_the_base)
{
    file_put("f", "0123456789");
    int fd = open("f", O_RDONLY);
    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQ(lseek(fd, 3, SEEK_CUR), 7);
    CHECK_EQ(lseek(fd, -2, SEEK_CUR), 5);
    CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9);
}

TEST(position_may_lie_beyond_the_end)
{
    char c;

    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_EQ(lseek(fd, 1000, SEEK_SET), 1000);
    CHECK_EQ(lseek(fd, 1000, SEEK_END), 1003);
    CHECK_EQ(read(fd, &c, 1), 0);
    CHECK_EQ(file_size("f"), 3);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(file_size("f"), 1004);
}

TEST(position_is_never_negative)
{
    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERR(lseek(fd, -4, SEEK_END), EINVAL);
    CHECK_ERR(lseek(fd, -1, SEEK_CUR), EINVAL);
    CHECK_ERR(lseek(fd, 0, 99), EINVAL);
    CHECK_ERR(lseek(fd, 0, -1), EINVAL);
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    off_t n = lseek(fd, LONG_MAX, SEEK_CUR);
    CHECK(n == -1 && (errno == EOVERFLOW || errno == EINVAL));
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 2);
}

TEST(streams_cannot_seek)
{
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_ERR(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERR(lseek(p[1], 0, SEEK_CUR), ESPIPE);
    CHECK_ERR(lseek(-1, 0, SEEK_SET), EBADF);
}

TEST(null_device_stays_at_zero)
{
    int fd = open("/dev/null", O_RDWR);

    CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
}

TEST(data_and_hole_find_the_edges)
{
    const off_t block = 65536;

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(pwrite(fd, "x", 1, 10 * block), 1);
    CHECK_OK(ftruncate(fd, 20 * block));

    off_t data = lseek(fd, 0, SEEK_DATA);
    CHECK(data > 9 * block && data <= 10 * block);
    off_t hole = lseek(fd, data, SEEK_HOLE);
    CHECK(hole > 10 * block && hole <= 11 * block);
    CHECK_EQ(lseek(fd, 5, SEEK_HOLE), 5);
    CHECK_EQ(lseek(fd, 10 * block, SEEK_DATA), 10 * block);
    CHECK_ERR(lseek(fd, 12 * block, SEEK_DATA), ENXIO);
    CHECK_EQ(lseek(fd, 12 * block, SEEK_HOLE), 12 * block);
    CHECK_ERR(lseek(fd, 20 * block, SEEK_HOLE), ENXIO);
    CHECK_ERR(lseek(fd, -1, SEEK_DATA), ENXIO);
}

TEST(end_of_file_counts_as_a_hole)
{
    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 3);
    CHECK_EQ(lseek(fd, 2, SEEK_DATA), 2);
    CHECK_ERR(lseek(fd, 3, SEEK_DATA), ENXIO);
    CHECK_ERR(lseek(fd, 3, SEEK_HOLE), ENXIO);
}

TEST(directory_position_can_be_reset)
{
    char buf[512];

    int fd = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
    CHECK_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
}
