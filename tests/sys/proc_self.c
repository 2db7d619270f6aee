/* SPDX-License-Identifier: MIT */
/* covers: open read readlink getdents64 */
/*
 * /proc of the process itself, as libcs, runtimes and tools read it.
 */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

static char text[1 << 20];

static const char *read_proc(const char *path)
{
    file_read(path, text, sizeof(text));
    return text;
}

/* The number after "name:" in a status-like file; -1 if it is not there. */
static long field(const char *file, const char *name)
{
    const char *line = file;
    size_t len = strlen(name);

    while (line) {
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return atol(line + len + 1);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return -1;
}

TEST(self_is_the_pid)
{
    char target[32] = "";

    CHECK(readlink("/proc/self", target, sizeof(target) - 1) > 0);
    CHECK_EQ(atoi(target), getpid());
    CHECK(readlink("/proc/thread-self", target, sizeof(target) - 1) > 0);
    char want[64];
    snprintf(want, sizeof(want), "%d/task/%ld", getpid(), syscall(SYS_gettid));
    CHECK_STR(target, want);
    snprintf(want, sizeof(want), "/proc/%d", getpid());
    CHECK(file_exists(want));
    CHECK(!file_exists("/proc/4194303"));
}

TEST(exe_is_the_program)
{
    char exe[PATH_MAX] = "", magic[4];

    CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    CHECK_EQ(exe[0], '/');
    CHECK(!strstr(exe, "ld-"));
    int fd = open("/proc/self/exe", O_RDONLY);
    CHECK_EQ(read(fd, magic, 4), 4);
    CHECK_MEM(magic, "\177ELF", 4);
    struct stat a, b;
    CHECK_OK(stat("/proc/self/exe", &a));
    CHECK_OK(stat(exe, &b));
    CHECK_EQ(a.st_ino, b.st_ino);
}

TEST(cmdline_and_environ_are_nul_separated)
{
    size_t n = file_read("/proc/self/cmdline", text, sizeof(text));

    CHECK(n > 0);
    CHECK_EQ(text[n - 1], 0);
    CHECK(strstr(text, "proc_self"));
    n = file_read("/proc/self/environ", text, sizeof(text));
    CHECK(n == 0 || text[n - 1] == 0);
}

CHILD(check_cmdline)
{
    size_t n = file_read("/proc/self/cmdline", text, sizeof(text));
    const char *s = text;
    int words = 0;

    while (s < text + n) {
        if (words == 3)
            CHECK_STR(s, "first argument");
        if (words == 4)
            CHECK_STR(s, "");
        s += strlen(s) + 1;
        words++;
    }
    CHECK_EQ(words, 5);
    file_read("/proc/self/environ", text, sizeof(text));
    CHECK_STR(text, "ONLY=this");
    return 0;
}

TEST(cmdline_and_environ_show_what_was_executed)
{
    char *argv[] = { (char *)"x",
                     (char *)"--child",
                     (char *)"check_cmdline",
                     (char *)"first argument",
                     (char *)"",
                     NULL };
    char *env[] = { (char *)"ONLY=this", NULL };
    pid_t pid;

    CHECK_EQ(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, env), 0);
    CHECK_EXIT(pid, 0);
}

TEST(cwd_and_root_are_links)
{
    char target[PATH_MAX] = "", cwd[PATH_MAX];

    CHECK(getcwd(cwd, sizeof(cwd)));
    CHECK(readlink("/proc/self/cwd", target, sizeof(target) - 1) > 0);
    CHECK_STR(target, cwd);
    file_put("here", "x");
    CHECK(file_exists("/proc/self/cwd/here"));
    memset(target, 0, sizeof(target));
    CHECK_EQ(readlink("/proc/self/root", target, sizeof(target) - 1), 1);
    CHECK_STR(target, "/");
}

TEST(descriptors_are_links)
{
    char path[64], target[PATH_MAX] = "", cwd[PATH_MAX - 10], want[PATH_MAX];
    int p[2];

    CHECK(getcwd(cwd, sizeof(cwd)));
    file_put("f", "hello");
    int fd = open("f", O_RDONLY);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK(readlink(path, target, sizeof(target) - 1) > 0);
    snprintf(want, sizeof(want), "%s/f", cwd);
    CHECK_STR(target, want);
    CHECK_OK(unlink("f"));
    memset(target, 0, sizeof(target));
    CHECK(readlink(path, target, sizeof(target) - 1) > 0);
    strcat(want, " (deleted)");
    CHECK_STR(target, want);
    CHECK_FILE(path, "hello");                   /* opening it again still works            */
    CHECK_OK(pipe(p));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
    memset(target, 0, sizeof(target));
    CHECK(readlink(path, target, sizeof(target) - 1) > 0);
    CHECK_MEM(target, "pipe:[", 6);
    CHECK_ERR(readlink("/proc/self/fd/500", target, 10), ENOENT);
    CHECK_OK(close(fd));
}

