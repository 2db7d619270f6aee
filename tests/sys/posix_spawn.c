/* SPDX-License-Identifier: MIT */
/* covers: clone vfork execve exit_group wait4 dup2 */
/*
 * posix_spawn(3) as the libc makes it: every attribute and file action.
 */
#include <sched.h>

#include "tests/sys/sys.h"

CHILD(exit_with)
{
    return atoi(argv[0]);
}

TEST(status_comes_back)
{
    for (int i = 0; i < 20; i++)
        CHECK_EXIT(child_start("exit_with", number(i * 12)), i * 12);
}

TEST(missing_and_unfit_programs_fail_at_once)
{
    char *argv[] = { (char *)"x", NULL };
    pid_t pid = -5;

    file_put("text", "not a program");
    file_put("plain", "#!/proc/self/exe\n");
    CHECK_OK(chmod("text", 0755));
    CHECK_EQ(posix_spawn(&pid, "no", NULL, NULL, argv, environ), ENOENT);
    CHECK_EQ(posix_spawn(&pid, "plain", NULL, NULL, argv, environ), EACCES);
    CHECK_EQ(posix_spawn(&pid, ".", NULL, NULL, argv, environ), EACCES);
    CHECK_EQ(posix_spawn(&pid, "text", NULL, NULL, argv, environ), ENOEXEC);
    CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD); /* nothing is left                       */
}

CHILD(check_arguments)
{
    CHECK_EQ(argc, 3);
    CHECK_STR(argv[0], "one");
    CHECK_STR(argv[1], "");
    CHECK_STR(argv[2], "with space");
    CHECK_STR(getenv("SYS_TEST_VARIABLE"), "value=with=equals");
    CHECK(!getenv("PATH"));
    return 0;
}

TEST(arguments_and_environment_are_passed)
{
    char *argv[] = { (char *)"name",
                     (char *)"--child",
                     (char *)"check_arguments",
                     (char *)"one",
                     (char *)"",
                     (char *)"with space",
                     NULL };
    char *env[] = { (char *)"SYS_TEST_VARIABLE=value=with=equals", NULL };
    pid_t pid;

    CHECK_EQ(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, env), 0);
    CHECK_EXIT(pid, 0);
}

CHILD(write_out)
{
    CHECK_EQ(write(1, "to standard output", 18), 18);
    CHECK_EQ(write(7, "to seven", 8), 8);
    CHECK_ERR(write(8, "x", 1), EBADF);
    return 0;
}

TEST(file_actions_run_in_order)
{
    posix_spawn_file_actions_t a;

    CHECK_EQ(posix_spawn_file_actions_init(&a), 0);
    int fd = open("dup", O_RDWR | O_CREAT, 0600);
    CHECK_EQ(dup2(fd, 8), 8);
    CHECK_EQ(posix_spawn_file_actions_addopen(&a, 1, "out", O_WRONLY | O_CREAT, 0600), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&a, 8, 7), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&a, 8), 0);
    CHECK_EXIT(child_spawn(&a, NULL, "write_out", NULL), 0);
    CHECK_FILE("out", "to standard output");
    CHECK_FILE("dup", "to seven");
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
}

TEST(failing_file_action_fails_the_spawn)
{
    posix_spawn_file_actions_t a;
    char *argv[] = { (char *)"x", NULL };
    pid_t pid;

    CHECK_EQ(posix_spawn_file_actions_init(&a), 0);
    CHECK_EQ(posix_spawn_file_actions_addopen(&a, 5, "no/file", O_RDONLY, 0), 0);
    CHECK_EQ(posix_spawn(&pid, "/proc/self/exe", &a, NULL, argv, environ), ENOENT);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD);
}

CHILD(descriptor_open)
{
    return fcntl(atoi(argv[0]), F_GETFD) != -1;
}

TEST(dup2_to_itself_clears_cloexec)
{
    posix_spawn_file_actions_t a;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK_EXIT(child_start("descriptor_open", number(fd)), 0);
    CHECK_EQ(posix_spawn_file_actions_init(&a), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&a, fd, fd), 0);
    CHECK_EXIT(child_spawn(&a, NULL, "descriptor_open", number(fd), NULL), 1);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

CHILD(here_is_marker)
{
    return file_exists("marker") ? 0 : 1;
}

