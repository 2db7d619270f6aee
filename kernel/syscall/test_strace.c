/* SPDX-License-Identifier: MIT */
/*
 * What strace prints of a call: whole lines, made from fabricated registers, results and user
 * memory.
 */
#include "abi/linux/capability.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/mman.h"
#include "abi/linux/poll.h"
#include "abi/linux/resource.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "abi/linux/wait.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/strace_int.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- user memory: what a test puts here can be read, nothing else ---- */

static struct {
    u8 bytes[65536];
} memory __attribute__((aligned(PAGE_SIZE)));    /* what exists is decided page by page     */
static size_t used;

static int memory_check(u64 addr, size_t len, enum user_access how)
{
    u64 begin = (u64)memory.bytes, end = begin + sizeof(memory.bytes);

    (void)how;
    return addr >= begin && addr <= end && len <= end - addr ? 0 : -EFAULT;
}

static int memory_fault(u64 addr, enum user_access how)
{
    (void)addr;
    (void)how;
    return -EFAULT;
}

/* Copy something into user memory; its address. */
static long put(const void *data, size_t len)
{
    void *at = memory.bytes + used;

    user_ops = (struct user_ops){ .check = memory_check, .fault = memory_fault };
    CHECK(used + len <= sizeof(memory.bytes));
    memcpy(at, data, len);
    used = (used + len + 15) / 16 * 16;
    return (long)at;
}

#define PUT(value)   put(&(value), sizeof(value))
#define PUT_STR(str) put(str, strlen(str) + 1)

/* A string or bytes at the very end of what can be read. */
static long put_last(const char *data, size_t len)
{
    void *at = memory.bytes + sizeof(memory.bytes) - len;

    (void)put("", 1);
    memcpy(at, data, len);
    return (long)at;
}

enum { UNMAPPED = 0x10 };

/* ---- lines ---- */

static char text[8192];

static const char *line(unsigned long nr, long ret, const long a[6])
{
    struct strbuf out;
    struct show s = { .out = &out, .info = sys_info_find(nr), .nr = nr, .a = a, .ret = ret };

    (void)put("", 0);
    strbuf_init(&out, text, sizeof(text));
    show_call_begin(&s);
    show_call_end(&s);
    return text;
}

/* The line of a call with this result and these arguments. */
#define LINE(name, ret, ...) line(NR_##name, ret, (const long[6]){ __VA_ARGS__ })

TEST(a_call_looks_as_the_reference_shows_it)
{
    CHECK_STREQ(LINE(openat, 3, AT_FDCWD, PUT_STR("/etc/passwd"), O_RDONLY | O_CLOEXEC),
                "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3");
    CHECK_STREQ(LINE(open, -ENOENT, PUT_STR("/nonexistent"), O_RDONLY),
                "open(\"/nonexistent\", O_RDONLY) = -1 ENOENT (No such file or directory)");
    CHECK_STREQ(LINE(getpid, 101, 0), "getpid() = 101");
}

TEST(data_is_cut_at_32_bytes)
{
    long at = PUT_STR("root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1");

    CHECK_STREQ(LINE(read, 40, 3, at, 4096),
                "read(3, \"root:x:0:0:root:/root:/bin/bash\\n\"..., 4096) = 40");
    CHECK_STREQ(LINE(read, 32, 3, at, 4096),
                "read(3, \"root:x:0:0:root:/root:/bin/bash\\n\", 4096) = 32");
    CHECK_STREQ(LINE(write, 33, 1, at, 33),
                "write(1, \"root:x:0:0:root:/root:/bin/bash\\n\"..., 33) = 33");
    CHECK_STREQ(LINE(write, 0, 1, at, 0), "write(1, \"\", 0) = 0");
}

TEST(strings_are_escaped_as_in_c)
{
    CHECK_STREQ(LINE(write, 9, 1, put("\0\1\033[0\"\\\t\xff", 9), 9),
                "write(1, \"\\0\\1\\33[0\\\"\\\\\\t\\377\", 9) = 9");
    CHECK_STREQ(LINE(write, 3, 1, put("\0001\n", 3), 3), "write(1, \"\\0001\\n\", 3) = 3");
}

