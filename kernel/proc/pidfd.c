/* SPDX-License-Identifier: MIT */
/*
 * pidfd: see pidfd.h.
 *
 * A pidfd counts its process, so it names that one even when the id has been given to another.  All
 * pidfds of a process share its end_wait.
 */
#include "kernel/proc/pidfd.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/strbuf.h"
#include "kernel/proc/proc_int.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

static u32 pidfd_ready(struct file *f)
{
    struct process *p = f->priv;

    WITH_MUTEX(&proc_lock);
    return p->state == PROCESS_RUNNING ? 0 : POLLIN | POLLRDNORM;
}

static void pidfd_show(struct file *f, struct strbuf *dst)
{
    struct process *p = f->priv;

    WITH_MUTEX(&proc_lock);
    strbuf_printf(dst, "Pid:\t%d\n", p->state == PROCESS_DEAD ? -1 : p->pid);
}

static void pidfd_release(struct file *f)
{
    process_put(f->priv);
}

static const struct file_ops pidfd_ops = {
    .kind = "[pidfd]",
    .ready = pidfd_ready,
    .show_fdinfo = pidfd_show,
    .release = pidfd_release,
};

int pidfd_open(struct fdtable *fds, struct process *p, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = file_new(&pidfd_ops, p, O_RDWR | flags, &f);

    if (err)
        return err;
    process_get(p);
    f->wait = &p->end_wait;
    return fd_install(fds, f, O_CLOEXEC);
}

struct process *pidfd_process(struct file *f)
{
    return f->ops == &pidfd_ops ? f->priv : NULL;
}
