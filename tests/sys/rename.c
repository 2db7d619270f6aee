/* SPDX-License-Identifier: MIT */
/* covers: rename renameat */
/*
 * rename(2) and renameat(2).
 */
#include "tests/sys/sys.h"

TEST(file_moves_and_keeps_its_inode)
{
    struct stat a, b;

    file_put("f", "abc");
    CHECK_OK(stat("f", &a));
    CHECK_OK(rename("f", "g"));
    CHECK(!file_exists("f"));
    CHECK_OK(stat("g", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_FILE("g", "abc");
}

TEST(existing_target_is_replaced_and_lives_on_while_open)
{
    struct stat st;
    char buf[8] = "";

    file_put("f", "new");
    file_put("g", "old");
    int fd = open("g", O_RDONLY);
    CHECK_OK(rename("f", "g"));
    CHECK_FILE("g", "new");
    CHECK_EQ(read(fd, buf, sizeof(buf)), 3);
    CHECK_STR(buf, "old");
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
}

TEST(to_itself_and_between_links_of_one_file_does_nothing)
{
    file_put("f", "abc");
    CHECK_OK(link("f", "g"));
    CHECK_OK(rename("f", "f"));
    CHECK_OK(rename("f", "g"));
    CHECK_FILE("f", "abc");
    CHECK_FILE("g", "abc");
}

TEST(directories_move_with_their_content)
{
    struct stat a, b;

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_OK(mkdir("e", 0755));
    file_put("d/sub/f", "abc");
    CHECK_OK(rename("d/sub", "e/moved"));
    CHECK_FILE("e/moved/f", "abc");
    CHECK_OK(stat("e/moved/..", &a));
    CHECK_OK(stat("e", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(b.st_nlink, 3);
    CHECK_OK(stat("d", &b));
    CHECK_EQ(b.st_nlink, 2);
}

TEST(directory_replaces_an_empty_directory_only)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("empty", 0755));
    CHECK_OK(mkdir("full", 0755));
    file_put("full/f", "");
    file_put("file", "");
    CHECK_ERR(rename("d", "full"), ENOTEMPTY);
    CHECK_ERR(rename("d", "file"), ENOTDIR);
    CHECK_ERR(rename("file", "empty"), EISDIR);
    CHECK_OK(rename("d", "empty"));
    CHECK(!file_exists("d"));
    CHECK(file_exists("full/f"));
}

TEST(directory_cannot_move_into_itself)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_ERR(rename("d", "d/x"), EINVAL);
    CHECK_ERR(rename("d", "d/e/x"), EINVAL);
    CHECK_ERR(rename("d", "d/e"), EINVAL);
    CHECK_ERR(rename("d/e", "d"), ENOTEMPTY);
    CHECK(file_exists("d/e"));
}

TEST(dot_and_dotdot_and_root_are_busy_or_invalid)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(rename("d/.", "x"), EBUSY);
    CHECK_ERR(rename("d/..", "x"), EBUSY);
    CHECK_ERR(rename("d", "."), EBUSY);
    CHECK_EQ(rename("/", "x"), -1);
    CHECK(errno == EBUSY || errno == EXDEV);
}

TEST(symlinks_themselves_are_renamed)
{
    struct stat st;

    file_put("f", "abc");
    file_put("g", "def");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(rename("l", "l2"));
    CHECK_OK(lstat("l2", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_OK(rename("g", "l2"));
    CHECK_OK(lstat("l2", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_FILE("f", "abc");
}

TEST(trailing_slashes_mean_directories)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(rename("d/", "e/"));
    CHECK(file_exists("e"));
    CHECK_ERR(rename("f/", "g"), ENOTDIR);
    CHECK_ERR(rename("f", "g/"), ENOTDIR);
}

TEST(errors)
{
    file_put("f", "");
    CHECK_ERR(rename("no", "g"), ENOENT);
    CHECK_ERR(rename("f", "no/g"), ENOENT);
    CHECK_ERR(rename("", "g"), ENOENT);
    CHECK_ERR(rename("f", ""), ENOENT);
    CHECK_ERR(rename("f/x", "g"), ENOTDIR);
    CHECK_ERR(rename("f", "/proc/g"), EXDEV);
    CHECK_ERR(syscall(SYS_rename, BAD_POINTER, "g"), EFAULT);
    CHECK_ERR(syscall(SYS_rename, "f", BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_renameat, -1, "f", AT_FDCWD, "g"), EBADF);
    CHECK_ERR(syscall(SYS_renameat, AT_FDCWD, "f", -1, "g"), EBADF);
    CHECK(file_exists("f"));
}

TEST(renameat_is_relative_on_both_sides)
{
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    file_put("a/f", "abc");
    int a = open("a", O_RDONLY), b = open("b", O_RDONLY);
    CHECK_OK(syscall(SYS_renameat, a, "f", b, "g"));
    CHECK_FILE("b/g", "abc");
}

TEST(moving_a_directory_of_another_owner_needs_write_access_to_it)
{
    need_root();
    CHECK_OK(mkdir("a", 0777));
    CHECK_OK(mkdir("b", 0777));
    CHECK_OK(chmod("a", 0777));
    CHECK_OK(chmod("b", 0777));
    CHECK_OK(mkdir("a/theirs", 0755));
    become(1000, 1000);
    CHECK_OK(rename("a/theirs", "a/renamed"));     /* ".." stays the same                   */
    CHECK_ERR(rename("a/renamed", "b/x"), EACCES); /* ".." would change                     */
}

TEST(open_directory_follows_its_move)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("e", 0755));
    int d = open("d", O_RDONLY);
    CHECK_OK(rename("d", "e/d"));
    CHECK_OK(openat(d, "f", O_CREAT | O_RDWR, 0600));
    CHECK(file_exists("e/d/f"));
}
