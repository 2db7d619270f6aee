/* SPDX-License-Identifier: MIT */
/*
 * Making threads and processes.
 *
 * A child is built in a slot that nobody else sees, from copies of and references to what the
 * caller has; then, under proc_lock, it gets its place in the lists; then its slot is started.  It
 * begins with the caller's frame and extended state, as if it had made the call and it had returned
 * 0.
 *
 * Everything runs in one address space, so a child without CLONE_VM (fork) cannot be made: ENOSYS.
 * One that borrows its parent's memory until it execs or exits (vfork) has all of it.
 */
#include "kernel/proc/clone.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/sched.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/proc_int.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/sysv_sem.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/path.h"

#define CLONE_NAMESPACES                                                                           \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET | CLONE_NEWTIME)

#define CANONICAL_LIMIT (1ull << 47)

/* ---- which combinations there are ---- */

static int check(const struct thread *self, const struct clone_request *r)
{
    u64 flags = r->flags;

    if (flags & (CLONE_NAMESPACES | CLONE_INTO_CGROUP))
        return -EINVAL;                          /* as on a kernel built without them       */
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && self->proc->parent == &kernel_process)
        return -EINVAL;                          /* the first process has no siblings       */
    if ((flags & CLONE_SETTLS) && r->tls >= CANONICAL_LIMIT)
        return -EPERM;
    return flags & CLONE_VM ? 0 : -ENOSYS;
}

static int check_limit(struct thread *self)
{
    const struct cred *c = self->cred;
    struct user *user = self->priv->user;

    if (c->uid == 0 || cred_has_cap(c, CAP_SYS_RESOURCE) || cred_has_cap(c, CAP_SYS_ADMIN))
        return 0;
    return user_threads_add(user, 0) >= process_limit(RLIMIT_NPROC) ? -EAGAIN : 0;
}

/* ---- the thread ---- */

