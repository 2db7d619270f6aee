/* SPDX-License-Identifier: MIT */
/* covers: fcntl */
/*
 * POSIX record locks: F_SETLK, F_SETLKW, F_GETLK.  They belong to the process, so that conflicts
 * need a second one.
 */
#include "tests/sys/sys.h"

static struct flock range(short type, off_t start, off_t len)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
}

static int set_lock(int fd, short type, off_t start, off_t len)
{
    struct flock lock = range(type, start, len);

    return fcntl(fd, F_SETLK, &lock);
}

/* try type start len: exit 0 if the lock is granted, else the errno. */
CHILD(try)
{
    int fd = open("f", O_RDWR);

    if (set_lock(fd, (short)atoi(argv[0]), atol(argv[1]), atol(argv[2])) == 0)
        return 0;
    return errno;
}

static int try(short type, off_t start, off_t len)
{
    int status = child_wait(child_start("try", number(type), number(start), number(len)));

    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_file(void)
{
    file_put("f", "0123456789");
    int fd = open("f", O_RDWR);
    CHECK_OK(fd);
    return fd;
}

TEST(write_lock_excludes_others)
{
    int fd = open_file();

    CHECK_OK(set_lock(fd, F_WRLCK, 2, 4));
    CHECK_EQ(try(F_WRLCK, 0, 3), EAGAIN);
    CHECK_EQ(try(F_RDLCK, 5, 1), EAGAIN);
    CHECK_EQ(try(F_WRLCK, 0, 2), 0);
    CHECK_EQ(try(F_WRLCK, 6, 0), 0);
    CHECK_OK(set_lock(fd, F_UNLCK, 2, 4));
    CHECK_EQ(try(F_WRLCK, 0, 0), 0);
}

TEST(read_locks_share)
{
    int fd = open_file();

    CHECK_OK(set_lock(fd, F_RDLCK, 0, 0));
    CHECK_EQ(try(F_RDLCK, 0, 0), 0);
    CHECK_EQ(try(F_WRLCK, 1L << 40, 1), EAGAIN); /* length 0 reaches to infinity            */
}

TEST(own_locks_never_conflict_and_convert)
{
    int fd = open_file();

    CHECK_OK(set_lock(fd, F_WRLCK, 0, 10));
    CHECK_OK(set_lock(fd, F_RDLCK, 3, 4));
    CHECK_EQ(try(F_RDLCK, 3, 4), 0);
    CHECK_EQ(try(F_WRLCK, 3, 1), EAGAIN);
    CHECK_EQ(try(F_RDLCK, 2, 1), EAGAIN);
    CHECK_EQ(try(F_RDLCK, 7, 1), EAGAIN);
}

TEST(unlocking_the_middle_splits)
{
    int fd = open_file();

    CHECK_OK(set_lock(fd, F_WRLCK, 0, 10));
    CHECK_OK(set_lock(fd, F_UNLCK, 4, 2));
    CHECK_EQ(try(F_WRLCK, 4, 2), 0);
    CHECK_EQ(try(F_WRLCK, 3, 1), EAGAIN);
    CHECK_EQ(try(F_WRLCK, 6, 1), EAGAIN);
}

TEST(closing_any_descriptor_of_the_file_drops_all_locks)
{
    int fd = open_file();

    CHECK_OK(set_lock(fd, F_WRLCK, 0, 10));
    CHECK_EQ(try(F_WRLCK, 0, 1), EAGAIN);
    CHECK_OK(close(open("f", O_RDONLY)));
    CHECK_EQ(try(F_WRLCK, 0, 1), 0);
}

CHILD(get)
{
    struct flock lock = range(F_WRLCK, 0, 0);
    int fd = open("f", O_RDWR);

    CHECK_OK(fcntl(fd, F_GETLK, &lock));
    CHECK_EQ(lock.l_type, atoi(argv[0]));
    if (lock.l_type == F_UNLCK)
        return 0;
    CHECK_EQ(lock.l_pid, getppid());
    CHECK_EQ(lock.l_start, 2);
    CHECK_EQ(lock.l_len, 4);
    CHECK_EQ(lock.l_whence, SEEK_SET);
    return 0;
}

TEST(getlk_names_the_one_in_the_way)
{
    int fd = open_file();

    CHECK_EXIT(child_start("get", number(F_UNLCK)), 0);
    CHECK_OK(set_lock(fd, F_RDLCK, 2, 4));
    CHECK_EXIT(child_start("get", number(F_RDLCK)), 0);
    CHECK_OK(set_lock(fd, F_WRLCK, 2, 4));
    CHECK_EXIT(child_start("get", number(F_WRLCK)), 0);
}

TEST(whence_and_negative_lengths)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -2, .l_len = 1 };
    int fd = open_file();

    CHECK_OK(fcntl(fd, F_SETLK, &lock));         /* byte 8                                  */
    CHECK_EQ(try(F_WRLCK, 8, 1), EAGAIN);
    CHECK_EQ(try(F_WRLCK, 9, 1), 0);
    CHECK_OK(set_lock(fd, F_UNLCK, 0, 0));
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
    lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = -2 };
    CHECK_OK(fcntl(fd, F_SETLK, &lock));         /* bytes 3 and 4                           */
    CHECK_EQ(try(F_WRLCK, 3, 1), EAGAIN);
    CHECK_EQ(try(F_WRLCK, 5, 1), 0);
    lock = range(F_WRLCK, 0, -1);
    CHECK_ERR(fcntl(fd, F_SETLK, &lock), EINVAL);
    lock = range(F_WRLCK, -1, 1);
    CHECK_ERR(fcntl(fd, F_SETLK, &lock), EINVAL);
    lock = range(9, 0, 1);
    CHECK_ERR(fcntl(fd, F_SETLK, &lock), EINVAL);
}

