/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children.
 *
 * Nobody polls: every change of a child's state wakes its parent's child_wait, and whoever waits
 * looks at all children again.
 */
#include "kernel/proc/wait.h"
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/proc_int.h"

enum { STATUS_STOPPED = 0x7f, STATUS_CONTINUED = 0xffff };

static bool is_meant(const struct wait_request *r, const struct process *child)
{
    switch (r->which) {
    case WAIT_ANY:
        return true;
    case WAIT_PID:
        return child->pid == r->id;
    case WAIT_PGID:
        return job_pgid(child) == r->id;
    case WAIT_PROCESS:
        return child == r->process;
    }
    return false;
}

static bool is_eligible(const struct wait_request *r, const struct process *child)
{
    bool is_clone = child->exit_signal != SIGCHLD;

    if (!is_meant(r, child))
        return false;
    if ((r->options & __WNOTHREAD) && child->parent_tid != thread_self()->tid)
        return false;
    return (r->options & __WALL) || is_clone == !!(r->options & __WCLONE);
}

static void fill(struct process *child, int code, int status, int wait_status,
                 struct wait_result *ret)
{
    *ret = (struct wait_result){
        .pid = child->pid,
        .uid = child->uid,
        .code = code,
        .status = status,
        .wait_status = wait_status,
    };
    process_usage_locked(child, &ret->usage);
    usage_add(&ret->usage, &child->dead_children);
}

static bool look_at_zombie(const struct wait_request *r, struct process *child,
                           struct wait_result *ret)
{
    int status, code;

    if (!(r->options & WEXITED) || child->state != PROCESS_ZOMBIE)
        return false;
    code = exit_code_of(child->exit_status, &status);
    fill(child, code, status, child->exit_status, ret);
    if (!(r->options & WNOWAIT)) {
        usage_add(&child->parent->dead_children, &ret->usage);
        process_reap_locked(child);
    }
    return true;
}

/* Stops and continuations are told once. */
static bool look_at_job(const struct wait_request *r, struct process *child,
                        struct wait_result *ret)
{
    bool keep = r->options & WNOWAIT;
    u32 stop_signo = 0;
    bool continued = false;

    spin_lock(&child->sig.lock);
    if ((r->options & WSTOPPED) && child->sig.stopped && child->sig.report_stop) {
        stop_signo = child->sig.stop_signo;
        child->sig.report_stop = keep;
    } else if ((r->options & WCONTINUED) && child->sig.report_continue) {
        continued = true;
        child->sig.report_continue = keep;
    }
    spin_unlock(&child->sig.lock);

    if (stop_signo)
        fill(child, CLD_STOPPED, (int)stop_signo, (int)(stop_signo << 8 | STATUS_STOPPED), ret);
    else if (continued)
        fill(child, CLD_CONTINUED, SIGCONT, STATUS_CONTINUED, ret);
    return stop_signo || continued;
}

/* 0: found one; -ECHILD: there is none to wait for; -EAGAIN: not now. */
static int look(const struct wait_request *r, struct wait_result *ret)
{
    WITH_MUTEX(&proc_lock);
    struct process *self = thread_self()->proc;
    int err = -ECHILD;

    list_for_each_safe(link, &self->children) {
        struct process *child = list_entry(link, struct process, sibling);

        if (!is_eligible(r, child))
            continue;
        if (look_at_zombie(r, child, ret) || look_at_job(r, child, ret))
            return 0;
        err = -EAGAIN;
    }
    return err;
}

int process_wait(const struct wait_request *request, struct wait_result *ret)
{
    struct waitq *q = &thread_self()->proc->child_wait;

    for (;;) {
        u64 ticket = waitq_ticket(q);
        int err = look(request, ret);

        if (err != -EAGAIN)
            return err;
        if (request->options & WNOHANG) {
            ret->pid = 0;
            return 0;
        }
        if (waitq_sleep(q, ticket, NO_DEADLINE))
            return -ERESTARTSYS;
    }
}
