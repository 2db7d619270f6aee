/* SPDX-License-Identifier: MIT */
/* covers: memfd_create fcntl */
/*
 * memfd_create(2) and seals.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

enum {
    SEAL_SEAL = 1,
    SEAL_SHRINK = 2,
    SEAL_GROW = 4,
    SEAL_WRITE = 8,
    SEAL_FUTURE_WRITE = 16,
    ADD_SEALS = 1033,
    GET_SEALS = 1034,
    CLOEXEC = 1,
    ALLOW_SEALING = 2,
};

static int memfd(unsigned flags)
{
    int fd = (int)syscall(SYS_memfd_create, "name", flags);

    CHECK_OK(fd);
    return fd;
}

TEST(behaves_like_a_file_without_a_name)
{
    struct stat st;
    char buf[4] = "", link[64], target[64] = "";

    int fd = memfd(CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_EQ(pread(fd, buf, 3, 0), 3);
    CHECK_STR(buf, "abc");
    CHECK_OK(fstat(fd, &st));
    CHECK(S_ISREG(st.st_mode));
    CHECK_EQ(st.st_nlink, 0);
    CHECK_OK(ftruncate(fd, 10000));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    CHECK(readlink(link, target, sizeof(target) - 1) > 0);
    CHECK_STR(target, "/memfd:name (deleted)");
}

TEST(maps_shared)
{
    char buf[4] = "";

    int fd = memfd(0);
    CHECK_OK(ftruncate(fd, 4096));
    char *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(a != MAP_FAILED && b != MAP_FAILED);
    strcpy(a, "xyz");
    CHECK_STR(b, "xyz");
    CHECK_EQ(pread(fd, buf, 3, 0), 3);
    CHECK_STR(buf, "xyz");
}

TEST(seals_are_refused_unless_asked_for)
{
    int fd = memfd(0);

    CHECK_EQ(fcntl(fd, GET_SEALS), SEAL_SEAL);
    CHECK_ERR(fcntl(fd, ADD_SEALS, SEAL_GROW), EPERM);
}

TEST(size_seals)
{
    int fd = memfd(ALLOW_SEALING);

    CHECK_EQ(fcntl(fd, GET_SEALS), 0);
    CHECK_OK(ftruncate(fd, 1000));
    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_SHRINK));
    CHECK_ERR(ftruncate(fd, 999), EPERM);
    CHECK_OK(ftruncate(fd, 2000));
    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_GROW));
    CHECK_ERR(ftruncate(fd, 2001), EPERM);
    CHECK_ERR(pwrite(fd, "x", 1, 2000), EPERM);
    CHECK_EQ(pwrite(fd, "x", 1, 1999), 1);
    CHECK_OK(ftruncate(fd, 2000));
    CHECK_EQ(fcntl(fd, GET_SEALS), SEAL_SHRINK | SEAL_GROW);
}

TEST(write_seal)
{
    int fd = memfd(ALLOW_SEALING);

    CHECK_OK(ftruncate(fd, 4096));
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK_ERR(fcntl(fd, ADD_SEALS, SEAL_WRITE), EBUSY); /* a writable mapping is around     */
    CHECK_OK(munmap(p, 4096));
    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_WRITE));
    CHECK_ERR(write(fd, "x", 1), EPERM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    CHECK_EQ(errno, EPERM);
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 'x';
}

TEST(seal_seal_ends_sealing)
{
    int fd = memfd(ALLOW_SEALING);

    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_SEAL));
    CHECK_ERR(fcntl(fd, ADD_SEALS, SEAL_GROW), EPERM);
    fd = memfd(ALLOW_SEALING);
    CHECK_ERR(fcntl(fd, ADD_SEALS, 0x100), EINVAL);
}

TEST(future_write_seal_keeps_existing_mappings)
{
    int fd = memfd(ALLOW_SEALING);

    CHECK_OK(ftruncate(fd, 4096));
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_FUTURE_WRITE));
    p[0] = 'x';
    CHECK_ERR(write(fd, "x", 1), EPERM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
}

TEST(reopens_by_its_link_in_proc)
{
    char link[64], buf[4] = "";

    int fd = memfd(ALLOW_SEALING);
    CHECK_EQ(write(fd, "abc", 3), 3);
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    int again = open(link, O_RDONLY);
    CHECK_OK(again);
    CHECK_EQ(read(again, buf, 3), 3);            /* a position of its own                   */
    CHECK_STR(buf, "abc");
    CHECK_ERR(write(again, "x", 1), EBADF);
    CHECK_ERR(fcntl(again, ADD_SEALS, SEAL_GROW), EPERM);
    CHECK_OK(fcntl(fd, ADD_SEALS, SEAL_GROW));
    CHECK_EQ(fcntl(again, GET_SEALS), SEAL_GROW);
}

TEST(errors)
{
    char name[300];

    memset(name, 'n', sizeof(name));
    name[250] = 0;
    CHECK_ERR(syscall(SYS_memfd_create, name, 0), EINVAL);
    name[249] = 0;
    CHECK_OK(syscall(SYS_memfd_create, name, 0));
    CHECK_OK(syscall(SYS_memfd_create, "", 0));
    CHECK_ERR(syscall(SYS_memfd_create, "x", 0x1000), EINVAL);
    CHECK_ERR(syscall(SYS_memfd_create, BAD_POINTER, 0), EFAULT);
}
