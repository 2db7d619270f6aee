/* SPDX-License-Identifier: MIT */
/* covers: open read sysinfo uname */
/*
 * /proc and /sys files that describe the system.
 */
#include <ctype.h>
#include <dirent.h>
#include <sys/utsname.h>

#include "tests/sys/sys.h"

static char text[1 << 20];

static const char *read_proc(const char *path)
{
    file_read(path, text, sizeof(text));
    CHECK(text[0]);
    return text;
}

TEST(cpuinfo_describes_each_processor)
{
    int processors = 0;

    read_proc("/proc/cpuinfo");
    for (const char *s = text; (s = strstr(s, "processor\t:")); s++)
        processors++;
    CHECK_EQ(processors, sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(strstr(text, "vendor_id\t:"));
    CHECK(strstr(text, "model name\t:"));
    CHECK(strstr(text, "flags\t\t:"));
    CHECK(strstr(text, " sse2 "));
}

static long kilobytes(const char *name)
{
    const char *line = strstr(text, name);

    CHECK(line);
    char unit[8] = "";
    long value = -1;
    CHECK_EQ(sscanf(line + strlen(name), ": %ld %7s", &value, unit), 2);
    CHECK_STR(unit, "kB");
    return value;
}

TEST(meminfo_in_kilobytes)
{
    read_proc("/proc/meminfo");
    CHECK(kilobytes("MemTotal") > 0);
    CHECK(kilobytes("MemFree") <= kilobytes("MemTotal"));
    CHECK(kilobytes("MemAvailable") <= kilobytes("MemTotal"));
    CHECK(kilobytes("Buffers") >= 0);
    CHECK(kilobytes("Cached") >= 0);
    CHECK(kilobytes("SwapTotal") >= 0);
    CHECK(kilobytes("SwapFree") >= 0);
}

TEST(stat_starts_with_the_processors_times)
{
    read_proc("/proc/stat");
    CHECK_MEM(text, "cpu ", 4);
    CHECK(strstr(text, "\ncpu0 "));
    const char *boot = strstr(text, "\nbtime ");
    CHECK(boot);
    CHECK(atol(boot + 7) > 1000000000);
    CHECK(strstr(text, "\nprocesses "));
}

TEST(loadavg_and_uptime)
{
    double a, b, c;
    int running, total, last;

    read_proc("/proc/loadavg");
    CHECK_EQ(sscanf(text, "%lf %lf %lf %d/%d %d", &a, &b, &c, &running, &total, &last), 6);
    CHECK(total >= 1);
    read_proc("/proc/uptime");
    CHECK_EQ(sscanf(text, "%lf %lf", &a, &b), 2);
    CHECK(a >= 0);
}

TEST(version_agrees_with_uname)
{
    struct utsname u;
    char release[256];

    CHECK_OK(uname(&u));
    read_proc("/proc/version");
    CHECK(strstr(text, u.release));
    file_read("/proc/sys/kernel/osrelease", release, sizeof(release));
    release[strcspn(release, "\n")] = 0;
    CHECK_STR(release, u.release);
    CHECK_FILE("/proc/sys/kernel/ostype", "Linux\n");
    file_read("/proc/sys/kernel/hostname", release, sizeof(release));
    release[strcspn(release, "\n")] = 0;
    CHECK_STR(release, u.nodename);
}

TEST(mounts_have_six_columns)
{
    char device[256], dir[256], type[64], options[512];
    bool root = false, proc = false;
    int a, b;

    FILE *f = fopen("/proc/self/mounts", "r");
    CHECK(f);
    char line[2048];
    while (fgets(line, sizeof(line), f)) {
        CHECK_EQ(sscanf(line, "%255s %255s %63s %511s %d %d", device, dir, type, options, &a, &b),
                 6);
        root |= strcmp(dir, "/") == 0;
        proc |= strcmp(dir, "/proc") == 0 && strcmp(type, "proc") == 0;
    }
    fclose(f);
    CHECK(root);
    CHECK(proc);
    read_proc("/proc/mounts");
    read_proc("/proc/self/mountinfo");
    CHECK(strstr(text, " - proc "));
    read_proc("/proc/filesystems");
    CHECK(strstr(text, "nodev\tproc\n"));
}

static void check_number(const char *path, long least)
{
    read_proc(path);
    CHECK(isdigit((unsigned char)text[0]));
    CHECK(atol(text) >= least);
}

TEST(tunables_are_numbers)
{
    check_number("/proc/sys/kernel/pid_max", 300);
    check_number("/proc/sys/kernel/ngroups_max", 16);
    check_number("/proc/sys/kernel/cap_last_cap", 30);
    check_number("/proc/sys/vm/overcommit_memory", 0);
    check_number("/proc/sys/vm/max_map_count", 1000);
    check_number("/proc/sys/vm/mmap_min_addr", 0);
    check_number("/proc/sys/net/core/somaxconn", 1);
    check_number("/proc/sys/fs/file-max", 100);
    check_number("/proc/sys/fs/nr_open", 100);
    check_number("/proc/sys/fs/pipe-max-size", 4096);
}

static void check_uuid(const char *uuid)
{
    CHECK_EQ(strlen(uuid), 37);
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23)
            CHECK_EQ(uuid[i], '-');
        else
            CHECK(isxdigit((unsigned char)uuid[i]));
    CHECK_EQ(uuid[14], '4');
}

TEST(random_identifiers)
{
    char a[64], b[64];

    file_read("/proc/sys/kernel/random/uuid", a, sizeof(a));
    file_read("/proc/sys/kernel/random/uuid", b, sizeof(b));
    check_uuid(a);
    CHECK(strcmp(a, b) != 0);
    file_read("/proc/sys/kernel/random/boot_id", a, sizeof(a));
    file_read("/proc/sys/kernel/random/boot_id", b, sizeof(b));
    check_uuid(a);
    CHECK_STR(a, b);
}

TEST(directory_lists_processes)
{
    struct dirent *e;
    bool me = false, self = false;

    DIR *d = opendir("/proc");
    CHECK(d);
    while ((e = readdir(d))) {
        me |= atoi(e->d_name) == getpid();
        self |= strcmp(e->d_name, "self") == 0;
    }
    closedir(d);
    CHECK(me);
    CHECK(self);
}

TEST(net_files_have_headers)
{
    static const char *const files[] = { "/proc/net/dev",  "/proc/net/tcp",  "/proc/net/udp",
                                         "/proc/net/unix", "/proc/net/tcp6", "/proc/net/route" };

    for (size_t i = 0; i < COUNT(files); i++)
        read_proc(files[i]);
    read_proc("/proc/net/dev");
    CHECK(strstr(text, "lo:"));
}

TEST(processors_in_sys)
{
    read_proc("/sys/devices/system/cpu/online");
    CHECK(isdigit((unsigned char)text[0]));
    read_proc("/sys/devices/system/cpu/possible");
    CHECK(isdigit((unsigned char)text[0]));
    CHECK(file_exists("/sys/devices/system/cpu/cpu0"));
}
