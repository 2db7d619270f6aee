/* SPDX-License-Identifier: MIT */
/* covers: clone clone3 futex exit gettid mmap mprotect set_robust_list rseq sched_yield */
/*
 * Threads as the libc makes them: the calls behind pthread_create and its friends.
 */
#include <semaphore.h>

#include "tests/sys/sys.h"

static void *return_argument(void *arg)
{
    return arg;
}

TEST(join_gives_the_result)
{
    for (long i = 0; i < 50; i++)
        CHECK_EQ(thread_join(thread_start(return_argument, (void *)i)), i);
}

static void *report_ids(void *arg)
{
    pid_t *ids = arg;

    ids[0] = getpid();
    ids[1] = (pid_t)syscall(SYS_gettid);
    ids[2] = getppid();
    return NULL;
}

TEST(threads_share_the_pid_and_differ_in_tid)
{
    pid_t a[3], b[3];

    thread_join(thread_start(report_ids, a));
    thread_join(thread_start(report_ids, b));
    CHECK_EQ(a[0], getpid());
    CHECK_EQ(b[0], getpid());
    CHECK_EQ(a[2], getppid());
    CHECK(a[1] != getpid());
    CHECK_EQ(syscall(SYS_gettid), getpid());     /* the first thread                        */
}

static __thread int local = 5;

static void *use_local(void *arg)
{
    local += (int)(long)arg;
    sched_yield();
    return (void *)(long)local;
}

TEST(each_thread_has_its_own_variables)
{
    pthread_t t[8];

    for (long i = 0; i < 8; i++)
        t[i] = thread_start(use_local, (void *)i);
    for (long i = 0; i < 8; i++)
        CHECK_EQ(thread_join(t[i]), 5 + i);
    CHECK_EQ(local, 5);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count_up(UNUSED void *arg)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST(mutex_keeps_threads_apart)
{
    pthread_t t[4];

    counter = 0;
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(count_up, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(counter, 80000);
}

static int turn;

static void *take_turns(void *arg)
{
    int me = (int)(long)arg;

    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me)
            pthread_cond_wait(&cond, &mutex);
        turn = (me + 1) % 4;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST(condition_variables_pass_the_turn)
{
    pthread_t t[4];

    turn = 0;
    for (long i = 0; i < 4; i++)
        t[i] = thread_start(take_turns, (void *)i);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(turn, 0);
}

TEST(timed_waits_time_out)
{
    struct timespec until = ns_timespec(clock_ns(CLOCK_REALTIME) + 20 * MS);
    sem_t sem;

    int64_t start = now_ns();
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&cond, &mutex, &until), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    CHECK(now_ns() - start >= 19 * MS);
    CHECK_OK(sem_init(&sem, 0, 0));
    until = ns_timespec(clock_ns(CLOCK_REALTIME) + 10 * MS);
    CHECK_ERR(sem_timedwait(&sem, &until), ETIMEDOUT);
}

static pthread_barrier_t barrier;
static atomic_int arrived;

static void *meet(UNUSED void *arg)
{
    for (int round = 1; round <= 20; round++) {
        arrived++;
        pthread_barrier_wait(&barrier);
        CHECK(arrived >= round * 6);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

TEST(barriers_hold_until_all_have_come)
{
    pthread_t t[6];

    arrived = 0;
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, 6), 0);
    for (int i = 0; i < 6; i++)
        t[i] = thread_start(meet, NULL);
    for (int i = 0; i < 6; i++)
        thread_join(t[i]);
    CHECK_EQ(arrived, 120);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long pair[2];

static void *read_pairs(UNUSED void *arg)
{
    for (int i = 0; i < 2000; i++) {
        pthread_rwlock_rdlock(&rwlock);
        CHECK_EQ(pair[0], pair[1]);
        pthread_rwlock_unlock(&rwlock);
    }
    return NULL;
}

static void *write_pairs(UNUSED void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_rwlock_wrlock(&rwlock);
        pair[0]++;
        pair[1]++;
        pthread_rwlock_unlock(&rwlock);
    }
    return NULL;
}

TEST(rwlocks)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        t[i] = thread_start(i % 2 ? read_pairs : write_pairs, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(pair[0], 1000);
}

static int fd_to_wait_on;
static atomic_int cleaned;

static void clean(UNUSED void *arg)
{
    cleaned++;
}

static void *read_for_ever(UNUSED void *arg)
{
    char c;

    pthread_cleanup_push(clean, NULL);
    while (read(fd_to_wait_on, &c, 1) != -2)
        ;
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(cancellation_reaches_a_blocked_read)
{
    int p[2];

    cleaned = 0;
    CHECK_OK(pipe(p));
    fd_to_wait_on = p[0];
    pthread_t t = thread_start(read_for_ever, NULL);
    settle();
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK(thread_join(t) == PTHREAD_CANCELED);
    CHECK_EQ(cleaned, 1);
}

static void unlock_mutex(void *arg)
{
    pthread_mutex_unlock(arg);
}

static void *wait_for_cond(UNUSED void *arg)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock_mutex, &mutex);
    for (;;)
        pthread_cond_wait(&cond, &mutex);
    pthread_cleanup_pop(0);
    return NULL;
}

