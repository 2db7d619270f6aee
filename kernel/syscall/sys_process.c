/* SPDX-License-Identifier: MIT */
/* Making, ending and waiting for processes; groups and sessions; pidfds. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/wait.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/proc/clone.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/job.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/wait.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

/* ---- clone ---- */

/* clone(2): ignores unknown flags; the low byte is the signal. */
long sys_clone(struct thread *self, u64 flags, uptr stack, uptr parent_tid, uptr child_tid,
               uptr tls)
{
    u64 wanted = (u32)flags & ~(u64)CSIGNAL;

    if ((wanted & CLONE_PIDFD) && (wanted & CLONE_PARENT_SETTID))
        return -EINVAL;                          /* both would be stored at parent_tid      */
    return thread_clone(self, &(struct clone_request){
                                  .flags = wanted,
                                  .exit_signal = (int)(flags & CSIGNAL),
                                  .stack = stack.addr,
                                  .tls = tls.addr,
                                  .parent_tid = parent_tid,
                                  .child_tid = child_tid,
                                  .pidfd = parent_tid,
                              });
}

long sys_fork(struct thread *self)
{
    return thread_clone(self, &(struct clone_request){ .exit_signal = SIGCHLD });
}

long sys_vfork(struct thread *self)
{
    return thread_clone(self, &(struct clone_request){
                                  .flags = CLONE_VM | CLONE_VFORK,
                                  .exit_signal = SIGCHLD,
                              });
}

/* Structures that grow: what we do not know must be zero. */
static int copy_in_clone_args(struct clone_args *ret, uptr args, size_t size)
{
    u8 more[64];

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    memset(ret, 0, sizeof(*ret));
    if (copy_in(ret, args, min_size(size, sizeof(*ret))))
        return -EFAULT;
    for (size_t at = sizeof(*ret); at < size; at += sizeof(more)) {
        size_t n = min_size(size - at, sizeof(more));

        if (copy_in(more, uptr_add(args, at), n))
            return -EFAULT;
        for (size_t i = 0; i < n; i++)
            if (more[i])
                return -E2BIG;
    }
    return 0;
}

static int check_clone_args(const struct clone_args *a)
{
    if (a->flags & (CSIGNAL | CLONE_DETACHED))
        return -EINVAL;
    if (flags_unknown(KIND_CLONE, a->flags & ~(u64)(CLONE_PTRACE | CLONE_UNTRACED)))
        return -EINVAL;
    if (a->exit_signal > SIG_COUNT)
        return -EINVAL;
    if ((a->flags & (CLONE_THREAD | CLONE_PARENT)) && a->exit_signal)
        return -EINVAL;
    if (!a->stack != !a->stack_size)
        return -EINVAL;
    if (a->set_tid || a->set_tid_size)
        return -EINVAL;                          /* as a kernel that cannot choose ids      */
    return 0;
}

/* clone3(2): refuses unknown flags. */
long sys_clone3(struct thread *self, uptr uargs, size_t size)
{
    struct clone_args args;
    int err = copy_in_clone_args(&args, uargs, size);

    if (!err)
        err = check_clone_args(&args);
    if (err)
        return err;
    return thread_clone(self, &(struct clone_request){
                                  .flags = args.flags,
                                  .exit_signal = (int)args.exit_signal,
                                  .stack = args.stack + args.stack_size,
                                  .tls = args.tls,
                                  .parent_tid = UPTR(args.parent_tid),
                                  .child_tid = UPTR(args.child_tid),
                                  .pidfd = UPTR(args.pidfd),
                              });
}

long sys_exit(struct thread *self, int status)
{
    thread_exit(self, status);
    return 0;
}

long sys_exit_group(struct thread *self, int status)
{
    process_exit(self, status);
    return 0;
}

/* ---- waiting ---- */

static int copy_out_rusage(uptr dst, const struct usage *usage)
{
    struct rusage ru;

    if (!dst.addr)
        return 0;
    usage_show(usage, &ru);
    return copy_out_struct(dst, &ru);
}

/* wait4(2): refuses unknown options. */
long sys_wait4(struct thread *self, int pid, uptr status, int options, uptr rusage)
{
    struct wait_request request = { .options = (u32)options | WEXITED };
    struct wait_result result;
    int err;

    (void)self;
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == -1) {
        request.which = WAIT_ANY;
    } else if (pid > 0) {
        request.which = WAIT_PID;
        request.id = pid;
    } else {
        request.which = WAIT_PGID;
        request.id = pid ? -pid : job_getpgid(0);
    }
    err = process_wait(&request, &result);
    if (err || !result.pid)
        return err;
    if (status.addr && copy_out_struct(status, &result.wait_status))
        return -EFAULT;
    if (copy_out_rusage(rusage, &result.usage))
        return -EFAULT;
    return result.pid;
}

