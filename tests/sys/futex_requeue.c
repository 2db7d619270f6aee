/* SPDX-License-Identifier: MIT */
/* covers: futex */
/*
 * futex(2): REQUEUE, CMP_REQUEUE and WAKE_OP.
 */
#include <linux/futex.h>

#include "tests/sys/sys.h"

static long futex(void *word, int op, unsigned value, unsigned long value2, void *word2,
                  unsigned value3)
{
    return syscall(SYS_futex, word, op, value, value2, word2, value3);
}

static uint32_t a, b;
static atomic_int returned;

static void *wait_on_a(UNUSED void *arg)
{
    CHECK_OK(futex(&a, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0));
    returned++;
    return NULL;
}

/* Sleep until so many wait on the word: they are counted by moving them away and back. */
static void wait_for_waiters(uint32_t *word, int count)
{
    static uint32_t aside;

    for (;;) {
        CHECK_OK(futex(word, FUTEX_REQUEUE_PRIVATE, 0, INT_MAX, &aside, 0));
        if (futex(&aside, FUTEX_REQUEUE_PRIVATE, 0, INT_MAX, word, 0) == count)
            return;
        sleep_ms(1);
    }
}

static void start_waiters(pthread_t *t, int count)
{
    a = b = 0;
    returned = 0;
    for (int i = 0; i < count; i++)
        t[i] = thread_start(wait_on_a, NULL);
    wait_for_waiters(&a, count);
}

/* Wakes on both words until all waiters are through. */
static void finish(pthread_t *t, int count)
{
    while (returned < count) {
        futex(&a, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0);
        futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0);
        sleep_ms(1);
    }
    for (int i = 0; i < count; i++)
        thread_join(t[i]);
}

TEST(requeue_moves_waiters_to_another_word)
{
    pthread_t t[4];

    start_waiters(t, 4);
    long woken = futex(&a, FUTEX_REQUEUE_PRIVATE, 1, INT_MAX, &b, 0);
    CHECK_EQ(woken, 4);                          /* one woken, three moved; both count      */
    CHECK_EQ(futex(&a, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0), 0);
    CHECK_EQ(futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0), 3);
    finish(t, 4);
}

TEST(cmp_requeue_counts_both_and_compares)
{
    pthread_t t[4];

    start_waiters(t, 4);
    CHECK_ERR(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &b, 77), EAGAIN);
    CHECK_EQ(futex(&a, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &b, 0), 3); /* one woken, two moved */
    CHECK_EQ(futex(&b, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0), 2);
    CHECK_EQ(futex(&a, FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0), 1);
    finish(t, 4);
}

TEST(requeue_arguments)
{
    a = b = 0;
    CHECK_ERR(futex(&a, FUTEX_REQUEUE, (unsigned)-1, 1, &b, 0), EINVAL);
    CHECK_ERR(futex(&a, FUTEX_REQUEUE, 1, (unsigned long)-1, &b, 0), EINVAL);
    CHECK_ERR(futex(&a, FUTEX_REQUEUE, 1, 1, (char *)&b + 1, 0), EINVAL);
    CHECK_ERR(futex(&a, FUTEX_REQUEUE, 1, 1, BAD_POINTER, 0), EFAULT);
    CHECK_EQ(futex(&a, FUTEX_REQUEUE, 1, 1, &b, 0), 0);
}

static unsigned op(int operation, int argument, int comparison, int against)
{
    return (unsigned)FUTEX_OP(operation, argument, comparison, against);
}

TEST(wake_op_changes_the_second_word)
{
    static const struct {
        int operation, argument;
        uint32_t before, after;
    } cases[] = {
        { FUTEX_OP_SET, 9, 5, 9 },
        { FUTEX_OP_ADD, 3, 5, 8 },
        { FUTEX_OP_OR, 10, 5, 15 },
        { FUTEX_OP_ANDN, 4, 5, 1 },
        { FUTEX_OP_XOR, 15, 5, 10 },
        { FUTEX_OP_ADD, -1, 5, 4 },
        { FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 4, 5, 16 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        a = 0;
        b = cases[i].before;
        CHECK_EQ(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, 1, &b,
                       op(cases[i].operation, cases[i].argument & 0xfff, FUTEX_OP_CMP_EQ, 0)),
                 0);
        CHECK_EQ(b, cases[i].after);
    }
}

static void *wait_on_b(UNUSED void *arg)
{
    CHECK_OK(futex(&b, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0));
    returned++;
    return NULL;
}

TEST(wake_op_wakes_the_second_only_if_the_old_value_compares)
{
    pthread_t t[2];

    a = b = 0;
    returned = 0;
    t[0] = thread_start(wait_on_a, NULL);
    t[1] = thread_start(wait_on_b, NULL);
    wait_for_waiters(&a, 1);
    wait_for_waiters(&b, 1);
    /* b was 0, not above 3: only the waiter of a is woken. */
    CHECK_EQ(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, 1, &b, op(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_GT, 3)),
             1);
    thread_join(t[0]);
    CHECK_EQ(futex(&a, FUTEX_WAKE_OP_PRIVATE, 1, 1, &b, op(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)),
             1);
    thread_join(t[1]);
    CHECK_EQ(b, 1);
}

TEST(wake_op_arguments)
{
    a = b = 0;
    CHECK_ERR(futex(&a, FUTEX_WAKE_OP, 1, 1, BAD_POINTER, op(FUTEX_OP_SET, 1, 0, 0)), EFAULT);
    CHECK_ERR(futex(&a, FUTEX_WAKE_OP, 1, 1, &b, op(7, 1, 0, 0)), ENOSYS);
    CHECK_ERR(futex(&a, FUTEX_WAKE_OP, 1, 1, &b, op(FUTEX_OP_SET, 1, 9, 0)), ENOSYS);
}
