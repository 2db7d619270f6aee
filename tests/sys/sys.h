/* SPDX-License-Identifier: MIT */
/*
 * Harness of the behaviour tests.
 *
 * A program is one C file that includes this header, which brings its main().  The file's
 * second line names the system calls that it verifies: "covers: open openat".
 *
 * Model: TEST(name) { ... } registers a test; main() runs them in order, each in a directory of
 * its own, in this one process.  There is no fork(): a second process is CHILD(name) { ... },
 * started with child_start("name", "argument") as /proc/self/exe --child name argument.  A
 * failing CHECK prints one line and leaves the test (in a child: the process; in a thread other
 * than the first: it only records, since there is nothing to return to).
 *
 * After each test signals, mask, timers, identity, directory, umask and descriptors from 3 up
 * are as before, children still running are killed.
 *
 * Never CHECK between vfork() and exec, nor in a signal handler: set a variable there, and
 * check it afterwards.
 */
#ifndef TESTS_SYS_SYS_H
#define TESTS_SYS_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED       __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS           1000000LL                   /* nanoseconds                             */
#define SEC          1000000000LL                /* nanoseconds                             */
#define PAGE         4096UL
#define BAD_POINTER  ((void *)8)                 /* never mapped: page 0                    */

extern char **environ;

/* ---- registering ---- */

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

struct test_child {
    const char *name;
    int (*run)(int argc, char **argv);
    struct test_child *next;
};

enum { CHILD_MAX = 64 };

static struct {
    struct test_case *first;
    struct test_case **last;
    struct test_child *children;
    const char *current;                         /* name of the running test                */
    bool verbose;
    bool in_child;
    atomic_int failed;                           /* by the running test, any thread         */
    pthread_t main_thread;
    sigjmp_buf leave;
    char base[PATH_MAX];                         /* holds one directory per test            */
    char binary[PATH_MAX];                       /* what /proc/self/exe said                */
    pid_t pids[CHILD_MAX];                       /* started and not yet waited for; 0 is free */
} harness;

enum { LEAVE_FAILED = 1, LEAVE_SKIPPED };

static void test_register(struct test_case *t)
{
    if (!harness.last)
        harness.last = &harness.first;
    *harness.last = t;
    harness.last = &t->next;
}

UNUSED static void child_register(struct test_child *c)
{
    c->next = harness.children;
    harness.children = c;
}

