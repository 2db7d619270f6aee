/* SPDX-License-Identifier: MIT */
/* The counters of --perf. */
#include "kernel/core/clock.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/syscall/syscall.h"
#include "tests/unit/test.h"

#include <string.h>

static char output[4096];
static u64 now_ns, step_ns;                      /* each look at the clock takes a step     */

static void write_output(const char *text, size_t len)
{
    size_t at = strlen(output);

    CHECK(len < sizeof(output) - at);
    memcpy(output + at, text, len);
    output[at + len] = '\0';
}

static u64 stepping_clock(void)
{
    return now_ns += step_ns;
}

static void setup(void)
{
    log_ops.write = write_output;
    clock_ops.monotonic_ns = stepping_clock;
    CHECK_EQ(syscall_setup(&(struct syscall_options){ .slots = 1, .perf = true }), 0);
    CHECK_EQ(syscall_watch, WATCH_PERF);
}

/* A call that takes this long, times times. */
static void run(unsigned long nr, u64 ns, unsigned times)
{
    static const long a[6];
    static struct thread thread;

    step_ns = ns;
    while (times--)
        (void)syscall_run(&thread, nr, a);
}

TEST(the_table_names_the_most_expensive_call_first)
{
    setup();
    run(NR_rseq, 100000, 2);                     /* 0.2 ms, a fifth                         */
    run(NR_io_setup, 200000, 4);                 /* 0.8 ms                                  */
    syscall_perf_print();
    CHECK(!strncmp(output, "---", 3));
    CHECK(strstr(output, "-\nSYS_io_setup   0.0008sec 80.00% 20.00% (4 calls)\n"
                         "SYS_rseq       0.0002sec 20.00% 10.00% (2 calls)\n-"));
}

TEST(calls_that_took_no_time_are_counted_too)
{
    setup();
    run(NR_bpf, 0, 3);
    run(NR_rseq, 0, 1);
    syscall_perf_print();
    CHECK(strstr(output, "SYS_bpf    0.0000sec 0.00% 0.00% (3 calls)\n"
                         "SYS_rseq   0.0000sec 0.00% 0.00% (1 calls)\n"));
}

TEST(long_runs_fit)
{
    setup();
    run(NR_rseq, 3600ull * NSEC_PER_SEC, 1000);
    syscall_perf_print();
    CHECK(strstr(output, "SYS_rseq   3600000.0000sec 100.00% 0.10% (1000 calls)\n"));
}

TEST(without_perf_nothing_is_printed)
{
    log_ops.write = write_output;
    CHECK_EQ(syscall_setup(&(struct syscall_options){ .slots = 1 }), 0);
    CHECK_EQ(syscall_watch, 0);
    run(NR_rseq, 1, 1);
    syscall_perf_print();
    CHECK_STREQ(output, "");
}
