/* SPDX-License-Identifier: MIT */
/* Paths, names and mounts, on tmpfs. */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/core/thread.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static int make(const char *path, u32 mode)
{
    struct vattr a = { .mode = mode };

    return vfs_createat(AT_FDCWD, path, &a, NULL);
}

static int link_to(const char *target, const char *path)
{
    struct vattr a = { .mode = S_IFLNK | 0777, .link = target };

    return vfs_createat(AT_FDCWD, path, &a, NULL);
}

static int open_at(const char *path, u32 flags, u64 resolve)
{
    AUTO(file_putp) struct file *f = NULL;

    return vfs_openat(AT_FDCWD, path, flags, 0644, resolve, &f);
}

static u64 ino_of(const char *path)
{
    struct kstat k;

    CHECK_EQ(vfs_statat(AT_FDCWD, path, WALK_FOLLOW, &k), 0);
    return k.ino;
}

static int stat_err(const char *path)
{
    struct kstat k;

    return vfs_statat(AT_FDCWD, path, WALK_FOLLOW, &k);
}

static void enter(const char *path)
{
    struct place p;

    CHECK_EQ(path_walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &p), 0);
    CHECK_EQ(fsctx_set_cwd(thread_self()->fs, &p), 0);
    place_put(&p);
}

static const char *cwd(void)
{
    static char buf[512];
    struct strbuf s;
    struct place p;

    strbuf_init(&s, buf, sizeof(buf));
    fsctx_cwd(thread_self()->fs, &p);
    CHECK_EQ(place_path(&p, &s), 0);
    place_put(&p);
    return buf;
}

static const char *path_of(struct file *f)
{
    static char buf[512];
    struct strbuf s;

    strbuf_init(&s, buf, sizeof(buf));
    CHECK_EQ(file_path(f, &s), 0);
    return buf;
}

static void small_tree(void)
{
    machine_start_fs();
    CHECK_EQ(make("/a", S_IFDIR | 0755), 0);
    CHECK_EQ(make("/a/b", S_IFDIR | 0755), 0);
    CHECK_EQ(make("/a/b/c", S_IFDIR | 0755), 0);
    CHECK_EQ(make("/a/f", S_IFREG | 0644), 0);
}

/* ---- walking ---- */

TEST(path_dots_and_slashes_mean_what_they_always_meant)
{
    small_tree();
    CHECK_EQ(ino_of("/a/b/../b/./c/../../f"), ino_of("/a/f"));
    CHECK_EQ(ino_of("////a///f"), ino_of("/a/f"));
    CHECK_EQ(ino_of("/../../a"), ino_of("/a"));
    CHECK_EQ(ino_of("/a/"), ino_of("/a"));
    CHECK_EQ(stat_err("/a/f/"), -ENOTDIR);
    CHECK_EQ(stat_err("/a/f/."), -ENOTDIR);
    CHECK_EQ(stat_err("/a/f/.."), -ENOTDIR);
    CHECK_EQ(stat_err("/a/none/../f"), -ENOENT);
    CHECK_EQ(stat_err(""), -ENOENT);
    enter("/a/b");
    CHECK_EQ(ino_of("../f"), ino_of("/a/f"));
    CHECK_EQ(ino_of("."), ino_of("/a/b"));
    machine_stop_fs();
}

TEST(path_names_have_a_longest_length)
{
    char name[300] = "/";

    small_tree();
    memset(name + 1, 'n', 255);
    CHECK_EQ(make(name, S_IFREG | 0644), 0);
    CHECK_EQ(stat_err(name), 0);
    name[256] = 'n';
    CHECK_EQ(make(name, S_IFREG | 0644), -ENAMETOOLONG);
    CHECK_EQ(stat_err(name), -ENAMETOOLONG);
    machine_stop_fs();
}

