/* SPDX-License-Identifier: MIT */
/* covers: tgkill kill setitimer rt_sigreturn */
/*
 * Signals reach threads that never make a system call.
 */
#include "tests/sys/sys.h"

static atomic_int handled;
static atomic_bool stop;

static void on_signal(UNUSED int signal)
{
    handled++;
}

static void *spin(UNUSED void *arg)
{
    unsigned long turns = 0;

    while (!stop)
        turns++;
    return (void *)turns;
}

TEST(directed_signals_interrupt_a_spinning_thread)
{
    stop = false;
    handled = 0;
    signal_handle(SIGUSR1, on_signal, 0);
    pthread_t t = thread_start(spin, NULL);
    for (int i = 1; i <= 100; i++) {
        CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
        while (handled < i)
            sched_yield();
    }
    stop = true;
    CHECK(thread_join(t) != NULL);
    CHECK_EQ(handled, 100);
}

TEST(process_signals_interrupt_the_spinning_main_thread)
{
    struct itimerval fast = { .it_value = { .tv_usec = 1000 }, .it_interval = { .tv_usec = 1000 } };

    handled = 0;
    signal_handle(SIGALRM, on_signal, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &fast, NULL));
    while (handled < 20)
        ; /* only a signal ends this */
}

static sigjmp_buf jump;

static void jump_out(UNUSED int signal)
{
    siglongjmp(jump, 1);
}

TEST(handler_can_jump_out_of_an_endless_loop)
{
    struct itimerval soon = { .it_value = { .tv_usec = 5000 } };

    signal_handle(SIGALRM, jump_out, 0);
    for (volatile int i = 0; i < 3; i++) {
        CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
        if (sigsetjmp(jump, 1) == 0)
            for (;;)
                ;
    }
}

CHILD(spin_for_ever)
{
    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    for (;;)
        ;
    return 0;
}

static pid_t start_spinner(void)
{
    char c;
    int p[2];

    CHECK_OK(pipe(p));
    pid_t pid = child_start("spin_for_ever", number(p[1]));
    CHECK_EQ(read(p[0], &c, 1), 1);
    return pid;
}

TEST(spinning_processes_can_be_killed)
{
    pid_t pid = start_spinner();
    CHECK_OK(kill(pid, SIGTERM));
    CHECK_KILLED(pid, SIGTERM);
    pid = start_spinner();
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
}

TEST(spinning_processes_can_be_stopped)
{
    int status;
    pid_t pid = start_spinner();

    CHECK_OK(kill(pid, SIGSTOP));
    CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK_OK(kill(pid, SIGCONT));
    CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
    CHECK(WIFCONTINUED(status));
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
}

static void *send_many(void *thread)
{
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(pthread_kill(*(pthread_t *)thread, SIGRTMIN), 0);
        if (i % 16 == 0)
            sched_yield();
    }
    return NULL;
}

static atomic_int queued;

static void on_queued(UNUSED int signal)
{
    queued++;
}

TEST(no_queued_signal_is_lost_under_load)
{
    pthread_t spinner, sender[3];

    stop = false;
    queued = 0;
    signal_handle(SIGRTMIN, on_queued, 0);
    spinner = thread_start(spin, NULL);
    for (int i = 0; i < 3; i++)
        sender[i] = thread_start(send_many, &spinner);
    for (int i = 0; i < 3; i++)
        thread_join(sender[i]);
    while (queued < 600)
        sched_yield();
    stop = true;
    thread_join(spinner);
    CHECK_EQ(queued, 600);
}
