/* SPDX-License-Identifier: MIT */
/*
 * The first process: descriptors 0 to 2 are the host's, the program is what the command line named.
 *
 * A program that cannot be run ends the run with 256 - errno and one line (reference 1.11).
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/resource.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/thread.h"
#include "kernel/dev/host_tty.h"
#include "kernel/dev/stream.h"
#include "kernel/host/host.h"
#include "kernel/init/init.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

static int args_collect(const struct boot_params *bp, struct exec_args *a)
{
    int err = 0;

    a->limit = process_limit(RLIMIT_STACK) / 4;
    for (; !err && bp->argv[a->argc]; a->argc++)
        err = exec_args_add(a, bp->argv[a->argc]);
    a->env_at = a->len;
    for (; !err && bp->envp[a->envc]; a->envc++)
        err = exec_args_add(a, bp->envp[a->envc]);
    return err;
}

/* Runs as the first thread, in the kernel. */
static void first_begin(void *arg)
{
    const struct boot_params *bp = arg;
    struct thread *self = thread_self();
    struct exec_args args = { 0 };
    int err = args_collect(bp, &args);

    host_tty_attach_first();
    if (!err)
        err = exec_path(self, AT_FDCWD, bp->argv[0], WALK_FOLLOW, &args);
    exec_args_fini(&args);
    if (!err) {
        boot_time_report();
        return;
    }
    if (err == -ENOENT)
        log_line("kernel: application does not exist: %s", bp->argv[0]);
    else
        log_line("kernel: cannot run %s: error %d", bp->argv[0], -err);
    host_exit(256 + err);
}

static int standard_files(struct fdtable *fds, bool connected)
{
    for (int fd = 0; fd <= 2; fd++) {
        AUTO(file_putp) struct file *f = NULL;
        int err = standard_stream_open(fd, connected, &f);

        if (!err)
            err = fd_install_at(fds, f, 0, fd);
        if (err < 0)
            return err;
    }
    return 0;
}

void init_first_process(const struct boot_params *bp)
{
    struct fsctx *fs = init_root(bp);
    struct fdtable *fds = fdtable_new();

    proc_ops.shutdown = init_shutdown;
    if (!fds || standard_files(fds, bp->host_stdin) ||
        process_first(fs, fds, first_begin, (void *)bp)) {
        log_line("kernel: cannot start: out of memory");
        host_exit(256 - ENOMEM);
    }
    fdtable_put(fds);
    fsctx_put(fs);
}
