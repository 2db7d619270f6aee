/* SPDX-License-Identifier: MIT */
/*
 * The archive format: what is written is read back, and whatever else is read is refused without
 * reading past its end.
 */
#include "tools/myst/cpio.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* An archive in memory, handed out in pieces of at most step bytes. */
struct source {
    const char *bytes;
    size_t len;
    size_t step;
};

static ssize_t source_read(void *context, void *dst, size_t len)
{
    struct source *s = context;

    if (len > s->len)
        len = s->len;
    if (len > s->step)
        len = s->step;
    memcpy(dst, s->bytes, len);
    s->bytes += len;
    s->len -= len;
    return (ssize_t)len;
}

struct memory {
    int fd;
    size_t len;
    char *bytes;
};

/* A directory, a file with data, an empty file, a link: one of each, odd lengths. */
static void archive_make(struct memory *m)
{
    struct cpio_writer w;

    m->fd = memfd_create("archive", 0);
    CHECK(m->fd >= 0);
    CHECK_EQ(cpio_writer_init(&w, m->fd), 0);
    CHECK_EQ(cpio_write_entry(&w, ".", S_IFDIR | 0755, 0), 0);
    CHECK_EQ(cpio_write_entry(&w, "file", S_IFREG | 04711, 5), 0);
    CHECK_EQ(cpio_write_data(&w, "he", 2), 0);
    CHECK_EQ(cpio_write_data(&w, "llo", 3), 0);
    CHECK_EQ(cpio_write_entry(&w, "empty", S_IFREG | 0600, 0), 0);
    CHECK_EQ(cpio_write_entry(&w, "link", S_IFLNK | 0777, 4), 0);
    CHECK_EQ(cpio_write_data(&w, "file", 4), 0);
    CHECK_EQ(cpio_write_end(&w), 0);
    cpio_writer_fini(&w);

    m->len = (size_t)lseek(m->fd, 0, SEEK_END);
    m->bytes = malloc(m->len);
    CHECK_EQ(pread(m->fd, m->bytes, m->len, 0), m->len);
}

static void archive_drop(struct memory *m)
{
    free(m->bytes);
    close(m->fd);
}

/* Read everything.  Returns 0, or the error; *ret_entries counts what was there before it. */
static int read_all(const char *bytes, size_t len, size_t step, int *ret_entries)
{
    struct source s = { bytes, len, step };
    struct cpio_reader *r = malloc(sizeof(*r));
    struct cpio_entry e;
    char data[3];
    int more;

    cpio_reader_init(r, source_read, &s);
    *ret_entries = 0;
    while ((more = cpio_read_entry(r, &e)) > 0) {
        (*ret_entries)++;
        /* Reads some data of every second entry and leaves the rest to be skipped. */
        if (*ret_entries % 2) {
            ssize_t n = cpio_read_data(r, data, sizeof(data));
            more = n < 0 ? (int)n : more;
        }
        if (more < 0)
            break;
    }
    if (more < 0)
        CHECK(more != -EINVAL || r->error);
    free(r);
    return more;
}

TEST(cpio_what_is_written_is_read)
{
    struct memory m;
    struct cpio_reader *r = malloc(sizeof(*r));
    struct cpio_entry e;
    char data[8];

    archive_make(&m);
    CHECK_EQ(m.len % 512, 0);
    cpio_reader_init(r, source_read, &(struct source){ m.bytes, m.len, 7 });

    CHECK_EQ(cpio_read_entry(r, &e), 1);
    CHECK_STREQ(e.name, ".");
    CHECK_EQ(e.mode, S_IFDIR | 0755);
    CHECK_EQ(cpio_read_entry(r, &e), 1);
    CHECK_STREQ(e.name, "file");
    CHECK_EQ(e.mode, S_IFREG | 04711);
    CHECK_EQ(e.nlink, 1);
    CHECK_EQ(e.mtime, 0x56734BA4);
    CHECK_EQ(cpio_read_data(r, data, sizeof(data)), 5);
    CHECK_MEMEQ(data, "hello", 5);
    CHECK_EQ(cpio_read_data(r, data, sizeof(data)), 0);
    CHECK_EQ(cpio_read_entry(r, &e), 1);
    CHECK_EQ(cpio_read_entry(r, &e), 1);
    CHECK_STREQ(e.name, "link");
    CHECK_EQ(cpio_read_entry(r, &e), 0);
    CHECK_EQ(cpio_read_entry(r, &e), 0);
    free(r);
    archive_drop(&m);
}

TEST(cpio_writer_insists_on_the_promised_length)
{
    struct cpio_writer w;

    CHECK_EQ(cpio_writer_init(&w, -1), 0);
    CHECK_EQ(cpio_write_entry(&w, "file", S_IFREG | 0600, 2), 0);
    CHECK_EQ(cpio_write_data(&w, "abc", 3), -EINVAL);
    CHECK_EQ(cpio_write_data(&w, "a", 1), 0);
    CHECK_EQ(cpio_write_entry(&w, "next", S_IFREG | 0600, 0), -EINVAL);
    CHECK_EQ(cpio_write_end(&w), -EINVAL);
    cpio_writer_fini(&w);
}

