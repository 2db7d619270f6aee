/* SPDX-License-Identifier: MIT */
/*
 * Processes: their storage, finding them, and the first one.
 *
 * Invariants (process_check_locked()):
 *   1. thread_count is the length of threads; a running process has threads or is just ending.
 *   2. leader is one of threads, with tid == pid, or NULL.
 *   3. every thread's proc is the process.
 *   4. a process that is not dead is in its parent's children, its group and the pid table.
 */
#include "kernel/proc/process.h"
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "abi/linux/sched.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/limit.h"
#include "kernel/proc/park.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"
#include "kernel/proc/service.h"
#include "kernel/proc/sigio.h"
#include "kernel/proc/slot.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

enum { KERNEL_PID = PID_FIRST - 1 };

struct mutex proc_lock;
struct process kernel_process;
struct process *first_process;
struct proc_ops proc_ops;

static void process_init(struct process *p, pid_t pid)
{
    ref_init(&p->refs);
    p->pid = pid;
    p->start_ns = clock_monotonic_ns();
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->threads);
    list_init(&p->pgrp_link);
    sig_queue_init(&p->sig.queue);
    p->exit_signal = SIGCHLD;
    p->dumpable = 1;
    timers_init(p);
}

struct process *process_new(pid_t pid)
{
    struct process *p = kzalloc(sizeof(*p));

    if (p)
        process_init(p, pid);
    return p;
}

struct process *process_get(struct process *p)
{
    ref_get(&p->refs);
    return p;
}

void process_put(struct process *p)
{
    if (!p || !ref_put(&p->refs))
        return;
    assert(list_is_empty(&p->threads));
    assert(list_is_empty(&p->children));
    sighand_put(p->sig.hand);
    kfree(p);
}

void process_putp(struct process **p)
{
    process_put(*p);
}

struct process *process_find(pid_t pid)
{
    WITH_MUTEX(&proc_lock);
    struct pid_entry *e = pid_entry(pid);

    if (e && e->thread)
        return process_get(e->thread->proc);     /* any thread's id will do, as on Linux    */
    return e && e->process ? process_get(e->process) : NULL;
}

struct process *process_next(pid_t pid)
{
    WITH_MUTEX(&proc_lock);

    for (pid = pid_next(pid); pid >= 0; pid = pid_next(pid + 1)) {
        struct process *p = pid_entry(pid)->process;

        if (p)
            return process_get(p);
    }
    return NULL;
}

pid_t process_pid(const struct process *p)
{
    return p->pid;
}

int thread_with(pid_t tid, int (*fn)(struct thread *t, void *arg), void *arg)
{
    WITH_MUTEX(&proc_lock);
    struct pid_entry *e = pid_entry(tid);

    if (tid == KERNEL_PID)                       /* the first process may ask about its parent */
        return fn(kernel_process.leader, arg);
    return e && e->thread ? fn(e->thread, arg) : -ESRCH;
}

void process_check_locked(struct process *p)
{
    u32 count = 0;
    bool leader_found = !p->leader;

    for_each_thread(t, p)
    {
        assert(t->proc == p);
        count++;
        leader_found |= t == p->leader;
    }
    assert(count == p->thread_count);
    assert(leader_found);
    assert(!p->leader || p->leader->tid == p->pid);
    if (p->state != PROCESS_DEAD && p != &kernel_process) {
        assert(p->parent);
        assert(p->pgrp);
        assert(pid_entry(p->pid)->process == p);
    }
}

/* ---- what a process's threads work with ---- */

/* A thread of p that still has its parts: threads that end give theirs up under proc_lock. */
static struct thread *some_thread_locked(struct process *p)
{
    if (p->leader)
        return p->leader;
    return list_is_empty(&p->threads) ? NULL : thread_of_link(p->threads.next);
}

struct mm *process_mm(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = some_thread_locked(p);

    return t && t->mm ? mm_get(t->mm) : NULL;
}

struct fdtable *process_fds(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = some_thread_locked(p);

    return t && t->fds ? fdtable_get(t->fds) : NULL;
}

struct fsctx *process_fs(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = some_thread_locked(p);

    return t && t->fs ? fsctx_get(t->fs) : NULL;
}

struct cred *process_cred(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    struct thread *t = some_thread_locked(p);

    return t && t->cred ? cred_get(t->cred) : NULL;
}

/* ---- start-up ---- */

static void send_self_if_program(int signo)
{
    if (thread_self()->proc != &kernel_process)
        signal_send_self(signo);
}

