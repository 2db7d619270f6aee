/* SPDX-License-Identifier: MIT */
/* Adopting archives: what the tree is made of, and what is refused. */
#include "kernel/fs/ramfs/test_archive.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct archive a;

void archive_add(struct archive *ar, const struct archive_entry *e)
{
    u32 name_size = (u32)strlen(e->name) + 1;
    int n = ksnprintf((char *)ar->bytes + ar->len, ARCHIVE_MAX - ar->len,
                      "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", e->ino, e->mode,
                      e->uid, e->gid, e->nlink ? e->nlink : 1, 1000000000, (u32)e->size, 8, 1, 0,
                      e->rdev_minor, name_size, 0);
    size_t at = ar->len + (size_t)n;

    memcpy(ar->bytes + at, e->name, name_size);
    at = (at + name_size + 3) & ~(size_t)3;
    if (e->size)
        memcpy(ar->bytes + at, e->data, e->size);
    ar->len = (at + e->size + 3) & ~(size_t)3;
    CHECK(ar->len < ARCHIVE_MAX);
}

void archive_end(struct archive *ar)
{
    archive_add(ar, &(struct archive_entry){ .name = "TRAILER!!!" });
}

static void begin(void)
{
    memset(&a, 0, sizeof(a));
}

static void add(u32 mode, const char *name, const char *data)
{
    archive_add(&a,
                &(struct archive_entry){
                    .mode = mode, .name = name, .data = data, .size = data ? strlen(data) : 0 });
}

static int mount_it(void)
{
    struct mount_args args = { .source = "archive", .data = a.bytes, .data_len = a.len };
    struct place at;
    int err;

    machine.quiet = true;
    CHECK_EQ(vfs_mkdir_p("/m", 0755), 0);
    CHECK_EQ(path_walk(AT_FDCWD, "/m", 0, &at), 0);
    place_put(&at);
    machine.quiet = false;
    err = vfs_mount_at("/m", fs_type_find("ramfs"), &args);
    return err;
}

static void check_content(const char *path, const char *want)
{
    struct file *f;
    char buf[64] = "";

    CHECK_EQ(vfs_openat(AT_FDCWD, path, O_RDONLY, 0, 0, &f), 0);
    CHECK_EQ(file_pread_kernel(f, buf, sizeof(buf) - 1, 0), strlen(want));
    CHECK_STREQ(buf, want);
    file_put(f);
}

static struct kstat stat_of(const char *path)
{
    struct kstat k;

    CHECK_EQ(vfs_statat(AT_FDCWD, path, 0, &k), 0);
    return k;
}

static void check_refused(u32 mode, const char *name, const char *data)
{
    machine_start_fs();
    begin();
    add(S_IFDIR | 0755, "d", NULL);
    add(S_IFREG | 0644, "f", "f");
    add(mode, name, data);
    archive_end(&a);
    CHECK_EQ(mount_it(), -EINVAL);
    machine_stop_fs();
}

TEST(archive_becomes_a_tree)
{
    char text[64];
    struct strbuf s;

    machine_start_fs();
    begin();
    add(S_IFDIR | 0750, ".", NULL);
    add(S_IFDIR | 01777, "tmp", NULL);
    add(S_IFREG | 04755, "bin/deep/su", "binary"); /* directories it does not name          */
    add(S_IFREG | 0644, "./etc//./passwd", "root");
    add(S_IFLNK | 0777, "sh", "bin/deep/su");
    add(S_IFIFO | 0600, "fifo", NULL);
    add(S_IFREG | 0600, "empty", NULL);
    archive_add(&a,
                &(struct archive_entry){
                    .mode = S_IFCHR | 0666, .name = "null", .uid = 5, .gid = 6, .rdev_minor = 3 });
    archive_end(&a);
    CHECK_EQ(mount_it(), 0);

    CHECK_EQ(stat_of("/m").a.mode, S_IFDIR | 0750);
    CHECK_EQ(stat_of("/m").a.nlink, 5);
    CHECK_EQ(stat_of("/m/tmp").a.mode, S_IFDIR | 01777);
    CHECK_EQ(stat_of("/m/bin").a.mode, S_IFDIR | 0755);
    CHECK_EQ(stat_of("/m/bin/deep/su").a.mode, S_IFREG | 04755);
    CHECK_EQ(stat_of("/m/bin/deep/su").a.mtime.sec, 1000000000);
    CHECK_EQ(stat_of("/m/null").a.uid, 5);
    CHECK_EQ(stat_of("/m/null").a.gid, 6);
    CHECK_EQ(stat_of("/m/null").a.rdev_minor, 3);
    CHECK_EQ(stat_of("/m/fifo").a.mode, S_IFIFO | 0600);
    CHECK_EQ(stat_of("/m/empty").a.size, 0);
    check_content("/m/etc/passwd", "root");
    check_content("/m/sh", "binary");
    strbuf_init(&s, text, sizeof(text));
    CHECK_EQ(vfs_readlinkat(AT_FDCWD, "/m/sh", &s), 0);
    CHECK_STREQ(text, "bin/deep/su");
    machine_stop_fs();
}

