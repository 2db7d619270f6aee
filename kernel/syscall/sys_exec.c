/* SPDX-License-Identifier: MIT */
/* execve(2), execveat(2): copy the strings in, then kernel/proc/exec.h. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/resource.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/path.h"

enum { ARGS_MAX = 6 << 20, ARGS_MIN = 128 << 10 }; /* Linux's bounds on a quarter of the stack */

static void exec_args_finip(struct exec_args *a)
{
    exec_args_fini(a);
}

static size_t args_limit(void)
{
    u64 quarter = process_limit(RLIMIT_STACK) / 4;

    return quarter < ARGS_MIN ? ARGS_MIN : min_u64(quarter, ARGS_MAX);
}

static long execveat(struct thread *self, int dirfd, uptr path, uptr argv, uptr envp,
                     u32 walk_flags)
{
    AUTO(exec_args_finip) struct exec_args args = { .limit = args_limit() };
    PATH_BUF_AUTO struct path_buf name = { 0 };
    int err = path_buf_init(&name, path);

    if (err)
        return err;
    err = exec_args_copy_in(&args, argv, &args.argc);
    /* Linux: a program gets at least an empty argv[0]. */
    if (!err && !args.argc) {
        err = exec_args_add(&args, "");
        args.argc = 1;
    }
    args.env_at = args.len;
    if (!err)
        err = exec_args_copy_in(&args, envp, &args.envc);
    if (err)
        return err;
    return exec_path(self, dirfd, name.str, walk_flags, &args);
}

long sys_execve(struct thread *self, uptr path, uptr argv, uptr envp)
{
    return execveat(self, AT_FDCWD, path, argv, envp, WALK_FOLLOW);
}

/* execveat(2): refuses unknown flags. */
long sys_execveat(struct thread *self, int dirfd, uptr path, uptr argv, uptr envp, int flags)
{
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return execveat(self, dirfd, path, argv, envp,
                    (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
                        (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0));
}
