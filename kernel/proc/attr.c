/* SPDX-License-Identifier: MIT */
/* What threads and processes say about themselves: see attr.h. */
#include "kernel/proc/attr.h"
#include "abi/linux/errno.h"
#include "kernel/proc/proc_int.h"

void thread_set_clear_tid(struct thread *self, uptr word)
{
    self->priv->clear_child_tid = word;
}

uptr thread_clear_tid(const struct thread *self)
{
    return self->priv->clear_child_tid;
}

void thread_set_robust_list(struct thread *self, uptr head)
{
    self->priv->robust_list = head;
}

struct robust_look {
    uptr list;
    struct process *process;
};

static int look_at_robust_list(struct thread *t, void *arg)
{
    struct robust_look *look = arg;

    look->list = t->priv->robust_list;
    look->process = process_get(t->proc);
    return 0;
}

int thread_robust_list(pid_t tid, uptr *ret)
{
    struct robust_look look;
    int err = thread_with(tid ? tid : thread_self()->tid, look_at_robust_list, &look);

    if (err)
        return err;
    err = process_may_inspect(look.process);
    process_put(look.process);
    if (!err)
        *ret = look.list;
    return err;
}

void process_register_barrier(struct thread *self, u32 bit)
{
    __atomic_fetch_or(&self->proc->membarrier_registered, bit, __ATOMIC_SEQ_CST);
}

bool process_has_barrier(const struct thread *self, u32 bit)
{
    return __atomic_load_n(&self->proc->membarrier_registered, __ATOMIC_SEQ_CST) & bit;
}

u32 thread_pdeath_signal(const struct thread *self)
{
    return __atomic_load_n(&self->priv->pdeath_signal, __ATOMIC_RELAXED);
}

void thread_set_pdeath_signal(struct thread *self, u32 signo)
{
    __atomic_store_n(&self->priv->pdeath_signal, signo, __ATOMIC_RELAXED);
}

u32 process_dumpable(const struct process *p)
{
    return __atomic_load_n(&p->dumpable, __ATOMIC_RELAXED);
}

void process_set_dumpable(struct process *p, u32 dumpable)
{
    __atomic_store_n(&p->dumpable, dumpable, __ATOMIC_RELAXED);
}

bool process_is_subreaper(const struct process *p)
{
    WITH_MUTEX(&proc_lock);
    return p->subreaper;
}

void process_set_subreaper(struct process *p, bool on)
{
    WITH_MUTEX(&proc_lock);
    p->subreaper = on;
}

bool thread_no_new_privs(const struct thread *self)
{
    return self->priv->no_new_privs;
}

void thread_set_no_new_privs(struct thread *self)
{
    self->priv->no_new_privs = true;
}

u64 thread_timer_slack_ns(const struct thread *self)
{
    return self->priv->sched.timer_slack_ns;
}

void thread_set_timer_slack_ns(struct thread *self, u64 ns)
{
    self->priv->sched.timer_slack_ns = ns ? ns : DEFAULT_TIMER_SLACK_NS;
}

u32 process_personality(struct process *p)
{
    return __atomic_load_n(&p->personality, __ATOMIC_RELAXED);
}

void process_set_personality(struct process *p, u32 persona)
{
    __atomic_store_n(&p->personality, persona, __ATOMIC_RELAXED);
}
