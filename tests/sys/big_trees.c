/* SPDX-License-Identifier: MIT */
/* covers: mkdir chdir rmdir unlink ftruncate lseek */
/* memory: 256m */
/*
 * Stress on file systems: deep trees, full directories, big sparse files.
 */
#include <sys/mman.h>

#include "tests/sys/sys.h"

TEST(a_thousand_levels)
{
    enum { DEEP = 1000 };
    char cwd[PATH_MAX * 4];

    for (int i = 0; i < DEEP; i++) {
        CHECK_OK(mkdir("directory", 0755));
        CHECK_OK(chdir("directory"));
    }
    file_put("leaf", "deep");
    CHECK_FILE("leaf", "deep");
    long n = syscall(SYS_getcwd, cwd, sizeof(cwd)); /* 10,000 bytes and more                */
    CHECK(n > DEEP * 10 || (n == -1 && errno == ENAMETOOLONG));
    CHECK_OK(unlink("leaf"));
    for (int i = 0; i < DEEP; i++) {
        CHECK_OK(chdir(".."));
        CHECK_OK(rmdir("directory"));
    }
}

TEST(ten_thousand_files_in_one_directory)
{
    char name[32];

    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
        CHECK_OK(fd);
        CHECK_OK(close(fd));
    }
    CHECK(file_exists("file-9999"));
    CHECK(!file_exists("file-10000"));
    CHECK_OK(rename("file-5000", "other"));
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        if (i != 5000)
            CHECK_OK(unlink(name));
    }
    CHECK_OK(unlink("other"));
}

TEST(three_gibibytes_with_almost_nothing_in_them)
{
    const off_t size = 3L << 30;
    struct stat st;
    char c = 0;

    int fd = open("sparse", O_CREAT | O_RDWR, 0600);
    CHECK_OK(ftruncate(fd, size));
    CHECK_EQ(pwrite(fd, "a", 1, 0), 1);
    CHECK_EQ(pwrite(fd, "b", 1, 1L << 31), 1);
    CHECK_EQ(pwrite(fd, "c", 1, size - 1), 1);
    CHECK_OK(fstat(fd, &st));
    CHECK_EQ(st.st_size, size);
    CHECK(st.st_blocks * 512 < 10 << 20);
    CHECK_EQ(pread(fd, &c, 1, 1L << 31), 1);
    CHECK_EQ(c, 'b');
    CHECK_EQ(pread(fd, &c, 1, (1L << 31) + 5), 1);
    CHECK_EQ(c, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_END), size);
    off_t data = lseek(fd, 1L << 20, SEEK_DATA);
    CHECK(data > 1L << 20 && data <= 1L << 31);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, size - (off_t)PAGE);
    CHECK(p != MAP_FAILED);
    CHECK_EQ(p[PAGE - 1], 'c');
    p[0] = 'd';
    CHECK_EQ(pread(fd, &c, 1, size - (off_t)PAGE), 1);
    CHECK_EQ(c, 'd');
    CHECK_OK(ftruncate(fd, 10));
    CHECK_EQ(pread(fd, &c, 1, 0), 1);
    CHECK_EQ(c, 'a');
}

TEST(many_small_writes_make_the_whole)
{
    enum { SIZE = 2000000, STEP = 777 };
    static char data[SIZE], back[SIZE];

    fill_pattern(data, SIZE, 21);
    int fd = open("f", O_CREAT | O_RDWR, 0600);
    for (off_t at = 0; at < SIZE; at += STEP) {
        size_t n = SIZE - at < STEP ? (size_t)(SIZE - at) : STEP;
        CHECK_EQ(write(fd, data + at, n), n);
    }
    CHECK_EQ(pread(fd, back, SIZE, 0), SIZE);
    CHECK_MEM(data, back, SIZE);
    for (off_t at = SIZE - SIZE % 4096; at >= 0; at -= 4096 * 3) /* backwards, with holes first */
        CHECK_EQ(pwrite(fd, "Z", 1, at), 1);
    CHECK_EQ(pread(fd, back, 1, SIZE - SIZE % 4096), 1);
    CHECK_EQ(back[0], 'Z');
}

static void *write_own_part(void *arg)
{
    long me = (long)arg;
    char record[64];
    int fd = open("shared", O_RDWR);

    memset(record, 'a' + (int)me, sizeof(record));
    for (off_t i = 0; i < 1000; i++)
        CHECK_EQ(pwrite(fd, record, sizeof(record), (i * 4 + me) * 64), 64);
    CHECK_OK(close(fd));
    return NULL;
}

TEST(threads_fill_one_file)
{
    static char back[4000 * 64];
    pthread_t t[4];

    file_put("shared", "");
    for (long i = 0; i < 4; i++)
        t[i] = thread_start(write_own_part, (void *)i);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    int fd = open("shared", O_RDONLY);
    CHECK_EQ(read(fd, back, sizeof(back)), sizeof(back));
    for (size_t i = 0; i < sizeof(back); i++)
        CHECK_EQ(back[i], 'a' + (int)(i / 64 % 4));
}

static void *append_lines(UNUSED void *arg)
{
    int fd = open("log", O_WRONLY | O_APPEND);

    for (int i = 0; i < 500; i++)
        CHECK_EQ(write(fd, "0123456789012345678901234567890\n", 32), 32);
    CHECK_OK(close(fd));
    return NULL;
}

TEST(appends_of_threads_are_all_there)
{
    static char back[4 * 500 * 32];
    pthread_t t[4];

    file_put("log", "");
    for (int i = 0; i < 4; i++)
        t[i] = thread_start(append_lines, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_EQ(file_size("log"), sizeof(back));
    int fd = open("log", O_RDONLY);
    CHECK_EQ(read(fd, back, sizeof(back)), sizeof(back));
    for (size_t i = 0; i < sizeof(back); i += 32)
        CHECK_MEM(back + i, "0123456789012345678901234567890\n", 32);
}

static atomic_bool stop_racing;

static void *rename_back_and_forth(UNUSED void *arg)
{
    while (!stop_racing) {
        rename("x", "y");
        rename("y", "x");
    }
    return NULL;
}

TEST(renames_race_without_losing_the_file)
{
    pthread_t t[2];

    file_put("x", "kept");
    stop_racing = false;
    for (int i = 0; i < 2; i++)
        t[i] = thread_start(rename_back_and_forth, NULL);
    for (int i = 0; i < 500; i++) {
        int fd = open(i % 2 ? "x" : "y", O_RDONLY);
        if (fd != -1) {
            char buf[8] = "";
            CHECK_EQ(read(fd, buf, sizeof(buf)), 4);
            CHECK_STR(buf, "kept");
            CHECK_OK(close(fd));
        }
    }
    stop_racing = true;
    for (int i = 0; i < 2; i++)
        thread_join(t[i]);
    CHECK(file_exists("x") != file_exists("y"));
}

static void *make_and_remove(void *arg)
{
    char name[32];

    snprintf(name, sizeof(name), "common/%ld", (long)arg);
    for (int i = 0; i < 300; i++) {
        CHECK_OK(mkdir(name, 0755));
        CHECK_OK(rmdir(name));
    }
    return NULL;
}

TEST(directories_are_made_and_removed_in_parallel)
{
    struct stat st;
    pthread_t t[4];

    CHECK_OK(mkdir("common", 0755));
    for (long i = 0; i < 4; i++)
        t[i] = thread_start(make_and_remove, (void *)i);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    CHECK_OK(stat("common", &st));
    CHECK_EQ(st.st_nlink, 2);
    CHECK_OK(rmdir("common"));
}
