/* SPDX-License-Identifier: MIT */
/* covers: rt_sigqueueinfo rt_tgsigqueueinfo */
/*
 * Queued signals: order, values, limits, forgery.
 */
#include <sys/resource.h>

#include "tests/sys/sys.h"

enum { MOST = 64 };
static volatile struct {
    int signal, value, code;
} got[MOST];
static volatile sig_atomic_t count;

static void on_info(int signal, siginfo_t *info, UNUSED void *context)
{
    if (count < MOST) {
        got[count].signal = signal;
        got[count].value = info->si_value.sival_int;
        got[count].code = info->si_code;
    }
    count++;
}

/* Handlers that do not interrupt each other, so that they run in order of delivery. */
static void handle_all(void)
{
    struct sigaction action = { .sa_sigaction = on_info, .sa_flags = SA_SIGINFO };

    count = 0;
    sigfillset(&action.sa_mask);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
        CHECK_OK(sigaction(s, &action, NULL));
}

static void block_all(int how)
{
    sigset_t all;

    sigfillset(&all);
    CHECK_EQ(pthread_sigmask(how, &all, NULL), 0);
}

static int queue(int signal, int value)
{
    return sigqueue(getpid(), signal, (union sigval){ .sival_int = value });
}

TEST(real_time_signals_queue_and_keep_their_values)
{
    handle_all();
    block_all(SIG_BLOCK);
    for (int i = 0; i < 5; i++)
        CHECK_OK(queue(SIGRTMIN, 100 + i));
    block_all(SIG_UNBLOCK);
    CHECK_EQ(count, 5);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(got[i].signal, SIGRTMIN);
        CHECK_EQ(got[i].value, 100 + i);
        CHECK_EQ(got[i].code, SI_QUEUE);
    }
}

TEST(lower_numbers_come_first)
{
    handle_all();
    block_all(SIG_BLOCK);
    CHECK_OK(queue(SIGRTMIN + 2, 1));
    CHECK_OK(queue(SIGRTMIN, 2));
    CHECK_OK(queue(SIGRTMIN + 1, 3));
    CHECK_OK(queue(SIGRTMIN, 4));
    CHECK_OK(queue(SIGUSR1, 5));
    block_all(SIG_UNBLOCK);
    CHECK_EQ(count, 5);
    static const int values[] = { 5, 2, 4, 3, 1 };
    for (int i = 0; i < 5; i++)
        CHECK_EQ(got[i].value, values[i]);
}

TEST(standard_signals_do_not_queue)
{
    handle_all();
    block_all(SIG_BLOCK);
    CHECK_OK(queue(SIGUSR1, 1));
    CHECK_OK(queue(SIGUSR1, 2));
    block_all(SIG_UNBLOCK);
    CHECK_EQ(count, 1);
    CHECK_EQ(got[0].value, 1);                   /* the first wins                          */
}

TEST(timedwait_takes_them_in_order)
{
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info;

    signal_block(SIGRTMIN);
    CHECK_OK(queue(SIGRTMIN, 7));
    CHECK_OK(queue(SIGRTMIN, 8));
    CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 7);
    CHECK(signal_pending(SIGRTMIN));
    CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){ 0, 0 }), SIGRTMIN);
    CHECK_EQ(info.si_value.sival_int, 8);
    CHECK(!signal_pending(SIGRTMIN));
}

TEST(values_hold_pointers)
{
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info;

    signal_block(SIGRTMIN);
    CHECK_OK(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_ptr = &info }));
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK(info.si_value.sival_ptr == &info);
}

CHILD(report_value)
{
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info;

    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    CHECK_EQ(info.si_pid, getppid());
    CHECK_EQ(info.si_code, SI_QUEUE);
    return info.si_value.sival_int;
}

TEST(values_reach_other_processes)
{
    int p[2];
    char c;

    CHECK_OK(pipe(p));
    signal_block(SIGRTMIN);                      /* the child inherits it                   */
    pid_t pid = child_start("report_value", number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_OK(sigqueue(pid, SIGRTMIN, (union sigval){ .sival_int = 55 }));
    CHECK_EXIT(pid, 55);
}

TEST(errors)
{
    siginfo_t info = { .si_code = SI_QUEUE };

    CHECK_ERR(queue(65, 0), EINVAL);
    CHECK_ERR(queue(-1, 0), EINVAL);
    CHECK_OK(queue(0, 0));
    CHECK_ERR(sigqueue(4194303, SIGUSR1, (union sigval){ 0 }), ESRCH);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, -1, getpid(), SIGUSR1, &info), EINVAL);
    CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getpid(), 4194303, SIGUSR1, &info), ESRCH);
}

TEST(kernel_codes_cannot_be_forged_for_others)
{
    siginfo_t info = { .si_code = SI_USER };

    /* Signal 0 would be enough to be refused; it does no harm if it is not. */
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info), EPERM);
    info.si_code = SI_TKILL;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info), EPERM);
    info.si_code = SI_KERNEL;
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &info), EPERM);
}

TEST(own_queue_takes_any_code)
{
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info = { .si_code = 1234 }, back;

    signal_block(SIGRTMIN);
    info.si_value.sival_int = 9;
    CHECK_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN, &info));
    CHECK_EQ(sigwaitinfo(&set, &back), SIGRTMIN);
    CHECK_EQ(back.si_code, 1234);
    CHECK_EQ(back.si_signo, SIGRTMIN);           /* filled in by the kernel                 */
}

TEST(thread_directed_queue)
{
    sigset_t set = signal_set(SIGRTMIN);
    siginfo_t info = { .si_code = SI_QUEUE }, back;

    signal_block(SIGRTMIN);
    info.si_value.sival_int = 77;
    CHECK_OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN, &info));
    CHECK_EQ(sigwaitinfo(&set, &back), SIGRTMIN);
    CHECK_EQ(back.si_value.sival_int, 77);
}

CHILD(fill_the_queue)
{
    struct rlimit limit = { 10, 10 };
    int queued = 0;

    block_all(SIG_BLOCK);
    uid_t uid = 100000 + (uid_t)getpid();        /* the count is per user: one nobody else has */
    CHECK_OK(setresuid(uid, uid, uid));
    CHECK_OK(setrlimit(RLIMIT_SIGPENDING, &limit));
    while (queued < 100 && queue(SIGRTMIN, queued) == 0)
        queued++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(queued >= 9 && queued <= 11);
    CHECK_OK(kill(getpid(), SIGUSR1));           /* standard signals get through, without a queue entry */
    CHECK(signal_pending(SIGUSR1));
    return 0;
}

TEST(queue_is_limited)
{
    need_root();
    CHECK_EXIT(child_start("fill_the_queue"), 0);
}
