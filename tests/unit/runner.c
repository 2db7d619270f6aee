/* SPDX-License-Identifier: MIT */
/*
 * The runner of the unit tests: every TEST() that is linked in, each in a child process.
 *
 *     unit [--torture] [--list] [--no-fork] [--verbose] [filter...]
 *
 * A filter is a piece of a test's name or of its file's.  Failing tests are named as they fail and
 * once more at the end; the last line is "N passed, N failed, N skipped".
 *
 * The child ends with one of the TEST_EXIT statuses.  Anything else (a signal, a sanitizer's abort)
 * is a failure which the parent reports, because the child no longer can.
 */
#include "tests/unit/test.h"
#include "tests/unit/fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

enum { TEST_EXIT_PASS = 0, TEST_EXIT_FAIL = 101, TEST_EXIT_SKIP = 102 };

/* No test allocates this often; more means that the fault is swallowed and tried again for ever. */
enum { FAULTS_MAX = 100000 };

struct options {
    bool torture;
    bool list;
    bool no_fork;
    bool verbose;
    char **filters;
    int filter_count;
};

static struct test *tests;
static struct test_after *afters;

static const struct test *running;               /* in the child: what test_fail() ends     */
static unsigned long running_fault;              /* which allocation fails; 0: none         */
static jmp_buf running_end;

void test_register(struct test *t)
{
    t->next = tests;
    tests = t;
}

void test_register_after(struct test_after *a)
{
    a->next = afters;
    afters = a;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    printf("%s:%d: ", file, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" in %s", running->name);
    if (running_fault)
        printf(", with allocation %lu failing", running_fault);
    printf("\n");
    fflush(stdout);
    longjmp(running_end, TEST_EXIT_FAIL);
}

void test_skip(const char *reason)
{
    printf("%s: skipped: %s\n", running->name, reason);
    fflush(stdout);
    longjmp(running_end, TEST_EXIT_SKIP);
}

void test_check_eq(const char *file, int line, const char *text, long long a, long long b)
{
    if (a != b)
        test_fail(file, line, "CHECK_EQ(%s): %lld (0x%llx) is not %lld (0x%llx)", text, a, a, b, b);
}

void test_check_str(const char *file, int line, const char *text, const char *a, const char *b)
{
    if (a != b && (!a || !b || strcmp(a, b)))
        test_fail(file, line, "CHECK_STREQ(%s): \"%s\" is not \"%s\"", text, a ? a : "(null)",
                  b ? b : "(null)");
}

void test_check_mem(const char *file, int line, const char *text, const void *a, const void *b,
                    size_t len)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < len; i++) {
        if (x[i] != y[i])
            test_fail(file, line, "CHECK_MEMEQ(%s): byte %zu of %zu: 0x%02x is not 0x%02x", text, i,
                      len, x[i], y[i]);
    }
}

/* A test that died by a sanitizer's hand still says with which fault. */
static void test_died(void)
{
    if (running && running_fault)
        fprintf(stderr, "%s: died with allocation %lu failing\n", running->name, running_fault);
}

/* Run the body and the after-checks once, here.  Returns a TEST_EXIT status. */
static int test_run_once(const struct test *t, unsigned long fault)
{
    int status;

    running = t;
    running_fault = fault;
    fault_arm(fault);

    status = setjmp(running_end);
    if (status)
        return status;

    t->run();
    for (const struct test_after *a = afters; a; a = a->next)
        a->run();
    if (__lsan_do_recoverable_leak_check())
        test_fail(t->file, t->line, "memory left allocated");
    return TEST_EXIT_PASS;
}

/* Run with the first allocation failing, the second, ... until none did. */
static int test_run_torture(const struct test *t)
{
    for (unsigned long n = 1; n <= FAULTS_MAX; n++) {
        int status = test_run_once(t, n);
        if (status != TEST_EXIT_PASS || !fault_injected())
            return status;
    }
    printf("%s: still failing after %d allocations\n", t->name, FAULTS_MAX);
    return TEST_EXIT_FAIL;
}

static int test_run_here(const struct test *t, const struct options *o)
{
    return o->torture ? test_run_torture(t) : test_run_once(t, 0);
}