TEST(cancellation_reaches_a_condition_wait)
{
    pthread_t t = thread_start(wait_for_cond, NULL);

    settle();
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK(thread_join(t) == PTHREAD_CANCELED);
    CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
}

static atomic_int detached_ran;

static void *run_detached(UNUSED void *arg)
{
    detached_ran++;
    return NULL;
}

TEST(detached_threads_clean_up_after_themselves)
{
    pthread_attr_t attr;
    pthread_t t;

    detached_ran = 0;
    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED), 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(pthread_create(&t, &attr, run_detached, NULL), 0);
    while (detached_ran < 20)
        sched_yield();
}

static void *use_stack(UNUSED void *arg)
{
    volatile char big[200 * 1024];

    for (size_t i = 0; i < sizeof(big); i += 1024)
        big[i] = (char)i;
    return (void *)(long)(unsigned char)big[1024];
}

TEST(stack_sizes_are_honoured)
{
    pthread_attr_t attr;
    pthread_t t;
    size_t size = 0;

    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, 256 * 1024), 0);
    CHECK_EQ(pthread_attr_getstacksize(&attr, &size), 0);
    CHECK_EQ(size, 256 * 1024);
    CHECK_EQ(pthread_create(&t, &attr, use_stack, NULL), 0);
    thread_join(t);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int once_count;

static void do_once(void)
{
    settle();
    once_count++;
}

static void *call_once(UNUSED void *arg)
{
    pthread_once(&once, do_once);
    CHECK_EQ(once_count, 1);
    return NULL;
}

TEST(once_is_once)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        t[i] = thread_start(call_once, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
}

static void *hold_and_die(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

TEST(robust_mutex_tells_that_its_owner_died)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t robust;

    CHECK_EQ(pthread_mutexattr_init(&attr), 0);
    CHECK_EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_EQ(pthread_mutex_init(&robust, &attr), 0);
    thread_join(thread_start(hold_and_die, &robust));
    CHECK_EQ(pthread_mutex_lock(&robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
    CHECK_EQ(pthread_mutex_lock(&robust), 0);
    CHECK_EQ(pthread_mutex_unlock(&robust), 0);
}

static pthread_key_t key;
static atomic_int destroyed;

static void destroy(void *value)
{
    destroyed += (int)(long)value;
}

static void *set_key(UNUSED void *arg)
{
    pthread_setspecific(key, (void *)7L);
    return NULL;
}

TEST(thread_specific_data_is_destroyed_at_exit)
{
    CHECK_EQ(pthread_key_create(&key, destroy), 0);
    thread_join(thread_start(set_key, NULL));
    CHECK_EQ(destroyed, 7);
    CHECK_EQ(pthread_key_delete(key), 0);
}
