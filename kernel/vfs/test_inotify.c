/* SPDX-License-Identifier: MIT */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "kernel/core/iov.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inotify.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

static struct file *in;

static void begin(void)
{
    machine_start_fs();
    machine.quiet = true;
    CHECK_EQ(vfs_mkdir_p("/d", 0755), 0);
    CHECK_EQ(inotify_open(IN_NONBLOCK, &in), 0);
    machine.quiet = false;
}

static void end(void)
{
    file_put(in);
    machine_stop_fs();
}

static int watch(const char *path, u32 mask)
{
    struct place p;
    int wd;

    CHECK_EQ(path_walk(AT_FDCWD, path, 0, &p), 0);
    wd = inotify_add(in, p.vnode, mask);
    place_put(&p);
    return wd;
}

static void touch(const char *path)
{
    struct file *f;

    CHECK_EQ(vfs_openat(AT_FDCWD, path, O_CREAT | O_RDWR, 0600, 0, &f), 0);
    file_put(f);
}

static ssize_t get(void *dst, size_t size)
{
    struct iov v;

    iov_kernel(&v, dst, size);
    return in->ops->read(in, &v, NULL);
}

/* The next event must be this one; name NULL: without a name. */
static void expect(int wd, u32 mask, const char *name)
{
    struct {
        struct inotify_event e;
        char name[256];
    } ev;

    /* one at a time: a second does not fit into what is left */
    ssize_t n = get(&ev, sizeof(struct inotify_event) + (name ? 16 : 0));

    CHECK_EQ(n, sizeof(struct inotify_event) + (name ? 16 : 0));
    CHECK_EQ(ev.e.wd, wd);
    CHECK_EQ(ev.e.mask, mask);
    CHECK_EQ(ev.e.len, name ? 16 : 0);
    if (name)
        CHECK_STREQ((char *)&ev.e + sizeof(ev.e), name);
}

static void expect_nothing(void)
{
    char buf[512];

    CHECK_EQ(get(buf, sizeof(buf)), -EAGAIN);
    CHECK_EQ(in->ops->ready(in), 0);
}

TEST(inotify_tells_what_happens_in_a_directory)
{
    begin();
    int wd = watch("/d", IN_ALL_EVENTS & ~(IN_ACCESS | IN_OPEN));
    touch("/d/f");
    expect(wd, IN_CREATE, "f");
    expect(wd, IN_CLOSE_WRITE, "f");
    CHECK_EQ(vfs_mkdir_p("/d/sub", 0755), 0);
    expect(wd, IN_CREATE | IN_ISDIR, "sub");
    CHECK_EQ(vfs_truncateat("/d/f", 10), 0);
    expect(wd, IN_MODIFY, "f");
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/d/f", AT_FDCWD, "/d/g", 0), 0);
    expect(wd, IN_MOVED_FROM, "f");
    expect(wd, IN_MOVED_TO, "g");
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d/g", 0), 0);
    expect(wd, IN_DELETE, "g");
    expect_nothing();
    end();
}

TEST(inotify_tells_the_end_of_what_is_watched)
{
    struct file *f;

    begin();
    touch("/d/f");
    int wd = watch("/d/f", IN_ATTRIB | IN_DELETE_SELF | IN_CLOSE_NOWRITE);
    CHECK_EQ(vfs_openat(AT_FDCWD, "/d/f", O_RDONLY, 0, 0, &f), 0);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d/f", 0), 0);
    expect(wd, IN_ATTRIB, NULL);                 /* still open                              */
    expect_nothing();
    file_put(f);
    expect(wd, IN_CLOSE_NOWRITE, NULL);
    expect(wd, IN_DELETE_SELF, NULL);
    expect(wd, IN_IGNORED, NULL);
    CHECK_EQ(inotify_remove(in, wd), -EINVAL);

    wd = watch("/d", IN_DELETE_SELF);
    CHECK_EQ(wd, 2);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d", AT_REMOVEDIR), 0);
    expect(wd, IN_DELETE_SELF, NULL);
    expect(wd, IN_IGNORED, NULL);
    expect_nothing();
    end();
}

TEST(inotify_watches_can_be_changed_and_removed)
{
    begin();
    int wd = watch("/d", IN_CREATE);
    CHECK_EQ(watch("/d", IN_DELETE), wd);        /* instead                                 */
    touch("/d/f");
    expect_nothing();
    CHECK_EQ(watch("/d", IN_CREATE | IN_MASK_ADD), wd);
    CHECK_EQ(watch("/d", IN_CREATE | IN_MASK_CREATE), -EEXIST);
    touch("/d/g");
    expect(wd, IN_CREATE, "g");
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/d/g", 0), 0);
    expect(wd, IN_DELETE, "g");
    CHECK_EQ(inotify_remove(in, wd), 0);
    expect(wd, IN_IGNORED, NULL);
    wd = watch("/d", IN_CREATE | IN_ONESHOT);
    touch("/d/g");
    expect(wd, IN_CREATE, "g");
    expect(wd, IN_IGNORED, NULL);
    touch("/d/h");
    expect_nothing();
    end();
}

TEST(inotify_queues_are_bounded_and_equal_neighbours_are_one)
{
    char buf[4096], name[16];
    u32 events = 0, overflows = 0;
    ssize_t n;
    int bytes;

    begin();
    int wd = watch("/d", IN_OPEN | IN_CREATE);
    touch("/d/f");
    expect(wd, IN_CREATE, "f");
    touch("/d/f");
    touch("/d/f");
    CHECK_EQ(in->ops->ioctl(in, FIONREAD, (u64)&bytes), 0);
    CHECK_EQ(bytes, 32);
    CHECK_EQ(get(buf, 31), -EINVAL);
    CHECK_EQ(in->ops->ready(in), POLLIN | POLLRDNORM);
    expect(wd, IN_OPEN, "f");
    for (int i = 0; i < 17000; i++) {
        ksnprintf(name, sizeof(name), "/d/%d", i % 2);
        touch(name);
    }
    while ((n = get(buf, sizeof(buf))) > 0)
        for (ssize_t at = 0; at < n;) {
            struct inotify_event *e = (struct inotify_event *)(buf + at);

            overflows += e->mask == IN_Q_OVERFLOW && e->wd == -1;
            events++;
            at += (ssize_t)(sizeof(*e) + e->len);
        }
    CHECK_EQ(overflows, 1);
    CHECK_EQ(events, 16385);
    end();
}

TEST(inotify_watches_end_with_their_file_system)
{
    struct place p;

    begin();
    CHECK_EQ(vfs_mount_at("/d", fs_type_find("tmpfs"), &(struct mount_args){ 0 }), 0);
    int wd = watch("/d", IN_CREATE);
    CHECK_EQ(path_walk(AT_FDCWD, "/d", 0, &p), 0);
    CHECK_EQ(vfs_umount(&p, UMOUNT_PLAIN), 0);
    place_put(&p);
    epoch_drain();
    expect(wd, IN_UNMOUNT, NULL);
    expect(wd, IN_IGNORED, NULL);
    expect_nothing();
    end();
}

TEST_TORTURE(inotify_watch_is_added_or_not)
{
    begin();
    int wd = watch("/d", IN_CREATE);

    if (wd < 0)
        CHECK_EQ(wd, -ENOMEM);
    end();
}
