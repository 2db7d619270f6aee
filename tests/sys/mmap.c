/* SPDX-License-Identifier: MIT */
/* covers: mmap munmap */
/*
 * mmap(2) and munmap(2) of anonymous memory, and where mappings go.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static void *map(size_t size, int flags)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* Whether a byte can be read, asked without touching it. */
static bool readable(const void *p)
{
    int fd[2];

    CHECK_OK(pipe(fd));
    ssize_t n = write(fd[1], p, 1);
    CHECK_OK(close(fd[0]));
    CHECK_OK(close(fd[1]));
    return n == 1;
}

TEST(new_memory_is_zero_and_page_aligned)
{
    unsigned char *p = map(3 * PAGE, 0);

    CHECK_EQ((uintptr_t)p % PAGE, 0);
    for (size_t i = 0; i < 3 * PAGE; i++)
        CHECK_EQ(p[i], 0);
    memset(p, 0xff, 3 * PAGE);
    CHECK_OK(munmap(p, 3 * PAGE));
    for (int i = 0; i < 20; i++) {               /* what is given back comes back clean     */
        p = map(3 * PAGE, 0);
        CHECK_EQ(p[PAGE], 0);
        p[PAGE] = 1;
        CHECK_OK(munmap(p, 3 * PAGE));
    }
}

TEST(length_is_rounded_up_to_pages)
{
    char *p = map(PAGE + 1, 0);

    p[2 * PAGE - 1] = 1;
    CHECK_OK(munmap(p, 2 * PAGE));
    CHECK(!readable(p));
    CHECK(!readable(p + PAGE));
}

TEST(unmapping_the_middle_leaves_both_ends)
{
    char *p = map(5 * PAGE, 0);

    memset(p, 7, 5 * PAGE);
    CHECK_OK(munmap(p + 2 * PAGE, PAGE));
    CHECK_EQ(p[2 * PAGE - 1], 7);
    CHECK_EQ(p[3 * PAGE], 7);
    CHECK(!readable(p + 2 * PAGE));
    CHECK_OK(munmap(p, 5 * PAGE));               /* a hole in the range is fine             */
    CHECK(!readable(p));
    CHECK(!readable(p + 4 * PAGE));
    CHECK_OK(munmap(p, 5 * PAGE));
}

TEST(munmap_arguments)
{
    char *p = map(PAGE, 0);

    CHECK_ERR(munmap(p + 1, PAGE), EINVAL);
    CHECK_ERR(munmap(p, 0), EINVAL);
    CHECK_ERR(munmap((void *)(LONG_MAX & ~(PAGE - 1)), PAGE), EINVAL);
    CHECK_ERR(munmap(p, (size_t)-1), EINVAL);
    CHECK(readable(p));
}

TEST(fixed_replaces_what_is_there)
{
    char *p = map(3 * PAGE, 0);

    memset(p, 7, 3 * PAGE);
    char *q = mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0);
    CHECK(q == p + PAGE);
    CHECK_EQ(p[PAGE - 1], 7);
    CHECK_EQ(p[PAGE], 0);
    CHECK_EQ(p[2 * PAGE], 7);
    CHECK(mmap(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
}

TEST(noreplace_refuses_to_overlap)
{
    enum { NOREPLACE = 0x100000 };
    char *p = map(3 * PAGE, 0);

    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | NOREPLACE, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EEXIST);
    CHECK(mmap(p + PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | NOREPLACE, -1, 0) ==
          MAP_FAILED);
    CHECK_EQ(errno, EEXIST);
    CHECK(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | NOREPLACE, -1, 0) ==
          p + PAGE);
}

TEST(free_hints_are_respected)
{
    char *p = map(16 * PAGE, 0);

    CHECK_OK(munmap(p, 16 * PAGE));
    char *q = mmap(p + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(q == p + 4 * PAGE);
    char *r = mmap(q, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(r != MAP_FAILED && r != q);            /* taken: somewhere else                   */
    char *s = mmap(p + 8 * PAGE + 100, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(s == p + 8 * PAGE || s == p + 9 * PAGE); /* rounded                               */
}

TEST(arguments)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;

    CHECK(mmap(NULL, 0, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 500, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(NULL, 1UL << 60, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, (size_t)-1, PROT_READ, anonymous, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(syscall(SYS_mmap, NULL, PAGE, PROT_READ, anonymous, -1, 1) == -1 && errno == EINVAL);
    CHECK(mmap((void *)(1UL << 47), PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0) == MAP_FAILED);
    CHECK(errno == ENOMEM || errno == EINVAL);
}

TEST(huge_reservations_cost_nothing)
{
    const size_t huge = 64UL << 30;

    char *p = mmap(NULL, huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(p != MAP_FAILED);
    CHECK(!readable(p));
    CHECK_OK(mprotect(p + huge / 2, PAGE, PROT_READ | PROT_WRITE));
    p[huge / 2] = 1;
    CHECK_OK(munmap(p, huge));
}

TEST(shared_anonymous_memory_reaches_threads)
{
    int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(*p, 0);
    *p = 5;
    CHECK_EQ(*p, 5);
    CHECK_OK(munmap(p, PAGE));
}

TEST(populate_locked_and_stack_flags_are_accepted)
{
    char *p = map(4 * PAGE, MAP_POPULATE);
    CHECK_EQ(p[3 * PAGE], 0);
    p = map(4 * PAGE, MAP_STACK | MAP_NORESERVE);
    p[0] = 1;
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
    CHECK(p != MAP_FAILED);
    p = map(PAGE, MAP_32BIT);
    CHECK((uintptr_t)p < 1UL << 32);
}

TEST(growsdown_mapping_grows)
{
    char *room = map(64 * PAGE, 0);

    CHECK_OK(munmap(room, 64 * PAGE));
    char *p = mmap(room + 60 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    CHECK(p == room + 60 * PAGE);
    p[0] = 1;
    p[-1] = 2;                                   /* the page below comes into being         */
    CHECK_EQ(p[-1], 2);
    CHECK_OK(munmap(p - PAGE, 2 * PAGE));
}

TEST(thousands_of_mappings)
{
    enum { N = 4000 };
    static char *p[N];

    for (int i = 0; i < N; i++) {
        /* Alternating protections, so that neighbours cannot be merged. */
        p[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p[i] != MAP_FAILED);
    }
    for (int i = 0; i < N; i += 2)
        p[i][0] = (char)i;
    for (int i = 0; i < N; i += 2)
        CHECK_EQ(p[i][0], (char)i);
    for (int i = 0; i < N; i++)
        CHECK_OK(munmap(p[i], PAGE));
}

TEST(execution_of_mapped_code)
{
    static const unsigned char code[] = { 0xb8, 0x2a, 0, 0, 0, 0xc3 }; /* mov $42,%eax; ret */
    unsigned char *p = map(PAGE, 0);

    memcpy(p, code, sizeof(code));
    CHECK_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    int (*run)(void) = (int (*)(void))(uintptr_t)p;
    CHECK_EQ(run(), 42);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    memcpy(p, code, sizeof(code));
    run = (int (*)(void))(uintptr_t)p;
    CHECK_EQ(run(), 42);
    p[1] = 43;                                   /* a just-in-time compiler changes its mind */
    CHECK_EQ(run(), 43);
}
