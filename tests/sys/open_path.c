/* SPDX-License-Identifier: MIT */
/* covers: openat readlinkat newfstatat */
/*
 * O_PATH: a descriptor that names a place and cannot do I/O.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>

#include "tests/sys/sys.h"

TEST(path_descriptor_refuses_io)
{
    char c;

    file_put("f", "abc");
    int fd = open("f", O_PATH);
    CHECK_OK(fd);
    CHECK_ERR(read(fd, &c, 1), EBADF);
    CHECK_ERR(write(fd, "x", 1), EBADF);
    CHECK_ERR(lseek(fd, 0, SEEK_SET), EBADF);
    CHECK_ERR(ftruncate(fd, 0), EBADF);
    CHECK_ERR(syscall(SYS_fchmod, fd, 0600), EBADF); /* musl's own tries again through /proc */
    CHECK_ERR(syscall(SYS_fchown, fd, 0, 0), EBADF);
    CHECK_ERR(ioctl(fd, FIONREAD, &c), EBADF);
    CHECK_ERR(fsetxattr(fd, "user.x", "1", 1, 0), EBADF);
    CHECK_ERR(fsync(fd), EBADF);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EBADF);
}

TEST(path_descriptor_can_be_copied_closed_and_inspected)
{
    struct stat a, b;

    file_put("f", "abc");
    int fd = open("f", O_PATH | O_CLOEXEC);
    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_PATH | O_ACCMODE), O_PATH);
    CHECK_OK(fstat(fd, &a));
    CHECK_OK(stat("f", &b));
    CHECK_EQ(a.st_ino, b.st_ino);
    CHECK_EQ(a.st_size, 3);
    int copy = dup(fd);
    CHECK_OK(copy);
    CHECK_OK(close(fd));
    CHECK_OK(fstat(copy, &a));
}

TEST(path_descriptor_needs_no_permission_on_the_file)
{
    need_root();
    file_put("f", "abc");
    CHECK_OK(chmod("f", 0));
    become(1000, 1000);
    CHECK_ERR(open("f", O_RDONLY), EACCES);
    CHECK_OK(open("f", O_PATH));
}

TEST(path_descriptor_of_a_directory_serves_the_at_calls)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "abc");
    int d = open("d", O_PATH | O_DIRECTORY);
    CHECK_OK(d);
    CHECK_OK(openat(d, "f", O_RDONLY));
    CHECK_OK(mkdirat(d, "sub", 0755));
    CHECK(file_exists("d/sub"));
    CHECK_OK(fchdir(d));
    CHECK(file_exists("f"));
}

TEST(path_nofollow_names_the_symlink_itself)
{
    struct stat st;
    char target[16] = "";

    CHECK_OK(symlink("nowhere", "link"));
    int fd = open("link", O_PATH | O_NOFOLLOW);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_EQ(readlinkat(fd, "", target, sizeof(target)), 7);
    CHECK_STR(target, "nowhere");
    CHECK_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
    CHECK(S_ISLNK(st.st_mode));
    CHECK_ERR(open("link", O_PATH), ENOENT);
}

TEST(path_ignores_creat_trunc_and_append)
{
    file_put("f", "abc");
    CHECK_OK(open("f", O_PATH | O_TRUNC | O_WRONLY | O_APPEND));
    CHECK_FILE("f", "abc");
    CHECK_ERR(open("new", O_PATH | O_CREAT, 0600), ENOENT);
    CHECK_ERR(open("f", O_PATH | O_DIRECTORY), ENOTDIR);
}

TEST(path_descriptor_reopens_through_proc)
{
    char name[64];
    char buf[8] = "";

    file_put("f", "abc");
    int fd = open("f", O_PATH);
    CHECK_OK(fd);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    int again = open(name, O_RDWR);
    CHECK_OK(again);
    CHECK_EQ(read(again, buf, sizeof(buf)), 3);
    CHECK_STR(buf, "abc");
}