TEST(cpio_names_have_a_limit)
{
    struct cpio_writer w;
    char name[CPIO_NAME_MAX + 2];

    memset(name, 'a', sizeof(name));
    name[CPIO_NAME_MAX + 1] = '\0';
    CHECK_EQ(cpio_writer_init(&w, -1), 0);
    CHECK_EQ(cpio_write_entry(&w, name, S_IFREG | 0600, 0), -ENAMETOOLONG);
    name[CPIO_NAME_MAX] = '\0';
    CHECK_EQ(cpio_write_entry(&w, name, S_IFREG | 0600, 0), 0);
    cpio_writer_fini(&w);
}

TEST(cpio_every_truncation_is_an_error)
{
    struct memory m;
    int entries;

    archive_make(&m);
    CHECK_EQ(read_all(m.bytes, m.len, m.len, &entries), 0);
    CHECK_EQ(entries, 4);

    /* The padding behind the trailer may be missing, nothing else. */
    size_t needed = m.len;
    while (m.bytes[needed - 1] == '\0')
        needed--;
    for (size_t len = 0; len < needed; len++) {
        char *copy = malloc(len + 1);            /* exactly as long: ASan watches its end   */
        memcpy(copy, m.bytes, len);
        CHECK_EQ(read_all(copy, len, 64, &entries), -EINVAL);
        free(copy);
    }
    archive_drop(&m);
}

TEST(cpio_every_changed_byte_is_survived)
{
    struct memory m;
    int entries;

    archive_make(&m);
    for (size_t i = 0; i < m.len; i++) {
        char before = m.bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            m.bytes[i] = (char)(before ^ (1 << bit));
            int err = read_all(m.bytes, m.len, 64, &entries);
            CHECK(err == 0 || err == -EINVAL);
        }
        m.bytes[i] = before;
    }
    archive_drop(&m);
}

/* How many entries are read from one header and name with one field of eight digits replaced. */
static int entries_with_field(int field, const char *digits)
{
    static const char header[] = "070701"
                                 "00000001000081a40000000000000000000000010000000000000000"
                                 "00000008000000020000000000000000000000020000000"
                                 "0a";
    char bytes[sizeof(header) + 512] = { 0 };
    int entries;

    memcpy(bytes, header, sizeof(header));
    memcpy(bytes + 6 + 8 * field, digits, 8);
    CHECK_EQ(read_all(bytes, sizeof(bytes), sizeof(bytes), &entries), -EINVAL);
    return entries;
}

enum { FIELD_MODE = 1, FIELD_SIZE = 6, FIELD_NAME_SIZE = 11 };

TEST(cpio_fields_are_checked)
{
    CHECK_EQ(entries_with_field(FIELD_MODE, "000081A4"), 1);
    CHECK_EQ(entries_with_field(FIELD_MODE, "0000x1A4"), 0);
    CHECK_EQ(entries_with_field(FIELD_MODE, "000001A4"), 0);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "00000002"), 1);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "00000000"), 0);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "00000001"), 0);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "00000003"), 0);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "00001001"), 0);
    CHECK_EQ(entries_with_field(FIELD_NAME_SIZE, "FFFFFFFF"), 0);
    CHECK_EQ(entries_with_field(FIELD_SIZE, "FFFFFFFF"), 1);
}

TEST(cpio_directories_have_no_data)
{
    struct cpio_writer w;
    int fd = memfd_create("archive", 0), entries;
    char bytes[1024];

    CHECK_EQ(cpio_writer_init(&w, fd), 0);
    CHECK_EQ(cpio_write_entry(&w, "d", S_IFDIR | 0755, 4), 0);
    CHECK_EQ(cpio_write_data(&w, "data", 4), 0);
    CHECK_EQ(cpio_write_end(&w), 0);
    cpio_writer_fini(&w);
    ssize_t len = pread(fd, bytes, sizeof(bytes), 0);
    CHECK(len > 0);
    CHECK_EQ(read_all(bytes, (size_t)len, 64, &entries), -EINVAL);
    CHECK_EQ(entries, 0);
    close(fd);
}

TEST(cpio_clean_names)
{
    char clean[CPIO_NAME_MAX + 1];

    CHECK(!cpio_clean_name(".", clean));
    CHECK_STREQ(clean, ".");
    CHECK(!cpio_clean_name("./a//b/./c/", clean));
    CHECK_STREQ(clean, "a/b/c");
    CHECK(!cpio_clean_name("..a/b..", clean));
    CHECK_STREQ(clean, "..a/b..");
    CHECK(!cpio_clean_name("./", clean));
    CHECK_STREQ(clean, ".");
    CHECK(cpio_clean_name("/a", clean));
    CHECK(cpio_clean_name("..", clean));
    CHECK(cpio_clean_name("a/../b", clean));
    CHECK(cpio_clean_name("a/..", clean));
}
