/* SPDX-License-Identifier: MIT */
/* covers: getcwd chdir fchdir chroot */
/*
 * The current and the root directory.
 */
#include "tests/sys/sys.h"

TEST(getcwd_is_absolute_and_without_links)
{
    char before[PATH_MAX], after[PATH_MAX], want[PATH_MAX + 8];

    CHECK(getcwd(before, sizeof(before)));
    CHECK_EQ(before[0], '/');
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("d", "l"));
    CHECK_OK(chdir("l"));
    CHECK(getcwd(after, sizeof(after)));
    snprintf(want, sizeof(want), "%s/d", before);
    CHECK_STR(after, want);
    CHECK_OK(chdir(".."));
    CHECK(getcwd(after, sizeof(after)));
    CHECK_STR(after, before);
    CHECK_OK(chdir("/"));
    CHECK(getcwd(after, sizeof(after)));
    CHECK_STR(after, "/");
    CHECK_OK(chdir(".."));
    CHECK(getcwd(after, sizeof(after)));
    CHECK_STR(after, "/");
}

TEST(getcwd_returns_the_length_with_its_nul)
{
    char buf[PATH_MAX];

    CHECK_OK(chdir("/tmp"));
    CHECK_EQ(syscall(SYS_getcwd, buf, sizeof(buf)), 5);
    CHECK_EQ(syscall(SYS_getcwd, buf, 5), 5);
    CHECK_ERR(syscall(SYS_getcwd, buf, 4), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, buf, 0), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, BAD_POINTER, 100), EFAULT);
}

TEST(chdir_errors)
{
    file_put("f", "");
    CHECK_ERR(chdir("f"), ENOTDIR);
    CHECK_ERR(chdir("no"), ENOENT);
    CHECK_ERR(chdir(""), ENOENT);
    CHECK_ERR(syscall(SYS_chdir, BAD_POINTER), EFAULT);
    CHECK_ERR(fchdir(-1), EBADF);
    CHECK_ERR(fchdir(open("f", O_RDONLY)), ENOTDIR);
}

TEST(fchdir_goes_where_the_descriptor_points)
{
    CHECK_OK(mkdir("d", 0755));
    int d = open("d", O_RDONLY);
    CHECK_OK(rename("d", "e"));
    CHECK_OK(fchdir(d));
    file_put("x", "");
    CHECK_OK(chdir(".."));
    CHECK(file_exists("e/x"));
}

TEST(removed_current_directory_has_no_name)
{
    char buf[PATH_MAX];

    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(chdir("d"));
    CHECK_OK(rmdir("../d"));
    CHECK_ERR(syscall(SYS_getcwd, buf, sizeof(buf)), ENOENT);
    CHECK_ERR(open("f", O_CREAT | O_RDWR, 0600), ENOENT);
    CHECK_OK(chdir(".."));
}

TEST(search_permission_is_needed)
{
    need_root();
    CHECK_OK(mkdir("d", 0700));
    int d = open("d", O_RDONLY);
    become(1000, 1000);
    CHECK_ERR(chdir("d"), EACCES);
    CHECK_ERR(fchdir(d), EACCES);
}

static void *chdir_thread(UNUSED void *arg)
{
    CHECK_OK(chdir("d"));
    return NULL;
}

TEST(current_directory_is_shared_by_threads)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/x", "");
    thread_join(thread_start(chdir_thread, NULL));
    CHECK(file_exists("x"));
}

CHILD(chrooted)
{
    char buf[PATH_MAX];

    CHECK_OK(chroot("jail"));
    CHECK(!file_exists("/outside"));
    CHECK_OK(chdir("/"));
    CHECK(file_exists("/inside"));
    CHECK(file_exists("/../../inside"));
    CHECK(file_exists("/link"));
    CHECK_OK(open("/link", O_RDONLY));           /* an absolute link starts at the new root */
    CHECK(getcwd(buf, sizeof(buf)));
    CHECK_STR(buf, "/");
    return 0;
}

TEST(chroot_confines_absolute_paths)
{
    need_root();
    CHECK_OK(mkdir("jail", 0755));
    file_put("jail/inside", "");
    file_put("outside", "");
    CHECK_OK(symlink("/inside", "jail/link"));
    CHECK_EXIT(child_start("chrooted"), 0);
    CHECK(file_exists("/proc/self"));            /* ours is as before                       */
}

TEST(chroot_errors)
{
    file_put("f", "");
    CHECK_ERR(chroot("f"), ENOTDIR);
    CHECK_ERR(chroot("no"), ENOENT);
    CHECK_ERR(syscall(SYS_chroot, BAD_POINTER), EFAULT);
    need_root();
    become(1000, 1000);
    CHECK_ERR(chroot("."), EPERM);
}

TEST(current_directory_is_inherited)
{
    CHECK_OK(mkdir("jail", 0755));
    CHECK_OK(mkdir("jail/jail", 0755));
    CHECK_OK(symlink("/inside", "jail/jail/link"));
    file_put("jail/jail/inside", "");
    CHECK_OK(chdir("jail"));
    need_root();
    CHECK_EXIT(child_start("chrooted"), 0);
}
