/* SPDX-License-Identifier: MIT */
/*
 * The unit test harness.
 *
 *     TEST(pipe_read_of_an_empty_pipe_is_eagain)
 *     {
 *         CHECK_EQ(pipe_try_read(r, 1), -EAGAIN);
 *     }
 *
 * A test is a function named after what must be true.  Each runs in a process of its own, so a
 * crash, a sanitizer report or a hang (TEST_SECONDS) fails that test and no other; afterwards
 * nothing it allocated may be left.  A failed check ends its test at once, without running the
 * AUTO clean-ups of the frames in between.
 *
 * TEST_TORTURE() is a TEST() that `--torture` runs again and again, the first time with the first
 * allocation failing, then the second, and so on until a run in which none failed (fault.h).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEST_SECONDS = 60 };                      /* longest a test may take, whatever the machine is doing */

enum test_kind { TEST_PLAIN, TEST_WITH_FAULTS };

struct test {
    const char *name;
    const char *file;
    int line;
    enum test_kind kind;
    void (*run)(void);
    struct test *next;
};

/* A function that every test runs after its body, in the same process: "no lock is held", "no
 * reference is left".  It uses CHECK like a test. */
struct test_after {
    void (*run)(void);
    struct test_after *next;
};

void test_register(struct test *t);
void test_register_after(struct test_after *a);

/* Report a failure at file:line and end the test. */
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

/* End the test and count it as skipped, with the reason why. */
void test_skip(const char *reason) __attribute__((noreturn));

void test_check_eq(const char *file, int line, const char *text, long long a, long long b);
void test_check_str(const char *file, int line, const char *text, const char *a, const char *b);
void test_check_mem(const char *file, int line, const char *text, const void *a, const void *b,
                    size_t len);

#define TEST_REGISTER_(fn, test_kind)                                                              \
    static void fn(void);                                                                          \
    __attribute__((constructor)) static void fn##_register(void)                                   \
    {                                                                                              \
        static struct test t = {                                                                   \
            .name = #fn, .file = __FILE__, .line = __LINE__, .kind = test_kind, .run = fn          \
        };                                                                                         \
        test_register(&t);                                                                         \
    }                                                                                              \
    static void fn(void)

#define TEST(name)         TEST_REGISTER_(name, TEST_PLAIN)
#define TEST_TORTURE(name) TEST_REGISTER_(name, TEST_WITH_FAULTS)

#define TEST_AFTER(fn)                                                                             \
    static void fn(void);                                                                          \
    __attribute__((constructor)) static void fn##_register(void)                                   \
    {                                                                                              \
        static struct test_after a = { .run = fn };                                                \
        test_register_after(&a);                                                                   \
    }                                                                                              \
    static void fn(void)

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "CHECK(%s)", #condition))

/* Integers and pointers alike; both values are printed when they differ. */
#define CHECK_EQ(a, b)                                                                             \
    test_check_eq(__FILE__, __LINE__, #a " == " #b, (long long)(a), (long long)(b))
#define CHECK_STREQ(a, b)      test_check_str(__FILE__, __LINE__, #a " is " #b, a, b)
#define CHECK_MEMEQ(a, b, len) test_check_mem(__FILE__, __LINE__, #a " is " #b, a, b, len)