static int test_run_in_child(const struct test *t, const struct options *o)
{
    int status;

    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        return TEST_EXIT_FAIL;
    }
    if (pid == 0) {
        alarm(TEST_SECONDS);
        status = test_run_here(t, o);
        fflush(stdout);
        _exit(status);
    }

    if (waitpid(pid, &status, 0) < 0) {
        perror("waitpid");
        return TEST_EXIT_FAIL;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        printf("%s: still running after %d seconds\n", t->name, TEST_SECONDS);
        return TEST_EXIT_FAIL;
    }
    if (WIFSIGNALED(status)) {
        printf("%s: died of signal %d (%s)\n", t->name, WTERMSIG(status),
               strsignal(WTERMSIG(status)));
        return TEST_EXIT_FAIL;
    }
    return WEXITSTATUS(status);
}

static bool test_is_wanted(const struct test *t, const struct options *o)
{
    if (o->torture && t->kind != TEST_WITH_FAULTS)
        return false;
    for (int i = 0; i < o->filter_count; i++) {
        if (strstr(t->name, o->filters[i]) || strstr(t->file, o->filters[i]))
            return true;
    }
    return o->filter_count == 0;
}

static int test_compare(const void *a, const void *b)
{
    const struct test *x = *(struct test *const *)a, *y = *(struct test *const *)b;
    int order = strcmp(x->file, y->file);

    return order ? order : x->line - y->line;
}

/* All tests, by file and line: the order of linking means nothing to a reader. */
static struct test **tests_sorted(size_t *ret_count)
{
    size_t count = 0;
    for (struct test *t = tests; t; t = t->next)
        count++;

    struct test **sorted = malloc((count + 1) * sizeof(*sorted));
    if (!sorted) {
        perror("malloc");
        exit(1);
    }
    size_t i = 0;
    for (struct test *t = tests; t; t = t->next)
        sorted[i++] = t;
    qsort(sorted, count, sizeof(*sorted), test_compare);

    *ret_count = count;
    return sorted;
}

static int run_tests(struct test **all, size_t count, const struct options *o)
{
    int passed = 0, skipped = 0, failed = 0;

    for (size_t i = 0; i < count; i++) {
        if (!test_is_wanted(all[i], o)) {
            all[i] = NULL;
            continue;
        }
        if (o->verbose)
            printf("%s\n", all[i]->name);

        int status = o->no_fork ? test_run_here(all[i], o) : test_run_in_child(all[i], o);
        passed += status == TEST_EXIT_PASS;
        skipped += status == TEST_EXIT_SKIP;
        if (status == TEST_EXIT_PASS || status == TEST_EXIT_SKIP) {
            all[i] = NULL;
        } else {
            printf("FAILED %s (%s:%d)\n", all[i]->name, all[i]->file, all[i]->line);
            failed++;
        }
    }

    if (failed)
        printf("failed:\n");
    for (size_t i = 0; i < count; i++) {
        if (all[i])
            printf("    %s (%s:%d)\n", all[i]->name, all[i]->file, all[i]->line);
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed ? 1 : 0;
}

static int list_tests(struct test **all, size_t count, const struct options *o)
{
    for (size_t i = 0; i < count; i++) {
        if (test_is_wanted(all[i], o))
            printf("%s:%d: %s\n", all[i]->file, all[i]->line, all[i]->name);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--torture")) {
            o.torture = true;
        } else if (!strcmp(argv[i], "--list")) {
            o.list = true;
        } else if (!strcmp(argv[i], "--no-fork")) {
            o.no_fork = true;
        } else if (!strcmp(argv[i], "--verbose")) {
            o.verbose = true;
        } else {
            fprintf(stderr, "usage: %s [--torture] [--list] [--no-fork] [--verbose] [filter...]\n",
                    argv[0]);
            return 2;
        }
    }
    o.filters = argv + i;
    o.filter_count = argc - i;
    __sanitizer_set_death_callback(test_died);

    size_t count;
    struct test **sorted = tests_sorted(&count);
    int status = o.list ? list_tests(sorted, count, &o) : run_tests(sorted, count, &o);

    free(sorted);
    return status;
}
