/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "kernel/fs/ramfs/cpio.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/unit/test.h"

static char archive[4096] __attribute__((aligned(4)));

/* One record at the start of archive; returns its length, padding included. */
static size_t record(const char *name, u32 name_size, u32 size)
{
    int n = ksnprintf(archive, sizeof(archive),
                      "070701%08X%08X%08X%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X", 7, 0100644, 1,
                      2, 3, 0x5abcdef0, size, 8, 9, 10, 11, name_size, 0);

    CHECK_EQ(n, 110);
    memset(archive + n, 0, sizeof(archive) - (size_t)n);
    memcpy(archive + n, name, strlen(name));
    return ((110 + name_size + 3) & ~3u) + ((size + 3) & ~3u);
}

static int next(size_t size, struct cpio_record *ret)
{
    struct cpio_reader r = { (const u8 *)archive, size, 0 };

    return cpio_next(&r, ret);
}

TEST(cpio_record_is_read_as_it_was_written)
{
    struct cpio_record r;
    struct cpio_reader reader = { (const u8 *)archive, record("bin/ls", 7, 5), 0 };

    memcpy(archive + 120, "hello", 5);
    CHECK_EQ(cpio_next(&reader, &r), 1);
    CHECK_EQ(r.name_len, 6);
    CHECK_MEMEQ(r.name, "bin/ls", 6);
    CHECK_EQ(r.ino, 7);
    CHECK_EQ(r.mode, 0100644);
    CHECK_EQ(r.uid, 1);
    CHECK_EQ(r.gid, 2);
    CHECK_EQ(r.nlink, 3);
    CHECK_EQ(r.mtime, 0x5abcdef0);
    CHECK_EQ(r.size, 5);
    CHECK_EQ(r.dev_major, 8);
    CHECK_EQ(r.dev_minor, 9);
    CHECK_EQ(r.rdev_major, 10);
    CHECK_EQ(r.rdev_minor, 11);
    CHECK_MEMEQ(r.data, "hello", 5);
    CHECK_EQ(reader.at, 128);
    CHECK_EQ(cpio_next(&reader, &r), -EINVAL);   /* no trailer                              */
}

TEST(cpio_digits_of_either_case_and_nothing_else)
{
    static const char wrong[] = { 'g', 'G', '/', ':', '@', '`', ' ', '\0', (char)0xb0, 'x', '-' };
    struct cpio_record r;
    size_t len = record("f", 2, 0);

    memcpy(archive + 46, "aBcDeF09", 8);         /* mtime                                   */
    CHECK_EQ(next(len, &r), 1);
    CHECK_EQ(r.mtime, 0xabcdef09);
    for (size_t i = 0; i < sizeof(wrong); i++) {
        for (size_t at = 6; at < 110; at++) {
            char was = archive[at];

            archive[at] = wrong[i];
            CHECK_EQ(next(len, &r), -EINVAL);
            archive[at] = was;
        }
    }
    CHECK_EQ(next(len, &r), 1);
}

TEST(cpio_ends_at_its_trailer)
{
    struct cpio_record r;
    size_t len = record("TRAILER!!!", 11, 0);

    CHECK_EQ(next(len, &r), 0);
    CHECK_EQ(next(len - 1, &r), 0);              /* the padding may be missing              */
    CHECK_EQ(next(120, &r), -EINVAL);
    len = record("TRAILER!!", 10, 0);
    CHECK_EQ(next(len, &r), 1);
}

TEST(cpio_lengths_that_lie_are_refused)
{
    struct cpio_record r;
    size_t len = record("f", 2, 100);

    CHECK_EQ(next(len, &r), 1);
    CHECK_EQ(next(len - 1, &r), -EINVAL);
    CHECK_EQ(next(109, &r), -EINVAL);
    CHECK_EQ(next(0, &r), -EINVAL);
    record("f", 2, 0xffffffff);
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    record("f", 0xffffffff, 0);
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    record("f", 0, 0);
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    record("", 1, 0);
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    record("f", 3, 0);                           /* two NULs                                */
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    record("fg", 2, 0);                          /* none                                    */
    CHECK_EQ(next(sizeof(archive), &r), -EINVAL);
    struct cpio_reader past = { (const u8 *)archive, 10, 1000 };
    CHECK_EQ(cpio_next(&past, &r), -EINVAL);
}
