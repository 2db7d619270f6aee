/* SPDX-License-Identifier: MIT */
/* covers: execve execveat */
/*
 * Executing programs: what may be executed, what survives, what is handed over.
 */
#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

/* exec in a child by vfork; the errno if it fails, else the exit status plus 1000. */
static int try_execveat(int dir, const char *path, char *const argv[], char *const envp[],
                        int flags)
{
    volatile long error = 0;
    int status = 0;

    pid_t pid = vfork();
    if (pid == 0) {
        error = -raw_syscall(SYS_execveat, dir, (long)path, (long)argv, (long)envp, flags, 0);
        _exit(0);
    }
    CHECK(pid > 0);
    status = child_wait(pid);
    if (error)
        return (int)error;
    return WIFEXITED(status) ? 1000 + WEXITSTATUS(status) : 2000 + WTERMSIG(status);
}

static int try_exec(const char *path, char *const argv[])
{
    return try_execveat(AT_FDCWD, path, argv, environ, 0);
}

CHILD(ok)
{
    return 0;
}

#define OK_ARGV ARGV(harness.binary, (char *)"--child", (char *)"ok")

/* A script that runs the child called name by this program. */
static void make_script(const char *path, const char *name)
{
    char text[PATH_MAX + 64];

    snprintf(text, sizeof(text), "#!%s --child=%s\n", harness.binary, name);
    file_put(path, text);
    CHECK_OK(chmod(path, 0755));
}

TEST(what_cannot_be_executed)
{
    static const char elf_other[64] = "\177ELF\2\1\1";
    struct stat st;

    file_put("text", "hello");
    file_put("empty", "");
    file_put("noexec", "#!/bin/true\n");
    file_write("elf", elf_other, sizeof(elf_other));
    CHECK_OK(chmod("text", 0755));
    CHECK_OK(chmod("empty", 0755));
    CHECK_OK(chmod("elf", 0755));
    CHECK_OK(mkdir("dir", 0755));
    CHECK_OK(symlink("loop", "loop"));
    CHECK_OK(mkfifo("fifo", 0755));
    CHECK_EQ(try_exec("no", OK_ARGV), ENOENT);
    CHECK_EQ(try_exec("", OK_ARGV), ENOENT);
    CHECK_EQ(try_exec("text", OK_ARGV), ENOEXEC);
    CHECK_EQ(try_exec("empty", OK_ARGV), ENOEXEC);
    CHECK_EQ(try_exec("elf", OK_ARGV), ENOEXEC);
    CHECK_EQ(try_exec("noexec", OK_ARGV), EACCES); /* root, too, needs some x bit           */
    CHECK_EQ(try_exec("dir", OK_ARGV), EACCES);
    CHECK_EQ(try_exec("fifo", OK_ARGV), EACCES);
    CHECK_EQ(try_exec("/dev/null", OK_ARGV), EACCES);
    CHECK_EQ(try_exec("loop", OK_ARGV), ELOOP);
    CHECK_EQ(try_exec("text/x", OK_ARGV), ENOTDIR);
    CHECK_EQ(try_execveat(AT_FDCWD, BAD_POINTER, OK_ARGV, environ, 0), EFAULT);
    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary, (char **)BAD_POINTER, environ, 0), EFAULT);
    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary, ARGV(BAD_POINTER), environ, 0), EFAULT);
    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary, OK_ARGV, (char **)BAD_POINTER, 0), EFAULT);
    CHECK_OK(stat("text", &st));
}

TEST(damaged_programs_are_enoexec_or_die)
{
    static char image[4096];

    int fd = open("/proc/self/exe", O_RDONLY);
    CHECK(read(fd, image, sizeof(image)) > 1000);
    Elf64_Ehdr *h = (Elf64_Ehdr *)image;
    struct {
        unsigned char *where;
        unsigned char to;
    } damage[] = {
        { &h->e_ident[0], 'X' },
        { (unsigned char *)&h->e_machine, 40 },
        { (unsigned char *)&h->e_type, 1 },
        { (unsigned char *)&h->e_phentsize, 1 },
    };
    for (size_t i = 0; i < COUNT(damage); i++) {
        unsigned char before = *damage[i].where;
        *damage[i].where = damage[i].to;
        file_write("p", image, sizeof(image));
        CHECK_OK(chmod("p", 0755));
        CHECK_EQ(try_exec("p", OK_ARGV), ENOEXEC);
        *damage[i].where = before;
    }
    h->e_phoff = 1UL << 40;                      /* program headers beyond the end          */
    file_write("p", image, sizeof(image));
    int result = try_exec("p", OK_ARGV);
    CHECK(result == ENOEXEC || result == EIO || result == EINVAL);
}

