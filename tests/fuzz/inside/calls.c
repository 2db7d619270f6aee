/* SPDX-License-Identifier: MIT */
/*
 * Random system calls as a program: what a hostile or confused program can do to the kernel.
 *
 *     calls SECONDS [SEED]            start workers until the time is over
 *     calls --worker SEED             make calls until something ends it
 *
 * Workers crash, deadlock, close their descriptors and unmap themselves; that is their right.  The
 * parent starts the next one when one has ended, or kills it after a moment.  It finds nothing
 * itself: what counts is whether the kernel lives, that is, whether the parent gets to its last
 * line.  With the same seed a worker makes the same calls; --strace shows them.
 */
#include "tests/fuzz/call_source.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKER_CALLS = 3000,
    WORKER_NS = 500000000,                       /* then it hangs, and is killed            */
    MEMORY_SIZE = 64 * 1024,
};

extern char **environ;

/* ---- a worker ---- */

struct random_source {
    struct call_source source;
    unsigned long long state;
};

static u8 random_byte(struct call_source *s)
{
    struct random_source *r = container_of(s, struct random_source, source);

    r->state ^= r->state << 13;                  /* xorshift                                */
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return (u8)(r->state >> 32);
}

/* Not those that only end or stop the worker, and not those that could reach the parent. */
static bool allows(unsigned long nr)
{
    static const unsigned long left_out[] = {
        NR_exit, NR_exit_group, NR_rt_sigreturn, NR_pause, NR_rt_sigsuspend,
        NR_kill, NR_tkill,      NR_umount2,      NR_mount, NR_clone,
        NR_fork, NR_vfork,      NR_setpriority,
    };

    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        if (nr == left_out[i])
            return false;
    return true;
}

/* Descriptors 0 to 2 are the run's: what is written there would drown everything. */
static int leave_streams(void)
{
    int null = open("/dev/null", O_RDWR);

    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null, fd) < 0)
            return -1;
    return 0;
}

static int worker(unsigned long long seed)
{
    struct random_source r = {
        .source = { .byte = random_byte, .allows = allows, .size = MEMORY_SIZE, .pid = getpid() },
        .state = seed * 0x9e3779b97f4a7c15ull + 1,
    };
    struct made_call c;

    r.source.memory =
        mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r.source.memory == MAP_FAILED || chdir("/tmp") || leave_streams())
        return 1;
    setpgid(0, 0);
    for (int i = 0; i < WORKER_CALLS; i++) {
        call_make(&r.source, &c);
        syscall((long)c.nr, c.a[0], c.a[1], c.a[2], c.a[3], c.a[4], c.a[5]);
    }
    return 0;
}

/* ---- the parent ---- */

static long long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Wait for the worker; true if it had to be killed. */
static bool reap(pid_t pid)
{
    const struct timespec moment = { 0, 2000000 };
    long long deadline = now_ns() + WORKER_NS;
    bool killed = false;

    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (!killed && now_ns() > deadline) {
            kill(pid, SIGKILL);
            killed = true;
        }
        nanosleep(&moment, NULL);
    }
    return killed;
}

static void make_tree(void)
{
    mkdir("/tmp", 01777);
    mkdir("/tmp/d", 0777);
    (void)!symlink("loop", "/tmp/loop");
    (void)!symlink("d", "/tmp/link");
}

static int parent(const char *self, long seconds, unsigned long long seed)
{
    long long end = now_ns() + seconds * 1000000000ll;
    unsigned long workers = 0, hung = 0;

    for (; now_ns() < end; seed++, workers++) {
        char text[32];
        char *argv[] = { (char *)self, "--worker", text, NULL };
        pid_t pid;

        make_tree();
        snprintf(text, sizeof(text), "%llu", seed);
        errno = posix_spawn(&pid, self, NULL, NULL, argv, environ);
        if (errno) {
            printf("posix_spawn of worker %llu: %s\n", seed, strerror(errno));
            return 1;
        }
        hung += reap(pid);
    }
    printf("calls: %lu workers, %lu had to be killed; the next seed is %llu\n", workers, hung,
           seed);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--worker"))
        return worker(strtoull(argv[2], NULL, 10));
    if (argc == 2 || argc == 3)
        return parent(argv[0], atol(argv[1]), argc == 3 ? strtoull(argv[2], NULL, 10) : 1);
    fprintf(stderr, "usage: calls SECONDS [SEED]\n");
    return 1;
}
