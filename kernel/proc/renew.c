/* SPDX-License-Identifier: MIT */
/*
 * What execve(2) does to a process: one thread is left, and everything that belonged to the old
 * program goes.  Loading the new one is exec.c's.
 */
#include "abi/linux/errno.h"
#include "abi/linux/sched.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/cred.h"
#include "kernel/core/panic.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"
#include "kernel/vfs/fdtable.h"

/* All others are to end.  -EAGAIN: the whole process is ending. */
static int end_others(struct thread *self, struct kicks *k)
{
    struct process *p = self->proc;

    WITH_SPINLOCK(&p->sig.lock);
    if (p->sig.group_exit || p->sig.exec_thread)
        return -EAGAIN;
    p->sig.exec_thread = self;
    p->sig.stop_signo = 0;                       /* who is stopped could not end            */
    p->sig.stopped = false;
    for_each_thread(t, p)
    {
        thread_clear_work(t, WORK_STOP);
        if (t == self)
            continue;
        thread_add_work(t, WORK_EXIT);
        kick_add(k, t);
    }
    waitq_collect(&p->sig.stop_wait, &k->wakes);
    return 0;
}

static int wait_for_others(struct process *p)
{
    for (;;) {
        u64 ticket = waitq_ticket(&p->thread_wait);

        if (__atomic_load_n(&p->thread_count, __ATOMIC_ACQUIRE) == 1)
            return 0;
        if (waitq_sleep_killable(&p->thread_wait, ticket))
            return -EINTR;
    }
}

/* The thread that is left becomes the leader, under the process's own id. */
static void become_leader_locked(struct thread *self)
{
    struct process *p = self->proc;
    pid_t old = self->tid;

    if (p->leader == self)
        return;
    assert(!p->leader);
    p->leader = self;
    self->tid = p->pid;
    pid_entry(p->pid)->thread = self;
    pid_entry(old)->thread = NULL;
    pid_release(old);
    list_for_each(link, &p->children)
        list_entry(link, struct process, sibling)->parent_tid = p->pid;
}

int process_exec_begin(struct thread *self)
{
    struct process *p = self->proc;
    struct kicks k = KICKS_INIT;
    int err = 0;

    if (p->thread_count > 1) {
        err = end_others(self, &k);
        kicks_run(&k);
        if (!err)
            err = wait_for_others(p);
        if (err)
            return err;
    }
    mutex_lock(&proc_lock);
    become_leader_locked(self);
    spin_lock(&p->sig.lock);
    p->sig.exec_thread = NULL;
    spin_unlock(&p->sig.lock);
    mutex_unlock(&proc_lock);
    return 0;
}

/* Caught signals go back to their defaults; a table shared with others stays theirs. */
static int renew_actions(struct process *p)
{
    struct sighand *old = p->sig.hand, *fresh;

    if (ref_count(&old->refs) > 1) {
        if (sighand_copy(old, &fresh))
            return -ENOMEM;
        spin_lock(&p->sig.lock);
        p->sig.hand = fresh;
        spin_unlock(&p->sig.lock);
        sighand_put(old);
    }
    sighand_reset(p->sig.hand, RESET_CAUGHT);
    return 0;
}

/* Descriptors of its own, without those that are close-on-exec. */
static int renew_files(struct thread *self)
{
    struct fdtable *own;

    if (fdtable_is_shared(self->fds)) {
        if (fdtable_copy(self->fds, &own))
            return -ENOMEM;
        mutex_lock(&proc_lock);
        struct fdtable *old = self->fds;
        self->fds = own;
        mutex_unlock(&proc_lock);
        fdtable_put(old);
    }
    fdtable_close_on_exec(self->fds);
    return 0;
}

static void renew_thread(struct thread *self)
{
    struct proc_thread *priv = self->priv;

    priv->altstack_sp = 0;
    priv->altstack_size = 0;
    priv->altstack_flags = SS_DISABLE;
    priv->clear_child_tid = UPTR_NULL;
    priv->robust_list = UPTR_NULL;
    priv->restart.fn = NULL;
    priv->fault_vector = priv->fault_error = 0;
    priv->fault_addr = 0;
    priv->tsc_disabled = false;
    memset(&self->user_cache, 0, sizeof(self->user_cache));
    fs_base_set(0);
    fpu_reset();
    frame_was_replaced(self);
}

/* New credentials end what the old ones were trusted with. */
static void renew_cred(struct thread *self, struct cred *cred)
{
    struct process *p = self->proc;
    struct cred *old = self->cred;
    bool changed = cred->euid != old->euid || cred->egid != old->egid;

    cred_install(self, cred);
    __atomic_store_n(&p->dumpable, cred->euid == cred->uid && cred->egid == cred->gid ? 1 : 0,
                     __ATOMIC_RELAXED);
    if (changed)
        __atomic_store_n(&self->priv->pdeath_signal, 0, __ATOMIC_RELAXED);
}

void process_exec_done(struct thread *self, struct mm *new_mm, struct cred *cred, const char *comm)
{
    struct process *p = self->proc;
    struct mm *old = self->mm;

    /* Beyond the point of no return: a program that could keep what it must lose is killed. */
    if (renew_actions(p) || renew_files(self))
        process_kill(p, SIGKILL);
    if (old) {
        usage_note_memory(self);
        futex_thread_exec(self);
    }
    timers_exec(p);

    mutex_lock(&proc_lock);
    self->mm = new_mm;
    p->has_execed = true;
    p->exit_signal = SIGCHLD;
    str_copy(self->comm, comm, sizeof(self->comm));
    mutex_unlock(&proc_lock);

    vfork_release(self);                         /* the parent has its memory back          */
    if (old)
        mm_put(old);
    if (cred)
        renew_cred(self, cred);
    renew_thread(self);
}
