/* SPDX-License-Identifier: MIT */
/* Processes as they are shown: snapshots for /proc, and who may look. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/attr.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

pid_t process_ppid(const struct process *p)
{
    return __atomic_load_n(&p->ppid, __ATOMIC_RELAXED);
}

bool process_is_gone(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    return p->state != PROCESS_RUNNING;
}

/* ---- who may look ---- */

static bool same_ids(const struct cred *c, const struct cred *t)
{
    return c->fsuid == t->euid && c->fsuid == t->suid && c->fsuid == t->uid &&
           c->fsgid == t->egid && c->fsgid == t->sgid && c->fsgid == t->gid;
}

int process_may_inspect(struct process *p)
{
    struct thread *self = thread_self();
    struct cred *target;
    int err = 0;

    if (p == self->proc || cred_has_cap(self->cred, CAP_SYS_PTRACE))
        return 0;
    target = process_cred(p);
    if (!target)
        return -ESRCH;
    if (!same_ids(self->cred, target) || process_dumpable(p) != 1 ||
        (target->cap_permitted & ~self->cred->cap_permitted))
        err = -EPERM;
    cred_put(target);
    return err;
}

/* ---- snapshots ---- */

static char state_locked(struct process *p, struct thread *t)
{
    if (p->state == PROCESS_ZOMBIE)
        return 'Z';
    if (p->state == PROCESS_DEAD)
        return 'X';
    if (p->sig.stopped)
        return 'T';
    return t && __atomic_load_n(&t->priv->parked, __ATOMIC_RELAXED) ? 'S' : 'R';
}

static void show_cred(const struct cred *c, struct process_info *i)
{
    i->uid = c->uid;
    i->euid = c->euid;
    i->suid = c->suid;
    i->fsuid = c->fsuid;
    i->gid = c->gid;
    i->egid = c->egid;
    i->sgid = c->sgid;
    i->fsgid = c->fsgid;
    i->caps[0] = c->cap_inheritable;
    i->caps[1] = c->cap_permitted;
    i->caps[2] = c->cap_effective;
    i->caps[3] = c->cap_bounding;
    i->caps[4] = c->cap_ambient;
}

static void show_thread(struct thread *t, struct process_info *i)
{
    str_copy(i->comm, t->comm, sizeof(i->comm));
    i->nice = t->priv->sched.nice;
    i->policy = t->priv->sched.policy;
    i->rt_priority = t->priv->sched.rt_priority;
    i->no_new_privs = t->priv->no_new_privs;
    memcpy(i->affinity, t->priv->affinity, sizeof(i->affinity));
    show_cred(t->cred, i);
}

static u32 queue_length(const struct sig_queue *q)
{
    u32 n = 0;

    list_for_each(link, &q->items)
        n++;
    return n;
}

static void show_signals(struct process *p, struct thread *t, struct process_info *i)
{
    WITH_SPINLOCK(&p->sig.lock);

    i->sig_shared = p->sig.queue.bits;
    i->sig_queued = queue_length(&p->sig.queue);
    if (t) {
        i->sig_pending = t->priv->queue.bits;
        i->sig_blocked = t->priv->blocked;
        i->sig_queued += queue_length(&t->priv->queue);
    }
    WITH_SPINLOCK(&p->sig.hand->lock);
    for (int signo = 1; signo <= SIG_COUNT; signo++) {
        u64 handler = p->sig.hand->action[signo - 1].handler;

        if (handler == (u64)SIG_IGN)
            i->sig_ignored |= sig_bit(signo);
        else if (handler != (u64)SIG_DFL)
            i->sig_caught |= sig_bit(signo);
    }
}

static void show_process(struct process *p, struct thread *t, struct process_info *i)
{
    struct usage usage;

    process_usage_locked(p, &usage);
    i->pid = p->pid;
    i->tgid = p->pid;
    i->ppid = p->parent ? p->parent->pid : 0;
    i->pgid = job_pgid(p);
    i->sid = job_sid(p);
    i->state = state_locked(p, t);
    i->threads = p->thread_count;
    i->start_ns = p->start_ns - clock_boot_ns();
    i->cpu_ns = usage.cpu_ns;
    i->switches = usage.parks;
    i->children_cpu_ns = p->dead_children.cpu_ns;
    i->exit_signal = p->exit_signal;
    i->exit_status = p->exit_status;
    i->dumpable = process_dumpable(p) == 1;
    i->oom_score_adj = __atomic_load_n(&p->oom_score_adj, __ATOMIC_RELAXED);
    str_copy(i->comm, p->last_comm, sizeof(i->comm));
    i->uid = i->euid = i->suid = i->fsuid = p->uid;
    if (t)
        show_thread(t, i);
    if (p->sig.hand)
        show_signals(p, t, i);
}

static struct thread *main_thread_locked(struct process *p)
{
    if (p->leader)
        return p->leader;
    return list_is_empty(&p->threads) ? NULL : thread_of_link(p->threads.next);
}

void process_info_get(struct process *p, struct process_info *ret)
{
    WITH_MUTEX(&proc_lock);
    memset(ret, 0, sizeof(*ret));
    show_process(p, main_thread_locked(p), ret);
}

static struct thread *thread_of_locked(struct process *p, pid_t tid)
{
    struct pid_entry *e = pid_entry(tid);

    return e && e->thread && e->thread->proc == p ? e->thread : NULL;
}

int thread_info_get(struct process *p, pid_t tid, struct process_info *ret)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = thread_of_locked(p, tid);

    if (!t)
        return -ESRCH;
    memset(ret, 0, sizeof(*ret));
    show_process(p, t, ret);
    ret->pid = tid;
    ret->cpu_ns = thread_cpu_ns(t);
    ret->switches = t->priv->parks;
    ret->start_ns = t->priv->start_ns - clock_boot_ns();
    return 0;
}

pid_t thread_next(struct process *p, pid_t tid)
{
    pid_t best = -1;

    WITH_MUTEX(&proc_lock);
    for_each_thread(t, p) if (t->tid >= tid && (best < 0 || t->tid < best)) best = t->tid;
    return best;
}

int thread_set_comm(struct process *p, pid_t tid, const char *comm)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = thread_of_locked(p, tid);

    if (!t)
        return -ESRCH;
    str_copy(t->comm, comm, sizeof(t->comm));
    return 0;
}

void process_set_oom_score_adj(struct process *p, s32 adj)
{
    __atomic_store_n(&p->oom_score_adj, adj, __ATOMIC_RELAXED);
}

u32 process_count_now(void)
{
    u32 count = 0;

    WITH_MUTEX(&proc_lock);
    for (pid_t pid = pid_next(PID_FIRST); pid >= 0; pid = pid_next(pid + 1))
        count += pid_entry(pid)->process != NULL;
    return count;
}

pid_t process_last_pid(void)
{
    WITH_MUTEX(&proc_lock);
    return pid_last();
}

void process_kill_unhandled(struct thread *self)
{
    process_kill(self->proc, SIGSYS);
}
