/* SPDX-License-Identifier: MIT */
/* covers: shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl */
/*
 * System V shared memory, semaphores and message queues.
 */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "tests/sys/sys.h"

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static key_t own_key(int n)
{
    return (key_t)(0x5e000000 + getpid() * 16 + n);
}

TEST(segments_are_zero_shared_and_counted)
{
    SKIP_INSIDE("shared pages have one address and one protection");
    struct shmid_ds ds;

    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    CHECK_OK(id);
    int *a = shmat(id, NULL, 0), *b = shmat(id, NULL, 0);
    CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
    CHECK_EQ(*a, 0);
    *a = 77;
    CHECK_EQ(*b, 77);
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_nattch, 2);
    CHECK_EQ(ds.shm_segsz, 10000);
    CHECK_EQ(ds.shm_cpid, getpid());
    CHECK_EQ(ds.shm_perm.mode & 0777, 0600);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_EQ(*a, 77);                            /* lives until the last detaches           */
    CHECK_OK(shmdt(a));
    CHECK_OK(shmdt(b));
    CHECK_ERR(shmctl(id, IPC_STAT, &ds), EINVAL);
    CHECK_ERR(shmdt(a), EINVAL);
}

TEST(segments_have_keys)
{
    key_t key = own_key(1);

    int id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
    CHECK_OK(id);
    CHECK_EQ(shmget(key, 4096, 0600), id);
    CHECK_EQ(shmget(key, 0, 0), id);
    CHECK_ERR(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
    CHECK_ERR(shmget(key, 8192, 0600), EINVAL);  /* larger than it is                       */
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_ERR(shmget(key, 4096, 0600), ENOENT);
    CHECK_ERR(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
}

TEST(segments_attach_read_only_and_at_addresses)
{
    SKIP_INSIDE("shared pages have one address and one protection");
    int id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
    char *room = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_OK(munmap(room, 4 * PAGE));
    char *a = shmat(id, room + PAGE, 0);
    CHECK(a == room + PAGE);
    a[0] = 'x';
    CHECK(shmat(id, room + PAGE + 100, 0) == (void *)-1 && errno == EINVAL);
    char *r = shmat(id, NULL, SHM_RDONLY);
    CHECK_EQ(r[0], 'x');
    int p[2];
    CHECK_OK(pipe(p));
    CHECK_EQ(write(p[1], "y", 1), 1);
    CHECK_ERR(read(p[0], r, 1), EFAULT);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
    CHECK_OK(shmdt(a));
    CHECK_OK(shmdt(r));
    CHECK(shmat(99999999, NULL, 0) == (void *)-1 && errno == EINVAL);
}

CHILD(write_segment)
{
    int *p = shmat(atoi(argv[0]), NULL, 0);

    CHECK(p != (void *)-1);
    *p += 1;
    return 0;
}

TEST(segments_are_shared_by_processes)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    volatile int *p = shmat(id, NULL, 0);

    *p = 5;
    CHECK_EXIT(child_start("write_segment", number(id)), 0);
    CHECK_EXIT(child_start("write_segment", number(id)), 0);
    CHECK_EQ(*p, 7);
    CHECK_OK(shmctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.shm_nattch, 1);                  /* the children's went with them           */
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}

static int op(int id, int n, int delta, int flags)
{
    struct sembuf b = { (unsigned short)n, (short)delta, (short)flags };

    return semop(id, &b, 1);
}

TEST(semaphore_sets_and_values)
{
    unsigned short values[3] = { 1, 2, 3 }, back[3] = { 0 };

    int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
    CHECK_OK(id);
    CHECK_OK(semctl(id, 0, SETALL, (union semun){ .array = values }));
    CHECK_OK(semctl(id, 0, GETALL, (union semun){ .array = back }));
    CHECK_MEM(values, back, sizeof(values));
    CHECK_OK(semctl(id, 1, SETVAL, (union semun){ .val = 9 }));
    CHECK_EQ(semctl(id, 1, GETVAL), 9);
    CHECK_OK(op(id, 1, -4, 0));
    CHECK_EQ(semctl(id, 1, GETVAL), 5);
    CHECK_EQ(semctl(id, 1, GETPID), getpid());
    CHECK_ERR(op(id, 1, -6, IPC_NOWAIT), EAGAIN);
    CHECK_ERR(op(id, 0, 0, IPC_NOWAIT), EAGAIN); /* waits for zero                          */
    CHECK_ERR(op(id, 7, 1, 0), EFBIG);
    CHECK_ERR(op(id, 0, 32767, 0), ERANGE);
    CHECK_ERR(semctl(id, 0, SETVAL, (union semun){ .val = 32768 }), ERANGE);
    CHECK_ERR(semctl(id, 7, GETVAL), EINVAL);
    CHECK_OK(semctl(id, 0, IPC_RMID));
    CHECK_ERR(op(id, 0, 1, 0), EINVAL);
    CHECK_ERR(semget(IPC_PRIVATE, 0, IPC_CREAT | 0600), EINVAL);
}

TEST(operations_are_all_or_nothing)
{
    struct sembuf b[2] = { { 0, 1, 0 }, { 1, -1, IPC_NOWAIT } };

    int id = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
    CHECK_ERR(semop(id, b, 2), EAGAIN);
    CHECK_EQ(semctl(id, 0, GETVAL), 0);
    CHECK_ERR(semop(id, b, 0), EINVAL);
    CHECK_ERR(semop(id, b, 100000), E2BIG);
    CHECK_ERR(syscall(SYS_semop, id, BAD_POINTER, 1), EFAULT);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

static int sem_id;

static void *take(UNUSED void *arg)
{
    return (void *)(long)(op(sem_id, 0, -1, 0) == 0 ? 0 : errno);
}

TEST(waiting_ends_with_a_value_or_with_the_set)
{
    sem_id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    pthread_t t = thread_start(take, NULL);
    while (semctl(sem_id, 0, GETNCNT) == 0)
        sleep_ms(1);
    CHECK_OK(op(sem_id, 0, 1, 0));
    CHECK_EQ(thread_join(t), 0);
    t = thread_start(take, NULL);
    while (semctl(sem_id, 0, GETNCNT) == 0)
        sleep_ms(1);
    CHECK_OK(semctl(sem_id, 0, IPC_RMID));
    CHECK_EQ(thread_join(t), EIDRM);
}

TEST(waiting_can_be_limited)
{
    struct sembuf b = { 0, -1, 0 };
    struct timespec ts = { 0, 20 * MS };
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    int64_t start = now_ns();

    CHECK_ERR(syscall(SYS_semtimedop, id, &b, 1, &ts), EAGAIN);
    CHECK(now_ns() - start >= 20 * MS);
    ts.tv_nsec = SEC;
    CHECK_ERR(syscall(SYS_semtimedop, id, &b, 1, &ts), EINVAL);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

CHILD(take_with_undo)
{
    CHECK_OK(op(atoi(argv[0]), 0, -3, SEM_UNDO));
    return 0;
}

TEST(undo_happens_at_exit)
{
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);

    CHECK_OK(semctl(id, 0, SETVAL, (union semun){ .val = 5 }));
    CHECK_EXIT(child_start("take_with_undo", number(id)), 0);
    CHECK_EQ(semctl(id, 0, GETVAL), 5);
    CHECK_OK(semctl(id, 0, IPC_RMID));
}

struct message {
    long type;
    char text[64];
};

static int send_message(int id, long type, const char *text, int flags)
{
    struct message m = { .type = type };

    strcpy(m.text, text);
    return msgsnd(id, &m, strlen(text), flags);
}

TEST(messages_are_chosen_by_type)
{
    struct message m;

    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    CHECK_OK(id);
    CHECK_OK(send_message(id, 3, "three", 0));
    CHECK_OK(send_message(id, 1, "one", 0));
    CHECK_OK(send_message(id, 2, "two", 0));
    CHECK_OK(send_message(id, 1, "one again", 0));
    CHECK_EQ(msgrcv(id, &m, sizeof(m.text), 2, 0), 3);
    CHECK_MEM(m.text, "two", 3);
    CHECK_EQ(msgrcv(id, &m, sizeof(m.text), -2, 0), 3); /* the lowest up to 2               */
    CHECK_EQ(m.type, 1);
    CHECK_MEM(m.text, "one", 3);
    CHECK_EQ(msgrcv(id, &m, sizeof(m.text), 3, MSG_EXCEPT), 9);
    CHECK_EQ(msgrcv(id, &m, sizeof(m.text), 0, 0), 5); /* the first                         */
    CHECK_EQ(m.type, 3);
    CHECK_ERR(msgrcv(id, &m, sizeof(m.text), 0, IPC_NOWAIT), ENOMSG);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
}

TEST(message_sizes_and_errors)
{
    struct message m;
    struct msqid_ds ds;

    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    CHECK_OK(send_message(id, 1, "0123456789", 0));
    CHECK_ERR(msgrcv(id, &m, 4, 0, 0), E2BIG);
    CHECK_EQ(msgrcv(id, &m, 4, 0, MSG_NOERROR), 4);
    CHECK_ERR(send_message(id, 0, "x", 0), EINVAL);
    CHECK_ERR(send_message(id, -1, "x", 0), EINVAL);
    CHECK_ERR(syscall(SYS_msgsnd, id, &m, 100000, 0), EINVAL);
    CHECK_ERR(syscall(SYS_msgsnd, id, BAD_POINTER, 1, 0), EFAULT);
    CHECK_OK(msgctl(id, IPC_STAT, &ds));
    CHECK_EQ(ds.msg_qnum, 0);
    CHECK(ds.msg_qbytes > 0);
    static char big[8192];
    *(long *)big = 1;
    int sent = 0;
    while (msgsnd(id, big, 4000, IPC_NOWAIT) == 0)
        sent++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(sent >= 1);
    CHECK_OK(msgctl(id, IPC_RMID, NULL));
    CHECK_ERR(msgrcv(id, &m, 4, 0, 0), EINVAL);
}

static int queue_id;

static void *receive(UNUSED void *arg)
{
    struct message m;

    return (void *)(long)(msgrcv(queue_id, &m, sizeof(m.text), 0, 0) >= 0 ? 0 : errno);
}

TEST(receivers_wait)
{
    queue_id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    pthread_t t = thread_start(receive, NULL);
    settle();
    CHECK_OK(send_message(queue_id, 1, "x", 0));
    CHECK_EQ(thread_join(t), 0);
    t = thread_start(receive, NULL);
    settle();
    CHECK_OK(msgctl(queue_id, IPC_RMID, NULL));
    long error = (long)thread_join(t);
    CHECK(error == EIDRM || error == EINVAL);    /* EINVAL if it comes too late to wait     */
}

CHILD(use_as_user)
{
    CHECK_OK(setresgid(1000, 1000, 1000));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK(shmat(atoi(argv[0]), NULL, 0) == (void *)-1 && errno == EACCES);
    CHECK_ERR(shmctl(atoi(argv[0]), IPC_RMID, NULL), EPERM);
    return 0;
}

TEST(permissions_are_checked)
{
    need_root();
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    CHECK_EXIT(child_start("use_as_user", number(id)), 0);
    CHECK_OK(shmctl(id, IPC_RMID, NULL));
}
