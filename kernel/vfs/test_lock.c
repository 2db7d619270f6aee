/* SPDX-License-Identifier: MIT */
/* Record locks and flock.  The one thread of the machine is interrupted where it would wait. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/thread.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/lock.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct file *f, *g;                       /* two open files of one file              */
static struct fdtable *one, *two;                /* two processes                           */

static void begin(void)
{
    machine_start_fs();
    machine.quiet = true;
    CHECK_EQ(vfs_openat(AT_FDCWD, "/f", O_RDWR | O_CREAT, 0600, 0, &f), 0);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/f", O_RDWR, 0, 0, &g), 0);
    one = fdtable_new();
    two = fdtable_new();
    machine.quiet = false;
}

static void end(void)
{
    file_put(f);
    file_put(g);
    fdtable_put(one);
    fdtable_put(two);
    machine_stop_fs();
}

static int set(struct fdtable *who, short type, s64 start, s64 len)
{
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

    return file_lock_set(f, who, false, &l, false);
}

/* What keeps `who` from a write lock on one byte: start of the lock in the way, -1 if nothing. */
static s64 in_the_way(struct fdtable *who, s64 at, short *type)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

    CHECK_EQ(file_lock_get(f, who, false, &l), 0);
    if (type)
        *type = l.l_type;
    return l.l_type == F_UNLCK ? -1 : l.l_start;
}

TEST(locks_of_others_are_in_the_way_and_ones_own_are_not)
{
    short type;

    begin();
    CHECK_EQ(set(one, F_RDLCK, 10, 10), 0);
    CHECK_EQ(set(two, F_RDLCK, 15, 10), 0);
    CHECK_EQ(set(two, F_WRLCK, 19, 1), -EAGAIN);
    CHECK_EQ(set(two, F_WRLCK, 20, 5), 0);
    CHECK_EQ(set(one, F_WRLCK, 10, 5), 0);
    CHECK_EQ(in_the_way(one, 16, &type), 15);
    CHECK_EQ(type, F_RDLCK);
    CHECK_EQ(in_the_way(one, 22, &type), 20);
    CHECK_EQ(type, F_WRLCK);
    CHECK_EQ(in_the_way(one, 9, NULL), -1);
    CHECK_EQ(in_the_way(one, 25, NULL), -1);
    end();
}

TEST(locks_are_split_shortened_and_joined)
{
    begin();
    CHECK_EQ(set(one, F_WRLCK, 0, 100), 0);
    CHECK_EQ(set(one, F_UNLCK, 40, 20), 0);
    CHECK_EQ(in_the_way(two, 39, NULL), 0);
    CHECK_EQ(in_the_way(two, 50, NULL), -1);
    CHECK_EQ(in_the_way(two, 60, NULL), 60);
    CHECK_EQ(set(one, F_WRLCK, 40, 20), 0);      /* whole again                             */
    CHECK_EQ(in_the_way(two, 99, NULL), 0);
    CHECK_EQ(set(one, F_RDLCK, 10, 10), 0);
    CHECK_EQ(in_the_way(two, 15, NULL), 10);
    CHECK_EQ(in_the_way(two, 25, NULL), 20);
    CHECK_EQ(set(one, F_UNLCK, 0, 0), 0);
    CHECK_EQ(in_the_way(two, 0, NULL), -1);
    CHECK_EQ(set(one, F_WRLCK, 5, 0), 0);        /* to the end, wherever that is            */
    CHECK_EQ(in_the_way(two, INT64_MAX - 1, NULL), 5);
    end();
}

TEST(locks_ranges_are_checked)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    begin();
    CHECK_EQ(set(one, F_WRLCK, -1, 1), -EINVAL);
    CHECK_EQ(set(one, F_WRLCK, 5, -6), -EINVAL);
    CHECK_EQ(set(one, F_WRLCK, 5, -5), 0);
    CHECK_EQ(in_the_way(two, 4, NULL), 0);
    CHECK_EQ(in_the_way(two, 5, NULL), -1);
    CHECK_EQ(set(one, F_WRLCK, INT64_MAX, 2), -EOVERFLOW);
    l.l_whence = 7;
    CHECK_EQ(file_lock_set(f, one, false, &l, false), -EINVAL);
    CHECK_EQ(set(one, 9, 0, 1), -EINVAL);
    l = (struct flock){ .l_type = F_WRLCK, .l_pid = 1 };
    CHECK_EQ(file_lock_set(f, one, true, &l, false), -EINVAL);
    end();
}

TEST(locks_go_with_their_owners)
{
    struct flock l = { .l_type = F_WRLCK, .l_start = 50, .l_len = 1 };

    begin();
    CHECK_EQ(set(one, F_WRLCK, 0, 10), 0);
    CHECK_EQ(file_lock_set(g, two, true, &l, false), 0); /* open file description           */
    CHECK_EQ(in_the_way(two, 50, NULL), 50);             /* not the process's               */
    CHECK_EQ(fd_install(one, g, 0), 0);
    CHECK_EQ(fd_close(one, 0), 0);               /* any descriptor of the process           */
    CHECK_EQ(in_the_way(two, 5, NULL), -1);
    CHECK_EQ(in_the_way(one, 50, NULL), 50);
    file_put(g);
    g = NULL;
    CHECK_EQ(in_the_way(one, 50, NULL), -1);
    end();
}

TEST(locks_are_waited_for)
{
    struct flock l = { .l_type = F_WRLCK, .l_len = 1 };

    begin();
    CHECK_EQ(set(one, F_RDLCK, 0, 1), 0);
    CHECK_EQ(file_lock_set(f, two, false, &l, true), -ERESTARTSYS);
    CHECK_EQ(in_the_way(two, 0, NULL), 0);
    CHECK_EQ(set(one, F_UNLCK, 0, 1), 0);
    CHECK_EQ(file_lock_set(f, two, false, &l, true), 0);
    end();
}

TEST(flock_is_of_the_open_file)
{
    begin();
    CHECK_EQ(file_flock(f, LOCK_SH), 0);
    CHECK_EQ(file_flock(g, LOCK_SH), 0);
    CHECK_EQ(file_flock(g, LOCK_EX | LOCK_NB), -EAGAIN);
    CHECK_EQ(file_flock(f, LOCK_EX), 0);         /* g lost its lock when the change failed  */
    CHECK_EQ(file_flock(g, LOCK_SH | LOCK_NB), -EAGAIN);
    CHECK_EQ(set(one, F_WRLCK, 0, 0), 0);        /* record locks do not see it              */
    CHECK_EQ(file_flock(g, LOCK_SH), -ERESTARTSYS);
    CHECK_EQ(file_flock(f, LOCK_UN), 0);
    CHECK_EQ(file_flock(g, LOCK_SH), 0);
    CHECK_EQ(file_flock(g, 3), -EINVAL);
    end();
}

TEST_TORTURE(locks_without_memory_change_nothing)
{
    begin();
    int err = set(one, F_WRLCK, 0, 100);

    if (!err) {
        err = set(one, F_UNLCK, 10, 10);
        if (err)
            CHECK_EQ(in_the_way(two, 15, NULL), 0);
    } else {
        CHECK_EQ(in_the_way(two, 15, NULL), -1);
    }
    if (err)
        CHECK_EQ(err, -ENOLCK);
    end();
}
