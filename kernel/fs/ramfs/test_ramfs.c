/* SPDX-License-Identifier: MIT */
/* Files and directories in memory: holes, sizes, limits, listings, shared mappings. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/dirents.h"
#include "abi/linux/dirent.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct file *open_new(const char *path)
{
    struct file *f = NULL;

    machine.quiet = true;
    CHECK_EQ(vfs_openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0644, 0, &f), 0);
    machine.quiet = false;
    return f;
}

static ssize_t write_at(struct file *f, u64 pos, const void *src, size_t len)
{
    struct iov v;

    iov_kernel(&v, (void *)src, len);
    return file_write(f, &v, &pos);
}

static ssize_t read_at(struct file *f, u64 pos, void *dst, size_t len)
{
    struct iov v;

    iov_kernel(&v, dst, len);
    return file_read(f, &v, &pos);
}

static struct vattr attr_of(struct file *f)
{
    struct vattr a;

    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);
    return a;
}

/* ---- content ---- */

/* The same operations on a file and on an array; they must agree at every step. */
TEST(ramfs_content_is_what_was_written_whatever_the_order)
{
    enum { SIZE = 600 * 1024 };
    static u8 model[SIZE], buf[SIZE];
    u64 rng = 42, size = 0;

    machine_start_fs();
    struct file *f = open_new("/f");
    memset(model, 0, sizeof(model));
    for (int i = 0; i < 3000; i++) {
        rng = rng * 6364136223846793005ull + 1442695040888963407ull;
        u64 off = (rng >> 20) % SIZE, len = (rng >> 45) % 9000;
        if (rng & (1 << 18))
            off &= PAGE_MASK;
        len = min_u64(len, SIZE - off);
        switch (rng >> 61) {
        case 0:
            size = off;
            memset(model + size, 0, SIZE - size);
            CHECK_EQ(vfs_ftruncate(f, size), 0);
            break;
        case 1:
            if (!len)
                break;
            CHECK_EQ(vfs_fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len), 0);
            memset(model + off, 0, len);
            break;
        case 2:
            if (!len)
                break;
            CHECK_EQ(vfs_fallocate(f, FALLOC_FL_ZERO_RANGE, off, len), 0);
            memset(model + off, 0, len);
            size = max_u64(size, off + len);
            break;
        case 3:
            if (!len)
                break;
            CHECK_EQ(vfs_fallocate(f, rng & 1 ? 0 : FALLOC_FL_KEEP_SIZE, off, len), 0);
            if (rng & 1)
                size = max_u64(size, off + len);
            break;
        default:
            for (u64 k = 0; k < len; k++)
                buf[k] = (u8)(rng >> (k % 40));
            CHECK_EQ(write_at(f, off, buf, len), len);
            memcpy(model + off, buf, len);
            size = len ? max_u64(size, off + len) : size;
        }
        CHECK_EQ(attr_of(f).size, size);
        if (i % 50 == 0) {
            CHECK_EQ(read_at(f, 0, buf, SIZE), size);
            CHECK_MEMEQ(buf, model, size);
        }
    }
    file_put(f);
    machine_stop_fs();
}

TEST(ramfs_sparse_files_cost_their_data_only)
{
    char c;

    machine_start_fs();
    struct file *f = open_new("/f");
    CHECK_EQ(write_at(f, (1ull << 62) - 1, "x", 1), 1);
    CHECK_EQ(attr_of(f).size, 1ull << 62);
    CHECK_EQ(attr_of(f).blocks, 8);
    CHECK_EQ(file_seek(f, 0, SEEK_DATA), (1ll << 62) - 4096);
    CHECK_EQ(file_seek(f, 0, SEEK_HOLE), 0);
    CHECK_EQ(file_seek(f, (1ll << 62) - 1, SEEK_HOLE), 1ll << 62);
    CHECK_EQ(file_seek(f, 1ll << 62, SEEK_DATA), -ENXIO);
    CHECK_EQ(read_at(f, 1ull << 50, &c, 1), 1);
    CHECK_EQ(c, 0);
    CHECK_EQ(write_at(f, INT64_MAX, "x", 1), -EFBIG);
    CHECK_EQ(vfs_ftruncate(f, INT64_MAX), 0);
    CHECK_EQ(vfs_ftruncate(f, 5), 0);
    CHECK_EQ(attr_of(f).blocks, 0);
    file_put(f);
    machine_stop_fs();
}