/* TEST(name_says_what_must_be_true) { ... } */
#define TEST(name)                                                                                 \
    static void test_##name(void);                                                                 \
    __attribute__((constructor)) static void register_##name(void)                                 \
    {                                                                                              \
        static struct test_case t = { #name, test_##name, NULL };                                  \
        test_register(&t);                                                                         \
    }                                                                                              \
    static void test_##name(void)

/* CHILD(name) { ... } is another process; argv[0] is its first argument; returns its status. */
#define CHILD(name)                                                                                \
    static int child_##name(int argc, char **argv);                                                \
    __attribute__((constructor)) static void register_child_##name(void)                           \
    {                                                                                              \
        static struct test_child c = { #name, child_##name, NULL };                                \
        child_register(&c);                                                                        \
    }                                                                                              \
    static int child_##name(UNUSED int argc, UNUSED char **argv)

/* ---- checking ---- */

__attribute__((format(printf, 3, 4))) UNUSED static void check_failed(const char *file, int line,
                                                                      const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    dprintf(1, "FAIL %s: %s:%d: %s\n", harness.current, file, line, text);
    harness.failed++;
    if (harness.in_child)
        _exit(99);
    if (pthread_equal(pthread_self(), harness.main_thread))
        siglongjmp(harness.leave, LEAVE_FAILED);
}

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_failed(__FILE__, __LINE__, "%s", #cond);                                         \
    } while (0)

/* Equal as integers. */
#define CHECK_EQ(got, want)                                                                        \
    do {                                                                                           \
        long long got_ = (long long)(got);                                                         \
        int errno_ = errno;                                                                        \
        long long want_ = (long long)(want);                                                       \
        if (got_ != want_)                                                                         \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %s = %lld%s%s", #got, got_, #want,   \
                         want_, got_ == -1 ? ": " : "", got_ == -1 ? strerror(errno_) : "");       \
    } while (0)

/* A system call that succeeds. */
#define CHECK_OK(expr)                                                                             \
    do {                                                                                           \
        if ((long long)(expr) == -1)                                                               \
            check_failed(__FILE__, __LINE__, "%s: %s", #expr, strerror(errno));                    \
    } while (0)

/* A system call that fails with this errno. */
#define CHECK_ERR(expr, want)                                                                      \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long long got_ = (long long)(expr);                                                        \
        int errno_ = errno;                                                                        \
        if (got_ != -1)                                                                            \
            check_failed(__FILE__, __LINE__, "%s is %lld, not %s", #expr, got_, #want);            \
        else if (errno_ != (want))                                                                 \
            check_failed(__FILE__, __LINE__, "%s: %s (%d), not %s", #expr, strerror(errno_),       \
                         errno_, #want);                                                           \
    } while (0)

#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *got_ = (got);                                                                  \
        const char *want_ = (want);                                                                \
        if (strcmp(got_, want_) != 0)                                                              \
            check_failed(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #got, got_, want_);       \
    } while (0)

#define CHECK_MEM(got, want, size)                                                                 \
    do {                                                                                           \
        if (memcmp((got), (want), (size)) != 0)                                                    \
            check_failed(__FILE__, __LINE__, "%s differs from %s", #got, #want);                   \
    } while (0)

/* Leave the test: this machine cannot answer the question.  Only for reasons out of the kernel's
 * hands. */
UNUSED static void test_skip(const char *reason)
{
    dprintf(1, "skip %s: %s\n", harness.current, reason);
    siglongjmp(harness.leave, LEAVE_SKIPPED);
}
#define SKIP(reason) test_skip(reason)

/* Linux does it and we refuse it, for a reason that CAVEATS.md gives. */
#define SKIP_INSIDE(reason)                                                                        \
    do {                                                                                           \
        if (getenv("MYST_TARGET"))                                                                 \
            SKIP(reason);                                                                          \
    } while (0)

/* ---- system calls without a libc ---- */

/* The kernel's own answer, errors as -errno.  For code that has no errno of its own: children
 * of vfork and threads of raw clone share their parent's. */
UNUSED static long raw_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}
#define RAW0(nr)             raw_syscall(nr, 0, 0, 0, 0, 0, 0)
#define RAW1(nr, a)          raw_syscall(nr, (long)(a), 0, 0, 0, 0, 0)
#define RAW2(nr, a, b)       raw_syscall(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define RAW3(nr, a, b, c)    raw_syscall(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RAW4(nr, a, b, c, d) raw_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* ---- time ---- */

UNUSED static int64_t timespec_ns(const struct timespec *ts)
{
    return (int64_t)ts->tv_sec * SEC + ts->tv_nsec;
}

UNUSED static struct timespec ns_timespec(int64_t ns)
{
    return (struct timespec){ .tv_sec = ns / SEC, .tv_nsec = ns % SEC };
}

UNUSED static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts = { 0, 0 };

    clock_gettime(clock, &ts);
    return timespec_ns(&ts);
}

/* Nanoseconds of the monotonic clock. */
UNUSED static int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Sleeps at least that long, whatever signals arrive. */
UNUSED static void sleep_ms(long ms)
{
    struct timespec ts = ns_timespec(ms * MS);

    while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
        ;
}

/* Long enough for another thread to have gone to sleep where it is about to.  A test stays
 * right when that takes longer; it only proves less. */
UNUSED static void settle(void)
{
    sleep_ms(15);
}

/* ---- children ---- */

UNUSED static void child_remember(pid_t pid)
{
    for (int i = 0; i < CHILD_MAX; i++)
        if (!harness.pids[i]) {
            harness.pids[i] = pid;
            return;
        }
}

UNUSED static void child_forget(pid_t pid)
{
    for (int i = 0; i < CHILD_MAX; i++)
        if (harness.pids[i] == pid)
            harness.pids[i] = 0;
}

/* Start CHILD(name) with up to 8 arguments, NULL-terminated; what child_start() wraps. */
UNUSED static pid_t child_spawn(const posix_spawn_file_actions_t *actions,
                                const posix_spawnattr_t *attributes, const char *name, ...)
{
    char *argv[12] = { harness.binary, (char *)"--child", (char *)name };
    int argc = 3;
    pid_t pid = -1;
    va_list args;

    va_start(args, name);
    while (argc < 11 && (argv[argc] = va_arg(args, char *)))
        argc++;
    va_end(args);

    int err = posix_spawn(&pid, "/proc/self/exe", actions, attributes, argv, environ);
    if (err) {
        check_failed(__FILE__, __LINE__, "posix_spawn of child %s: %s", name, strerror(err));
        return -1;
    }
    child_remember(pid);
    return pid;
}
#define child_start(...) child_spawn(NULL, NULL, __VA_ARGS__, NULL)

/* The wait status of a child. */
UNUSED static int child_wait(pid_t pid)
{
    int status = -1;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got == -1 && errno == EINTR);
    if (got != pid)
        check_failed(__FILE__, __LINE__, "waitpid(%d) is %d: %s", pid, got, strerror(errno));
    child_forget(pid);
    return status;
}

#define CHECK_EXIT(pid, code)                                                                      \
    do {                                                                                           \
        int status_ = child_wait(pid);                                                             \
        if (!WIFEXITED(status_) || WEXITSTATUS(status_) != (code))                                 \
            check_failed(__FILE__, __LINE__, "%s: wait status %#x, not exit %d", #pid, status_,    \
                         (int)(code));                                                             \
    } while (0)

#define CHECK_KILLED(pid, signal)                                                                  \
    do {                                                                                           \
        int status_ = child_wait(pid);                                                             \
        if (!WIFSIGNALED(status_) || WTERMSIG(status_) != (signal))                                \
            check_failed(__FILE__, __LINE__, "%s: wait status %#x, not signal %d", #pid, status_,  \
                         (int)(signal));                                                           \
    } while (0)

/* A number as a string argument; valid until eight more were made. */
UNUSED static char *number(long n)
{
    static char text[8][24];
    static unsigned next;
    char *s = text[next++ % 8];

    snprintf(s, sizeof(text[0]), "%ld", n);
    return s;
}

/* ---- files ---- */

/* Make or replace a file with this content. */
UNUSED static void file_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK_OK(fd);
    CHECK_EQ(write(fd, data, size), size);
    CHECK_OK(close(fd));
}

UNUSED static void file_put(const char *path, const char *text)
{
    file_write(path, text, strlen(text));
}

/* The content of a file up to size - 1 bytes, with a NUL; returns the number of bytes. */
UNUSED static size_t file_read(const char *path, char *buf, size_t size)
{
    size_t have = 0;
    ssize_t n;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_OK(fd);
    while (have < size - 1 && (n = read(fd, buf + have, size - 1 - have)) != 0) {
        CHECK_OK(n);
        have += (size_t)n;
    }
    CHECK_OK(close(fd));
    buf[have] = 0;
    return have;
}

#define CHECK_FILE(path, text)                                                                     \
    do {                                                                                           \
        char file_[4096];                                                                          \
        file_read((path), file_, sizeof(file_));                                                   \
        if (strcmp(file_, (text)) != 0)                                                            \
            check_failed(__FILE__, __LINE__, "%s contains \"%s\", not \"%s\"", (path), file_,      \
                         (text));                                                                  \
    } while (0)

UNUSED static bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

UNUSED static off_t file_size(const char *path)
{
    struct stat st;

    CHECK_OK(stat(path, &st));
    return st.st_size;
}

/* Bytes that differ from place to place, the same on each run. */
UNUSED static void fill_pattern(void *buf, size_t size, unsigned seed)
{
    unsigned char *p = buf;

    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (unsigned char)(seed >> 24);
    }
}

/* ---- identity ---- */

/* Change the effective ids of the calling thread only (the libc's calls change all threads);
 * the real and saved ones stay, so become(0, 0) goes back. */
UNUSED static void become(uid_t uid, gid_t gid)
{
    if (uid != 0)
        CHECK_OK(syscall(SYS_setresgid, -1, gid, -1));
    CHECK_OK(syscall(SYS_setresuid, -1, uid, -1));
    if (uid == 0)
        CHECK_OK(syscall(SYS_setresgid, -1, gid, -1));
}

/* Leave the test unless it runs as root. */
UNUSED static void need_root(void)
{
    if (geteuid() != 0)
        SKIP("needs root");
}

/* ---- threads ---- */

UNUSED static pthread_t thread_start(void *(*run)(void *), void *arg)
{
    pthread_t thread;
    int err = pthread_create(&thread, NULL, run, arg);

    if (err)
        check_failed(__FILE__, __LINE__, "pthread_create: %s", strerror(err));
    return thread;
}

UNUSED static void *thread_join(pthread_t thread)
{
    void *result = NULL;

    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

/* ---- signals ---- */

/* Install a handler; no SA_RESTART unless asked for. */
UNUSED static void signal_handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    sigemptyset(&action.sa_mask);
    CHECK_OK(sigaction(signal, &action, NULL));
}

UNUSED static void signal_handle_info(int signal, void (*handler)(int, siginfo_t *, void *),
                                      int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };

    sigemptyset(&action.sa_mask);
    CHECK_OK(sigaction(signal, &action, NULL));
}

