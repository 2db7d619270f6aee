/* SPDX-License-Identifier: MIT */
/* covers: open read write lseek mmap */
/*
 * The device files that every program expects.
 */
#include <poll.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "tests/sys/sys.h"

TEST(null_swallows_and_is_empty)
{
    char c = 'x';
    struct stat st;

    int fd = open("/dev/null", O_RDWR);
    CHECK_OK(fd);
    CHECK_EQ(read(fd, &c, 1), 0);
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_OK(stat("/dev/null", &st));
    CHECK_EQ(st.st_mode, S_IFCHR | 0666);
    CHECK_EQ(st.st_rdev, makedev(1, 3));
    CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600));
    CHECK_OK(open("/dev/null", O_WRONLY | O_APPEND));
    CHECK_EQ(poll(&(struct pollfd){ fd, POLLIN | POLLOUT, 0 }, 1, 0), 1);
}

TEST(zero_gives_zeros)
{
    static char data[100000];

    memset(data, 7, sizeof(data));
    int fd = open("/dev/zero", O_RDWR);
    CHECK_EQ(read(fd, data, sizeof(data)), sizeof(data));
    for (size_t i = 0; i < sizeof(data); i += 97)
        CHECK_EQ(data[i], 0);
    CHECK_EQ(write(fd, "abc", 3), 3);
    int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK_EQ(*p, 0);
    *p = 1;
}

TEST(full_is_full)
{
    char c = 'x';

    int fd = open("/dev/full", O_RDWR);
    CHECK_ERR(write(fd, "x", 1), ENOSPC);
    CHECK_EQ(read(fd, &c, 1), 1);
    CHECK_EQ(c, 0);
}

TEST(random_devices_give_random_bytes)
{
    static const char *const names[] = { "/dev/random", "/dev/urandom" };

    for (size_t i = 0; i < 2; i++) {
        unsigned char a[64], b[64];
        int fd = open(names[i], O_RDWR);
        CHECK_OK(fd);
        CHECK_EQ(read(fd, a, sizeof(a)), 64);
        CHECK_EQ(read(fd, b, sizeof(b)), 64);
        CHECK(memcmp(a, b, 64) != 0);
        CHECK_EQ(write(fd, a, sizeof(a)), 64);
        CHECK_EQ(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 0), 1);
    }
}

TEST(fd_and_standard_names_are_links)
{
    char path[32], target[64] = "";

    CHECK(readlink("/dev/fd", target, sizeof(target) - 1) > 0);
    CHECK_STR(target, "/proc/self/fd");
    file_put("f", "hello");
    int fd = open("f", O_RDONLY);
    snprintf(path, sizeof(path), "/dev/fd/%d", fd);
    CHECK_FILE(path, "hello");
    CHECK(file_exists("/dev/stdin"));
    CHECK(file_exists("/dev/stdout"));
    CHECK(file_exists("/dev/stderr"));
}

TEST(shm_is_a_place_for_files)
{
    struct stat st;

    CHECK_OK(stat("/dev/shm", &st));
    CHECK_EQ(st.st_mode & 07777, 01777);
    char name[64];
    snprintf(name, sizeof(name), "/dev/shm/sys-test-%d", getpid());
    file_put(name, "x");
    CHECK_FILE(name, "x");
    CHECK_OK(unlink(name));
}

TEST(device_nodes_are_not_directories)
{
    CHECK_ERR(open("/dev/null/x", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("/dev/no-such-device", O_RDONLY), ENOENT);
}

TEST(terminal_devices_exist)
{
    struct stat st;

    CHECK_OK(stat("/dev/tty", &st));
    CHECK_EQ(st.st_rdev, makedev(5, 0));
    CHECK_OK(stat("/dev/ptmx", &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_OK(stat("/dev/pts", &st));
    CHECK(S_ISDIR(st.st_mode));
}
