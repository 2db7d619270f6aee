/* SPDX-License-Identifier: MIT */
/* covers: mkdir mkdirat rmdir */
/*
 * Directories: making and removing them.
 */
#include "tests/sys/sys.h"

TEST(new_directory_is_empty_with_mode_less_umask)
{
    struct stat st;

    umask(027);
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(stat("d", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0750);
    CHECK_EQ(st.st_nlink, 2);
    CHECK_EQ(st.st_uid, geteuid());
    CHECK_OK(mkdir("e", 01777));
    CHECK_OK(stat("e", &st));
    CHECK_EQ(st.st_mode & 07777, 01750);
}

TEST(mkdir_errors)
{
    char name[300];

    file_put("f", "");
    CHECK_OK(symlink("nowhere", "dangling"));
    CHECK_OK(mkdir("d", 0755));
    CHECK_ERR(mkdir("d", 0755), EEXIST);
    CHECK_ERR(mkdir("f", 0755), EEXIST);
    CHECK_ERR(mkdir("dangling", 0755), EEXIST);
    CHECK_ERR(mkdir(".", 0755), EEXIST);
    CHECK_ERR(mkdir("/", 0755), EEXIST);
    CHECK_ERR(mkdir("d/.", 0755), EEXIST);
    CHECK_ERR(mkdir("no/d", 0755), ENOENT);
    CHECK_ERR(mkdir("", 0755), ENOENT);
    CHECK_ERR(mkdir("f/d", 0755), ENOTDIR);
    CHECK_ERR(syscall(SYS_mkdir, BAD_POINTER, 0755), EFAULT);
    CHECK_ERR(mkdirat(-1, "x", 0755), EBADF);
    memset(name, 'a', sizeof(name));
    name[256] = 0;
    CHECK_ERR(mkdir(name, 0755), ENAMETOOLONG);
    name[255] = 0;
    CHECK_OK(mkdir(name, 0755));
    CHECK(!file_exists("nowhere"));
}

TEST(trailing_slashes_are_fine)
{
    CHECK_OK(mkdir("d/", 0755));
    CHECK_OK(mkdir("d/e///", 0755));
    CHECK_OK(rmdir("d/e/"));
    CHECK_OK(rmdir("d//"));
}

TEST(mkdirat_is_relative_to_the_descriptor)
{
    CHECK_OK(mkdir("d", 0755));
    int d = open("d", O_RDONLY);
    CHECK_OK(mkdirat(d, "e", 0755));
    CHECK(file_exists("d/e"));
    CHECK_ERR(mkdirat(open("/dev/null", O_RDONLY), "e", 0755), ENOTDIR);
}

TEST(rmdir_errors)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_OK(symlink("d/e", "l"));
    CHECK_ERR(rmdir("d"), ENOTEMPTY);
    CHECK_ERR(rmdir("f"), ENOTDIR);
    CHECK_ERR(rmdir("l"), ENOTDIR);
    CHECK_ERR(rmdir("l/"), ENOTDIR);
    CHECK_ERR(rmdir("no"), ENOENT);
    CHECK_ERR(rmdir(""), ENOENT);
    CHECK_ERR(rmdir("d/."), EINVAL);
    CHECK_ERR(rmdir("."), EINVAL);
    CHECK_ERR(rmdir("d/e/.."), ENOTEMPTY);
    CHECK_ERR(rmdir("/"), EBUSY);
    CHECK_ERR(syscall(SYS_rmdir, BAD_POINTER), EFAULT);
    CHECK_OK(rmdir("d/e"));
    CHECK_OK(rmdir("d"));
}

TEST(removed_directory_stays_usable_but_dead)
{
    struct stat st;
    char buf[512];

    CHECK_OK(mkdir("d", 0755));
    int d = open("d", O_RDONLY);
    CHECK_OK(rmdir("d"));
    CHECK_OK(fstat(d, &st));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_ERR(mkdirat(d, "x", 0755), ENOENT);
    CHECK_ERR(symlinkat("a", d, "x"), ENOENT);
    ssize_t n = syscall(SYS_getdents64, d, buf, sizeof(buf));
    CHECK(n == 0 || (n == -1 && errno == ENOENT));
}

TEST(permission_on_the_parent_is_needed)
{
    need_root();
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0777));
    become(1000, 1000);
    CHECK_ERR(mkdir("d/x", 0755), EACCES);
    CHECK_ERR(rmdir("d/e"), EACCES);
}
