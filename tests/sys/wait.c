/* SPDX-License-Identifier: MIT */
/* covers: wait4 waitid */
/*
 * Waiting for children: who, for what, and what is reported.
 */
#include <poll.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

CHILD(exit_with)
{
    return atoi(argv[0]);
}

CHILD(wait_for_signal)
{
    for (;;)
        pause();
    return 0;
}

CHILD(kill_self)
{
    kill(getpid(), atoi(argv[0]));
    return 0;
}

TEST(status_words)
{
    int status;

    pid_t pid = child_start("exit_with", "200");
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    child_forget(pid);
    CHECK_EQ(status, 200 << 8);
    pid = child_start("kill_self", number(SIGTERM));
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    child_forget(pid);
    CHECK_EQ(status, SIGTERM);
    pid = child_start("kill_self", number(SIGABRT));
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    child_forget(pid);
    CHECK_EQ(status & 0x7f, SIGABRT);            /* 0x80 tells of a core file               */
}

TEST(nohang_answers_at_once)
{
    int status = 77;

    pid_t pid = child_start("wait_for_signal");
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(status, 77);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
    CHECK_ERR(waitpid(pid, &status, WNOHANG), ECHILD);
}

TEST(any_child_and_a_certain_one)
{
    int status;

    pid_t a = child_start("exit_with", "1"), b = child_start("exit_with", "2");
    CHECK_EQ(waitpid(b, &status, 0), b);
    CHECK_EQ(WEXITSTATUS(status), 2);
    CHECK_EQ(waitpid(-1, &status, 0), a);
    CHECK_EQ(WEXITSTATUS(status), 1);
    child_forget(a);
    child_forget(b);
    CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
}

TEST(errors)
{
    siginfo_t info;
    int status;

    CHECK_ERR(waitpid(-1, &status, 0), ECHILD);
    CHECK_ERR(waitpid(4194303, &status, 0), ECHILD);
    CHECK_ERR(waitpid(getppid(), &status, 0), ECHILD);
    CHECK_ERR(waitpid(-1, &status, 0x100000), EINVAL);
    CHECK_ERR(waitpid(INT_MIN, &status, 0), ESRCH);
    CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    CHECK_ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
    CHECK_ERR(waitid(P_PID, 0, &info, WEXITED), EINVAL);
    CHECK_ERR(waitid(99, 1, &info, WEXITED), EINVAL);
    CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED | 0x100000), EINVAL);
    CHECK_ERR(waitid(3 /* P_PIDFD */, 500, &info, WEXITED), EBADF);
}

TEST(null_and_bad_status_pointers)
{
    pid_t pid = child_start("exit_with", "1");
    CHECK_EQ(syscall(SYS_wait4, pid, NULL, 0, NULL), pid);
    child_forget(pid);
    pid = child_start("exit_with", "1");
    CHECK_ERR(syscall(SYS_wait4, pid, BAD_POINTER, 0, NULL), EFAULT);
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);    /* it is gone all the same                 */
    child_forget(pid);
}

TEST(stop_and_continue_are_reported_when_asked)
{
    int status;

    pid_t pid = child_start("wait_for_signal");
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
    CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0); /* once only                   */
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK_EQ(status, 0xffff);
    CHECK_OK(kill(pid, SIGTSTP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK_EQ(WSTOPSIG(status), SIGTSTP);
    CHECK_OK(kill(pid, SIGKILL));                /* kills stopped processes as well         */
    CHECK_KILLED(pid, SIGKILL);
}

TEST(stopped_processes_handle_signals_when_continued)
{
    int status;

    pid_t pid = child_start("wait_for_signal");
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_KILLED(pid, SIGTERM);
}

TEST(waitid_fills_in_siginfo)
{
    siginfo_t info;

    pid_t pid = child_start("exit_with", "7");
    memset(&info, 0xff, sizeof(info));
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED));
    child_forget(pid);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_status, 7);
    CHECK_EQ(info.si_uid, getuid());
    pid = child_start("kill_self", number(SIGKILL));
    CHECK_OK(waitid(P_ALL, 0, &info, WEXITED));
    child_forget(pid);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, SIGKILL);
}

