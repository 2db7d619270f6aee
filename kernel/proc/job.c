/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions: see job.h.
 *
 * Invariants: a group has members and a session; a session has groups; ids of both are taken in
 * the pid table for as long.
 *
 * Locks: proc_lock for everything here.
 */
#include "kernel/proc/job.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/panic.h"
#include "kernel/proc/job_int.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

/* ---- life ---- */

static struct pgrp *pgrp_new(pid_t id, struct session *s)
{
    struct pgrp *g = kzalloc(sizeof(*g));

    if (!g)
        return NULL;
    g->id = id;
    g->session = s;
    list_init(&g->members);
    return g;
}

static void pgrp_publish(struct pgrp *g)
{
    g->session->groups++;
    pid_entry(g->id)->pgrp = g;
}

static void session_drop(struct session *s)
{
    if (--s->groups)
        return;
    assert(!s->tty);                             /* its leader has given it up              */
    pid_entry(s->id)->session = NULL;
    pid_release(s->id);
    kfree(s);
}

static void join(struct process *p, struct pgrp *g)
{
    p->pgrp = g;
    list_append(&g->members, &p->pgrp_link);
}

void job_leave_locked(struct process *p)
{
    struct pgrp *g = p->pgrp;

    list_remove(&p->pgrp_link);
    p->pgrp = NULL;
    if (!list_is_empty(&g->members))
        return;
    pid_entry(g->id)->pgrp = NULL;
    pid_release(g->id);
    session_drop(g->session);
    kfree(g);
}

void job_join_locked(struct process *child, struct process *parent)
{
    join(child, parent->pgrp);
}

/* A session of its own for p, with a group of its own.  -ENOMEM. */
static int session_start(struct process *p)
{
    struct session *s = kzalloc(sizeof(*s));
    struct pgrp *g = s ? pgrp_new(p->pid, s) : NULL;

    if (!g) {
        kfree(s);
        return -ENOMEM;
    }
    s->id = p->pid;
    s->leader = p;
    pid_entry(p->pid)->session = s;
    pgrp_publish(g);
    if (p->pgrp)
        job_leave_locked(p);
    join(p, g);
    return 0;
}

int job_init_first(struct process *p)
{
    return session_start(p);
}

/* ---- looking ---- */

struct pgrp *job_find_locked(pid_t pgid)
{
    struct pid_entry *e = pid_entry(pgid);

    return e ? e->pgrp : NULL;
}

struct list *job_members(struct pgrp *g)
{
    return &g->members;
}

/* A process that has been reaped or was never public has no group. */
pid_t job_pgid(const struct process *p)
{
    return p->pgrp ? p->pgrp->id : 0;
}

pid_t job_sid(const struct process *p)
{
    return p->pgrp ? p->pgrp->session->id : 0;
}

static struct process *process_of(pid_t pid)
{
    if (!pid)
        return thread_self()->proc;
    struct pid_entry *e = pid_entry(pid);
    if (e && e->thread)
        return e->thread->proc;                  /* any thread's id will do                 */
    return e ? e->process : NULL;
}

int job_getpgid(pid_t pid)
{
    WITH_MUTEX(&proc_lock);
    struct process *p = process_of(pid);

    return p ? job_pgid(p) : -ESRCH;
}

int job_getsid(pid_t pid)
{
    WITH_MUTEX(&proc_lock);
    struct process *p = process_of(pid);

    return p ? job_sid(p) : -ESRCH;
}

/* ---- moving ---- */

int job_setsid(void)
{
    WITH_MUTEX(&proc_lock);
    struct process *p = thread_self()->proc;

    /* Its id must not name a group already, its own included. */
    if (pid_entry(p->pid)->pgrp || pid_entry(p->pid)->session)
        return -EPERM;
    int err = session_start(p);
    return err ? err : p->pid;
}

static int setpgid_check(const struct process *self, const struct process *p)
{
    if (!p)
        return -ESRCH;
    if (p->parent == self) {
        if (job_sid(p) != job_sid(self))
            return -EPERM;
        if (p->has_execed)
            return -EACCES;
    } else if (p != self) {
        return -ESRCH;
    }
    return p->pgrp->session->leader == p ? -EPERM : 0;
}

