/* SPDX-License-Identifier: MIT */
/*
 * Controlling terminals: which session has which, and who may use them: see job.h.
 *
 * A session owns one reference to its terminal, from job_tty_attach() until the leader ends, lets
 * go, or the terminal hangs up.
 */
#include "abi/linux/errno.h"
#include "kernel/proc/job.h"
#include "kernel/proc/job_int.h"
#include "kernel/proc/pid.h"

struct job_tty_ops job_tty_ops;

static struct session *session_find(pid_t sid)
{
    struct pid_entry *e = pid_entry(sid);

    return e ? e->session : NULL;
}

static struct session *own_session(void)
{
    return thread_self()->proc->pgrp->session;
}

static void signal_foreground_locked(struct session *s, int signo, struct kicks *k)
{
    struct pgrp *g = s->foreground ? job_find_locked(s->foreground) : NULL;

    if (g && g->session == s)
        job_signal_locked(g, signo, k);
}

/* The session has no terminal from now on; the caller drops the reference returned. */
static struct tty *take_tty_locked(struct session *s)
{
    struct tty *tty = s->tty;

    s->tty = NULL;
    s->foreground = 0;
    return tty;
}

static void tty_release(struct tty *tty, enum job_tty_why why)
{
    if (!tty)
        return;
    job_tty_ops.released(tty, why);
    job_tty_ops.put(tty);
}

int job_tty_attach(struct tty *tty)
{
    WITH_MUTEX(&proc_lock);
    struct session *s = own_session();

    if (s->leader != thread_self()->proc || s->tty)
        return -EPERM;
    s->tty = job_tty_ops.get(tty);
    s->foreground = job_pgid(thread_self()->proc);
    return s->id;
}

struct tty *job_tty(void)
{
    WITH_MUTEX(&proc_lock);
    struct session *s = own_session();

    return s->tty ? job_tty_ops.get(s->tty) : NULL;
}

int job_tty_detach(void)
{
    struct kicks k = KICKS_INIT;
    struct tty *tty = NULL;
    int err = 0;

    mutex_lock(&proc_lock);
    struct session *s = own_session();
    if (!s->tty) {
        err = -ENOTTY;
    } else if (s->leader == thread_self()->proc) {
        signal_foreground_locked(s, SIGHUP, &k);
        signal_foreground_locked(s, SIGCONT, &k);
        tty = take_tty_locked(s);
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    tty_release(tty, JOB_TTY_LEFT);
    return err;
}

void job_tty_hangup(pid_t sid)
{
    struct kicks k = KICKS_INIT;
    struct tty *tty = NULL;
    siginfo_t info;

    mutex_lock(&proc_lock);
    struct session *s = session_find(sid);
    if (s && s->tty) {
        siginfo_kernel(&info, SIGHUP);
        if (s->leader)
            (void)signal_send_locked(s->leader, NULL, &info, &k);
        siginfo_kernel(&info, SIGCONT);
        if (s->leader)
            (void)signal_send_locked(s->leader, NULL, &info, &k);
        signal_foreground_locked(s, SIGHUP, &k);
        signal_foreground_locked(s, SIGCONT, &k);
        tty = take_tty_locked(s);
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    tty_release(tty, JOB_TTY_LEFT);
}

struct tty *job_tty_revoke(pid_t sid)
{
    WITH_MUTEX(&proc_lock);
    struct session *s = session_find(sid);

    return s ? take_tty_locked(s) : NULL;
}

struct tty *job_session_end_locked(struct process *leader, struct kicks *k)
{
    struct session *s = leader->pgrp->session;

    if (s->leader != leader)
        return NULL;
    s->leader = NULL;
    if (!s->tty)
        return NULL;
    signal_foreground_locked(s, SIGHUP, k);
    signal_foreground_locked(s, SIGCONT, k);
    return take_tty_locked(s);
}

void job_tty_release(struct tty *tty)
{
    tty_release(tty, JOB_TTY_LEADER_ENDED);
}

pid_t job_foreground(pid_t sid)
{
    WITH_MUTEX(&proc_lock);
    struct session *s = session_find(sid);

    return s ? s->foreground : 0;
}

int job_set_foreground(pid_t sid, pid_t pgid)
{
    WITH_MUTEX(&proc_lock);
    struct session *s = session_find(sid);
    struct pgrp *g = job_find_locked(pgid);

    if (!s || !g)
        return -ESRCH;
    if (g->session != s)
        return -EPERM;
    s->foreground = pgid;
    return 0;
}

void job_signal_foreground(pid_t sid, int signo)
{
    struct kicks k = KICKS_INIT;

    mutex_lock(&proc_lock);
    struct session *s = session_find(sid);
    if (s)
        signal_foreground_locked(s, signo, &k);
    mutex_unlock(&proc_lock);
    kicks_run(&k);
}

static bool is_ignored_or_blocked(struct thread *self, int signo)
{
    return (self->priv->blocked & sig_bit(signo)) ||
           signal_action(self->proc, signo).handler == (u64)SIG_IGN;
}

int job_tty_access(pid_t sid, int signo)
{
    struct thread *self = thread_self();
    struct kicks k = KICKS_INIT;
    int err = 0;

    mutex_lock(&proc_lock);
    struct session *s = own_session();
    struct pgrp *g = self->proc->pgrp;
    /* Another session's terminal, or none in the foreground: Linux checks nothing then. */
    if (s->id == sid && s->foreground && s->foreground != g->id) {
        if (is_ignored_or_blocked(self, signo)) {
            err = signo == SIGTTIN ? -EIO : 0;
        } else if (job_is_orphaned_locked(g, NULL)) {
            err = -EIO;
        } else {
            job_signal_locked(g, signo, &k);
            err = -ERESTARTSYS;
        }
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    return err;
}
