/* SPDX-License-Identifier: MIT */
/* What is told about a run: times at its start (--perf, --ttrace), tables at its end. */
#include "abi/image.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/commit.h"
#include "kernel/core/log.h"
#include "kernel/host/host.h"
#include "kernel/init/init.h"
#include "kernel/syscall/syscall.h"

static const struct boot_params *params;         /* [const] after start                     */
static u64 start_ns, loaded_ns;

void boot_time_note(const struct boot_params *bp)
{
    params = bp;
    start_ns = clock_boot_ns();
}

static void seconds_log(const char *what, u64 ns)
{
    log_line("kernel: %s time: %lu.%04lu seconds", what, ns / NSEC_PER_SEC,
             ns % NSEC_PER_SEC / 100000);
}

void boot_time_report(void)
{
    loaded_ns = clock_monotonic_ns();
    if (params->perf || params->ttrace)
        seconds_log("boot", loaded_ns - start_ns);
}

static void memory_report(void)
{
    struct alloc_stats stats;

    alloc_stats_get(&stats);
    log_line("=== blocks in use: %lu bytes in %lu blocks", stats.bytes, stats.blocks);
}

NORETURN void init_shutdown(int status)
{
    u64 peak = commit_peak();

    if (params->perf) {
        log_line("=== exit: peak memory usage: %lu.%03lum", peak >> 20,
                 (peak & 0xfffff) * 1000 >> 20);
        syscall_perf_print();
    }
    if (params->memcheck)
        memory_report();
    host_exit(status);
}
