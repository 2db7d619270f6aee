/* SPDX-License-Identifier: MIT */
/*
 * Operations on one warm file of micro_dir.  Reads and writes are at offset 0, so that each round
 * is one system call.
 */

#include "bench/micro.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 1, PAGE = 4096, LARGE = 64 * 1024 };

static char path[256];
static char buffer[LARGE];
static int file;

static void prepare_file(void)
{
    CHECK((size_t)snprintf(path, sizeof(path), "%s/micro.%d", micro_dir, getpid()) < sizeof(path));
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    memset(buffer, 'x', sizeof(buffer));
    CHECK(write(file, buffer, sizeof(buffer)) == (ssize_t)sizeof(buffer));
}

static void finish_file(void)
{
    CHECK(close(file) == 0);
    CHECK(unlink(path) == 0);
}

static void run_open(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        int fd = open(path, O_RDONLY);

        CHECK(fd >= 0);
        CHECK(close(fd) == 0);
    }
}

static void run_stat(long rounds)
{
    struct stat info;

    for (long i = 0; i < rounds; i++)
        CHECK(stat(path, &info) == 0);
}

static void read_rounds(ssize_t size, long rounds)
{
    for (long i = 0; i < rounds; i++)
        CHECK(pread(file, buffer, (size_t)size, 0) == size);
}

static void write_rounds(ssize_t size, long rounds)
{
    for (long i = 0; i < rounds; i++)
        CHECK(pwrite(file, buffer, (size_t)size, 0) == size);
}

static void run_read_small(long rounds)
{
    read_rounds(SMALL, rounds);
}

static void run_read_page(long rounds)
{
    read_rounds(PAGE, rounds);
}

static void run_read_large(long rounds)
{
    read_rounds(LARGE, rounds);
}

static void run_write_small(long rounds)
{
    write_rounds(SMALL, rounds);
}

static void run_write_page(long rounds)
{
    write_rounds(PAGE, rounds);
}

static void run_write_large(long rounds)
{
    write_rounds(LARGE, rounds);
}

#define FILE_OP(label, function)                                                                   \
    {                                                                                              \
        .name = label, .prepare = prepare_file, .run = function, .finish = finish_file             \
    }

const struct micro_op micro_files[] = {
    FILE_OP("open_close", run_open),
    FILE_OP("stat", run_stat),
    FILE_OP("read_1", run_read_small),
    FILE_OP("read_4k", run_read_page),
    FILE_OP("read_64k", run_read_large),
    FILE_OP("write_1", run_write_small),
    FILE_OP("write_4k", run_write_page),
    FILE_OP("write_64k", run_write_large),
    { .name = NULL },
};
