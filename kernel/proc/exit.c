/* SPDX-License-Identifier: MIT */
/*
 * How threads and processes end.
 *
 *     thread_end()      what user memory is owed; descriptors and memory given back
 *       thread_leave()  out of the process's list; if it was the last thread:
 *         process_end() children to a new parent, groups, the parent told; a zombie
 *     process_reap()    waited for, or nobody wants to know
 *
 * A thread gives back everything that may take long before it leaves the list, so a parent that
 * sees the zombie finds files closed and memory free.  Everything after thread_leave() touches the
 * thread's slot only.
 */
#include "kernel/proc/exit.h"
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/panic.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"
#include "kernel/proc/sysv_sem.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"

enum { CLOCK_TICK_NS = NSEC_PER_SEC / 100 };     /* USER_HZ is 100                          */

#define PATIENCE_NS   (5ull * NSEC_PER_SEC)      /* between SIGHUP and SIGKILL              */
#define KILL_AGAIN_NS (NSEC_PER_SEC / 10)

static struct waitq process_ended;               /* woken whenever a process ends           */

/* ---- what a parent is told ---- */

void siginfo_child_locked(siginfo_t *ret, struct process *child, int signo, int code, int status)
{
    struct usage usage;

    process_usage_locked(child, &usage);
    memset(ret, 0, sizeof(*ret));
    ret->si_signo = signo;
    ret->si_code = code;
    ret->si_pid = child->pid;
    ret->si_uid = child->uid;
    ret->si_status = status;
    ret->si_utime = (long)(usage.cpu_ns / CLOCK_TICK_NS);
}

int exit_code_of(int wait_status, int *ret_status)
{
    *ret_status = wait_status & 0x7f ? wait_status & 0x7f : wait_status >> 8 & 0xff;
    return wait_status & 0x7f ? CLD_KILLED : CLD_EXITED;
}

bool process_is_disowned_locked(struct process *p)
{
    struct sig_action action = signal_action(p->parent, SIGCHLD);

    if (p->parent->state != PROCESS_RUNNING)
        return true;
    return p->exit_signal == SIGCHLD &&
           (action.handler == (u64)SIG_IGN || (action.flags & SA_NOCLDWAIT));
}

/* Tell the parent of a zombie.  False: it does not care, reap it. */
static bool notify_exit_locked(struct process *p, struct kicks *k)
{
    struct process *parent = p->parent;
    bool disowned = process_is_disowned_locked(p);
    bool ignored =
        p->exit_signal == SIGCHLD && signal_action(parent, SIGCHLD).handler == (u64)SIG_IGN;
    siginfo_t info;
    int status;

    if (parent == &kernel_process)
        return true;                             /* exit_last_locked() looks at it          */
    if (p->exit_signal && !ignored) {
        int code = exit_code_of(p->exit_status, &status);

        siginfo_child_locked(&info, p, p->exit_signal, code, status);
        (void)signal_send_locked(parent, NULL, &info, k); /* the parent can still wait      */
    }
    waitq_collect(&parent->child_wait, &k->wakes);
    return !disowned;
}

void process_reap_locked(struct process *p)
{
    assert(p->state == PROCESS_ZOMBIE);
    p->state = PROCESS_DEAD;
    list_remove(&p->sibling);
    job_leave_locked(p);
    pid_entry(p->pid)->process = NULL;
    pid_release(p->pid);
    process_put(p);
}

/* ---- orphans ---- */

static struct process *reaper_of_locked(struct process *p)
{
    for (struct process *a = p->parent; a && a != &kernel_process; a = a->parent)
        if (a->subreaper && a->state == PROCESS_RUNNING)
            return a;
    return first_process && first_process != p ? first_process : &kernel_process;
}

static void send_pdeath_locked(struct process *child, struct kicks *k)
{
    siginfo_t info;

    for_each_thread(t, child)
    {
        u32 signo = __atomic_load_n(&t->priv->pdeath_signal, __ATOMIC_RELAXED);

        if (!signo)
            continue;
        siginfo_kernel(&info, (int)signo);
        info.si_code = SI_USER;                  /* as Linux: from nobody in particular     */
        (void)signal_send_locked(child, NULL, &info, k);
    }
}

