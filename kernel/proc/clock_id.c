/* SPDX-License-Identifier: MIT */
/* Clocks by id: see clock_id.h. */
#include "kernel/proc/clock_id.h"
#include "abi/linux/errno.h"
#include "kernel/core/clock.h"
#include "kernel/proc/pid.h"
#include "kernel/proc/proc_int.h"

/* A negative clock id holds an inverted pid and, in its low bits, what it is about. */
enum { CPUCLOCK_SHIFT = 3, CPUCLOCK_PERTHREAD = 4, CPUCLOCK_WHICH = 3, CPUCLOCK_KINDS = 3 };

enum { COARSE_RESOLUTION_NS = 4000000 };         /* a tick at 250 Hz, as most kernels have  */

static int thread_of_caller(struct thread *t, void *arg)
{
    (void)arg;
    return t->proc == thread_self()->proc ? 0 : -EINVAL;
}

int cpu_clock_parse(int clock_id, struct cpu_clock *ret)
{
    if (clock_id == CLOCK_PROCESS_CPUTIME_ID || clock_id == CLOCK_THREAD_CPUTIME_ID) {
        *ret = (struct cpu_clock){ .thread = clock_id == CLOCK_THREAD_CPUTIME_ID };
        return 0;
    }
    if (clock_id >= 0 || (clock_id & CPUCLOCK_WHICH) >= CPUCLOCK_KINDS)
        return -EINVAL;

    struct cpu_clock c = {
        .pid = ~(clock_id >> CPUCLOCK_SHIFT),
        .thread = clock_id & CPUCLOCK_PERTHREAD,
    };
    if (c.thread && c.pid && thread_with(c.pid, thread_of_caller, NULL))
        return -EINVAL;                          /* threads are looked at by siblings only  */
    if (!c.thread && c.pid) {
        struct process *p = process_find(c.pid);

        if (!p)
            return -EINVAL;
        process_put(p);
    }
    *ret = c;
    return 0;
}

static int read_thread(struct thread *t, void *arg)
{
    *(u64 *)arg = thread_cpu_ns(t);
    return 0;
}

int cpu_clock_now(const struct cpu_clock *clock, u64 *ret_ns)
{
    struct thread *self = thread_self();

    if (clock->thread && (!clock->pid || clock->pid == self->tid)) {
        *ret_ns = thread_cpu_ns(self);
        return 0;
    }
    if (clock->thread)
        return thread_with(clock->pid, read_thread, ret_ns) ? -EINVAL : 0;

    struct process *p = clock->pid ? process_find(clock->pid) : process_get(self->proc);
    if (!p)
        return -EINVAL;
    *ret_ns = process_cpu_ns(p);
    process_put(p);
    return 0;
}

int clock_id_now(int clock_id, u64 *ret_ns)
{
    struct cpu_clock cpu;
    int err;

    switch (clock_id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:                              /* no leap seconds were ever announced     */
        *ret_ns = clock_realtime_ns();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:                         /* nobody suspends us                      */
    case CLOCK_BOOTTIME_ALARM:
        *ret_ns = clock_monotonic_ns();
        return 0;
    default:
        err = cpu_clock_parse(clock_id, &cpu);
        return err ? err : cpu_clock_now(&cpu, ret_ns);
    }
}

int clock_id_resolution(int clock_id, u64 *ret_ns)
{
    u64 now;
    int err = clock_id_now(clock_id, &now);

    if (err)
        return err;
    *ret_ns = clock_id == CLOCK_REALTIME_COARSE || clock_id == CLOCK_MONOTONIC_COARSE
                  ? COARSE_RESOLUTION_NS
                  : 1;
    return 0;
}

int clock_id_base(int clock_id, enum ktimer_clock *ret)
{
    switch (clock_id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *ret = KTIMER_REALTIME;
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *ret = KTIMER_MONOTONIC;
        return 0;
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_REALTIME_COARSE:
        return -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}
