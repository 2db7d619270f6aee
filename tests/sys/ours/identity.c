/* SPDX-License-Identifier: MIT */
/* covers: getpid getppid uname getrlimit getuid getgroups */
/*
 * How our kernel introduces itself: ids, names and limits at the start of a run.
 */
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "tests/sys/sys.h"

TEST(first_process_is_101)
{
    CHECK_EQ(getpid(), 101);
    CHECK_EQ(getppid(), 100);
    CHECK_EQ(syscall(SYS_gettid), 101);
}

TEST(sysinfo_counts_in_bytes)
{
    struct sysinfo s;

    CHECK_OK(sysinfo(&s));
    CHECK_EQ(s.mem_unit, 1);
    CHECK(s.uptime < 3600);
    CHECK_EQ(s.procs, 1);
}

CHILD(report_parent)
{
    return getppid() == 101 && getpid() > 101 ? 0 : 1;
}

TEST(further_processes_count_up)
{
    CHECK_EXIT(child_start("report_parent"), 0);
}

TEST(names)
{
    struct utsname u;

    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.nodename, "TEE");
    CHECK_STR(u.release, "5.4.0");
    CHECK_STR(u.version, "Mystikos 1.0.0");
    CHECK_STR(u.machine, "x86_64");
}

TEST(all_ids_are_zero)
{
    CHECK_EQ(getuid() + geteuid() + getgid() + getegid(), 0);
    CHECK_EQ(getgroups(0, NULL), 0);
}

static void check_limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit l;

    CHECK_OK(getrlimit(resource, &l));
    if (l.rlim_cur != soft || l.rlim_max != hard)
        check_failed(__FILE__, __LINE__, "limit %d is %ld, %ld, not %ld, %ld", resource,
                     (long)l.rlim_cur, (long)l.rlim_max, (long)soft, (long)hard);
}

TEST(limits)
{
    check_limit(RLIMIT_NOFILE, 2048, 65536);
    check_limit(RLIMIT_MEMLOCK, 64 << 20, 64 << 20);
    check_limit(RLIMIT_SIGPENDING, 128319, 128319);
    check_limit(RLIMIT_MSGQUEUE, 819200, 819200);
    check_limit(RLIMIT_CORE, 0, RLIM_INFINITY);
    check_limit(RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY);
    check_limit(RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY);
    check_limit(RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY);
    struct rlimit stack;
    CHECK_OK(getrlimit(RLIMIT_STACK, &stack));
    CHECK_EQ(stack.rlim_cur, 1536 * 1024);
    CHECK_EQ(stack.rlim_max, RLIM_INFINITY);
}

TEST(kernel_addresses_never_appear)
{
    char line[4200];
    unsigned long from, to, last = 0;
    FILE *f = fopen("/proc/self/maps", "r");

    CHECK(f);
    while (fgets(line, sizeof(line), f)) {
        CHECK_EQ(sscanf(line, "%lx-%lx", &from, &to), 2);
        CHECK(!strstr(line, "libmystkernel") && !strstr(line, "[kernel]"));
        CHECK(from >= last);
        last = to;
    }
    fclose(f);
}

TEST(heaps_and_stacks_are_not_executable)
{
    static const unsigned char code[] = { 0xc3 };
    char on_stack[16];
    char *on_heap = malloc(16);
    char line[4200];
    FILE *f = fopen("/proc/self/maps", "r");

    memcpy(on_stack, code, sizeof(code));
    memcpy(on_heap, code, sizeof(code));
    CHECK(f);
    while (fgets(line, sizeof(line), f)) {
        unsigned long from, to;
        char perms[5];
        CHECK_EQ(sscanf(line, "%lx-%lx %4s", &from, &to, perms), 3);
        if (((uintptr_t)on_stack >= from && (uintptr_t)on_stack < to) ||
            ((uintptr_t)on_heap >= from && (uintptr_t)on_heap < to))
            CHECK_EQ(perms[2], '-');
    }
    fclose(f);
}
