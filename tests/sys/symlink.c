/* SPDX-License-Identifier: MIT */
/* covers: symlink symlinkat readlink readlinkat */
/*
 * Symbolic links.
 */
#include "tests/sys/sys.h"

TEST(readlink_gives_the_text_without_a_nul)
{
    char buf[16];

    CHECK_OK(symlink("some/where", "l"));
    memset(buf, '#', sizeof(buf));
    CHECK_EQ(readlink("l", buf, sizeof(buf)), 10);
    CHECK_MEM(buf, "some/where######", 16);
    memset(buf, '#', sizeof(buf));
    CHECK_EQ(readlink("l", buf, 4), 4);
    CHECK_MEM(buf, "some############", 16);
}

TEST(readlink_errors)
{
    char buf[16];

    file_put("f", "");
    CHECK_OK(symlink("x", "l"));
    CHECK_ERR(readlink("f", buf, sizeof(buf)), EINVAL);
    CHECK_ERR(readlink(".", buf, sizeof(buf)), EINVAL);
    CHECK_ERR(readlink("no", buf, sizeof(buf)), ENOENT);
    CHECK_ERR(readlink("", buf, sizeof(buf)), ENOENT);
    CHECK_ERR(readlink("f/x", buf, sizeof(buf)), ENOTDIR);
    CHECK_ERR(syscall(SYS_readlink, "l", buf, 0), EINVAL);
    CHECK_ERR(syscall(SYS_readlink, "l", buf, -1), EINVAL);
    CHECK_ERR(syscall(SYS_readlink, "l", BAD_POINTER, 16), EFAULT);
    CHECK_ERR(syscall(SYS_readlink, BAD_POINTER, buf, 16), EFAULT);
    CHECK_ERR(readlinkat(-1, "l", buf, 16), EBADF);
    int d = open(".", O_RDONLY);
    CHECK_EQ(readlinkat(d, "l", buf, 16), 1);
}

TEST(symlink_errors)
{
    char long_text[4200];

    file_put("f", "");
    memset(long_text, 'a', sizeof(long_text));
    long_text[4199] = 0;
    CHECK_ERR(symlink("x", "f"), EEXIST);
    CHECK_ERR(symlink("x", "."), EEXIST);
    CHECK_ERR(symlink("", "l"), ENOENT);
    CHECK_ERR(symlink("x", ""), ENOENT);
    CHECK_ERR(symlink("x", "no/l"), ENOENT);
    CHECK_ERR(symlink("x", "f/l"), ENOTDIR);
    CHECK_ERR(symlink("x", "l/"), ENOENT);
    CHECK_ERR(symlink(long_text, "l"), ENAMETOOLONG);
    CHECK_ERR(syscall(SYS_symlink, BAD_POINTER, "l"), EFAULT);
    CHECK_ERR(syscall(SYS_symlink, "x", BAD_POINTER), EFAULT);
    CHECK_ERR(symlinkat("x", -1, "l"), EBADF);
    CHECK(!file_exists("l"));
}

TEST(long_targets_are_kept_whole)
{
    static char text[4096], back[4096];

    memset(text, 'b', 4000);
    CHECK_OK(symlink(text, "l"));
    CHECK_EQ(readlink("l", back, sizeof(back)), 4000);
    CHECK_MEM(text, back, 4000);
}

TEST(symlinkat_is_relative_to_the_descriptor)
{
    char buf[16] = "";

    CHECK_OK(mkdir("d", 0755));
    int d = open("d", O_RDONLY);
    CHECK_OK(symlinkat("target", d, "l"));
    CHECK_EQ(readlink("d/l", buf, sizeof(buf)), 6);
    CHECK_STR(buf, "target");
}

TEST(relative_targets_start_at_the_link)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("f", "outer");
    file_put("d/f", "inner");
    CHECK_OK(symlink("f", "d/l"));
    CHECK_OK(symlink("../f", "d/up"));
    CHECK_FILE("d/l", "inner");
    CHECK_FILE("d/up", "outer");
}

TEST(forty_links_in_a_row_and_not_more)
{
    char from[32], to[32];

    file_put("l0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(from, sizeof(from), "l%d", i);
        snprintf(to, sizeof(to), "l%d", i - 1);
        CHECK_OK(symlink(to, from));
    }
    CHECK_OK(open("l40", O_RDONLY));
    CHECK_ERR(open("l41", O_RDONLY), ELOOP);
}

TEST(loops_end_in_eloop)
{
    struct stat st;

    CHECK_OK(symlink("b", "a"));
    CHECK_OK(symlink("a", "b"));
    CHECK_OK(symlink("self", "self"));
    CHECK_ERR(open("a", O_RDONLY), ELOOP);
    CHECK_ERR(stat("self", &st), ELOOP);
    CHECK_ERR(open("self/x", O_RDONLY), ELOOP);
    CHECK_OK(lstat("self", &st));
    CHECK_OK(unlink("a"));
}
