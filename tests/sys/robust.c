/* SPDX-License-Identifier: MIT */
/* covers: set_robust_list get_robust_list futex */
/*
 * Robust futexes: the kernel walks a dying thread's list and marks what it held.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "tests/sys/clone_fixture.h"

#define OWNER_DIED 0x40000000U
#define WAITERS    0x80000000U

struct list {
    struct list *next;
};

struct head {
    struct list list;
    long futex_offset;
    struct list *pending;
};

struct lock {
    struct list list;
    uint32_t futex;
};

static struct head head;
static struct lock locks[3];

/* Ends with three locks held; the list goes on behind the second with arg, or ends there. */
static int die_holding(void *arg)
{
    uint32_t tid = (uint32_t)RAW0(SYS_gettid);

    head.futex_offset = offsetof(struct lock, futex);
    head.list.next = &locks[0].list;
    locks[0].list.next = &locks[1].list;
    locks[1].list.next = arg ? arg : &head.list;
    locks[0].futex = tid;
    locks[1].futex = tid | WAITERS;
    locks[2].futex = tid;
    head.pending = &locks[2].list;
    return RAW2(SYS_set_robust_list, &head, sizeof(head)) == 0 ? 0 : 1;
}

static void run_and_join(struct list *tail)
{
    int tid = 0, child_tid = 1;

    memset(locks, 0, sizeof(locks));
    CHECK(raw_clone(RAW_THREAD, &tid, &child_tid, 0, die_holding, tail) > 0);
    raw_join(&child_tid);
}

TEST(held_locks_are_marked_at_exit)
{
    run_and_join(NULL);
    CHECK_EQ(locks[0].futex & OWNER_DIED, OWNER_DIED);
    CHECK_EQ(locks[0].futex & 0x3fffffff, 0);
    CHECK_EQ(locks[1].futex, OWNER_DIED | WAITERS);
    CHECK_EQ(locks[2].futex & OWNER_DIED, OWNER_DIED); /* the pending one too               */
}

TEST(broken_lists_do_no_harm)
{
    run_and_join(&locks[0].list);                /* the list bites its tail                 */
    CHECK_EQ(locks[1].futex, OWNER_DIED | WAITERS);
    run_and_join(BAD_POINTER);
    CHECK_EQ(locks[1].futex, OWNER_DIED | WAITERS);
    run_and_join((struct list *)-64L);
    CHECK_EQ(locks[1].futex, OWNER_DIED | WAITERS);
}

static void *wait_for_word(void *word)
{
    uint32_t now;

    while (!((now = __atomic_load_n((uint32_t *)word, __ATOMIC_SEQ_CST)) & OWNER_DIED))
        syscall(SYS_futex, word, 0, now, NULL, NULL, 0);
    return NULL;
}

TEST(a_waiter_is_woken)
{
    memset(locks, 0, sizeof(locks));
    locks[1].futex = WAITERS | 1;
    pthread_t t = thread_start(wait_for_word, &locks[1].futex);
    settle();
    int tid = 0, child_tid = 1;
    CHECK(raw_clone(RAW_THREAD, &tid, &child_tid, 0, die_holding, NULL) > 0);
    raw_join(&child_tid);
    thread_join(t);
}

TEST(get_robust_list_of_self)
{
    void *mine = NULL;
    size_t size = 0;

    CHECK_OK(syscall(SYS_get_robust_list, 0, &mine, &size));
    CHECK_EQ(size, sizeof(struct head));
    CHECK_ERR(syscall(SYS_get_robust_list, 4194303, &mine, &size), ESRCH);
    CHECK_ERR(syscall(SYS_get_robust_list, 0, BAD_POINTER, &size), EFAULT);
    CHECK_ERR(syscall(SYS_set_robust_list, mine, size + 1), EINVAL);
}

CHILD(dies_with_lock)
{
    int fd = open("shared", O_RDWR);
    pthread_mutex_t *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(m != MAP_FAILED);
    CHECK_EQ(pthread_mutex_lock(m), 0);
    if (argc > 0)
        kill(getpid(), SIGKILL);
    return 0;
}

TEST(robust_mutexes_work_across_processes)
{
    pthread_mutexattr_t attr;

    int fd = open("shared", O_RDWR | O_CREAT, 0600);
    CHECK_OK(ftruncate(fd, PAGE));
    pthread_mutex_t *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(m != MAP_FAILED);
    CHECK_EQ(pthread_mutexattr_init(&attr), 0);
    CHECK_EQ(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_EQ(pthread_mutex_init(m, &attr), 0);
    CHECK_EXIT(child_start("dies_with_lock"), 0);
    CHECK_EQ(pthread_mutex_lock(m), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(m), 0);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    CHECK_KILLED(child_start("dies_with_lock", "by signal"), SIGKILL);
    CHECK_EQ(pthread_mutex_lock(m), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(m), 0);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
}
