/* SPDX-License-Identifier: MIT */
/* covers: openat linkat */
/*
 * O_TMPFILE: a file without a name, which linkat(2) may give one later.
 */
#include "tests/sys/sys.h"

TEST(tmpfile_has_no_name_and_no_links)
{
    struct stat st;
    char buf[4] = "";

    umask(022);
    int fd = open(".", O_TMPFILE | O_RDWR, 0666);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(pread(fd, buf, 4, 0), 3);
    CHECK_STR(buf, "abc");
}

TEST(tmpfile_needs_write_access_and_a_directory)
{
    file_put("f", "");
    CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    CHECK_ERR(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
    CHECK_ERR(open("no", O_TMPFILE | O_RDWR, 0600), ENOENT);
    CHECK_OK(open(".", O_TMPFILE | O_WRONLY, 0600));
    CHECK_ERR(syscall(SYS_open, ".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600), EINVAL);
}

TEST(tmpfile_gets_a_name_through_proc)
{
    char path[64];
    struct stat st;

    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, "abc", 3), 3);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_FILE("named", "abc");
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 1);
    CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), EEXIST);
}

TEST(tmpfile_gets_a_name_through_an_empty_path)
{
    need_root();
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK_OK(fd);
    CHECK_OK(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH));
    CHECK(file_exists("named"));
}

TEST(tmpfile_with_excl_can_never_get_a_name)
{
    char path[64];

    int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    CHECK_OK(fd);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_ERR(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), ENOENT);
    CHECK_ERR(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH), ENOENT);
}

TEST(tmpfile_does_not_show_in_the_directory)
{
    struct stat before, after;

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(stat("d", &before));
    CHECK_OK(open("d", O_TMPFILE | O_RDWR, 0600));
    CHECK_OK(stat("d", &after));
    CHECK_EQ(after.st_nlink, before.st_nlink);
    CHECK_OK(rmdir("d"));
}
