/* SPDX-License-Identifier: MIT */
/* covers: futex */
/*
 * futex(2): the priority-inheriting operations.
 */
#include <linux/futex.h>

#include "tests/sys/sys.h"

static long futex(void *word, int op, unsigned value, const void *timeout, void *word2,
                  unsigned value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static uint32_t tid(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static uint32_t lock;
static long held;

TEST(lock_stores_the_tid_and_unlock_clears)
{
    lock = 0;
    CHECK_OK(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(lock & FUTEX_TID_MASK, tid());
    CHECK_ERR(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_ERR(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EDEADLK);
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(lock, 0);
    CHECK_ERR(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    CHECK_OK(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

static void *contend(UNUSED void *arg)
{
    for (int i = 0; i < 500; i++) {
        uint32_t free_word = 0;
        if (!__atomic_compare_exchange_n(&lock, &free_word, tid(), false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
            CHECK_OK(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
        long seen = held;
        if (i % 50 == 0)
            sched_yield();
        held = seen + 1;
        uint32_t mine = tid();
        if (!__atomic_compare_exchange_n(&lock, &mine, 0, false, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
            CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    }
    return NULL;
}

TEST(contended_lock_excludes)
{
    pthread_t t[4];

    lock = 0;
    held = 0;
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(contend, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(held, 2000);
    CHECK_EQ(lock, 0);
}

static atomic_bool release_now, locked;

static void *hold(UNUSED void *arg)
{
    CHECK_OK(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    locked = true;
    while (!release_now)
        sleep_ms(1);
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return NULL;
}

TEST(waiting_times_out_and_foreign_locks_are_protected)
{
    struct timespec until = ns_timespec(clock_ns(CLOCK_REALTIME) + 20 * MS);

    lock = 0;
    release_now = locked = false;
    pthread_t t = thread_start(hold, NULL);
    while (!locked)
        sleep_ms(1);
    CHECK_ERR(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, &until, NULL, 0), ETIMEDOUT);
    CHECK_ERR(futex(&lock, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), EPERM);
    release_now = true;
    CHECK_OK(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    CHECK_EQ(lock & FUTEX_TID_MASK, tid());
    thread_join(t);
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
}

TEST(owner_that_does_not_exist_is_esrch)
{
    lock = 4194303;
    CHECK_ERR(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), ESRCH);
}

static void *lock_and_die(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static pthread_mutex_t pi_mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter;

static void *count(UNUSED void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&pi_mutex);
        counter++;
        pthread_mutex_unlock(&pi_mutex);
    }
    return NULL;
}

static void make_pi_mutex(int robust)
{
    pthread_mutexattr_t attr;

    CHECK_EQ(pthread_mutexattr_init(&attr), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT), 0);
    CHECK_EQ(pthread_mutexattr_setrobust(&attr, robust), 0);
    CHECK_EQ(pthread_mutex_init(&pi_mutex, &attr), 0);
}

TEST(the_libcs_pi_mutexes)
{
    pthread_t t[4];

    counter = 0;
    make_pi_mutex(PTHREAD_MUTEX_STALLED);
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(count, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(counter, 4000);
}

TEST(robust_pi_mutex_is_inherited_from_the_dead)
{
    make_pi_mutex(PTHREAD_MUTEX_ROBUST);
    thread_join(thread_start(lock_and_die, &pi_mutex));
    CHECK_EQ(pthread_mutex_lock(&pi_mutex), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&pi_mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&pi_mutex), 0);
}

static int turn;

static void *wait_for_turn(UNUSED void *arg)
{
    pthread_mutex_lock(&pi_mutex);
    while (turn == 0)
        pthread_cond_wait(&cond, &pi_mutex);
    turn--;
    pthread_mutex_unlock(&pi_mutex);
    return NULL;
}

TEST(condition_waits_with_a_pi_mutex)
{
    pthread_t t[3];

    make_pi_mutex(PTHREAD_MUTEX_STALLED);
    turn = 0;
    for (int i = 0; i < 3; i++)
        t[i] = thread_start(wait_for_turn, NULL);
    settle();
    pthread_mutex_lock(&pi_mutex);
    turn = 3;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&pi_mutex);
    for (int i = 0; i < 3; i++)
        thread_join(t[i]);
    CHECK_EQ(turn, 0);
}

static uint32_t cond_word;
static atomic_int through;

static void *wait_requeue(UNUSED void *arg)
{
    CHECK_OK(futex(&cond_word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &lock, 0));
    CHECK_EQ(lock & FUTEX_TID_MASK, tid());      /* woken owning the lock                   */
    through++;
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    return NULL;
}

TEST(requeue_pi_hands_the_lock_over)
{
    pthread_t t[3];

    lock = cond_word = 0;
    through = 0;
    for (int i = 0; i < 3; i++)
        t[i] = thread_start(wait_requeue, NULL);
    CHECK_OK(futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    for (long moved = 0; moved < 3; sleep_ms(1)) { /* they come one by one                  */
        long n = futex(&cond_word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)10L, &lock, 0);
        CHECK_OK(n);
        moved += n;
    }
    CHECK_EQ(through, 0);
    CHECK_OK(futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    for (int i = 0; i < 3; i++)
        thread_join(t[i]);
    CHECK_EQ(through, 3);
    CHECK_ERR(futex(&cond_word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &cond_word, 0), EINVAL);
    CHECK_ERR(futex(&cond_word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, (void *)10L, &lock, 0), EINVAL);
}
