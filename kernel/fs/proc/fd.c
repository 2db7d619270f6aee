/* SPDX-License-Identifier: MIT */
/* /proc/[pid]/fd and /proc/[pid]/fdinfo: one entry per open descriptor. */
#include "kernel/fs/proc/fd.h"
#include "abi/linux/errno.h"
#include "kernel/core/cleanup.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

static void fdtable_putp(struct fdtable **t)
{
    fdtable_put(*t);
}

static int pid_fds(const struct proc_at *at, struct fdtable **ret)
{
    AUTO(process_putp) struct process *p = NULL;
    int err = proc_process(at, &p);

    if (err)
        return err;
    if (process_may_inspect(p))
        return -EACCES;
    *ret = process_fds(p);
    return *ret ? 0 : -ENOENT;
}

/* The first open descriptor >= *fd. */
static int fd_from(const struct proc_at *at, int *fd, struct file **ret)
{
    AUTO(fdtable_putp) struct fdtable *fds = NULL;
    int err = pid_fds(at, &fds);

    return err ? err : fd_next(fds, fd, ret);
}

static int fd_file(const struct proc_at *at, struct file **ret)
{
    AUTO(file_putp) struct file *f = NULL;
    int fd = at->fd;
    int err = fd_from(at, &fd, &f);

    if (err)
        return err;
    if (fd != at->fd)
        return -ENOENT;
    *ret = TAKE(f);
    return 0;
}

static int fd_link(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = fd_file(at, &f);

    if (!err)
        file_describe(f, dst);
    return err;
}

static int fd_jump(const struct proc_at *at, struct jump *ret)
{
    return fd_file(at, &ret->file);
}

static int fdinfo_show(const struct proc_at *at, struct strbuf *dst)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = fd_file(at, &f);

    if (err)
        return err;
    strbuf_printf(dst, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t0\nino:\t%lu\n", f->pos, f->flags,
                  f->vnode ? f->vnode->ino : 0);
    if (f->ops->show_fdinfo)
        f->ops->show_fdinfo(f, dst);
    return 0;
}

/* What readlink's owner may do with the file shows in the link's mode (proc(5)). */
static const struct proc_node fd_node[4] = {
    { .name = "", .mode = S_IFLNK | 0000, .link = fd_link, .jump = fd_jump },
    { .name = "", .mode = S_IFLNK | 0500, .link = fd_link, .jump = fd_jump },
    { .name = "", .mode = S_IFLNK | 0300, .link = fd_link, .jump = fd_jump },
    { .name = "", .mode = S_IFLNK | 0700, .link = fd_link, .jump = fd_jump },
};

static const struct proc_node fdinfo_node = PROC_OWNER_TEXT("", fdinfo_show);

static int next(const struct proc_at *at, u64 *number, bool info, struct proc_at *ret)
{
    AUTO(file_putp) struct file *f = NULL;
    int fd = (int)*number, err;

    if (*number > INT32_MAX)
        return -ENOENT;
    err = fd_from(at, &fd, &f);
    if (err)
        return err;
    *number = (u64)fd;
    *ret = *at;
    ret->fd = fd;
    ret->node = info ? &fdinfo_node : &fd_node[f->read_ok | f->write_ok << 1];
    return 0;
}

static int find(const struct proc_at *at, u64 number, bool info, struct proc_at *ret)
{
    u64 found = number;
    int err = next(at, &found, info, ret);

    return !err && found != number ? -ENOENT : err;
}

int proc_fd_find(const struct proc_at *at, u64 number, struct proc_at *ret)
{
    return find(at, number, false, ret);
}

int proc_fd_next(const struct proc_at *at, u64 *number, struct proc_at *ret)
{
    return next(at, number, false, ret);
}

int proc_fdinfo_find(const struct proc_at *at, u64 number, struct proc_at *ret)
{
    return find(at, number, true, ret);
}

int proc_fdinfo_next(const struct proc_at *at, u64 *number, struct proc_at *ret)
{
    return next(at, number, true, ret);
}
