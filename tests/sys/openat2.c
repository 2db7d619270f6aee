/* SPDX-License-Identifier: MIT */
/* covers: openat2 */
/*
 * openat2(2): strict flags, an extensible struct, and the RESOLVE_ limits on the walk.
 */
#include "tests/sys/sys.h"

struct how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

enum {
    RESOLVE_NO_XDEV_ = 1,
    RESOLVE_NO_MAGICLINKS_ = 2,
    RESOLVE_NO_SYMLINKS_ = 4,
    RESOLVE_BENEATH_ = 8,
    RESOLVE_IN_ROOT_ = 16,
};

static int openat2_(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct how how = { flags, mode, resolve };

    return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* a/  a/file  a/sub/  a/up -> ../outside  a/abs -> /etc  a/in -> file  outside */
static int make_tree(void)
{
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("a/sub", 0755));
    file_put("a/file", "inside");
    file_put("outside", "outside");
    CHECK_OK(symlink("../outside", "a/up"));
    CHECK_OK(symlink("/file", "a/abs"));
    CHECK_OK(symlink("file", "a/in"));
    int fd = open("a", O_PATH | O_DIRECTORY);
    CHECK_OK(fd);
    return fd;
}

TEST(opens_like_openat_without_limits)
{
    struct stat st;

    umask(0);
    int fd = openat2_(AT_FDCWD, "f", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640, 0);
    CHECK_OK(fd);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(openat2_(AT_FDCWD, "no", O_RDONLY, 0, 0), ENOENT);
}

TEST(unknown_flags_and_modes_are_refused)
{
    CHECK_ERR(openat2_(AT_FDCWD, ".", 0x40000000, 0, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, ".", 1ULL << 40, 0, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0600, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, "f", O_RDWR | O_CREAT, 010000, 0), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0, 0x1000), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, ".", O_RDONLY, 0, RESOLVE_BENEATH_ | RESOLVE_IN_ROOT_), EINVAL);
    CHECK_ERR(openat2_(AT_FDCWD, ".", O_PATH | O_RDWR, 0, 0), EINVAL);
    CHECK(!file_exists("f"));
}

TEST(struct_size_is_checked)
{
    struct {
        struct how how;
        uint64_t more;
    } large = { { O_RDONLY, 0, 0 }, 0 };

    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &large, 23), EINVAL);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &large, 0), EINVAL);
    CHECK_OK(syscall(SYS_openat2, AT_FDCWD, ".", &large, sizeof(large)));
    large.more = 1;
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", &large, sizeof(large)), E2BIG);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, ".", BAD_POINTER, sizeof(struct how)), EFAULT);
    CHECK_ERR(syscall(SYS_openat2, AT_FDCWD, BAD_POINTER, &large, sizeof(struct how)), EFAULT);
}

TEST(beneath_refuses_to_leave_the_directory)
{
    int d = make_tree();

    CHECK_OK(openat2_(d, "file", O_RDONLY, 0, RESOLVE_BENEATH_));
    CHECK_OK(openat2_(d, "in", O_RDONLY, 0, RESOLVE_BENEATH_));
    CHECK_OK(openat2_(d, "sub/../file", O_RDONLY, 0, RESOLVE_BENEATH_));
    CHECK_ERR(openat2_(d, "..", O_RDONLY, 0, RESOLVE_BENEATH_), EXDEV);
    CHECK_ERR(openat2_(d, "sub/../../outside", O_RDONLY, 0, RESOLVE_BENEATH_), EXDEV);
    CHECK_ERR(openat2_(d, "up", O_RDONLY, 0, RESOLVE_BENEATH_), EXDEV);
    CHECK_ERR(openat2_(d, "abs", O_RDONLY, 0, RESOLVE_BENEATH_), EXDEV);
    CHECK_ERR(openat2_(d, "/etc", O_RDONLY, 0, RESOLVE_BENEATH_), EXDEV);
}

TEST(in_root_makes_the_directory_the_root)
{
    char buf[16] = "";
    int d = make_tree();

    int fd = openat2_(d, "abs", O_RDONLY, 0, RESOLVE_IN_ROOT_);
    CHECK_OK(fd);
    CHECK_EQ(read(fd, buf, sizeof(buf)), 6);
    CHECK_STR(buf, "inside");
    CHECK_OK(openat2_(d, "/file", O_RDONLY, 0, RESOLVE_IN_ROOT_));
    CHECK_OK(openat2_(d, "../../file", O_RDONLY, 0, RESOLVE_IN_ROOT_));
    CHECK_ERR(openat2_(d, "up", O_RDONLY, 0, RESOLVE_IN_ROOT_), ENOENT);
}

TEST(no_symlinks_refuses_links_anywhere)
{
    int d = make_tree();

    CHECK_OK(symlinkat("sub", d, "ln"));
    CHECK_OK(openat2_(d, "file", O_RDONLY, 0, RESOLVE_NO_SYMLINKS_));
    CHECK_ERR(openat2_(d, "in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS_), ELOOP);
    CHECK_ERR(openat2_(d, "ln/..", O_RDONLY, 0, RESOLVE_NO_SYMLINKS_), ELOOP);
    CHECK_OK(openat2_(d, "in", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS_));
}

TEST(no_magiclinks_refuses_descriptor_links)
{
    CHECK_ERR(openat2_(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS_), ELOOP);
    file_put("f", "");
    CHECK_OK(symlink("f", "link"));
    CHECK_OK(openat2_(AT_FDCWD, "link", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS_));
}

TEST(no_xdev_refuses_to_cross_mounts)
{
    file_put("f", "");
    CHECK_OK(openat2_(AT_FDCWD, "f", O_RDONLY, 0, RESOLVE_NO_XDEV_));
    CHECK_ERR(openat2_(AT_FDCWD, "/proc/self", O_RDONLY, 0, RESOLVE_NO_XDEV_), EXDEV);
}