/* Linux writes these members and no others. */
static int copy_out_wait_info(uptr dst, const struct wait_result *r)
{
    siginfo_t info;

    if (!dst.addr)
        return 0;
    memset(&info, 0, sizeof(info));
    if (r->pid) {
        info.si_signo = SIGCHLD;
        info.si_code = r->code;
        info.si_pid = r->pid;
        info.si_uid = r->uid;
        info.si_status = r->status;
    }
    return copy_out(dst, &info, offsetof(siginfo_t, si_status) + sizeof(info.si_status));
}

/* *ret_file keeps a pidfd's process alive. */
static int wait_request_of(struct thread *self, int idtype, int id, struct wait_request *r,
                           struct file **ret_file)
{
    int err;

    switch (idtype) {
    case P_ALL:
        r->which = WAIT_ANY;
        return 0;
    case P_PID:
        r->which = WAIT_PID;
        r->id = id;
        return id > 0 ? 0 : -EINVAL;
    case P_PGID:
        r->which = WAIT_PGID;
        r->id = id ? id : job_getpgid(0);
        return id >= 0 ? 0 : -EINVAL;
    case P_PIDFD:
        if (id < 0)
            return -EINVAL;
        err = fd_get(self->fds, id, ret_file);
        if (err)
            return err;
        r->which = WAIT_PROCESS;
        r->process = pidfd_process(*ret_file);
        return r->process ? 0 : -EBADF;
    default:
        return -EINVAL;
    }
}

/* waitid(2): refuses unknown options. */
long sys_waitid(struct thread *self, int idtype, int id, uptr info, int options, uptr rusage)
{
    AUTO(file_putp) struct file *f = NULL;
    struct wait_request request = { .options = (u32)options };
    struct wait_result result = { .pid = 0 };
    int known =
        WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    int err;

    if ((options & ~known) || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    err = wait_request_of(self, idtype, id, &request, &f);
    if (err)
        return err;
    bool nonblocking = f && file_is_nonblocking(f);
    if (nonblocking)
        request.options |= WNOHANG;
    err = process_wait(&request, &result);
    if (!err && !result.pid && nonblocking && !(options & WNOHANG))
        err = -EAGAIN;
    if (err)
        return err;
    if (result.pid && copy_out_rusage(rusage, &result.usage))
        return -EFAULT;
    return copy_out_wait_info(info, &result);
}

/* ---- ids ---- */

long sys_getpid(struct thread *self)
{
    return process_pid(self->proc);
}

long sys_gettid(struct thread *self)
{
    return self->tid;
}

long sys_getppid(struct thread *self)
{
    return process_ppid(self->proc);
}

long sys_getpgrp(struct thread *self)
{
    (void)self;
    return job_getpgid(0);
}

long sys_getpgid(struct thread *self, int pid)
{
    (void)self;
    return job_getpgid(pid);
}

long sys_setpgid(struct thread *self, int pid, int pgid)
{
    (void)self;
    return job_setpgid(pid, pgid);
}

long sys_getsid(struct thread *self, int pid)
{
    (void)self;
    return job_getsid(pid);
}

long sys_setsid(struct thread *self)
{
    (void)self;
    return job_setsid();
}

/* ---- pidfds ---- */

/* pidfd_open(2): refuses unknown flags. */
long sys_pidfd_open(struct thread *self, int pid, u32 flags)
{
    AUTO(process_putp) struct process *p = NULL;

    if (flags_unknown(KIND_PIDFD, flags) || pid <= 0)
        return -EINVAL;
    p = process_find(pid);
    if (!p)
        return -ESRCH;
    if (process_pid(p) != pid)
        return -EINVAL;                          /* a thread's id                           */
    return pidfd_open(self->fds, p, flags & O_NONBLOCK);
}

/* pidfd_getfd(2): no flags are known. */
long sys_pidfd_getfd(struct thread *self, int pidfd, int targetfd, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL, *target = NULL;
    struct fdtable *fds;
    int err;

    if (flags)
        return -EINVAL;
    err = fd_get(self->fds, pidfd, &f);
    if (err)
        return err;
    struct process *p = pidfd_process(f);
    if (!p)
        return -EBADF;
    err = process_may_inspect(p);
    if (err)
        return err;
    fds = process_fds(p);
    if (!fds)
        return -ESRCH;
    err = fd_get_path(fds, targetfd, &target);
    fdtable_put(fds);
    if (err)
        return err;
    return fd_install(self->fds, target, O_CLOEXEC);
}
