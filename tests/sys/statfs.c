/* SPDX-License-Identifier: MIT */
/* covers: statfs fstatfs ustat */
/*
 * statfs(2) and fstatfs(2).
 */
#include <sys/vfs.h>

#include "tests/sys/sys.h"

TEST(numbers_are_consistent)
{
    struct statfs s;

    CHECK_OK(statfs(".", &s));
    CHECK(s.f_type != 0);
    CHECK(s.f_bsize >= 512);
    CHECK(s.f_bfree <= s.f_blocks);
    CHECK(s.f_bavail <= s.f_bfree);
    CHECK(s.f_ffree <= s.f_files);
    CHECK_EQ(s.f_namelen, 255);
}

TEST(by_path_and_by_descriptor_agree)
{
    struct statfs a, b;

    file_put("f", "");
    int fd = open("f", O_RDONLY);
    CHECK_OK(statfs("f", &a));
    CHECK_OK(fstatfs(fd, &b));
    CHECK_EQ(a.f_type, b.f_type);
    CHECK_EQ(a.f_bsize, b.f_bsize);
    CHECK_EQ(a.f_blocks, b.f_blocks);
    CHECK_MEM(&a.f_fsid, &b.f_fsid, sizeof(a.f_fsid));
}

TEST(proc_has_its_magic)
{
    struct statfs s;

    CHECK_OK(statfs("/proc", &s));
    CHECK_EQ(s.f_type, 0x9fa0);
}

TEST(pipes_have_a_file_system_too)
{
    struct statfs s;
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_OK(fstatfs(p[0], &s));
    CHECK_EQ(s.f_type, 0x50495045);
}

TEST(errors)
{
    struct statfs s;

    CHECK_ERR(statfs("no", &s), ENOENT);
    CHECK_ERR(statfs("", &s), ENOENT);
    CHECK_ERR(fstatfs(-1, &s), EBADF);
    CHECK_ERR(syscall(SYS_statfs, ".", BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_statfs, BAD_POINTER, &s), EFAULT);
    CHECK_ERR(syscall(SYS_fstatfs, 1000000, &s), EBADF);
}

TEST(ustat_knows_no_such_device)
{
    char buf[64];

    CHECK_ERR(syscall(SYS_ustat, 0xffff, buf), EINVAL);
}
