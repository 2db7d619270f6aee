/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/cleanup.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/pipe.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct file *any_file(void)
{
    struct file *r, *w;

    CHECK_EQ(pipe_open(0, &r, &w), 0);
    file_put(w);
    return r;
}

TEST(fd_numbers_are_the_lowest_free_ones)
{
    machine_start();
    struct fdtable *t = fdtable_new();
    struct file *f = any_file();

    for (int i = 0; i < 200; i++)
        CHECK_EQ(fd_install(t, f, 0), i);
    CHECK_EQ(fd_close(t, 130), 0);
    CHECK_EQ(fd_close(t, 3), 0);
    CHECK_EQ(fd_close(t, 64), 0);
    CHECK_EQ(fd_install(t, f, 0), 3);
    CHECK_EQ(fd_install_from(t, f, 0, 65), 130);
    CHECK_EQ(fd_install(t, f, 0), 64);
    CHECK_EQ(fd_install(t, f, 0), 200);
    CHECK_EQ(fd_count(t), 201);
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST(fd_numbers_grow_to_the_limit_and_not_beyond)
{
    machine_start();
    machine.fd_limit = FD_LIMIT_HARD;
    struct fdtable *t = fdtable_new();
    struct file *f = any_file();

    for (int i = 0; i < FD_LIMIT_HARD; i++)
        CHECK_EQ(fd_install(t, f, 0), i);
    CHECK_EQ(fd_install(t, f, 0), -EMFILE);
    CHECK_EQ(fd_room(t), -EMFILE);
    CHECK_EQ(fd_close(t, 40000), 0);
    CHECK_EQ(fd_install(t, f, 0), 40000);
    CHECK_EQ(fd_install_at(t, f, 0, FD_LIMIT_HARD), -EBADF);
    machine.fd_limit = 10;
    CHECK_EQ(fd_close(t, 5), 0);
    CHECK_EQ(fd_install(t, f, 0), 5);
    CHECK_EQ(fd_install(t, f, 0), -EMFILE);
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST(fd_lookups_know_what_is_open)
{
    machine_start();
    struct fdtable *t = fdtable_new();
    struct file *f = any_file(), *g;

    CHECK_EQ(fd_get(t, 0, &g), -EBADF);
    CHECK_EQ(fd_get(t, -1, &g), -EBADF);
    CHECK_EQ(fd_get(t, 1 << 30, &g), -EBADF);
    CHECK_EQ(fd_install_at(t, f, O_CLOEXEC, 100), 100);
    CHECK_EQ(fd_get(t, 100, &g), 0);
    CHECK_EQ(g, f);
    CHECK_EQ(ref_count(&f->refs), 3);
    file_put(g);
    CHECK_EQ(fd_flags_get(t, 100), FD_CLOEXEC);
    CHECK_EQ(fd_flags_set(t, 100, 0), 0);
    CHECK_EQ(fd_flags_get(t, 100), 0);
    CHECK_EQ(fd_flags_get(t, 101), -EBADF);
    CHECK_EQ(fd_flags_set(t, 101, 0), -EBADF);
    CHECK_EQ(fd_close(t, 100), 0);
    CHECK_EQ(fd_close(t, 100), -EBADF);
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST(fd_borrowing_counts_only_where_the_table_is_shared)
{
    machine_start();
    struct fdtable *t = fdtable_new();
    struct file *f = any_file();
    struct fd_ref r = { 0 };

    CHECK_EQ(fd_install(t, f, 0), 0);
    CHECK_EQ(fd_borrow(t, 0, &r), 0);
    CHECK_EQ(ref_count(&f->refs), 2);
    fd_ref_put(&r);
    fdtable_get(t);
    CHECK_EQ(fd_borrow(t, 0, &r), 0);
    CHECK_EQ(ref_count(&f->refs), 3);
    fd_ref_put(&r);
    CHECK_EQ(ref_count(&f->refs), 2);
    fdtable_put(t);
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST(fd_close_range_closes_or_marks)
{
    machine_start();
    struct fdtable *t = fdtable_new();
    struct file *f = any_file();

    for (int i = 0; i < 100; i++)
        CHECK_EQ(fd_install(t, f, 0), i);
    CHECK_EQ(fd_close_range(t, 10, 20, true), 0);
    CHECK_EQ(fd_flags_get(t, 9), 0);
    CHECK_EQ(fd_flags_get(t, 10), FD_CLOEXEC);
    CHECK_EQ(fd_flags_get(t, 20), FD_CLOEXEC);
    CHECK_EQ(fd_flags_get(t, 21), 0);
    fdtable_close_on_exec(t);
    CHECK_EQ(fd_count(t), 89);
    CHECK_EQ(fd_close_range(t, 50, UINT32_MAX, false), 0);
    CHECK_EQ(fd_count(t), 39);
    CHECK_EQ(fd_flags_get(t, 49), 0);
    CHECK_EQ(fd_flags_get(t, 50), -EBADF);
    CHECK_EQ(fd_close_range(t, UINT32_MAX, UINT32_MAX, false), 0);
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST_TORTURE(fd_tables_are_copied_whole_or_not_at_all)
{
    machine_start();
    machine.quiet = true;
    struct fdtable *t = fdtable_new(), *copy = NULL;
    struct file *f = any_file();

    CHECK_EQ(fd_install(t, f, 0), 0);
    CHECK_EQ(fd_install_at(t, f, O_CLOEXEC, 300), 300);
    machine.quiet = false;
    int err = fdtable_copy(t, &copy);

    if (err) {
        CHECK_EQ(err, -ENOMEM);
        CHECK_EQ(ref_count(&f->refs), 3);
    } else {
        CHECK_EQ(fd_count(copy), 2);
        CHECK_EQ(fd_flags_get(copy, 300), FD_CLOEXEC);
        CHECK_EQ(fd_flags_get(copy, 0), 0);
        CHECK_EQ(ref_count(&f->refs), 5);
        fdtable_put(copy);
    }
    file_put(f);
    fdtable_put(t);
    machine_stop();
}

TEST_TORTURE(pipes_get_two_descriptors_or_none)
{
    machine_start();
    machine.quiet = true;
    machine.fd_limit = 66;
    struct fdtable *t = fdtable_new();
    struct file *f = any_file();
    int fds[2];

    for (int i = 0; i < 63; i++)
        CHECK_EQ(fd_install(t, f, 0), i);
    machine.quiet = false;
    int err = fd_install_two(t, f, f, O_CLOEXEC, fds);

    if (err) {
        CHECK_EQ(err, -ENOMEM);
        CHECK_EQ(fd_count(t), 63);
    } else {
        CHECK_EQ(fds[0], 63);
        CHECK_EQ(fds[1], 64);
        CHECK_EQ(fd_install_two(t, f, f, 0, fds), -EMFILE);
        CHECK_EQ(fd_count(t), 65);
    }
    file_put(f);
    fdtable_put(t);
    machine_stop();
}
