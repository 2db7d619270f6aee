/* SPDX-License-Identifier: MIT */
/* covers: truncate ftruncate */
/*
 * truncate(2) and ftruncate(2).
 */
#include "tests/sys/sys.h"

TEST(shrinking_then_growing_reads_zeros)
{
    char buf[8];

    file_put("f", "abcdefgh");
    CHECK_OK(truncate("f", 3));
    CHECK_FILE("f", "abc");
    CHECK_OK(truncate("f", 8));
    int fd = open("f", O_RDWR);
    CHECK_EQ(read(fd, buf, 8), 8);
    CHECK_MEM(buf, "abc\0\0\0\0\0", 8);
    CHECK_OK(ftruncate(fd, 0));
    CHECK_EQ(file_size("f"), 0);
}

TEST(position_stays)
{
    file_put("f", "abcdefgh");
    int fd = open("f", O_RDWR);
    CHECK_EQ(lseek(fd, 6, SEEK_SET), 6);
    CHECK_OK(ftruncate(fd, 2));
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_EQ(file_size("f"), 7);
}

TEST(sizes_are_checked)
{
    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_ERR(truncate("f", -1), EINVAL);
    CHECK_ERR(ftruncate(fd, -1), EINVAL);
    CHECK_FILE("f", "abc");
}

TEST(kinds_of_files_are_checked)
{
    int p[2];

    file_put("f", "abc");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(pipe(p));
    CHECK_ERR(truncate("d", 0), EISDIR);
    CHECK_ERR(truncate("no", 0), ENOENT);
    CHECK_ERR(truncate("", 0), ENOENT);
    CHECK_ERR(truncate("f/x", 0), ENOTDIR);
    CHECK_ERR(truncate(BAD_POINTER, 0), EFAULT);
    CHECK_ERR(ftruncate(p[1], 0), EINVAL);
    CHECK_ERR(ftruncate(-1, 0), EBADF);
    CHECK_ERR(ftruncate(open("f", O_RDONLY), 0), EINVAL);
    CHECK_ERR(ftruncate(open("d", O_RDONLY), 0), EINVAL);
}

TEST(symlinks_are_followed)
{
    file_put("f", "abc");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(truncate("l", 1));
    CHECK_EQ(file_size("f"), 1);
}

TEST(permission_is_needed_by_path_only)
{
    need_root();
    file_put("f", "abc");
    CHECK_OK(chmod("f", 0644));
    int fd = open("f", O_RDWR);
    become(1000, 1000);
    CHECK_ERR(truncate("f", 0), EACCES);
    CHECK_OK(ftruncate(fd, 1));
}

TEST(sparse_growth_takes_no_space)
{
    struct stat st;

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_OK(ftruncate(fd, 1L << 30));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, 1L << 30);
    CHECK(st.st_blocks < 64);
}

TEST(times_change_even_for_the_same_size_with_truncate)
{
    struct stat before, after;

    file_put("f", "abc");
    CHECK_OK(stat("f", &before));
    sleep_ms(20);
    CHECK_OK(truncate("f", 1));
    CHECK_OK(stat("f", &after));
    CHECK(timespec_ns(&after.st_mtim) > timespec_ns(&before.st_mtim));
    CHECK(timespec_ns(&after.st_ctim) > timespec_ns(&before.st_ctim));
}