/* Copies of plain data: cannot fail. */
static void copy_plain(struct thread *self, const struct clone_request *r, struct slot *child)
{
    struct proc_thread *from = self->priv, *to = &child->priv;

    to->start = *self->frame;
    to->start.ax = 0;
    to->start.orig_ax = ~0ull;
    if (r->stack)
        to->start.sp = r->stack;
    to->start_fs = r->flags & CLONE_SETTLS ? r->tls : fs_base_get();
    fpu_save(to->fpu);

    to->blocked = from->blocked;
    to->altstack_flags = SS_DISABLE;
    if ((r->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
        to->altstack_sp = from->altstack_sp;
        to->altstack_size = from->altstack_size;
        to->altstack_flags = from->altstack_flags;
    }
    if (r->flags & CLONE_CHILD_SETTID)
        to->set_child_tid = r->child_tid;
    if (r->flags & CLONE_CHILD_CLEARTID)
        to->clear_child_tid = r->child_tid;
    to->sched = from->sched;
    sched_child(&to->sched);
    memcpy(to->affinity, from->affinity, sizeof(to->affinity));
    to->no_new_privs = from->no_new_privs;
    to->tsc_disabled = from->tsc_disabled;
    to->start_ns = clock_monotonic_ns();
    memcpy(child->thread.comm, self->comm, sizeof(self->comm));
}

/* Give up what a child that will not run has been given. */
static void thread_drop(struct slot *child)
{
    struct thread *t = &child->thread;

    if (t->fds)
        fdtable_put(t->fds);
    if (t->fs)
        fsctx_put(t->fs);
    if (t->mm)
        mm_put(t->mm);
    cred_put(t->cred);
    if (child->priv.user)
        user_threads_add(child->priv.user, -1);
    user_put(child->priv.user);
    vfork_put(child->priv.vfork);
    if (t->proc && t->proc != thread_self()->proc)
        sem_undo_exit(t->proc);
    process_put(t->proc);
    slot_free(child);
}

static int copy_files(struct thread *self, u64 flags, struct thread *child)
{
    if (flags & CLONE_FILES)
        child->fds = fdtable_get(self->fds);
    else if (fdtable_copy(self->fds, &child->fds))
        return -ENOMEM;
    child->fs = flags & CLONE_FS ? fsctx_get(self->fs) : fsctx_copy(self->fs);
    return child->fs ? 0 : -ENOMEM;
}

static int thread_build(struct thread *self, const struct clone_request *r, struct slot *child)
{
    struct thread *t = &child->thread;

    copy_plain(self, r, child);
    t->mm = mm_get(self->mm);
    t->cred = cred_get(self->cred);
    child->priv.user = user_get(self->priv->user);
    user_threads_add(child->priv.user, 1);
    if (r->flags & CLONE_VFORK) {
        child->priv.vfork = kzalloc(sizeof(*child->priv.vfork));
        if (!child->priv.vfork)
            return -ENOMEM;
        ref_init(&child->priv.vfork->refs);
    }
    return copy_files(self, r->flags, t);
}

/* ---- the process ---- */

static int process_build(struct thread *self, const struct clone_request *r, pid_t pid,
                         struct process **ret)
{
    struct process *parent = self->proc;
    struct process *p = process_new(pid);

    if (!p)
        return -ENOMEM;
    if (r->flags & CLONE_SIGHAND) {
        p->sig.hand = parent->sig.hand;
        ref_get(&p->sig.hand->refs);
    } else if (sighand_copy(parent->sig.hand, &p->sig.hand)) {
        process_put(p);
        return -ENOMEM;
    }
    if (r->flags & CLONE_CLEAR_SIGHAND)
        sighand_reset(p->sig.hand, RESET_CAUGHT);
    limits_copy(parent, p);
    p->exit_signal = r->exit_signal;
    p->uid = parent->uid;
    p->dumpable = parent->dumpable;
    p->personality = parent->personality;
    p->oom_score_adj = parent->oom_score_adj;
    if ((r->flags & CLONE_SYSVSEM) && sem_undo_share(parent, p)) {
        process_put(p);
        return -ENOMEM;
    }
    *ret = p;
    return 0;
}

/* ---- publishing ---- */

static void process_publish_locked(struct thread *self, u64 flags, struct process *p)
{
    struct process *parent = flags & CLONE_PARENT ? self->proc->parent : self->proc;

    p->parent = parent;
    p->ppid = parent->pid;
    p->parent_tid = flags & CLONE_PARENT ? self->proc->parent_tid : self->tid;
    if (flags & CLONE_PARENT)
        p->exit_signal = self->proc->exit_signal;
    list_append(&parent->children, &p->sibling);
    job_join_locked(p, self->proc);
    pid_entry(p->pid)->process = process_get(p);
}

/* Give the child its place.  -EINTR: the caller's process is ending, no more threads. */
static int publish(struct thread *self, const struct clone_request *r, struct slot *child)
{
    struct thread *t = &child->thread;
    struct process *p = t->proc;
    bool is_thread = p == self->proc;

    WITH_MUTEX(&proc_lock);
    spin_lock(&self->proc->sig.lock);
    bool ending = self->proc->sig.group_exit || self->proc->sig.exec_thread ||
                  thread_has_work(self, WORK_EXIT);
    if (!ending && is_thread) {
        list_append(&p->threads, &t->priv->link);
        p->thread_count++;
        signal_stop_join_locked(p, t);
        signal_recalc_locked(t);
    }
    spin_unlock(&self->proc->sig.lock);
    if (ending)
        return -EINTR;

    if (!is_thread) {
        list_append(&p->threads, &t->priv->link);
        p->thread_count = 1;
        p->leader = t;
        process_publish_locked(self, r->flags, p);
    }
    pid_entry(t->tid)->thread = t;
    return 0;
}

/* The host would not start the slot: undo publish().  The id is free then. */
static void unpublish(struct slot *child)
{
    struct thread *t = &child->thread;
    struct process *p = t->proc;

    WITH_MUTEX(&proc_lock);
    spin_lock(&p->sig.lock);
    signal_stop_leave_locked(p, t);
    list_remove(&t->priv->link);
    p->thread_count--;
    spin_unlock(&p->sig.lock);
    pid_entry(t->tid)->thread = NULL;
    if (p->leader == t) {
        p->leader = NULL;
        p->state = PROCESS_ZOMBIE;
        process_reap_locked(p);
    } else {
        pid_release(t->tid);
    }
    t->tid = 0;
}

static void pid_give_back(pid_t pid)
{
    WITH_MUTEX(&proc_lock);
    pid_release(pid);
}

static int pid_take(pid_t *ret)
{
    WITH_MUTEX(&proc_lock);
    return pid_alloc(ret);
}

/* ---- all of it ---- */

/* The child with everything but its place; its pid is taken. */
static int child_build(struct thread *self, const struct clone_request *r, struct slot *child)
{
    struct thread *t = &child->thread;
    int err = pid_take(&t->tid);

    if (err)
        return err;
    if (r->flags & CLONE_THREAD)
        t->proc = process_get(self->proc);
    else
        err = process_build(self, r, t->tid, &t->proc);
    if (!err)
        err = thread_build(self, r, child);
    return err;
}

/* What the parent is told where it asked for it. */
static int tell_parent(struct thread *self, const struct clone_request *r, struct thread *child,
                       int *ret_pidfd)
{
    int fd = -1, err = 0;

    if (r->flags & CLONE_PIDFD) {
        fd = pidfd_open(self->fds, child->proc, 0);
        if (fd < 0)
            return fd;
        err = copy_out_struct(r->pidfd, &fd);
    }
    if (!err && (r->flags & CLONE_PARENT_SETTID))
        (void)copy_out_some(r->parent_tid, &child->tid, sizeof(child->tid)); /* as Linux    */
    if (err && fd >= 0)
        (void)fd_close(self->fds, fd);           /* just opened: nothing to lose            */
    *ret_pidfd = fd;
    return err;
}

static void vfork_wait(struct vfork *v)
{
    while (!__atomic_load_n(&v->done, __ATOMIC_ACQUIRE)) {
        u64 ticket = waitq_ticket(&v->wait);

        if (__atomic_load_n(&v->done, __ATOMIC_ACQUIRE))
            break;
        if (waitq_sleep_killable(&v->wait, ticket))
            break;                               /* killed: the child keeps the memory      */
    }
}

static long child_run(struct thread *self, const struct clone_request *r, struct slot *child)
{
    struct vfork *v = child->priv.vfork;
    pid_t tid = child->thread.tid;
    int pidfd = -1;
    int err = tell_parent(self, r, &child->thread, &pidfd);

    if (!err) {
        err = publish(self, r, child);
        if (!err) {
            if (v)
                ref_get(&v->refs);               /* ours: the child may be gone at once     */
            err = slot_start(child);
            if (err)
                unpublish(child);
            if (err)
                vfork_put(v);
        }
        if (err && pidfd >= 0)
            (void)fd_close(self->fds, pidfd);    /* just opened                             */
    }
    if (err)
        return err;
    if (v) {
        vfork_wait(v);
        vfork_put(v);
    }
    return tid;
}

long thread_clone(struct thread *self, const struct clone_request *request)
{
    int err = check(self, request);

    if (!err)
        err = check_limit(self);
    if (err)
        return err;
    struct slot *child = slot_alloc();
    if (!child)
        return -EAGAIN;

    long ret = child_build(self, request, child);
    if (!ret)
        ret = child_run(self, request, child);
    if (ret < 0) {
        pid_t tid = child->thread.tid;

        thread_drop(child);
        if (tid)
            pid_give_back(tid);
    }
    return ret;
}
