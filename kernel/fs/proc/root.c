/* SPDX-License-Identifier: MIT */
/* The files of /proc itself: proc(5). */
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/commit.h"
#include "kernel/core/thread.h"
#include "kernel/fs/proc/proc_fs.h"
#include "kernel/lib/string.h"
#include "kernel/proc/limit.h"
#include "kernel/proc/process.h"
#include "kernel/vfs/mount.h"

enum { TICKS_PER_SEC = 100, NSEC_PER_TICK = NSEC_PER_SEC / TICKS_PER_SEC };

static u64 uptime_ns(void)
{
    return clock_monotonic_ns() - clock_boot_ns();
}

static u64 idle_ns(void)
{
    u64 all = uptime_ns() * affinity_cpus(), busy = process_total_cpu_ns();

    return all > busy ? all - busy : 0;
}

static int show_meminfo(const struct proc_at *at, struct strbuf *dst)
{
    u64 total = commit_limit() >> 10, used = commit_used() >> 10;
    u64 left = total > used ? total - used : 0;

    (void)at;
    strbuf_printf(dst, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\n", total, left);
    strbuf_printf(dst, "MemAvailable:   %8lu kB\n", left);
    for (const char *const *name =
             (const char *const[]){ "Buffers:", "Cached:", "SwapCached:", "SwapTotal:", "SwapFree:",
                                    "Dirty:", "Writeback:", "Shmem:", "Slab:", NULL };
         *name; name++)
        strbuf_printf(dst, "%-15s %8u kB\n", *name, 0);
    strbuf_printf(dst, "CommitLimit:    %8lu kB\nCommitted_AS:   %8lu kB\n", total, used);
    return 0;
}

/* ---- processors ---- */

static const struct {
    const char *name;
    u32 leaf, subleaf, reg, bit;                 /* registers: eax ebx ecx edx              */
} cpu_flags[] = {
    { "fpu", 1, 0, 3, 0 },
    { "tsc", 1, 0, 3, 4 },
    { "cx8", 1, 0, 3, 8 },
    { "cmov", 1, 0, 3, 15 },
    { "clflush", 1, 0, 3, 19 },
    { "mmx", 1, 0, 3, 23 },
    { "fxsr", 1, 0, 3, 24 },
    { "sse", 1, 0, 3, 25 },
    { "sse2", 1, 0, 3, 26 },
    { "ht", 1, 0, 3, 28 },
    { "syscall", 0x80000001, 0, 3, 11 },
    { "nx", 0x80000001, 0, 3, 20 },
    { "rdtscp", 0x80000001, 0, 3, 27 },
    { "lm", 0x80000001, 0, 3, 29 },
    { "pni", 1, 0, 2, 0 },
    { "pclmulqdq", 1, 0, 2, 1 },
    { "ssse3", 1, 0, 2, 9 },
    { "fma", 1, 0, 2, 12 },
    { "cx16", 1, 0, 2, 13 },
    { "sse4_1", 1, 0, 2, 19 },
    { "sse4_2", 1, 0, 2, 20 },
    { "movbe", 1, 0, 2, 22 },
    { "popcnt", 1, 0, 2, 23 },
    { "aes", 1, 0, 2, 25 },
    { "xsave", 1, 0, 2, 26 },
    { "avx", 1, 0, 2, 28 },
    { "f16c", 1, 0, 2, 29 },
    { "rdrand", 1, 0, 2, 30 },
    { "fsgsbase", 7, 0, 1, 0 },
    { "bmi1", 7, 0, 1, 3 },
    { "avx2", 7, 0, 1, 5 },
    { "bmi2", 7, 0, 1, 8 },
    { "erms", 7, 0, 1, 9 },
    { "avx512f", 7, 0, 1, 16 },
    { "rdseed", 7, 0, 1, 18 },
    { "adx", 7, 0, 1, 19 },
    { "sha_ni", 7, 0, 1, 29 },
    { "vaes", 7, 0, 2, 9 },
};

static void brand_get(char brand[49])
{
    u32 *word = (u32 *)brand;

    for (u32 i = 0; i < 3; i++)
        cpuid_lookup(0x80000002 + i, 0, word + 4 * i);
    brand[48] = '\0';
}

static void vendor_get(char vendor[13])
{
    u32 r[4];

    cpuid_lookup(0, 0, r);
    memcpy(vendor, &r[1], 4);
    memcpy(vendor + 4, &r[3], 4);
    memcpy(vendor + 8, &r[2], 4);
    vendor[12] = '\0';
}

static void flags_show(struct strbuf *dst)
{
    strbuf_puts(dst, "flags\t\t:");
    for (u32 i = 0; i < ARRAY_SIZE(cpu_flags); i++) {
        u32 r[4];

        cpuid_lookup(cpu_flags[i].leaf, cpu_flags[i].subleaf, r);
        if (r[cpu_flags[i].reg] >> cpu_flags[i].bit & 1)
            strbuf_printf(dst, " %s", cpu_flags[i].name);
    }
    strbuf_putc(dst, '\n');
}

/* Family and model as cpuid(1) encodes them (SDM vol. 2A, CPUID). */
static int show_cpuinfo(const struct proc_at *at, struct strbuf *dst)
{
    char brand[49] __attribute__((aligned(4))), vendor[13];
    u32 r[4], family, model;

    (void)at;
    brand_get(brand);
    vendor_get(vendor);
    cpuid_lookup(1, 0, r);
    family = r[0] >> 8 & 15;
    model = r[0] >> 4 & 15;
    if (family == 6 || family == 15)
        model |= r[0] >> 12 & 0xf0;
    if (family == 15)
        family += r[0] >> 20 & 255;
    for (u32 cpu = 0; cpu < affinity_cpus(); cpu++) {
        strbuf_printf(dst, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\n", cpu, vendor,
                      family);
        strbuf_printf(dst, "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n", model, brand,
                      r[0] & 15);
        strbuf_printf(dst, "cpu MHz\t\t: 1000.000\nphysical id\t: 0\nsiblings\t: %u\n",
                      affinity_cpus());
        strbuf_printf(dst, "core id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n", cpu,
                      affinity_cpus(), cpu);
        strbuf_puts(dst, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\n");
        flags_show(dst);
        strbuf_puts(dst, "bogomips\t: 2000.00\nclflush size\t: 64\ncache_alignment\t: 64\n");
        strbuf_puts(dst, "address sizes\t: 46 bits physical, 48 bits virtual\n\n");
    }
    return 0;
}

/* ---- times and loads ---- */

static int show_stat(const struct proc_at *at, struct strbuf *dst)
{
    u64 busy = process_total_cpu_ns() / NSEC_PER_TICK, idle = idle_ns() / NSEC_PER_TICK;
    u32 cpus = affinity_cpus();

    (void)at;
    strbuf_printf(dst, "cpu  %lu 0 0 %lu 0 0 0 0 0 0\n", busy, idle);
    for (u32 cpu = 0; cpu < cpus; cpu++)
        strbuf_printf(dst, "cpu%u %lu 0 0 %lu 0 0 0 0 0 0\n", cpu, busy / cpus, idle / cpus);
    strbuf_printf(dst,
                  "intr 0\nctxt 0\nbtime %lu\nprocesses %d\nprocs_running 1\nprocs_blocked 0\n",
                  (clock_realtime_ns() - uptime_ns()) / NSEC_PER_SEC, process_last_pid());
    return 0;
}

static int show_loadavg(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "0.00 0.00 0.00 1/%u %d\n", thread_count_now(), process_last_pid());
    return 0;
}

static int show_uptime(const struct proc_at *at, struct strbuf *dst)
{
    u64 up = uptime_ns(), idle = idle_ns();

    (void)at;
    strbuf_printf(dst, "%lu.%02lu %lu.%02lu\n", up / NSEC_PER_SEC,
                  up % NSEC_PER_SEC / NSEC_PER_TICK, idle / NSEC_PER_SEC,
                  idle % NSEC_PER_SEC / NSEC_PER_TICK);
    return 0;
}

static int show_version(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "Linux version 5.4.0 (mystikos) (gcc) #1 Mystikos 1.0.0\n");
    return 0;
}