TEST(path_links_are_followed_forty_times)
{
    char from[16], to[16];

    small_tree();
    CHECK_EQ(link_to("a/b", "/rel"), 0);
    CHECK_EQ(link_to("/a/../a/f", "/abs"), 0);
    CHECK_EQ(link_to("loop", "/loop"), 0);
    CHECK_EQ(link_to("nowhere", "/dangling"), 0);
    CHECK_EQ(link_to("../f", "/a/b/up"), 0);
    CHECK_EQ(ino_of("/rel/c"), ino_of("/a/b/c"));
    CHECK_EQ(ino_of("/rel/../f"), ino_of("/a/f"));
    CHECK_EQ(ino_of("/abs"), ino_of("/a/f"));
    CHECK_EQ(ino_of("/rel/up"), ino_of("/a/f"));
    CHECK_EQ(stat_err("/abs/"), -ENOTDIR);
    CHECK_EQ(stat_err("/loop"), -ELOOP);
    CHECK_EQ(stat_err("/loop/x"), -ELOOP);
    CHECK_EQ(stat_err("/dangling"), -ENOENT);
    CHECK_EQ(open_at("/rel", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
    CHECK_EQ(open_at("/rel/", O_RDONLY | O_NOFOLLOW, 0), 0);
    CHECK_EQ(link_to("/a/f", "/l0"), 0);
    for (int i = 1; i <= 40; i++) {
        ksnprintf(from, sizeof(from), "l%d", i - 1);
        ksnprintf(to, sizeof(to), "/l%d", i);
        CHECK_EQ(link_to(from, to), 0);
    }
    CHECK_EQ(stat_err("/l39"), 0);
    CHECK_EQ(stat_err("/l40"), -ELOOP);
    CHECK_EQ(open_at("/dangling", O_CREAT | O_RDWR, 0), 0); /* makes its target             */
    CHECK_EQ(stat_err("/nowhere"), 0);
    CHECK_EQ(link_to("missing", "/dangling2"), 0);
    CHECK_EQ(open_at("/dangling2", O_CREAT | O_EXCL | O_RDWR, 0), -EEXIST);
    CHECK_EQ(open_at("/dangling2", O_CREAT | O_NOFOLLOW | O_RDWR, 0), -ELOOP);
    machine_stop_fs();
}

TEST(path_resolve_flags_confine_the_walk)
{
    small_tree();
    CHECK_EQ(link_to("/a/f", "/a/abs"), 0);
    CHECK_EQ(link_to("../a/f", "/a/out"), 0);
    CHECK_EQ(link_to("b", "/a/in"), 0);
    enter("/a");
    CHECK_EQ(open_at("b/c/../../f", O_RDONLY, RESOLVE_BENEATH), 0);
    CHECK_EQ(open_at("../a/f", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
    CHECK_EQ(open_at("/a/f", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
    CHECK_EQ(open_at("abs", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
    CHECK_EQ(open_at("out", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
    CHECK_EQ(open_at("in", O_RDONLY, RESOLVE_BENEATH), 0);
    CHECK_EQ(open_at("in", O_RDONLY, RESOLVE_NO_SYMLINKS), -ELOOP);
    CHECK_EQ(open_at("../../../f", O_RDONLY, RESOLVE_IN_ROOT), 0);
    CHECK_EQ(open_at("/f", O_RDONLY, RESOLVE_IN_ROOT), 0);
    CHECK_EQ(open_at("out", O_RDONLY, RESOLVE_IN_ROOT), -ENOENT);
    CHECK_EQ(vfs_mount_at("/a/b", fs_type_find("tmpfs"), &(struct mount_args){ 0 }), 0);
    CHECK_EQ(open_at("b", O_RDONLY, RESOLVE_NO_XDEV), -EXDEV);
    CHECK_EQ(open_at("f", O_RDONLY, RESOLVE_NO_XDEV), 0);
    enter("/a/b");
    CHECK_EQ(open_at("..", O_RDONLY, RESOLVE_NO_XDEV), -EXDEV);
    enter("/");
    machine_stop_fs();
}

TEST(path_of_directories_follows_renames)
{
    small_tree();
    enter("/a/b/c");
    CHECK_STREQ(cwd(), "/a/b/c");
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/b", AT_FDCWD, "/moved", 0), 0);
    CHECK_STREQ(cwd(), "/moved/c");
    CHECK_EQ(ino_of("../.."), ino_of("/"));
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/moved/c", AT_REMOVEDIR), 0);
    CHECK_STREQ(cwd(), "/moved/c (deleted)");
    CHECK_EQ(make("x", S_IFREG | 0644), -ENOENT);
    CHECK_EQ(ino_of(".."), ino_of("/moved"));
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/moved", AT_REMOVEDIR), 0);
    CHECK_EQ(ino_of("../.."), ino_of("/"));
    enter("/");
    machine_stop_fs();
}

TEST(path_of_open_files_follows_what_happens_to_their_names)
{
    struct file *f;

    small_tree();
    CHECK_EQ(vfs_linkat(AT_FDCWD, "/a/f", AT_FDCWD, "/a/second", 0), 0);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/a/second", O_RDONLY, 0, 0, &f), 0);
    CHECK_STREQ(path_of(f), "/a/second");        /* the name it was opened by               */
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a", AT_FDCWD, "/z", 0), 0);
    CHECK_STREQ(path_of(f), "/z/second");
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/z/second", AT_FDCWD, "/third", 0), 0);
    CHECK_STREQ(path_of(f), "/third");
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/third", 0), 0);
    CHECK_STREQ(path_of(f), "/z/second (deleted)");
    file_put(f);
    machine_stop_fs();
}

/* ---- renames ---- */

TEST(rename_into_itself_and_over_what_is_not_alike_is_refused)
{
    small_tree();
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a", AT_FDCWD, "/a/b/x", 0), -EINVAL);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a", AT_FDCWD, "/a/b", 0), -EINVAL);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/b/c", AT_FDCWD, "/a", 0), -ENOTEMPTY);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/f", AT_FDCWD, "/a/b", 0), -EISDIR);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/b", AT_FDCWD, "/a/f", 0), -ENOTDIR);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/f", AT_FDCWD, "/new/", 0), -ENOTDIR);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/.", AT_FDCWD, "/x", 0), -EBUSY);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/b", AT_FDCWD, "/a/f", RENAME_NOREPLACE), -EEXIST);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/f", AT_FDCWD, "/none", RENAME_EXCHANGE), -ENOENT);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a", AT_FDCWD, "/a/b", RENAME_EXCHANGE), -EINVAL);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/none", AT_FDCWD, "/x", 0), -ENOENT);
    machine_stop_fs();
}

