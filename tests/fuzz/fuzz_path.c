/* SPDX-License-Identifier: MIT */
/*
 * Names being made, moved, linked, mounted over and removed in any order.
 *
 * The input is a list of operations on a few paths, most of which exist some of the time.  Whatever
 * each answers, the tree must be sound afterwards, and nothing may be left when it is gone.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/iov.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/epoch.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/fuzz/check_tree.h"
#include "tests/unit/test.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { FILES = 4, OPS_MAX = 200 };

static struct file *files[FILES];

static const char *const paths[] = {
    "/a",          "/b",      "/a/x",      "/a/y",
    "/b/x",        "a",       "x",         "../x",
    "/a/x/deep",   "/b/link", "/b/link/x", "..",
    "/a/../b/./x", "/loop",   "x/",        "/a/x/deep/er",
    ".",           "/",       "",          "/b/x/../../a/y",
    "link",        "link/..", "//a//",     "/missing/x",
};
static const char *const targets[] = {
    "/a", "../a/x", "loop", "/b/link", "x", "/", "..", "nowhere"
};

static const char *path_at(u8 n)
{
    return paths[n % ARRAY_SIZE(paths)];
}

static void make(const char *path, u32 type, const char *target)
{
    struct vattr a = { .mode = type | 0755, .link = target };

    (void)!vfs_createat(AT_FDCWD, path, &a, NULL);
}

static void reopen(u32 n, const char *path, u32 flags)
{
    struct file *f;

    if (vfs_openat(AT_FDCWD, path, flags, 0644, 0, &f))
        return;
    file_put(files[n % FILES]);
    files[n % FILES] = f;
}

static void write_to(struct file *f, u64 at)
{
    struct iov v;

    iov_kernel(&v, "some bytes", 10);
    if (f)
        (void)!file_write(f, &v, &at);
}

static void go_to(const char *path)
{
    struct place p;

    if (path_walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &p))
        return;
    (void)!fsctx_set_cwd(thread_self()->fs, &p);
    place_put(&p);
}

static void unmount(const char *path, enum umount_how how)
{
    struct place p;

    if (path_walk(AT_FDCWD, path, WALK_FOLLOW, &p))
        return;
    (void)!vfs_umount(&p, how);
    place_put(&p);
}

static void bind(const char *from, const char *to)
{
    struct place a, b;

    if (path_walk(AT_FDCWD, from, WALK_FOLLOW, &a))
        return;
    if (!path_walk(AT_FDCWD, to, WALK_FOLLOW, &b)) {
        (void)!vfs_bind(&a, &b, from[1] == 'a');
        place_put(&b);
    }
    place_put(&a);
}

static void ask(struct file *f)
{
    char buf[256];
    struct strbuf s;

    strbuf_init(&s, buf, sizeof(buf));
    if (f)
        (void)!file_path(f, &s);
}

static void run_op(const u8 op[4])
{
    const char *a = path_at(op[1]), *b = path_at(op[2]);
    struct mount_args args = { .source = "m" };

    switch (op[0] % 20) {
    case 0:
        make(a, S_IFDIR, NULL);
        break;
    case 1:
        make(a, S_IFREG, NULL);
        break;
    case 2:
        make(a, S_IFLNK, targets[op[2] % ARRAY_SIZE(targets)]);
        break;
    case 3:
        (void)!vfs_unlinkat(AT_FDCWD, a, 0);
        break;
    case 4:
        (void)!vfs_unlinkat(AT_FDCWD, a, AT_REMOVEDIR);
        break;
    case 5:
        (void)!vfs_renameat(AT_FDCWD, a, AT_FDCWD, b, 0);
        break;
    case 6:
        (void)!vfs_renameat(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
        break;
    case 7:
        (void)!vfs_renameat(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE);
        break;
    case 8:
        (void)!vfs_linkat(AT_FDCWD, a, AT_FDCWD, b, op[3] & 1 ? AT_SYMLINK_FOLLOW : 0);
        break;
    case 9:
        reopen(op[3], a, O_RDWR | O_CREAT);
        break;
    case 10:
        reopen(op[3], a, O_RDONLY | (op[2] & 1 ? O_PATH : 0));
        break;
    case 11:
        reopen(op[3], a, O_RDWR | O_TMPFILE);
        break;
    case 12:
        write_to(files[op[1] % FILES], (u64)op[2] << 8);
        break;
    case 13:
        (void)!vfs_truncateat(a, (u64)op[2] << 6);
        break;
    case 14:
        go_to(a);
        break;
    case 15:
        (void)!vfs_mount_at(a, fs_type_find("tmpfs"), &args);
        break;
    case 16:
        unmount(a, op[3] & 1 ? UMOUNT_DETACH : UMOUNT_PLAIN);
        break;
    case 17:
        bind(a, b);
        break;
    case 18:
        ask(files[op[1] % FILES]);
        break;
    case 19:
        epoch_drain();
        break;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct kstat k;

    machine_start_fs();
    for (size_t i = 0; i + 4 <= size && i < OPS_MAX * 4; i += 4) {
        run_op(data + i);
        (void)!vfs_statat(AT_FDCWD, path_at(data[i + 3]), data[i] & 1 ? WALK_FOLLOW : 0, &k);
        if (data[i] == 255)
            epoch_drain();
    }
    fuzz_check_tree("/");
    for (u32 i = 0; i < FILES; i++) {
        file_put(files[i]);
        files[i] = NULL;
    }
    machine_stop_fs();
    return 0;
}
