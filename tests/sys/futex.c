/* SPDX-License-Identifier: MIT */
/* covers: futex */
/*
 * futex(2): waiting and waking, with bits, timeouts and signals.
 */
#include <linux/futex.h>
#include <sys/mman.h>

#include "tests/sys/sys.h"

static long futex(void *word, int op, unsigned value, const void *timeout, void *word2,
                  unsigned value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

TEST(wait_needs_the_expected_value)
{
    uint32_t word = 5;

    CHECK_ERR(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_WAIT_PRIVATE, 6, NULL, NULL, 0), EAGAIN);
}

TEST(wake_without_waiters_is_zero)
{
    uint32_t word = 0;

    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 0);
}

TEST(relative_timeouts)
{
    struct timespec ts = { 0, 20 * MS };
    uint32_t word = 0;
    int64_t start = now_ns();

    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
    CHECK(now_ns() - start >= 20 * MS);
    CHECK_EQ(ts.tv_nsec, 20 * MS);
    ts.tv_nsec = 0;
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
}

TEST(absolute_timeouts_on_both_clocks)
{
    uint32_t word = 0;
    struct timespec ts = ns_timespec(now_ns() + 20 * MS);

    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 0, &ts, NULL, ~0U), ETIMEDOUT);
    CHECK(now_ns() >= timespec_ns(&ts));
    ts = ns_timespec(clock_ns(CLOCK_REALTIME) + 20 * MS);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &ts, NULL, ~0U), ETIMEDOUT);
    CHECK(clock_ns(CLOCK_REALTIME) >= timespec_ns(&ts) - MS);
    ts = ns_timespec(now_ns() - SEC);            /* past already                            */
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 0, &ts, NULL, ~0U), ETIMEDOUT);
}

struct waiter {
    uint32_t *word;
    uint32_t value;
    uint32_t bits;
    int op;
    long result;
    int error;
};

static void *wait_once(void *arg)
{
    struct waiter *w = arg;

    w->result = futex(w->word, w->op, w->value, NULL, NULL, w->bits);
    w->error = errno;
    return NULL;
}

/* Wakes until so many in all have been woken: the waiters may not be there yet. */
static void wake_all(uint32_t *word, int op, int wanted, unsigned bits)
{
    int woken = 0;

    for (int i = 0; i < 5000 && woken < wanted; i++) {
        woken += (int)futex(word, op, (unsigned)(wanted - woken), NULL, NULL, bits);
        if (woken < wanted)
            sleep_ms(1);
    }
    CHECK_EQ(woken, wanted);
}

TEST(wake_counts_and_limits)
{
    uint32_t word = 0;
    struct waiter w[5];
    pthread_t t[5];

    for (int i = 0; i < 5; i++) {
        w[i] = (struct waiter){ &word, 0, 0, FUTEX_WAIT_PRIVATE, -5, 0 };
        t[i] = thread_start(wait_once, &w[i]);
    }
    wake_all(&word, FUTEX_WAKE_PRIVATE, 2, 0);
    wake_all(&word, FUTEX_WAKE_PRIVATE, 3, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    for (int i = 0; i < 5; i++) {
        thread_join(t[i]);
        CHECK_EQ(w[i].result, 0);
    }
}

TEST(bitsets_select_waiters)
{
    uint32_t word = 0;
    struct waiter a = { &word, 0, 1, FUTEX_WAIT_BITSET_PRIVATE, -5, 0 };
    struct waiter b = { &word, 0, 2, FUTEX_WAIT_BITSET_PRIVATE, -5, 0 };

    pthread_t ta = thread_start(wait_once, &a);
    pthread_t tb = thread_start(wait_once, &b);
    settle();
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4), 0);
    wake_all(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, 2);
    thread_join(tb);
    CHECK_EQ(b.result, 0);
    CHECK_EQ(a.result, -5);                      /* still waiting                           */
    wake_all(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, ~0U);
    thread_join(ta);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
}

