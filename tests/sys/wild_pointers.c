/* SPDX-License-Identifier: MIT */
/* covers: read write open stat poll */
/*
 * Wild pointers: each call that follows a pointer answers EFAULT, whatever the pointer, and no
 * call does worse than fail.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "tests/sys/sys.h"

/* Stand for a wild pointer in a row: one that is read through, one that is written through. */
#define IN  0x1111111111111111L
#define OUT 0x2222222222222222L

struct row {
    const char *name;
    long nr;
    long args[6];
};

static char *none_page, *gone_page, *read_only_page;
static int file, dir, reader, writer, dgram, stream, ep, evfd, tfd, ino;
static long key_id;                              /* of a POSIX timer                        */
static char *good;                               /* zeroed, writable                        */

static void prepare(void)
{
    int p[2], s[2];

    none_page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    read_only_page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    good = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    gone_page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(gone_page != MAP_FAILED);
    CHECK_OK(munmap(gone_page, PAGE));
    file_put("f", "0123456789");
    CHECK_OK(symlink("f", "l"));
    file = open("f", O_RDWR);
    dir = open(".", O_RDONLY | O_DIRECTORY);
    CHECK_OK(pipe2(p, O_NONBLOCK));
    reader = p[0];
    writer = p[1];
    CHECK_EQ(write(writer, good, 100), 100);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s));
    dgram = s[0];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(write(s[1], good, 10), 10);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
    stream = s[0];
    ep = epoll_create1(0);
    evfd = eventfd(1, EFD_NONBLOCK);
    CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, writer, &(struct epoll_event){ .events = EPOLLOUT }));
    tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    ino = inotify_init1(IN_NONBLOCK);
    int timer = -1;
    CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer));
    key_id = timer;
}

