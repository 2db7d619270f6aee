/* SPDX-License-Identifier: MIT */
/* covers: timer_create timer_settime timer_gettime timer_getoverrun timer_delete */
/*
 * POSIX timers.
 */
#include "tests/sys/sys.h"

static atomic_int count;
static volatile siginfo_t *volatile last;
static siginfo_t copy;

static void on_info(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    copy = *info;
    last = &copy;
    count++;
}

static timer_t create(clockid_t clock, int signal, int value)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = signal,
                              .sigev_value = { .sival_int = value } };
    timer_t timer = NULL;

    CHECK_OK(timer_create(clock, &event, &timer));
    return timer;
}

static void set(timer_t timer, int64_t first_ns, int64_t interval_ns, int flags)
{
    struct itimerspec spec = { .it_value = ns_timespec(first_ns),
                               .it_interval = ns_timespec(interval_ns) };

    CHECK_OK(timer_settime(timer, flags, &spec, NULL));
}

TEST(signal_carries_value_and_code)
{
    count = 0;
    signal_handle_info(SIGRTMIN, on_info, 0);
    timer_t timer = create(CLOCK_MONOTONIC, SIGRTMIN, 4711);
    int64_t start = now_ns();
    set(timer, 10 * MS, 0, 0);
    while (!count)
        sleep_ms(1);
    CHECK(now_ns() - start >= 10 * MS);
    CHECK_EQ(copy.si_code, SI_TIMER);
    CHECK_EQ(copy.si_value.sival_int, 4711);
    CHECK_EQ(timer_getoverrun(timer), 0);
    sleep_ms(25);
    CHECK_EQ(count, 1);
    CHECK_OK(timer_delete(timer));
}

TEST(overruns_are_counted_while_blocked)
{
    struct itimerspec left;

    count = 0;
    signal_handle_info(SIGRTMIN, on_info, 0);
    signal_block(SIGRTMIN);
    timer_t timer = create(CLOCK_MONOTONIC, SIGRTMIN, 1);
    set(timer, 2 * MS, 2 * MS, 0);
    sleep_ms(25);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK_EQ(timespec_ns(&left.it_interval), 2 * MS);
    signal_unblock(SIGRTMIN);
    CHECK(count >= 1);
    CHECK(timer_getoverrun(timer) >= 0);
    set(timer, 0, 0, 0);
    signal_block(SIGRTMIN);
    CHECK_OK(timer_delete(timer));
}

TEST(blocked_expirations_queue_one_signal_with_its_overrun)
{
    sigset_t set_of_one = signal_set(SIGRTMIN);
    siginfo_t info;

    signal_block(SIGRTMIN);
    timer_t timer = create(CLOCK_MONOTONIC, SIGRTMIN, 1);
    set(timer, 2 * MS, 2 * MS, 0);
    sleep_ms(40);
    CHECK_EQ(sigwaitinfo(&set_of_one, &info), SIGRTMIN);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK(info.si_overrun >= 10);
    CHECK_OK(timer_delete(timer));
}

TEST(absolute_times)
{
    count = 0;
    signal_handle_info(SIGRTMIN, on_info, 0);
    timer_t timer = create(CLOCK_REALTIME, SIGRTMIN, 1);
    int64_t until = clock_ns(CLOCK_REALTIME) + 15 * MS;
    set(timer, until, 0, TIMER_ABSTIME);
    while (!count)
        sleep_ms(1);
    CHECK(clock_ns(CLOCK_REALTIME) >= until - MS);
    set(timer, until, 0, TIMER_ABSTIME);         /* already past: at once                   */
    while (count < 2)
        sleep_ms(1);
    CHECK_OK(timer_delete(timer));
}

TEST(cpu_time_timers)
{
    count = 0;
    signal_handle_info(SIGRTMIN, on_info, 0);
    timer_t timer = create(CLOCK_PROCESS_CPUTIME_ID, SIGRTMIN, 1);
    set(timer, 20 * MS, 0, 0);
    sleep_ms(40);
    CHECK_EQ(count, 0);
    for (volatile unsigned long i = 0; !count; i++)
        ;
    CHECK_OK(timer_delete(timer));
}

