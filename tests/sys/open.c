/* SPDX-License-Identifier: MIT */
/* covers: open openat creat */
/*
 * open(2), openat(2), creat(2): every flag that ordinary files and directories know.
 * O_PATH and O_TMPFILE have programs of their own.
 */
#include "tests/sys/sys.h"

TEST(lowest_free_descriptor_is_used)
{
    int a = open("/dev/null", O_RDONLY);
    int b = open("/dev/null", O_RDONLY);
    int c = open("/dev/null", O_RDONLY);

    CHECK_OK(a);
    CHECK_EQ(b, a + 1);
    CHECK_EQ(c, a + 2);
    CHECK_OK(close(b));
    CHECK_EQ(open("/dev/null", O_RDONLY), b);
}

TEST(missing_file_is_enoent)
{
    CHECK_ERR(open("no", O_RDONLY), ENOENT);
    CHECK_ERR(open("no/file", O_WRONLY | O_CREAT, 0600), ENOENT);
    CHECK_ERR(open("", O_RDONLY), ENOENT);
    CHECK_ERR(open("", O_WRONLY | O_CREAT, 0600), ENOENT);
}

TEST(creat_makes_an_empty_file_with_mode_less_umask)
{
    struct stat st;

    umask(027);
    int fd = open("f", O_RDWR | O_CREAT, 0777);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0750);
    CHECK_EQ(st.st_size, 0);
    CHECK_EQ(st.st_nlink, 1);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_EQ(st.st_gid, getegid());
}

TEST(set_id_and_sticky_bits_survive_creation)
{
    struct stat st;

    umask(0);
    CHECK_OK(open("f", O_RDWR | O_CREAT, 07777));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode & 07777, 07777);
}

TEST(mode_applies_only_from_the_next_open)
{
    int fd = open("f", O_RDWR | O_CREAT, 0);

    CHECK_OK(fd);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    char buf[3];
    CHECK_EQ(read(fd, buf, 3), 3);
}

TEST(creat_keeps_an_existing_file)
{
    struct stat st;

    file_put("f", "abc");
    CHECK_OK(open("f", O_WRONLY | O_CREAT, 0600));
    CHECK_FILE("f", "abc");
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode & 0777, 0644);
}

