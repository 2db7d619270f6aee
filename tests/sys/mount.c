/* SPDX-License-Identifier: MIT */
/* covers: mount umount2 */
/*
 * mount(2) and umount(2) of memory file systems.
 */
#include <sys/mount.h>
#include <sys/vfs.h>

#include "tests/sys/sys.h"

/* Leaves the test where mounting is forbidden, as in a container. */
static void mount_tmpfs(const char *dir)
{
    need_root();
    CHECK_OK(mkdir(dir, 0755));
    if (mount("none", dir, "tmpfs", 0, NULL) == -1 && errno == EPERM)
        SKIP("no permission to mount");
    struct statfs s;
    CHECK_OK(statfs(dir, &s));
    CHECK_EQ(s.f_type, 0x01021994);
}

TEST(mounted_file_system_covers_and_uncovers)
{
    struct stat outside, inside;

    CHECK_OK(mkdir("m", 0755));
    file_put("m/below", "");
    CHECK_OK(stat("m", &outside));
    CHECK_OK(rename("m", "n"));
    mount_tmpfs("m");
    CHECK_OK(umount("m"));
    CHECK_OK(mount("none", "n", "tmpfs", 0, NULL));
    CHECK_OK(stat("n", &inside));
    CHECK(outside.st_dev != inside.st_dev);
    CHECK(!file_exists("n/below"));
    file_put("n/above", "x");
    CHECK_ERR(rename("n/above", "above"), EXDEV);
    CHECK_ERR(link("n/above", "above"), EXDEV);
    CHECK_OK(chdir("n"));
    CHECK_OK(chdir(".."));
    CHECK(file_exists("n/above"));
    CHECK_OK(umount("n"));
    CHECK(file_exists("n/below"));
    CHECK(!file_exists("n/above"));
}

TEST(busy_mounts_stay)
{
    mount_tmpfs("m");
    int fd = open("m/f", O_CREAT | O_RDWR, 0600);
    CHECK_ERR(umount("m"), EBUSY);
    CHECK_OK(close(fd));
    CHECK_OK(chdir("m"));
    CHECK_ERR(umount("../m"), EBUSY);
    CHECK_OK(chdir(".."));
    CHECK_ERR(rmdir("m"), EBUSY);
    CHECK_OK(umount("m"));
}

TEST(read_only_mounts)
{
    mount_tmpfs("m");
    CHECK_OK(umount("m"));
    CHECK_OK(mount("none", "m", "tmpfs", MS_RDONLY, NULL));
    CHECK_ERR(open("m/f", O_CREAT | O_RDWR, 0600), EROFS);
    CHECK_ERR(mkdir("m/d", 0755), EROFS);
    CHECK_OK(umount("m"));
}

TEST(lazy_unmount_detaches)
{
    mount_tmpfs("m");
    int fd = open("m/f", O_CREAT | O_RDWR, 0600);
    CHECK_OK(umount2("m", MNT_DETACH));
    CHECK(!file_exists("m/f"));
    CHECK_EQ(write(fd, "x", 1), 1);
}

TEST(errors)
{
    need_root();
    CHECK_OK(mkdir("m", 0755));
    file_put("f", "");
    if (mount("none", "no", "tmpfs", 0, NULL) == -1 && errno == EPERM)
        SKIP("no permission to mount");
    CHECK_ERR(mount("none", "no", "tmpfs", 0, NULL), ENOENT);
    CHECK_ERR(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR);
    CHECK_ERR(mount("none", "m", "no-such-fs", 0, NULL), ENODEV);
    CHECK_ERR(syscall(SYS_mount, "none", BAD_POINTER, "tmpfs", 0, NULL), EFAULT);
    CHECK_ERR(umount("m"), EINVAL);
    CHECK_ERR(umount("no"), ENOENT);
    CHECK_ERR(umount2("m", 0x1000), EINVAL);
    CHECK_ERR(syscall(SYS_umount2, BAD_POINTER, 0), EFAULT);
    become(1000, 1000);
    CHECK_ERR(mount("none", "m", "tmpfs", 0, NULL), EPERM);
    CHECK_ERR(umount("m"), EPERM);
}
