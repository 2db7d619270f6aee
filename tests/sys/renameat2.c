/* SPDX-License-Identifier: MIT */
/* covers: renameat2 */
/*
 * renameat2(2): NOREPLACE and EXCHANGE.
 */
#include "tests/sys/sys.h"

enum { NOREPLACE = 1, EXCHANGE = 2, WHITEOUT = 4 };

static long rename2(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

TEST(without_flags_it_is_rename)
{
    file_put("f", "abc");
    file_put("g", "old");
    CHECK_OK(rename2("f", "g", 0));
    CHECK_FILE("g", "abc");
}

TEST(noreplace_refuses_an_existing_target)
{
    file_put("f", "abc");
    file_put("g", "old");
    CHECK_OK(symlink("nowhere", "dangling"));
    CHECK_ERR(rename2("f", "g", NOREPLACE), EEXIST);
    CHECK_ERR(rename2("f", "dangling", NOREPLACE), EEXIST);
    CHECK_ERR(rename2("f", "f", NOREPLACE), EEXIST);
    CHECK_OK(rename2("f", "h", NOREPLACE));
    CHECK_FILE("g", "old");
    CHECK_FILE("h", "abc");
}

TEST(exchange_swaps_files)
{
    struct stat a, b, c;

    file_put("f", "ff");
    file_put("g", "gg");
    CHECK_OK(stat("f", &a));
    CHECK_OK(rename2("f", "g", EXCHANGE));
    CHECK_FILE("f", "gg");
    CHECK_FILE("g", "ff");
    CHECK_OK(stat("g", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(stat("f", &c));
    CHECK_EQ(c.st_nlink, 1);
}

TEST(exchange_swaps_a_file_and_a_full_directory)
{
    struct stat st, parent;

    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/d", 0755));
    file_put("a/d/x", "in d");
    CHECK_OK(mkdir("b", 0755));
    file_put("b/f", "file");
    CHECK_OK(rename2("a/d", "b/f", EXCHANGE));
    CHECK_FILE("a/d", "file");
    CHECK_FILE("b/f/x", "in d");
    CHECK_OK(stat("b/f/..", &st));
    CHECK_OK(stat("b", &parent));
    CHECK_EQ(st.st_ino, parent.st_ino);
    CHECK_EQ(parent.st_nlink, 3);
    CHECK_OK(stat("a", &parent));
    CHECK_EQ(parent.st_nlink, 2);
}

TEST(exchange_needs_both_and_no_loop)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    CHECK_ERR(rename2("f", "no", EXCHANGE), ENOENT);
    CHECK_ERR(rename2("no", "f", EXCHANGE), ENOENT);
    CHECK_ERR(rename2("d", "d/e", EXCHANGE), EINVAL);
    CHECK_ERR(rename2("d/e", "d", EXCHANGE), EINVAL);
}

TEST(flags_are_checked)
{
    file_put("f", "");
    CHECK_ERR(rename2("f", "g", 8), EINVAL);
    CHECK_ERR(rename2("f", "g", NOREPLACE | EXCHANGE), EINVAL);
    CHECK_ERR(rename2("f", "g", WHITEOUT | EXCHANGE), EINVAL);
    CHECK_ERR(syscall(SYS_renameat2, -1, "f", AT_FDCWD, "g", 0), EBADF);
    CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, BAD_POINTER, AT_FDCWD, "g", 0), EFAULT);
}
