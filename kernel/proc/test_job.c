/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/proc/job.h"
#include "kernel/proc/test_world.h"
#include "targets/sim/machine.h"
#include "tests/unit/fault.h"
#include "tests/unit/test.h"

static int setpgid_ok(pid_t pid, pid_t pgid)
{
    int err;

    machine.quiet = true;
    err = job_setpgid(pid, pgid);
    machine.quiet = false;
    return err;
}

TEST(a_child_gets_a_group_of_its_own_and_siblings_join_it)
{
    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh), *b = world_process(sh);

    world_run(sh->leader);
    CHECK_EQ(job_getpgid(a->pid), sh->pid);
    CHECK_EQ(setpgid_ok(a->pid, 0), 0);
    CHECK_EQ(setpgid_ok(b->pid, a->pid), 0);
    CHECK_EQ(job_getpgid(b->pid), a->pid);
    CHECK_EQ(job_getsid(b->pid), sh->pid);
    CHECK_EQ(job_setpgid(b->pid, 9999), -EPERM);
    CHECK_EQ(job_setpgid(sh->pid, a->pid), -EPERM); /* a session leader                     */
    CHECK_EQ(job_setpgid(1, 0), -ESRCH);
    CHECK_EQ(job_setpgid(0, -1), -EINVAL);
    a->has_execed = true;
    CHECK_EQ(job_setpgid(a->pid, sh->pid), -EACCES);
    proc_world_stop();
}

TEST(groups_do_not_reach_across_sessions)
{
    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh), *other = world_process(NULL);

    world_run(a->leader);
    CHECK_EQ(job_setpgid(0, other->pid), -EPERM);
    machine.quiet = true;
    CHECK_EQ(job_setsid(), a->pid);
    machine.quiet = false;
    CHECK_EQ(job_setsid(), -EPERM);              /* it leads a group already                */
    world_run(sh->leader);
    CHECK_EQ(job_setpgid(a->pid, sh->pid), -EPERM);
    proc_world_stop();
}

TEST_TORTURE(a_group_that_cannot_be_made_changes_nothing)
{
    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh);
    int err;

    world_run(sh->leader);
    err = job_setpgid(a->pid, a->pid);
    CHECK_EQ(err, fault_injected() ? -ENOMEM : 0);
    CHECK_EQ(job_getpgid(a->pid), fault_injected() ? sh->pid : a->pid);
    proc_world_stop();
}

TEST(signals_reach_every_member_of_a_group)
{
    siginfo_t info;

    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh), *b = world_process(sh);

    world_run(sh->leader);
    CHECK_EQ(setpgid_ok(a->pid, 0), 0);
    CHECK_EQ(setpgid_ok(b->pid, a->pid), 0);
    siginfo_user(&info, SIGTERM, SI_USER);
    CHECK_EQ(job_kill(a->pid, &info), 0);
    CHECK(a->sig.group_exit && b->sig.group_exit && !sh->sig.group_exit);
    CHECK_EQ(job_kill(9999, &info), -ESRCH);
    proc_world_stop();
}

TEST(a_group_is_orphaned_when_nobody_in_the_session_is_its_parent)
{
    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh), *b = world_process(a);

    world_run(sh->leader);
    CHECK(!job_is_orphaned(sh->pid));            /* whoever started us could continue it    */
    CHECK_EQ(setpgid_ok(a->pid, 0), 0);
    CHECK(!job_is_orphaned(a->pid));
    world_run(a->leader);
    CHECK_EQ(setpgid_ok(b->pid, 0), 0);
    CHECK(!job_is_orphaned(b->pid));
    b->adopted = true;                           /* its parent has ended                    */
    CHECK(job_is_orphaned(b->pid));
    proc_world_stop();
}

TEST(a_stopped_group_that_is_orphaned_is_hung_up)
{
    struct kicks k = KICKS_INIT;

    proc_world_start();
    struct process *sh = world_process(NULL), *a = world_process(sh), *b = world_process(a);

    world_run(a->leader);
    CHECK_EQ(setpgid_ok(b->pid, 0), 0);
    b->sig.stopped = true;
    b->sig.stop_signo = SIGTSTP;
    b->sig.hand->action[SIGHUP - 1].handler = 0x400000;
    b->adopted = true;
    job_orphan_check_locked(b, a, NULL, &k);
    kicks_run(&k);
    CHECK(b->sig.queue.bits & sig_bit(SIGHUP));
    CHECK(!b->sig.stopped);                      /* SIGCONT has come, too                   */
    proc_world_stop();
}