TEST(directory_actions)
{
    posix_spawn_file_actions_t a;

    CHECK_OK(mkdir("d", 0755));
    file_put("d/marker", "");
    CHECK_EQ(posix_spawn_file_actions_init(&a), 0);
    CHECK_EQ(posix_spawn_file_actions_addchdir_np(&a, "d"), 0);
    CHECK_EXIT(child_spawn(&a, NULL, "here_is_marker", NULL), 0);
    CHECK_EQ(posix_spawn_file_actions_destroy(&a), 0);
    CHECK(!file_exists("marker"));               /* ours did not change                     */
}

CHILD(check_signals)
{
    sigset_t mask;
    struct sigaction action;

    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK(sigismember(&mask, SIGUSR2) && !sigismember(&mask, SIGUSR1));
    CHECK_OK(sigaction(SIGTERM, NULL, &action));
    CHECK(action.sa_handler == SIG_DFL);         /* by SETSIGDEF                            */
    CHECK_OK(sigaction(SIGHUP, NULL, &action));
    CHECK(action.sa_handler == SIG_IGN);         /* inherited                               */
    CHECK_OK(sigaction(SIGINT, NULL, &action));
    CHECK(action.sa_handler == SIG_DFL);         /* caught before: reset by exec            */
    return 0;
}

static void nothing(UNUSED int signal)
{
}

TEST(signal_attributes)
{
    posix_spawnattr_t attr;
    sigset_t mask = signal_set(SIGUSR2), defaults = signal_set(SIGTERM);

    signal_block(SIGUSR1);
    CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
    CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    signal_handle(SIGINT, nothing, 0);
    CHECK_EQ(posix_spawnattr_init(&attr), 0);
    CHECK_EQ(posix_spawnattr_setsigmask(&attr, &mask), 0);
    CHECK_EQ(posix_spawnattr_setsigdefault(&attr, &defaults), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF), 0);
    CHECK_EXIT(child_spawn(NULL, &attr, "check_signals", NULL), 0);
    sigset_t now;
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    CHECK(sigismember(&now, SIGUSR1));
}

CHILD(check_group)
{
    if (strcmp(argv[0], "own") == 0)
        return getpgrp() == getpid() ? 0 : 1;
    if (strcmp(argv[0], "session") == 0)
        return getsid(0) == getpid() ? 0 : 1;
    return getpgrp() == atoi(argv[0]) ? 0 : 1;
}

TEST(group_and_session_attributes)
{
    posix_spawnattr_t attr;

    CHECK_EXIT(child_start("check_group", number(getpgrp())), 0);
    CHECK_EQ(posix_spawnattr_init(&attr), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP), 0);
    CHECK_EQ(posix_spawnattr_setpgroup(&attr, 0), 0);
    CHECK_EXIT(child_spawn(NULL, &attr, "check_group", "own", NULL), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID), 0);
    CHECK_EXIT(child_spawn(NULL, &attr, "check_group", "session", NULL), 0);
}

CHILD(report_ids)
{
    return geteuid() == (uid_t)atoi(argv[0]) ? 0 : 1;
}

TEST(resetids_attribute)
{
    posix_spawnattr_t attr;

    need_root();
    CHECK_OK(chmod(".", 0755));
    CHECK_EQ(posix_spawnattr_init(&attr), 0);
    become(1000, 1000);
    CHECK_EXIT(child_start("report_ids", "1000"), 0);
    CHECK_EQ(posix_spawnattr_setflags(&attr, POSIX_SPAWN_RESETIDS), 0);
    CHECK_EXIT(child_spawn(NULL, &attr, "report_ids", "0", NULL), 0);
}

static void *spawn_some(UNUSED void *arg)
{
    for (int i = 0; i < 10; i++)
        CHECK_EXIT(child_start("exit_with", "9"), 9);
    return NULL;
}

TEST(threads_spawn_at_once)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        t[i] = thread_start(spawn_some, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
}

TEST(spawnp_looks_in_path)
{
    char *argv[] = { (char *)"prog", (char *)"--child", (char *)"exit_with", (char *)"3", NULL };
    char path[PATH_MAX + 8];
    pid_t pid;

    CHECK_OK(mkdir("bin", 0755));
    CHECK_OK(symlink(harness.binary, "bin/prog"));
    CHECK(getcwd(path, PATH_MAX));
    strcat(path, "/bin");
    CHECK_OK(setenv("PATH", path, 1));
    CHECK_EQ(posix_spawnp(&pid, "prog", NULL, NULL, argv, environ), 0);
    CHECK_EXIT(pid, 3);
    CHECK_EQ(posix_spawnp(&pid, "no-such-prog", NULL, NULL, argv, environ), ENOENT);
}