TEST(rename_exchange_swaps_names_and_link_counts)
{
    struct kstat k;
    u64 b, f;

    small_tree();
    b = ino_of("/a/b");
    f = ino_of("/a/f");
    CHECK_EQ(make("/d", S_IFDIR | 0755), 0);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/f", AT_FDCWD, "/d/f", 0), 0);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/b", AT_FDCWD, "/d/f", RENAME_EXCHANGE), 0);
    CHECK_EQ(ino_of("/a/b"), f);
    CHECK_EQ(ino_of("/d/f"), b);
    CHECK_EQ(vfs_statat(AT_FDCWD, "/a", 0, &k), 0);
    CHECK_EQ(k.a.nlink, 2);
    CHECK_EQ(vfs_statat(AT_FDCWD, "/d", 0, &k), 0);
    CHECK_EQ(k.a.nlink, 3);
    CHECK_EQ(ino_of("/d/f/c/../.."), ino_of("/d"));
    machine_stop_fs();
}

TEST_TORTURE(rename_without_memory_changes_nothing)
{
    machine_start_fs();
    machine.quiet = true;
    CHECK_EQ(make("/a", S_IFDIR | 0755), 0);
    CHECK_EQ(make("/a/f", S_IFREG | 0644), 0);
    u64 ino = ino_of("/a/f");
    for (int i = 0; i < 8; i++)                  /* the next entry makes a table            */
        CHECK_EQ(make((char[]){ '/', (char)('0' + i), 0 }, S_IFREG | 0644), 0);
    machine.quiet = false;
    int err = vfs_renameat(AT_FDCWD, "/a/f", AT_FDCWD, "/g", 0);

    machine.quiet = true;
    if (err) {
        CHECK_EQ(err, -ENOMEM);
        CHECK_EQ(ino_of("/a/f"), ino);
        CHECK_EQ(stat_err("/g"), -ENOENT);
    } else {
        CHECK_EQ(ino_of("/g"), ino);
        CHECK_EQ(stat_err("/a/f"), -ENOENT);
    }
    machine_stop_fs();
}