TEST(descriptor_directory_lists_what_is_open)
{
    int fd = open("/dev/null", O_RDONLY), seen = 0, others = 0;
    struct dirent *e;

    CHECK_EQ(dup2(fd, 77), 77);
    DIR *d = opendir("/proc/self/fd");
    CHECK(d);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, "77") == 0)
            seen++;
        else if (atoi(e->d_name) > 77)
            others++;
    CHECK_EQ(seen, 1);
    CHECK_EQ(others, 0);
    closedir(d);
}

TEST(fdinfo_shows_position_and_flags)
{
    char path[64];

    file_put("f", "0123456789");
    int fd = open("f", O_RDWR | O_APPEND);
    CHECK_EQ(lseek(fd, 7, SEEK_SET), 7);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    read_proc(path);
    CHECK_EQ(field(text, "pos"), 7);
    const char *flags = strstr(text, "flags:");
    CHECK(flags);
    CHECK_EQ(strtol(flags + 6, NULL, 8) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
}

TEST(stat_has_52_fields)
{
    int fields = 3;                              /* pid, name and state                     */

    CHECK_OK(prctl(PR_SET_NAME, "a )( name"));
    read_proc("/proc/self/stat");
    CHECK_EQ(atoi(text), getpid());
    char *after = strrchr(text, ')');            /* the name may contain anything           */
    CHECK(after);
    CHECK(strstr(text, "(a )( name)"));
    CHECK_EQ(after[2], 'R');
    CHECK_EQ(atoi(after + 4), getppid());
    for (char *s = after + 2; *s; s++)
        fields += *s == ' ';
    CHECK_EQ(fields, 52);
    CHECK_EQ(text[strlen(text) - 1], '\n');
}

TEST(status_agrees_with_the_calls)
{
    signal_block(SIGUSR1);
    read_proc("/proc/self/status");
    CHECK_EQ(field(text, "Pid"), getpid());
    CHECK_EQ(field(text, "Tgid"), getpid());
    CHECK_EQ(field(text, "PPid"), getppid());
    CHECK_EQ(field(text, "Uid"), getuid());
    CHECK_EQ(field(text, "Gid"), getgid());
    CHECK_EQ(field(text, "Threads"), 1);
    CHECK(field(text, "VmSize") > 0);
    CHECK(field(text, "VmRSS") > 0);
    const char *blocked = strstr(text, "SigBlk:");
    CHECK(blocked);
    CHECK_EQ(strtoul(blocked + 7, NULL, 16), 1UL << (SIGUSR1 - 1));
    CHECK(strstr(text, "CapEff:"));
    CHECK(strstr(text, "State:\tR (running)"));
}

static atomic_bool stop, named_itself;

static void *wait_here(UNUSED void *arg)
{
    prctl(PR_SET_NAME, "the-thread");
    named_itself = true;
    while (!stop)
        sleep_ms(1);
    return NULL;
}

TEST(task_lists_threads)
{
    struct dirent *e;
    int count = 0, named = 0;

    stop = named_itself = false;
    pthread_t t = thread_start(wait_here, NULL);
    while (!named_itself)
        sleep_ms(1);
    DIR *d = opendir("/proc/self/task");
    CHECK(d);
    while ((e = readdir(d))) {
        char path[300], name[32];
        if (e->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
        file_read(path, name, sizeof(name));
        named += strcmp(name, "the-thread\n") == 0;
    }
    closedir(d);
    CHECK_EQ(count, 2);
    CHECK_EQ(named, 1);
    read_proc("/proc/self/status");
    CHECK_EQ(field(text, "Threads"), 2);
    stop = true;
    thread_join(t);
}

TEST(limits_show_the_limits)
{
    struct rlimit l;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &l));
    read_proc("/proc/self/limits");
    const char *line = strstr(text, "Max open files");
    CHECK(line);
    CHECK_EQ(atol(line + 26), (long)l.rlim_cur);
}

/* The line of maps that contains the address. */
static bool find_map(const void *address, unsigned long *ret_from, unsigned long *ret_to,
                     char perms[5], char *name)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[PATH_MAX + 200];
    bool found = false;

    CHECK(f);
    while (!found && fgets(line, sizeof(line), f)) {
        unsigned long from, to;
        char p[5];
        name[0] = 0;
        if (sscanf(line, "%lx-%lx %4s %*x %*x:%*x %*u %4000s", &from, &to, p, name) < 3)
            continue;
        if ((uintptr_t)address >= from && (uintptr_t)address < to) {
            *ret_from = from;
            *ret_to = to;
            memcpy(perms, p, 5);
            found = true;
        }
    }
    fclose(f);
    return found;
}

static int in_data = 5;

