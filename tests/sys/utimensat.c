/* SPDX-License-Identifier: MIT */
/* covers: utimensat utime utimes futimesat */
/*
 * Setting the times of files.
 */
#include <utime.h>

#include "tests/sys/sys.h"

static struct stat lstat_of(const char *path)
{
    struct stat st = { 0 };

    CHECK_OK(lstat(path, &st));
    return st;
}

TEST(nanoseconds_are_kept)
{
    struct timespec t[2] = { { 1000000000, 123456789 }, { 1234567890, 987654321 } };

    file_put("f", "");
    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    struct stat st = lstat_of("f");
    CHECK_EQ(st.st_atim.tv_sec, 1000000000);
    CHECK_EQ(st.st_atim.tv_nsec, 123456789);
    CHECK_EQ(st.st_mtim.tv_sec, 1234567890);
    CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
    CHECK(st.st_ctim.tv_sec > 1234567890);
}

TEST(now_and_omit)
{
    struct timespec set[2] = { { 1, 1 }, { 2, 2 } };
    struct timespec t[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };

    file_put("f", "");
    CHECK_OK(utimensat(AT_FDCWD, "f", set, 0));
    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    struct stat st = lstat_of("f");
    CHECK_EQ(timespec_ns(&st.st_atim), 1 * SEC + 1);
    CHECK(st.st_mtim.tv_sec > 1000);
    CHECK_OK(utimensat(AT_FDCWD, "f", set, 0));
    CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
    st = lstat_of("f");
    CHECK(st.st_atim.tv_sec > 1000 && st.st_mtim.tv_sec > 1000);
    t[1].tv_nsec = UTIME_OMIT;
    CHECK_OK(utimensat(AT_FDCWD, "f", set, 0));
    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    st = lstat_of("f");
    CHECK_EQ(timespec_ns(&st.st_mtim), 2 * SEC + 2);
}

TEST(times_before_1970_are_fine)
{
    struct timespec t[2] = { { -1000, 5 }, { -1, 999999999 } };

    file_put("f", "");
    CHECK_OK(utimensat(AT_FDCWD, "f", t, 0));
    CHECK_EQ(lstat_of("f").st_atim.tv_sec, -1000);
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, -1);
    CHECK_EQ(lstat_of("f").st_mtim.tv_nsec, 999999999);
}

TEST(link_itself_and_descriptor)
{
    struct timespec t[2] = { { 5, 0 }, { 6, 0 } };

    file_put("f", "");
    CHECK_OK(symlink("f", "l"));
    CHECK_OK(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
    CHECK_EQ(lstat_of("l").st_mtim.tv_sec, 6);
    CHECK(lstat_of("f").st_mtim.tv_sec > 6);
    CHECK_OK(utimensat(AT_FDCWD, "l", t, 0));
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, 6);
    t[1].tv_sec = 7;
    int fd = open("f", O_RDONLY);
    CHECK_OK(futimens(fd, t));
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, 7);
    CHECK_OK(syscall(SYS_utimensat, fd, NULL, t, 0));
}

TEST(errors)
{
    struct timespec t[2] = { { 0, 0 }, { 0, 0 } }, bad[2] = { { 0, 1000000000 }, { 0, 0 } };

    file_put("f", "");
    CHECK_ERR(utimensat(AT_FDCWD, "no", t, 0), ENOENT);
    CHECK_ERR(utimensat(AT_FDCWD, "f/x", t, 0), ENOTDIR);
    CHECK_ERR(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
    CHECK_ERR(utimensat(AT_FDCWD, "f", t, 0x40000000), EINVAL);
    CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", BAD_POINTER, 0), EFAULT);
    CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, NULL, t, 0), EFAULT);
    CHECK_ERR(syscall(SYS_utimensat, -1, "f", t, 0), EBADF);
}

TEST(permission)
{
    struct timespec t[2] = { { 1, 0 }, { 2, 0 } }, now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

    need_root();
    file_put("f", "");
    file_put("writable", "");
    CHECK_OK(chmod("writable", 0666));
    become(1000, 1000);
    CHECK_ERR(utimensat(AT_FDCWD, "f", t, 0), EPERM);
    CHECK_ERR(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
    CHECK_ERR(utimensat(AT_FDCWD, "writable", t, 0), EPERM);
    CHECK_OK(utimensat(AT_FDCWD, "writable", NULL, 0));
    CHECK_OK(utimensat(AT_FDCWD, "writable", now, 0));
}

TEST(older_forms)
{
    struct utimbuf u = { 100, 200 };
    struct timeval v[2] = { { 300, 400 }, { 500, 600 } };

    file_put("f", "");
    CHECK_OK(syscall(SYS_utime, "f", &u));
    CHECK_EQ(lstat_of("f").st_atim.tv_sec, 100);
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, 200);
    CHECK_OK(syscall(SYS_utimes, "f", v));
    CHECK_EQ(lstat_of("f").st_atim.tv_nsec, 400000);
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, 500);
    v[1].tv_usec = 1000000;
    CHECK_ERR(syscall(SYS_utimes, "f", v), EINVAL);
    v[1] = (struct timeval){ 700, 0 };
    CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", v));
    CHECK_EQ(lstat_of("f").st_mtim.tv_sec, 700);
    CHECK_OK(syscall(SYS_utime, "f", NULL));
    CHECK(lstat_of("f").st_mtim.tv_sec > 1000);
    CHECK_ERR(syscall(SYS_utime, "no", &u), ENOENT);
    CHECK_ERR(syscall(SYS_utimes, "f", BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_futimesat, -1, "f", v), EBADF);
}

TEST(reading_moves_atime_at_least_relatively)
{
    struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
    char c;

    file_put("f", "x");
    CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
    int fd = open("f", O_RDONLY);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK(lstat_of("f").st_atim.tv_sec > 2000);
    CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
    fd = open("f", O_RDONLY | O_NOATIME);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(lstat_of("f").st_atim.tv_sec, 1000);
}