static const char *const tail_args[] = { "--child", "check_argv" };

CHILD(check_argv)
{
    CHECK_EQ(argc, 2);
    CHECK_STR(argv[0], "a");
    CHECK_STR(argv[1], "");
    CHECK_STR(argv[-3], "any name at all");      /* argv[0] of the program, as given        */
    return 0;
}

TEST(argument_strings_arrive_as_given)
{
    CHECK_EQ(try_exec(harness.binary, ARGV((char *)"any name at all", (char *)tail_args[0],
                                           (char *)tail_args[1], (char *)"a", (char *)"")),
             1000);
}

CHILD(check_environment)
{
    CHECK_STR(environ[0], "A=1");
    CHECK_STR(environ[1], "no equals sign");
    CHECK_STR(environ[2], "B=");
    CHECK(!environ[3]);
    return 0;
}

TEST(environment_strings_arrive_as_given)
{
    char *env[] = { (char *)"A=1", (char *)"no equals sign", (char *)"B=", NULL };
    char *none[] = { NULL };

    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary,
                          ARGV(harness.binary, (char *)"--child", (char *)"check_environment"), env,
                          0),
             1000);
    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary, OK_ARGV, none, 0), 1000);
    CHECK_EQ(try_execveat(AT_FDCWD, harness.binary, OK_ARGV, NULL, 0), 1000);
}

CHILD(count_bytes)
{
    return strlen(argv[0]) == (size_t)atol(argv[1]) ? 0 : 1;
}

TEST(long_arguments_up_to_128_kib)
{
    static char text[200000];

    memset(text, 'x', 131071);
    CHECK_EQ(try_exec(harness.binary, ARGV(harness.binary, (char *)"--child", (char *)"count_bytes",
                                           text, (char *)"131071")),
             1000);
    memset(text, 'x', 131072);
    CHECK_EQ(try_exec(harness.binary, ARGV(harness.binary, (char *)"--child", (char *)"count_bytes",
                                           text, (char *)"131072")),
             E2BIG);
}

TEST(argument_lists_that_are_too_long)
{
    enum { N = 200 };
    static char text[131000];
    static char *argv[N + 1];

    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < N; i++)
        argv[i] = text;                          /* 26 MB                                   */
    CHECK_EQ(try_exec(harness.binary, argv), E2BIG);
}

CHILD(script_arguments)
{
    CHECK_EQ(argc, 3);
    CHECK(strstr(argv[0], "script") != NULL);
    CHECK_STR(argv[1], "first");
    CHECK_STR(argv[2], "second word");
    return 0;
}

TEST(scripts_run_their_interpreter)
{
    make_script("script", "script_arguments");
    CHECK_EQ(try_exec("script", ARGV((char *)"lost name", (char *)"first", (char *)"second word")),
             1000);
    CHECK_EQ(
        try_exec("./script", ARGV((char *)"lost name", (char *)"first", (char *)"second word")),
        1000);
}

TEST(scripts_with_odd_first_lines)
{
    char text[PATH_MAX + 64];

    snprintf(text, sizeof(text), "#!   %s\t  --child=ok  \nrest", harness.binary); /* blanks */
    file_put("blanks", text);
    snprintf(text, sizeof(text), "#!%s --child=ok", harness.binary); /* no newline          */
    file_put("no-newline", text);
    file_put("nothing", "#!\n");
    file_put("spaces", "#!   \n");
    file_put("missing", "#!/no/such/interpreter\n");
    file_put("directory", "#!/tmp\n");
    static const struct {
        const char *name;
        int result;
    } cases[] = { { "blanks", 1000 },    { "no-newline", 1000 }, { "nothing", ENOEXEC },
                  { "spaces", ENOEXEC }, { "missing", ENOENT },  { "directory", EACCES } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(chmod(cases[i].name, 0755));
        CHECK_EQ(try_exec(cases[i].name, ARGV((char *)"x")), cases[i].result);
    }
}

TEST(scripts_of_scripts_up_to_a_depth)
{
    char name[16], cwd[PATH_MAX], text[PATH_MAX + 64];

    CHECK(getcwd(cwd, sizeof(cwd)));
    make_script("s0", "ok");
    for (int i = 1; i <= 6; i++) {
        snprintf(text, sizeof(text), "#!%s/s%d\n", cwd, i - 1);
        snprintf(name, sizeof(name), "s%d", i);
        file_put(name, text);
        CHECK_OK(chmod(name, 0755));
    }
    CHECK_EQ(try_exec("s4", ARGV((char *)"x")), 1000);
    CHECK_EQ(try_exec("s6", ARGV((char *)"x")), ELOOP);
}

