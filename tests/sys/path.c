/* SPDX-License-Identifier: MIT */
/* covers: open stat chdir */
/*
 * Walking paths: dots, slashes, lengths, links in the middle.
 */
#include "tests/sys/sys.h"

TEST(slashes_and_dots_fold)
{
    struct stat a, b;

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(mkdir("d/e", 0755));
    file_put("d/e/f", "x");
    CHECK_OK(stat("d/e/f", &a));
    static const char *const same[] = {
        "d//e///f", "./d/./e/./f", "d/../d/e/f", "d/e/../e/f", "d/e/../../d/e/f",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        CHECK_OK(stat(same[i], &b));
        CHECK_EQ(a.st_ino, b.st_ino);
    }
    CHECK_ERR(stat("no/../d/e/f", &b), ENOENT);
    CHECK_ERR(stat("d/e/f/../f", &b), ENOTDIR);
    CHECK_ERR(stat("d/e/f/.", &b), ENOTDIR);
}

TEST(dotdot_of_the_root_is_the_root)
{
    struct stat a, b;

    CHECK_OK(stat("/", &a));
    CHECK_OK(stat("/..", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_OK(stat("/../../..//", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(a.st_dev, b.st_dev);
}

TEST(dotdot_after_a_link_goes_to_the_targets_parent)
{
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    file_put("a/f", "right");
    file_put("f", "wrong");
    CHECK_OK(symlink("a/b", "l"));
    CHECK_FILE("l/../f", "right");
}

TEST(links_in_the_middle_are_followed)
{
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0755));
    file_put("a/b/f", "deep");
    CHECK_OK(symlink("a", "l1"));
    CHECK_OK(symlink("../l1/b", "a/l2"));
    CHECK_FILE("l1/l2/f", "deep");
    CHECK_OK(symlink("a/", "slash"));
    CHECK_FILE("slash/b/f", "deep");
    CHECK_OK(symlink("f", "a/b/link"));
    CHECK_ERR(open("a/b/link/x", O_RDONLY), ENOTDIR);
}

TEST(names_up_to_255_bytes)
{
    char name[300];

    memset(name, 'n', sizeof(name));
    name[256] = 0;
    CHECK_ERR(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
    CHECK_ERR(open(name, O_RDONLY), ENAMETOOLONG);
    name[255] = 0;
    CHECK_OK(open(name, O_CREAT | O_RDWR, 0600));
    CHECK(file_exists(name));
}

TEST(paths_up_to_4095_bytes)
{
    static char path[5000];

    file_put("f", "x");
    memset(path, '/', sizeof(path));
    for (int i = 0; i < 4094; i += 2)
        path[i] = '.';
    path[4094] = 'f';                            /* 2047 times "./", then "f": 4095 bytes   */
    path[4095] = 0;
    CHECK_OK(open(path, O_RDONLY));
    memmove(path + 1, path, 4096);
    path[0] = '.';
    path[1] = '/';
    path[2] = '/';
    CHECK_EQ(strlen(path), 4096);
    CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
}

TEST(any_byte_but_slash_and_nul_is_a_name)
{
    char name[] = "x";

    for (int c = 1; c < 256; c++) {
        if (c == '/' || c == '.')
            continue;
        name[0] = (char)c;
        int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
        CHECK_OK(fd);
        CHECK_OK(close(fd));
    }
    CHECK_OK(open("...", O_CREAT | O_RDWR, 0600));
    CHECK_OK(unlink("..."));
    CHECK_OK(unlink("\n"));
}

TEST(names_are_case_sensitive)
{
    file_put("Name", "");
    CHECK_ERR(open("name", O_RDONLY), ENOENT);
}

TEST(each_directory_needs_search_permission)
{
    need_root();
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/b", 0700));
    file_put("a/b/f", "");
    CHECK_OK(chmod("a/b/f", 0666));
    CHECK_OK(mkdir("x", 0711));
    file_put("x/f", "");
    become(1000, 1000);
    CHECK_ERR(open("a/b/f", O_RDONLY), EACCES);
    CHECK_ERR(open("a/b/../../x/f", O_RDONLY), EACCES);
    CHECK_OK(open("x/f", O_RDONLY));             /* search without read is enough for a known name */
    CHECK_ERR(open("x", O_RDONLY), EACCES);
}

TEST(deep_relative_walks)
{
    char up[600] = "";

    for (int i = 0; i < 100; i++) {
        CHECK_OK(mkdir("d", 0755));
        CHECK_OK(chdir("d"));
        strcat(up, "../");
    }
    file_put("f", "deep");
    strcat(up, "marker");
    int fd = open(up, O_CREAT | O_RDWR, 0600);
    CHECK_OK(fd);
    for (int i = 0; i < 100; i++)
        CHECK_OK(chdir(".."));
    CHECK(file_exists("marker"));
}
