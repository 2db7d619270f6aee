/* SPDX-License-Identifier: MIT */
/* eventfd(2), signalfd(2), timerfd_create(2): files that stand for something else. */
#include "abi/linux/errno.h"
#include "abi/linux/eventfd.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/signalfd.h"
#include "kernel/proc/timerfd.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/eventfd.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

enum { CAP_WAKE_ALARM_ = 35 };

/* All of these refuse unknown flags. */
static long eventfd(struct thread *self, unsigned count, int flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err;

    if (flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC))
        return -EINVAL;
    err = eventfd_new(count, (u32)flags, &f);
    return err ? err : fd_install(self->fds, f, (u32)flags);
}

long sys_eventfd(struct thread *self, unsigned count)
{
    return eventfd(self, count, 0);
}

long sys_eventfd2(struct thread *self, unsigned count, int flags)
{
    return eventfd(self, count, flags);
}

static long signalfd(struct thread *self, int fd, uptr mask, size_t size, int flags)
{
    AUTO(file_putp) struct file *f = NULL;
    u64 set;
    int err;

    if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK) || size != sizeof(set))
        return -EINVAL;
    err = copy_in_struct(&set, mask);
    if (err)
        return err;
    if (fd != -1) {
        err = fd_get(self->fds, fd, &f);
        if (!err)
            err = signalfd_set(f, set);
        return err ? err : fd;
    }
    err = signalfd_new(set, flags & SFD_NONBLOCK ? O_NONBLOCK : 0, &f);
    return err ? err : fd_install(self->fds, f, flags & SFD_CLOEXEC ? O_CLOEXEC : 0);
}

long sys_signalfd(struct thread *self, int fd, uptr mask, size_t size)
{
    return signalfd(self, fd, mask, size, 0);
}

long sys_signalfd4(struct thread *self, int fd, uptr mask, size_t size, int flags)
{
    return signalfd(self, fd, mask, size, flags);
}

static int timerfd_clock_check(struct thread *self, int clock_id)
{
    switch (clock_id) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
        return 0;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
        return cred_has_cap(self->cred, CAP_WAKE_ALARM_) ? 0 : -EPERM;
    default:
        return -EINVAL;
    }
}

long sys_timerfd_create(struct thread *self, int clock_id, int flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err;

    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    err = timerfd_clock_check(self, clock_id);
    if (!err)
        err = timerfd_new(clock_id, flags & TFD_NONBLOCK ? O_NONBLOCK : 0, &f);
    return err ? err : fd_install(self->fds, f, flags & TFD_CLOEXEC ? O_CLOEXEC : 0);
}

long sys_timerfd_settime(struct thread *self, int fd, int flags, uptr new_value, uptr old_value)
{
    AUTO(file_putp) struct file *f = NULL;
    struct __kernel_itimerspec new, old;
    int err;

    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    err = copy_in_struct(&new, new_value);
    if (!err)
        err = fd_get(self->fds, fd, &f);
    if (!err)
        err = timerfd_settime(f, (u32)flags, &new, &old);
    if (!err && old_value.addr)
        err = copy_out_struct(old_value, &old);
    return err;
}

long sys_timerfd_gettime(struct thread *self, int fd, uptr cur_value)
{
    AUTO(file_putp) struct file *f = NULL;
    struct __kernel_itimerspec now;
    int err = fd_get(self->fds, fd, &f);

    if (!err)
        err = timerfd_gettime(f, &now);
    return err ? err : copy_out_struct(cur_value, &now);
}
