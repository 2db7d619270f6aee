/* SPDX-License-Identifier: MIT */
/* covers: kill getpid getppid pidfd_open pidfd_send_signal pidfd_getfd */
/*
 * kill(2) and descriptors of processes.
 */
#include <poll.h>

#include "tests/sys/sys.h"

static volatile sig_atomic_t count;

static void on_signal(UNUSED int signal)
{
    count++;
}

CHILD(wait_here)
{
    if (argc > 0)
        CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    for (;;)
        pause();
    return 0;
}

static pid_t start_waiting(void)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    pid_t pid = child_start("wait_here", number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_OK(close(p[0]));
    CHECK_OK(close(p[1]));
    return pid;
}

TEST(self)
{
    count = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(count, 1);                          /* delivered before kill returns           */
    CHECK_OK(kill(getpid(), 0));
}

TEST(errors)
{
    CHECK_ERR(kill(getpid(), 65), EINVAL);
    CHECK_ERR(kill(getpid(), -1), EINVAL);
    CHECK_ERR(kill(4194303, 0), ESRCH);
    CHECK_ERR(kill(-4194303, 0), ESRCH);
    CHECK_ERR(kill(INT_MIN, 0), ESRCH);
}

TEST(children_are_killed_and_zombies_still_exist)
{
    siginfo_t info;

    pid_t pid = start_waiting();
    CHECK_OK(kill(pid, 0));
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    CHECK_OK(kill(pid, 0));                      /* a zombie can be signalled               */
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_KILLED(pid, SIGKILL);
    CHECK_ERR(kill(pid, 0), ESRCH);
}

CHILD(kill_other_user)
{
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(kill(getppid(), 0), EPERM);
    CHECK_ERR(kill(getppid(), SIGTERM), EPERM);
    CHECK_OK(kill(getpid(), 0));
    return 0;
}

TEST(ordinary_users_cannot_signal_others)
{
    need_root();
    CHECK_EXIT(child_start("kill_other_user"), 0);
}

TEST(pidfd_reports_the_end)
{
    pid_t pid = start_waiting();
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct pollfd p = { fd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 0), 0);
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
    CHECK_EQ(poll(&p, 1, 10000), 1);
    CHECK(p.revents & POLLIN);
    CHECK_KILLED(pid, SIGTERM);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), ESRCH);
}

TEST(pidfd_errors)
{
    siginfo_t info = { .si_code = SI_QUEUE, .si_signo = SIGUSR1 };

    CHECK_ERR(syscall(SYS_pidfd_open, 4194303, 0), ESRCH);
    CHECK_ERR(syscall(SYS_pidfd_open, -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_pidfd_open, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_pidfd_open, getpid(), 0x40000000), EINVAL);
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 65, NULL, 0), EINVAL);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGUSR2, &info, 0), EINVAL);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0x40000000), EINVAL);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, 1, SIGUSR1, NULL, 0), EBADF);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0), EBADF);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, BAD_POINTER, 0), EFAULT);
}

TEST(pidfd_getfd_copies_a_descriptor)
{
    char c;
    int p[2];

    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    CHECK_OK(pipe(p));
    int copy = (int)syscall(SYS_pidfd_getfd, self, p[1], 0);
    CHECK_OK(copy);
    CHECK(copy != p[1]);
    CHECK_EQ(fcntl(copy, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(copy, "x", 1), 1);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_ERR(syscall(SYS_pidfd_getfd, self, 500, 0), EBADF);
    CHECK_ERR(syscall(SYS_pidfd_getfd, p[0], 0, 0), EBADF);
    CHECK_ERR(syscall(SYS_pidfd_getfd, self, 0, 1), EINVAL);
}

TEST(pidfd_getfd_of_a_child)
{
    char buf[8] = "";
    int p[2];

    CHECK_OK(pipe(p));
    pid_t pid = start_waiting();
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    int copy = (int)syscall(SYS_pidfd_getfd, fd, p[0], 0); /* inherited under that number   */
    CHECK_OK(copy);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(read(copy, buf, sizeof(buf)), 3);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
}