TEST(interpreter_lines_end_at_256_bytes)
{
    char text[400] = "#!", cwd[PATH_MAX];

    CHECK(getcwd(cwd, sizeof(cwd)));
    size_t used = (size_t)snprintf(text, sizeof(text), "#!%s --child=ok", harness.binary);
    memset(text + used, ' ', 370 - used);
    memset(text + 370, 'x', 10);
    text[380] = '\n';
    text[381] = 0;
    file_put("long", text);
    CHECK_OK(chmod("long", 0755));
    CHECK_EQ(try_exec("long", ARGV((char *)"x")), 1000); /* the rest is not seen            */
    memset(text + 2, '/', 378);
    file_put("long", text);
    CHECK_EQ(try_exec("long", ARGV((char *)"x")), ENOEXEC); /* the name does not fit        */
}

CHILD(check_descriptors)
{
    CHECK_OK(fcntl(atoi(argv[0]), F_GETFD));
    CHECK_ERR(fcntl(atoi(argv[1]), F_GETFD), EBADF);
    return 0;
}

TEST(cloexec_descriptors_are_closed)
{
    int stays = open("/dev/null", O_RDONLY), goes = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK_EXIT(child_start("check_descriptors", number(stays), number(goes)), 0);
}

CHILD(check_kept)
{
    struct sigaction action;
    struct rlimit limit;
    sigset_t mask;
    char name[16] = "";

    CHECK_OK(sigaction(SIGUSR1, NULL, &action));
    CHECK(action.sa_handler == SIG_DFL);
    CHECK_OK(sigaction(SIGUSR2, NULL, &action));
    CHECK(action.sa_handler == SIG_IGN);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    CHECK(sigismember(&mask, SIGHUP));
    CHECK(signal_pending(SIGHUP));
    CHECK_EQ(umask(0), 013);
    CHECK_OK(getrlimit(RLIMIT_CORE, &limit));
    CHECK_EQ(limit.rlim_cur, 0);
    CHECK_EQ(getpid(), atoi(argv[0]));           /* the same process                        */
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK(strcmp(name, "before-exec") != 0);     /* the new program's name                  */
    return 0;
}

static void nothing(UNUSED int signal)
{
}

static void *exec_from_here(void *argv)
{
    execve("/proc/self/exe", argv, environ);
    return NULL;
}

CHILD(exec_and_keep)
{
    struct rlimit limit = { 0, 0 };
    char *args[] = { harness.binary, (char *)"--child", (char *)"check_kept", number(getpid()),
                     NULL };

    signal_handle(SIGUSR1, nothing, 0);
    CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    signal_block(SIGHUP);
    CHECK_OK(kill(getpid(), SIGHUP));
    umask(013);
    CHECK_OK(setrlimit(RLIMIT_CORE, &limit));
    CHECK_OK(prctl(PR_SET_NAME, "before-exec"));
    if (argc > 0)
        thread_join(thread_start(exec_from_here, args));
    else
        exec_from_here(args);
    return 1;
}

TEST(state_across_exec)
{
    CHECK_EXIT(child_start("exec_and_keep"), 0);
}

TEST(exec_from_another_thread_replaces_the_process)
{
    CHECK_EXIT(child_start("exec_and_keep", "from a thread"), 0);
}

static void *spin(UNUSED void *arg)
{
    for (volatile unsigned long i = 0;; i++)
        ;
    return NULL;
}

CHILD(exec_with_threads)
{
    for (int i = 0; i < 5; i++)
        thread_start(spin, NULL);
    execve("/proc/self/exe", OK_ARGV, environ);
    return 1;
}

TEST(other_threads_end_with_exec)
{
    CHECK_EXIT(child_start("exec_with_threads"), 0);
}

