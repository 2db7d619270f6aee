/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/check_tree.h"
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/dirents.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64, ENTRIES_MAX = 100000 };

struct visit {
    u32 seen, depth;
};

static void check_dir(const char *path, struct visit *v, u32 *ret_subdirs);

static void check_readable(const char *path, const struct kstat *k)
{
    char buf[600];
    struct strbuf s;
    struct file *f;

    if ((k->a.mode & S_IFMT) == S_IFLNK) {
        strbuf_init(&s, buf, sizeof(buf));
        CHECK_EQ(vfs_readlinkat(AT_FDCWD, path, &s), 0);
        CHECK(s.len == k->a.size || s.cut);
    } else if ((k->a.mode & S_IFMT) == S_IFREG) {
        u64 at = k->a.size > sizeof(buf) ? k->a.size - sizeof(buf) : 0;
        size_t want = k->a.size - at;

        CHECK_EQ(vfs_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0, 0, &f), 0);
        CHECK_EQ(file_pread_kernel(f, buf, sizeof(buf), at), want);
        file_put(f);
    }
}

static void check_entry(const char *path, const struct linux_dirent64 *d, struct visit *v,
                        u32 *subdirs)
{
    struct kstat k;
    u32 below;

    CHECK_EQ(vfs_statat(AT_FDCWD, path, 0, &k), 0);
    CHECK_EQ(d->d_type, (k.a.mode & S_IFMT) >> 12);
    if (!k.mount_root) {                         /* which may have no name any more         */
        CHECK_EQ(d->d_ino, k.ino);
        CHECK(k.a.nlink > 0);
    }
    CHECK(++v->seen < ENTRIES_MAX);
    if ((k.a.mode & S_IFMT) != S_IFDIR) {
        check_readable(path, &k);
        return;
    }
    ++*subdirs;
    if (v->depth == DEPTH_MAX || !k.a.nlink)
        return;
    v->depth++;
    check_dir(path, v, &below);
    v->depth--;
    CHECK_EQ(k.a.nlink, 2 + below);
}

static void check_dir(const char *path, struct visit *v, u32 *ret_subdirs)
{
    struct file *f;
    u8 buf[1024];
    char name[8192];
    ssize_t n;

    *ret_subdirs = 0;
    CHECK_EQ(vfs_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, 0, &f), 0);
    while ((n = dirents_read(f, DIRENTS_64, buf, sizeof(buf))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct linux_dirent64 *d = (const struct linux_dirent64 *)(buf + at);

            at += d->d_reclen;
            if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
                continue;
            snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
            if (strlen(name) < KPATH_MAX)
                check_entry(name, d, v, ret_subdirs);
        }
    }
    CHECK_EQ(n, 0);
    file_put(f);
}

u32 fuzz_check_tree(const char *path)
{
    struct visit v = { 0 };
    u32 subdirs;

    check_dir(path, &v, &subdirs);
    return v.seen;
}
