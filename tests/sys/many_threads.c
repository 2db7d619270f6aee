/* SPDX-License-Identifier: MIT */
/* covers: clone futex exit munmap */
/* memory: 512m */
/*
 * Stress: a thousand threads at once, and many thousands one after the other.
 */
#include "tests/sys/sys.h"

enum { MANY = 1000 };

static atomic_int arrived, left;
static atomic_bool go;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long sum;

static void *wait_and_add(void *arg)
{
    arrived++;
    pthread_mutex_lock(&mutex);
    while (!go)
        pthread_cond_wait(&cond, &mutex);
    sum += (long)arg;
    pthread_mutex_unlock(&mutex);
    left++;
    return arg;
}

static pthread_attr_t small_stacks(void)
{
    pthread_attr_t attr;

    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, 64 * 1024), 0);
    return attr;
}

TEST(a_thousand_at_once)
{
    static pthread_t t[MANY];
    pthread_attr_t attr = small_stacks();

    for (long i = 0; i < MANY; i++)
        CHECK_EQ(pthread_create(&t[i], &attr, wait_and_add, (void *)i), 0);
    while (arrived < MANY)
        sleep_ms(1);
    pthread_mutex_lock(&mutex);
    go = true;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (long i = 0; i < MANY; i++)
        CHECK_EQ(thread_join(t[i]), i);
    CHECK_EQ(sum, MANY * (MANY - 1) / 2);
    CHECK_EQ(left, MANY);
}

static void *nothing(void *arg)
{
    return arg;
}

TEST(thousands_in_a_row)
{
    pthread_attr_t attr = small_stacks();
    pthread_t t;

    for (int i = 0; i < 5000; i++) {
        CHECK_EQ(pthread_create(&t, &attr, nothing, NULL), 0);
        CHECK_EQ(pthread_join(t, NULL), 0);
    }
}

static void *make_more(void *depth)
{
    long n = (long)depth;

    if (n == 0)
        return (void *)1L;
    pthread_attr_t attr = small_stacks();
    pthread_t a, b;
    CHECK_EQ(pthread_create(&a, &attr, make_more, (void *)(n - 1)), 0);
    CHECK_EQ(pthread_create(&b, &attr, make_more, (void *)(n - 1)), 0);
    long left_sum = (long)thread_join(a), right_sum = (long)thread_join(b);
    return (void *)(left_sum + right_sum + 1);
}

TEST(threads_that_make_threads)
{
    CHECK_EQ(make_more((void *)8L), (1 << 9) - 1);
}