TEST(access_mode_must_fit)
{
    open_file();
    CHECK_ERR(set_lock(open("f", O_RDONLY), F_WRLCK, 0, 1), EBADF);
    CHECK_ERR(set_lock(open("f", O_WRONLY), F_RDLCK, 0, 1), EBADF);
    CHECK_ERR(set_lock(-1, F_RDLCK, 0, 1), EBADF);
}

/* hold byte fd: lock it, say so on fd, wait for the end of file on standard input. */
CHILD(hold)
{
    int fd = open("f", O_RDWR), ready = atoi(argv[1]);
    char c;

    CHECK_OK(set_lock(fd, F_WRLCK, atol(argv[0]), 1));
    CHECK_EQ(write(ready, "x", 1), 1);
    CHECK_EQ(close(ready), 0);
    while (read(atoi(argv[2]), &c, 1) > 0)
        ;
    return 0;
}

/* Starts a child that holds a byte until *ret_release is closed. */
static pid_t start_holder(off_t byte, int *ret_release)
{
    int ready[2], hold[2];
    char c;

    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(hold));
    CHECK_OK(fcntl(hold[1], F_SETFD, FD_CLOEXEC));
    pid_t pid = child_start("hold", number(byte), number(ready[1]), number(hold[0]));
    CHECK_EQ(read(ready[0], &c, 1), 1);
    *ret_release = hold[1];
    return pid;
}

static void *release_soon(void *fd)
{
    settle();
    CHECK_OK(close(*(int *)fd));
    return NULL;
}

TEST(setlkw_waits_for_the_holder)
{
    struct flock lock = range(F_WRLCK, 0, 1);
    int release;
    int fd = open_file();

    pid_t pid = start_holder(0, &release);
    CHECK_ERR(set_lock(fd, F_WRLCK, 0, 1), EAGAIN);
    pthread_t t = thread_start(release_soon, &release);
    CHECK_OK(fcntl(fd, F_SETLKW, &lock));
    CHECK_EXIT(pid, 0);
    thread_join(t);
    CHECK_EQ(try(F_WRLCK, 0, 1), EAGAIN);
}

static void nothing(UNUSED int signal)
{
}

TEST(setlkw_is_interrupted_by_a_signal)
{
    struct itimerval soon = { .it_value = { .tv_usec = 20000 },
                              .it_interval = { .tv_usec = 20000 } };
    struct flock lock = range(F_WRLCK, 0, 1);
    int release;
    int fd = open_file();

    pid_t pid = start_holder(0, &release);
    signal_handle(SIGALRM, nothing, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &soon, NULL));
    CHECK_ERR(fcntl(fd, F_SETLKW, &lock), EINTR);
    CHECK_OK(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL));
    CHECK_OK(close(release));
    CHECK_EXIT(pid, 0);
}

/* Holds byte 1, then waits for byte 0, which the parent has and will wait for byte 1. */
CHILD(deadlock)
{
    int fd = open("f", O_RDWR);
    struct flock lock = range(F_WRLCK, 0, 1);

    CHECK_OK(set_lock(fd, F_WRLCK, 1, 1));
    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    return fcntl(fd, F_SETLKW, &lock) == 0 ? 0 : errno;
}

TEST(deadlock_is_found)
{
    struct flock lock = range(F_WRLCK, 1, 1);
    int fd = open_file();
    int ready[2];
    char c;

    CHECK_OK(pipe(ready));
    CHECK_OK(set_lock(fd, F_WRLCK, 0, 1));
    pid_t pid = child_start("deadlock", number(ready[1]));
    CHECK_EQ(read(ready[0], &c, 1), 1);
    settle();
    settle();
    int mine = fcntl(fd, F_SETLKW, &lock) == 0 ? 0 : errno;
    CHECK_OK(set_lock(fd, F_UNLCK, 0, 0));
    int status = child_wait(pid);
    int theirs = WEXITSTATUS(status);
    CHECK((mine == EDEADLK && theirs == 0) || (mine == 0 && theirs == EDEADLK));
}

TEST(locks_die_with_the_process)
{
    int release;
    int fd = open_file();

    pid_t pid = start_holder(0, &release);
    CHECK_ERR(set_lock(fd, F_WRLCK, 0, 1), EAGAIN);
    CHECK_OK(kill(pid, SIGKILL));
    CHECK_KILLED(pid, SIGKILL);
    CHECK_OK(set_lock(fd, F_WRLCK, 0, 1));
}
