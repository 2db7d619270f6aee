/* SPDX-License-Identifier: MIT */
/* covers: getdents getdents64 */
/*
 * Reading directories.
 */
#include <dirent.h>

#include "tests/sys/sys.h"

struct entry64 {
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

/* Counts entries and those called name; kind is the type of the last of these. */
static int count_entries(int fd, size_t size, const char *name, int *named, int *kind)
{
    char buf[4096];
    int count = 0;
    long n;

    *named = 0;
    while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0)
        for (long at = 0; at < n;) {
            struct entry64 *e = (struct entry64 *)(buf + at);
            CHECK(e->len % 8 == 0 && at + e->len <= n);
            CHECK(e->ino != 0);
            if (strcmp(e->name, name) == 0) {
                ++*named;
                *kind = e->type;
            }
            count++;
            at += e->len;
        }
    CHECK_OK(n);
    return count;
}

TEST(each_entry_appears_once_with_its_type)
{
    int named, kind;

    file_put("f", "");
    CHECK_OK(mkdir("d", 0755));
    CHECK_OK(symlink("x", "l"));
    CHECK_OK(mkfifo("p", 0600));
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    static const struct {
        const char *name;
        int type;
    } want[] = { { ".", DT_DIR }, { "..", DT_DIR }, { "f", DT_REG },
                 { "d", DT_DIR }, { "l", DT_LNK },  { "p", DT_FIFO } };
    for (size_t i = 0; i < COUNT(want); i++) {
        CHECK_OK(lseek(fd, 0, SEEK_SET));
        CHECK_EQ(count_entries(fd, 4096, want[i].name, &named, &kind), 6);
        CHECK_EQ(named, 1);
        CHECK_EQ(kind, want[i].type);
    }
}

TEST(small_buffers_see_everything_too)
{
    char name[32];
    int named, kind;

    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        file_put(name, "");
    }
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    CHECK_EQ(count_entries(fd, 64, "file-150", &named, &kind), 202);
    CHECK_EQ(named, 1);
    CHECK_OK(lseek(fd, 0, SEEK_SET));
    CHECK_EQ(count_entries(fd, 4096, "file-199", &named, &kind), 202);
    CHECK_EQ(named, 1);
}

TEST(inode_numbers_agree_with_stat)
{
    char buf[4096];
    struct stat st;

    file_put("f", "");
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
    CHECK(n > 0);
    for (long at = 0; at < n;) {
        struct entry64 *e = (struct entry64 *)(buf + at);
        CHECK_OK(lstat(e->name, &st));
        CHECK_EQ(e->ino, st.st_ino);
        at += e->len;
    }
}

TEST(position_of_an_entry_can_be_returned_to)
{
    char name[32];
    struct dirent *e;
    long at = -1;
    char next[256] = "";

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        file_put(name, "");
    }
    DIR *d = opendir(".");
    CHECK(d);
    for (int i = 0; (e = readdir(d)); i++)
        if (i == 9)
            at = telldir(d);
        else if (i == 10)
            strcpy(next, e->d_name);
    seekdir(d, at);
    e = readdir(d);
    CHECK(e);
    CHECK_STR(e->d_name, next);
    closedir(d);
}

TEST(deleting_while_reading_loses_nothing_else)
{
    char name[32];
    struct dirent *e;
    int left = 0;

    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "file-%d", i);
        file_put(name, "");
    }
    DIR *d = opendir(".");
    while ((e = readdir(d)))
        if (e->d_name[0] == 'f')
            CHECK_OK(unlink(e->d_name));
    rewinddir(d);
    while ((e = readdir(d)))
        left++;
    CHECK_EQ(left, 2);
    closedir(d);
}

TEST(errors)
{
    char buf[512];

    file_put("f", "");
    int f = open("f", O_RDONLY);
    int d = open(".", O_RDONLY);
    CHECK_ERR(syscall(SYS_getdents64, f, buf, sizeof(buf)), ENOTDIR);
    CHECK_ERR(syscall(SYS_getdents64, -1, buf, sizeof(buf)), EBADF);
    CHECK_ERR(syscall(SYS_getdents64, d, buf, 1), EINVAL);
    CHECK_ERR(syscall(SYS_getdents64, d, BAD_POINTER, sizeof(buf)), EFAULT);
    CHECK_ERR(syscall(SYS_getdents, f, buf, sizeof(buf)), ENOTDIR);
}

struct entry {
    unsigned long ino, off;
    unsigned short len;
    char name[];
};

TEST(old_form_has_the_type_in_its_last_byte)
{
    char buf[1024];
    bool seen = false;

    CHECK_OK(mkdir("d", 0755));
    int fd = open(".", O_RDONLY);
    long n = syscall(SYS_getdents, fd, buf, sizeof(buf));
    CHECK(n > 0);
    for (long at = 0; at < n;) {
        struct entry *e = (struct entry *)(buf + at);
        if (strcmp(e->name, "d") == 0) {
            CHECK_EQ(buf[at + e->len - 1], DT_DIR);
            seen = true;
        }
        at += e->len;
    }
    CHECK(seen);
    CHECK_EQ(syscall(SYS_getdents, fd, buf, sizeof(buf)), 0);
}
