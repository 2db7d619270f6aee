/* SPDX-License-Identifier: MIT */
/* Resource limits: see limit.h. */
#include "kernel/proc/limit.h"
#include "abi/image.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/proc_int.h"
#include "kernel/vfs/fdtable.h"

enum {
    DEFAULT_STACK = 8 << 20,
    DEFAULT_MEMLOCK = 64 << 20,
    DEFAULT_SIGPENDING = 128319,
    DEFAULT_MSGQUEUE = 819200,
    CPUS_MAX = AFFINITY_WORDS * 64,
};

static u64 all_cpus[AFFINITY_WORDS];             /* [const] after start                     */
static u32 cpu_count;

static void set(struct process *p, u32 resource, u64 soft, u64 hard)
{
    p->limits[resource] = (struct rlimit64){ .rlim_cur = soft, .rlim_max = hard };
}

void limits_init(struct process *p, const struct boot_params *bp)
{
    u64 stack = max_u64(bp->main_stack_size, bp->thread_stack_size);

    for (u32 i = 0; i < RLIM_NLIMITS; i++)
        set(p, i, RLIM64_INFINITY, RLIM64_INFINITY);
    set(p, RLIMIT_STACK, stack ? stack : DEFAULT_STACK, RLIM64_INFINITY);
    set(p, RLIMIT_CORE, 0, RLIM64_INFINITY);
    set(p, RLIMIT_NPROC, thread_max(), thread_max());
    set(p, RLIMIT_NOFILE, FD_LIMIT_SOFT, FD_LIMIT_HARD);
    set(p, RLIMIT_MEMLOCK, DEFAULT_MEMLOCK, DEFAULT_MEMLOCK);
    set(p, RLIMIT_SIGPENDING, DEFAULT_SIGPENDING, DEFAULT_SIGPENDING);
    set(p, RLIMIT_MSGQUEUE, DEFAULT_MSGQUEUE, DEFAULT_MSGQUEUE);
    set(p, RLIMIT_NICE, 0, 0);
    set(p, RLIMIT_RTPRIO, 0, 0);
}

void limits_copy(struct process *from, struct process *to)
{
    WITH_SPINLOCK(&from->limit_lock);
    memcpy(to->limits, from->limits, sizeof(to->limits));
}

u64 limit_soft(struct process *p, u32 resource)
{
    return __atomic_load_n(&p->limits[resource].rlim_cur, __ATOMIC_RELAXED);
}

u64 process_limit(u32 resource)
{
    return limit_soft(thread_self()->proc, resource);
}

void process_limit_get(struct process *p, u32 resource, struct rlimit64 *ret)
{
    WITH_SPINLOCK(&p->limit_lock);
    *ret = p->limits[resource];
}

static int set_locked(struct process *p, u32 resource, const struct rlimit64 *limit)
{
    struct rlimit64 *old = &p->limits[resource];

    if (limit->rlim_max > old->rlim_max && !cred_has_cap(thread_self()->cred, CAP_SYS_RESOURCE))
        return -EPERM;
    old->rlim_max = limit->rlim_max;
    __atomic_store_n(&old->rlim_cur, limit->rlim_cur, __ATOMIC_RELAXED);
    return 0;
}

int limit_set(struct process *p, u32 resource, const struct rlimit64 *limit)
{
    int err;

    if (limit->rlim_cur > limit->rlim_max)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && limit->rlim_max > FD_LIMIT_HARD)
        return -EPERM;
    spin_lock(&p->limit_lock);
    err = set_locked(p, resource, limit);
    spin_unlock(&p->limit_lock);
    if (!err && resource == RLIMIT_CPU)
        cpu_timers_look(p);
    return err;
}

/* ---- processors ---- */

void affinity_init(const struct boot_params *bp)
{
    cpu_count = bp->host_cpus ? bp->host_cpus : 1;
    if (bp->max_affinity_cpus && cpu_count > bp->max_affinity_cpus)
        cpu_count = bp->max_affinity_cpus;
    if (cpu_count > CPUS_MAX)
        cpu_count = CPUS_MAX;
    for (u32 i = 0; i < cpu_count; i++)
        all_cpus[i / 64] |= 1ull << i % 64;
}

const u64 *affinity_all(void)
{
    return all_cpus;
}

u32 affinity_cpus(void)
{
    return cpu_count;
}
