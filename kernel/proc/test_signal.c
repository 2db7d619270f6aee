/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/core/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/test_world.h"
#include "targets/sim/machine.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

#define HANDLER 0x400000

static siginfo_t info_of(int signo, int code, int value)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = signo;
    info.si_code = code;
    info.si_int = value;
    return info;
}

static int send(struct process *p, int signo)
{
    siginfo_t info = info_of(signo, SI_USER, 0);

    return signal_send_process(p, &info);
}

static int queue(struct process *p, int signo, int value)
{
    siginfo_t info = info_of(signo, SI_QUEUE, value);

    return signal_send_process(p, &info);
}

static void catch (struct process *p, int signo)
{
    p->sig.hand->action[signo - 1].handler = HANDLER;
}

static void block(struct thread *t, u64 signals)
{
    t->priv->blocked |= signals;
}

static bool works(const struct thread *t)
{
    return thread_has_work(t, WORK_SIGNAL);
}

TEST(a_signal_goes_to_the_leader_and_wakes_it_alone)
{
    proc_world_start();
    struct process *p = world_process(NULL);
    struct thread *other = world_thread(p);

    catch (p, SIGUSR1);
    CHECK_EQ(send(p, SIGUSR1), 0);
    CHECK(works(p->leader));
    CHECK(!works(other));
    CHECK_EQ(proc_world.interrupts[p->leader->slot], 1);
    CHECK_EQ(world_kicks(other), 0);
    proc_world_stop();
}

TEST(a_sleeping_thread_is_unparked_and_not_interrupted)
{
    proc_world_start();
    struct process *p = world_process(NULL);

    catch (p, SIGUSR1);
    p->leader->priv->parked = 1;
    CHECK_EQ(send(p, SIGUSR1), 0);
    CHECK_EQ(proc_world.unparks[p->leader->slot], 1);
    CHECK_EQ(proc_world.interrupts[p->leader->slot], 0);
    proc_world_stop();
}

TEST(a_thread_that_does_not_block_it_is_found)
{
    proc_world_start();
    struct process *p = world_process(NULL);
    struct thread *other = world_thread(p);

    catch (p, SIGUSR1);
    block(p->leader, sig_bit(SIGUSR1));
    CHECK_EQ(send(p, SIGUSR1), 0);
    CHECK(!works(p->leader));
    CHECK(works(other));
    proc_world_stop();
}

TEST(blocking_a_signal_hands_it_to_a_sibling)
{
    proc_world_start();
    struct process *p = world_process(NULL);
    struct thread *other = world_thread(p);

    catch (p, SIGUSR1);
    CHECK_EQ(send(p, SIGUSR1), 0);
    world_run(p->leader);
    signal_set_blocked(p->leader, sig_bit(SIGUSR1));
    CHECK(!works(p->leader));
    CHECK(works(other));
    CHECK_EQ(world_kicks(other), 1);
    proc_world_stop();
}

TEST(what_is_ignored_is_dropped_unless_it_is_blocked)
{
    proc_world_start();
    struct process *p = world_process(NULL);

    CHECK_EQ(send(p, SIGCHLD), 0);               /* ignored by default                      */
    CHECK_EQ(p->sig.queue.bits, 0);
    block(p->leader, sig_bit(SIGCHLD));
    CHECK_EQ(send(p, SIGCHLD), 0);
    CHECK_EQ(p->sig.queue.bits, sig_bit(SIGCHLD));
    CHECK(!works(p->leader));
    proc_world_stop();
}

TEST(ordinary_signals_are_pending_once_real_time_ones_as_often_as_sent)
{
    siginfo_t info;

    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    block(p->leader, ~0ull);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(queue(p, SIGUSR1, i), 0);
        CHECK_EQ(queue(p, SIG_RT_MIN + 2, i), 0);
    }
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGUSR1);
    CHECK_EQ(info.si_int, 0);                    /* the first one counts                    */
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(signal_dequeue(~0ull, &info), SIG_RT_MIN + 2);
        CHECK_EQ(info.si_int, i);
    }
    CHECK_EQ(signal_dequeue(~0ull, &info), -EAGAIN);
    proc_world_stop();
}