TEST(ramfs_limits_of_size_are_kept_and_given_back)
{
    struct mount_args args = { .source = "none",
                               .options = "size=16k,nr_inodes=3,mode=0700,uid=5" };
    static u8 buf[32768];
    struct file *f, *g;
    struct kstat k;

    machine_start_fs();
    CHECK_EQ(vfs_mkdir_p("/t", 0755), 0);
    CHECK_EQ(vfs_mount_at("/t", fs_type_find("tmpfs"), &args), 0);
    CHECK_EQ(vfs_statat(AT_FDCWD, "/t", 0, &k), 0);
    CHECK_EQ(k.a.mode, S_IFDIR | 0700);
    CHECK_EQ(k.a.uid, 5);
    f = open_new("/t/f");
    CHECK_EQ(write_at(f, 0, buf, sizeof(buf)), 16384);
    CHECK_EQ(write_at(f, 16384, buf, 1), -ENOSPC);
    CHECK_EQ(vfs_ftruncate(f, 4096), 0);
    CHECK_EQ(vfs_fallocate(f, 0, 0, 16385), -ENOSPC);
    CHECK_EQ(vfs_fallocate(f, 0, 0, 16384), 0);
    g = open_new("/t/g");
    CHECK_EQ(vfs_openat(AT_FDCWD, "/t/h", O_CREAT | O_RDWR, 0600, 0, &(struct file *){ NULL }),
             -ENOSPC);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/t/f", 0), 0);
    CHECK_EQ(write_at(g, 0, buf, 1), -ENOSPC);   /* f is still open                         */
    file_put(f);
    CHECK_EQ(write_at(g, 0, buf, 16384), 16384);
    file_put(g);
    args.options = "size=lots";
    CHECK_EQ(vfs_mkdir_p("/u", 0755), 0);
    CHECK_EQ(vfs_mount_at("/u", fs_type_find("tmpfs"), &args), -EINVAL);
    args.options = "color=red";
    CHECK_EQ(vfs_mount_at("/u", fs_type_find("tmpfs"), &args), -EINVAL);
    machine_stop_fs();
}

TEST_TORTURE(ramfs_writes_that_run_out_of_memory_say_how_far_they_got)
{
    static u8 buf[64 * 1024], back[64 * 1024];

    machine_start_fs();
    struct file *f = open_new("/f");
    memset(buf, 'x', sizeof(buf));
    ssize_t n = write_at(f, 1 << 20, buf, sizeof(buf));

    if (n < 0) {
        CHECK_EQ(n, -ENOSPC);
        CHECK_EQ(attr_of(f).size, 0);
    } else {
        CHECK_EQ(attr_of(f).size, (1 << 20) + n);
        CHECK_EQ(read_at(f, 1 << 20, back, sizeof(back)), n);
        CHECK_MEMEQ(back, buf, (size_t)n);
    }
    file_put(f);
    machine_stop_fs();
}

TEST(ramfs_write_from_a_bad_address_changes_nothing)
{
    struct iov v;
    u64 pos = 4096;
    char c;

    machine_start_fs();
    struct file *f = open_new("/f");
    iov_user(&v, UPTR(8), 10);
    CHECK_EQ(file_write(f, &v, &pos), -EFAULT);
    CHECK_EQ(attr_of(f).size, 0);
    CHECK_EQ(attr_of(f).blocks, 0);
    CHECK_EQ(write_at(f, 0, "abc", 3), 3);
    pos = 0;
    iov_user(&v, UPTR(8), 10);
    CHECK_EQ(file_read(f, &v, &pos), -EFAULT);
    CHECK_EQ(pos, 0);
    CHECK_EQ(read_at(f, 2, &c, 1), 1);
    CHECK_EQ(c, 'c');
    file_put(f);
    machine_stop_fs();
}

/* ---- shared mappings ---- */

TEST(ramfs_pinned_pages_are_the_files_content)
{
    static u8 place[4 * PAGE_SIZE] __attribute__((aligned(4096)));
    char buf[8];

    machine_start_fs();
    struct file *f = open_new("/f");
    memset(place, 0, sizeof(place));
    CHECK_EQ(write_at(f, PAGE_SIZE, "page one", 8), 8);
    CHECK_EQ(ramfs_pin_pages(f->vnode, 0, sizeof(place), place), 0);
    CHECK_MEMEQ(place + PAGE_SIZE, "page one", 8);
    CHECK_EQ(ramfs_pin_pages(f->vnode, PAGE_SIZE, PAGE_SIZE, place), -EBUSY);
    memcpy(place + 10, "by map", 6);
    CHECK_EQ(read_at(f, 10, buf, 6), 6);
    CHECK_MEMEQ(buf, "by map", 6);
    CHECK_EQ(write_at(f, 3 * PAGE_SIZE, "by file", 7), 7);
    CHECK_MEMEQ(place + 3 * PAGE_SIZE, "by file", 7);
    CHECK_EQ(vfs_fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_SIZE), 0);
    CHECK_EQ(place[10], 0);
    file_put(f);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/f", 0), 0);
    CHECK_MEMEQ(place + 3 * PAGE_SIZE, "by file", 7); /* not freed with the file            */
    machine_stop_fs();
}