TEST(paths_are_shown_whole_and_other_strings_cut)
{
    char path[300], expected[400];
    long at;

    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    at = PUT_STR(path);
    snprintf(expected, sizeof(expected), "chdir(\"%s\") = 0", path);
    CHECK_STREQ(LINE(chdir, 0, at), expected);

    at = PUT_STR("12345678901234567890123456789012");
    CHECK_STREQ(LINE(mq_unlink, 0, at), "mq_unlink(\"12345678901234567890123456789012\") = 0");
    at = PUT_STR("123456789012345678901234567890123");
    CHECK_STREQ(LINE(mq_unlink, 0, at), "mq_unlink(\"12345678901234567890123456789012\"...) = 0");
}

TEST(what_cannot_be_read_is_an_address)
{
    long end = put_last("abc", 3);
    char expected[128];

    CHECK_STREQ(LINE(chdir, -EFAULT, UNMAPPED), "chdir(0x10) = -1 EFAULT (Bad address)");
    CHECK_STREQ(LINE(chdir, -EFAULT, 0), "chdir(NULL) = -1 EFAULT (Bad address)");
    CHECK_STREQ(LINE(write, -EFAULT, 1, UNMAPPED, 5),
                "write(1, 0x10, 5) = -1 EFAULT (Bad address)");
    CHECK_STREQ(LINE(nanosleep, -EFAULT, UNMAPPED, 0),
                "nanosleep(0x10, NULL) = -1 EFAULT (Bad address)");
    snprintf(expected, sizeof(expected), "chdir(%#lx) = -1 EFAULT (Bad address)", end);
    CHECK_STREQ(LINE(chdir, -EFAULT, end), expected);
}

TEST(a_string_may_end_where_memory_ends)
{
    CHECK_STREQ(LINE(chdir, 0, put_last("/ab", 4)), "chdir(\"/ab\") = 0");
}

TEST(what_a_failed_call_would_have_stored_is_an_address)
{
    CHECK_STREQ(LINE(read, -EBADF, 9, UNMAPPED, 10),
                "read(9, 0x10, 10) = -1 EBADF (Bad file descriptor)");
    CHECK_STREQ(LINE(stat, -ENOENT, PUT_STR("x"), UNMAPPED),
                "stat(\"x\", 0x10) = -1 ENOENT (No such file or directory)");
}

TEST(flags_are_named_and_what_has_no_name_is_hex)
{
    CHECK_STREQ(LINE(open, 3, PUT_STR("f"), O_RDWR | O_CREAT | O_SYNC, 0644),
                "open(\"f\", O_RDWR|O_CREAT|O_SYNC, 0644) = 3");
    CHECK_STREQ(LINE(open, 3, PUT_STR("d"), O_RDWR | O_TMPFILE, 0),
                "open(\"d\", O_RDWR|O_TMPFILE, 000) = 3");
    CHECK_STREQ(LINE(dup3, -EINVAL, 1, 2, O_CLOEXEC | 1),
                "dup3(1, 2, O_CLOEXEC|0x1) = -1 EINVAL (Invalid argument)");
    CHECK_STREQ(LINE(pipe2, -EINVAL, 0, 1), "pipe2(NULL, 0x1) = -1 EINVAL (Invalid argument)");
    CHECK_STREQ(LINE(eventfd2, 3, 0, 0), "eventfd2(0, 0) = 3");
    CHECK_STREQ(LINE(access, 0, PUT_STR("/"), 0), "access(\"/\", F_OK) = 0");
    CHECK_STREQ(LINE(access, 0, PUT_STR("/"), 5), "access(\"/\", R_OK|X_OK) = 0");
}

