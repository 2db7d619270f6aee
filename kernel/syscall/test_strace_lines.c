/* SPDX-License-Identifier: MIT */
/*
 * When strace prints: whose line is open, what happens when another thread prints meanwhile, and
 * which calls are left out.
 *
 * The calls are ones without a handler, with UnhandledSyscallEnosys: the log line about them is
 * the moment at which they "sleep".
 */
#include "abi/linux/errno.h"
#include "abi/linux/signal.h"
#include "kernel/core/log.h"
#include "kernel/proc/proc_int.h"
#include "kernel/syscall/strace_int.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

#include <string.h>

static struct process process = { .pid = 101 };
static struct thread leader = { .tid = 101, .slot = 0, .proc = &process };
static struct thread other = { .tid = 102, .slot = 1, .proc = &process };
static struct strace_config config;

static char output[4096];
static unsigned writes;
static void (*on_sleep)(void);                   /* runs inside a call                      */

static void write_output(const char *text, size_t len)
{
    size_t at = strlen(output);

    if (!strncmp(text, "mystikos:", 9)) {
        if (on_sleep)
            on_sleep();
        return;
    }
    CHECK(len < sizeof(output) - at);
    memcpy(output + at, text, len);
    output[at + len] = '\0';
    writes++;
}

static void setup(struct strace_request request)
{
    char err[128];

    CHECK_EQ(strace_config_parse(&request, &config, err, sizeof(err)), 0);
    machine_start();                             /* never stopped: lines stay for ever      */
    log_ops.write = write_output;
    CHECK_EQ(syscall_setup(&(struct syscall_options){
                 .strace = &config, .slots = 2, .unhandled_enosys = true }),
             0);
    CHECK_EQ(syscall_watch, WATCH_STRACE);
}

static long call(struct thread *self, unsigned long nr)
{
    static const long a[6];

    return syscall_run(self, nr, a);
}

#define ENOSYS_TEXT "= -1 ENOSYS (Function not implemented)\n"
#define RSEQ_TEXT   "rseq(NULL, 0, 0, 0) " ENOSYS_TEXT

TEST(a_call_that_does_not_sleep_is_one_write)
{
    setup((struct strace_request){ .all = true });
    CHECK_EQ(call(&leader, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "[101] " RSEQ_TEXT);
    CHECK_EQ(writes, 1);
    CHECK_EQ(call(&other, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "[101] " RSEQ_TEXT "[101/102] " RSEQ_TEXT);
}

static void leader_sleeps(void)
{
    CHECK(strace_before_sleep(&leader));
    CHECK(!strace_before_sleep(&leader));        /* once is enough                          */
}

TEST(a_call_that_sleeps_shows_its_beginning)
{
    setup((struct strace_request){ .all = true });
    on_sleep = leader_sleeps;
    CHECK_EQ(call(&leader, NR_acct), -ENOSYS);
    CHECK_STREQ(output, "[101] acct(NULL) " ENOSYS_TEXT);
    CHECK_EQ(writes, 2);
}

static void leader_sleeps_and_other_calls(void)
{
    on_sleep = NULL;
    CHECK(strace_before_sleep(&leader));
    CHECK_EQ(call(&other, NR_rseq), -ENOSYS);
}

TEST(a_line_that_another_cuts_off_is_resumed)
{
    setup((struct strace_request){ .all = true });
    on_sleep = leader_sleeps_and_other_calls;
    CHECK_EQ(call(&leader, NR_acct), -ENOSYS);
    CHECK_STREQ(output, "[101] acct(NULL <unfinished ...>\n"
                        "[101/102] " RSEQ_TEXT "[101] <... acct resumed>) " ENOSYS_TEXT);
}

static void other_sleeps(void)
{
    on_sleep = NULL;
    CHECK(strace_before_sleep(&other));
}

static void leader_sleeps_then_other_does(void)
{
    on_sleep = other_sleeps;
    CHECK(strace_before_sleep(&leader));
    CHECK_EQ(call(&other, NR_swapoff), -ENOSYS);
}

TEST(two_open_lines_are_told_apart)
{
    setup((struct strace_request){ .all = true });
    on_sleep = leader_sleeps_then_other_does;
    CHECK_EQ(call(&leader, NR_acct), -ENOSYS);
    CHECK_STREQ(output,
                "[101] acct(NULL <unfinished ...>\n"
                "[101/102] swapoff(NULL) " ENOSYS_TEXT "[101] <... acct resumed>) " ENOSYS_TEXT);
}

static struct thread reborn = { .tid = 103, .slot = 0, .proc = &process };

/* The leader ends inside its call, as by SIGKILL, and its slot is used again. */
static void leader_ends_and_its_slot_is_used_again(void)
{
    on_sleep = NULL;
    CHECK(strace_before_sleep(&leader));
    CHECK_EQ(call(&reborn, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "[101] acct(NULL <unfinished ...>\n"
                        "[101/103] " RSEQ_TEXT);
}

TEST(a_line_left_open_by_a_thread_that_ended_is_closed)
{
    setup((struct strace_request){ .all = true });
    on_sleep = leader_ends_and_its_slot_is_used_again;
    (void)call(&leader, NR_acct);
}

TEST(calls_that_are_not_chosen_print_nothing_even_if_they_sleep)
{
    setup((struct strace_request){ .filter = "rseq" });
    on_sleep = NULL;
    CHECK_EQ(call(&leader, NR_acct), -ENOSYS);
    CHECK(!strace_before_sleep(&leader));
    CHECK_STREQ(output, "");
    CHECK_EQ(call(&leader, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "[101] " RSEQ_TEXT);
}

static void leader_must_stay_silent(void)
{
    CHECK(!strace_before_sleep(&leader));
}

TEST(failing_shows_failing_calls_when_they_have_failed)
{
    setup((struct strace_request){ .failing = true });
    on_sleep = leader_must_stay_silent;
    CHECK_EQ(call(&leader, NR_acct), -ENOSYS);
    CHECK_STREQ(output, "[101] acct(NULL) " ENOSYS_TEXT);
    CHECK_EQ(writes, 1);
}

TEST(threads_and_processes_that_are_not_chosen_print_nothing)
{
    setup((struct strace_request){ .all = true, .tids = "102" });
    CHECK_EQ(call(&leader, NR_rseq), -ENOSYS);
    CHECK_EQ(call(&other, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "[101/102] " RSEQ_TEXT);
}

TEST(a_thread_must_be_chosen_by_both_its_ids)
{
    setup((struct strace_request){ .all = true, .tids = "102", .pids = "7" });
    CHECK_EQ(call(&other, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "");
}

TEST(a_thread_beyond_the_slots_runs_untraced)
{
    struct thread stray = { .tid = 104, .slot = 2, .proc = &process };

    setup((struct strace_request){ .all = true });
    CHECK_EQ(call(&stray, NR_rseq), -ENOSYS);
    CHECK_STREQ(output, "");
}

TEST(signals_and_ends_have_lines_of_their_own)
{
    siginfo_t info = { 0 };

    setup((struct strace_request){ .all = true });
    info.si_signo = SIGSEGV;
    info.si_code = SEGV_MAPERR;
    info.si_addr = (void *)0x10;
    proc_ops.trace_signal(&other, &info);
    proc_ops.trace_exit(&other, 3 << 8);
    proc_ops.trace_exit(&leader, SIGKILL);
    CHECK_STREQ(output, "[101/102] --- SIGSEGV {si_code=SEGV_MAPERR, si_addr=0x10} ---\n"
                        "[101/102] +++ exited with 3 +++\n"
                        "[101] +++ killed by SIGKILL +++\n");
}
