/* SPDX-License-Identifier: MIT */
/* What terminals share: sessions, /dev/tty, reads that end by time.  See tty.h. */
#include "kernel/dev/tty.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/user.h"
#include "kernel/dev/host_tty.h"
#include "kernel/proc/job.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/file.h"

/* ---- life ---- */

void tty_init_one(struct tty *tty, const struct tty_ops *ops)
{
    *tty = (struct tty){ .ops = ops };
    ref_init(&tty->refs);
}

struct tty *tty_get(struct tty *tty)
{
    ref_get(&tty->refs);
    return tty;
}

void tty_put(struct tty *tty)
{
    if (tty && ref_put(&tty->refs))
        tty->ops->free(tty);
}

/* ---- sessions ---- */

static pid_t tty_sid(const struct tty *tty)
{
    return __atomic_load_n(&tty->sid, __ATOMIC_ACQUIRE);
}

static void tty_released(struct tty *tty, enum job_tty_why why)
{
    mutex_lock(&tty->session_lock);
    __atomic_store_n(&tty->sid, 0, __ATOMIC_RELEASE);
    mutex_unlock(&tty->session_lock);
    if (why == JOB_TTY_LEADER_ENDED)
        tty->ops->hangup(tty);
}

void tty_init(void)
{
    job_tty_ops = (struct job_tty_ops){
        .get = tty_get,
        .put = tty_put,
        .released = tty_released,
        .host_signal = host_tty_signal,
    };
}

static int attach_locked(struct tty *tty, enum tty_attach_how how, struct tty **ret_revoked)
{
    pid_t sid = tty_sid(tty);

    if (sid && sid == job_getsid(0))
        return sid == process_pid(thread_self()->proc) ? 0 : -EPERM;
    if (sid && how != TTY_ATTACH_BY_FORCE)
        return -EPERM;
    if (sid && !cred_has_cap(thread_self()->cred, CAP_SYS_ADMIN))
        return -EPERM;
    if (sid)
        *ret_revoked = job_tty_revoke(sid);
    __atomic_store_n(&tty->sid, 0, __ATOMIC_RELEASE);
    sid = job_tty_attach(tty);
    if (sid < 0)
        return sid;
    __atomic_store_n(&tty->sid, sid, __ATOMIC_RELEASE);
    return 0;
}

int tty_attach(struct tty *tty, enum tty_attach_how how)
{
    struct tty *revoked = NULL;
    int err;

    mutex_lock(&tty->session_lock);
    err = attach_locked(tty, how, &revoked);
    mutex_unlock(&tty->session_lock);
    tty_put(revoked);
    return err;
}

int tty_access(struct tty *tty, int signo)
{
    pid_t sid = tty_sid(tty);

    return sid ? job_tty_access(sid, signo) : 0;
}

void tty_hung_up(struct tty *tty)
{
    pid_t sid = tty_sid(tty);

    if (sid)
        job_tty_hangup(sid);
}

bool tty_has_session(const struct tty *tty)
{
    return tty_sid(tty);
}

void tty_signal(struct tty *tty, int signo)
{
    pid_t sid = tty_sid(tty);

    if (sid)
        job_signal_foreground(sid, signo);
}

/* ---- requests ---- */

static bool is_callers(const struct tty *tty)
{
    struct tty *mine = job_tty();

    tty_put(mine);                               /* only compared                           */
    return mine == tty;
}

static long get_group(struct tty *tty, enum tty_side side, u64 arg)
{
    pid_t pgid;

    if (side == TTY_USER && !is_callers(tty))
        return -ENOTTY;
    pgid = job_foreground(tty_sid(tty));
    return copy_out_struct(UPTR(arg), &pgid);
}

static long set_group(struct tty *tty, u64 arg)
{
    pid_t pgid;
    int err = tty_access(tty, SIGTTOU);

    if (err)
        return err;
    if (!is_callers(tty))
        return -ENOTTY;
    err = copy_in_struct(&pgid, UPTR(arg));
    if (err)
        return err;
    return pgid < 0 ? -EINVAL : job_set_foreground(tty_sid(tty), pgid);
}

static long get_session(struct tty *tty, enum tty_side side, u64 arg)
{
    pid_t sid = tty_sid(tty);

    if (!sid || (side == TTY_USER && !is_callers(tty)))
        return -ENOTTY;
    return copy_out_struct(UPTR(arg), &sid);
}

bool tty_ioctl_job(struct tty *tty, enum tty_side side, u32 cmd, u64 arg, long *ret)
{
    switch (cmd) {
    case TIOCSCTTY:
        *ret = tty_attach(tty, arg == 1 ? TTY_ATTACH_BY_FORCE : TTY_ATTACH_FREE);
        return true;
    case TIOCNOTTY:
        *ret = is_callers(tty) ? job_tty_detach() : -ENOTTY;
        return true;
    case TIOCGPGRP:
        *ret = get_group(tty, side, arg);
        return true;
    case TIOCSPGRP:
        *ret = set_group(tty, arg);
        return true;
    case TIOCGSID:
        *ret = get_session(tty, side, arg);
        return true;
    }
    return false;
}

/* ---- reading ---- */

static s64 read_op(struct file *f, void *arg)
{
    u64 pos = 0;

    return f->ops->read(f, arg, &pos);
}

/*
 * termios(3), non-canonical mode.  With MIN the clock starts at the first byte and again at each that
 * follows; without it, at the call.  What has come when time is over is the result.
 */
ssize_t tty_read_wait(struct file *f, struct iov *dst, bool nonblock, struct tty_timing timing)
{
    u64 time_ns = timing.canonical ? 0 : timing.time * (u64)(NSEC_PER_SEC / 10);
    size_t enough = timing.canonical ? 1 : min_size(timing.min, iov_left(dst));
    u64 deadline_ns = time_ns && !timing.min ? clock_deadline(time_ns) : NO_DEADLINE;
    bool poll_only = !timing.canonical && !timing.min && !timing.time;
    size_t done = 0;

    do {
        s64 n = file_loop(f, POLLIN, nonblock || poll_only, deadline_ns, read_op, dst);

        if (n == -ETIMEDOUT || (n == -EAGAIN && poll_only))
            n = 0;
        if (n <= 0)
            return done ? (ssize_t)done : n;
        done += (size_t)n;
        if (time_ns)
            deadline_ns = clock_deadline(time_ns);
    } while (done < enough);
    return (ssize_t)done;
}

/* ---- devices ---- */

enum { MINOR_TTY = 0, MINOR_CONSOLE = 1 };

int tty_open(struct file *f, u32 minor)
{
    struct tty *tty;
    int err;

    if (minor == MINOR_CONSOLE)
        return host_tty_open_console(f);
    tty = job_tty();
    if (!tty)
        return -ENXIO;
    err = tty->ops->open(tty, f);
    tty_put(tty);
    return err;
}