static void adopt_locked(struct process *child, struct process *reaper, struct kicks *k)
{
    struct process *old_parent = child->parent;

    list_remove(&child->sibling);
    list_append(&reaper->children, &child->sibling);
    child->parent = reaper;
    __atomic_store_n(&child->ppid, reaper->pid, __ATOMIC_RELAXED);
    child->parent_tid = reaper->pid;
    child->exit_signal = SIGCHLD;
    child->adopted = true;
    if (child->state == PROCESS_ZOMBIE) {
        if (!notify_exit_locked(child, k))
            process_reap_locked(child);
        return;
    }
    job_orphan_check_locked(child, old_parent, NULL, k);
}

/* A thread ends: the children it made lose their parent, or get another thread of the process. */
static void disown_children_locked(struct thread *self, bool last, struct kicks *k)
{
    struct process *p = self->proc;
    struct process *reaper = last ? reaper_of_locked(p) : NULL;

    list_for_each_safe(link, &p->children) {
        struct process *child = list_entry(link, struct process, sibling);

        if (child->parent_tid == self->tid)
            send_pdeath_locked(child, k);
        if (last)
            adopt_locked(child, reaper, k);
        else if (child->parent_tid == self->tid)
            child->parent_tid = p->pid;
    }
}

/* ---- the last thread ---- */

/* Returns the terminal that the session has lost with its leader, to be released without locks. */
static struct tty *process_end_locked(struct process *p, struct kicks *k)
{
    if (!p->sig.group_exit)
        p->exit_status = p->leader_status;
    p->state = PROCESS_ZOMBIE;
    struct tty *tty = job_session_end_locked(p, k);

    job_orphan_check_locked(p, p->parent, p, k);
    waitq_collect(&p->end_wait, &k->wakes);
    waitq_collect(&process_ended, &k->wakes);
    if (!notify_exit_locked(p, k))
        process_reap_locked(p);
    return tty;
}

/* Out of the lists; true if it was the last thread.  The caller's process reference keeps p. */
static bool thread_leave(struct thread *self, struct kicks *k, struct tty **ret_tty)
{
    struct process *p = self->proc;

    mutex_lock(&proc_lock);
    bool last = p->thread_count == 1;
    cputime_end(self);
    disown_children_locked(self, last, k);

    spin_lock(&p->sig.lock);
    bool stop_complete = signal_stop_leave_locked(p, self);
    list_remove(&self->priv->link);
    p->thread_count--;
    p->ending_count--;
    spin_unlock(&p->sig.lock);

    if (p->leader == self) {
        p->leader = NULL;
        memcpy(p->last_comm, self->comm, sizeof(p->last_comm));
        p->leader_status = self->priv->exit_status;
    }
    pid_entry(self->tid)->thread = NULL;
    if (self->tid != p->pid)
        pid_release(self->tid);
    if (stop_complete)
        signal_notify_stop_locked(p, CLD_STOPPED, k);
    waitq_collect(&p->thread_wait, &k->wakes);
    if (last)
        *ret_tty = process_end_locked(p, k);
    mutex_unlock(&proc_lock);
    return last;
}

/* ---- the end of the run ---- */

static bool is_other(const struct process *p)
{
    return p && p->state == PROCESS_RUNNING;     /* the first one is a zombie by now        */
}

static void signal_others(int signo)
{
    struct kicks k = KICKS_INIT;
    siginfo_t info;

    siginfo_kernel(&info, signo);
    mutex_lock(&proc_lock);
    for (pid_t pid = pid_next(PID_FIRST); pid >= 0; pid = pid_next(pid + 1))
        if (is_other(pid_entry(pid)->process))
            (void)signal_send_locked(pid_entry(pid)->process, NULL, &info, &k);
    mutex_unlock(&proc_lock);
    kicks_run(&k);
}

