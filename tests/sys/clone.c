/* SPDX-License-Identifier: MIT */
/* covers: clone exit wait4 set_tid_address arch_prctl */
/*
 * clone(2) with its flags, as far as no copied address space is needed.
 */
#include <poll.h>

#include "tests/sys/clone_fixture.h"

static volatile int shared_value;

static int store_ids(void *arg)
{
    long *ids = arg;

    ids[0] = RAW0(SYS_getpid);
    ids[1] = RAW0(SYS_gettid);
    ids[2] = RAW0(SYS_getppid);
    return 0;
}

TEST(thread_gets_ids_set_and_cleared)
{
    long ids[3] = { 0, 0, 0 };
    int parent_tid = 0, child_tid = -1;

    long tid =
        raw_clone(RAW_THREAD | CLONE_CHILD_SETTID, &parent_tid, &child_tid, 0, store_ids, ids);
    CHECK(tid > 0);
    CHECK_EQ(parent_tid, tid);
    raw_join(&child_tid);
    CHECK_EQ(ids[0], getpid());
    CHECK_EQ(ids[1], tid);
    CHECK_EQ(ids[2], getppid());
}

static int exit_seven(UNUSED void *arg)
{
    shared_value = 7;
    return 7;
}

TEST(process_that_shares_memory)
{
    long ids[3] = { 0, 0, 0 };
    int status = 0;

    long pid = raw_clone(CLONE_VM | SIGCHLD, NULL, NULL, 0, store_ids, ids);
    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(ids[0], pid);
    CHECK_EQ(ids[1], pid);
    CHECK_EQ(ids[2], getpid());
    pid = raw_clone(CLONE_VM | SIGCHLD, NULL, NULL, 0, exit_seven, NULL);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_EQ(shared_value, 7);
}

static int close_and_change_directory(void *arg)
{
    return (int)(RAW1(SYS_close, *(int *)arg) | RAW1(SYS_chdir, "/"));
}

static int exit_status_of(long flags, int (*run)(void *), void *arg)
{
    int status = 0;
    long pid = raw_clone((unsigned long)flags, NULL, NULL, 0, run, arg);

    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(files_and_directory_are_copied_unless_shared)
{
    char before[PATH_MAX], after[PATH_MAX];
    int fd = open("/dev/null", O_RDONLY);

    CHECK(getcwd(before, sizeof(before)));
    CHECK_EQ(exit_status_of(CLONE_VM | SIGCHLD, close_and_change_directory, &fd), 0);
    CHECK_OK(fcntl(fd, F_GETFD));
    CHECK(getcwd(after, sizeof(after)));
    CHECK_STR(after, before);
    CHECK_EQ(exit_status_of(CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, close_and_change_directory,
                            &fd),
             0);
    CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
    CHECK(getcwd(after, sizeof(after)));
    CHECK_STR(after, "/");
}

static int sleep_and_set(UNUSED void *arg)
{
    struct timespec ts = { 0, 20 * MS };

    RAW2(SYS_nanosleep, &ts, 0);
    shared_value = 99;
    return 0;
}

TEST(vfork_flag_waits_for_the_child)
{
    int status;

    shared_value = 0;
    long pid = raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, 0, sleep_and_set, NULL);
    CHECK(pid > 0);
    CHECK_EQ(shared_value, 99);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
}

static volatile sig_atomic_t got_signal;

static void on_signal(int signal)
{
    got_signal = signal;
}

TEST(exit_signal_is_the_callers_choice)
{
    int status;

    got_signal = 0;
    signal_handle(SIGUSR2, on_signal, 0);
    signal_block(SIGUSR2);
    long pid = raw_clone(CLONE_VM | SIGUSR2, NULL, NULL, 0, exit_seven, NULL);
    CHECK(pid > 0);
    CHECK_ERR(waitpid((pid_t)pid, &status, 0), ECHILD); /* not a SIGCHLD child              */
    CHECK_EQ(waitpid((pid_t)pid, &status, __WALL), pid);
    signal_unblock(SIGUSR2);
    CHECK_EQ(got_signal, SIGUSR2);
    pid = raw_clone(CLONE_VM, NULL, NULL, 0, exit_seven, NULL);
    CHECK_EQ(waitpid((pid_t)pid, &status, __WCLONE), pid);
    CHECK_EQ(WEXITSTATUS(status), 7);
}

