/* SPDX-License-Identifier: MIT */
/*
 * Job control: stopping and continuing all threads of a process.
 *
 *     RUNNING --stop taken--> STOPPING --the last thread has--> STOPPED
 *        ^                       |                                |
 *        +--------SIGCONT--------+-----------SIGCONT--------------+
 *
 * stop_signo is 0 exactly in RUNNING.  In STOPPING each thread that has yet to stop has WORK_STOP,
 * and stop_left is their number; stopped threads sleep on stop_wait.  SIGKILL ends either.
 */
#include "kernel/proc/proc_int.h"

static bool stop_begin_locked(struct process *p, int signo, struct kicks *k)
{
    /* SIGCONT or the end of the process came between taking the signal and now. */
    if (!p->sig.stop_dequeued || p->sig.group_exit || p->sig.exec_thread)
        return false;
    if (p->sig.stop_signo)
        return true;                             /* somebody else was first                 */
    p->sig.stop_signo = (u32)signo;
    p->sig.stop_left = 0;
    for_each_thread(t, p)
    {
        if (t->priv->gone)
            continue;
        thread_add_work(t, WORK_STOP);
        p->sig.stop_left++;
        kick_add(k, t);
    }
    return true;
}

void signal_stop_begin(struct thread *self, int signo)
{
    struct process *p = self->proc;
    struct kicks k = KICKS_INIT;

    /* Nobody could continue an orphaned group: terminals do not stop it. */
    if (signo != SIGSTOP) {
        mutex_lock(&proc_lock);
        bool orphaned = job_is_orphaned_locked(p->pgrp, NULL);
        mutex_unlock(&proc_lock);
        if (orphaned)
            return;
    }
    spin_lock(&p->sig.lock);
    (void)stop_begin_locked(p, signo, &k);       /* false: it was called off                */
    spin_unlock(&p->sig.lock);
    kicks_run(&k);
}

/* One thread less has to stop.  True: all have. */
static bool one_less_locked(struct process *p)
{
    if (--p->sig.stop_left)
        return false;
    p->sig.stopped = true;
    p->sig.report_stop = true;
    p->sig.report_continue = false;
    return true;
}

static void tell_parent(struct process *p, int code)
{
    struct kicks k = KICKS_INIT;

    mutex_lock(&proc_lock);
    signal_notify_stop_locked(p, code, &k);
    mutex_unlock(&proc_lock);
    kicks_run(&k);
}

void signal_stop_here(struct thread *self)
{
    struct process *p = self->proc;
    bool all_stopped;

    spin_lock(&p->sig.lock);
    bool mine = thread_has_work(self, WORK_STOP);
    thread_clear_work(self, WORK_STOP);
    all_stopped = mine && one_less_locked(p);
    spin_unlock(&p->sig.lock);
    if (all_stopped)
        tell_parent(p, CLD_STOPPED);

    for (;;) {
        u64 ticket = waitq_ticket(&p->sig.stop_wait);

        if (!__atomic_load_n(&p->sig.stop_signo, __ATOMIC_ACQUIRE) ||
            waitq_sleep_killable(&p->sig.stop_wait, ticket))
            return;
    }
}

int signal_continue_locked(struct process *p, struct kicks *k)
{
    bool was_stopped = p->sig.stopped;

    p->sig.stop_dequeued = false;
    if (!p->sig.stop_signo)
        return 0;
    p->sig.stopped = false;
    p->sig.report_stop = false;
    p->sig.report_continue = was_stopped;
    for_each_thread(t, p) thread_clear_work(t, WORK_STOP);
    __atomic_store_n(&p->sig.stop_signo, 0, __ATOMIC_RELEASE);
    waitq_collect(&p->sig.stop_wait, &k->wakes);
    return was_stopped ? CLD_CONTINUED : 0;
}

void signal_stop_join_locked(struct process *p, struct thread *t)
{
    if (!p->sig.stop_signo)
        return;
    thread_add_work(t, WORK_STOP);
    p->sig.stop_left++;
    p->sig.stopped = false;
}

bool signal_stop_leave_locked(struct process *p, struct thread *t)
{
    if (!thread_has_work(t, WORK_STOP))
        return false;
    thread_clear_work(t, WORK_STOP);
    return p->thread_count > 1 ? one_less_locked(p) : false;
}

void signal_notify_stop_locked(struct process *p, int code, struct kicks *k)
{
    struct process *parent = p->parent;
    struct sig_action action = signal_action(parent, SIGCHLD);
    siginfo_t info;

    if (parent != &kernel_process && action.handler != (u64)SIG_IGN &&
        !(action.flags & SA_NOCLDSTOP)) {
        int status = code == CLD_CONTINUED ? SIGCONT : (int)p->sig.stop_signo;

        siginfo_child_locked(&info, p, SIGCHLD, code, status);
        (void)signal_send_locked(parent, NULL, &info, k); /* ordinary: does not fail        */
    }
    waitq_collect(&parent->child_wait, &k->wakes);
}