static bool others_are_gone(void)
{
    WITH_MUTEX(&proc_lock);

    for (pid_t pid = pid_next(PID_FIRST); pid >= 0; pid = pid_next(pid + 1))
        if (is_other(pid_entry(pid)->process))
            return false;
    return true;
}

static bool others_go_until(u64 deadline_ns)
{
    for (;;) {
        u64 ticket = waitq_ticket(&process_ended);

        if (others_are_gone())
            return true;
        if (waitq_sleep_uninterruptible(&process_ended, ticket, deadline_ns))
            return false;
    }
}

/* The first process has ended: the others are asked to, then made to.  Its last thread stays for
 * this. */
static NORETURN void run_down(int wait_status)
{
    bool gone;

    signal_others(SIGHUP);
    gone = others_go_until(clock_deadline(PATIENCE_NS));
    while (!gone) {
        signal_others(SIGKILL);                  /* again: one may have been made meanwhile */
        gone = others_go_until(clock_deadline(KILL_AGAIN_NS));
    }
    proc_ops.shutdown(wait_status & 0x7f ? 128 + (wait_status & 0x7f) : wait_status >> 8 & 0xff);
}

/* ---- threads ---- */

void vfork_release(struct thread *self)
{
    struct vfork *v = self->priv->vfork;

    if (!v)
        return;
    self->priv->vfork = NULL;
    __atomic_store_n(&v->done, true, __ATOMIC_RELEASE);
    waitq_wake(&v->wait);
    vfork_put(v);
}

void vfork_put(struct vfork *v)
{
    if (v && ref_put(&v->refs))
        kfree(v);
}

/* What user memory is owed: locks released, the joiner woken. */
static void settle_user_memory(struct thread *self)
{
    uptr tid_word = self->priv->clear_child_tid;
    u32 zero = 0;

    futex_thread_exit(self);
    if (tid_word.addr && !copy_out(tid_word, &zero, sizeof(zero)))
        (void)futex_wake(self, tid_word, FUTEX_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
    self->priv->clear_child_tid = UPTR_NULL;
}

/* True: every thread of the process has come this far, so none can make another. */
static bool begin_to_end(struct process *p)
{
    WITH_MUTEX(&proc_lock);
    return ++p->ending_count == p->thread_count;
}

static void give_back(struct thread *self)
{
    struct mm *mm = self->mm;
    struct fdtable *fds = self->fds;
    struct fsctx *fs = self->fs;

    usage_note_memory(self);
    mutex_lock(&proc_lock);
    self->mm = NULL;
    self->fs = NULL;
    self->fds = NULL;
    mutex_unlock(&proc_lock);
    if (fds)
        fdtable_put(fds);
    if (fs)
        fsctx_put(fs);
    if (mm)
        mm_put(mm);
}

NORETURN void thread_end(struct thread *self)
{
    struct proc_thread *priv = self->priv;
    struct process *p = self->proc;
    struct slot *slot = slot_of_thread(self);
    struct tty *tty = NULL;
    struct kicks k = KICKS_INIT;
    u32 number = self->slot;

    if (p->sig.group_exit || !priv->exiting)
        priv->exit_status = p->exit_status;
    if (proc_ops.trace_exit)
        proc_ops.trace_exit(self, priv->exit_status);
    settle_user_memory(self);
    if (begin_to_end(p)) {
        timers_exit(p);
        sem_undo_exit(p);
    }
    vfork_release(self);
    give_back(self);
    signal_thread_gone(self);

    bool last = thread_leave(self, &k, &tty);
    kicks_run(&k);
    job_tty_release(tty);
    if (last && p->pid == PID_FIRST)
        run_down(p->exit_status);
    user_threads_add(priv->user, -1);
    user_put(priv->user);
    cred_put(self->cred);
    process_put(p);
    slot_free(slot);                             /* from here on the slot may be another's  */
    host_thread_exit(number);
}

void thread_exit(struct thread *self, int status)
{
    self->priv->exiting = true;
    self->priv->exit_status = (status & 0xff) << 8;
    thread_add_work(self, WORK_EXIT);
}

void process_exit(struct thread *self, int status)
{
    process_kill(self->proc, (status & 0xff) << 8);
}
