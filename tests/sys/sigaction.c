/* SPDX-License-Identifier: MIT */
/* covers: rt_sigaction rt_sigreturn */
/*
 * sigaction(2): each flag, default actions, and what is inherited.
 */
#include <ucontext.h>

#include "tests/sys/sys.h"

static volatile sig_atomic_t count, depth, deepest, inner_mask_ok;
static siginfo_t last;

static void on_signal(UNUSED int signal)
{
    count++;
}

static void on_info(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    last = *info;
    count++;
}

TEST(handler_gets_signal_number_and_origin)
{
    count = 0;
    signal_handle_info(SIGUSR1, on_info, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(count, 1);
    CHECK_EQ(last.si_signo, SIGUSR1);
    CHECK_EQ(last.si_code, SI_USER);
    CHECK_EQ(last.si_pid, getpid());
    CHECK_EQ(last.si_uid, getuid());
    CHECK_EQ(last.si_errno, 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(last.si_code, SI_TKILL);
    CHECK_EQ(last.si_pid, getpid());
}

TEST(old_action_is_returned)
{
    struct sigaction old;

    signal_handle_info(SIGUSR1, on_info, SA_RESTART);
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_sigaction == on_info);
    CHECK_EQ(old.sa_flags & (SA_RESTART | SA_SIGINFO | SA_NODEFER), SA_RESTART | SA_SIGINFO);
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_IGN);
    CHECK_OK(sigaction(SIGUSR2, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
}

static void raise_again(int signal)
{
    count++;
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (count < 3)
        raise(signal);
    depth--;
}

TEST(signal_is_blocked_in_its_own_handler)
{
    count = depth = deepest = 0;
    signal_handle(SIGUSR1, raise_again, 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(count, 3);
    CHECK_EQ(deepest, 1);
}

TEST(nodefer_lets_it_nest)
{
    count = depth = deepest = 0;
    signal_handle(SIGUSR1, raise_again, SA_NODEFER);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(count, 3);
    CHECK_EQ(deepest, 3);
}

static void check_mask(UNUSED int signal)
{
    sigset_t now;

    pthread_sigmask(SIG_BLOCK, NULL, &now);
    inner_mask_ok = sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2) &&
                    sigismember(&now, SIGTERM) && !sigismember(&now, SIGINT);
}

TEST(mask_of_the_action_adds_to_the_threads)
{
    struct sigaction action = { .sa_handler = check_mask };
    sigset_t now;

    inner_mask_ok = 0;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    signal_block(SIGTERM);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(inner_mask_ok, 1);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGTERM) && !sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}

static void edit_mask(UNUSED int signal, UNUSED siginfo_t *info, void *context)
{
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGHUP);
}

TEST(mask_in_the_frame_is_what_returns)
{
    sigset_t now;

    signal_handle_info(SIGUSR1, edit_mask, 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGHUP));
}

TEST(resethand_is_for_one_signal)
{
    struct sigaction old;

    count = 0;
    signal_handle(SIGURG, on_signal, SA_RESETHAND); /* its default is to be ignored         */
    CHECK_OK(raise(SIGURG));
    CHECK_EQ(count, 1);
    CHECK_OK(sigaction(SIGURG, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    CHECK_OK(raise(SIGURG));
    CHECK_EQ(count, 1);
}

TEST(kill_and_stop_cannot_be_caught)
{
    struct sigaction action = { .sa_handler = on_signal }, old;

    CHECK_ERR(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERR(sigaction(SIGSTOP, &action, NULL), EINVAL);
    action.sa_handler = SIG_IGN;
    CHECK_ERR(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_OK(sigaction(SIGKILL, NULL, &old));
    CHECK_ERR(sigaction(0, NULL, &old), EINVAL);
    CHECK_ERR(sigaction(65, NULL, &old), EINVAL);
    CHECK_ERR(sigaction(-1, NULL, &old), EINVAL);
}

TEST(raw_arguments_are_checked)
{
    char action[32] = { 0 };

    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 4), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, action, 16), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, BAD_POINTER, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD_POINTER, 8), EFAULT);
    CHECK_OK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 8));
}

TEST(ignoring_discards_what_is_pending)
{
    count = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    signal_block(SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK(signal_pending(SIGUSR1));
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    CHECK(!signal_pending(SIGUSR1));
    signal_handle(SIGUSR1, on_signal, 0);
    signal_unblock(SIGUSR1);
    CHECK_EQ(count, 0);
}

static void *install_handler(UNUSED void *arg)
{
    signal_handle(SIGUSR1, on_signal, 0);
    return NULL;
}

TEST(actions_are_shared_by_threads)
{
    count = 0;
    thread_join(thread_start(install_handler, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(count, 1);
}

/* Raise signal argv[0] with its default action. */
CHILD(raise_default)
{
    raise(atoi(argv[0]));
    return 0;
}

TEST(default_actions)
{
    static const int deadly[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGILL,    SIGTRAP, SIGABRT,
                                  SIGBUS,  SIGFPE,  SIGUSR1, SIGSEGV,   SIGUSR2, SIGPIPE,
                                  SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ,   SIGPROF, SIGVTALRM,
                                  SIGSYS,  SIGPOLL, SIGPWR,  SIGSTKFLT, SIGKILL };
    static const int harmless[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };

    for (size_t i = 0; i < COUNT(deadly); i++)
        CHECK_KILLED(child_start("raise_default", number(deadly[i])), deadly[i]);
    for (size_t i = 0; i < COUNT(harmless); i++)
        CHECK_EXIT(child_start("raise_default", number(harmless[i])), 0);
    CHECK_KILLED(child_start("raise_default", number(SIGRTMIN)), SIGRTMIN);
    CHECK_KILLED(child_start("raise_default", number(SIGRTMAX)), SIGRTMAX);
}

TEST(frames_nest_deeply)
{
    struct sigaction action = { .sa_handler = on_signal };

    /* Each of these interrupts the handler of the one before, as soon as it starts. */
    count = 0;
    sigemptyset(&action.sa_mask);
    sigset_t all;
    sigfillset(&all);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &all, NULL), 0);
    for (int s = SIGRTMIN; s <= SIGRTMAX; s++) {
        CHECK_OK(sigaction(s, &action, NULL));
        CHECK_OK(raise(s));
    }
    sigemptyset(&all);
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, &all, NULL), 0);
    CHECK_EQ(count, SIGRTMAX - SIGRTMIN + 1);
}

static sigjmp_buf jump;

static void jump_out(UNUSED int signal)
{
    siglongjmp(jump, 1);
}

TEST(handlers_may_jump_out)
{
    volatile int jumps = 0;

    signal_handle(SIGUSR1, jump_out, 0);
    if (sigsetjmp(jump, 1))
        jumps++;
    if (jumps < 100)
        raise(SIGUSR1);
    CHECK_EQ(jumps, 100);
}
