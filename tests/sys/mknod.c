/* SPDX-License-Identifier: MIT */
/* covers: mknod mknodat */
/*
 * mknod(2): regular files, FIFOs, sockets and the devices that every system has.
 */
#include <sys/sysmacros.h>

#include "tests/sys/sys.h"

TEST(kinds_of_nodes)
{
    struct stat st;

    umask(022);
    CHECK_OK(mknod("f", S_IFREG | 0666, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(st.st_size, 0);
    CHECK_OK(mknod("g", 0600, 0));               /* no type means a regular file            */
    CHECK_OK(stat("g", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0600);
    CHECK_OK(mknod("p", S_IFIFO | 0666, 0));
    CHECK_OK(stat("p", &st));
    CHECK_EQ(st.st_mode, S_IFIFO | 0644);
    CHECK_OK(mknod("s", S_IFSOCK | 0666, 0));
    CHECK_OK(stat("s", &st));
    CHECK_EQ(st.st_mode, S_IFSOCK | 0644);
    CHECK_ERR(open("s", O_RDONLY), ENXIO);
}

TEST(devices_work_wherever_their_node_lies)
{
    struct stat st;
    char buf[4] = "abc";

    need_root();
    CHECK_OK(mknod("zero", S_IFCHR | 0666, makedev(1, 5)));
    CHECK_OK(stat("zero", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev, makedev(1, 5));
    int fd = open("zero", O_RDONLY);
    CHECK_OK(fd);
    CHECK_EQ(read(fd, buf, 4), 4);
    CHECK_MEM(buf, "\0\0\0", 4);
    CHECK_OK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    fd = open("null", O_RDWR);
    CHECK_OK(fd);
    CHECK_EQ(read(fd, buf, 4), 0);
    CHECK_EQ(write(fd, buf, 4), 4);
    CHECK_OK(mknod("nothing", S_IFCHR | 0666, makedev(240, 77)));
    CHECK_ERR(open("nothing", O_RDONLY), ENXIO);
}

TEST(errors)
{
    file_put("f", "");
    CHECK_ERR(mknod("f", S_IFIFO | 0600, 0), EEXIST);
    CHECK_ERR(mknod("no/p", S_IFIFO | 0600, 0), ENOENT);
    CHECK_ERR(mknod("", S_IFIFO | 0600, 0), ENOENT);
    CHECK_ERR(mknod("f/p", S_IFIFO | 0600, 0), ENOTDIR);
    CHECK_ERR(mknod("d", S_IFDIR | 0700, 0), EPERM);
    CHECK_ERR(mknod("l", S_IFLNK | 0700, 0), EINVAL);
    CHECK_ERR(syscall(SYS_mknod, BAD_POINTER, S_IFIFO | 0600, 0), EFAULT);
    CHECK_ERR(mknodat(-1, "p", S_IFIFO | 0600, 0), EBADF);
    CHECK_OK(mkdir("sub", 0755));
    int d = open("sub", O_RDONLY);
    CHECK_OK(mknodat(d, "p", S_IFIFO | 0600, 0));
    CHECK(file_exists("sub/p"));
}

TEST(only_root_makes_devices)
{
    need_root();
    CHECK_OK(chmod(".", 0777));
    become(1000, 1000);
    CHECK_ERR(mknod("zero", S_IFCHR | 0666, makedev(1, 5)), EPERM);
    CHECK_OK(mknod("p", S_IFIFO | 0666, 0));
}
