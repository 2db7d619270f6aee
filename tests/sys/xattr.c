/* SPDX-License-Identifier: MIT */
/* covers: setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr */
/* covers: flistxattr removexattr lremovexattr fremovexattr */
/*
 * Extended attributes.
 */
#include <sys/xattr.h>

#include "tests/sys/sys.h"

TEST(value_comes_back_as_set)
{
    char buf[16];

    file_put("f", "");
    CHECK_OK(setxattr("f", "user.a", "value", 5, 0));
    CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 5);
    CHECK_MEM(buf, "value", 5);
    CHECK_EQ(getxattr("f", "user.a", NULL, 0), 5);
    CHECK_ERR(getxattr("f", "user.a", buf, 4), ERANGE);
    CHECK_OK(setxattr("f", "user.a", "x", 1, 0));
    CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 1);
    CHECK_OK(setxattr("f", "user.empty", "", 0, 0));
    CHECK_EQ(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
    CHECK_ERR(getxattr("f", "user.b", buf, sizeof(buf)), ENODATA);
}

TEST(create_and_replace_are_strict)
{
    file_put("f", "");
    CHECK_ERR(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
    CHECK_OK(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
    CHECK_ERR(setxattr("f", "user.a", "2", 1, XATTR_CREATE), EEXIST);
    CHECK_OK(setxattr("f", "user.a", "2", 1, XATTR_REPLACE));
    CHECK_ERR(setxattr("f", "user.a", "2", 1, 4), EINVAL);
}

/* The names in list that start with "user." */
static int count_user(const char *list, ssize_t size)
{
    int count = 0;

    for (const char *name = list; name < list + size; name += strlen(name) + 1)
        count += strncmp(name, "user.", 5) == 0;
    return count;
}

TEST(list_has_each_name)
{
    char list[256];

    file_put("f", "");
    CHECK_OK(setxattr("f", "user.a", "1", 1, 0));
    CHECK_OK(setxattr("f", "user.bb", "2", 1, 0));
    ssize_t n = listxattr("f", list, sizeof(list));
    CHECK(n >= 15);
    CHECK_EQ(count_user(list, n), 2);
    CHECK_EQ(listxattr("f", NULL, 0), n);
    CHECK_ERR(listxattr("f", list, 3), ERANGE);
    CHECK_OK(removexattr("f", "user.a"));
    CHECK_ERR(removexattr("f", "user.a"), ENODATA);
    n = listxattr("f", list, sizeof(list));
    CHECK_EQ(count_user(list, n), 1);
}

TEST(descriptor_and_link_forms)
{
    char buf[16], list[64];

    file_put("f", "");
    CHECK_OK(symlink("f", "l"));
    int fd = open("f", O_RDONLY);
    CHECK_OK(fsetxattr(fd, "user.a", "1", 1, 0));
    CHECK_EQ(getxattr("l", "user.a", buf, sizeof(buf)), 1);
    CHECK_EQ(fgetxattr(fd, "user.a", buf, sizeof(buf)), 1);
    CHECK_EQ(lgetxattr("f", "user.a", buf, sizeof(buf)), 1);
    CHECK(lgetxattr("l", "user.a", buf, sizeof(buf)) == -1);
    CHECK_EQ(count_user(list, flistxattr(fd, list, sizeof(list))), 1);
    CHECK_EQ(count_user(list, llistxattr("l", list, sizeof(list))), 0);
    CHECK_ERR(lsetxattr("l", "user.a", "1", 1, 0), EPERM); /* links carry no user attributes */
    CHECK_OK(lsetxattr("f", "user.b", "1", 1, 0));
    CHECK_OK(lremovexattr("f", "user.b"));
    CHECK_OK(fremovexattr(fd, "user.a"));
    CHECK_ERR(fgetxattr(fd, "user.a", buf, sizeof(buf)), ENODATA);
}

TEST(directories_carry_them_too)
{
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(setxattr("d", "user.a", "1", 1, 0));
    CHECK_OK(mkfifo("p", 0600));
    CHECK_ERR(setxattr("p", "user.a", "1", 1, 0), EPERM);
}

TEST(trusted_names_are_for_root)
{
    char buf[8];

    need_root();
    file_put("f", "");
    CHECK_OK(chmod("f", 0666));
    CHECK_OK(setxattr("f", "trusted.a", "1", 1, 0));
    CHECK_EQ(getxattr("f", "trusted.a", buf, sizeof(buf)), 1);
    become(1000, 1000);
    CHECK_ERR(setxattr("f", "trusted.a", "2", 1, 0), EPERM);
    CHECK_ERR(getxattr("f", "trusted.a", buf, sizeof(buf)), ENODATA);
    CHECK_OK(setxattr("f", "user.a", "1", 1, 0));
    become(0, 0);
    CHECK_OK(chmod("f", 0600));
    become(1000, 1000);
    CHECK_ERR(getxattr("f", "user.a", buf, sizeof(buf)), EACCES);
    CHECK_ERR(setxattr("f", "user.a", "2", 1, 0), EACCES);
}

TEST(names_and_sizes_are_checked)
{
    char name[300] = "user.", buf[8];

    file_put("f", "");
    CHECK_ERR(setxattr("f", "", "1", 1, 0), ERANGE);
    CHECK_ERR(setxattr("f", "plain", "1", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "other.a", "1", 1, 0), EOPNOTSUPP);
    CHECK_ERR(setxattr("f", "user.", "1", 1, 0), EINVAL);
    memset(name + 5, 'n', 294);
    CHECK_ERR(setxattr("f", name, "1", 1, 0), ERANGE);
    name[255] = 0;
    CHECK_OK(setxattr("f", name, "1", 1, 0));
    CHECK_ERR(setxattr("f", "user.a", buf, 65537, 0), E2BIG);
    CHECK_ERR(setxattr("no", "user.a", "1", 1, 0), ENOENT);
    CHECK_ERR(fsetxattr(-1, "user.a", "1", 1, 0), EBADF);
    CHECK_ERR(syscall(SYS_setxattr, "f", "user.a", BAD_POINTER, 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_setxattr, "f", BAD_POINTER, "1", 1, 0), EFAULT);
    CHECK_ERR(syscall(SYS_getxattr, BAD_POINTER, "user.a", buf, 8), EFAULT);
}
