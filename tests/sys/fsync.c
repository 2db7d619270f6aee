/* SPDX-License-Identifier: MIT */
/* covers: fsync fdatasync sync syncfs sync_file_range fadvise64 readahead */
/*
 * Calls that ask for durability, and advice.  What can be checked is who is refused.
 */
#include "tests/sys/sys.h"

TEST(sync_calls_accept_files_and_directories)
{
    file_put("f", "abc");
    int f = open("f", O_RDWR);
    int d = open(".", O_RDONLY);
    CHECK_OK(fsync(f));
    CHECK_OK(fdatasync(f));
    CHECK_OK(fsync(d));
    CHECK_OK(syscall(SYS_syncfs, f));
    CHECK_OK(syscall(SYS_sync));
    CHECK_OK(fsync(open("f", O_RDONLY)));
    CHECK_FILE("f", "abc");
}

TEST(sync_calls_refuse_streams_and_bad_descriptors)
{
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_ERR(fsync(p[0]), EINVAL);
    CHECK_ERR(fdatasync(p[1]), EINVAL);
    CHECK_ERR(fsync(-1), EBADF);
    CHECK_ERR(fdatasync(-1), EBADF);
    CHECK_ERR(syscall(SYS_syncfs, -1), EBADF);
}

TEST(sync_file_range_checks_its_arguments)
{
    int p[2];

    file_put("f", "abc");
    int f = open("f", O_RDWR);
    CHECK_OK(pipe(p));
    CHECK_OK(sync_file_range(f, 0, 0, 7));
    CHECK_OK(sync_file_range(f, 0, 100, 2));
    CHECK_ERR(sync_file_range(f, 0, 0, 8), EINVAL);
    CHECK_ERR(sync_file_range(f, -1, 0, 2), EINVAL);
    CHECK_ERR(sync_file_range(f, 0, -1, 2), EINVAL);
    CHECK_ERR(sync_file_range(p[0], 0, 0, 2), ESPIPE);
    CHECK_ERR(sync_file_range(-1, 0, 0, 2), EBADF);
}

TEST(advice_is_checked)
{
    int p[2];

    file_put("f", "abc");
    int f = open("f", O_RDWR);
    CHECK_OK(pipe(p));
    for (int advice = 0; advice <= 5; advice++)
        CHECK_EQ(posix_fadvise(f, 0, 0, advice), 0);
    CHECK_EQ(posix_fadvise(f, 0, 0, 6), EINVAL);
    CHECK_EQ(posix_fadvise(f, 0, -1, 0), EINVAL);
    CHECK_EQ(posix_fadvise(p[0], 0, 0, 0), ESPIPE);
    CHECK_EQ(posix_fadvise(-1, 0, 0, 0), EBADF);
    CHECK_FILE("f", "abc");
}

TEST(readahead_is_for_readable_files)
{
    int p[2];

    file_put("f", "abc");
    CHECK_OK(pipe(p));
    CHECK_OK(readahead(open("f", O_RDONLY), 0, 4096));
    CHECK_ERR(readahead(open("f", O_WRONLY), 0, 4096), EBADF);
    CHECK_ERR(readahead(p[0], 0, 4096), EINVAL);
    CHECK_ERR(readahead(-1, 0, 4096), EBADF);
}