TEST_TORTURE(files_are_made_and_opened_or_not)
{
    struct file *f = NULL;

    machine_start_fs();
    int err = vfs_openat(AT_FDCWD, "/a-name-that-is-longer-than-what-fits-into-a-file",
                         O_CREAT | O_RDWR, 0600, 0, &f);
    if (err)
        CHECK_EQ(err, -ENOMEM);
    file_put(f);
    err = make("/dir", S_IFDIR | 0700);
    if (!err) {
        err = link_to("/dir", "/l");
        if (!err)
            err = stat_err("/l/../l");
    }
    if (err)
        CHECK_EQ(err, -ENOMEM);
    machine_stop_fs();
}

/* ---- mounts ---- */

TEST(mounts_nest_and_are_busy_while_used)
{
    struct mount_args args = { .source = "none" };
    struct place p;
    struct file *f;

    small_tree();
    CHECK_EQ(vfs_mount_at("/a", fs_type_find("tmpfs"), &args), 0);
    CHECK_EQ(stat_err("/a/f"), -ENOENT);
    CHECK_EQ(make("/a/in", S_IFDIR | 0755), 0);
    CHECK_EQ(vfs_mount_at("/a/in", fs_type_find("tmpfs"), &args), 0);
    CHECK_EQ(vfs_mount_at("/a", fs_type_find("tmpfs"), &args), -EBUSY);
    CHECK_EQ(vfs_mount_at("/", fs_type_find("tmpfs"), &args), -EBUSY);
    CHECK_EQ(ino_of("/a/in/../in/.."), ino_of("/a"));
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/a/in", AT_REMOVEDIR), -EBUSY);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/in", AT_FDCWD, "/a/x", 0), -EBUSY);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/a/in", AT_FDCWD, "/x", 0), -EXDEV);

    CHECK_EQ(path_walk(AT_FDCWD, "/a", 0, &p), 0);
    CHECK_EQ(vfs_umount(&p, UMOUNT_PLAIN), -EBUSY); /* a mount below                        */
    place_put(&p);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/a/in/f", O_CREAT | O_RDWR, 0600, 0, &f), 0);
    CHECK_STREQ(path_of(f), "/a/in/f");
    CHECK_EQ(path_walk(AT_FDCWD, "/a/in", 0, &p), 0);
    CHECK_EQ(vfs_umount(&p, UMOUNT_PLAIN), -EBUSY); /* an open file                         */
    CHECK_EQ(vfs_remount(&p, MS_RDONLY), -EBUSY);
    CHECK_EQ(vfs_umount(&p, UMOUNT_DETACH), 0);
    CHECK_EQ(vfs_umount(&p, UMOUNT_PLAIN), -EINVAL);
    place_put(&p);
    CHECK_STREQ(path_of(f), "(unreachable)/f");
    file_put(f);
    CHECK_EQ(stat_err("/a/in/f"), -ENOENT);
    CHECK_EQ(path_walk(AT_FDCWD, "/a", 0, &p), 0);
    CHECK_EQ(vfs_umount(&p, UMOUNT_PLAIN), 0);
    place_put(&p);
    CHECK_EQ(stat_err("/a/f"), 0);
    machine_stop_fs();
}

TEST(mounts_bind_what_is_there_and_below)
{
    struct mount_args args = { .source = "none" };
    struct place from, to, root;
    char text[1024];
    struct strbuf s;

    small_tree();
    CHECK_EQ(make("/bound", S_IFDIR | 0755), 0);
    CHECK_EQ(vfs_mount_at("/a/b/c", fs_type_find("tmpfs"), &args), 0);
    CHECK_EQ(make("/a/b/c/deep", S_IFREG | 0644), 0);
    CHECK_EQ(path_walk(AT_FDCWD, "/a", 0, &from), 0);
    CHECK_EQ(path_walk(AT_FDCWD, "/bound", 0, &to), 0);
    CHECK_EQ(vfs_bind(&from, &to, true), 0);
    place_put(&to);
    CHECK_EQ(ino_of("/bound/f"), ino_of("/a/f"));
    CHECK_EQ(stat_err("/bound/b/c/deep"), 0);
    CHECK_EQ(ino_of("/bound/b/c/../../.."), ino_of("/"));
    CHECK_EQ(vfs_linkat(AT_FDCWD, "/a/f", AT_FDCWD, "/bound/g", 0), -EXDEV);

    CHECK_EQ(path_walk(AT_FDCWD, "/bound", 0, &to), 0);
    CHECK_EQ(vfs_remount(&to, MS_RDONLY | MS_NOSUID), 0);
    CHECK_EQ(make("/bound/x", S_IFREG | 0644), -EROFS);
    CHECK_EQ(make("/a/x", S_IFREG | 0644), 0);
    strbuf_init(&s, text, sizeof(text));
    fsctx_root(thread_self()->fs, &root);
    CHECK_EQ(mount_show_mounts(&root, &s), 0);
    place_put(&root);
    CHECK(strstr(text, "root / tmpfs rw,relatime 0 0\n"));
    CHECK(strstr(text, "root /bound tmpfs ro,nosuid,relatime 0 0\n"));
    CHECK(strstr(text, "none /bound/b/c tmpfs rw,relatime 0 0\n"));
    place_put(&to);
    place_put(&from);
    machine_stop_fs();
}