TEST(execveat_by_descriptor)
{
    int d, fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    char cwd[PATH_MAX];

    CHECK(getcwd(cwd, sizeof(cwd)));
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink(harness.binary, "d/link"));
    d = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK_EQ(try_execveat(fd, "", OK_ARGV, environ, AT_EMPTY_PATH), 1000);
    CHECK_EQ(try_execveat(d, "link", OK_ARGV, environ, 0), 1000);
    CHECK_EQ(try_execveat(d, "link", OK_ARGV, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
    CHECK_EQ(try_execveat(fd, "", OK_ARGV, environ, 0), ENOENT);
    CHECK_EQ(try_execveat(fd, "x", OK_ARGV, environ, 0), ENOTDIR);
    CHECK_EQ(try_execveat(-1, "x", OK_ARGV, environ, 0), EBADF);
    CHECK_EQ(try_execveat(500, "", OK_ARGV, environ, AT_EMPTY_PATH), EBADF);
    CHECK_EQ(try_execveat(d, "no", OK_ARGV, environ, 0), ENOENT);
    CHECK_EQ(try_execveat(d, "link", OK_ARGV, environ, 0x40000000), EINVAL);
    CHECK_EQ(try_execveat(d, "", OK_ARGV, environ, AT_EMPTY_PATH), EACCES);
}

TEST(scripts_by_descriptor)
{
    make_script("script", "ok");
    int stays = open("script", O_RDONLY), goes = open("script", O_RDONLY | O_CLOEXEC);
    CHECK_EQ(try_execveat(stays, "", ARGV((char *)"x"), environ, AT_EMPTY_PATH), 1000);
    /* The interpreter could not open /dev/fd/N, which is closed by then. */
    CHECK_EQ(try_execveat(goes, "", ARGV((char *)"x"), environ, AT_EMPTY_PATH), ENOENT);
}

TEST(permission_of_ordinary_users)
{
    need_root();
    make_script("script", "ok");
    CHECK_OK(chmod("script", 0750));
    CHECK_OK(chown("script", 5, 1000));
    become(1000, 1000);
    CHECK_EQ(try_exec("script", ARGV((char *)"x")), 1000); /* x by group                    */
    become(0, 0);
    CHECK_OK(chmod("script", 0740));
    become(1000, 1000);
    CHECK_EQ(try_exec("script", ARGV((char *)"x")), EACCES);
}

CHILD(check_auxv)
{
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_GID), getgid());
    CHECK_EQ(getauxval(AT_EGID), getegid());
    CHECK_EQ(getauxval(AT_SECURE), 0);
    CHECK(getauxval(AT_PHDR) != 0);
    CHECK_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHNUM) < 100);
    CHECK(getauxval(AT_ENTRY) != 0);
    CHECK(getauxval(AT_RANDOM) != 0);
    CHECK_STR((const char *)getauxval(AT_PLATFORM), "x86_64");
    CHECK_STR((const char *)getauxval(AT_EXECFN), argv[0]);
    CHECK((uintptr_t)argv % 8 == 0);
    return 0;
}

TEST(auxiliary_vector_is_complete)
{
    CHECK_EQ(try_exec(harness.binary, ARGV(harness.binary, (char *)"--child", (char *)"check_auxv",
                                           harness.binary)),
             1000);
}

CHILD(show_random)
{
    CHECK_EQ(write(atoi(argv[0]), (void *)getauxval(AT_RANDOM), 16), 16);
    return 0;
}

TEST(random_bytes_differ_each_time)
{
    char a[16], b[16];
    int p[2];

    CHECK_OK(pipe(p));
    CHECK_EXIT(child_start("show_random", number(p[1])), 0);
    CHECK_EXIT(child_start("show_random", number(p[1])), 0);
    CHECK_EQ(read(p[0], a, 16), 16);
    CHECK_EQ(read(p[0], b, 16), 16);
    CHECK(memcmp(a, b, 16) != 0);
}

CHILD(replace_own_file)
{
    CHECK_ERR(open(argv[0], O_WRONLY), ETXTBSY);
    CHECK_OK(unlink(argv[0]));
    return 0;
}

TEST(running_programs_cannot_be_written)
{
    static char image[8 << 20];

    /* A copy of this program under a name of its own. */
    int fd = open("/proc/self/exe", O_RDONLY);
    ssize_t n = read(fd, image, sizeof(image));
    CHECK(n > 0 && n < (ssize_t)sizeof(image));
    file_write("copy", image, (size_t)n);
    CHECK_OK(chmod("copy", 0755));
    CHECK_EQ(try_exec("copy", ARGV((char *)"copy", (char *)"--child", (char *)"replace_own_file",
                                   (char *)"copy")),
             1000);
    CHECK(!file_exists("copy"));
    file_write("copy", image, (size_t)n);
    CHECK_OK(chmod("copy", 0755));
    fd = open("copy", O_WRONLY);
    CHECK_EQ(try_exec("copy", OK_ARGV), ETXTBSY);
    CHECK_OK(close(fd));
    CHECK_EQ(try_exec("copy", OK_ARGV), 1000);
}
