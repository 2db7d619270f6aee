/* SPDX-License-Identifier: MIT */
/* covers: mmap munmap msync */
/*
 * Mappings of files, private and shared, and msync(2).
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

static char *map_file(int fd, size_t size, int prot, int flags, off_t offset)
{
    char *p = mmap(NULL, size, prot, flags, fd, offset);

    CHECK(p != MAP_FAILED);
    return p;
}

static int open_pages(int pages)
{
    static char data[16 * PAGE];

    for (int i = 0; i < pages; i++)
        memset(data + (size_t)i * PAGE, 'a' + i, PAGE);
    file_write("f", data, (size_t)pages * PAGE);
    int fd = open("f", O_RDWR);
    CHECK_OK(fd);
    return fd;
}

TEST(private_mapping_reads_the_file_and_keeps_writes_to_itself)
{
    char c;
    int fd = open_pages(3);

    char *p = map_file(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
    CHECK_EQ(p[0], 'a');
    CHECK_EQ(p[2 * PAGE], 'c');
    p[0] = 'X';
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'a');
    char *q = map_file(fd, PAGE, PROT_READ, MAP_PRIVATE, 0);
    CHECK_EQ(q[0], 'a');
}

TEST(private_mapping_needs_only_read_access)
{
    open_pages(1);
    int r = open("f", O_RDONLY), w = open("f", O_WRONLY);
    char *p = map_file(r, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
    p[0] = 'X';
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, w, 0) == MAP_FAILED);
    CHECK_EQ(errno, EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0) == MAP_FAILED);
    CHECK_EQ(errno, EACCES);
    p = map_file(r, PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

TEST(offsets_select_pages)
{
    int fd = open_pages(4);

    char *p = map_file(fd, PAGE, PROT_READ, MAP_PRIVATE, 2 * PAGE);
    CHECK_EQ(p[0], 'c');
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
}

TEST(shared_mapping_and_file_are_one)
{
    char buf[4] = "";
    int fd = open_pages(2);

    char *p = map_file(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    memcpy(p + 10, "map", 3);
    CHECK_EQ(pread(fd, buf, 3, 10), 3);          /* at once, without msync                  */
    CHECK_STR(buf, "map");
    CHECK_EQ(pwrite(fd, "pwr", 3, PAGE + 20), 3);
    CHECK_MEM(p + PAGE + 20, "pwr", 3);
    char *q = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE);
    CHECK_MEM(q + 20, "pwr", 3);
    q[21] = 'W';
    CHECK_EQ(p[PAGE + 21], 'W');
    CHECK_OK(munmap(p, 2 * PAGE));
    CHECK_OK(munmap(q, PAGE));
    CHECK_EQ(pread(fd, buf, 3, 10), 3);
    CHECK_STR(buf, "map");
}

TEST(mapping_outlives_the_descriptor_and_the_name)
{
    int fd = open_pages(1);
    char *p = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

    CHECK_OK(close(fd));
    CHECK_OK(unlink("f"));
    CHECK_EQ(p[0], 'a');
    p[0] = 'X';
    CHECK_EQ(p[0], 'X');
}

TEST(last_page_is_zero_beyond_the_end)
{
    file_put("f", "short");
    int fd = open("f", O_RDWR);
    char *p = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    CHECK_MEM(p, "short\0\0\0", 8);
    p[100] = 'x';                                /* allowed, and not written to the file    */
    CHECK_OK(munmap(p, PAGE));
    CHECK_FILE("f", "short");
}

static sigjmp_buf jump;
static siginfo_t fault;

static void on_fault(UNUSED int signal, siginfo_t *info, UNUSED void *context)
{
    fault = *info;
    siglongjmp(jump, 1);
}

