/* SPDX-License-Identifier: MIT */
/* covers: access faccessat faccessat2 */
/*
 * access(2): asks with the real ids, unless AT_EACCESS says otherwise.
 */
#include "tests/sys/sys.h"

static long faccessat2_(int dir, const char *path, int mode, int flags)
{
    return syscall(SYS_faccessat2, dir, path, mode, flags);
}

TEST(existence_and_modes)
{
    file_put("f", "");
    CHECK_OK(access("f", F_OK));
    CHECK_OK(access("f", R_OK | W_OK));
    CHECK_ERR(access("no", F_OK), ENOENT);
    CHECK_ERR(access("", F_OK), ENOENT);
    CHECK_ERR(access("f/x", F_OK), ENOTDIR);
    CHECK_ERR(access("f", 8), EINVAL);
    CHECK_ERR(access("f", -1), EINVAL);
    CHECK_ERR(syscall(SYS_access, BAD_POINTER, F_OK), EFAULT);
}

TEST(root_may_execute_only_if_anybody_may)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chmod("f", 0));
    CHECK_OK(access("f", R_OK | W_OK));
    CHECK_ERR(access("f", X_OK), EACCES);
    CHECK_OK(chmod("f", 0001));
    CHECK_OK(access("f", X_OK));
    CHECK_OK(mkdir("d", 0));
    CHECK_OK(access("d", R_OK | W_OK | X_OK));
}

/* Runs with real and effective uid 1000. */
CHILD(as_user)
{
    CHECK_OK(setresgid(1000, 1000, 1000));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(access("private", R_OK), EACCES);
    CHECK_OK(access("private", F_OK));
    CHECK_ERR(access("secret/f", F_OK), EACCES);
    CHECK_OK(access("readable", R_OK));
    CHECK_ERR(access("readable", R_OK | W_OK), EACCES);
    CHECK_ERR(access("readable", X_OK), EACCES);
    CHECK_OK(access("group", R_OK));
    CHECK_ERR(access("group", W_OK), EACCES);
    CHECK_ERR(access("owned", R_OK), EACCES);    /* the owner's bits count, not the others' */
    return 0;
}

TEST(ordinary_users_are_checked)
{
    need_root();
    file_put("private", "");
    file_put("readable", "");
    file_put("group", "");
    file_put("owned", "");
    CHECK_OK(mkdir("secret", 0700));
    file_put("secret/f", "");
    CHECK_OK(chmod("private", 0600));
    CHECK_OK(chown("group", 0, 1000));
    CHECK_OK(chmod("group", 0640));
    CHECK_OK(chown("owned", 1000, 1000));
    CHECK_OK(chmod("owned", 0077));
    CHECK_EXIT(child_start("as_user"), 0);
}

TEST(real_ids_are_asked_unless_eaccess)
{
    need_root();
    file_put("f", "");
    CHECK_OK(chmod("f", 0600));
    become(1000, 1000);
    CHECK_OK(access("f", R_OK));                 /* the real uid is still 0                 */
    CHECK_OK(faccessat2_(AT_FDCWD, "f", R_OK, 0));
    CHECK_ERR(faccessat2_(AT_FDCWD, "f", R_OK, AT_EACCESS), EACCES);
    CHECK_OK(faccessat2_(AT_FDCWD, "f", F_OK, AT_EACCESS));
}

TEST(at_forms_and_their_flags)
{
    CHECK_OK(mkdir("d", 0755));
    file_put("d/f", "");
    CHECK_OK(symlink("no", "dangling"));
    int d = open("d", O_RDONLY | O_DIRECTORY);
    int f = open("d/f", O_RDONLY);
    CHECK_OK(syscall(SYS_faccessat, d, "f", R_OK));
    CHECK_OK(faccessat2_(d, "f", R_OK, 0));
    CHECK_ERR(faccessat2_(AT_FDCWD, "dangling", F_OK, 0), ENOENT);
    CHECK_OK(faccessat2_(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(faccessat2_(f, "", R_OK, AT_EMPTY_PATH));
    CHECK_ERR(faccessat2_(f, "", R_OK, 0), ENOENT);
    CHECK_ERR(faccessat2_(f, "x", R_OK, 0), ENOTDIR);
    CHECK_ERR(faccessat2_(-1, "x", R_OK, 0), EBADF);
    CHECK_ERR(faccessat2_(d, "f", R_OK, 0x10000000), EINVAL);
    CHECK_ERR(faccessat2_(d, "f", 8, 0), EINVAL);
}
