/* SPDX-License-Identifier: MIT */
/*
 * Operations of one thread that touch no file: entering the kernel, reading the clock, a pipe and
 * poll without waiting, memory, a child.
 */

#include "bench/micro.h"

#include <poll.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOUCHED_BYTES = 64 * 1024, PAGE_BYTES = 4096 };

static int ends[2];

/* The instruction itself: no library function around it. */
static inline long null_system_call(void)
{
    long ret;

    __asm__ volatile("syscall" : "=a"(ret) : "a"((long)SYS_getppid) : "rcx", "r11", "memory");
    return ret;
}

static void run_null(long rounds)
{
    long parent = getppid();

    for (long i = 0; i < rounds; i++)
        CHECK(null_system_call() == parent);
}

static void run_getpid(long rounds)
{
    for (long i = 0; i < rounds; i++)
        CHECK(getpid() > 0);
}

static void run_clock(long rounds)
{
    struct timespec now;

    for (long i = 0; i < rounds; i++)
        CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
}

static void prepare_pipe(void)
{
    CHECK(pipe(ends) == 0);
}

static void prepare_filled_pipe(void)
{
    prepare_pipe();
    CHECK(write(ends[1], "x", 1) == 1);
}

static void finish_pipe(void)
{
    CHECK(close(ends[0]) == 0);
    CHECK(close(ends[1]) == 0);
}

static void run_pipe(long rounds)
{
    char byte = 'x';

    for (long i = 0; i < rounds; i++) {
        CHECK(write(ends[1], &byte, 1) == 1);
        CHECK(read(ends[0], &byte, 1) == 1);
    }
}

static void run_poll(long rounds)
{
    struct pollfd ready = { .fd = ends[0], .events = POLLIN };

    for (long i = 0; i < rounds; i++)
        CHECK(poll(&ready, 1, -1) == 1);
}

static void run_mmap(long rounds)
{
    for (long i = 0; i < rounds; i++) {
        volatile char *pages =
            mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        CHECK(pages != MAP_FAILED);
        for (size_t offset = 0; offset < TOUCHED_BYTES; offset += PAGE_BYTES)
            pages[offset] = 1;
        CHECK(munmap((void *)pages, TOUCHED_BYTES) == 0);
    }
}

static void run_spawn(long rounds)
{
    char *const argv[] = { (char *)micro_program, NULL };
    char *const environment[] = { NULL };

    CHECK(micro_program != NULL);
    for (long i = 0; i < rounds; i++) {
        pid_t pid;
        int status;

        CHECK(posix_spawn(&pid, micro_program, NULL, NULL, argv, environment) == 0);
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(status == 0);
    }
}

const struct micro_op micro_calls[] = {
    { .name = "null", .run = run_null },
    { .name = "getpid", .run = run_getpid },
    { .name = "clock_gettime", .run = run_clock },
    { .name = "pipe_rw", .prepare = prepare_pipe, .run = run_pipe, .finish = finish_pipe },
    { .name = "poll", .prepare = prepare_filled_pipe, .run = run_poll, .finish = finish_pipe },
    { .name = "mmap_64k", .run = run_mmap },
    { .name = "spawn", .run = run_spawn },
    { .name = NULL },
};
