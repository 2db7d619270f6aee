/* SPDX-License-Identifier: MIT */
/*
 * Calls somebody wants to know about: the counters of --perf, and the way to strace.
 *
 * While nobody does, syscall_watch is 0 and a call passes by with one predicted branch.
 */
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/lib/string.h"
#include "kernel/syscall/strace_int.h"
#include "kernel/syscall/syscall.h"

u32 syscall_watch;

/* Per row; the row behind the last is for numbers without one.  [atomic] each for itself. */
static struct {
    _Atomic u64 calls, ns;
} perf[SYS_SLOTS + 1];

int syscall_setup(const struct syscall_options *options)
{
    syscall_unhandled_enosys = options->unhandled_enosys;
    syscall_watch = options->perf ? WATCH_PERF : 0;
    if (!options->strace || !options->strace->on)
        return 0;
    syscall_watch |= WATCH_STRACE;
    return strace_setup(options->strace, options->slots);
}

static long run(struct thread *self, unsigned long nr, const long a[6])
{
    return syscall_watch & WATCH_STRACE ? syscall_traced(self, nr, a)
                                        : syscall_dispatch(self, nr, a);
}

long syscall_watched(struct thread *self, unsigned long nr, const long a[6])
{
    unsigned long slot = sys_slot(nr);
    u64 begin;
    long ret;

    if (!(syscall_watch & WATCH_PERF))
        return run(self, nr, a);

    /* Counted before it runs: some do not come back. */
    __atomic_fetch_add(&perf[slot].calls, 1, __ATOMIC_RELAXED);
    begin = clock_monotonic_ns();
    ret = run(self, nr, a);
    __atomic_fetch_add(&perf[slot].ns, clock_monotonic_ns() - begin, __ATOMIC_RELAXED);
    return ret;
}

/* Of whole, in hundredths of a percent. */
static u64 share(u64 part, u64 whole)
{
    for (; whole > UINT64_MAX / 10000; whole /= 2) /* a thousand threads, an hour each      */
        part /= 2;
    return whole ? part * 10000 / whole : 0;
}

static const char *row_name(unsigned long slot)
{
    return slot < SYS_SLOTS && sys_info[slot].name ? sys_info[slot].name : "unknown";
}

static void row_print(unsigned long slot, u64 total_ns, int width)
{
    u64 calls = perf[slot].calls, ns = perf[slot].ns;
    u64 all = share(ns, total_ns), one = all / calls, units = ns / (NSEC_PER_SEC / 10000);

    log_line("SYS_%-*s   %lu.%04lusec %lu.%02lu%% %lu.%02lu%% (%lu calls)", width, row_name(slot),
             units / 10000, units % 10000, all / 100, all % 100, one / 100, one % 100, calls);
}

/* The most expensive row that comes after `last` in the table's order (by time, then by slot);
 * ARRAY_SIZE(perf): none is left.  last is ARRAY_SIZE(perf) at the beginning. */
static unsigned long row_next(unsigned long last)
{
    unsigned long best = ARRAY_SIZE(perf);

    for (unsigned long i = 0; i < ARRAY_SIZE(perf); i++) {
        bool behind = last == ARRAY_SIZE(perf) || perf[i].ns < perf[last].ns ||
                      (perf[i].ns == perf[last].ns && i > last);

        if (perf[i].calls && behind && (best == ARRAY_SIZE(perf) || perf[i].ns > perf[best].ns))
            best = i;
    }
    return best;
}

void syscall_perf_print(void)
{
    static const char rule[] = "------------------------------------------------------------";
    u64 total_ns = 0;
    int width = 0;

    if (!(syscall_watch & WATCH_PERF))
        return;
    syscall_watch = 0;                           /* the numbers stand still from here       */
    for (unsigned long i = 0; i < ARRAY_SIZE(perf); i++) {
        total_ns += perf[i].ns;
        if (perf[i].calls && (int)strlen(row_name(i)) > width)
            width = (int)strlen(row_name(i));
    }

    log_line("%s", rule);
    for (unsigned long i = row_next(ARRAY_SIZE(perf)); i < ARRAY_SIZE(perf); i = row_next(i))
        row_print(i, total_ns, width);
    log_line("%s", rule);
}
