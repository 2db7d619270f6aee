/* SPDX-License-Identifier: MIT */
/* covers: stat lstat fstat newfstatat */
/*
 * stat(2) and its family: what the fields say about each kind of file.
 */
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "tests/sys/sys.h"

TEST(regular_file_fields)
{
    struct stat st;

    umask(0);
    int fd = open("f", O_RDWR | O_CREAT, 0640);
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0640);
    CHECK_EQ(st.st_size, 5);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_gid, getegid());
    CHECK(st.st_ino != 0);
    CHECK(st.st_blksize >= 512);
    CHECK(st.st_blocks >= 0 && st.st_blocks * 512 <= 65536);
}

TEST(all_forms_agree)
{
    struct stat a, b, c, d, e;

    file_put("f", "abc");
    int fd = open("f", O_RDONLY);
    memset(&a, 1, sizeof(a));
    memset(&b, 2, sizeof(b));
    memset(&c, 3, sizeof(c));
    memset(&d, 4, sizeof(d));
    memset(&e, 5, sizeof(e));
    CHECK_OK(syscall(SYS_stat, "f", &a));
    CHECK_OK(syscall(SYS_lstat, "f", &b));
    CHECK_OK(syscall(SYS_fstat, fd, &c));
    CHECK_OK(syscall(SYS_newfstatat, AT_FDCWD, "f", &d, 0));
    CHECK_OK(syscall(SYS_newfstatat, fd, "", &e, AT_EMPTY_PATH));
    CHECK_MEM(&a, &b, sizeof(a));                /* padding included: the kernel leaks nothing */
    CHECK_MEM(&a, &c, sizeof(a));
    CHECK_MEM(&a, &d, sizeof(a));
    CHECK_MEM(&a, &e, sizeof(a));
}

TEST(symlinks_are_followed_except_by_lstat)
{
    struct stat st;

    file_put("f", "abc");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(symlink("no", "dangling"));
    CHECK_OK(stat("l", &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_OK(lstat("l", &st));
    CHECK_EQ(st.st_mode, S_IFLNK | 0777);
    CHECK_EQ(st.st_size, 1);
    CHECK_ERR(stat("dangling", &st), ENOENT);
    CHECK_OK(lstat("dangling", &st));
    CHECK_EQ(st.st_size, 2);
    CHECK_OK(fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_ERR(lstat("l/../f", &st), ENOTDIR);
}

TEST(trailing_slash_follows_the_link)
{
    struct stat st;

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("d", "l"));
    CHECK_OK(lstat("l/", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(lstat("l/.", &st));
    CHECK(S_ISDIR(st.st_mode));
}

TEST(kinds_show_in_the_mode)
{
    struct stat st;
    int p[2], s[2];

    CHECK_OK(stat(".", &st));
    CHECK(S_ISDIR(st.st_mode));
    CHECK_OK(stat("/dev/null", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(major(st.st_rdev), 1);
    CHECK_EQ(minor(st.st_rdev), 3);
    CHECK_OK(pipe(p));
    CHECK_OK(fstat(p[0], &st));
    CHECK(S_ISFIFO(st.st_mode));
    CHECK_EQ(st.st_size, 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    CHECK_OK(fstat(s[0], &st));
    CHECK(S_ISSOCK(st.st_mode));
}

TEST(directory_links_count_subdirectories)
{
    struct stat st;

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(mkdir("d/a", 0755));
    CHECK_OK(mkdir("d/b", 0755));
    file_put("d/f", "");
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_nlink, 4);
    CHECK_OK(rmdir("d/a"));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_nlink, 3);
}

TEST(inode_and_device_identify_a_file)
{
    struct stat a, b, c;

    file_put("f", "");
    file_put("g", "");
    CHECK_OK(link("f", "h"));
    CHECK_OK(stat("f", &a));
    CHECK_OK(stat("g", &b));
    CHECK_OK(stat("h", &c));
    CHECK_EQ(a.st_dev, b.st_dev);
    CHECK(a.st_ino != b.st_ino);
    CHECK_EQ(a.st_ino, c.st_ino);
    CHECK_OK(rename("f", "f2"));
    CHECK_OK(stat("f2", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(stat("/proc", &c));
    CHECK(a.st_dev != c.st_dev);
}

TEST(errors)
{
    struct stat st;

    file_put("f", "");
    int fd = open("f", O_RDONLY);
    CHECK_ERR(stat("no", &st), ENOENT);
    CHECK_ERR(stat("", &st), ENOENT);
    CHECK_ERR(lstat("", &st), ENOENT);
    CHECK_ERR(stat("f/x", &st), ENOTDIR);
    CHECK_ERR(stat("f/", &st), ENOTDIR);
    CHECK_ERR(fstat(-1, &st), EBADF);
    CHECK_ERR(syscall(SYS_newfstatat, -1, "f", &st, 0), EBADF);
    CHECK_ERR(syscall(SYS_newfstatat, fd, "f", &st, 0), ENOTDIR);
    CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "", &st, 0), ENOENT);
    CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", &st, 0x40000000), EINVAL);
    CHECK_ERR(syscall(SYS_stat, "f", BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_fstat, fd, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_stat, BAD_POINTER, &st), EFAULT);
}

TEST(empty_path_with_cwd_is_the_directory)
{
    struct stat a, b;

    CHECK_OK(syscall(SYS_newfstatat, AT_FDCWD, "", &a, AT_EMPTY_PATH));
    CHECK_OK(stat(".", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
}

TEST(times_move_with_what_happens)
{
    struct stat a, b;

    file_put("f", "abc");
    CHECK_OK(stat("f", &a));
    sleep_ms(20);
    CHECK_OK(chmod("f", 0600));
    CHECK_OK(stat("f", &b));
    CHECK_EQ(timespec_ns(&a.st_mtim), timespec_ns(&b.st_mtim));
    CHECK(timespec_ns(&b.st_ctim) > timespec_ns(&a.st_ctim));

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(stat("d", &a));
    sleep_ms(20);
    file_put("d/x", "");
    CHECK_OK(stat("d", &b));
    CHECK(timespec_ns(&b.st_mtim) > timespec_ns(&a.st_mtim));
    sleep_ms(20);
    CHECK_OK(unlink("d/x"));
    CHECK_OK(stat("d", &a));
    CHECK(timespec_ns(&a.st_mtim) > timespec_ns(&b.st_mtim));
}

TEST(new_files_carry_the_present)
{
    struct stat st;

    time_t before = time(NULL);
    file_put("f", "");
    time_t after = time(NULL);
    CHECK_OK(stat("f", &st));
    CHECK(st.st_mtime >= before - 1 && st.st_mtime <= after + 1);
    CHECK(st.st_atime >= before - 1 && st.st_atime <= after + 1);
    CHECK(st.st_ctime >= before - 1 && st.st_ctime <= after + 1);
}