UNUSED static sigset_t signal_set(int signal)
{
    sigset_t set;

    sigemptyset(&set);
    if (signal)
        sigaddset(&set, signal);
    return set;
}

UNUSED static void signal_block(int signal)
{
    sigset_t set = signal_set(signal);

    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
}

UNUSED static void signal_unblock(int signal)
{
    sigset_t set = signal_set(signal);

    CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

UNUSED static bool signal_pending(int signal)
{
    sigset_t set;

    CHECK_OK(sigpending(&set));
    return sigismember(&set, signal) == 1;
}

/* ---- running ---- */

static void harness_reset(void)
{
    struct itimerval no_timer = { { 0, 0 }, { 0, 0 } };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction normal = { .sa_handler = SIG_DFL };
    sigset_t none = signal_set(0);

    syscall(SYS_setresuid, -1, getuid(), -1);
    syscall(SYS_setresgid, -1, getgid(), -1);
    setitimer(ITIMER_REAL, &no_timer, NULL);
    for (int i = 0; i < CHILD_MAX; i++)
        if (harness.pids[i] > 0) {
            kill(harness.pids[i], SIGKILL);
            waitpid(harness.pids[i], NULL, 0);
            harness.pids[i] = 0;
        }
    for (int signal = 1; signal <= 64; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP || (signal >= 32 && signal < SIGRTMIN))
            continue;
        sigaction(signal, &ignore, NULL);        /* discards what is pending                */
        sigaction(signal, &normal, NULL);
    }
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    if (syscall(SYS_close_range, 3, ~0U, 0) != 0)
        for (int fd = 3; fd < 256; fd++)
            close(fd);
    umask(022);
}