TEST(faults_come_first_then_the_least_number)
{
    static const int sent[] = { SIG_RT_MIN + 9, SIGTERM, SIGHUP, SIGSEGV, SIG_RT_MIN };
    static const int taken[] = { SIGSEGV, SIGHUP, SIGTERM, SIG_RT_MIN, SIG_RT_MIN + 9 };
    siginfo_t info;

    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    block(p->leader, ~0ull);
    for (u32 i = 0; i < ARRAY_SIZE(sent); i++)
        CHECK_EQ(queue(p, sent[i], 0), 0);
    for (u32 i = 0; i < ARRAY_SIZE(taken); i++)
        CHECK_EQ(signal_dequeue(~0ull, &info), taken[i]);
    proc_world_stop();
}

TEST(own_signals_come_before_the_process_s)
{
    siginfo_t own = info_of(SIGTERM, SI_TKILL, 1), info;

    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    block(p->leader, ~0ull);
    CHECK_EQ(queue(p, SIGHUP, 2), 0);
    CHECK_EQ(signal_send_thread(p->leader, &own), 0);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGTERM);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGHUP);
    proc_world_stop();
}

TEST(the_queue_has_a_limit_for_those_who_queue)
{
    proc_world_start();
    struct process *p = world_process(NULL);

    block(p->leader, ~0ull);
    p->limits[RLIMIT_SIGPENDING].rlim_cur = 2;
    CHECK_EQ(queue(p, SIG_RT_MIN, 1), 0);
    CHECK_EQ(queue(p, SIG_RT_MIN, 2), 0);
    CHECK_EQ(queue(p, SIG_RT_MIN, 3), -EAGAIN);
    CHECK_EQ(send(p, SIGUSR1), 0);               /* kill(2) never fails for want of room    */
    CHECK(p->sig.queue.bits & sig_bit(SIGUSR1));
    proc_world_stop();
}

TEST_TORTURE(without_memory_a_signal_arrives_without_its_story)
{
    siginfo_t info;

    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    block(p->leader, ~0ull);
    CHECK_EQ(queue(p, SIGUSR1, 7), 0);
    CHECK_EQ(signal_dequeue(~0ull, &info), SIGUSR1);
    CHECK_EQ(info.si_int, fault_injected() ? 0 : 7);
    proc_world_stop();
}

TEST(a_fatal_signal_ends_all_threads_at_once)
{
    proc_world_start();
    struct process *p = world_process(NULL);
    struct thread *other = world_thread(p);

    CHECK_EQ(send(p, SIGTERM), 0);
    CHECK(p->sig.group_exit);
    CHECK_EQ(p->exit_status, SIGTERM);
    CHECK(thread_has_work(p->leader, WORK_EXIT));
    CHECK(thread_has_work(other, WORK_EXIT));
    CHECK_EQ(send(p, SIGKILL), 0);               /* the first one counts                    */
    CHECK_EQ(p->exit_status, SIGTERM);
    proc_world_stop();
}

TEST(sigkill_cannot_be_blocked)
{
    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    signal_set_blocked(p->leader, ~0ull);
    world_run(NULL);
    CHECK_EQ(send(p, SIGKILL), 0);
    CHECK(p->sig.group_exit);
    proc_world_stop();
}

TEST(stop_signals_and_sigcont_cancel_each_other)
{
    proc_world_start();
    struct process *p = world_process(NULL);

    block(p->leader, ~0ull);
    CHECK_EQ(send(p, SIGTSTP), 0);
    CHECK_EQ(send(p, SIGTTIN), 0);
    CHECK_EQ(send(p, SIGCONT), 0);
    CHECK_EQ(p->sig.queue.bits, sig_bit(SIGCONT));
    CHECK_EQ(send(p, SIGTSTP), 0);
    CHECK_EQ(p->sig.queue.bits, sig_bit(SIGTSTP));
    proc_world_stop();
}

/* Let t come to the way out of the kernel while its process stops: it would sleep there. */
static int continue_meanwhile(enum park_how how, u64 deadline_ns)
{
    (void)how;
    (void)deadline_ns;
    return 0;
}