TEST(modes_name_the_type_of_the_file)
{
    CHECK_STREQ(LINE(mkdir, 0, PUT_STR("d"), 01777), "mkdir(\"d\", 01777) = 0");
    CHECK_STREQ(LINE(mknod, 0, PUT_STR("f"), S_IFIFO | 0600), "mknod(\"f\", S_IFIFO|0600) = 0");
    CHECK_STREQ(LINE(mknod, 0, PUT_STR("n"), S_IFCHR | S_ISVTX | 0666, 0x103),
                "mknod(\"n\", S_IFCHR|S_ISVTX|0666, makedev(0x1, 0x3)) = 0");
}

TEST(mmap_names_its_flags_and_returns_an_address)
{
    CHECK_STREQ(LINE(mmap, 0x7f0000001000, 0, 8192, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
                "0x7f0000001000");
    CHECK_STREQ(LINE(mmap, 0x10000, 0x10000, 4096, PROT_NONE, MAP_SHARED | MAP_FIXED, 3, 4096),
                "mmap(0x10000, 4096, PROT_NONE, MAP_SHARED|MAP_FIXED, 3, 4096) = 0x10000");
    CHECK_STREQ(LINE(mremap, 0x2000, 0x1000, 4096, 8192, MREMAP_MAYMOVE),
                "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE) = 0x2000");
    CHECK_STREQ(LINE(brk, 0x5000, 0), "brk(NULL) = 0x5000");
}

TEST(a_call_shows_the_arguments_that_its_operation_has)
{
    long one[2] = { 1, 500 };
    char expected[256];

    CHECK_STREQ(LINE(fcntl, 1, 3, F_GETFD), "fcntl(3, F_GETFD) = 1 (flags FD_CLOEXEC)");
    CHECK_STREQ(LINE(fcntl, 0, 3, F_GETFD), "fcntl(3, F_GETFD) = 0");
    CHECK_STREQ(LINE(fcntl, 0, 3, F_SETFD, 1), "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
    CHECK_STREQ(LINE(fcntl, 2, 3, F_GETFL), "fcntl(3, F_GETFL) = 2 (flags O_RDWR)");
    CHECK_STREQ(LINE(fcntl, 7, 3, F_DUPFD, 7), "fcntl(3, F_DUPFD, 7) = 7");

    CHECK_STREQ(LINE(futex, 1, 0x1000, FUTEX_WAKE_PRIVATE, 1),
                "futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 1");
    snprintf(expected, sizeof(expected),
             "futex(0x1000, FUTEX_WAIT|FUTEX_CLOCK_REALTIME, 2, "
             "{tv_sec=1, tv_nsec=500}) = -1 ETIMEDOUT (Connection timed out)");
    CHECK_STREQ(LINE(futex, -ETIMEDOUT, 0x1000, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 2, PUT(one)),
                expected);
    CHECK_STREQ(LINE(futex, 2, 0x1000, FUTEX_REQUEUE_PRIVATE, 1, 5, 0x2000),
                "futex(0x1000, FUTEX_REQUEUE_PRIVATE, 1, 5, 0x2000) = 2");
}

TEST(file_locks_are_shown_by_field)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };

    CHECK_STREQ(LINE(fcntl, 0, 3, F_SETLK, PUT(lock)),
                "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=10, l_len=5}) = 0");
}

TEST(restarts_are_named_in_words)
{
    CHECK_STREQ(LINE(pause, -ERESTARTNOHAND, 0),
                "pause() = ? ERESTARTNOHAND (To be restarted if no handler)");
    CHECK_STREQ(LINE(read, -ERESTARTSYS, 0, UNMAPPED, 1),
                "read(0, 0x10, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)");
}

TEST(the_rest_of_a_sleep_is_shown_if_it_was_cut_short)
{
    long req[2] = { 5, 0 }, rem[2] = { 3, 7 };
    char expected[128];
    long at = PUT(rem);

    CHECK_STREQ(LINE(nanosleep, -EINTR, PUT(req), at),
                "nanosleep({tv_sec=5, tv_nsec=0}, {tv_sec=3, tv_nsec=7}) = -1 EINTR (Interrupted "
                "system call)");
    snprintf(expected, sizeof(expected), "nanosleep({tv_sec=5, tv_nsec=0}, %#lx) = 0", at);
    CHECK_STREQ(LINE(nanosleep, 0, PUT(req), at), expected);
}

