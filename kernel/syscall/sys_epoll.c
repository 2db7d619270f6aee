/* SPDX-License-Identifier: MIT */
/* epoll_create(2), epoll_ctl(2), epoll_wait(2) and its variants. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/epoll.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

enum {
    EVENTS_MAX = INT32_MAX / (int)sizeof(struct epoll_event),
    EVENTS_AT_ONCE = 1024,                       /* more come with the next call            */
    EVENTS_ON_STACK = 32,
};

long sys_epoll_create1(struct thread *self, int flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err;

    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    err = epoll_new(&f);
    return err ? err : fd_install(self->fds, f, flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0);
}

long sys_epoll_create(struct thread *self, int size)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = size > 0 ? epoll_new(&f) : -EINVAL;

    return err ? err : fd_install(self->fds, f, 0);
}

long sys_epoll_ctl(struct thread *self, int epfd, int op, int fd, uptr event)
{
    AUTO(file_putp) struct file *ep = NULL;
    AUTO(file_putp) struct file *target = NULL;
    struct epoll_event e = { 0 };
    int err = op == EPOLL_CTL_DEL ? 0 : copy_in_struct(&e, event);

    if (!err)
        err = fd_get(self->fds, epfd, &ep);
    if (!err)
        err = fd_get(self->fds, fd, &target);
    return err ? err : epoll_change(ep, op, target, fd, &e);
}

static long epoll_wait(struct thread *self, int epfd, uptr events, int max, u64 deadline_ns)
{
    AUTO(file_putp) struct file *ep = NULL;
    AUTO(kfreep) struct epoll_event *many = NULL;
    struct epoll_event few[EVENTS_ON_STACK];
    int n;

    if (max <= 0 || max > EVENTS_MAX)
        return -EINVAL;
    n = fd_get(self->fds, epfd, &ep);
    if (n)
        return n;
    if (max > EVENTS_AT_ONCE)
        max = EVENTS_AT_ONCE;
    if (max > EVENTS_ON_STACK) {
        many = kalloc((size_t)max * sizeof(*many));
        if (!many)
            return -ENOMEM;
    }
    n = epoll_collect(ep, many ? many : few, max, deadline_ns);
    if (n > 0 && copy_out(events, many ? many : few, (size_t)n * sizeof(*many)))
        return -EFAULT;
    return n;
}

static u64 deadline_of_ms(int timeout_ms)
{
    if (timeout_ms == 0)
        return 0;
    return timeout_ms < 0 ? NO_DEADLINE : clock_deadline((u64)timeout_ms * NSEC_PER_MSEC);
}

/* signal(7): epoll_wait is never restarted after a handler. */
long sys_epoll_wait(struct thread *self, int epfd, uptr events, int maxevents, int timeout_ms)
{
    return epoll_wait(self, epfd, events, maxevents, deadline_of_ms(timeout_ms));
}

static long epoll_pwait(struct thread *self, int epfd, uptr events, int max, u64 deadline_ns,
                        uptr mask, size_t size)
{
    long n = signal_mask_enter(mask, size);

    return n ? n : signal_mask_leave(epoll_wait(self, epfd, events, max, deadline_ns));
}

long sys_epoll_pwait(struct thread *self, int epfd, uptr events, int maxevents, int timeout_ms,
                     uptr sigmask, size_t size)
{
    return epoll_pwait(self, epfd, events, maxevents, deadline_of_ms(timeout_ms), sigmask, size);
}

long sys_epoll_pwait2(struct thread *self, int epfd, uptr events, int maxevents, uptr timeout,
                      uptr sigmask, size_t size)
{
    u64 deadline_ns = NO_DEADLINE;
    struct __kernel_timespec t;
    int err;

    if (timeout.addr) {
        err = copy_in_struct(&t, timeout);
        if (err)
            return err;
        if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= NSEC_PER_SEC)
            return -EINVAL;
        deadline_ns = t.tv_sec || t.tv_nsec
                          ? clock_deadline((u64)t.tv_sec * NSEC_PER_SEC + (u64)t.tv_nsec)
                          : 0;
    }
    return epoll_pwait(self, epfd, events, maxevents, deadline_ns, sigmask, size);
}