TEST(a_process_is_stopped_when_its_last_thread_has)
{
    proc_world_start();
    struct process *parent = world_process(NULL);
    struct process *p = world_process(parent);
    struct thread *other = world_thread(p);

    proc_world.on_park = continue_meanwhile;
    catch (parent, SIGCHLD);
    world_run(p->leader);
    p->sig.stop_dequeued = true;
    signal_stop_begin(p->leader, SIGSTOP);
    CHECK(thread_has_work(p->leader, WORK_STOP));
    CHECK(thread_has_work(other, WORK_STOP));
    CHECK_EQ(p->sig.stop_left, 2);

    spin_lock(&p->sig.lock);                     /* one of them ends instead                */
    CHECK(!signal_stop_leave_locked(p, other));
    CHECK(!p->sig.stopped);
    spin_unlock(&p->sig.lock);

    thread_add_work(p->leader, WORK_EXIT);       /* so that it does not sleep for ever      */
    signal_stop_here(p->leader);
    CHECK(p->sig.stopped);
    CHECK(p->sig.report_stop);
    CHECK(parent->sig.queue.bits & sig_bit(SIGCHLD));

    world_run(NULL);
    CHECK_EQ(send(p, SIGCONT), 0);
    CHECK(!p->sig.stopped);
    CHECK(p->sig.report_continue);
    proc_world_stop();
}

TEST(a_handler_that_is_reset_when_it_runs_runs_once)
{
    siginfo_t info;
    struct sig_action old;
    struct sig_action once = { .handler = HANDLER, .flags = SA_RESETHAND, .mask = ~0ull };

    proc_world_start();
    struct process *p = world_process(NULL);

    world_run(p->leader);
    signal_action_swap(p->leader, SIGUSR1, &once, &old);
    CHECK_EQ(old.handler, (u64)SIG_DFL);
    CHECK_EQ(p->sig.hand->action[SIGUSR1 - 1].mask, ~SIG_UNBLOCKABLE);
    block(p->leader, sig_bit(SIGUSR1));
    CHECK_EQ(send(p, SIGUSR1), 0);
    CHECK_EQ(signal_dequeue(sig_bit(SIGUSR1), &info), SIGUSR1);
    /* Only entering the handler resets it, not sigwait(2). */
    CHECK_EQ(p->sig.hand->action[SIGUSR1 - 1].handler, HANDLER);
    proc_world_stop();
}

TEST(ignoring_a_signal_drops_it_everywhere)
{
    struct sig_action ignore = { .handler = (u64)SIG_IGN }, old;
    siginfo_t own = info_of(SIGUSR1, SI_TKILL, 0);

    proc_world_start();
    struct process *p = world_process(NULL);
    struct thread *other = world_thread(p);

    block(p->leader, ~0ull);
    block(other, ~0ull);
    CHECK_EQ(send(p, SIGUSR1), 0);
    CHECK_EQ(signal_send_thread(other, &own), 0);
    CHECK_EQ(send(p, SIGUSR2), 0);
    world_run(p->leader);
    signal_action_swap(p->leader, SIGUSR1, &ignore, &old);
    CHECK_EQ(p->sig.queue.bits, sig_bit(SIGUSR2));
    CHECK_EQ(other->priv->queue.bits, 0);
    proc_world_stop();
}

TEST(ordinary_users_may_signal_their_own)
{
    proc_world_start();
    struct process *a = world_process(NULL), *b = world_process(NULL), *c = world_process(a);

    a->leader->cred->uid = a->leader->cred->euid = 1000;
    a->leader->cred->cap_effective = 0;
    b->leader->cred->uid = b->leader->cred->suid = 1001;
    world_run(a->leader);
    CHECK_EQ(signal_may_send(b, SIGTERM), -EPERM);
    CHECK_EQ(signal_may_send(c, SIGTERM), -EPERM);
    CHECK_EQ(signal_may_send(c, SIGCONT), 0);    /* the same session                        */
    CHECK_EQ(signal_may_send(b, SIGCONT), -EPERM);
    b->leader->cred->suid = 1000;
    CHECK_EQ(signal_may_send(b, SIGTERM), 0);
    proc_world_stop();
}