TEST(excl_refuses_what_exists)
{
    file_put("f", "");
    CHECK_OK(symlink("nowhere", "dangling"));
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERR(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_ERR(open("d", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK(!file_exists("nowhere"));
    CHECK_OK(open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
}

TEST(creat_through_a_dangling_symlink_makes_the_target)
{
    CHECK_OK(symlink("target", "link"));
    CHECK_OK(open("link", O_RDWR | O_CREAT, 0600));
    CHECK(file_exists("target"));
}

TEST(trunc_empties_the_file)
{
    file_put("f", "abc");
    CHECK_OK(open("f", O_WRONLY | O_TRUNC));
    CHECK_EQ(file_size("f"), 0);
}

TEST(creat_call_truncates_and_is_write_only)
{
    char c;

    file_put("f", "abc");
    int fd = creat("f", 0600);
    CHECK_OK(fd);
    CHECK_EQ(file_size("f"), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
    CHECK_ERR(read(fd, &c, 1), EBADF);
    CHECK_EQ(syscall(SYS_creat, "g", 0640), fd + 1);
    CHECK_ERR(creat("no/f", 0600), ENOENT);
}

TEST(access_mode_is_enforced)
{
    char c;

    file_put("f", "abc");
    int r = open("f", O_RDONLY);
    int w = open("f", O_WRONLY);
    CHECK_ERR(write(r, "x", 1), EBADF);
    CHECK_ERR(read(w, &c, 1), EBADF);
    CHECK_ERR(ftruncate(r, 0), EINVAL);
    CHECK_FILE("f", "abc");
}

TEST(append_writes_at_the_end_wherever_the_position_is)
{
    file_put("f", "abc");
    int fd = open("f", O_RDWR | O_APPEND);
    CHECK_OK(fd);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    CHECK_EQ(write(fd, "d", 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
    CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQ(write(fd, "e", 1), 1);
    CHECK_FILE("f", "abcde");
}

TEST(directories_open_for_reading_only)
{
    char c;

    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(open("d", O_WRONLY), EISDIR);
    CHECK_ERR(open("d", O_RDWR), EISDIR);
    CHECK_ERR(open("d", O_RDONLY | O_TRUNC), EISDIR);
    CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
    CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
    int fd = open("d", O_RDONLY);
    CHECK_OK(fd);
    CHECK_ERR(read(fd, &c, 1), EISDIR);
    CHECK_ERR(write(fd, &c, 1), EBADF);
}

TEST(directory_flag_refuses_files)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("d", "ld"));
    CHECK_OK(symlink("f", "lf"));
    CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERR(open("lf", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERR(open("/dev/null", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_OK(open("ld", O_RDONLY | O_DIRECTORY));
    CHECK_OK(open("d/", O_RDONLY | O_DIRECTORY));
    CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("f/..", O_RDONLY), ENOTDIR);
}

TEST(nofollow_refuses_a_symlink_as_last_component_only)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "x");
    CHECK_OK(symlink("d/f", "lf"));
    CHECK_OK(symlink("d", "ld"));
    CHECK_ERR(open("lf", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK_ERR(open("lf", O_RDWR | O_CREAT | O_NOFOLLOW, 0600), ELOOP);
    CHECK_OK(open("ld/f", O_RDONLY | O_NOFOLLOW));
    CHECK_OK(open("d/f", O_RDONLY | O_NOFOLLOW));
    CHECK_ERR(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
    CHECK_OK(open("ld/", O_RDONLY | O_NOFOLLOW));
}

TEST(cloexec_sets_the_descriptor_flag)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(open("/dev/null", O_RDONLY), F_GETFD), 0);
}

TEST(status_flags_come_back_from_getfl)
{
    file_put("f", "");
    int fd = open("f", O_RDWR | O_APPEND | O_NONBLOCK | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_OK(fd);
    int flags = fcntl(fd, F_GETFL);
    CHECK_EQ(flags & O_ACCMODE, O_RDWR);
    CHECK(flags & O_APPEND);
    CHECK(flags & O_NONBLOCK);
    CHECK(!(flags & (O_CREAT | O_TRUNC | O_CLOEXEC)));
    fd = open("f", O_RDONLY | O_SYNC);
    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_SYNC, O_SYNC);
    fd = open("f", O_RDONLY | O_DSYNC);
    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_SYNC, O_DSYNC);
}

TEST(unknown_flags_are_ignored)
{
    CHECK_OK(syscall(SYS_open, "/dev/null", O_RDONLY | 0x40000000, 0));
}

TEST(openat_is_relative_to_the_descriptor)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "in d");
    file_put("f", "outside");
    int d = open("d", O_RDONLY | O_DIRECTORY);
    CHECK_OK(d);
    char buf[16] = "";
    int fd = openat(d, "f", O_RDONLY);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 4);
    CHECK_STR(buf, "in d");
    fd = openat(d, "../f", O_RDONLY);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 7);
    fd = openat(AT_FDCWD, "f", O_RDONLY);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 7);
    CHECK_OK(openat(-1, "/dev/null", O_RDONLY));
}

TEST(openat_checks_the_descriptor)
{
    file_put("f", "");
    int fd = open("f", O_RDONLY);
    CHECK_ERR(openat(fd, "x", O_RDONLY), ENOTDIR);
    CHECK_ERR(openat(-1, "x", O_RDONLY), EBADF);
    CHECK_ERR(openat(1000000, "x", O_RDONLY), EBADF);
    CHECK_ERR(openat(fd, "", O_RDONLY), ENOENT);
}

TEST(openat_in_a_removed_directory_is_enoent)
{
    CHECK_OK(mkdir("d", 0755));
    int d = open("d", O_RDONLY | O_DIRECTORY);
    CHECK_OK(d);
    CHECK_OK(rmdir("d"));
    CHECK_ERR(openat(d, "f", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERR(openat(d, "f", O_RDONLY), ENOENT);
    CHECK_OK(openat(d, ".", O_RDONLY));
}

TEST(bad_path_pointer_is_efault)
{
    CHECK_ERR(syscall(SYS_open, BAD_POINTER, O_RDONLY, 0), EFAULT);
    CHECK_ERR(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY, 0), EFAULT);
    CHECK_ERR(syscall(SYS_openat, AT_FDCWD, -4096L, O_RDONLY, 0), EFAULT);
}

TEST(descriptors_share_nothing_but_the_file)
{
    char c[2] = "";

    file_put("f", "ab");
    int x = open("f", O_RDONLY);
    int y = open("f", O_RDONLY);
    CHECK_EQ(read(x, c, 1), 1);
    CHECK_EQ(read(y, c, 1), 1);
    CHECK_STR(c, "a");
}

TEST(unlinked_file_lives_while_open)
{
    struct stat st;
    char c[4] = "";

    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_OK(unlink("f"));
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_EQ(read(fd, c, 3), 3);
    CHECK_STR(c, "abc");
    CHECK_EQ(write(fd, "d", 1), 1);
}
