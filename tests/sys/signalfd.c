/* SPDX-License-Identifier: MIT */
/* covers: signalfd signalfd4 */
/*
 * signalfd(2).
 */
#include <poll.h>
#include <sys/signalfd.h>

#include "tests/sys/sys.h"

static int open_for(int a, int b, int flags)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, a);
    if (b)
        sigaddset(&set, b);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    int fd = signalfd(-1, &set, flags);
    CHECK_OK(fd);
    return fd;
}

TEST(pending_signals_are_read_with_their_origin)
{
    struct signalfd_siginfo info;

    int fd = open_for(SIGUSR1, 0, SFD_NONBLOCK);
    CHECK_ERR(read(fd, &info, sizeof(info)), EAGAIN);
    CHECK_OK(kill(getpid(), SIGUSR1));
    struct pollfd p = { fd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    CHECK_EQ(info.ssi_code, SI_USER);
    CHECK_EQ(info.ssi_pid, getpid());
    CHECK_EQ(info.ssi_uid, getuid());
    CHECK(!signal_pending(SIGUSR1));
    CHECK_EQ(poll(&p, 1, 0), 0);
}

TEST(queued_values_come_in_order)
{
    struct signalfd_siginfo info[3];

    int fd = open_for(SIGRTMIN, SIGRTMIN + 1, SFD_NONBLOCK);
    CHECK_OK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 1 }));
    CHECK_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 2 }));
    CHECK_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 3 }));
    CHECK_EQ(read(fd, info, sizeof(info)), sizeof(info));
    CHECK_EQ(info[0].ssi_int, 2);
    CHECK_EQ(info[1].ssi_int, 3);
    CHECK_EQ(info[2].ssi_int, 1);
    CHECK_EQ(info[0].ssi_code, SI_QUEUE);
}

TEST(only_the_mask_is_read_and_it_can_change)
{
    struct signalfd_siginfo info;
    sigset_t set = signal_set(SIGUSR2);

    int fd = open_for(SIGUSR1, 0, SFD_NONBLOCK);
    signal_block(SIGUSR2);
    CHECK_OK(kill(getpid(), SIGUSR2));
    CHECK_ERR(read(fd, &info, sizeof(info)), EAGAIN);
    CHECK_EQ(signalfd(fd, &set, 0), fd);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_signo, SIGUSR2);
}

static void *signal_soon(void *thread)
{
    settle();
    CHECK_EQ(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
    return NULL;
}

TEST(read_waits)
{
    struct signalfd_siginfo info;
    pthread_t self = pthread_self();

    int fd = open_for(SIGUSR1, 0, 0);
    pthread_t t = thread_start(signal_soon, &self);
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    CHECK_EQ(info.ssi_code, SI_TKILL);
    thread_join(t);
}

CHILD(exit_seven)
{
    return 7;
}

TEST(child_exit_is_reported)
{
    struct signalfd_siginfo info;

    int fd = open_for(SIGCHLD, 0, 0);
    pid_t pid = child_start("exit_seven");
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ssi_signo, SIGCHLD);
    CHECK_EQ(info.ssi_code, CLD_EXITED);
    CHECK_EQ(info.ssi_pid, pid);
    CHECK_EQ(info.ssi_status, 7);
    CHECK_EXIT(pid, 7);
}

TEST(errors)
{
    char small[64];
    sigset_t set = signal_set(SIGUSR1);

    int fd = open_for(SIGUSR1, 0, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERR(read(fd, small, sizeof(small)), EINVAL);
    CHECK_ERR(write(fd, small, sizeof(small)), EINVAL);
    CHECK_ERR(signalfd(-1, &set, 0x40000000), EINVAL);
    CHECK_ERR(signalfd(1, &set, 0), EINVAL);
    CHECK_ERR(signalfd(500, &set, 0), EBADF);
    CHECK_ERR(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
    CHECK_ERR(syscall(SYS_signalfd4, -1, BAD_POINTER, 8, 0), EFAULT);
    CHECK_OK(syscall(SYS_signalfd, -1, &set, 8));
}
