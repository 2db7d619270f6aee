/* SPDX-License-Identifier: MIT */
/* Signals: actions, masks, sending, waiting, stacks. */
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/string.h"
#include "kernel/proc/altstack.h"
#include "kernel/proc/job.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_call.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

/* As the system call takes it: libc's struct sigaction is another. */
struct user_sigaction {
    u64 handler, flags, restorer, mask;
};

/* ---- actions and masks ---- */

long sys_rt_sigaction(struct thread *self, int sig, uptr act, uptr old, size_t sigset_size)
{
    struct sig_action before, after;

    if (sigset_size != sizeof(u64) || !sig_is_valid(sig))
        return -EINVAL;
    if (act.addr) {
        struct user_sigaction u;

        if (copy_in_struct(&u, act))
            return -EFAULT;
        if (sig_bit(sig) & SIG_UNBLOCKABLE)
            return -EINVAL;
        after = (struct sig_action){ u.handler, u.flags, u.restorer, u.mask };
    }
    signal_action_swap(self, sig, act.addr ? &after : NULL, &before);
    if (old.addr) {
        struct user_sigaction u = { before.handler, before.flags, before.restorer, before.mask };

        return copy_out_struct(old, &u);
    }
    return 0;
}

long sys_rt_sigprocmask(struct thread *self, int how, uptr set, uptr old, size_t sigset_size)
{
    u64 before = signal_blocked(self), after;

    if (sigset_size != sizeof(u64))
        return -EINVAL;
    if (set.addr) {
        if (copy_in_struct(&after, set))
            return -EFAULT;
        switch (how) {
        case SIG_BLOCK:
            after |= before;
            break;
        case SIG_UNBLOCK:
            after = before & ~after;
            break;
        case SIG_SETMASK:
            break;
        default:
            return -EINVAL;
        }
        signal_set_blocked(self, after);
    }
    return old.addr ? copy_out_struct(old, &before) : 0;
}

long sys_rt_sigpending(struct thread *self, uptr set, size_t sigset_size)
{
    u64 pending;

    if (sigset_size > sizeof(u64))
        return -EINVAL;
    pending = signal_pending_set() & signal_blocked(self);
    return copy_out(set, &pending, sigset_size);
}

long sys_rt_sigreturn(struct thread *self)
{
    return signal_return(self);
}

long sys_sigaltstack(struct thread *self, uptr stack, uptr old)
{
    stack_t before, after;
    int err = 0;

    altstack_get(self, self->frame->sp, &before);
    if (stack.addr) {
        if (copy_in_struct(&after, stack))
            return -EFAULT;
        err = altstack_set(self, &after, self->frame->sp, ALTSTACK_FROM_CALL);
    }
    if (!err && old.addr)
        err = copy_out_struct(old, &before);
    return err;
}

/* ---- sending ---- */

static int send_to_process(pid_t pid, const siginfo_t *info)
{
    AUTO(process_putp) struct process *p = process_find(pid);
    int err;

    if (!p)
        return -ESRCH;
    err = signal_may_send(p, info->si_signo);
    if (err || !info->si_signo)
        return err;
    return signal_send_process(p, info);
}

long sys_kill(struct thread *self, int pid, int sig)
{
    siginfo_t info;

    (void)self;
    if (sig < 0 || sig > SIG_COUNT)
        return -EINVAL;
    siginfo_user(&info, sig, SI_USER);
    if (pid > 0)
        return send_to_process(pid, &info);
    if (pid == -1)
        return signal_send_all(&info);
    if (pid == INT32_MIN)
        return -ESRCH;
    return job_kill(pid ? -pid : job_getpgid(0), &info);
}

long sys_tkill(struct thread *self, int tid, int sig)
{
    siginfo_t info;

    (void)self;
    if (tid <= 0 || sig < 0 || sig > SIG_COUNT)
        return -EINVAL;
    siginfo_user(&info, sig, SI_TKILL);
    return signal_send_tid(0, tid, &info);
}

