/* SPDX-License-Identifier: MIT */
/* covers: setpgid getpgid getpgrp setsid getsid kill */
/*
 * Process groups, sessions and orphans.
 */
#include <sys/prctl.h>

#include "tests/sys/sys.h"

TEST(group_and_session_ids)
{
    CHECK_EQ(getpgid(0), getpgrp());
    CHECK_EQ(getpgid(getpid()), getpgrp());
    CHECK_EQ(getsid(0), getsid(getpid()));
    CHECK_ERR(getpgid(4194303), ESRCH);
    CHECK_ERR(getsid(4194303), ESRCH);
    CHECK_ERR(getpgid(-1), ESRCH);
}

/* Make a group of our own, say so on fd argv[0], wait for a signal. */
CHILD(own_group)
{
    CHECK_OK(setpgid(0, 0));
    CHECK_EQ(getpgrp(), getpid());
    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    for (;;)
        pause();
    return 0;
}

CHILD(wait_for_signal)
{
    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    for (;;)
        pause();
    return 0;
}

static pid_t start(const char *name)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    pid_t pid = child_start(name, number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_OK(close(p[0]));
    CHECK_OK(close(p[1]));
    return pid;
}

TEST(signals_to_a_group_reach_its_members_only)
{
    int status;

    pid_t leader = start("own_group");
    pid_t outsider = start("wait_for_signal");
    CHECK_EQ(getpgid(leader), leader);
    CHECK_EQ(getpgid(outsider), getpgrp());
    CHECK_OK(kill(-leader, 0));
    CHECK_OK(kill(-leader, SIGTERM));
    CHECK_KILLED(leader, SIGTERM);
    CHECK_EQ(waitpid(outsider, &status, WNOHANG), 0);
    CHECK_ERR(kill(-leader, 0), ESRCH);
    CHECK_OK(kill(outsider, SIGKILL));
    CHECK_KILLED(outsider, SIGKILL);
}

static volatile sig_atomic_t got;

static void on_signal(UNUSED int signal)
{
    got++;
}

/* Makes a group and a child in it, then signals the group by kill(0). */
CHILD(kills_its_group)
{
    CHECK_OK(setpgid(0, 0));
    pid_t pid = start("wait_for_signal");
    CHECK_EQ(getpgid(pid), getpid());
    signal_handle(SIGUSR1, on_signal, 0);
    CHECK_OK(kill(0, SIGUSR1));
    CHECK_EQ(got, 1);
    CHECK_KILLED(pid, SIGUSR1);
    return 0;
}

TEST(kill_zero_means_the_own_group)
{
    CHECK_EXIT(child_start("kills_its_group"), 0);
}

TEST(setpgid_of_children)
{
    pid_t a = start("own_group");

    /* A child that has executed a program can be moved no more. */
    CHECK_ERR(setpgid(a, getpgrp()), EACCES);
    CHECK_ERR(setpgid(0, a + 100000), EPERM);
    CHECK_ERR(setpgid(0, -1), EINVAL);
    CHECK_ERR(setpgid(-1, 0), EINVAL);
    CHECK_ERR(setpgid(4194303, 0), ESRCH);
    CHECK_ERR(setpgid(getppid(), 0), ESRCH);
    CHECK_OK(kill(a, SIGKILL));
    CHECK_KILLED(a, SIGKILL);
    /* Before exec it can: vfork's child moves itself. */
    volatile pid_t group = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        if (setpgid(0, 0) == 0)
            group = getpgid(0);
        _exit(0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(group, pid);
}

CHILD(new_session)
{
    pid_t pid = getpid();

    CHECK_EQ(setsid(), pid);
    CHECK_EQ(getsid(0), pid);
    CHECK_EQ(getpgrp(), pid);
    CHECK_ERR(setsid(), EPERM);                  /* a group leader already                  */
    CHECK_ERR(setpgid(0, 0), EPERM);             /* a session leader stays where it is      */
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    return 0;
}

TEST(new_sessions)
{
    CHECK_EXIT(child_start("new_session"), 0);
}

CHILD(is_leader_already)
{
    CHECK_OK(setpgid(0, 0));
    CHECK_ERR(setsid(), EPERM);
    return 0;
}

TEST(group_leaders_cannot_start_a_session)
{
    CHECK_EXIT(child_start("is_leader_already"), 0);
}

/* Waits for the end of its parent, then writes its new parent's pid to fd. */
CHILD(orphan)
{
    pid_t parent = atoi(argv[1]), now;

    while ((now = getppid()) == parent)
        sleep_ms(1);
    CHECK_EQ(write(atoi(argv[0]), &now, sizeof(now)), sizeof(now));
    return 33;
}

CHILD(leaves_an_orphan)
{
    child_start("orphan", argv[0], number(getpid()));
    return 0;
}

TEST(orphans_go_to_the_nearest_subreaper)
{
    int p[2], status;
    pid_t parent = 0;

    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    CHECK_OK(pipe(p));
    CHECK_EXIT(child_start("leaves_an_orphan", number(p[1])), 0);
    CHECK_EQ(read(p[0], &parent, sizeof(parent)), sizeof(parent));
    CHECK_EQ(parent, getpid());
    CHECK(waitpid(-1, &status, 0) > 0);
    CHECK_EQ(WEXITSTATUS(status), 33);
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
}

/* Stops in a group that becomes orphaned when its parent ends. */
CHILD(stopped_member)
{
    signal_handle(SIGHUP, on_signal, 0);
    kill(getpid(), SIGSTOP);
    /* Continued: the kernel sent SIGHUP and SIGCONT to the orphaned group. */
    for (int i = 0; i < 1000 && !got; i++)
        sleep_ms(1);
    CHECK_EQ(write(atoi(argv[0]), got ? "h" : "-", 1), 1);
    return 0;
}

CHILD(orphans_a_stopped_group)
{
    int status;

    CHECK(setsid() > 0);
    posix_spawnattr_t attr;
    CHECK_EQ(posix_spawnattr_init(&attr), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
    CHECK_EQ(posix_spawnattr_setpgroup(&attr, 0), 0);
    pid_t pid = child_spawn(NULL, &attr, "stopped_member", argv[0], NULL);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status));
    return 0;
}

TEST(stopped_groups_are_hung_up_when_orphaned)
{
    int p[2];
    char c = 0;

    CHECK_OK(pipe(p));
    CHECK_EXIT(child_start("orphans_a_stopped_group", number(p[1])), 0);
    CHECK_OK(close(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(c, 'h');
}

CHILD(dies_with_parent)
{
    CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    signal_handle(SIGUSR1, on_signal, 0);
    CHECK_EQ(write(atoi(argv[1]), "x", 1), 1);
    for (int i = 0; i < 10000 && !got; i++)
        sleep_ms(1);
    CHECK_EQ(write(atoi(argv[0]), got ? "d" : "-", 1), 1);
    return 0;
}

CHILD(leaves_one_with_pdeathsig)
{
    int p[2];
    char c;

    CHECK_OK(pipe(p));
    child_start("dies_with_parent", argv[0], number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    return 0;
}

TEST(pdeathsig_is_sent_when_the_parent_ends)
{
    int p[2];
    char c = 0;

    CHECK_OK(pipe(p));
    CHECK_EXIT(child_start("leaves_one_with_pdeathsig", number(p[1])), 0);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(c, 'd');
}
