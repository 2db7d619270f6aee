/* SPDX-License-Identifier: MIT */
/* covers: link linkat unlink unlinkat */
/*
 * Hard links: making them, removing them.
 */
#include "tests/sys/sys.h"

TEST(names_share_one_file)
{
    struct stat a, b;

    file_put("f", "abc");
    CHECK_OK(link("f", "g"));
    CHECK_OK(stat("f", &a));
    CHECK_OK(stat("g", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(a.st_nlink, 2);
    file_put("g", "changed");
    CHECK_FILE("f", "changed");
    CHECK_OK(unlink("f"));
    CHECK_FILE("g", "changed");
    CHECK_OK(stat("g", &b));
    CHECK_EQ(b.st_nlink, 1);
}

TEST(link_errors)
{
    file_put("f", "");
    file_put("g", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(link("f", "g"), EEXIST);
    CHECK_ERR(link("f", "f"), EEXIST);
    CHECK_ERR(link("no", "h"), ENOENT);
    CHECK_ERR(link("f", "no/h"), ENOENT);
    CHECK_ERR(link("f", ""), ENOENT);
    CHECK_ERR(link("", "h"), ENOENT);
    CHECK_ERR(link("d", "h"), EPERM);
    CHECK_ERR(link("f", "g/x"), ENOTDIR);
    CHECK_ERR(link("f", "h/"), ENOENT);
    CHECK_ERR(link("/proc/self/status", "h"), EXDEV);
    CHECK_ERR(syscall(SYS_link, BAD_POINTER, "h"), EFAULT);
    CHECK_ERR(syscall(SYS_link, "f", BAD_POINTER), EFAULT);
    CHECK_ERR(linkat(AT_FDCWD, "f", AT_FDCWD, "h", 0x40000000), EINVAL);
}

TEST(link_to_a_symlink_links_the_symlink_unless_told_to_follow)
{
    struct stat st;

    file_put("f", "abc");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(link("l", "l2"));
    CHECK_OK(lstat("l2", &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
    CHECK_OK(lstat("g", &st));
    CHECK(S_ISREG(st.st_mode));
}

TEST(linkat_is_relative_on_both_sides)
{
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    file_put("a/f", "abc");
    int a = open("a", O_RDONLY), b = open("b", O_RDONLY);
    CHECK_OK(linkat(a, "f", b, "g", 0));
    CHECK_FILE("b/g", "abc");
    CHECK_ERR(linkat(a, "f", -1, "g", 0), EBADF);
    CHECK_ERR(linkat(-1, "f", b, "h", 0), EBADF);
}

TEST(linking_changes_ctime_only)
{
    struct stat a, b;

    file_put("f", "abc");
    CHECK_OK(stat("f", &a));
    sleep_ms(20);
    CHECK_OK(link("f", "g"));
    CHECK_OK(stat("f", &b));
    CHECK_EQ(timespec_ns(&a.st_mtim), timespec_ns(&b.st_mtim));
    CHECK(timespec_ns(&b.st_ctim) > timespec_ns(&a.st_ctim));
}

TEST(unlink_errors)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(unlink("no"), ENOENT);
    CHECK_ERR(unlink(""), ENOENT);
    CHECK_ERR(unlink("d"), EISDIR);
    CHECK_ERR(unlink("f/"), ENOTDIR);
    CHECK_ERR(unlink("f/x"), ENOTDIR);
    CHECK_ERR(unlink("d/."), EISDIR);
    CHECK_ERR(syscall(SYS_unlink, BAD_POINTER), EFAULT);
    CHECK_ERR(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERR(unlinkat(AT_FDCWD, "d", 0), EISDIR);
    CHECK_ERR(unlinkat(AT_FDCWD, "f", 0x1000), EINVAL);
    CHECK_ERR(unlinkat(-1, "f", 0), EBADF);
    CHECK_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    int d = open(".", O_RDONLY);
    CHECK_OK(unlinkat(d, "f", 0));
    CHECK(!file_exists("f"));
}

TEST(unlink_removes_a_symlink_not_its_target)
{
    file_put("f", "abc");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(unlink("l"));
    CHECK_FILE("f", "abc");
    CHECK(!file_exists("l"));
}

TEST(unlink_needs_write_permission_on_the_directory)
{
    need_root();
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "");
    CHECK_OK(chmod("d/f", 0777));
    become(1000, 1000);
    CHECK_ERR(unlink("d/f"), EACCES);
    CHECK_ERR(link("d/f", "d/g"), EACCES);
}

TEST(sticky_directories_protect_other_peoples_files)
{
    need_root();
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(chmod("d", 01777));
    file_put("d/theirs", "");
    file_put("d/mine", "");
    CHECK_OK(chown("d/mine", 1000, 1000));
    become(1000, 1000);
    CHECK_ERR(unlink("d/theirs"), EPERM);
    CHECK_ERR(rename("d/theirs", "d/x"), EPERM);
    CHECK_ERR(rename("d/mine", "d/theirs"), EPERM);
    CHECK_OK(rename("d/mine", "d/mine2"));
    CHECK_OK(unlink("d/mine2"));
}