TEST(maps_show_every_mapping)
{
    unsigned long from, to;
    char perms[5], name[PATH_MAX], cwd[PATH_MAX - 10], want[PATH_MAX];
    int on_stack;

    CHECK(find_map(&on_stack, &from, &to, perms, name));
    CHECK_STR(perms, "rw-p");
    CHECK_STR(name, "[stack]");
    CHECK(find_map((void *)(uintptr_t)find_map, &from, &to, perms, name));
    CHECK_STR(perms, "r-xp");
    CHECK_STR(name, harness.binary);
    CHECK(find_map(&in_data, &from, &to, perms, name));
    CHECK_STR(perms, "rw-p");
    CHECK(!find_map(BAD_POINTER, &from, &to, perms, name));

    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_OK(mprotect(p + PAGE, PAGE, PROT_READ));
    CHECK(find_map(p + PAGE, &from, &to, perms, name));
    CHECK_EQ(from, (uintptr_t)p + PAGE);
    CHECK_EQ(to, (uintptr_t)p + 2 * PAGE);
    CHECK_STR(perms, "r--s");

    CHECK(getcwd(cwd, sizeof(cwd)));
    file_put("mapped", "x");
    p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("mapped", O_RDONLY), 0);
    CHECK(find_map(p, &from, &to, perms, name));
    CHECK_STR(perms, "r--p");
    snprintf(want, sizeof(want), "%s/mapped", cwd);
    CHECK_STR(name, want);
    p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(find_map(p, &from, &to, perms, name));
    CHECK_STR(perms, "---p");
}

TEST(maps_is_sorted_and_without_overlap)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[PATH_MAX + 200];
    unsigned long from, to, last = 0;
    int lines = 0;

    CHECK(f);
    while (fgets(line, sizeof(line), f)) {
        CHECK_EQ(sscanf(line, "%lx-%lx", &from, &to), 2);
        CHECK(from >= last && to > from);
        last = to;
        lines++;
    }
    fclose(f);
    CHECK(lines >= 4);
}

TEST(statm_and_smaps_and_io)
{
    long size = 0, resident = 0;

    read_proc("/proc/self/statm");
    CHECK_EQ(sscanf(text, "%ld %ld", &size, &resident), 2);
    CHECK(size > 0 && resident > 0 && resident <= size);
    read_proc("/proc/self/smaps");
    CHECK(strstr(text, "Rss:"));
    CHECK(strstr(text, "Private_Dirty:"));
    read_proc("/proc/self/io");
    CHECK(field(text, "rchar") >= 0);
}

TEST(small_reads_and_seeks_work)
{
    char a[64] = "", b[64] = "";
    int fd = open("/proc/self/status", O_RDONLY);

    for (int i = 0; i < 20; i++)
        CHECK_EQ(read(fd, a + i, 1), 1);
    CHECK_EQ(pread(fd, b, 20, 0), 20);
    CHECK_STR(a, b);
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
    CHECK_EQ(read(fd, b, 15), 15);
    CHECK_MEM(b, a + 5, 15);
}

TEST(files_are_read_only_where_linux_says_so)
{
    struct stat st;

    CHECK_ERR(open("/proc/self/stat", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
    CHECK_EQ(open("/proc/self/newfile", O_RDWR | O_CREAT, 0600), -1);
    CHECK_EQ(mkdir("/proc/newdir", 0755), -1);
    CHECK_EQ(unlink("/proc/self/stat"), -1);
    CHECK_OK(stat("/proc/self/stat", &st));
    CHECK_EQ(st.st_mode, S_IFREG | 0444);
    CHECK_OK(stat("/proc/self", &st));
    CHECK_EQ(st.st_mode, S_IFDIR | 0555);
    CHECK_EQ(st.st_uid, geteuid());
}

TEST(comm_and_oom_score_can_be_written)
{
    int fd = open("/proc/self/comm", O_WRONLY);

    CHECK_EQ(write(fd, "renamed", 7), 7);
    CHECK_FILE("/proc/self/comm", "renamed\n");
    char name[16];
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK_STR(name, "renamed");
    fd = open("/proc/self/oom_score_adj", O_RDWR);
    CHECK_EQ(write(fd, "100", 3), 3);
    CHECK_FILE("/proc/self/oom_score_adj", "100\n");
}

CHILD(wait_in_place)
{
    char c;

    CHECK_EQ(write(atoi(argv[0]), "x", 1), 1);
    return read(atoi(argv[1]), &c, 1) == 0 ? 0 : 1;
}

TEST(other_processes_are_visible)
{
    int ready[2], hold[2];
    char c, path[64];

    CHECK_OK(pipe(ready));
    CHECK_OK(pipe(hold));
    CHECK_OK(fcntl(hold[1], F_SETFD, FD_CLOEXEC));
    pid_t pid = child_start("wait_in_place", number(ready[1]), number(hold[0]));
    CHECK_EQ(read(ready[0], &c, 1), 1);
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    read_proc(path);
    CHECK_EQ(field(text, "PPid"), getpid());
    while (!strstr(text, "State:\tS (sleeping)")) { /* it is about to                       */
        sleep_ms(1);
        read_proc(path);
    }
    snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
    file_read(path, text, sizeof(text));
    CHECK(strlen(text) > 0);
    CHECK_OK(close(hold[1]));
    siginfo_t info;
    CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    read_proc(path);
    CHECK(strstr(text, ") Z "));
    CHECK_EXIT(pid, 0);
    CHECK(!file_exists(path));
}
