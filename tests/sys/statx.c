/* SPDX-License-Identifier: MIT */
/* covers: statx */
/*
 * statx(2).  The struct is declared here, since musl 1.2.3 has none.
 */
#include <sys/sysmacros.h>

#include "tests/sys/sys.h"

struct stamp {
    int64_t sec;
    uint32_t nsec;
    int32_t pad;
};

struct statx_ {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad1;
    uint64_t ino, size, blocks, attributes_mask;
    struct stamp atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mount_id;
    uint64_t spare[13];
};

enum { BASIC_STATS = 0x7ff, BTIME = 0x800, RESERVED = 1U << 31 };

static long statx_(int dir, const char *path, int flags, unsigned mask, struct statx_ *ret)
{
    return syscall(SYS_statx, dir, path, flags, mask, ret);
}

TEST(fields_agree_with_stat)
{
    struct statx_ x;
    struct stat st;

    _Static_assert(sizeof(x) == 256, "the kernel's struct");
    file_put("f", "hello");
    CHECK_OK(stat("f", &st));
    memset(&x, 0xaa, sizeof(x));
    CHECK_OK(statx_(AT_FDCWD, "f", 0, BASIC_STATS | BTIME, &x));
    CHECK_EQ(x.mask & BASIC_STATS, BASIC_STATS);
    CHECK_EQ(x.mode, st.st_mode);
    CHECK_EQ(x.size, 5);
    CHECK_EQ(x.ino, st.st_ino);
    CHECK_EQ(x.nlink, 1);
    CHECK_EQ(x.uid, st.st_uid);
    CHECK_EQ(x.gid, st.st_gid);
    CHECK_EQ(x.blocks, st.st_blocks);
    CHECK_EQ(x.blksize, st.st_blksize);
    CHECK_EQ(x.dev_major, major(st.st_dev));
    CHECK_EQ(x.dev_minor, minor(st.st_dev));
    CHECK_EQ(x.mtime.sec, st.st_mtim.tv_sec);
    CHECK_EQ(x.mtime.nsec, st.st_mtim.tv_nsec);
    CHECK_EQ(x.ctime.sec, st.st_ctim.tv_sec);
    CHECK_EQ(x.atime.nsec, st.st_atim.tv_nsec);
    if (x.mask & BTIME)
        CHECK(x.btime.sec <= x.ctime.sec);
    CHECK_EQ(x.pad1, 0);
    CHECK_EQ(x.spare[12], 0);
}

TEST(basic_fields_come_whatever_the_mask)
{
    struct statx_ x;

    file_put("f", "hello");
    CHECK_OK(statx_(AT_FDCWD, "f", 0, 0, &x));
    CHECK_EQ(x.size, 5);
    CHECK(S_ISREG(x.mode));
}

TEST(device_numbers)
{
    struct statx_ x;

    CHECK_OK(statx_(AT_FDCWD, "/dev/zero", 0, BASIC_STATS, &x));
    CHECK_EQ(x.rdev_major, 1);
    CHECK_EQ(x.rdev_minor, 5);
}

TEST(flags_select_link_and_descriptor)
{
    struct statx_ x;

    file_put("f", "hello");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(statx_(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, BASIC_STATS, &x));
    CHECK(S_ISLNK(x.mode));
    CHECK_OK(statx_(AT_FDCWD, "l", 0, BASIC_STATS, &x));
    CHECK(S_ISREG(x.mode));
    int fd = open("f", O_RDONLY);
    CHECK_OK(statx_(fd, "", AT_EMPTY_PATH, BASIC_STATS, &x));
    CHECK_EQ(x.size, 5);
    int d = open(".", O_RDONLY);
    CHECK_OK(statx_(d, "f", 0, BASIC_STATS, &x));
    CHECK_OK(statx_(d, "f", 0x2000 /* AT_STATX_FORCE_SYNC */, BASIC_STATS, &x));
    CHECK_OK(statx_(d, "f", 0x4000 /* AT_STATX_DONT_SYNC */, BASIC_STATS, &x));
}

TEST(errors)
{
    struct statx_ x;

    file_put("f", "");
    CHECK_ERR(statx_(AT_FDCWD, "no", 0, BASIC_STATS, &x), ENOENT);
    CHECK_ERR(statx_(AT_FDCWD, "", 0, BASIC_STATS, &x), ENOENT);
    CHECK_ERR(statx_(AT_FDCWD, "f", 0x40000000, BASIC_STATS, &x), EINVAL);
    CHECK_ERR(statx_(AT_FDCWD, "f", 0x6000, BASIC_STATS, &x), EINVAL);
    CHECK_ERR(statx_(AT_FDCWD, "f", 0, RESERVED, &x), EINVAL);
    CHECK_ERR(statx_(-1, "f", 0, BASIC_STATS, &x), EBADF);
    CHECK_ERR(statx_(AT_FDCWD, "f", 0, BASIC_STATS, BAD_POINTER), EFAULT);
    CHECK_ERR(statx_(AT_FDCWD, BAD_POINTER, 0, BASIC_STATS, &x), EFAULT);
}