int job_setpgid(pid_t pid, pid_t pgid)
{
    struct process *self = thread_self()->proc;

    if (pgid < 0 || (!pgid && pid < 0))
        return -EINVAL;
    WITH_MUTEX(&proc_lock);
    struct process *p = process_of(pid);
    int err = setpgid_check(self, p);
    if (err)
        return err;
    if (!pgid)
        pgid = p->pid;

    struct pgrp *g = job_find_locked(pgid);
    if (g && g->session != p->pgrp->session)
        return -EPERM;
    if (!g) {
        if (pgid != p->pid)
            return -EPERM;
        g = pgrp_new(pgid, p->pgrp->session);
        if (!g)
            return -ENOMEM;
        pgrp_publish(g);
    }
    if (p->pgrp == g)
        return 0;
    job_leave_locked(p);
    join(p, g);
    return 0;
}

/* ---- signals to groups ---- */

int job_kill(pid_t pgid, const siginfo_t *info)
{
    struct kicks k = KICKS_INIT;
    int err = -ESRCH;

    mutex_lock(&proc_lock);
    struct pgrp *g = job_find_locked(pgid);
    bool sent = false;
    if (g) {
        list_for_each(link, &g->members) {
            struct process *p = list_entry(link, struct process, pgrp_link);

            err = signal_may_send_locked(p, info->si_signo);
            if (!err && info->si_signo)
                err = signal_send_locked(p, NULL, info, &k);
            sent |= !err;
        }
    }
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    return sent ? 0 : err;
}

void job_signal_locked(struct pgrp *g, int signo, struct kicks *k)
{
    siginfo_t info;

    siginfo_kernel(&info, signo);
    list_for_each(link, &g->members)
        (void)signal_send_locked(list_entry(link, struct process, pgrp_link), NULL, &info, k);
}

int job_signal(pid_t pgid, int signo)
{
    struct kicks k = KICKS_INIT;

    mutex_lock(&proc_lock);
    struct pgrp *g = job_find_locked(pgid);
    if (g)
        job_signal_locked(g, signo, &k);
    mutex_unlock(&proc_lock);
    kicks_run(&k);
    return g ? 0 : -ESRCH;
}

/* ---- orphans ---- */

/* Does p's parent keep p's group from being an orphan: would it, from another group of the session,
 * continue what is stopped?  Who adopted p would not.  Whoever started the run would: signals of
 * its terminal are passed on to us. */
static bool parent_cares(const struct process *p)
{
    const struct process *parent = p->parent;

    if (parent == &kernel_process)
        return true;
    if (p->adopted || !parent->pgrp)
        return false;
    return parent->pgrp != p->pgrp && parent->pgrp->session == p->pgrp->session;
}

bool job_is_orphaned_locked(struct pgrp *g, const struct process *except)
{
    list_for_each(link, &g->members) {
        struct process *p = list_entry(link, struct process, pgrp_link);

        if (p != except && p->state == PROCESS_RUNNING && parent_cares(p))
            return false;
    }
    return true;
}

bool job_is_orphaned(pid_t pgid)
{
    WITH_MUTEX(&proc_lock);
    struct pgrp *g = job_find_locked(pgid);

    return !g || job_is_orphaned_locked(g, NULL);
}

static bool has_stopped_member(struct pgrp *g)
{
    list_for_each(link, &g->members)
        if (list_entry(link, struct process, pgrp_link)->sig.stopped)
            return true;
    return false;
}

/*
 * p ends, or loses its parent: if that orphans p's group and a member is stopped, nobody is left
 * to continue it, so it is told.  parent is who held the group in the session until now; except is
 * p where p itself no longer counts.
 */
void job_orphan_check_locked(struct process *p, struct process *parent,
                             const struct process *except, struct kicks *k)
{
    struct pgrp *g = p->pgrp;

    if (!parent->pgrp || parent->pgrp == g || parent->pgrp->session != g->session)
        return;
    if (!job_is_orphaned_locked(g, except) || !has_stopped_member(g))
        return;
    job_signal_locked(g, SIGHUP, k);
    job_signal_locked(g, SIGCONT, k);
}
