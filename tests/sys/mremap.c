/* SPDX-License-Identifier: MIT */
/* covers: mremap */
/*
 * mremap(2).
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static char *map(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    for (size_t i = 0; i < pages; i++)
        p[i * PAGE] = (char)('a' + i);
    return p;
}

static bool mapped(void *p)
{
    unsigned char in_core;

    return mincore(p, PAGE, &in_core) == 0;
}

TEST(shrinking_frees_the_tail)
{
    char *p = map(4);

    CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
    CHECK_EQ(p[PAGE], 'b');
    CHECK(!mapped(p + 2 * PAGE));
    CHECK(mremap(p, 2 * PAGE, 2 * PAGE, 0) == p);
}

TEST(growing_in_place_when_there_is_room)
{
    char *p = map(4);

    CHECK_OK(munmap(p + 2 * PAGE, 2 * PAGE));
    CHECK(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p);
    CHECK_EQ(p[PAGE], 'b');
    CHECK_EQ(p[2 * PAGE], 0);                    /* new pages are clean                     */
    CHECK_EQ(p[3 * PAGE], 0);
}

TEST(growing_without_room_fails_unless_it_may_move)
{
    char *p = map(4);

    CHECK(mremap(p, 2 * PAGE, 8 * PAGE, 0) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(p[PAGE], 'b');
    char *q = mremap(p, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    CHECK_EQ(q[0], 'a');
    CHECK_EQ(q[PAGE], 'b');
    CHECK_EQ(q[2 * PAGE], 0);
    CHECK(!mapped(p));
    CHECK_EQ(p[2 * PAGE], 'c');
}

TEST(fixed_moves_to_an_address_and_replaces_it)
{
    char *p = map(2), *to = map(4);

    CHECK(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
    CHECK_EQ(to[0], 'a');
    CHECK_EQ(to[PAGE], 'a');
    CHECK_EQ(to[2 * PAGE], 'b');
    CHECK_EQ(to[3 * PAGE], 'd');
    CHECK(!mapped(p));
}

TEST(dontunmap_leaves_empty_pages_behind)
{
    enum { DONTUNMAP = 4 };
    char *p = map(2);

    char *q = (char *)syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, 0L);
    CHECK(q != MAP_FAILED && q != p);
    CHECK_EQ(q[PAGE], 'b');
    CHECK_EQ(p[PAGE], 0);
    p[0] = 'x';
    CHECK_EQ(q[0], 'a');
}

TEST(old_size_zero_duplicates_a_shared_mapping)
{
    SKIP_INSIDE("shared pages have one address");
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    p[0] = '1';
    char *q = mremap(p, 0, PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    CHECK_EQ(q[0], '1');
    q[0] = '2';
    CHECK_EQ(p[0], '2');
    char *private = map(1);
    CHECK(mremap(private, 0, PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
}

TEST(shared_file_mapping_grows_with_the_file)
{
    char c = 0;

    file_put("f", "x");
    int fd = open("f", O_RDWR);
    CHECK_OK(ftruncate(fd, 4 * PAGE));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p = mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED);
    CHECK_EQ(p[0], 'x');
    p[3 * PAGE] = 'y';
    CHECK_EQ(pread(fd, &c, 1, 3 * PAGE), 1);
    CHECK_EQ(c, 'y');
}

TEST(arguments)
{
    char *p = map(4);

    CHECK(mremap(p + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, PAGE, PAGE, 0x100) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, PAGE, PAGE, MREMAP_FIXED, p + PAGE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);                     /* overlap                                 */
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK(mremap(p + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK(mremap(p, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
}

TEST(large_moves_keep_every_byte)
{
    enum { SIZE = 8 << 20 };
    char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *copy = malloc(SIZE);

    CHECK(p != MAP_FAILED && copy);
    fill_pattern(p, SIZE, 11);
    memcpy(copy, p, SIZE);
    char *q = mremap(p, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    CHECK_MEM(q, copy, SIZE);
    CHECK_OK(munmap(q, 2 * SIZE));
    free(copy);
}