/* ---- permission ---- */

TEST(permission_is_decided_by_the_first_class_that_fits)
{
    small_tree();
    CHECK_EQ(vfs_changeat(AT_FDCWD, "/a/f", 0,
                          &(struct attr_change){ .what = CHANGE_OWNER, .uid = 1000, .gid = 100 }),
             0);
    CHECK_EQ(vfs_changeat(AT_FDCWD, "/a/f", 0,
                          &(struct attr_change){ .what = CHANGE_MODE, .mode = 0064 }),
             0);
    machine_become(1000, 100);
    CHECK_EQ(open_at("/a/f", O_RDONLY, 0), -EACCES); /* the owner has no bits               */
    machine_become(1001, 100);
    CHECK_EQ(open_at("/a/f", O_RDWR, 0), 0);
    machine_become(1001, 101);
    CHECK_EQ(open_at("/a/f", O_RDONLY, 0), 0);
    CHECK_EQ(open_at("/a/f", O_WRONLY, 0), -EACCES);
    CHECK_EQ(make("/a/x", S_IFREG | 0644), -EACCES);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/a/f", 0), -EACCES);
    machine_become(0, 0);
    CHECK_EQ(vfs_changeat(AT_FDCWD, "/a", 0,
                          &(struct attr_change){ .what = CHANGE_MODE, .mode = 01777 }),
             0);
    machine_become(1001, 101);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/a/f", 0), -EPERM); /* sticky                          */
    CHECK_EQ(vfs_changeat(AT_FDCWD, "/a/f", 0,
                          &(struct attr_change){ .what = CHANGE_MODE, .mode = 0777 }),
             -EPERM);
    machine_become(1000, 100);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/a/f", 0), 0);
    machine_become(0, 0);
    CHECK_EQ(
        vfs_changeat(AT_FDCWD, "/a", 0, &(struct attr_change){ .what = CHANGE_MODE, .mode = 0600 }),
        0);
    machine_become(1000, 100);
    CHECK_EQ(stat_err("/a/b"), -EACCES);
    machine_become(0, 0);
    machine_stop_fs();
}

TEST(execution_and_writing_exclude_each_other)
{
    struct file *w, *x;

    small_tree();
    CHECK_EQ(vfs_open_exec(AT_FDCWD, "/a/f", WALK_FOLLOW, &x), -EACCES);
    CHECK_EQ(vfs_changeat(AT_FDCWD, "/a/f", 0,
                          &(struct attr_change){ .what = CHANGE_MODE, .mode = 0755 }),
             0);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/a/f", O_WRONLY, 0, 0, &w), 0);
    CHECK_EQ(vfs_open_exec(AT_FDCWD, "/a/f", WALK_FOLLOW, &x), -ETXTBSY);
    file_put(w);
    CHECK_EQ(vfs_open_exec(AT_FDCWD, "/a/f", WALK_FOLLOW, &x), 0);
    CHECK_EQ(open_at("/a/f", O_WRONLY, 0), -ETXTBSY);
    CHECK_EQ(vfs_truncateat("/a/f", 0), -ETXTBSY);
    CHECK_EQ(open_at("/a/f", O_RDONLY, 0), 0);
    file_put(x);
    CHECK_EQ(open_at("/a/f", O_WRONLY, 0), 0);
    CHECK_EQ(vfs_open_exec(AT_FDCWD, "/a", WALK_FOLLOW, &x), -EACCES);
    machine_stop_fs();
}