TEST(touching_a_page_beyond_the_end_is_sigbus)
{
    volatile bool faulted = false;

    file_put("f", "short");
    int fd = open("f", O_RDWR);
    volatile char *p = map_file(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    signal_handle_info(SIGBUS, on_fault, SA_NODEFER);
    if (sigsetjmp(jump, 1) == 0)
        (void)p[PAGE + 5];
    else
        faulted = true;
    CHECK(faulted);
    CHECK_EQ(fault.si_signo, SIGBUS);
    CHECK_EQ(fault.si_code, BUS_ADRERR);
    CHECK(fault.si_addr == (void *)(p + PAGE + 5));
}

TEST(growing_the_file_makes_mapped_pages_real)
{
    file_put("f", "short");
    int fd = open("f", O_RDWR);
    char *p = map_file(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    CHECK_OK(ftruncate(fd, 2 * PAGE));
    p[PAGE] = 'x';
    char c = 0;
    CHECK_EQ(pread(fd, &c, 1, PAGE), 1);
    CHECK_EQ(c, 'x');
}

TEST(truncation_takes_mapped_pages_away)
{
    volatile bool faulted = false;
    int fd = open_pages(2);

    volatile char *p = map_file(fd, 2 * PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_EQ(p[PAGE], 'b');
    CHECK_OK(ftruncate(fd, 10));
    CHECK_EQ(p[9], 'a');
    CHECK_EQ(p[10], 0);
    signal_handle_info(SIGBUS, on_fault, SA_NODEFER);
    if (sigsetjmp(jump, 1) == 0)
        (void)p[PAGE];
    else
        faulted = true;
    CHECK(faulted);
}

CHILD(write_through)
{
    int fd = open("f", O_RDWR);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(p[0], '1');
    p[0] = '2';
    return 0;
}

TEST(processes_share_a_mapped_file)
{
    int fd = open_pages(1);
    volatile char *p = map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

    p[0] = '1';
    CHECK_EXIT(child_start("write_through"), 0);
    CHECK_EQ(p[0], '2');
}

TEST(parts_can_be_unmapped_and_protected)
{
    char c;
    int fd = open_pages(4);
    char *p = map_file(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

    CHECK_OK(munmap(p + PAGE, PAGE));
    p[2 * PAGE] = 'Z';
    CHECK_EQ(pread(fd, &c, 1, 2 * PAGE), 1);
    CHECK_EQ(c, 'Z');
    CHECK_OK(mprotect(p + 3 * PAGE, PAGE, PROT_READ));
    CHECK_EQ(p[3 * PAGE], 'd');
    p[0] = 'Y';
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'Y');
}

TEST(fixed_file_mapping_over_anonymous_memory)
{
    int fd = open_pages(1);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(p, '.', 3 * PAGE);
    CHECK(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == p + PAGE);
    CHECK_EQ(p[PAGE - 1], '.');
    CHECK_EQ(p[PAGE], 'a');
    CHECK_EQ(p[2 * PAGE], '.');
}

TEST(files_that_cannot_be_mapped)
{
    int p[2];

    CHECK_OK(pipe(p));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0) == MAP_FAILED);
    CHECK_EQ(errno, ENODEV);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open(".", O_RDONLY), 0) == MAP_FAILED);
    CHECK_EQ(errno, ENODEV);
    char *z = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0);
    CHECK(z != MAP_FAILED);
    CHECK_EQ(z[0], 0);
    z[0] = 1;
}

TEST(reading_a_file_into_its_own_mapping)
{
    int fd = open_pages(2);
    char *p = map_file(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

    CHECK_EQ(pread(fd, p, PAGE, PAGE), PAGE);
    CHECK_EQ(p[0], 'b');
    CHECK_EQ(pwrite(fd, p, PAGE, PAGE), PAGE);
}

TEST(shared_validate_refuses_unknown_flags)
{
    enum { SHARED_VALIDATE = 3, SYNC = 0x80000 };
    int fd = open_pages(1);

    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, SHARED_VALIDATE, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mmap(NULL, PAGE, PROT_READ, SHARED_VALIDATE | SYNC, fd, 0) == MAP_FAILED);
    CHECK_EQ(errno, EOPNOTSUPP);
}

TEST(msync_checks_range_and_flags)
{
    int fd = open_pages(3);
    char *p = map_file(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

    p[0] = 'x';
    CHECK_OK(msync(p, 3 * PAGE, MS_SYNC));
    CHECK_OK(msync(p, PAGE, MS_ASYNC));
    CHECK_OK(msync(p, PAGE, MS_SYNC | MS_INVALIDATE));
    CHECK_OK(msync(p, 0, MS_SYNC));
    CHECK_ERR(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_ERR(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERR(msync(p, PAGE, 0x100), EINVAL);
    CHECK_OK(munmap(p + PAGE, PAGE));
    CHECK_ERR(msync(p, 3 * PAGE, MS_SYNC), ENOMEM);
}
