/* SPDX-License-Identifier: MIT */
/* covers: read write pread64 pwrite64 */
/*
 * read(2), write(2), pread(2), pwrite(2) on regular files, and their bad arguments.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

TEST(position_advances_by_what_was_moved)
{
    char buf[16] = "";

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(write(fd, " world", 6), 6);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
    CHECK_EQ(lseek(fd, 6, SEEK_SET), 6);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 5);
    CHECK_STR(buf, "world");
    CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
}

TEST(overwriting_changes_only_the_middle)
{
    file_put("f", "abcdefgh");
    int fd = open("f", O_WRONLY);
    CHECK_EQ(pwrite(fd, "XY", 2, 3), 2);
    CHECK_FILE("f", "abcXYfgh");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(zero_bytes_do_nothing)
{
    struct stat before, after;
    char c = 'x';

    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_OK(fstat(fd, &before));
    CHECK_EQ(write(fd, &c, 0), 0);
    CHECK_EQ(read(fd, &c, 0), 0);
    CHECK_EQ(pwrite(fd, &c, 0, 100), 0);
    CHECK_OK(fstat(fd, &after));
    CHECK_EQ(after.st_size, before.st_size);
    CHECK_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

TEST(writing_past_the_end_leaves_zeros_between)
{
    char buf[104];

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(pwrite(fd, "end", 3, 100), 3);
    CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 103);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(buf[i], 0);
    CHECK_MEM(buf + 100, "end", 3);
}

TEST(pread_does_not_move_the_position)
{
    char buf[4] = "";

    file_put("f", "abcdef");
    int fd = open("f", O_RDONLY);
    CHECK_EQ(pread(fd, buf, 3, 2), 3);
    CHECK_STR(buf, "cde");
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(pread(fd, buf, 3, 6), 0);
    CHECK_EQ(pread(fd, buf, 3, 1L << 40), 0);
    CHECK_ERR(pread(fd, buf, 3, -1), EINVAL);
    CHECK_ERR(pwrite(fd, buf, 3, 0), EBADF);
}

TEST(pwrite_with_append_writes_at_the_end)
{
    file_put("f", "abc");
    int fd = open("f", O_WRONLY | O_APPEND);
    CHECK_EQ(pwrite(fd, "d", 1, 0), 1);
    CHECK_FILE("f", "abcd");
    CHECK_ERR(pwrite(fd, "d", 1, -1), EINVAL);
}

TEST(positioned_io_needs_a_seekable_file)
{
    char c = 0;
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_ERR(pread(p[0], &c, 1, 0), ESPIPE);
    CHECK_ERR(pwrite(p[1], &c, 1, 0), ESPIPE);
}

TEST(bad_descriptors_are_ebadf)
{
    char c = 0;

    CHECK_ERR(read(-1, &c, 1), EBADF);
    CHECK_ERR(write(-1, &c, 1), EBADF);
    CHECK_ERR(read(4000, &c, 1), EBADF);
    CHECK_ERR(pread(-1, &c, 1, 0), EBADF);
    CHECK_ERR(pwrite(-1, &c, 1, -1), EINVAL);
}

TEST(bad_buffers_are_efault)
{
    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_ERR(read(fd, BAD_POINTER, 3), EFAULT);
    CHECK_ERR(write(fd, BAD_POINTER, 3), EFAULT);
    CHECK_ERR(pread(fd, (void *)-1L, 3, 0), EFAULT);
    CHECK_ERR(read(fd, (void *)0x800000000000, 3), EFAULT);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_FILE("f", "abc");
    CHECK_EQ(lseek(fd, 0, SEEK_END), 3);
    CHECK_EQ(read(fd, BAD_POINTER, 3), 0);       /* nothing to copy at the end              */
}

TEST(partly_bad_buffers_move_what_they_can)
{
    char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    CHECK_OK(munmap(page + PAGE, PAGE));
    memset(page, 'x', PAGE);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    ssize_t n = write(fd, page + PAGE - 10, 20);
    CHECK(n == 10 || (n == -1 && errno == EFAULT));
    CHECK_EQ(file_size("f"), n == 10 ? 10 : 0);
    file_put("g", "0123456789");
    fd = open("g", O_RDONLY);
    n = read(fd, page + PAGE - 4, 10);
    CHECK(n == 4 || (n == -1 && errno == EFAULT));
}

TEST(read_only_memory_cannot_be_read_into)
{
    char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    CHECK_ERR(read(fd, page, 3), EFAULT);
    CHECK_EQ(page[0], 0);
    char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_ERR(read(fd, none, 3), EFAULT);
    fd = open("f", O_WRONLY);
    CHECK_ERR(write(fd, none, 3), EFAULT);
}

TEST(count_above_ssize_max_is_refused)
{
    char c = 0;

    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_ERR(syscall(SYS_read, fd, &c, -1L), EFAULT);
    CHECK_ERR(syscall(SYS_write, fd, &c, LONG_MIN), EFAULT);
}

TEST(large_blocks_round_trip)
{
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    char *a = malloc(SIZE), *b = malloc(SIZE);

    CHECK(a && b);
    fill_pattern(a, SIZE, 7);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(write(fd, a, SIZE), SIZE);
    CHECK_EQ(pread(fd, b, SIZE, 0), SIZE);
    CHECK_MEM(a, b, SIZE);
    CHECK_EQ(pread(fd, b, SIZE, 4095), SIZE - 4095);
    CHECK_MEM(a + 4095, b, SIZE - 4095);
    free(a);
    free(b);
}

TEST(write_changes_mtime_and_ctime_and_clears_set_id_bits)
{
    struct stat before, after;

    need_root();
    file_put("f", "abc");
    CHECK_OK(chmod("f", 06777));
    CHECK_OK(stat("f", &before));
    sleep_ms(20);
    become(1000, 1000);
    int fd = open("f", O_WRONLY);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, "x", 1), 1);
    CHECK_OK(stat("f", &after));
    CHECK(timespec_ns(&after.st_mtim) > timespec_ns(&before.st_mtim));
    CHECK(timespec_ns(&after.st_ctim) > timespec_ns(&before.st_ctim));
    CHECK_EQ(after.st_mode & 07777, 0777);
}

TEST(read_of_write_position_is_shared_by_copies)
{
    char c;

    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    int copy = dup(fd);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(read(copy, &c, 1), 1);
    CHECK_EQ(c, 'b');
}
