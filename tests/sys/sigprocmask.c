/* SPDX-License-Identifier: MIT */
/* covers: rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait pause */
/*
 * Blocking signals, and waiting for them.
 */
#include "tests/sys/sys.h"

static volatile sig_atomic_t count;

static void on_signal(UNUSED int signal)
{
    count++;
}

static bool blocked(int signal)
{
    sigset_t now;

    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    return sigismember(&now, signal) == 1;
}

TEST(block_unblock_and_set)
{
    sigset_t set = signal_set(SIGUSR1), old;

    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK(!sigismember(&old, SIGUSR1));
    CHECK(blocked(SIGUSR1));
    set = signal_set(SIGUSR2);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK(sigismember(&old, SIGUSR1));
    CHECK(blocked(SIGUSR1) && blocked(SIGUSR2));
    CHECK_EQ(sigprocmask(SIG_SETMASK, &set, NULL), 0);
    CHECK(!blocked(SIGUSR1) && blocked(SIGUSR2));
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
    CHECK(!blocked(SIGUSR2));
}

TEST(kill_and_stop_are_never_blocked)
{
    sigset_t all;

    sigfillset(&all);
    CHECK_OK(sigprocmask(SIG_SETMASK, &all, NULL));
    CHECK(!blocked(SIGKILL));
    CHECK(!blocked(SIGSTOP));
    CHECK(blocked(SIGTERM));
}

TEST(raw_arguments_are_checked)
{
    uint64_t set = 0;

    CHECK_ERR(syscall(SYS_rt_sigprocmask, 3, &set, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD_POINTER, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD_POINTER, 8), EFAULT);
    CHECK_OK(syscall(SYS_rt_sigprocmask, 99, NULL, NULL, 8)); /* how counts only with a set */
    CHECK_ERR(syscall(SYS_rt_sigpending, &set, 16), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigpending, BAD_POINTER, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigsuspend, BAD_POINTER, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, BAD_POINTER, NULL, NULL, 8), EFAULT);
}

TEST(blocked_signals_wait_and_come_before_unblock_returns)
{
    count = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_OK(kill(getpid(), SIGUSR1));           /* a second one is merged                  */
    CHECK(signal_pending(SIGUSR1));
    CHECK_EQ(count, 0);
    signal_unblock(SIGUSR1);
    CHECK_EQ(count, 1);
    CHECK(!signal_pending(SIGUSR1));
}

static atomic_bool stop, go;

static void *mask_thread(UNUSED void *arg)
{
    CHECK(blocked(SIGUSR1));                     /* inherited from the creator              */
    signal_unblock(SIGUSR1);
    go = true;
    while (!stop)
        sleep_ms(1);
    return NULL;
}

TEST(each_thread_has_a_mask_and_the_process_finds_the_open_one)
{
    count = 0;
    stop = go = false;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    pthread_t t = thread_start(mask_thread, NULL);
    while (!go)
        sleep_ms(1);
    CHECK(blocked(SIGUSR1));
    CHECK_OK(kill(getpid(), SIGUSR1));           /* for anyone: the thread takes it         */
    while (!count)
        sleep_ms(1);
    CHECK_OK(raise(SIGUSR1));                    /* for me: waits                           */
    CHECK(signal_pending(SIGUSR1));
    CHECK_EQ(count, 1);
    stop = true;
    thread_join(t);
}

CHILD(report_mask)
{
    return blocked(SIGUSR1) && !blocked(SIGUSR2) && signal_pending(SIGUSR1) == (argc > 0) ? 0 : 1;
}

TEST(mask_is_inherited_and_pending_signals_are_not)
{
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EXIT(child_start("report_mask"), 0);
}

static void *kill_soon(void *thread)
{
    settle();
    CHECK_EQ(pthread_kill(*(pthread_t *)thread, SIGUSR1), 0);
    return NULL;
}

TEST(suspend_swaps_the_mask_and_returns_after_the_handler)
{
    sigset_t none = signal_set(0);
    pthread_t self = pthread_self();

    count = 0;
    signal_handle(SIGUSR1, on_signal, SA_RESTART);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_ERR(sigsuspend(&none), EINTR);
    CHECK_EQ(count, 1);
    CHECK(blocked(SIGUSR1));
    pthread_t t = thread_start(kill_soon, &self);
    CHECK_ERR(sigsuspend(&none), EINTR);
    CHECK_EQ(count, 2);
    thread_join(t);
}

TEST(pause_returns_after_a_handler)
{
    pthread_t self = pthread_self();

    count = 0;
    signal_handle(SIGUSR1, on_signal, SA_RESTART);
    pthread_t t = thread_start(kill_soon, &self);
    CHECK_ERR(pause(), EINTR);
    CHECK_EQ(count, 1);
    thread_join(t);
}

TEST(timedwait_takes_a_pending_signal)
{
    sigset_t set = signal_set(SIGUSR1);
    siginfo_t info;

    signal_block(SIGUSR1);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }), SIGUSR1);
    CHECK_EQ(info.si_signo, SIGUSR1);
    CHECK_EQ(info.si_code, SI_USER);
    CHECK_EQ(info.si_pid, getpid());
    CHECK(!signal_pending(SIGUSR1));
    CHECK_ERR(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }), EAGAIN);
}

TEST(timedwait_times_out)
{
    sigset_t set = signal_set(SIGUSR1);
    struct timespec ts = { 0, 20 * MS };

    signal_block(SIGUSR1);
    int64_t start = now_ns();
    CHECK_ERR(sigtimedwait(&set, NULL, &ts), EAGAIN);
    CHECK(now_ns() - start >= 20 * MS);
    ts.tv_nsec = SEC;
    CHECK_ERR(sigtimedwait(&set, NULL, &ts), EINVAL);
}

TEST(wait_sleeps_until_the_signal_comes)
{
    sigset_t set = signal_set(SIGUSR1);
    pthread_t self = pthread_self();
    int got = 0;

    signal_block(SIGUSR1);
    pthread_t t = thread_start(kill_soon, &self);
    CHECK_EQ(sigwait(&set, &got), 0);
    CHECK_EQ(got, SIGUSR1);
    thread_join(t);
    t = thread_start(kill_soon, &self);
    siginfo_t info;
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR1);
    CHECK_EQ(info.si_pid, getpid());
    thread_join(t);
}

TEST(timedwait_is_interrupted_by_other_signals)
{
    sigset_t set = signal_set(SIGUSR2);
    pthread_t self = pthread_self();

    count = 0;
    signal_handle(SIGUSR1, on_signal, SA_RESTART);
    signal_block(SIGUSR2);
    pthread_t t = thread_start(kill_soon, &self);
    struct timespec ts = { 10, 0 };
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8), EINTR); /* musl goes on waiting */
    CHECK_EQ(count, 1);
    thread_join(t);
}

static void *wait_for_usr1(void *set)
{
    int got = 0;

    CHECK_EQ(sigwait(set, &got), 0);
    return (void *)(long)got;
}

TEST(waiting_thread_gets_the_process_signal_although_all_block_it)
{
    sigset_t set = signal_set(SIGUSR1);

    signal_block(SIGUSR1);
    pthread_t t = thread_start(wait_for_usr1, &set);
    settle();
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(thread_join(t), SIGUSR1);
}