#define ROW(name, ...)                                                                             \
    {                                                                                              \
#name, SYS_##name,                                                                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define G   (long)good
#define CWD AT_FDCWD

/* Long because it is one row per call and pointer. */
static const struct row *rows(size_t *ret_count)
{
    static struct row table[200];
    /* clang-format off */
    const struct row now[] = {
        ROW(read, file, OUT, 8), ROW(write, file, IN, 8), ROW(open, IN, O_RDONLY),
        ROW(stat, IN, G), ROW(stat, (long)"f", OUT), ROW(fstat, file, OUT), ROW(lstat, IN, G),
        ROW(lstat, (long)"l", OUT), ROW(poll, OUT, 1, 0), ROW(rt_sigaction, SIGUSR1, IN, 0, 8),
        ROW(rt_sigaction, SIGUSR1, 0, OUT, 8), ROW(rt_sigprocmask, SIG_BLOCK, IN, 0, 8),
        ROW(rt_sigprocmask, SIG_BLOCK, 0, OUT, 8), ROW(pread64, file, OUT, 8, 0),
        ROW(pwrite64, file, IN, 8, 0), ROW(readv, file, IN, 1), ROW(writev, file, IN, 1),
        ROW(access, IN, 0), ROW(pipe, OUT), ROW(select, 10, OUT, 0, 0, G), ROW(select, 1, 0, 0, 0, IN),
        ROW(shmctl, 0, 3 /* IPC_INFO */, OUT), ROW(nanosleep, IN, 0), ROW(getitimer, 0, OUT),
        ROW(setitimer, 0, IN, 0), ROW(sendfile, file, file, IN, 1), ROW(connect, stream, IN, 16),
        ROW(accept, -1, IN, IN), ROW(sendto, dgram, IN, 10, 0, 0, 0),
        ROW(recvfrom, dgram, OUT, 10, MSG_PEEK, 0, 0), ROW(sendmsg, dgram, IN, 0),
        ROW(recvmsg, dgram, IN, MSG_PEEK), ROW(bind, stream, IN, 16),
        ROW(getsockname, stream, G, OUT), ROW(getpeername, stream, G, OUT),
        ROW(socketpair, AF_UNIX, SOCK_STREAM, 0, OUT), ROW(setsockopt, stream, 1, SO_KEEPALIVE, IN, 4),
        ROW(getsockopt, stream, 1, SO_TYPE, G, OUT), ROW(execve, IN, G, G),
        ROW(uname, OUT), ROW(semop, 0, IN, 1), ROW(fcntl, file, F_GETLK, OUT),
        ROW(truncate, IN, 0), ROW(getdents, dir, OUT, 1000), ROW(getcwd, OUT, 1000), ROW(chdir, IN),
        ROW(rename, IN, (long)"x"), ROW(rename, (long)"f", IN), ROW(mkdir, IN, 0700), ROW(rmdir, IN),
        ROW(creat, IN, 0600), ROW(link, IN, (long)"x"), ROW(link, (long)"f", IN), ROW(unlink, IN),
        ROW(symlink, IN, (long)"x"), ROW(symlink, (long)"f", IN), ROW(readlink, IN, G, 10),
        ROW(readlink, (long)"l", OUT, 10), ROW(chmod, IN, 0600), ROW(chown, IN, 0, 0),
        ROW(lchown, IN, 0, 0), ROW(gettimeofday, OUT, 0), ROW(gettimeofday, 0, OUT),
        ROW(getrlimit, 7, OUT), ROW(setrlimit, 7, IN), ROW(getrusage, 0, OUT), ROW(sysinfo, OUT),
        ROW(times, OUT), ROW(setgroups, 1, IN), ROW(getresuid, OUT, G, G),
        ROW(getresuid, G, G, OUT), ROW(getresgid, OUT, G, G), ROW(capget, IN, G), ROW(capset, IN, G),
        ROW(rt_sigpending, OUT, 8), ROW(rt_sigtimedwait, IN, 0, G, 8),
        ROW(rt_sigqueueinfo, 0, SIGUSR1, IN), ROW(rt_sigsuspend, IN, 8), ROW(sigaltstack, IN, 0),
        ROW(sigaltstack, 0, OUT), ROW(utime, IN, 0), ROW(utime, (long)"f", IN), ROW(mknod, IN, 0600, 0),
        ROW(statfs, IN, G), ROW(statfs, (long)"f", OUT), ROW(fstatfs, file, OUT),
        ROW(sched_setparam, 0, IN), ROW(sched_getparam, 0, OUT), ROW(sched_setscheduler, 0, 0, IN),
        ROW(sched_rr_get_interval, 0, OUT), ROW(prctl, 15 /* PR_SET_NAME */, IN),
        ROW(prctl, 16 /* PR_GET_NAME */, OUT), ROW(arch_prctl, 0x1003, OUT), ROW(chroot, IN),
        ROW(setxattr, IN, (long)"user.a", G, 1, 0), ROW(setxattr, (long)"f", IN, G, 1, 0),
        ROW(setxattr, (long)"f", (long)"user.a", IN, 8, 0), ROW(getxattr, IN, (long)"user.a", G, 1),
        ROW(listxattr, IN, G, 1), ROW(removexattr, IN, (long)"user.a"), ROW(removexattr, (long)"f", IN),
        ROW(time, OUT), ROW(sched_setaffinity, 0, 8, IN), ROW(sched_getaffinity, 0, 128, OUT),
        ROW(getdents64, dir, OUT, 1000), ROW(timer_create, 0, IN, G), ROW(timer_create, 0, 0, OUT),
        ROW(timer_settime, key_id, 0, IN, 0), ROW(timer_gettime, key_id, OUT),
        ROW(clock_settime, 0, IN), ROW(clock_gettime, 0, OUT), ROW(clock_getres, 0, OUT),
        ROW(clock_nanosleep, 0, 0, IN, 0), ROW(epoll_wait, ep, OUT, 1, 0),
        ROW(epoll_ctl, ep, EPOLL_CTL_ADD, reader, IN), ROW(utimes, IN, 0), ROW(utimes, (long)"f", IN),
        ROW(mq_open, IN, 0, 0, 0), ROW(mq_unlink, IN), ROW(inotify_add_watch, ino, IN, 1),
        ROW(openat, CWD, IN, 0), ROW(mkdirat, CWD, IN, 0700), ROW(mknodat, CWD, IN, 0600, 0),
        ROW(fchownat, CWD, IN, 0, 0, 0), ROW(futimesat, CWD, IN, 0), ROW(newfstatat, CWD, IN, G, 0),
        ROW(newfstatat, CWD, (long)"f", OUT, 0), ROW(unlinkat, CWD, IN, 0),
        ROW(renameat, CWD, IN, CWD, (long)"x"), ROW(linkat, CWD, IN, CWD, (long)"x", 0),
        ROW(symlinkat, IN, CWD, (long)"x"), ROW(readlinkat, CWD, (long)"l", OUT, 10),
        ROW(fchmodat, CWD, IN, 0600), ROW(faccessat, CWD, IN, 0), ROW(pselect6, 10, OUT, 0, 0, G, 0),
        ROW(ppoll, OUT, 1, G, 0, 8), ROW(get_robust_list, 0, OUT, G), ROW(vmsplice, writer, IN, 1, 0),
        ROW(utimensat, CWD, (long)"f", IN, 0), ROW(epoll_pwait, ep, OUT, 1, 0, 0, 8),
        ROW(signalfd, -1, IN, 8), ROW(timerfd_settime, tfd, 0, IN, 0), ROW(timerfd_gettime, tfd, OUT),
        ROW(signalfd4, -1, IN, 8, 0), ROW(pipe2, OUT, 0), ROW(preadv, file, IN, 1, 0),
        ROW(pwritev, file, IN, 1, 0), ROW(recvmmsg, dgram, IN, 1, MSG_PEEK, 0),
        ROW(prlimit64, 0, 7, 0, OUT), ROW(prlimit64, 0, 7, IN, 0), ROW(sendmmsg, dgram, IN, 1, 0),
        ROW(getcpu, OUT, 0, 0), ROW(sched_setattr, 0, IN, 0), ROW(renameat2, CWD, IN, CWD, (long)"x", 0),
        ROW(getrandom, OUT, 8, 0), ROW(memfd_create, IN, 0), ROW(execveat, CWD, IN, G, G, 0),
        ROW(copy_file_range, file, IN, file, 0, 1, 0), ROW(preadv2, file, IN, 1, 0, 0, 0),
        ROW(statx, CWD, IN, 0, 0, G), ROW(statx, CWD, (long)"f", 0, 0, OUT), ROW(clone3, IN, 88),
        ROW(openat2, CWD, IN, G, 24), ROW(openat2, CWD, (long)"f", IN, 24), ROW(faccessat2, CWD, IN, 0, 0),
        ROW(epoll_pwait2, ep, OUT, 1, G, 0, 8),
    };
    /* clang-format on */

    _Static_assert(COUNT(now) <= COUNT(table), "the table is too small");
    memcpy(table, now, sizeof(now));
    *ret_count = COUNT(now);
    return table;
}

static void try_row(const struct row *r, long wild, bool is_read_only)
{
    long a[6];

    memset(good, 0, PAGE);
    for (int i = 0; i < 6; i++) {
        if (r->args[i] == IN && is_read_only)
            return;                              /* may be read                             */
        a[i] = r->args[i] == IN || r->args[i] == OUT ? wild : r->args[i];
    }
    /* Not open: the descriptor is looked at first. */
    long want = r->nr == SYS_accept ? -EBADF : -EFAULT;
    long got = raw_syscall(r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r->nr == SYS_semop && got == -EINVAL)
        return;                                  /* looks for the set first: there is none  */
    if (got != want)
        check_failed(__FILE__, __LINE__, "%s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx) is %ld, not %ld",
                     r->name, a[0], a[1], a[2], a[3], a[4], a[5], got, want);
}

TEST(each_wild_pointer_is_efault)
{
    size_t count;

    prepare();
    const long wild[] = {
        8,
        -1,
        -8,
        -4096,
        1L << 47,
        0x7fffffffffffffff,
        LONG_MIN,
        (long)none_page,
        (long)none_page + 100,
        (long)gone_page,
        (long)0xffff888000000000,
    };
    const struct row *table = rows(&count);
    for (size_t r = 0; r < count; r++) {
        for (size_t w = 0; w < COUNT(wild); w++)
            try_row(&table[r], wild[w], false);
        try_row(&table[r], (long)read_only_page, true);
    }
}

TEST(structures_across_the_end_of_memory_are_efault)
{
    /* The first bytes are there, the rest is not. */
    char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t count;

    CHECK_OK(mprotect(edge + PAGE, PAGE, PROT_NONE)); /* a hole might be filled             */
    edge += PAGE - 1;
    prepare();
    static const long partial[] = { SYS_read,      SYS_pread64,  SYS_write,    SYS_pwrite64,
                                    SYS_getrandom, SYS_recvfrom, SYS_readlink, SYS_readlinkat };
    const struct row *table = rows(&count);
    for (size_t r = 0; r < count; r++) {
        bool whole = true;
        for (size_t i = 0; i < COUNT(partial); i++)
            whole &= table[r].nr != partial[i];
        *edge = 'x';                             /* a string without its end                */
        if (whole)
            try_row(&table[r], (long)edge, false);
    }
}

/* Calls that end, stop or change the process or the machine even when their pointers are bad. */
static const short excluded[] = {
    SYS_exit,
    SYS_exit_group,
    SYS_fork,
    SYS_vfork,
    SYS_clone,
    SYS_clone3,
    SYS_rt_sigreturn,
    SYS_pause,
    SYS_msgrcv,                                  /* these may wait for ever                 */
    SYS_semop,
    SYS_semtimedop,
    SYS_rt_sigsuspend,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_pkey_mprotect,
    SYS_brk,
    SYS_madvise,
    SYS_remap_file_pages,
    SYS_shmat,
    SYS_shmdt,
    SYS_arch_prctl,
    SYS_personality,
    SYS_ptrace,
    SYS_alarm,
    SYS_setsid,
    SYS_setpgid,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_sync,
    SYS_syncfs,
    SYS_syslog,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_vhangup,
    SYS_pivot_root,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_unshare,
    SYS_setns,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_mbind,
    SYS_set_mempolicy,
    SYS_get_mempolicy,
    SYS_quotactl,
    SYS_sysfs,
    SYS_uselib,
    SYS_rseq,
    SYS_mount,
    SYS_umount2,
    SYS_prctl,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_close_range,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_prlimit64,
    SYS_setrlimit,
    SYS_mlockall,
    SYS_munlockall,
    SYS_seccomp,
    SYS_pselect6,
    SYS_select,
    SYS_chdir,
    SYS_fchdir,
    SYS_chroot,
    SYS_shmget,
    SYS_semget,
    SYS_msgget,
    SYS_msgrcv,                                  /* key 0 makes an object                   */
    SYS_close,
    SYS_dup2,
    SYS_dup3,                                    /* descriptor 0 stays what it is           */
};

static bool is_excluded(long nr)
{
    for (size_t i = 0; i < COUNT(excluded); i++)
        if (excluded[i] == nr)
            return true;
    return nr > 334 && nr < 424;
}

/* Every number with all arguments wild.  Standard input is a file that may suffer. */
CHILD(all_wild)
{
    prepare();
    CHECK_EQ(dup2(file, 0), 0);
    alarm(60);
    const long wild[] = { 8, -1, -4096, 1L << 47, LONG_MIN, (long)none_page + 4, (long)gone_page };
    for (size_t w = 0; w < COUNT(wild); w++)
        for (long nr = 0; nr <= 450; nr++) {
            if (is_excluded(nr))
                continue;
            long a = wild[w];
            long got = raw_syscall(nr, a, a, a, a, a, a);
            CHECK(got > -4096 || got < -1000000);
            /* And with a descriptor that exists first, where one is expected. */
            raw_syscall(nr, 0, a, a, a, a, a);
        }
    CHECK_EQ(getpid(), (pid_t)syscall(SYS_getpid));
    return 0;
}

TEST(no_call_does_worse_than_fail)
{
    CHECK_EXIT(child_start("all_wild"), 0);
}
