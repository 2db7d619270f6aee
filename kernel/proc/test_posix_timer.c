/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/core/clock.h"
#include "kernel/lib/string.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/posix_timer.h"
#include "kernel/proc/service.h"
#include "kernel/proc/test_world.h"
#include "targets/sim/machine.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

enum { MS = NSEC_PER_MSEC };

static struct process *start(void)
{
    proc_world_start();
    struct process *p = world_process(NULL);
    world_run(p->leader);
    p->leader->priv->blocked = ~0ull;
    return p;
}

static void pass(u64 ns)
{
    u64 deadline;

    machine.now_ns += ns;
    (void)service_run_timers(&deadline);
}

static s32 create(int signo, int value)
{
    struct sigevent e;
    s32 id;

    memset(&e, 0, sizeof(e));
    e.sigev_notify = SIGEV_SIGNAL;
    e.sigev_signo = signo;
    e.sigev_value.sival_int = value;
    machine.quiet = true;
    CHECK_EQ(posix_timer_create(CLOCK_MONOTONIC, &e, &id), 0);
    machine.quiet = false;
    return id;
}

static void set(s32 id, u64 left, u64 interval)
{
    struct itimer_value v = { left, interval };

    CHECK_EQ(posix_timer_set(id, TIMER_SET_RELATIVE, &v, NULL), 0);
}

TEST(a_timer_sends_its_signal_when_it_is_due)
{
    struct process *p = start();
    s32 id = create(SIGUSR1, 7);
    struct itimer_value v;
    siginfo_t info;

    set(id, 10 * MS, 0);
    pass(4 * MS);
    CHECK_EQ(p->sig.queue.bits, 0);
    CHECK_EQ(posix_timer_get(id, &v), 0);
    CHECK_EQ(v.left_ns, 6 * MS);
    pass(6 * MS);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGUSR1);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_EQ(info.si_int, 7);
    CHECK_EQ(info.si_overrun, 0);
    CHECK_EQ(posix_timer_get(id, &v), 0);
    CHECK_EQ(v.left_ns, 0);
    CHECK_EQ(posix_timer_delete(id), 0);
    CHECK_EQ(posix_timer_get(id, &v), -EINVAL);
    proc_world_stop();
}

TEST(what_passes_while_the_signal_is_pending_is_overrun)
{
    struct process *p = start();
    s32 id = create(SIG_RT_MIN, 0);
    siginfo_t info;

    set(id, 10 * MS, 10 * MS);
    pass(10 * MS);
    for (u32 i = 0; i < 35; i++)
        pass(MS);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIG_RT_MIN);
    CHECK_EQ(info.si_overrun, 3);
    CHECK_EQ(posix_timer_overrun(id), 3);
    CHECK_EQ(signal_dequeue(~0ull, &info), -EAGAIN); /* one signal only                     */
    pass(5 * MS);                                    /* the next of the same rhythm         */
    CHECK_EQ(signal_dequeue(~0ull, &info), SIG_RT_MIN);
    CHECK_EQ(info.si_overrun, 0);
    CHECK_EQ(p->sig.queue.bits, 0);
    proc_world_stop();
}

TEST(an_ignored_timer_goes_on_and_can_be_heard_again)
{
    struct process *p = start();
    s32 id = create(SIGUSR1, 0);
    siginfo_t info;

    p->leader->priv->blocked = 0;
    p->sig.hand->action[SIGUSR1 - 1].handler = (u64)SIG_IGN;
    set(id, MS, 2 * MS);
    pass(20 * MS);
    CHECK_EQ(p->sig.queue.bits, 0);
    p->leader->priv->blocked = ~0ull;
    pass(4 * MS);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGUSR1);
    proc_world_stop();
}

TEST(a_timer_may_be_deleted_while_its_signal_is_pending)
{
    struct process *p = start();
    s32 id = create(SIGUSR1, 0);
    siginfo_t info;

    set(id, MS, MS);
    pass(MS);
    CHECK_EQ(posix_timer_delete(id), 0);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGUSR1);
    pass(10 * MS);
    CHECK_EQ(p->sig.queue.bits, 0);
    proc_world_stop();
}

TEST_TORTURE(a_timer_without_memory_is_eagain)
{
    struct process *p = start();
    s32 id;
    int err = posix_timer_create(CLOCK_MONOTONIC, NULL, &id);

    CHECK_EQ(err, fault_injected() ? -EAGAIN : 0);
    CHECK_EQ(list_is_empty(&p->posix_timers), err != 0);
    proc_world_stop();
}

TEST(the_real_itimer_keeps_its_rhythm)
{
    struct process *p = start();
    struct itimer_value v = { 10 * MS, 10 * MS }, old;
    siginfo_t info;

    itimer_set(ITIMER_REAL, &v, NULL);
    pass(13 * MS);                               /* served late                             */
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGALRM);
    itimer_get(ITIMER_REAL, &old);
    CHECK_EQ(old.left_ns, 7 * MS);
    CHECK_EQ(old.interval_ns, 10 * MS);
    v = (struct itimer_value){ 0, 0 };
    itimer_set(ITIMER_REAL, &v, &old);
    pass(50 * MS);
    CHECK_EQ(p->sig.queue.bits, 0);
    proc_world_stop();
}

/* The host's CPU clock runs with the machine's in this world: one thread that computes. */
TEST(the_cpu_itimer_expires_when_the_clock_has_got_there)
{
    struct process *p = start();
    struct itimer_value v = { 10 * MS, 0 };
    siginfo_t info;

    p->leader->priv->cpu_base_ns = machine.now_ns;
    itimer_set(ITIMER_PROF, &v, NULL);
    pass(5 * MS);
    CHECK_EQ(p->sig.queue.bits, 0);
    pass(6 * MS);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGPROF);
    CHECK_EQ(p->sig.queue.bits, 0);
    proc_world_stop();
}

TEST(the_cpu_limit_warns_every_second_and_then_kills)
{
    struct process *p = start();
    siginfo_t info;

    p->leader->priv->cpu_base_ns = machine.now_ns;
    p->limits[RLIMIT_CPU] = (struct rlimit64){ 1, 3 };
    cpu_timers_look(p);
    pass(NSEC_PER_SEC + MS);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGXCPU);
    pass(NSEC_PER_SEC);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGXCPU);
    CHECK(!p->sig.group_exit);
    pass(NSEC_PER_SEC);
    CHECK(p->sig.group_exit);
    CHECK_EQ(p->exit_status, SIGKILL);
    proc_world_stop();
}
