/* SPDX-License-Identifier: MIT */
/* covers: madvise mincore mlock mlock2 munlock mlockall munlockall process_madvise */
/*
 * Advice, residency and locking of memory.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static char *map(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

TEST(dontneed_makes_anonymous_pages_zero)
{
    char *p = map(3);

    memset(p, 7, 3 * PAGE);
    CHECK_OK(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    CHECK_EQ(p[PAGE - 1], 7);
    CHECK_EQ(p[PAGE], 0);
    CHECK_EQ(p[2 * PAGE - 1], 0);
    CHECK_EQ(p[2 * PAGE], 7);
    p[PAGE] = 1;
    CHECK_EQ(p[PAGE], 1);
}

TEST(dontneed_rereads_private_file_pages)
{
    file_put("f", "file");
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("f", O_RDONLY), 0);
    p[0] = 'X';
    CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
    CHECK_MEM(p, "file", 4);
}

TEST(dontneed_keeps_shared_memory)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    strcpy(p, "kept");
    CHECK_OK(madvise(p, PAGE, MADV_DONTNEED));
    CHECK_STR(p, "kept");
}

TEST(free_gives_old_bytes_or_zeros)
{
    char *p = map(2);

    memset(p, 7, 2 * PAGE);
    CHECK_OK(madvise(p, 2 * PAGE, MADV_FREE));
    CHECK(p[0] == 7 || p[0] == 0);
    p[0] = 9;
    CHECK_EQ(p[0], 9);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK_ERR(madvise(shared, PAGE, MADV_FREE), EINVAL);
}

TEST(remove_punches_shared_memory)
{
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    memset(p, 7, 2 * PAGE);
    CHECK_OK(madvise(p, PAGE, MADV_REMOVE));
    CHECK_EQ(p[0], 0);
    CHECK_EQ(p[PAGE], 7);
}

TEST(other_advice_is_accepted)
{
    char *p = map(2);

    memset(p, 7, 2 * PAGE);
    static const int advice[] = { MADV_NORMAL,   MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                                  MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP,   MADV_DODUMP };
    for (size_t i = 0; i < COUNT(advice); i++)
        CHECK_OK(madvise(p, 2 * PAGE, advice[i]));
    CHECK_EQ(p[PAGE], 7);
}

TEST(madvise_arguments)
{
    char *p = map(3);

    CHECK_ERR(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(madvise(p, PAGE, 9999), EINVAL);
    CHECK_OK(madvise(p, 0, MADV_DONTNEED));
    CHECK_OK(munmap(p + PAGE, PAGE));
    p[0] = p[2 * PAGE] = 7;
    CHECK_ERR(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQ(p[0], 0);                           /* the mapped parts were served all the same */
    CHECK_EQ(p[2 * PAGE], 0);
}

TEST(process_madvise_checks_its_target)
{
    struct {
        void *base;
        size_t size;
    } iov = { map(1), PAGE };

    CHECK_ERR(syscall(SYS_process_madvise, -1, &iov, 1, MADV_WILLNEED, 0), EBADF);
    CHECK_ERR(syscall(SYS_process_madvise, 1, &iov, 1, MADV_WILLNEED, 0), EBADF);
    CHECK_ERR(syscall(SYS_process_madvise, 1, &iov, 1, MADV_WILLNEED, 1), EINVAL);
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    CHECK_OK(self);
    CHECK_EQ(syscall(SYS_process_madvise, self, &iov, 1, MADV_WILLNEED, 0), PAGE);
}

TEST(mincore_knows_mapped_from_unmapped)
{
    unsigned char in[3] = { 0xff, 0xff, 0xff };
    char *p = map(3);

    p[PAGE] = 1;
    CHECK_OK(mincore(p, 3 * PAGE, in));
    CHECK_EQ(in[1] & 1, 1);
    CHECK_ERR(mincore(p + 1, PAGE, in), EINVAL);
    CHECK_ERR(syscall(SYS_mincore, p, PAGE, BAD_POINTER), EFAULT);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(mincore(p, 3 * PAGE, in), ENOMEM);
    CHECK_OK(mincore(p, 0, in));
}

TEST(locking_ranges)
{
    char *p = map(4);

    CHECK_OK(mlock(p, 2 * PAGE));
    CHECK_OK(mlock(p + 100, 10));                /* rounds outwards                         */
    CHECK_OK(munlock(p, 4 * PAGE));
    CHECK_OK(syscall(SYS_mlock2, p, PAGE, 1));
    CHECK_ERR(syscall(SYS_mlock2, p, PAGE, 2), EINVAL);
    CHECK_OK(munmap(p + 2 * PAGE, PAGE));
    CHECK_ERR(mlock(p, 4 * PAGE), ENOMEM);
    CHECK_ERR(munlock(p + 2 * PAGE, PAGE), ENOMEM);
    CHECK_OK(munlock(p, 2 * PAGE));
}

TEST(locking_everything)
{
    CHECK_ERR(mlockall(0), EINVAL);
    CHECK_ERR(mlockall(0x100), EINVAL);
    CHECK_ERR(mlockall(4), EINVAL);              /* ONFAULT alone                           */
    CHECK_OK(mlockall(MCL_FUTURE));
    CHECK_OK(munlockall());
}
