/* SPDX-License-Identifier: MIT */
/* covers: chown fchown lchown fchownat */
/*
 * chown(2) and its family.
 */
#include "tests/sys/sys.h"

static struct stat lstat_of(const char *path)
{
    struct stat st = { 0 };

    CHECK_OK(lstat(path, &st));
    return st;
}

TEST(minus_one_leaves_an_id)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chown("f", 123, 456));
    CHECK_EQ(lstat_of("f").st_uid, 123);
    CHECK_EQ(lstat_of("f").st_gid, 456);
    CHECK_OK(chown("f", (uid_t)-1, 789));
    CHECK_EQ(lstat_of("f").st_uid, 123);
    CHECK_EQ(lstat_of("f").st_gid, 789);
    CHECK_OK(chown("f", 0, (gid_t)-1));
    CHECK_EQ(lstat_of("f").st_uid, 0);
    CHECK_EQ(lstat_of("f").st_gid, 789);
    CHECK_OK(chown("f", (uid_t)-1, (gid_t)-1));
}

TEST(forms_and_links)
{
    need_root();
    file_put("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(symlink("no", "dangling"));
    int fd = open("f", O_RDONLY);
    int d = open(".", O_RDONLY);
    CHECK_OK(chown("l", 1, 1));
    CHECK_EQ(lstat_of("f").st_uid, 1);
    CHECK_EQ(lstat_of("l").st_uid, 0);
    CHECK_OK(lchown("l", 2, 2));
    CHECK_EQ(lstat_of("f").st_uid, 1);
    CHECK_EQ(lstat_of("l").st_uid, 2);
    CHECK_OK(fchown(fd, 3, 3));
    CHECK_EQ(lstat_of("f").st_gid, 3);
    CHECK_OK(fchownat(d, "f", 4, 4, 0));
    CHECK_EQ(lstat_of("f").st_uid, 4);
    CHECK_OK(fchownat(d, "l", 5, 5, AT_SYMLINK_NOFOLLOW));
    CHECK_EQ(lstat_of("l").st_uid, 5);
    CHECK_OK(fchownat(fd, "", 6, 6, AT_EMPTY_PATH));
    CHECK_EQ(lstat_of("f").st_uid, 6);
    CHECK_OK(lchown("dangling", 7, 7));
    CHECK_ERR(chown("dangling", 7, 7), ENOENT);
}

TEST(ordinary_users_may_only_give_the_group_to_their_own)
{
    need_root();
    file_put("f", "");
    file_put("other", "");
    CHECK_OK(chown("f", 1000, 1000));
    become(1000, 1000);
    CHECK_ERR(chown("f", 1001, (gid_t)-1), EPERM);
    CHECK_ERR(chown("f", (uid_t)-1, 2000), EPERM);
    CHECK_OK(chown("f", 1000, 1000));
    CHECK_OK(chown("f", (uid_t)-1, (gid_t)-1));
    CHECK_ERR(chown("other", (uid_t)-1, 1000), EPERM);
}

TEST(set_id_bits_are_cleared_for_executables)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chmod("f", 06755));
    CHECK_OK(chown("f", 1, 1));
    CHECK_EQ(lstat_of("f").st_mode & 07777, 0755);
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chmod("d", 06755));
    CHECK_OK(chown("d", 1, 1));
    CHECK_EQ(lstat_of("d").st_mode & 07777, 06755);
}

TEST(errors)
{
    CHECK_ERR(chown("no", 0, 0), ENOENT);
    CHECK_ERR(lchown("", 0, 0), ENOENT);
    CHECK_ERR(fchown(-1, 0, 0), EBADF);
    file_put("f", "");
    CHECK_ERR(chown("f/x", 0, 0), ENOTDIR);
    CHECK_ERR(fchownat(AT_FDCWD, "f", 0, 0, 0x40000000), EINVAL);
    CHECK_ERR(syscall(SYS_fchownat, AT_FDCWD, BAD_POINTER, 0, 0, 0), EFAULT);
    CHECK_ERR(syscall(SYS_chown, BAD_POINTER, 0, 0), EFAULT);
    CHECK_ERR(syscall(SYS_lchown, BAD_POINTER, 0, 0), EFAULT);
}

TEST(new_files_take_the_group_of_a_set_group_id_directory)
{
    need_root();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chown("d", 0, 77));
    CHECK_OK(chmod("d", 02755));
    file_put("d/f", "");
    CHECK_OK(mkdir("d/sub", 0755));
    CHECK_EQ(lstat_of("d/f").st_gid, 77);
    CHECK_EQ(lstat_of("d/sub").st_gid, 77);
    CHECK_EQ(lstat_of("d/sub").st_mode & 07777, 02755);
}