enum outcome { PASSED, FAILED, SKIPPED };

static enum outcome harness_run(struct test_case *t)
{
    char dir[PATH_MAX + 256];
    volatile enum outcome outcome = FAILED;      /* lives across the jump                   */

    harness.current = t->name;
    harness.failed = 0;
    if (harness.verbose)
        dprintf(1, "# %s\n", t->name);
    snprintf(dir, sizeof(dir), "%s/%s", harness.base, t->name);
    if ((mkdir(dir, 0755) != 0 && errno != EEXIST) || chdir(dir) != 0) {
        dprintf(1, "FAIL %s: %s: %s\n", t->name, dir, strerror(errno));
        return FAILED;
    }
    switch (sigsetjmp(harness.leave, 1)) {
    case 0:
        t->run();
        if (!harness.failed) {
            dprintf(1, "ok %s\n", t->name);
            outcome = PASSED;
        }
        break;
    case LEAVE_SKIPPED:
        outcome = SKIPPED;
        break;
    }
    harness_reset();
    return outcome;
}

/* The directory for the tests' files: the current one, or a new one if that is the root. */
static void harness_place(void)
{
    char *name;

    if (!getcwd(harness.base, sizeof(harness.base)) || strcmp(harness.base, "/") == 0)
        snprintf(harness.base, sizeof(harness.base), "/tmp");
    if (strcmp(harness.base, "/tmp") == 0) {
        strcat(harness.base, "/sys.XXXXXX");
        name = mkdtemp(harness.base);
        if (!name || chmod(name, 0755) != 0) {
            dprintf(1, "FAIL: no directory under /tmp: %s\n", strerror(errno));
            exit(1);
        }
    }
}

static int harness_child(int argc, char **argv)
{
    struct test_child *c = harness.children;

    harness.in_child = true;
    harness.current = argv[0];
    while (c && strcmp(c->name, argv[0]) != 0)
        c = c->next;
    if (!c) {
        dprintf(1, "FAIL: no child is called %s\n", argv[0]);
        return 98;
    }
    return c->run(argc - 1, argv + 1);
}

/* program [-v] [test...], or program --child name [argument...].  A script's first line has
 * room for one argument only, which may be --child=name. */
int main(int argc, char **argv)
{
    int count[3] = { 0, 0, 0 };
    int first = 1;

    harness.main_thread = pthread_self();
    if (readlink("/proc/self/exe", harness.binary, sizeof(harness.binary) - 1) <= 0)
        snprintf(harness.binary, sizeof(harness.binary), "/proc/self/exe");
    if (argc >= 3 && strcmp(argv[1], "--child") == 0)
        return harness_child(argc - 2, argv + 2);
    if (argc >= 2 && strncmp(argv[1], "--child=", 8) == 0) {
        argv[1] += 8;
        return harness_child(argc - 1, argv + 1);
    }
    harness_place();
    if (argc > 1 && strcmp(argv[1], "-v") == 0) {
        harness.verbose = true;
        first = 2;
    }

    harness_reset();
    for (struct test_case *t = harness.first; t; t = t->next) {
        bool wanted = first >= argc;
        for (int i = first; i < argc; i++)
            wanted |= strcmp(argv[i], t->name) == 0;
        if (wanted)
            count[harness_run(t)]++;
    }
    if (count[PASSED] + count[FAILED] + count[SKIPPED] == 0)
        dprintf(1, "FAIL: no such test\n");
    dprintf(1, "= %d passed, %d failed, %d skipped\n", count[PASSED], count[FAILED],
            count[SKIPPED]);
    return count[FAILED] != 0 || count[PASSED] + count[SKIPPED] == 0;
}

#endif