static int show_filesystems(const struct proc_at *at, struct strbuf *dst)
{
    const struct fs_type *type;

    (void)at;
    for (u32 i = 0; (type = fs_type_at(i)); i++)
        strbuf_printf(dst, "%s\t%s\n", type->nodev ? "nodev" : "", type->name);
    return 0;
}

static int show_cmdline(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "\n");
    return 0;
}

static int show_swaps(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int show_vmstat(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "nr_free_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n",
                  (commit_limit() - commit_used()) >> PAGE_SHIFT);
    return 0;
}

/* ---- links to oneself ---- */

static int link_self(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "%d", process_pid(thread_self()->proc));
    return 0;
}

static int link_thread_self(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_printf(dst, "%d/task/%d", process_pid(thread_self()->proc), thread_self()->tid);
    return 0;
}

static int link_mounts(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "self/mounts");
    return 0;
}

static int link_net(const struct proc_at *at, struct strbuf *dst)
{
    (void)at;
    strbuf_puts(dst, "self/net");
    return 0;
}

const struct proc_node proc_root[] = {
    PROC_TEXT("cmdline", show_cmdline),
    PROC_TEXT("cpuinfo", show_cpuinfo),
    PROC_TEXT("filesystems", show_filesystems),
    PROC_TEXT("loadavg", show_loadavg),
    PROC_TEXT("meminfo", show_meminfo),
    { .name = "mounts", .mode = S_IFLNK | 0777, .link = link_mounts },
    { .name = "net", .mode = S_IFLNK | 0777, .link = link_net },
    { .name = "self", .mode = S_IFLNK | 0777, .link = link_self },
    PROC_TEXT("stat", show_stat),
    PROC_TEXT("swaps", show_swaps),
    PROC_DIR("sys", 0555, proc_sys),
    { .name = "thread-self", .mode = S_IFLNK | 0777, .link = link_thread_self },
    PROC_TEXT("uptime", show_uptime),
    PROC_TEXT("version", show_version),
    PROC_TEXT("vmstat", show_vmstat),
    { 0 },
};
