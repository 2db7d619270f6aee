/* SPDX-License-Identifier: MIT */
/* covers: fchmodat2 */
/*
 * fchmodat2(2): fchmodat with flags, new in Linux 6.6.
 */
#include "tests/sys/sys.h"

enum { FCHMODAT2 = 452 };

static long fchmodat2_(int dir, const char *path, mode_t mode, int flags)
{
    return syscall(FCHMODAT2, dir, path, mode, flags);
}

TEST(flags_choose_the_file)
{
    struct stat st;

    file_put("f", "");
    int fd = open("f", O_PATH);
    CHECK_OK(symlink("f", "l"));
    if (fchmodat2_(AT_FDCWD, "f", 0600, 0) == -1 && errno == ENOSYS)
        SKIP("older than Linux 6.6");
    CHECK_OK(fchmodat2_(AT_FDCWD, "l", 0640, 0));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode & 07777, 0640);
    CHECK_OK(fchmodat2_(fd, "", 0604, AT_EMPTY_PATH));
    CHECK_OK(stat("f", &st));
    CHECK_EQ(st.st_mode & 07777, 0604);
    CHECK_ERR(fchmodat2_(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
    CHECK_OK(fchmodat2_(AT_FDCWD, "f", 0600, AT_SYMLINK_NOFOLLOW));
    CHECK_ERR(fchmodat2_(AT_FDCWD, "f", 0600, 0x40000000), EINVAL);
    CHECK_ERR(fchmodat2_(AT_FDCWD, "no", 0600, 0), ENOENT);
    CHECK_ERR(fchmodat2_(AT_FDCWD, "", 0600, 0), ENOENT);
}
