/* SPDX-License-Identifier: MIT */
/*
 * Interval timers, and everything that goes by a process's CPU clock: ITIMER_VIRTUAL, ITIMER_PROF,
 * RLIMIT_CPU, POSIX timers by CPU clocks.
 *
 * The host does not tell when a CPU clock reaches a value.  But n threads use at most n times the
 * time that passes, so nothing can expire before what is left, divided by the threads that can run
 * at once, has passed on the monotonic clock: then we look, and again after what is left by then.
 * A process that sleeps costs one look per that time; one that computes gets its signal at most
 * CPU_LOOK_MIN_NS late.
 *
 * Kernel and user time are not told apart (usage.h), so ITIMER_VIRTUAL and ITIMER_PROF measure the
 * same.
 *
 * Locks: process.timer_lock for both kinds.
 */
#include "kernel/proc/itimer.h"
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "kernel/core/clock.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/proc/proc_int.h"

enum { CPU_LOOK_MIN_NS = NSEC_PER_MSEC };

static void send_process(struct process *p, int signo)
{
    siginfo_t info;

    siginfo_kernel(&info, signo);
    (void)signal_send_process(p, &info);         /* ordinary signals do not fail            */
}

/* ---- ITIMER_REAL ---- */

static void real_expired(struct ktimer *k)
{
    struct process *p = container_of(k, struct process, real_timer);
    u64 now = clock_monotonic_ns();

    /* After setitimer(2) has returned, nothing comes of the old value. */
    WITH_MUTEX(&p->timer_lock);
    if (!p->real_due_ns || p->real_due_ns > now)
        return;
    send_process(p, SIGALRM);
    if (!p->real_interval_ns) {
        p->real_due_ns = 0;
        return;
    }
    /* From the moment it was due, so that it does not drift; but not into the past. */
    p->real_due_ns += ((now - p->real_due_ns) / p->real_interval_ns + 1) * p->real_interval_ns;
    timer_arm(k, p->real_due_ns, real_expired);
}

static void real_get_locked(struct process *p, struct itimer_value *ret)
{
    u64 now = clock_monotonic_ns();

    *ret = (struct itimer_value){ .interval_ns = p->real_interval_ns };
    if (p->real_due_ns)
        ret->left_ns = p->real_due_ns > now ? p->real_due_ns - now : 1;
}

static void real_set_locked(struct process *p, const struct itimer_value *value)
{
    p->real_interval_ns = value->interval_ns;
    p->real_due_ns = value->left_ns ? clock_deadline(value->left_ns) : 0;
    if (p->real_due_ns)
        timer_arm(&p->real_timer, p->real_due_ns, real_expired);
    else
        (void)timer_disarm(&p->real_timer);
}

/* ---- by the CPU clock ---- */

static u32 threads_at_once(struct process *p)
{
    u32 threads = __atomic_load_n(&p->thread_count, __ATOMIC_RELAXED);
    u32 cpus = affinity_cpus();

    threads = threads < cpus ? threads : cpus;
    return threads ? threads : 1;
}

static void expire_itimer_locked(struct process *p, u32 which, u64 now, u64 *left)
{
    struct itimer_cpu *it = &p->itimer_cpu[which - ITIMER_VIRTUAL];

    if (!it->expires_ns)
        return;
    if (it->expires_ns <= now) {
        send_process(p, which == ITIMER_PROF ? SIGPROF : SIGVTALRM);
        it->expires_ns = it->interval_ns ? now + it->interval_ns : 0;
    }
    if (it->expires_ns)
        *left = min_u64(*left, it->expires_ns - now);
}

/* SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one. */
static void expire_limit_locked(struct process *p, u64 now, u64 *left)
{
    struct rlimit64 limit;
    u64 soft, hard;

    process_limit_get(p, RLIMIT_CPU, &limit);
    if (limit.rlim_cur == RLIM64_INFINITY)
        return;
    if (mul_overflows(limit.rlim_max, (u64)NSEC_PER_SEC, &hard))
        hard = UINT64_MAX;
    if (mul_overflows(limit.rlim_cur, (u64)NSEC_PER_SEC, &soft))
        return;
    soft = max_u64(soft, p->cpu_limit_next_ns);
    if (now >= hard) {
        process_kill(p, SIGKILL);
        return;
    }
    if (now >= soft) {
        send_process(p, SIGXCPU);
        soft = p->cpu_limit_next_ns = now + NSEC_PER_SEC;
    }
    *left = min_u64(*left, min_u64(soft, hard) - now);
}

static void look_locked(struct process *p);

static void cpu_timer_due(struct ktimer *k)
{
    struct process *p = container_of(k, struct process, cpu_timer);

    WITH_MUTEX(&p->timer_lock);
    look_locked(p);
}

static bool nothing_runs(struct process *p)
{
    return !p->itimer_cpu[0].expires_ns && !p->itimer_cpu[1].expires_ns &&
           limit_soft(p, RLIMIT_CPU) == RLIM64_INFINITY && !posix_timers_on_cpu_locked(p);
}

static void look_locked(struct process *p)
{
    u64 left = UINT64_MAX, now;

    if (nothing_runs(p))
        return;
    now = process_cpu_ns(p);
    expire_itimer_locked(p, ITIMER_VIRTUAL, now, &left);
    expire_itimer_locked(p, ITIMER_PROF, now, &left);
    expire_limit_locked(p, now, &left);
    posix_timers_expire_cpu_locked(p, &left);
    if (left == UINT64_MAX)
        return;
    left = max_u64(left / threads_at_once(p), CPU_LOOK_MIN_NS);
    timer_arm(&p->cpu_timer, clock_deadline(left), cpu_timer_due);
}

void cpu_timers_look_locked(struct process *p)
{
    look_locked(p);
}

void cpu_timers_look(struct process *p)
{
    WITH_MUTEX(&p->timer_lock);
    look_locked(p);
}

static void cpu_get_locked(struct process *p, u32 which, struct itimer_value *ret)
{
    struct itimer_cpu *it = &p->itimer_cpu[which - ITIMER_VIRTUAL];
    u64 now = it->expires_ns ? process_cpu_ns(p) : 0;

    *ret = (struct itimer_value){ .interval_ns = it->interval_ns };
    if (it->expires_ns)
        ret->left_ns = it->expires_ns > now ? it->expires_ns - now : 1;
}

static void cpu_set_locked(struct process *p, u32 which, const struct itimer_value *value)
{
    struct itimer_cpu *it = &p->itimer_cpu[which - ITIMER_VIRTUAL];

    it->interval_ns = value->interval_ns;
    it->expires_ns = 0;
    if (value->left_ns && add_overflows(process_cpu_ns(p), value->left_ns, &it->expires_ns))
        it->expires_ns = UINT64_MAX;
    look_locked(p);
}

/* ---- both ---- */

static void get_locked(struct process *p, u32 which, struct itimer_value *ret)
{
    if (which == ITIMER_REAL)
        real_get_locked(p, ret);
    else
        cpu_get_locked(p, which, ret);
}

void itimer_get(u32 which, struct itimer_value *ret)
{
    struct process *p = thread_self()->proc;

    WITH_MUTEX(&p->timer_lock);
    get_locked(p, which, ret);
}

void itimer_set(u32 which, const struct itimer_value *value, struct itimer_value *ret_old)
{
    struct process *p = thread_self()->proc;

    WITH_MUTEX(&p->timer_lock);
    if (ret_old)
        get_locked(p, which, ret_old);
    if (which == ITIMER_REAL)
        real_set_locked(p, value);
    else
        cpu_set_locked(p, which, value);
}

void timers_init(struct process *p)
{
    list_init(&p->posix_timers);
}

void timers_exec(struct process *p)
{
    posix_timers_delete_all(p);
}

void timers_exit(struct process *p)
{
    posix_timers_delete_all(p);
    timer_cancel(&p->real_timer);
    timer_cancel(&p->cpu_timer);
}
