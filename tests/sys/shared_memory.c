/* SPDX-License-Identifier: MIT */
/* covers: mmap open ftruncate futex */
/*
 * POSIX shared memory and semaphores, as the libc makes them from files.
 */
#include <semaphore.h>
#include <sys/mman.h>

#include "tests/sys/sys.h"

static char name[64];

static const char *own_name(void)
{
    snprintf(name, sizeof(name), "/sys-test-%d", getpid());
    return name;
}

CHILD(add)
{
    int fd = shm_open(argv[0], O_RDWR, 0);
    atomic_int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(p != MAP_FAILED);
    for (int i = 0; i < 1000; i++)
        atomic_fetch_add(p, 1);
    return 0;
}

TEST(objects_are_shared_by_name)
{
    int fd = shm_open(own_name(), O_CREAT | O_EXCL | O_RDWR, 0600);

    CHECK_OK(fd);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(ftruncate(fd, PAGE));
    atomic_int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    pid_t a = child_start("add", name), b = child_start("add", name);
    CHECK_EXIT(a, 0);
    CHECK_EXIT(b, 0);
    CHECK_EQ(*p, 2000);
    CHECK_ERR(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
    CHECK_OK(shm_unlink(name));
    CHECK_ERR(shm_open(name, O_RDWR, 0), ENOENT);
}

CHILD(wait_and_post)
{
    sem_t *in = sem_open(argv[0], 0), *out = sem_open(argv[1], 0);

    CHECK(in != SEM_FAILED && out != SEM_FAILED);
    for (int i = 0; i < 200; i++) {
        CHECK_OK(sem_wait(in));
        CHECK_OK(sem_post(out));
    }
    return 0;
}

TEST(named_semaphores_synchronise_processes)
{
    char a_name[64], b_name[64];

    snprintf(a_name, sizeof(a_name), "/sys-a-%d", getpid());
    snprintf(b_name, sizeof(b_name), "/sys-b-%d", getpid());
    sem_t *a = sem_open(a_name, O_CREAT | O_EXCL, 0600, 0);
    sem_t *b = sem_open(b_name, O_CREAT | O_EXCL, 0600, 0);
    CHECK(a != SEM_FAILED && b != SEM_FAILED);
    pid_t pid = child_start("wait_and_post", a_name, b_name);
    for (int i = 0; i < 200; i++) {
        CHECK_OK(sem_post(a));
        CHECK_OK(sem_wait(b));
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(sem_unlink(a_name));
    CHECK_OK(sem_unlink(b_name));
}

struct shared {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int turn;
};

CHILD(take_turns)
{
    int fd = open("shared", O_RDWR);
    struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(s != MAP_FAILED);
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s->mutex);
        while (s->turn != 1)
            pthread_cond_wait(&s->cond, &s->mutex);
        s->turn = 0;
        pthread_cond_signal(&s->cond);
        pthread_mutex_unlock(&s->mutex);
    }
    return 0;
}

TEST(process_shared_mutex_and_condition)
{
    pthread_mutexattr_t m;
    pthread_condattr_t c;

    int fd = open("shared", O_RDWR | O_CREAT, 0600);
    CHECK_OK(ftruncate(fd, PAGE));
    struct shared *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK_EQ(pthread_mutexattr_init(&m), 0);
    CHECK_EQ(pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_condattr_init(&c), 0);
    CHECK_EQ(pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED), 0);
    CHECK_EQ(pthread_mutex_init(&s->mutex, &m), 0);
    CHECK_EQ(pthread_cond_init(&s->cond, &c), 0);
    pid_t pid = child_start("take_turns");
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&s->mutex);
        while (s->turn != 0)
            pthread_cond_wait(&s->cond, &s->mutex);
        s->turn = 1;
        pthread_cond_signal(&s->cond);
        pthread_mutex_unlock(&s->mutex);
    }
    CHECK_EXIT(pid, 0);
}
