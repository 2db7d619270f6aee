/* SPDX-License-Identifier: MIT */
/* POSIX message queues. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ipc.h"
#include "abi/linux/signal.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/mqueue.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/fsctx.h"

enum { NAME_SIZE = 257 };                        /* one more than too long                  */

static int copy_in_name(char name[NAME_SIZE], uptr uname)
{
    ssize_t len = copy_in_str(name, uname, NAME_SIZE);

    return len < 0 ? (int)len : 0;
}

/* mq_open(2): ignores unknown flags. */
long sys_mq_open(struct thread *self, uptr mqname, int flags, u32 mode, uptr uattr)
{
    AUTO(file_putp) struct file *f = NULL;
    char name[NAME_SIZE];
    struct mq_attr attr;
    int err = copy_in_name(name, mqname);

    if (err)
        return err;
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return -EINVAL;
    if ((flags & O_CREAT) && uattr.addr && copy_in_struct(&attr, uattr))
        return -EFAULT;
    err = mqueue_open(name, (u32)flags, mode & ~fsctx_self_umask(), uattr.addr ? &attr : NULL, &f);
    return err ? err : fd_install(self->fds, f, O_CLOEXEC);
}

long sys_mq_unlink(struct thread *self, uptr mqname)
{
    char name[NAME_SIZE];
    int err = copy_in_name(name, mqname);

    (void)self;
    return err ? err : mqueue_unlink(name);
}

/* A moment of the real clock as a deadline; NULL is none. */
static int deadline_in(uptr timeout, u64 *ret)
{
    u64 ns, now = clock_realtime_ns();
    int err = timeout.addr ? timespec_in(timeout, &ns) : 0;

    if (err)
        return err;
    if (!timeout.addr)
        *ret = NO_DEADLINE;
    else
        *ret = ns > now ? clock_deadline(ns - now) : 0;
    return 0;
}

long sys_mq_timedsend(struct thread *self, int mqdes, uptr umsg, size_t len, u32 prio, uptr timeout)
{
    AUTO(file_putp) struct file *f = NULL;
    AUTO(mq_msg_freep) struct mq_msg *m = NULL;
    ssize_t max;
    u64 deadline;
    int err = prio >= MQ_PRIO_MAX ? -EINVAL : deadline_in(timeout, &deadline);

    if (!err)
        err = fd_get(self->fds, mqdes, &f);
    if (err)
        return err;
    max = mqueue_message_size(f);
    if (max < 0)
        return max;
    if (len > (size_t)max)
        return f->write_ok ? -EMSGSIZE : -EBADF;
    m = mq_msg_new(prio, len);
    if (!m)
        return -ENOMEM;
    if (copy_in(mq_msg_text(m), umsg, len))
        return -EFAULT;
    err = mqueue_send(f, m, deadline);
    if (!err)
        (void)TAKE(m);                           /* the queue's now                         */
    return err;
}

long sys_mq_timedreceive(struct thread *self, int mqdes, uptr umsg, size_t len, uptr uprio,
                         uptr timeout)
{
    AUTO(file_putp) struct file *f = NULL;
    AUTO(mq_msg_freep) struct mq_msg *m = NULL;
    u64 deadline;
    u32 priority;
    int err = deadline_in(timeout, &deadline);

    if (!err)
        err = fd_get(self->fds, mqdes, &f);
    if (!err)
        err = mqueue_receive(f, len, deadline, &m);
    if (err)
        return err;
    priority = mq_msg_priority(m);
    if (uprio.addr && copy_out_struct(uprio, &priority))
        return -EFAULT;                          /* the message is lost, as on Linux        */
    return copy_out(umsg, mq_msg_text(m), mq_msg_size(m)) ? -EFAULT : (long)mq_msg_size(m);
}

long sys_mq_notify(struct thread *self, int mqdes, uptr uevent)
{
    AUTO(file_putp) struct file *f = NULL;
    struct sigevent event;
    int err;

    if (uevent.addr && copy_in_struct(&event, uevent))
        return -EFAULT;
    err = fd_get(self->fds, mqdes, &f);
    return err ? err : mqueue_notify(f, uevent.addr ? &event : NULL);
}

long sys_mq_getsetattr(struct thread *self, int mqdes, uptr uattr, uptr uold)
{
    AUTO(file_putp) struct file *f = NULL;
    struct mq_attr attr, old;
    int err;

    if (uattr.addr && copy_in_struct(&attr, uattr))
        return -EFAULT;
    err = fd_get(self->fds, mqdes, &f);
    if (!err)
        err = mqueue_attr(f, uattr.addr ? &attr : NULL, &old);
    if (!err && uold.addr)
        err = copy_out_struct(uold, &old);
    return err;
}