static int read_fs(void *arg)
{
    unsigned long base = 0, word = 0;

    RAW2(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(word));
    return base == (unsigned long)arg && word == 0x1234 ? 42 : 1;
}

__attribute__((optimize("no-stack-protector"))) static int exit_status_with_tls(void)
{
    static unsigned long area[16] = { 0x1234 };
    int status = 0;
    long pid = raw_clone(CLONE_VM | CLONE_SETTLS | SIGCHLD, NULL, NULL, (unsigned long)area,
                         read_fs, area);

    CHECK(pid > 0);
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

TEST(settls_sets_the_fs_base)
{
    CHECK_EQ(exit_status_with_tls(), 42);
}

TEST(pidfd_flag_gives_a_descriptor)
{
    int pidfd = -1, status;

    long pid = raw_clone(CLONE_VM | RAW_PIDFD | SIGCHLD, &pidfd, NULL, 0, exit_seven, NULL);
    CHECK(pid > 0);
    CHECK_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
    struct pollfd p = { pidfd, POLLIN, 0 };
    CHECK_EQ(poll(&p, 1, 10000), 1);             /* the child has ended                     */
    CHECK_EQ(waitpid((pid_t)pid, &status, 0), pid);
}

static int get_parent(void *arg)
{
    *(long *)arg = RAW0(SYS_getppid);
    return 0;
}

CHILD(clones_a_sibling)
{
    long parent = 0;

    long pid = raw_clone(CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD, NULL, NULL, 0, get_parent,
                         &parent);
    CHECK(pid > 0);
    CHECK_EQ(parent, getppid());
    CHECK_ERR(waitpid((pid_t)pid, NULL, __WALL), ECHILD);
    return 0;
}

TEST(parent_flag_makes_a_sibling)
{
    int status;

    CHECK_EXIT(child_start("clones_a_sibling"), 0);
    CHECK(waitpid(-1, &status, 0) > 0);          /* the grandchild is ours                  */
}

TEST(impossible_flags)
{
    const unsigned long bad[] = {
        CLONE_THREAD | CLONE_VM,
        CLONE_SIGHAND,
        CLONE_THREAD | CLONE_SIGHAND,
        CLONE_VM | CLONE_FS | CLONE_NEWNS,
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(raw_clone(bad[i] | SIGCHLD, NULL, NULL, 0, exit_seven, NULL), -EINVAL);
}

static int set_own_address(void *arg)
{
    return RAW1(SYS_set_tid_address, arg) == RAW0(SYS_gettid) ? 0 : 1;
}

TEST(set_tid_address_answers_the_tid_and_is_cleared_at_exit)
{
    int word = 12345, tid = 0;
    const unsigned long flags = RAW_THREAD & ~(unsigned long)CLONE_CHILD_CLEARTID;

    CHECK(raw_clone(flags, &tid, NULL, 0, set_own_address, &word) > 0);
    raw_join(&word);
    CHECK_EQ(word, 0);
}

TEST(bad_tid_pointers_do_no_harm)
{
    /* The kernel cannot store the id; the thread exists all the same. */
    int child_tid = 1;
    long ids[3] = { 0, 0, 0 };

    long tid = raw_clone(RAW_THREAD & ~(unsigned long)CLONE_PARENT_SETTID, BAD_POINTER, &child_tid,
                         0, store_ids, ids);
    CHECK(tid > 0);
    raw_join(&child_tid);
    CHECK_EQ(ids[1], tid);
}
