/* SPDX-License-Identifier: MIT */
/* covers: getrlimit setrlimit prlimit64 */
/*
 * Resource limits, and that they limit.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/sys/sys.h"

static void limit(int resource, rlim_t value)
{
    CHECK_OK(setrlimit(resource, &(struct rlimit){ value, value }));
}

TEST(soft_limits_move_below_hard_ones)
{
    struct rlimit old, now;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 100, old.rlim_max }));
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &now));
    CHECK_EQ(now.rlim_cur, 100);
    CHECK_EQ(now.rlim_max, old.rlim_max);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &old));
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 101, 100 }), EINVAL);
}

TEST(prlimit_sets_and_returns_the_old)
{
    struct rlimit old, now, set = { 7000, 9000 };

    CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &old));
    CHECK_OK(syscall(SYS_prlimit64, getpid(), RLIMIT_MSGQUEUE, &set, NULL));
    CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, NULL, &now));
    CHECK_EQ(now.rlim_cur, 7000);
    CHECK_EQ(now.rlim_max, 9000);
}

TEST(errors)
{
    struct rlimit l;

    CHECK_ERR(syscall(SYS_getrlimit, 99, &l), EINVAL);
    CHECK_ERR(syscall(SYS_setrlimit, 99, &l), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, RLIMIT_NOFILE, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_setrlimit, RLIMIT_NOFILE, BAD_POINTER), EFAULT);
    CHECK_ERR(syscall(SYS_prlimit64, 4194303, RLIMIT_NOFILE, NULL, &l), ESRCH);
    CHECK_ERR(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, BAD_POINTER), EFAULT);
}

CHILD(raise_hard)
{
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 50, 60 }));
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 50, 61 }), EPERM);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 60, 60 }));
    return 0;
}

TEST(hard_limits_are_raised_by_root_only)
{
    need_root();
    CHECK_EXIT(child_start("raise_hard"), 0);
}

CHILD(report_nofile)
{
    struct rlimit l;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &l));
    return l.rlim_cur == 123 && l.rlim_max == 456 ? 0 : 1;
}

CHILD(lower_and_spawn)
{
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 123, 456 }));
    CHECK_EXIT(child_start("report_nofile"), 0);
    return 0;
}

TEST(limits_are_inherited)
{
    CHECK_EXIT(child_start("lower_and_spawn"), 0);
}

static volatile sig_atomic_t exceeded;

static void on_xfsz(UNUSED int signal)
{
    exceeded++;
}

CHILD(file_size_limit)
{
    char data[1000] = "";

    int fd = open("f", O_RDWR | O_CREAT, 0600);
    limit(RLIMIT_FSIZE, 1500);
    signal_handle(SIGXFSZ, on_xfsz, 0);
    CHECK_EQ(write(fd, data, 1000), 1000);
    CHECK_EQ(write(fd, data, 1000), 500);        /* up to the limit                         */
    CHECK_EQ(exceeded, 0);
    CHECK_ERR(write(fd, data, 1), EFBIG);
    CHECK_EQ(exceeded, 1);
    CHECK_ERR(ftruncate(fd, 1501), EFBIG);
    CHECK_EQ(exceeded, 2);
    CHECK_OK(ftruncate(fd, 1500));
    CHECK_EQ(pwrite(fd, data, 10, 100), 10);
    CHECK_ERR(fallocate(fd, 0, 0, 2000), EFBIG);
    return 0;
}

CHILD(file_size_kills)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

    limit(RLIMIT_FSIZE, 0);
    write(fd, "x", 1);
    return 0;
}

TEST(file_size_is_limited)
{
    CHECK_EXIT(child_start("file_size_limit"), 0);
    CHECK_KILLED(child_start("file_size_kills"), SIGXFSZ);
}

static void *do_nothing(UNUSED void *arg)
{
    return NULL;
}

CHILD(process_limit)
{
    pthread_t t;

    uid_t uid = 100000 + (uid_t)getpid();        /* one that nobody else has                */
    CHECK_OK(setresuid(uid, uid, uid));
    limit(RLIMIT_NPROC, 1);
    CHECK_EQ(pthread_create(&t, NULL, do_nothing, NULL), EAGAIN);
    pid_t pid = vfork();
    if (pid == 0)
        _exit(0);
    CHECK_EQ(pid, -1);
    CHECK_EQ(errno, EAGAIN);
    return 0;
}

TEST(number_of_processes_is_limited)
{
    need_root();
    CHECK_EXIT(child_start("process_limit"), 0);
}

CHILD(address_space_limit)
{
    limit(RLIMIT_AS, 1UL << 30);
    void *p = mmap(NULL, 4UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    p = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return 0;
}

TEST(address_space_is_limited)
{
    CHECK_EXIT(child_start("address_space_limit"), 0);
}

CHILD(data_limit)
{
    limit(RLIMIT_DATA, 1 << 20);
    char *now = (char *)syscall(SYS_brk, 0);
    CHECK((char *)syscall(SYS_brk, now + (4 << 20)) == now);
    return 0;
}

TEST(data_is_limited)
{
    CHECK_EXIT(child_start("data_limit"), 0);
}

__attribute__((noinline, optimize("O0"))) static size_t recurse(size_t deep)
{
    volatile char frame[4096];

    frame[0] = 1;
    return deep <= sizeof(frame) ? 0 : recurse(deep - sizeof(frame)) + (size_t)frame[0];
}

CHILD(use_stack)
{
    recurse((size_t)atol(argv[0]));
    return 0;
}

CHILD(small_stack)
{
    limit(RLIMIT_STACK, 512 * 1024);
    CHECK_EXIT(child_start("use_stack", "300000"), 0);
    CHECK_KILLED(child_start("use_stack", "1000000"), SIGSEGV);
    return 0;
}

TEST(stack_limit_counts_from_the_next_exec)
{
    CHECK_EXIT(child_start("small_stack"), 0);
}

CHILD(big_stack)
{
    CHECK_OK(setrlimit(RLIMIT_STACK, &(struct rlimit){ 16 << 20, RLIM_INFINITY }));
    CHECK_EXIT(child_start("use_stack", "12000000"), 0);
    return 0;
}

TEST(stack_can_be_made_larger)
{
    CHECK_EXIT(child_start("big_stack"), 0);
}

CHILD(memlock_limit)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    limit(RLIMIT_MEMLOCK, 65536);
    CHECK_OK(setresuid(4713, 4713, 4713));
    CHECK_OK(mlock(p, 65536));
    CHECK_ERR(mlock(p, 1 << 20), ENOMEM);
    limit(RLIMIT_MEMLOCK, 0);
    CHECK_OK(munlock(p, 65536));
    CHECK_ERR(mlock(p, 4096), EPERM);
    return 0;
}

TEST(locked_memory_is_limited)
{
    need_root();
    CHECK_EXIT(child_start("memlock_limit"), 0);
}
