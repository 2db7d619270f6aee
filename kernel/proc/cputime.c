/* SPDX-License-Identifier: MIT */
/*
 * CPU time.
 *
 * The clock is that of the host thread which runs a slot.  Host threads outlive the threads they
 * run, so each thread remembers where the clock stood when it began.  The host may say anything:
 * what is remembered never decreases.
 */
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

/* The clock of the host thread that runs a slot; 0 if the host does not say. */
static u64 host_cpu_ns(u32 slot)
{
    u32 own = thread_self()->slot;
    u64 now;

    if (host_clock_ns(slot == own ? CLOCK_THREAD_CPUTIME_ID : TARGET_CLOCK_OF_SLOT | slot, &now))
        return 0;
    return now;
}

void cputime_start(struct thread *t)
{
    t->priv->cpu_base_ns = host_cpu_ns(t->slot);
}

u64 thread_cpu_ns(struct thread *t)
{
    u64 clock = host_cpu_ns(t->slot);
    u64 base = t->priv->cpu_base_ns;
    u64 now = clock > base ? clock - base : 0;
    u64 seen = __atomic_load_n(&t->priv->cpu_ns, __ATOMIC_RELAXED);

    while (seen < now)
        if (__atomic_compare_exchange_n(&t->priv->cpu_ns, &seen, now, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return now;
    return seen;
}

void cputime_end(struct thread *t)
{
    struct usage *dead = &t->proc->dead_threads;

    dead->cpu_ns += thread_cpu_ns(t);
    dead->parks += t->priv->parks;
}

void usage_add(struct usage *to, const struct usage *from)
{
    to->cpu_ns += from->cpu_ns;
    to->parks += from->parks;
    to->maxrss = max_u64(to->maxrss, from->maxrss);
}

void process_usage_locked(struct process *p, struct usage *ret)
{
    *ret = p->dead_threads;
    for_each_thread(t, p)
    {
        ret->cpu_ns += thread_cpu_ns(t);
        ret->parks += __atomic_load_n(&t->priv->parks, __ATOMIC_RELAXED);
    }
}

u64 process_cpu_ns(struct process *p)
{
    struct usage usage;

    WITH_MUTEX(&proc_lock);
    process_usage_locked(p, &usage);
    return usage.cpu_ns;
}

void usage_note_memory(struct thread *self)
{
    struct mm_usage memory;

    if (!self->mm || self->proc->thread_count != 1)
        return;
    mm_usage_get(self->mm, &memory);
    WITH_MUTEX(&proc_lock);
    self->proc->dead_threads.maxrss =
        max_u64(self->proc->dead_threads.maxrss, memory.peak_committed);
}

static u64 peak_memory(void)
{
    struct mm_usage memory;

    if (!thread_self()->mm)
        return 0;
    mm_usage_get(thread_self()->mm, &memory);
    return memory.peak_committed;
}

void usage_get(enum usage_who who, struct usage *ret)
{
    struct thread *self = thread_self();
    struct process *p = self->proc;

    if (who == USAGE_CHILDREN) {
        WITH_MUTEX(&proc_lock);
        *ret = p->dead_children;
        return;
    }
    u64 peak = peak_memory();
    if (who == USAGE_THREAD) {
        *ret = (struct usage){ .cpu_ns = thread_cpu_ns(self), .parks = self->priv->parks };
    } else {
        WITH_MUTEX(&proc_lock);
        process_usage_locked(p, ret);
    }
    ret->maxrss = max_u64(ret->maxrss, peak);
}

void usage_show(const struct usage *usage, struct rusage *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->ru_utime.tv_sec = (long)(usage->cpu_ns / NSEC_PER_SEC);
    ret->ru_utime.tv_usec = (long)(usage->cpu_ns % NSEC_PER_SEC / NSEC_PER_USEC);
    ret->ru_maxrss = (long)(usage->maxrss / 1024);
    ret->ru_nvcsw = (long)usage->parks;
}

u64 process_total_cpu_ns(void)
{
    u64 total = 0;

    WITH_MUTEX(&proc_lock);
    for (pid_t pid = pid_next(PID_FIRST); pid >= 0; pid = pid_next(pid + 1)) {
        struct process *p = pid_entry(pid)->process;
        struct usage usage;

        if (!p)
            continue;
        process_usage_locked(p, &usage);
        total += usage.cpu_ns;
    }
    return total + kernel_process.dead_children.cpu_ns;
}
