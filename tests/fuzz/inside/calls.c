/* SPDX-License-Identifier: MIT */
/*
 * Random system calls as a program: what a hostile or confused program can do to the kernel.
 *
 *     calls SECONDS [SEED [CALL...]]  start workers until the time is over, without these calls
 *     calls --worker SEED [CALL...]   make calls until something ends it
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
    WORKER_NS = 400000000,                       /* then it hangs, and is killed            */
    SETTLE_NS = 30000000,                        /* its handlers are in place by then       */
    MEMORY_SIZE = 64 * 1024,
    MAPS_SIZE = 1024 * 1024,
    UNWANTED_MAX = 32,
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

static char **unwanted;                          /* from the command line, NULL at the end  */

/* Not those that only end or stop the worker, and not those that could reach the parent. */
static bool allows(unsigned long nr)
{
    static const unsigned long left_out[] = {
        NR_exit, NR_exit_group, NR_rt_sigreturn, NR_pause,      NR_rt_sigsuspend,
        NR_kill, NR_tkill,      NR_umount2,      NR_mount,      NR_clone,
        NR_fork, NR_vfork,      NR_setpriority,  NR_arch_prctl,
    };

    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        if (nr == left_out[i])
            return false;
    for (char **name = unwanted; *name; name++)
        if (!strcmp(*name, sys_info_find(nr)->name))
            return false;
    return true;
}

/* A signal that somebody sent is nothing; a fault is the end. */
static void on_signal(int signo, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code > 0 && (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
                              signo == SIGFPE || signo == SIGTRAP))
        _exit(1);
}

/* Signals that were sent do not end the worker, and wake it from calls that block (the parent
 * sends some): until a call changes that, and every few calls again. */
static void arm_signals(void)
{
    const struct {
        unsigned long handler, flags, restorer, mask;
    } ignore = { 1, 0, 0, 0 };
    struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
    sigset_t all;

    for (int signo = 1; signo <= SIGRTMAX; signo++)
        if (sigaction(signo, &act, NULL))        /* those that libc keeps for itself        */
            syscall(SYS_rt_sigaction, signo, &ignore, NULL, 8);
    sigfillset(&all);
    (void)sigprocmask(SIG_UNBLOCK, &all, NULL);
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
    r.source.maps_size = MAPS_SIZE;
    r.source.maps =
        (u64)mmap(NULL, MAPS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (r.source.memory == MAP_FAILED || (void *)r.source.maps == MAP_FAILED)
        return 1;
    (void)!chdir("/tmp");                        /* an earlier worker may have removed it   */
    setpgid(0, 0);
    call_source_init(&r.source);
    for (int i = 0; i < WORKER_CALLS; i++) {
        if (i % 32 == 0)
            arm_signals();
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

/* How workers end. */
static struct {
    unsigned long finished, failed, killed, hung;
} ends;

/* Wait for the worker, which a signal wakes now and then. */
static void reap(pid_t pid)
{
    const struct timespec moment = { 0, 2000000 };
    long long begin = now_ns();
    bool hung = false;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (!hung && now_ns() > begin + WORKER_NS) {
            kill(pid, SIGKILL);
            hung = true;
        } else if (now_ns() > begin + SETTLE_NS) {
            kill(pid, SIGALRM);
        }
        nanosleep(&moment, NULL);
    }
    if (hung)
        ends.hung++;
    else if (WIFSIGNALED(status))
        ends.killed++;
    else if (WEXITSTATUS(status))
        ends.failed++;
    else
        ends.finished++;
}

static void make_tree(void)
{
    mkdir("/tmp", 01777);
    mkdir("/tmp/d", 0777);
    (void)!symlink("loop", "/tmp/loop");
    (void)!symlink("d", "/tmp/link");
}

static int null_fd;                              /* /dev/null, opened while it is there     */

/* Start a worker with this seed: 0 or an errno.  Descriptors 0 to 2 are the run's: what a worker
 * wrote there would drown everything. */
static int start(const char *self, unsigned long long seed, pid_t *ret)
{
    char text[32], *argv[UNWANTED_MAX + 4] = { (char *)self, "--worker", text };
    posix_spawn_file_actions_t actions;
    int err;

    for (int i = 0; unwanted[i] && i < UNWANTED_MAX; i++)
        argv[3 + i] = unwanted[i];
    snprintf(text, sizeof(text), "%llu", seed);
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd <= 2; fd++)
        posix_spawn_file_actions_adddup2(&actions, null_fd, fd);
    err = posix_spawn(ret, self, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

static int parent(const char *self, long seconds, unsigned long long seed)
{
    long long end = now_ns() + seconds * 1000000000ll;

    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (; now_ns() < end; seed++) {
        pid_t pid;
        int err;

        make_tree();
        err = start(self, seed, &pid);
        if (err) {
            printf("posix_spawn of worker %llu: %s\n", seed, strerror(err));
            return 1;
        }
        reap(pid);
    }
    printf("calls: of the workers %lu made all their calls, %lu lost their memory, %lu were killed "
           "by a signal, %lu hung; the next seed is %llu\n",
           ends.finished, ends.failed, ends.killed, ends.hung, seed);
    return 0;
}

int main(int argc, char **argv)
{
    bool is_worker = argc >= 3 && !strcmp(argv[1], "--worker");

    if (argc < 2) {
        fprintf(stderr, "usage: calls SECONDS [SEED [CALL...]]\n");
        return 1;
    }
    unwanted = argc > 3 ? argv + 3 : argv + argc;
    if (is_worker)
        return worker(strtoull(argv[2], NULL, 10));
    return parent(argv[0], atol(argv[1]), argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
}