static s32 pid_self(void)
{
    return thread_self()->proc->pid;
}

static u64 limit_fsize(void)
{
    return process_limit(RLIMIT_FSIZE);
}

static u32 limit_nofile(void)
{
    return (u32)min_u64(process_limit(RLIMIT_NOFILE), FD_LIMIT_HARD);
}

/* The calling thread becomes slot 0's: it acts with all rights and without files. */
static int kernel_process_init(void)
{
    struct thread *self = slots_service_thread();
    struct process *p = &kernel_process;

    process_init(p, KERNEL_PID);
    p->sig.hand = sighand_new();
    self->cred = cred_new_root();
    if (!p->sig.hand || !self->cred)
        return -ENOMEM;

    self->proc = p;
    self->tid = KERNEL_PID;
    str_copy(self->comm, "kernel", sizeof(self->comm));
    list_append(&p->threads, &self->priv->link);
    p->thread_count = 1;
    p->leader = self;
    self->priv->affinity[0] = 1;
    return 0;
}

/* The caller is its process's only thread, and no vfork parent waits to go on in the same mm. */
static bool runs_alone(struct mm *mm)
{
    return thread_self()->proc->thread_count == 1 && !mm_is_shared(mm);
}

int proc_init(const struct boot_params *bp)
{
    int err = slots_init(bp);

    (void)clock_boot_ns();                       /* from now on: no process is older        */

    if (err)
        return err;
    park_ops = proc_park_ops;
    file_signal_ops.send_self = send_self_if_program;
    file_signal_ops.limit_fsize = limit_fsize;
    file_signal_ops.pid_self = pid_self;
    sigio_init();
    fd_limit_ops.limit = limit_nofile;
    mm_limit_ops.limit = process_limit;
    mm_thread_ops.single_threaded = runs_alone;

    err = kernel_process_init();
    if (err)
        return err;
    limits_init(&kernel_process, bp);
    affinity_init(bp);
    futex_init();
    service_init(bp->signals);
    return 0;
}

/* The first thread of the first process, not yet running. */
static int first_thread_new(struct process *p, struct fsctx *fs, struct fdtable *fds,
                            struct slot **ret)
{
    struct slot *s = slot_alloc();

    if (!s)
        return -ENOMEM;
    struct thread *t = &s->thread;
    t->tid = p->pid;
    t->cred = cred_new_root();
    t->priv->user = user_find(0);
    if (!t->cred || !t->priv->user) {
        cred_put(t->cred);
        user_put(t->priv->user);
        slot_free(s);
        return -ENOMEM;
    }
    user_threads_add(t->priv->user, 1);
    t->proc = process_get(p);
    t->fds = fdtable_get(fds);
    t->fs = fsctx_get(fs);
    t->priv->sched.timer_slack_ns = DEFAULT_TIMER_SLACK_NS;
    memcpy(t->priv->affinity, affinity_all(), sizeof(t->priv->affinity));
    t->priv->altstack_flags = SS_DISABLE;
    t->priv->start_ns = p->start_ns;
    fpu_save(t->priv->fpu);
    *ret = s;
    return 0;
}

static int first_process_new(struct process **ret)
{
    pid_t pid;
    int err = pid_alloc(&pid);

    if (err)
        return err;
    struct process *p = process_new(pid);
    if (!p)
        return -ENOMEM;
    p->sig.hand = sighand_new();
    if (!p->sig.hand || job_init_first(p)) {
        process_put(p);
        return -ENOMEM;
    }
    limits_copy(&kernel_process, p);
    p->parent = &kernel_process;
    p->ppid = KERNEL_PID;
    *ret = p;
    return 0;
}

int process_first(struct fsctx *fs, struct fdtable *fds, void (*begin)(void *arg), void *arg)
{
    struct process *p = NULL;
    struct slot *s = NULL;
    int err;

    mutex_lock(&proc_lock);
    err = first_process_new(&p);
    if (!err)
        err = first_thread_new(p, fs, fds, &s);
    if (!err) {
        s->priv.begin = begin;
        s->priv.begin_arg = arg;
        list_append(&kernel_process.children, &p->sibling);
        list_append(&p->threads, &s->priv.link);
        p->thread_count = 1;
        p->leader = &s->thread;
        pid_entry(p->pid)->process = p;          /* the table's reference: process_new()'s  */
        pid_entry(p->pid)->thread = &s->thread;
        first_process = p;
        process_check_locked(p);
    }
    mutex_unlock(&proc_lock);
    return err ? err : slot_start(s);
}
