/* SPDX-License-Identifier: MIT */
/* covers: vfork execve exit */
/*
 * vfork(2): the parent waits, the memory is shared, everything else is a new process.
 */
#include "tests/sys/sys.h"

static volatile int shared;

TEST(child_shares_memory_and_the_parent_waits)
{
    pid_t parent = getpid();
    volatile pid_t seen = 0;

    shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        struct timespec ts = { 0, 10 * MS };
        seen = getpid();
        nanosleep(&ts, NULL);
        shared = 42;
        _exit(7);
    }
    CHECK(pid > 0 && pid != parent);
    CHECK_EQ(shared, 42);
    CHECK_EQ(seen, pid);
    CHECK_EQ(getpid(), parent);
    CHECK_EXIT(pid, 7);
}

CHILD(exit_with)
{
    return atoi(argv[0]);
}

TEST(exec_releases_the_parent)
{
    char *argv[] = { harness.binary, (char *)"--child", (char *)"exit_with", (char *)"33", NULL };

    pid_t pid = vfork();
    if (pid == 0) {
        execve("/proc/self/exe", argv, environ);
        _exit(99);
    }
    CHECK_EXIT(pid, 33);
}

TEST(failed_exec_returns_to_the_child)
{
    char *argv[] = { (char *)"x", NULL };
    volatile int error = 0;

    pid_t pid = vfork();
    if (pid == 0) {
        execve("/no/such/program", argv, environ);
        error = errno;
        _exit(5);
    }
    CHECK_EQ(error, ENOENT);
    CHECK_EXIT(pid, 5);
}

TEST(descriptors_are_copied)
{
    int fd = open("/dev/null", O_RDONLY);

    pid_t pid = vfork();
    if (pid == 0) {
        close(fd);
        chdir("/");
        umask(0);
        _exit(fcntl(fd, F_GETFD) == -1 ? 0 : 1);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(fcntl(fd, F_GETFD));
    CHECK_EQ(umask(022), 022);
    char cwd[PATH_MAX];
    CHECK(getcwd(cwd, sizeof(cwd)));
    CHECK(strcmp(cwd, "/") != 0);
}

static void nothing(UNUSED int signal)
{
}

TEST(signal_actions_are_copied)
{
    struct sigaction action;

    signal_handle(SIGUSR1, nothing, 0);
    pid_t pid = vfork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_IGN);
        _exit(0);
    }
    CHECK_EXIT(pid, 0);
    CHECK_OK(sigaction(SIGUSR1, NULL, &action));
    CHECK(action.sa_handler == nothing);
}

TEST(death_by_signal_releases_the_parent)
{
    pid_t pid = vfork();

    if (pid == 0) {
        kill(getpid(), SIGKILL);
        _exit(1);
    }
    CHECK_KILLED(pid, SIGKILL);
}

static atomic_int turns;
static atomic_bool stop;

static void *keep_turning(UNUSED void *arg)
{
    while (!stop) {
        turns++;
        sched_yield();
    }
    return NULL;
}

TEST(only_the_calling_thread_waits)
{
    stop = false;
    pthread_t t = thread_start(keep_turning, NULL);
    while (!turns)
        sched_yield();
    volatile int during = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        int before = turns;
        struct timespec ts = { 0, MS };
        for (int i = 0; i < 5000 && turns == before; i++)
            nanosleep(&ts, NULL);
        during = turns - before;
        _exit(0);
    }
    CHECK(during > 0);
    CHECK_EXIT(pid, 0);
    stop = true;
    thread_join(t);
}

TEST(nested_vfork)
{
    shared = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        volatile pid_t inner = vfork();
        if (inner == 0) {
            shared += 1;
            _exit(0);
        }
        int status = 1;
        waitpid(inner, &status, 0);
        shared += 10;
        _exit(status == 0 ? 0 : 1);
    }
    CHECK_EXIT(pid, 0);
    CHECK_EQ(shared, 11);
}

TEST(many_in_a_row)
{
    for (volatile int i = 0; i < 200; i++) {
        pid_t pid = vfork();
        if (pid == 0)
            _exit(i & 0x7f);
        CHECK_EXIT(pid, i & 0x7f);
    }
}