TEST(calls_that_never_fail_have_no_errors)
{
    CHECK_STREQ(LINE(setfsuid, -1, 5), "setfsuid(5) = -1");
    CHECK_STREQ(LINE(umask, 022, 077), "umask(077) = 022");
}

TEST(a_number_without_a_row_shows_its_registers)
{
    CHECK_STREQ(line(0x190, -ENOSYS, (const long[6]){ 1, 2, 3, 4, 5, 6 }),
                "syscall_0x190(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not "
                "implemented)");
}

TEST(a_call_that_does_not_return_shows_all_its_arguments)
{
    long a[6] = { PUT_STR("/x"), UNMAPPED, 8 };
    struct strbuf out;
    struct show s = { .out = &out, .info = sys_info_find(NR_readlink), .nr = NR_readlink, .a = a };

    strbuf_init(&out, text, sizeof(text));
    show_call_begin(&s);
    show_call_without_end(&s);
    CHECK_STREQ(text, "readlink(\"/x\", 0x10, 8) = ?");
}

TEST(what_a_call_stores_is_shown_when_it_returns)
{
    int fds[2] = { 3, 4 };
    long offset = 100;

    CHECK_STREQ(LINE(pipe, 0, PUT(fds)), "pipe([3, 4]) = 0");
    CHECK_STREQ(LINE(sendfile, 10, 1, 3, PUT(offset), 10), "sendfile(1, 3, [100], 10) = 10");
}

TEST(an_option_of_four_bytes_is_an_int)
{
    int value = 1, len = 4;

    CHECK_STREQ(LINE(getsockopt, 0, 3, SOL_SOCKET, SO_REUSEADDR, PUT(value), PUT(len)),
                "getsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], [4]) = 0");
    CHECK_STREQ(LINE(setsockopt, 0, 3, IPPROTO_TCP, TCP_NODELAY, PUT(value), 4),
                "setsockopt(3, IPPROTO_TCP, TCP_NODELAY, \"\\1\\0\\0\\0\", 4) = 0");
}

TEST(signals_and_sets_are_named)
{
    u64 some = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << 33, none = 0;
    u64 most = ~(1ull << (SIGKILL - 1));
    struct {
        u64 handler, flags, restorer, mask;
    } act = { 0x4000, SA_RESTORER | SA_RESTART | SA_SIGINFO, 0x5000, some };

    CHECK_STREQ(LINE(kill, 0, 101, SIGKILL), "kill(101, SIGKILL) = 0");
    CHECK_STREQ(LINE(kill, -EINVAL, 101, 65), "kill(101, 65) = -1 EINVAL (Invalid argument)");
    CHECK_STREQ(LINE(kill, 0, 101, 0), "kill(101, 0) = 0");
    CHECK_STREQ(LINE(rt_sigprocmask, 0, SIG_BLOCK, PUT(some), PUT(none), 8),
                "rt_sigprocmask(SIG_BLOCK, [INT TERM RT_2], [], 8) = 0");
    CHECK_STREQ(LINE(rt_sigsuspend, -EINTR, PUT(most), 8),
                "rt_sigsuspend(~[KILL], 8) = -1 EINTR (Interrupted system call)");
    CHECK_STREQ(LINE(rt_sigaction, 0, SIGSEGV, PUT(act), 0, 8),
                "rt_sigaction(SIGSEGV, {sa_handler=0x4000, sa_mask=[INT TERM RT_2], "
                "sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, sa_restorer=0x5000}, NULL, 8) = 0");
}