TEST(archive_files_are_copied_when_they_are_written)
{
    static char data[10000];
    struct file *f;
    struct iov v;
    u64 pos = 4090;
    char buf[20];

    machine_start_fs();
    begin();
    memset(data, 'a', sizeof(data) - 1);
    add(S_IFREG | 0644, "f", data);
    archive_end(&a);
    CHECK_EQ(mount_it(), 0);

    CHECK_EQ(vfs_openat(AT_FDCWD, "/m/f", O_RDWR, 0, 0, &f), 0);
    iov_kernel(&v, "0123456789", 10);
    CHECK_EQ(file_write(f, &v, &pos), 10);
    CHECK_EQ(file_pread_kernel(f, buf, 14, 4088), 14);
    CHECK_MEMEQ(buf, "aa0123456789aa", 14);
    CHECK_EQ(stat_of("/m/f").a.size, 9999);
    CHECK_EQ(vfs_ftruncate(f, 9998), 0);
    CHECK_EQ(vfs_ftruncate(f, 10010), 0);
    CHECK_EQ(file_pread_kernel(f, buf, 20, 9996), 14);
    CHECK_MEMEQ(buf, "aa\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    file_put(f);
    machine_stop_fs();
    for (size_t i = 112; i < 112 + 9999; i++)
        CHECK_EQ(a.bytes[i], 'a');               /* the archive itself was not touched      */
}

TEST(archive_hard_links_are_one_file)
{
    struct archive_entry e = { .mode = S_IFREG | 0644, .ino = 7, .nlink = 3, .name = "one" };

    machine_start_fs();
    begin();
    archive_add(&a, &e);
    e.name = "d/two";
    archive_add(&a, &e);
    e.name = "three";                            /* cpio puts the data at the last name     */
    e.data = "content";
    e.size = 7;
    archive_add(&a, &e);
    e = (struct archive_entry){
        .mode = S_IFREG | 0644, .ino = 8, .nlink = 2, .name = "alone", .data = "x", .size = 1
    };
    archive_add(&a, &e);
    archive_end(&a);
    CHECK_EQ(mount_it(), 0);
    check_content("/m/one", "content");
    check_content("/m/d/two", "content");
    CHECK_EQ(stat_of("/m/one").ino, stat_of("/m/three").ino);
    CHECK_EQ(stat_of("/m/one").a.nlink, 3);
    CHECK_EQ(stat_of("/m/alone").a.nlink, 1);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/m/three", 0), 0);
    CHECK_EQ(stat_of("/m/one").a.nlink, 2);
    check_content("/m/d/two", "content");
    machine_stop_fs();
}

TEST(archive_later_records_replace_earlier_ones)
{
    struct archive_entry e = {
        .mode = S_IFREG | 0644, .ino = 7, .nlink = 2, .name = "l1", .data = "old", .size = 3
    };

    machine_start_fs();
    begin();
    add(S_IFREG | 0644, "f", "first");
    add(S_IFDIR | 0700, "d", NULL);
    add(S_IFREG | 0644, "d/x", "x");
    archive_add(&a, &e);
    add(S_IFREG | 0600, "f", "second");
    add(S_IFDIR | 0755, "d", NULL);
    add(S_IFLNK | 0777, "l1", "f");
    e.name = "l2";
    archive_add(&a, &e);                         /* does not join the file that is gone     */
    archive_end(&a);
    CHECK_EQ(mount_it(), 0);
    check_content("/m/f", "second");
    CHECK_EQ(stat_of("/m/d").a.mode, S_IFDIR | 0755);
    check_content("/m/d/x", "x");
    check_content("/m/l1", "second");
    check_content("/m/l2", "old");
    CHECK_EQ(stat_of("/m/l2").a.nlink, 1);
    machine_stop_fs();
}

TEST(archive_names_and_types_that_make_no_sense_are_refused)
{
    char long_name[300];

    check_refused(S_IFREG, "/abs", "x");
    check_refused(S_IFREG, "../up", "x");
    check_refused(S_IFREG, "d/../../up", "x");
    check_refused(S_IFREG, "d/..", "x");
    check_refused(S_IFREG, ".", "x");
    check_refused(S_IFREG, "d", "x");            /* is a directory                          */
    check_refused(S_IFDIR, "f", NULL);           /* is a file                               */
    check_refused(S_IFREG, "f/x", "x");
    check_refused(S_IFDIR, "e", "data");
    check_refused(S_IFLNK, "l", NULL);
    check_refused(S_IFIFO, "p", "data");
    check_refused(0, "what", NULL);
    check_refused(0170000, "what", NULL);
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[256] = '\0';
    check_refused(S_IFREG, long_name, "x");
    machine_start_fs();
    begin();
    add(S_IFREG | 0644, "f", "x");               /* no trailer                              */
    CHECK_EQ(mount_it(), -EINVAL);
    machine_stop_fs();
}

TEST_TORTURE(archive_is_adopted_whole_or_not_at_all)
{
    struct archive_entry e = { .mode = S_IFREG | 0644, .ino = 7, .nlink = 2, .name = "l1" };

    machine_start_fs();
    begin();
    for (int i = 0; i < 40; i++) {
        char name[32];

        ksnprintf(name, sizeof(name), "d%d/f%d", i % 7, i);
        add(S_IFREG | 0644, name, "x");
    }
    archive_add(&a, &e);
    e.name = "l2";
    archive_add(&a, &e);
    archive_end(&a);
    int err = mount_it();
    if (err)
        CHECK_EQ(err, -ENOMEM);
    machine_stop_fs();
}

TEST(archive_inside_the_tree_is_mounted_in_place)
{
    struct mount_args args = { .source = "/m/inner.cpio" };
    static struct archive inner;

    machine_start_fs();
    memset(&inner, 0, sizeof(inner));
    archive_add(&inner, &(struct archive_entry){
                            .mode = S_IFREG | 0644, .name = "x", .data = "in", .size = 2 });
    archive_end(&inner);
    begin();
    archive_add(&a, &(struct archive_entry){ .mode = S_IFREG | 0644,
                                             .name = "inner.cpio",
                                             .data = inner.bytes,
                                             .size = inner.len });
    add(S_IFREG | 0644, "not.cpio", "no archive");
    archive_end(&a);
    CHECK_EQ(mount_it(), 0);
    CHECK_EQ(vfs_mkdir_p("/n", 0755), 0);
    CHECK_EQ(vfs_mount_at("/n", fs_type_find("ramfs"), &args), 0);
    check_content("/n/x", "in");
    CHECK_EQ(vfs_mkdir_p("/o", 0755), 0);
    args.source = "/m/not.cpio";
    CHECK_EQ(vfs_mount_at("/o", fs_type_find("ramfs"), &args), -EINVAL);
    args.source = "/m/missing";
    CHECK_EQ(vfs_mount_at("/o", fs_type_find("ramfs"), &args), -ENOENT);
    args.source = "none";
    CHECK_EQ(vfs_mount_at("/o", fs_type_find("ramfs"), &args), 0);
    machine_stop_fs();
}