TEST(waitid_options_and_nowait)
{
    siginfo_t info;

    pid_t pid = child_start("wait_for_signal");
    memset(&info, 0xff, sizeof(info));
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
    CHECK_EQ(info.si_pid, 0);                    /* nothing yet                             */
    CHECK_EQ(info.si_signo, 0);
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
    CHECK_EQ(info.si_code, CLD_STOPPED);
    CHECK_EQ(info.si_status, SIGSTOP);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
    CHECK_EQ(info.si_code, CLD_CONTINUED);
    CHECK_EQ(info.si_status, SIGCONT);
    CHECK_OK(kill(pid, SIGTERM));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
        CHECK_EQ(info.si_pid, pid);
    }
    CHECK_KILLED(pid, SIGTERM);
}

TEST(waitid_by_pidfd)
{
    siginfo_t info;

    pid_t pid = child_start("exit_with", "9");
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    CHECK_OK(fd);
    CHECK_OK(waitid(3 /* P_PIDFD */, (id_t)fd, &info, WEXITED));
    child_forget(pid);
    CHECK_EQ(info.si_status, 9);
}

TEST(process_groups)
{
    posix_spawnattr_t attr;
    int status;

    CHECK_EQ(posix_spawnattr_init(&attr), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
    CHECK_EQ(posix_spawnattr_setpgroup(&attr, 0), 0);
    pid_t leader = child_spawn(NULL, &attr, "exit_with", "1", NULL);
    pid_t same = child_start("exit_with", "2");
    CHECK_EQ(waitpid(0, &status, 0), same);      /* our own group                           */
    CHECK_EQ(waitpid(-leader, &status, 0), leader);
    child_forget(leader);
    child_forget(same);
    CHECK_ERR(waitpid(-leader, &status, 0), ECHILD);
}

TEST(ignoring_sigchld_leaves_no_zombies)
{
    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    pid_t pid = child_start("exit_with", "1");
    CHECK_ERR(waitpid(pid, NULL, 0), ECHILD);    /* waits for the end, then finds nobody    */
    child_forget(pid);
    CHECK_ERR(kill(pid, 0), ESRCH);
}

static volatile sig_atomic_t chld_count, chld_code, chld_status;

static void on_child(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    chld_count++;
    chld_code = info->si_code;
    chld_status = info->si_status;
}

TEST(nocldwait_reaps_and_still_signals)
{
    chld_count = 0;
    signal_handle_info(SIGCHLD, on_child, SA_NOCLDWAIT);
    pid_t pid = child_start("exit_with", "1");
    CHECK_EQ(waitpid(pid, NULL, 0), -1);
    while (!chld_count)
        sleep_ms(1);
    while (waitpid(pid, NULL, 0) != -1 || errno != ECHILD)
        ;
    child_forget(pid);
}

TEST(sigchld_comes_for_exit_stop_and_continue)
{
    int status;

    chld_count = 0;
    signal_handle_info(SIGCHLD, on_child, SA_RESTART);
    pid_t pid = child_start("wait_for_signal");
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    while (chld_count < 1)
        sleep_ms(1);
    CHECK_EQ(chld_code, CLD_STOPPED);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    while (chld_count < 2)
        sleep_ms(1);
    CHECK_EQ(chld_code, CLD_CONTINUED);
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_KILLED(pid, SIGTERM);
    while (chld_count < 3)
        sleep_ms(1);
    CHECK_EQ(chld_code, CLD_KILLED);
    CHECK_EQ(chld_status, SIGTERM);
}

TEST(nocldstop_keeps_stops_quiet)
{
    int status;

    chld_count = 0;
    signal_handle_info(SIGCHLD, on_child, SA_NOCLDSTOP | SA_RESTART);
    pid_t pid = child_start("wait_for_signal");
    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    settle();
    CHECK_EQ(chld_count, 0);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
    while (!chld_count)
        sleep_ms(1);
}

static void *start_child(void *arg)
{
    *(pid_t *)arg = child_start("exit_with", "4");
    return NULL;
}

TEST(any_thread_can_wait_for_any_threads_child)
{
    pid_t pid = 0;

    thread_join(thread_start(start_child, &pid));
    CHECK_EXIT(pid, 4);
    thread_join(thread_start(start_child, &pid));
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    child_forget(pid);
}

TEST(rusage_of_the_child)
{
    struct rusage u;
    int status;

    pid_t pid = child_start("exit_with", "0");
    memset(&u, 0xff, sizeof(u));
    CHECK_EQ(wait4(pid, &status, 0, &u), pid);
    child_forget(pid);
    CHECK(u.ru_utime.tv_sec >= 0 && u.ru_utime.tv_sec < 60);
    CHECK(u.ru_maxrss >= 0);
}