TEST(the_fields_of_siginfo_follow_its_code)
{
    struct strbuf out;
    struct show s = { .out = &out };
    siginfo_t info = { 0 };

    strbuf_init(&out, text, sizeof(text));
    info.si_signo = SIGSEGV;
    info.si_code = SEGV_MAPERR;
    info.si_addr = (void *)0x10;
    show_siginfo_fields(&s, &info);
    CHECK_STREQ(text, "--- SIGSEGV {si_code=SEGV_MAPERR, si_addr=0x10} ---");

    strbuf_init(&out, text, sizeof(text));
    memset(&info, 0, sizeof(info));
    info.si_signo = SIGUSR1;
    info.si_code = SI_USER;
    info.si_pid = 102;
    show_siginfo_fields(&s, &info);
    CHECK_STREQ(text, "--- SIGUSR1 {si_code=SI_USER, si_pid=102, si_uid=0} ---");

    strbuf_init(&out, text, sizeof(text));
    memset(&info, 0, sizeof(info));
    info.si_signo = SIGCHLD;
    info.si_code = CLD_EXITED;
    info.si_pid = 103;
    info.si_status = 7;
    show_siginfo_fields(&s, &info);
    CHECK_STREQ(text, "--- SIGCHLD {si_code=CLD_EXITED, si_pid=103, si_uid=0, si_status=7, "
                      "si_utime=0, si_stime=0} ---");
}

TEST(a_wait_status_reads_as_its_macros)
{
    int exited = 3 << 8, killed = SIGKILL, stopped = SIGTSTP << 8 | 0x7f, dumped = SIGSEGV | 0x80;
    int status = 0xffff;
    char expected[128];
    long at;

    CHECK_STREQ(LINE(wait4, 102, -1, PUT(exited), 0, 0),
                "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 102");
    CHECK_STREQ(LINE(wait4, 102, -1, PUT(killed), WUNTRACED, 0),
                "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], WUNTRACED, NULL) = 102");
    CHECK_STREQ(LINE(wait4, 102, -1, PUT(dumped), 0, 0),
                "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, "
                "NULL) = 102");
    CHECK_STREQ(LINE(wait4, 102, -1, PUT(stopped), 0, 0),
                "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTSTP}], 0, NULL) = 102");
    CHECK_STREQ(LINE(wait4, 102, -1, PUT(status), 0, 0),
                "wait4(-1, [{WIFCONTINUED(s)}], 0, NULL) = 102");
    at = PUT(exited);
    snprintf(expected, sizeof(expected), "wait4(-1, %#lx, WNOHANG, NULL) = 0", at);
    CHECK_STREQ(LINE(wait4, 0, -1, at, WNOHANG, 0), expected);
}

TEST(socket_addresses_are_decoded_by_family)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 0x5000 };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = 0xbb01 };
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/tmp/s" };
    char abstract[] = "\1\0\0ab\0c";

    memcpy(&in.sin_addr, "\177\0\0\1", 4);
    CHECK_STREQ(LINE(connect, 0, 3, PUT(in), sizeof(in)),
                "connect(3, {sa_family=AF_INET, sin_port=htons(80), "
                "sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0");
    in6.sin6_addr.s6_addr[15] = 1;
    CHECK_STREQ(LINE(bind, 0, 3, PUT(in6), sizeof(in6)),
                "bind(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
                "inet_pton(AF_INET6, \"::1\", &sin6_addr), sin6_scope_id=0}, 28) = 0");
    CHECK_STREQ(LINE(bind, 0, 3, PUT(un), sizeof(un)),
                "bind(3, {sa_family=AF_UNIX, sun_path=\"/tmp/s\"}, 110) = 0");
    CHECK_STREQ(LINE(bind, 0, 3, put(abstract, 7), 7),
                "bind(3, {sa_family=AF_UNIX, sun_path=@\"ab\\0c\"}, 7) = 0");
    CHECK_STREQ(LINE(bind, 0, 3, put(abstract, 2), 2), "bind(3, {sa_family=AF_UNIX}, 2) = 0");
    CHECK_STREQ(LINE(bind, -EINVAL, 3, UNMAPPED, 1),
                "bind(3, 0x10, 1) = -1 EINVAL (Invalid argument)");
}