/* ---- directories ---- */

/* All names in a directory, "." and ".." left out, read size bytes at a time. */
static u32 count_entries(const char *path, size_t size)
{
    static u8 buf[4096];
    struct file *f;
    u32 count = 0;
    ssize_t n;

    CHECK_EQ(vfs_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, 0, &f), 0);
    while ((n = dirents_read(f, DIRENTS_64, buf, size)) > 0)
        for (ssize_t at = 0; at < n; at += ((struct linux_dirent64 *)(buf + at))->d_reclen)
            count += ((struct linux_dirent64 *)(buf + at))->d_name[0] != '.';
    CHECK_EQ(n, 0);
    file_put(f);
    return count;
}

TEST(ramfs_directories_hold_many_names)
{
    char name[32];

    machine_start_fs();
    CHECK_EQ(vfs_mkdir_p("/d", 0755), 0);
    for (int i = 0; i < 5000; i++) {
        ksnprintf(name, sizeof(name), "/d/name-%d", i);
        file_put(open_new(name));
    }
    CHECK_EQ(count_entries("/d", 4096), 5000);
    CHECK_EQ(count_entries("/d", 50), 5000);
    for (int i = 0; i < 5000; i += 2) {
        ksnprintf(name, sizeof(name), "/d/name-%d", i);
        CHECK_EQ(vfs_unlinkat(AT_FDCWD, name, 0), 0);
        CHECK_EQ(vfs_unlinkat(AT_FDCWD, name, 0), -ENOENT);
    }
    CHECK_EQ(count_entries("/d", 200), 2500);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d", AT_REMOVEDIR), -ENOTEMPTY);
    machine_stop_fs();
}

TEST(ramfs_listing_survives_changes)
{
    static u8 buf[96];
    char name[32];
    struct file *f;
    u64 seen = 0;
    ssize_t n;

    machine_start_fs();
    CHECK_EQ(vfs_mkdir_p("/d", 0755), 0);
    for (int i = 0; i < 40; i++) {
        ksnprintf(name, sizeof(name), "/d/%02d", i);
        file_put(open_new(name));
    }
    CHECK_EQ(vfs_openat(AT_FDCWD, "/d", O_RDONLY, 0, 0, &f), 0);
    while ((n = dirents_read(f, DIRENTS_64, buf, sizeof(buf))) > 0) {
        for (ssize_t at = 0; at < n; at += ((struct linux_dirent64 *)(buf + at))->d_reclen) {
            const char *s = ((struct linux_dirent64 *)(buf + at))->d_name;

            if (s[0] == '.')
                continue;
            int i = (s[0] - '0') * 10 + s[1] - '0';
            CHECK(!(seen >> i & 1));             /* never twice                             */
            seen |= 1ull << i;
            ksnprintf(name, sizeof(name), "/d/%02d", i);
            CHECK_EQ(vfs_unlinkat(AT_FDCWD, name, 0), 0);
        }
    }
    CHECK_EQ(seen, (1ull << 40) - 1);            /* and none is missed                      */
    CHECK_EQ(file_seek(f, 0, SEEK_SET), 0);
    CHECK_EQ(dirents_read(f, DIRENTS_64, buf, sizeof(buf)), 48);
    CHECK_EQ(dirents_read(f, DIRENTS_64, buf, sizeof(buf)), 0);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d", AT_REMOVEDIR), 0);
    CHECK_EQ(file_seek(f, 0, SEEK_SET), 0);
    CHECK_EQ(dirents_read(f, DIRENTS_64, buf, sizeof(buf)), -ENOENT);
    file_put(f);
    machine_stop_fs();
}

TEST(ramfs_hash_spreads_names_that_differ_in_any_letter)
{
    static u8 hit[1024];

    for (u32 at = 0; at < 24; at++) {
        char name[] = "abcdefghijklmnopqrstuvwx";
        u32 worst = 0;

        memset(hit, 0, sizeof(hit));
        for (u32 c = 0; c < 256; c++) {
            name[at] = (char)c;
            u8 *h = &hit[ramfs_hash(name, 24) % sizeof(hit)];
            worst = ++*h > worst ? *h : worst;
        }
        CHECK(worst <= 6);                       /* 256 names in 1,024 chains               */
    }
}
