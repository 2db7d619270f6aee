/* SPDX-License-Identifier: MIT */
/* covers: uname sysinfo sethostname setdomainname syslog getrandom gettid getpid getppid */
/*
 * Calls that describe the system, and randomness.
 */
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "tests/sys/sys.h"

TEST(uname_fields)
{
    struct utsname u;

    memset(&u, 0xff, sizeof(u));
    CHECK_OK(uname(&u));
    CHECK_STR(u.sysname, "Linux");
    CHECK_STR(u.machine, "x86_64");
    CHECK(strlen(u.nodename) > 0 && strlen(u.nodename) <= 64);
    CHECK(atoi(u.release) >= 3);                 /* what the libcs ask                      */
    CHECK_ERR(syscall(SYS_uname, BAD_POINTER), EFAULT);
    char name[65];
    CHECK_OK(gethostname(name, sizeof(name)));
    CHECK_STR(name, u.nodename);
}

TEST(sysinfo_fields)
{
    struct sysinfo s;

    CHECK_OK(sysinfo(&s));
    CHECK(s.mem_unit >= 1);
    CHECK(s.totalram > 0);
    CHECK(s.freeram <= s.totalram);
    CHECK(s.procs >= 1);
    long first = (long)s.uptime;
    CHECK(first >= 0);
    CHECK_OK(sysinfo(&s));
    CHECK((long)s.uptime >= first);
    CHECK_ERR(syscall(SYS_sysinfo, BAD_POINTER), EFAULT);
}

CHILD(set_names_as_user)
{
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(sethostname("x", 1), EPERM);
    CHECK_ERR(setdomainname("x", 1), EPERM);
    return 0;
}

TEST(host_name_is_for_root)
{
    need_root();
    CHECK_EXIT(child_start("set_names_as_user"), 0);
    CHECK_ERR(sethostname("x", 65), EINVAL);
    CHECK_ERR(setdomainname("x", 65), EINVAL);
    CHECK_ERR(syscall(SYS_sethostname, BAD_POINTER, 5), EFAULT);
}

TEST(getrandom_fills_buffers)
{
    unsigned char a[256] = { 0 }, b[256] = { 0 };
    int different = 0;

    CHECK_EQ(getrandom(a, sizeof(a), 0), 256);
    CHECK_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), 256);
    for (int i = 0; i < 256; i++)
        different += a[i] != b[i];
    CHECK(different > 200);
    CHECK_EQ(getrandom(a, 0, 0), 0);
    CHECK_EQ(getrandom(a, 16, GRND_RANDOM | GRND_NONBLOCK), 16);
    static char large[1 << 20];
    CHECK_EQ(getrandom(large, sizeof(large), 0), sizeof(large));
}

TEST(getrandom_arguments)
{
    char a[8];

    CHECK_ERR(getrandom(a, 8, 0x100), EINVAL);
    CHECK_ERR(syscall(SYS_getrandom, a, 8, 6), EINVAL); /* INSECURE and RANDOM exclude each other */
    CHECK_ERR(syscall(SYS_getrandom, BAD_POINTER, 8, 0), EFAULT);
}

TEST(ids_are_positive_and_stable)
{
    CHECK(getpid() > 0);
    CHECK_EQ(getpid(), getpid());
    CHECK(getppid() >= 0);
    CHECK_EQ(syscall(SYS_gettid), syscall(SYS_getpid));
}

TEST(kernel_log_needs_privilege_or_reads)
{
    char buf[16];

    CHECK_ERR(syscall(SYS_syslog, 999, buf, sizeof(buf)), EINVAL);
    CHECK(syscall(SYS_syslog, 10 /* size of the buffer */, NULL, 0) >= 0);
}