TEST(private_and_shared_futexes_on_the_same_word)
{
    uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct waiter w = { word, 0, 0, FUTEX_WAIT, -5, 0 };

    pthread_t t = thread_start(wait_once, &w);
    wake_all(word, FUTEX_WAKE, 1, 0);
    thread_join(t);
    CHECK_EQ(w.result, 0);
}

static void nothing(UNUSED int signal)
{
}

TEST(signal_interrupts_a_wait)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 },
                              .it_interval = { .tv_usec = 20000 } };
    struct timespec ts = { 10, 0 };
    uint32_t word = 0;

    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
    CHECK_ERR(futex(&word, FUTEX_WAIT, 0, &ts, NULL, 0), EINTR);
}

static uint32_t restart_word;

static void wake_from_handler(UNUSED int signal)
{
    restart_word++;
    futex(&restart_word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

TEST(restarted_wait_looks_at_the_word_again)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 } };

    restart_word = 0;
    signal_handle(SIGALRM, wake_from_handler, SA_RESTART);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    /* The handler has changed the word: the restarted call finds another value. */
    CHECK_ERR(futex(&restart_word, FUTEX_WAIT, 0, NULL, NULL, 0), EAGAIN);
}

TEST(bad_arguments)
{
    uint32_t word[2] = { 0, 0 };
    struct timespec bad = { 0, SEC }, negative = { -1, 0 };

    CHECK_ERR(futex((char *)word + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex((char *)word + 2, FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex(BAD_POINTER, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex((void *)-4096L, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
    CHECK_ERR(futex(word, FUTEX_WAIT, 0, &negative, NULL, 0), EINVAL);
    CHECK_ERR(futex(word, FUTEX_WAIT, 0, BAD_POINTER, NULL, 0), EFAULT);
    CHECK_ERR(futex(word, 99, 0, NULL, NULL, 0), ENOSYS);
    CHECK_ERR(futex(word, FUTEX_FD, 0, NULL, NULL, 0), ENOSYS);
    CHECK_ERR(futex(word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), ENOSYS);
}

TEST(unmapped_word_is_efault_after_munmap)
{
    uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_OK(munmap(word, PAGE));
    CHECK_ERR(futex(word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT);
}

CHILD(wake_the_parent)
{
    int fd = open("shared", O_RDWR);
    uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(word != MAP_FAILED);
    __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
    CHECK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0);
    /* And the other way round. */
    while (__atomic_load_n(word + 1, __ATOMIC_SEQ_CST) == 0)
        futex(word + 1, FUTEX_WAIT, 0, NULL, NULL, 0);
    return 0;
}

TEST(shared_futexes_work_between_processes)
{
    int fd = open("shared", O_RDWR | O_CREAT, 0600);

    CHECK_OK(ftruncate(fd, PAGE));
    uint32_t *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(word != MAP_FAILED);
    pid_t pid = child_start("wake_the_parent");
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0)
        futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
    __atomic_store_n(word + 1, 1, __ATOMIC_SEQ_CST);
    CHECK(futex(word + 1, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0);
    CHECK_EXIT(pid, 0);
}

static uint32_t ping;

static void *pong(UNUSED void *arg)
{
    for (uint32_t i = 0; i < 2000; i++) {
        while (__atomic_load_n(&ping, __ATOMIC_SEQ_CST) != 2 * i + 1)
            futex(&ping, FUTEX_WAIT_PRIVATE, 2 * i, NULL, NULL, 0);
        __atomic_store_n(&ping, 2 * i + 2, __ATOMIC_SEQ_CST);
        futex(&ping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return NULL;
}

TEST(no_wake_is_lost)
{
    ping = 0;
    pthread_t t = thread_start(pong, NULL);
    for (uint32_t i = 0; i < 2000; i++) {
        __atomic_store_n(&ping, 2 * i + 1, __ATOMIC_SEQ_CST);
        futex(&ping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        while (__atomic_load_n(&ping, __ATOMIC_SEQ_CST) != 2 * i + 2)
            futex(&ping, FUTEX_WAIT_PRIVATE, 2 * i + 1, NULL, NULL, 0);
    }
    thread_join(t);
}
