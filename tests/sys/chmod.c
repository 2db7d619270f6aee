/* SPDX-License-Identifier: MIT */
/* covers: chmod fchmod fchmodat umask */
/*
 * chmod(2), its family, and umask(2).
 */
#include "tests/sys/sys.h"

static mode_t mode_of(const char *path)
{
    struct stat st;

    CHECK_OK(lstat(path, &st));
    return st.st_mode & 07777;
}

TEST(all_twelve_bits_are_set)
{
    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    for (mode_t mode = 1; mode <= 07777; mode = mode * 2 + 1) {
        CHECK_OK(chmod("f", mode));
        CHECK_EQ(mode_of("f"), mode);
        CHECK_OK(chmod("d", mode));
        CHECK_EQ(mode_of("d"), mode);
    }
    CHECK_OK(chmod("f", S_IFDIR | 0600));        /* the type is ignored                     */
    CHECK_EQ(mode_of("f"), 0600);
}

TEST(by_descriptor_and_relative_to_one)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "");
    int d = open("d", O_RDONLY | O_DIRECTORY);
    int f = open("d/f", O_RDONLY);
    CHECK_OK(fchmod(f, 0751));
    CHECK_EQ(mode_of("d/f"), 0751);
    CHECK_OK(syscall(SYS_fchmodat, d, "f", 0640));
    CHECK_EQ(mode_of("d/f"), 0640);
    CHECK_ERR(syscall(SYS_fchmodat, f, "x", 0640), ENOTDIR);
    CHECK_ERR(syscall(SYS_fchmodat, -1, "x", 0640), EBADF);
    CHECK_ERR(fchmod(-1, 0600), EBADF);
}

TEST(symlinks_are_followed)
{
    file_put("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(symlink("no", "dangling"));
    CHECK_OK(chmod("l", 0600));
    CHECK_EQ(mode_of("f"), 0600);
    CHECK_EQ(mode_of("l"), 0777);
    CHECK_ERR(chmod("dangling", 0600), ENOENT);
}

TEST(only_the_owner_may)
{
    need_root();
    file_put("f", "");
    file_put("mine", "");
    CHECK_OK(chown("mine", 1000, 1000));
    become(1000, 1000);
    CHECK_ERR(chmod("f", 0666), EPERM);
    CHECK_OK(chmod("mine", 0600));
    CHECK_EQ(mode_of("mine"), 0600);
}

TEST(set_group_id_needs_membership)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chown("f", 1000, 2000));
    become(1000, 1000);
    CHECK_OK(chmod("f", 02755));
    CHECK_EQ(mode_of("f"), 0755);                /* not in group 2000: the bit is dropped   */
}

TEST(errors)
{
    CHECK_ERR(chmod("no", 0600), ENOENT);
    CHECK_ERR(chmod("", 0600), ENOENT);
    CHECK_ERR(syscall(SYS_chmod, BAD_POINTER, 0600), EFAULT);
    file_put("f", "");
    CHECK_ERR(chmod("f/x", 0600), ENOTDIR);
}

TEST(umask_returns_the_old_and_keeps_nine_bits)
{
    CHECK_EQ(umask(027), 022);
    CHECK_EQ(umask(07777), 027);
    CHECK_EQ(umask(0), 0777);
    CHECK_EQ(umask(S_IFDIR | 011), 0);
    CHECK_EQ(umask(022), 011);
}

TEST(umask_masks_what_is_created_and_not_chmod)
{
    umask(077);
    CHECK_OK(open("f", O_CREAT | O_RDWR, 0777));
    CHECK_OK(mkdir("d", 0777));
    CHECK_OK(mkfifo("p", 0666));
    CHECK_EQ(mode_of("f"), 0700);
    CHECK_EQ(mode_of("d"), 0700);
    CHECK_EQ(mode_of("p"), 0600);
    CHECK_OK(chmod("f", 0777));
    CHECK_EQ(mode_of("f"), 0777);
}

static void *umask_thread(UNUSED void *arg)
{
    umask(055);
    return NULL;
}

TEST(umask_is_shared_by_threads)
{
    thread_join(thread_start(umask_thread, NULL));
    CHECK_EQ(umask(022), 055);
}

CHILD(report_umask)
{
    return umask(0);
}

TEST(umask_is_inherited)
{
    umask(013);
    CHECK_EXIT(child_start("report_umask"), 013);
}
