/* SPDX-License-Identifier: MIT */
/* covers: open setresuid setresgid setgroups setfsuid setfsgid */
/*
 * Permission checks on files, for each combination of caller and file.
 */
#include <grp.h>
#include <sys/fsuid.h>

#include "tests/sys/sys.h"

static bool may(const char *path, int flags)
{
    int fd = open(path, flags);

    if (fd == -1) {
        CHECK_EQ(errno, EACCES);
        return false;
    }
    CHECK_OK(close(fd));
    return true;
}

/* For each of 512 modes: owner bits for the owner, group bits for members, others' bits for the
 * rest, and never a mixture. */
CHILD(all_modes)
{
    int owner_uid = atoi(argv[0]), owner_gid = atoi(argv[1]);
    int shift = owner_uid == 1000 ? 6 : owner_gid == 1000 || owner_gid == 3000 ? 3 : 0;
    gid_t groups[] = { 3000, 3001 };

    int dir = open(".", O_RDONLY);
    file_put("f", "");
    CHECK_OK(chown("f", owner_uid, owner_gid));
    CHECK_OK(setgroups(2, groups));
    for (int mode = 0; mode <= 0777; mode++) {
        CHECK_OK(chmod("f", mode));
        become(1000, 1000);
        int bits = mode >> shift & 7;
        CHECK_EQ(may("f", O_RDONLY), (bits & 4) != 0);
        CHECK_EQ(may("f", O_WRONLY), (bits & 2) != 0);
        CHECK_EQ(may("f", O_RDWR), (bits & 6) == 6);
        become(0, 0);
    }
    CHECK_OK(close(dir));
    return 0;
}

TEST(owner_group_and_others_exclude_each_other)
{
    need_root();
    CHECK_EXIT(child_start("all_modes", "1000", "1000"), 0);
    CHECK_EXIT(child_start("all_modes", "1000", "5"), 0);
    CHECK_EXIT(child_start("all_modes", "5", "1000"), 0);
    CHECK_EXIT(child_start("all_modes", "5", "3000"), 0);
    CHECK_EXIT(child_start("all_modes", "5", "5"), 0);
}

TEST(root_reads_and_writes_everything)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chown("f", 1000, 1000));
    CHECK_OK(chmod("f", 0));
    CHECK(may("f", O_RDWR));
    CHECK_OK(mkdir("d", 0));
    CHECK_OK(open("d/x", O_CREAT | O_RDWR, 0));
}

TEST(directory_permission_bits)
{
    need_root();
    CHECK_OK(mkdir("read", 0755));
    file_put("read/f", "");
    CHECK_OK(chmod("read", 0744));
    CHECK_OK(mkdir("search", 0711));
    file_put("search/f", "");
    CHECK_OK(mkdir("write", 0755));
    CHECK_OK(chmod("write", 0733));
    become(1000, 1000);
    CHECK(may("read", O_RDONLY));
    CHECK(!may("read/f", O_RDONLY));
    CHECK(!may("search", O_RDONLY));
    CHECK(may("search/f", O_RDONLY));
    CHECK_OK(open("write/new", O_CREAT | O_RDWR, 0600));
    CHECK_ERR(open("search/new", O_CREAT | O_RDWR, 0600), EACCES);
}

TEST(trunc_needs_write_permission)
{
    need_root();
    file_put("f", "abc");
    become(1000, 1000);
    CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EACCES);
    CHECK_FILE("f", "abc");
}

TEST(noatime_is_for_the_owner)
{
    need_root();
    file_put("f", "abc");
    file_put("mine", "abc");
    CHECK_OK(chown("mine", 1000, 1000));
    become(1000, 1000);
    CHECK_ERR(open("f", O_RDONLY | O_NOATIME), EPERM);
    CHECK_OK(open("mine", O_RDONLY | O_NOATIME));
}

CHILD(fs_ids)
{
    CHECK_EQ(setfsuid(1000), 0);
    CHECK_EQ(setfsuid(-1), 1000);                /* the only way to ask                     */
    CHECK_EQ(setfsgid(1000), 0);
    CHECK_EQ(setfsgid(-1), 1000);
    CHECK_ERR(open("private", O_RDONLY), EACCES);
    CHECK_EQ(geteuid(), 0);
    CHECK_EQ(setfsuid(0), 1000);
    CHECK_OK(open("private", O_RDONLY));
    return 0;
}

TEST(fs_uid_alone_decides_about_files)
{
    need_root();
    file_put("private", "");
    CHECK_OK(chmod("private", 0600));
    CHECK_EXIT(child_start("fs_ids"), 0);
}

TEST(permission_is_checked_at_open_and_not_later)
{
    char c;

    need_root();
    file_put("f", "abc");
    int fd = open("f", O_RDWR);
    CHECK_OK(chmod("f", 0));
    become(1000, 1000);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(write(fd, "x", 1), 1);
}