static const char *inet6(const char *bytes)
{
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    static char addr[64];
    const char *begin, *end;

    memcpy(&in6.sin6_addr, bytes, 16);
    (void)LINE(bind, 0, 3, PUT(in6), sizeof(in6));
    begin = strstr(text, "AF_INET6, \"") + strlen("AF_INET6, \"");
    end = strchr(begin, '"');
    snprintf(addr, sizeof(addr), "%.*s", (int)(end - begin), begin);
    return addr;
}

TEST(ipv6_addresses_leave_out_their_longest_run_of_zeros)
{
    CHECK_STREQ(inet6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "::");
    CHECK_STREQ(inet6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "fe80::");
    CHECK_STREQ(inet6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), "fe80::1");
    CHECK_STREQ(inet6("\0\1\0\0\0\2\0\0\0\0\0\3\0\4\0\5"), "1:0:2::3:4:5");
    CHECK_STREQ(inet6("\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10"), "1:2:3:4:5:6:7:8");
}

TEST(vectors_show_the_bytes_that_were_moved)
{
    struct {
        long base, len;
    } iov[2] = { { PUT_STR("hello"), 5 }, { PUT_STR("world"), 5 } };
    long at = PUT(iov);
    char expected[256];

    CHECK_STREQ(LINE(writev, 10, 1, at, 2),
                "writev(1, [{iov_base=\"hello\", iov_len=5}, {iov_base=\"world\", iov_len=5}], 2)"
                " = 10");
    CHECK_STREQ(LINE(readv, 6, 0, at, 2),
                "readv(0, [{iov_base=\"hello\", iov_len=5}, {iov_base=\"w\", iov_len=5}], 2) = 6");
    snprintf(expected, sizeof(expected),
             "readv(0, [{iov_base=\"hello\", iov_len=5}, "
             "{iov_base=%#lx, iov_len=5}], 2) = 5",
             iov[1].base);
    CHECK_STREQ(LINE(readv, 5, 0, at, 2), expected);
    CHECK_STREQ(LINE(writev, -EFAULT, 1, UNMAPPED, 2),
                "writev(1, [0x10], 2) = -1 EFAULT (Bad address)");
}

TEST(messages_show_their_parts)
{
    struct {
        long base, len;
    } iov = { PUT_STR("hi"), 2 };
    struct user_msghdr msg = { .msg_iov = (u64)PUT(iov), .msg_iovlen = 1 };

    CHECK_STREQ(LINE(sendmsg, 2, 3, PUT(msg), MSG_NOSIGNAL),
                "sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hi\", iov_len=2}], "
                "msg_iovlen=1, msg_controllen=0, msg_flags=0}, MSG_NOSIGNAL) = 2");
}

TEST(poll_tells_who_is_ready)
{
    struct pollfd fds[2] = { { 3, POLLIN, POLLIN }, { 4, POLLOUT | POLLIN, 0 } };

    CHECK_STREQ(LINE(poll, 1, PUT(fds), 2, -1),
                "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN|POLLOUT}], 2, -1) = 1 "
                "([{fd=3, revents=POLLIN}])");
    CHECK_STREQ(LINE(poll, 0, PUT(fds[1]), 1, 0),
                "poll([{fd=4, events=POLLIN|POLLOUT}], 1, 0) = 0 (Timeout)");
    CHECK_STREQ(LINE(poll, 0, 0, 0, 5), "poll(NULL, 0, 5) = 0 (Timeout)");
}

TEST(select_tells_who_is_ready)
{
    u64 in[16] = { 1 << 3 | 1 << 5 }, timeout[2] = { 1, 0 };

    CHECK_STREQ(LINE(select, 2, 6, PUT(in), 0, 0, PUT(timeout)),
                "select(6, [3 5], NULL, NULL, {tv_sec=1, tv_usec=0}) = 2 (in [3 5])");
}