long sys_tgkill(struct thread *self, int tgid, int tid, int sig)
{
    siginfo_t info;

    (void)self;
    if (tgid <= 0 || tid <= 0 || sig < 0 || sig > SIG_COUNT)
        return -EINVAL;
    siginfo_user(&info, sig, SI_TKILL);
    return signal_send_tid(tgid, tid, &info);
}

/* Only the kernel says it is the kernel: what a program makes up must look like a program's, unless
 * it is for itself. */
static int copy_in_info(siginfo_t *ret, int sig, uptr info, bool to_self)
{
    if (copy_in_struct(ret, info))
        return -EFAULT;
    ret->si_signo = sig;
    if (!to_self && (ret->si_code >= 0 || ret->si_code == SI_TKILL))
        return -EPERM;
    return sig < 0 || sig > SIG_COUNT ? -EINVAL : 0;
}

long sys_rt_sigqueueinfo(struct thread *self, int pid, int sig, uptr uinfo)
{
    siginfo_t info;
    int err = copy_in_info(&info, sig, uinfo, pid == process_pid(self->proc));

    return err ? err : send_to_process(pid, &info);
}

long sys_rt_tgsigqueueinfo(struct thread *self, int tgid, int tid, int sig, uptr uinfo)
{
    siginfo_t info;
    int err;

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    err = copy_in_info(&info, sig, uinfo, tid == self->tid);
    return err ? err : signal_send_tid(tgid, tid, &info);
}

/* pidfd_send_signal(2): no flags are known. */
long sys_pidfd_send_signal(struct thread *self, int pidfd, int sig, uptr uinfo, u32 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    siginfo_t info;
    int err;

    if (flags)
        return -EINVAL;
    err = fd_get(self->fds, pidfd, &f);
    if (err)
        return err;
    struct process *p = pidfd_process(f);
    if (!p)
        return -EBADF;
    if (uinfo.addr) {
        err = copy_in_struct(&info, uinfo) ? -EFAULT : 0;
        if (!err && info.si_signo != sig)
            err = -EINVAL;
        if (!err)
            err = copy_in_info(&info, sig, uinfo, p == self->proc);
    } else {
        siginfo_user(&info, sig, SI_USER);
        err = sig < 0 || sig > SIG_COUNT ? -EINVAL : 0;
    }
    if (!err)
        err = process_is_gone(p) ? -ESRCH : signal_may_send(p, sig);
    if (err || !sig)
        return err;
    return signal_send_process(p, &info);
}

/* ---- waiting ---- */

/* Nothing wakes this queue: sleepers on it wait for signals. */
static struct waitq nothing;

static void sleep_until_signal(void)
{
    u64 ticket = waitq_ticket(&nothing);

    while (!waitq_sleep(&nothing, ticket, NO_DEADLINE))
        continue;
}

long sys_pause(struct thread *self)
{
    (void)self;
    sleep_until_signal();
    return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(struct thread *self, uptr mask, size_t sigset_size)
{
    int err;

    (void)self;
    if (!mask.addr)
        return -EFAULT;
    err = signal_mask_enter(mask, sigset_size);
    if (err)
        return err;
    sleep_until_signal();
    return -ERESTARTNOHAND;
}

long sys_rt_sigtimedwait(struct thread *self, uptr set, uptr uinfo, uptr timeout,
                         size_t sigset_size)
{
    u64 wanted, deadline = NO_DEADLINE;
    siginfo_t info;
    int err, signo;

    if (sigset_size != sizeof(wanted))
        return -EINVAL;
    if (copy_in_struct(&wanted, set))
        return -EFAULT;
    err = timespec_deadline_in(timeout, &deadline);
    if (err)
        return err;
    signo = signal_wait(self, wanted, deadline, &info);
    if (signo > 0 && uinfo.addr && copy_out_struct(uinfo, &info))
        return -EFAULT;
    return signo;
}
