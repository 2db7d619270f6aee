/* SPDX-License-Identifier: MIT */
/* covers: fcntl flock */
/*
 * Locks that belong to the open file: F_OFD_SETLK and flock(2).
 */
#include <sys/file.h>

#include "tests/sys/sys.h"

static int ofd_lock(int fd, int command, short type, off_t start, off_t len)
{
    struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

    return fcntl(fd, command, &lock);
}

TEST(ofd_locks_of_two_opens_conflict_in_one_process)
{
    file_put("f", "0123456789");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_WRLCK, 0, 5));
    CHECK_ERR(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 4, 1), EAGAIN);
    CHECK_ERR(ofd_lock(b, F_OFD_SETLK, F_RDLCK, 0, 1), EAGAIN);
    CHECK_OK(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
    CHECK_OK(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 0, 5));
}

TEST(ofd_locks_are_shared_by_copies_and_end_with_the_last)
{
    file_put("f", "0123456789");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    int copy = dup(a);
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(ofd_lock(copy, F_OFD_SETLK, F_WRLCK, 0, 0));
    CHECK_OK(close(a));
    CHECK_ERR(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
    CHECK_OK(close(copy));
    CHECK_OK(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 0, 0));
}

TEST(ofd_getlk_reports_pid_minus_one)
{
    struct flock lock = { .l_type = F_WRLCK };

    file_put("f", "");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_RDLCK, 3, 4));
    CHECK_OK(fcntl(b, F_OFD_GETLK, &lock));
    CHECK_EQ(lock.l_type, F_RDLCK);
    CHECK_EQ(lock.l_pid, -1);
    CHECK_EQ(lock.l_start, 3);
    CHECK_EQ(lock.l_len, 4);
    lock = (struct flock){ .l_type = F_WRLCK, .l_pid = 1 };
    CHECK_ERR(fcntl(b, F_OFD_SETLK, &lock), EINVAL);
}

TEST(ofd_and_posix_locks_conflict)
{
    file_put("f", "");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_OK(ofd_lock(a, F_SETLK, F_WRLCK, 0, 0));
    CHECK_ERR(ofd_lock(b, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
}

static void *ofd_wait(void *fd)
{
    CHECK_OK(ofd_lock(*(int *)fd, F_OFD_SETLKW, F_WRLCK, 0, 0));
    return NULL;
}

TEST(ofd_setlkw_waits)
{
    file_put("f", "");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
    pthread_t t = thread_start(ofd_wait, &b);
    settle();
    CHECK_OK(ofd_lock(a, F_OFD_SETLK, F_UNLCK, 0, 0));
    thread_join(t);
    CHECK_ERR(ofd_lock(a, F_OFD_SETLK, F_RDLCK, 0, 0), EAGAIN);
}

TEST(flock_excludes_between_opens)
{
    file_put("f", "");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY);
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_SH));                 /* converts                                */
    CHECK_OK(flock(b, LOCK_SH | LOCK_NB));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(a, LOCK_UN));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
    CHECK_OK(close(b));
    CHECK_OK(flock(a, LOCK_EX | LOCK_NB));
}

TEST(flock_is_shared_by_copies)
{
    file_put("f", "");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY);
    int copy = dup(a);
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(flock(copy, LOCK_EX | LOCK_NB));
    CHECK_OK(close(a));
    CHECK_ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(copy, LOCK_UN));
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}

CHILD(inherits_lock)
{
    int mine = open("f", O_RDONLY);

    CHECK_ERR(flock(mine, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(atoi(argv[0]), LOCK_EX | LOCK_NB)); /* the parent's open file            */
    CHECK_OK(flock(atoi(argv[0]), LOCK_UN));
    return 0;
}

TEST(flock_goes_to_children_with_the_descriptor)
{
    file_put("f", "");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY);
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(fcntl(b, F_SETFD, FD_CLOEXEC));
    CHECK_EXIT(child_start("inherits_lock", number(a)), 0);
    CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}

static void *flock_wait(void *fd)
{
    CHECK_OK(flock(*(int *)fd, LOCK_EX));
    return NULL;
}

TEST(flock_waits)
{
    file_put("f", "");
    int a = open("f", O_RDONLY), b = open("f", O_RDONLY);
    CHECK_OK(flock(a, LOCK_EX));
    pthread_t t = thread_start(flock_wait, &b);
    settle();
    CHECK_OK(flock(a, LOCK_UN));
    thread_join(t);
    CHECK_ERR(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

TEST(flock_and_record_locks_ignore_each_other)
{
    file_put("f", "");
    int a = open("f", O_RDWR), b = open("f", O_RDWR);
    CHECK_OK(flock(a, LOCK_EX));
    CHECK_OK(ofd_lock(b, F_OFD_SETLK, F_WRLCK, 0, 0));
}

TEST(flock_errors)
{
    file_put("f", "");
    int a = open("f", O_RDONLY);
    CHECK_ERR(flock(-1, LOCK_EX), EBADF);
    CHECK_ERR(flock(a, 0), EINVAL);
    CHECK_ERR(flock(a, LOCK_EX | LOCK_SH), EINVAL);
    CHECK_OK(flock(a, LOCK_UN));
    CHECK_ERR(flock(open("f", O_PATH), LOCK_SH), EBADF);
}