TEST(timers_without_notification_can_be_read)
{
    struct sigevent event = { .sigev_notify = SIGEV_NONE };
    struct itimerspec left;
    timer_t timer;

    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    set(timer, 100 * SEC, 0, 0);
    CHECK_OK(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_sec >= 90 && left.it_value.tv_sec <= 100);
    CHECK_OK(timer_delete(timer));
}

TEST(default_notification_is_sigalrm_with_the_timers_id)
{
    timer_t timer;

    count = 0;
    signal_handle_info(SIGALRM, on_info, 0);
    CHECK_OK(timer_create(CLOCK_MONOTONIC, NULL, &timer));
    set(timer, MS, 0, 0);
    while (!count)
        sleep_ms(1);
    CHECK_EQ(copy.si_signo, SIGALRM);
    CHECK_EQ(copy.si_code, SI_TIMER);
    CHECK_OK(timer_delete(timer));
}

static _Atomic pid_t signalled;

static void note_thread(UNUSED int signal)
{
    signalled = (pid_t)syscall(SYS_gettid);
}

static atomic_bool stop;
static _Atomic pid_t other;

static void *wait_there(UNUSED void *arg)
{
    other = (pid_t)syscall(SYS_gettid);
    while (!stop)
        sleep_ms(1);
    return NULL;
}

TEST(signals_to_one_thread)
{
    struct {
        union sigval value;
        int signo, notify, tid;
        char pad[48];
    } event = { .signo = SIGRTMIN, .notify = 4 /* SIGEV_THREAD_ID */ };
    int id = -1;
    struct itimerspec spec = { .it_value = { 0, MS } };

    stop = false;
    signalled = other = 0;
    signal_handle(SIGRTMIN, note_thread, 0);
    pthread_t t = thread_start(wait_there, NULL);
    while (!other)
        sleep_ms(1);
    event.tid = other;
    CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    CHECK_OK(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    while (!signalled)
        sleep_ms(1);
    CHECK_EQ(signalled, other);
    CHECK_OK(syscall(SYS_timer_delete, id));
    event.tid = 4194303;
    CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id), EINVAL);
    stop = true;
    thread_join(t);
}

static atomic_int thread_notifications;

static void on_thread(union sigval value)
{
    thread_notifications += value.sival_int;
}

TEST(the_libcs_notification_threads)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD,
                              .sigev_notify_function = on_thread,
                              .sigev_value = { .sival_int = 5 } };
    timer_t timer;

    thread_notifications = 0;
    CHECK_OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    set(timer, MS, 0, 0);
    while (!thread_notifications)
        sleep_ms(1);
    CHECK_EQ(thread_notifications, 5);
    CHECK_OK(timer_delete(timer));
}

TEST(errors)
{
    struct itimerspec bad = { .it_value = { 0, SEC } }, spec = { { 0, 0 }, { 0, 0 } };
    char event[64] = { 0 };
    int id;

    CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, BAD_POINTER, NULL), EFAULT);
    CHECK_ERR(syscall(SYS_timer_gettime, id, BAD_POINTER), EFAULT);
    CHECK_OK(syscall(SYS_timer_delete, id));
    CHECK_ERR(syscall(SYS_timer_delete, id), EINVAL);
    CHECK_ERR(syscall(SYS_timer_settime, id, 0, &spec, NULL), EINVAL);
    CHECK_ERR(syscall(SYS_timer_gettime, id, &spec), EINVAL);
    CHECK_ERR(syscall(SYS_timer_getoverrun, id), EINVAL);
    CHECK_ERR(syscall(SYS_timer_create, 999, NULL, &id), EINVAL);
    CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, BAD_POINTER, &id), EFAULT);
    CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD_POINTER), EFAULT);
    *(int *)(event + 8) = 65;
    CHECK_ERR(syscall(SYS_timer_create, CLOCK_MONOTONIC, event, &id), EINVAL);
}