TEST(epoll_shows_events_in_and_out)
{
    struct epoll_event ev[2] = { { EPOLLIN | EPOLLET, 5 }, { EPOLLHUP, 6 } };
    long at = put(ev, sizeof(ev));

    CHECK_STREQ(LINE(epoll_ctl, 0, 4, EPOLL_CTL_ADD, 5, at),
                "epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLET, data=0x5}) = 0");
    CHECK_STREQ(LINE(epoll_wait, 2, 4, at, 10, -1),
                "epoll_wait(4, [{events=EPOLLIN|EPOLLET, data=0x5}, {events=EPOLLHUP, data=0x6}], "
                "10, -1) = 2");
    CHECK_STREQ(LINE(epoll_wait, 0, 4, at, 10, 5), "epoll_wait(4, [], 10, 5) = 0");
}

TEST(structures_are_shown_by_field)
{
    struct stat st = { .st_mode = S_IFREG | 0644, .st_size = 812 };
    struct stat dev = { .st_mode = S_IFCHR | 0666, .st_rdev = 0x103 };
    struct rlimit64 limit = { 8 << 20, RLIM64_INFINITY };
    struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD };
    struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
    long omit[4] = { 0, UTIME_NOW, 0, UTIME_OMIT };

    CHECK_STREQ(LINE(fstat, 0, 3, PUT(st)),
                "fstat(3, {st_mode=S_IFREG|0644, st_size=812, ...}) = 0");
    CHECK_STREQ(LINE(fstat, 0, 1, PUT(dev)),
                "fstat(1, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0");
    CHECK_STREQ(LINE(setrlimit, 0, RLIMIT_STACK, PUT(limit)),
                "setrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
    CHECK_STREQ(LINE(clone3, 102, PUT(args), sizeof(args)),
                "clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=0, stack_size=0, "
                "tls=0}, 88) = 102");
    CHECK_STREQ(LINE(openat2, 3, AT_FDCWD, PUT_STR("f"), PUT(how), 24),
                "openat2(AT_FDCWD, \"f\", {flags=O_RDONLY, resolve=RESOLVE_BENEATH}, 24) = 3");
    CHECK_STREQ(LINE(utimensat, 0, AT_FDCWD, PUT_STR("f"), PUT(omit), 0),
                "utimensat(AT_FDCWD, \"f\", [UTIME_NOW, UTIME_OMIT], 0) = 0");
}

TEST(arguments_and_environment_of_exec)
{
    long argv[] = { PUT_STR("ls"), PUT_STR("-l"), 0 }, envp[] = { PUT_STR("A=1"), 0 };
    char expected[128];
    long env = PUT(envp);

    snprintf(expected, sizeof(expected),
             "execve(\"/bin/ls\", [\"ls\", \"-l\"], %#lx /* 1 vars */) = 0", env);
    CHECK_STREQ(LINE(execve, 0, PUT_STR("/bin/ls"), PUT(argv), env), expected);
}

/* Every row, with arguments that point nowhere, nowhere sensible and everywhere: nothing may be
 * read outside user memory (ASan) and the line must end. */
TEST(no_row_reads_what_it_may_not)
{
    static const long values[] = { 0, -1, UNMAPPED, 1, 0x7fffffffffffffff, 1000 };
    static const long results[] = { 0, -EFAULT, 1, 100000, -1000, 0x7fffffffffffffff };
    long inside = put("\xff\xff\xff\xff\xff\xff\xff\xff", 8);

    for (unsigned long slot = 0; slot < SYS_SLOTS; slot++) {
        for (size_t v = 0; v <= ARRAY_SIZE(values); v++) {
            long value = v < ARRAY_SIZE(values) ? values[v] : inside;
            long a[6] = { value, value, value, value, value, value };

            for (size_t r = 0; r < ARRAY_SIZE(results); r++) {
                used = 16;
                CHECK(strstr(line(sys_slot_nr(slot), results[r], a), ") = "));
            }
        }
    }
}
