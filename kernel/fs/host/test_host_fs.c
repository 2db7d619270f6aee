/* SPDX-License-Identifier: MIT */
/* hostfs on a host in memory: as it should be, and where the host lies. */
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/fs/host/host_fs.h"
#include "kernel/fs/host/hostfs.h"
#include "kernel/fs/host/test_fake_host.h"
#include "kernel/host/host.h"
#include "kernel/host/host_int.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/boot.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "targets/sim/machine.h"
#include "tests/unit/test.h"

/* The table of live host descriptors stays for ever. */
static void keep_live_table(void)
{
    u64 before = machine.blocks;

    CHECK_EQ(live_add((hfd){ 0 }), 0);
    live_remove((hfd){ 0 });
    machine.blocks = before;
}

static int mount_it(const char *source)
{
    struct mount_args args = { .source = source };

    return vfs_mount_at("/mnt", &hostfs_fs, &args);
}

static void start(void)
{
    static const struct boot_id ids[] = { { 0, 0 }, { 1000, 77 } };

    fake_host_start();
    hostfs_set_ids(ids, 2, ids, 2);
    machine_start_fs();
    machine.quiet = true;
    keep_live_table();
    CHECK_EQ(vfs_mkdir_p("/mnt", 0755), 0);
}

static void start_mounted(void)
{
    start();
    CHECK_EQ(mount_it("/"), 0);
    machine.quiet = false;
}

/* Nothing may be left open on the host. */
static void stop(void)
{
    fake.lie = NULL;
    machine_stop_fs();
    CHECK_EQ(fake.fds, 0);
}

static int open_at(const char *path, u32 flags, struct file **ret)
{
    return vfs_openat(AT_FDCWD, path, flags, 0666, 0, ret);
}

static ssize_t get(struct file *f, void *dst, size_t len)
{
    struct iov v;

    iov_kernel(&v, dst, len);
    return file_read(f, &v, NULL);
}

static ssize_t put(struct file *f, const char *text)
{
    struct iov v;

    iov_kernel(&v, (void *)text, strlen(text));
    return file_write(f, &v, NULL);
}

static void check_content(const char *path, const char *want)
{
    AUTO(file_putp) struct file *f = NULL;
    char buf[256];

    CHECK_EQ(open_at(path, O_RDONLY, &f), 0);
    CHECK_EQ(get(f, buf, sizeof(buf)), strlen(want));
    CHECK_MEMEQ(buf, want, strlen(want));
}

static int attributes(const char *path, struct vattr *ret)
{
    struct place p;
    int err = path_walk(AT_FDCWD, path, 0, &p);

    if (err)
        return err;
    err = vnode_getattr(p.vnode, ret);
    place_put(&p);
    return err;
}

/* Names as they are listed, each followed by a blank. */
struct listing {
    char text[4096];
    u64 cookie;
    u32 left;                                    /* entries to take                         */
};

static bool list_one(void *arg, struct name name, u64 ino, u32 dtype, u64 next)
{
    struct listing *l = arg;
    size_t at = strlen(l->text);

    (void)ino;
    (void)dtype;
    if (!l->left)
        return false;
    l->left--;
    CHECK(next && next <= INT64_MAX);
    memcpy(l->text + at, name.str, name.len);
    l->text[at + name.len] = ' ';
    l->text[at + name.len + 1] = '\0';
    return true;
}

static int list(const char *path, struct listing *l)
{
    AUTO(file_putp) struct file *f = NULL;

    *l = (struct listing){ .left = UINT32_MAX };
    CHECK_EQ(open_at(path, O_RDONLY | O_DIRECTORY, &f), 0);
    return dir_read(f, list_one, l);
}

/* ---- an honest host ---- */

TEST(hostfs_reads_and_walks_what_is_there)
{
    struct vattr a;

    start_mounted();
    fake_make("d", S_IFDIR | 0755, NULL);
    fake_make("d/f", S_IFREG | 0640, "hello");
    check_content("/mnt/d/f", "hello");
    CHECK_EQ(attributes("/mnt/d/f", &a), 0);
    CHECK_EQ(a.mode, S_IFREG | 0640);
    CHECK_EQ(a.size, 5);
    CHECK_EQ(a.ino, fake_find("d/f"));
    CHECK_EQ(attributes("/mnt/d/none", &a), -ENOENT);
    CHECK_EQ(attributes("/mnt/d/f/x", &a), -ENOTDIR);
    stop();
}

TEST(hostfs_shows_changes_of_the_host_at_once)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a;
    char c;

    start_mounted();
    u32 ino = fake_make("f", S_IFREG | 0644, "1");
    CHECK_EQ(open_at("/mnt/f", O_RDONLY, &f), 0);
    fake.file[ino].size = 2;
    fake.file[ino].mode = S_IFREG | 0600;
    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);
    CHECK_EQ(a.size, 2);
    CHECK_EQ(vnode_mode(f->vnode), S_IFREG | 0600);
    CHECK_EQ(get(f, &c, 1), 1);
    file_put(TAKE(f));
    stop();
}

TEST(hostfs_makes_files_with_the_mode_and_owner_that_was_asked_for)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a;

    start_mounted();
    fake.umask = 0777;                           /* the host's habits are put right         */
    CHECK_EQ(open_at("/mnt/new", O_RDWR | O_CREAT | O_EXCL, &f), 0);
    CHECK_EQ(put(f, "text"), 4);
    CHECK_EQ(fake.file[fake_find("new")].mode, S_IFREG | 0644);
    CHECK_EQ(fake.file[fake_find("new")].size, 4);
    file_put(TAKE(f));
    machine_become(77, 77);
    fake.file[1].mode = S_IFDIR | 0777;
    CHECK_EQ(attributes("/mnt", &a), 0);         /* the root's are known when it is looked at */
    CHECK_EQ(open_at("/mnt/mine", O_RDWR | O_CREAT, &f), 0);
    CHECK_EQ(fake.file[fake_find("mine")].uid, 1000);
    file_put(TAKE(f));
    machine_become(78, 78);                      /* nobody on the host                      */
    CHECK_EQ(open_at("/mnt/his", O_RDWR | O_CREAT, &f), -EOVERFLOW);
    CHECK_EQ(fake_find("his"), 0);
    machine_become(0, 0);
    stop();
}

TEST(hostfs_maps_owners_and_hides_set_id_bits)
{
    struct vattr a;

    start_mounted();
    u32 ino = fake_make("f", S_IFREG | 06755, "x");
    fake.file[ino].uid = 1000;
    fake.file[ino].gid = 4242;
    CHECK_EQ(attributes("/mnt/f", &a), 0);
    CHECK_EQ(a.mode, S_IFREG | 0755);
    CHECK_EQ(a.uid, 77);
    CHECK_EQ(a.gid, ID_UNKNOWN);
    stop();
}

TEST(hostfs_hard_links_are_one_file)
{
    struct place a, b;

    start_mounted();
    fake_make("a", S_IFREG | 0644, "x");
    CHECK_EQ(vfs_linkat(AT_FDCWD, "/mnt/a", AT_FDCWD, "/mnt/b", 0), 0);
    CHECK_EQ(fake_find("a"), fake_find("b"));
    CHECK_EQ(path_walk(AT_FDCWD, "/mnt/a", 0, &a), 0);
    CHECK_EQ(path_walk(AT_FDCWD, "/mnt/b", 0, &b), 0);
    CHECK(a.vnode == b.vnode);
    place_put(&a);
    place_put(&b);
    stop();
}

TEST(hostfs_names_can_be_changed)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a;

    start_mounted();
    CHECK_EQ(vfs_mkdir_p("/mnt/d/e", 0755), 0);
    fake_make("f", S_IFREG | 0644, "old");
    CHECK_EQ(open_at("/mnt/f", O_PATH, &f), 0);
    CHECK_EQ(vfs_renameat(AT_FDCWD, "/mnt/f", AT_FDCWD, "/mnt/d/e/g", 0), 0);
    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);    /* by its new name                         */
    CHECK_EQ(a.nlink, 1);
    check_content("/mnt/d/e/g", "old");
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/mnt/d/e", AT_REMOVEDIR), -ENOTEMPTY);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/mnt/d/e/g", 0), 0);
    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);    /* and without one, as it was              */
    CHECK_EQ(a.nlink, 0);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/mnt/d/e", AT_REMOVEDIR), 0);
    CHECK_EQ(fake_find("d/e"), 0);
    file_put(TAKE(f));
    stop();
}

TEST(hostfs_removed_files_live_while_they_are_open)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a;
    char buf[8];

    start_mounted();
    fake_make("f", S_IFREG | 0644, "text");
    CHECK_EQ(open_at("/mnt/f", O_RDWR, &f), 0);
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/mnt/f", 0), 0);
    CHECK_EQ(get(f, buf, 4), 4);
    CHECK_EQ(put(f, "more"), 4);
    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);
    CHECK_EQ(a.nlink, 0);
    CHECK_EQ(a.size, 8);
    file_put(TAKE(f));
    stop();
}

TEST(hostfs_links_are_walked_inside)
{
    struct place p;

    start_mounted();
    fake_make("abs", S_IFLNK | 0777, "/etc/passwd");
    fake_make("up", S_IFLNK | 0777, "../../../../etc/passwd");
    fake_make("f", S_IFREG | 0644, "in");
    fake_make("here", S_IFLNK | 0777, "f");
    CHECK_EQ(path_walk(AT_FDCWD, "/mnt/abs", WALK_FOLLOW, &p), -ENOENT);
    CHECK_EQ(path_walk(AT_FDCWD, "/mnt/up", WALK_FOLLOW, &p), -ENOENT);
    check_content("/mnt/here", "in");
    stop();
}

TEST(hostfs_directories_can_be_listed_in_parts)
{
    AUTO(file_putp) struct file *f = NULL;
    struct listing l = { .left = 3 };
    char name[4] = "f0";

    start_mounted();
    for (u32 i = 0; i < 8; i++, name[1]++)
        fake_make(name, S_IFREG | 0644, NULL);
    CHECK_EQ(open_at("/mnt", O_RDONLY, &f), 0);
    CHECK_EQ(dir_read(f, list_one, &l), 0);      /* ".", "..", and one                      */
    CHECK_STREQ(l.text, ". .. f0 ");
    fake.file[1].entry[1].ino = 0;               /* f1 goes, the place stays true           */
    l = (struct listing){ .left = 2 };
    CHECK_EQ(dir_read(f, list_one, &l), 0);
    CHECK_STREQ(l.text, "f2 f3 ");
    l = (struct listing){ .left = 100 };
    CHECK_EQ(dir_read(f, list_one, &l), 0);
    CHECK_STREQ(l.text, "f4 f5 f6 f7 ");
    l = (struct listing){ .left = 100 };
    CHECK_EQ(dir_read(f, list_one, &l), 0);
    CHECK_STREQ(l.text, "");
    file_put(TAKE(f));
    stop();
}

TEST(hostfs_devices_are_seen_and_not_opened)
{
    struct file *f;

    start_mounted();
    fake_make("null", S_IFCHR | 0666, NULL);
    fake_make("sock", S_IFSOCK | 0666, NULL);
    CHECK_EQ(open_at("/mnt/null", O_RDONLY, &f), -EACCES);
    CHECK_EQ(open_at("/mnt/sock", O_RDONLY, &f), -ENXIO);
    stop();
}

TEST(hostfs_single_files_can_be_mounted)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a = { .mode = S_IFREG | 0644 };

    start();
    fake_make("one", S_IFREG | 0644, "only");
    CHECK_EQ(mount_it("/one"), -ENOTDIR);        /* a file covers a file                    */
    CHECK_EQ(vfs_unlinkat(AT_FDCWD, "/mnt", AT_REMOVEDIR), 0);
    CHECK_EQ(vfs_createat(AT_FDCWD, "/mnt", &a, NULL), 0);
    CHECK_EQ(mount_it("/one"), 0);
    check_content("/mnt", "only");
    CHECK_EQ(open_at("/mnt", O_WRONLY | O_APPEND, &f), 0);
    CHECK_EQ(put(f, "!"), 1);
    CHECK_EQ(fake.file[fake_find("one")].size, 5);
    file_put(TAKE(f));
    stop();
}

TEST(hostfs_mapped_pages_are_the_file_and_reach_the_host)
{
    AUTO(file_putp) struct file *f = NULL;
    u8 *mem = NULL;
    char buf[16];

    start_mounted();
    u32 ino = fake_make("f", S_IFREG | 0644, "hello");
    machine.quiet = true;
    mem = page_alloc(2);
    CHECK_EQ(open_at("/mnt/f", O_RDWR, &f), 0);
    CHECK_EQ(mapped_pin(f->vnode, 0, PAGE_SIZE, mem), 0);
    CHECK_EQ(mapped_pin(f->vnode, 0, PAGE_SIZE, mem), -EBUSY);
    CHECK_MEMEQ(mem, "hello", 6);
    mem[0] = 'J';
    CHECK_EQ(get(f, buf, sizeof(buf)), 5);
    CHECK_MEMEQ(buf, "Jello", 5);
    CHECK_EQ(fake.file[ino].data[0], 'h');       /* not yet                                 */
    CHECK_EQ(put(f, "!"), 1);
    CHECK_EQ(mem[5], '!');
    CHECK_EQ(fake.file[ino].data[5], '!');
    CHECK_EQ(vfs_fsync(f, SYNC_DATA), 0);
    CHECK_MEMEQ(fake.file[ino].data, "Jello!", 6);
    mem[1] = 'u';
    CHECK_EQ(vfs_ftruncate(f, 3), 0);
    CHECK_EQ(mem[3], 0);
    CHECK_EQ(mapped_unpin(f->vnode, 0, PAGE_SIZE), 0);
    CHECK_EQ(fake.file[ino].size, 3);
    CHECK_MEMEQ(fake.file[ino].data, "Jul", 3);
    file_put(TAKE(f));
    page_free(mem, 2);
    stop();
}

TEST(hostfs_pages_nobody_stored_to_are_not_written)
{
    AUTO(file_putp) struct file *f = NULL;
    u8 *mem;

    start_mounted();
    u32 ino = fake_make("f", S_IFREG | 0644, "mine");
    machine.quiet = true;
    mem = page_alloc(1);
    CHECK_EQ(open_at("/mnt/f", O_RDWR, &f), 0);
    CHECK_EQ(mapped_pin(f->vnode, 0, PAGE_SIZE, mem), 0);
    fake.file[ino].data[0] = 'M';                /* the host's change stays                 */
    CHECK_EQ(mapped_unpin(f->vnode, 0, PAGE_SIZE), 0);
    CHECK_MEMEQ(fake.file[ino].data, "Mine", 4);
    file_put(TAKE(f));
    page_free(mem, 1);
    stop();
}

TEST_TORTURE(hostfs_without_memory_leaves_nothing)
{
    AUTO(file_putp) struct file *f = NULL;
    struct listing l;
    int err;

    start_mounted();
    fake_make("d", S_IFDIR | 0755, NULL);
    fake_make("d/l", S_IFLNK | 0777, "f");
    err = open_at("/mnt/d/f", O_RDWR | O_CREAT, &f);
    CHECK(!err || err == -ENOMEM);
    if (f)
        (void)put(f, "text");
    file_put(TAKE(f));
    (void)!vfs_renameat(AT_FDCWD, "/mnt/d/f", AT_FDCWD, "/mnt/g", 0);
    (void)!open_at("/mnt/d/l", O_RDONLY, &f);
    file_put(TAKE(f));
    machine.quiet = true;
    (void)!list("/mnt/d", &l);
    stop();
}

/* ---- a host that lies ---- */

static struct stat *told(struct hostcall *c)
{
    if (c->op == HOSTOP_fstat)
        return c->buf[0].ptr;
    return c->op == HOSTOP_statat ? c->buf[1].ptr : NULL;
}

static s64 lie_type(struct hostcall *c, s64 answer)
{
    struct stat *st = told(c);

    if (st && (st->st_mode & S_IFMT) == S_IFREG)
        st->st_mode = S_IFDIR | 0755;
    return answer;
}

TEST(hostfs_types_do_not_change_while_open)
{
    AUTO(file_putp) struct file *f = NULL;
    struct vattr a;

    start_mounted();
    fake_make("f", S_IFREG | 0644, "x");
    CHECK_EQ(open_at("/mnt/f", O_RDONLY, &f), 0);
    fake.lie = lie_type;
    CHECK_EQ(vnode_getattr(f->vnode, &a), -EIO);
    CHECK_EQ(attributes("/mnt/f", &a), -EIO);
    fake.lie = NULL;
    CHECK_EQ(vnode_getattr(f->vnode, &a), 0);
    file_put(TAKE(f));
    stop();
}

static s64 lie_root(struct hostcall *c, s64 answer)
{
    struct stat *st = c->op == HOSTOP_statat ? told(c) : NULL;

    if (st)
        st->st_ino = 1;
    return answer;
}

TEST(hostfs_root_is_nobodys_child)
{
    struct vattr a;

    start_mounted();
    fake_make("d", S_IFDIR | 0755, NULL);
    fake.lie = lie_root;
    CHECK_EQ(attributes("/mnt/d", &a), -EIO);
    stop();
}

static s64 lie_fields(struct hostcall *c, s64 answer)
{
    struct stat *st = told(c);

    switch (st && S_ISREG(st->st_mode) ? fake.calls % 5 : 5) {
    case 0:
        st->st_size = -1;
        break;
    case 1:
        st->st_mode = 0170000;
        break;
    case 2:
        st->st_mtime_nsec = 1000000000;
        break;
    case 3:
        st->st_nlink = 1ul << 40;
        break;
    case 4:
        st->st_blocks = -8;
        break;
    }
    return answer;
}

TEST(hostfs_attributes_no_file_can_have_are_refused)
{
    struct vattr a;

    start_mounted();
    fake_make("f", S_IFREG | 0644, "x");
    fake.lie = lie_fields;
    for (u32 i = 0; i < 20; i++)
        CHECK_EQ(attributes("/mnt/f", &a), -EIO);
    stop();
}

static s64 lie_opens_another(struct hostcall *c, s64 answer)
{
    if (c->op == HOSTOP_openat && answer > 0)
        fake.fd[answer - 10].ino = fake_find("other");
    return answer;
}

TEST(hostfs_another_file_than_was_asked_for_is_not_used)
{
    struct file *f;

    start_mounted();
    fake_make("f", S_IFREG | 0644, "right");
    fake_make("other", S_IFREG | 0644, "wrong");
    fake_make("d", S_IFDIR | 0755, NULL);
    fake.lie = lie_opens_another;
    CHECK_EQ(open_at("/mnt/f", O_RDONLY, &f), -ENOENT);
    CHECK_EQ(open_at("/mnt/d", O_RDONLY, &f), -EIO);
    stop();
}

/* Put a byte into each name that is listed. */
static u8 bad_byte;

static s64 lie_names(struct hostcall *c, s64 answer)
{
    u8 *buf = c->buf[0].ptr;

    for (s64 at = 0; c->op == HOSTOP_getdents && at < answer;) {
        struct linux_dirent64 *e = (struct linux_dirent64 *)(buf + at);

        at += e->d_reclen;
        if (strcmp(e->d_name, "."))
            e->d_name[0] = (char)bad_byte;
    }
    return answer;
}

TEST(hostfs_names_that_cannot_be_are_refused)
{
    struct listing l;

    start_mounted();
    fake_make("abc", S_IFREG | 0644, "x");
    fake.lie = lie_names;
    bad_byte = '/';
    CHECK_EQ(list("/mnt", &l), -EIO);
    bad_byte = '\0';
    CHECK_EQ(list("/mnt", &l), -EIO);
    bad_byte = 'x';
    CHECK_EQ(list("/mnt", &l), 0);
    CHECK_STREQ(l.text, ". .. xbc ");
    stop();
}

static s64 lie_records(struct hostcall *c, s64 answer)
{
    static const u16 lengths[] = { 0, 1, 7, 19, 20, 25, 4096, 65528 };

    if (c->op == HOSTOP_getdents && answer)
        ((struct linux_dirent64 *)c->buf[0].ptr)->d_reclen = lengths[fake.file[1].mtime++ % 8];
    return answer;
}

TEST(hostfs_records_that_leave_the_buffer_are_refused)
{
    struct listing l;

    start_mounted();
    fake_make("abc", S_IFREG | 0644, "x");
    fake.lie = lie_records;
    for (u32 i = 0; i < 8; i++)
        CHECK_EQ(list("/mnt", &l), -EIO);
    stop();
}

TEST(hostfs_names_are_listed_once)
{
    struct listing l;

    start_mounted();
    fake_make("twice", S_IFREG | 0644, "x");
    fake_make("other", S_IFREG | 0644, "x");
    memcpy(fake.file[1].entry[1].name, "twice", 6);
    CHECK_EQ(list("/mnt", &l), 0);
    CHECK_STREQ(l.text, ". .. twice ");
    stop();
}

static s64 link_answer;

static s64 lie_link(struct hostcall *c, s64 answer)
{
    if (c->op != HOSTOP_readlinkat)
        return answer;
    if (link_answer == -1)
        memset(c->buf[1].ptr, 0, 2);
    return link_answer == -1 ? answer : link_answer;
}

TEST(hostfs_links_have_a_text)
{
    static const s64 answers[] = { 0, 4096, 4097, INT32_MAX, -1 };
    struct vattr a;

    start_mounted();
    fake_make("l", S_IFLNK | 0777, "target");
    fake.lie = lie_link;
    for (u32 i = 0; i < ARRAY_SIZE(answers); i++) {
        link_answer = answers[i];
        CHECK_EQ(attributes("/mnt/l", &a), -EIO);
    }
    stop();
}

static s64 lie_counts(struct hostcall *c, s64 answer)
{
    return c->op == HOSTOP_pread || c->op == HOSTOP_pwrite ? (s64)c->buf[0].len + 1 : answer;
}

TEST(hostfs_more_bytes_than_were_asked_for_are_none)
{
    AUTO(file_putp) struct file *f = NULL;
    char buf[8];

    start_mounted();
    fake_make("f", S_IFREG | 0644, "x");
    CHECK_EQ(open_at("/mnt/f", O_RDWR, &f), 0);
    fake.lie = lie_counts;
    CHECK_EQ(get(f, buf, sizeof(buf)), -EIO);
    CHECK_EQ(put(f, "x"), -EIO);
    file_put(TAKE(f));
    stop();
}

/* ---- any lie ---- */

static u64 rng;

static u32 dice(u32 sides)
{
    rng = rng * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(rng >> 33) % sides;
}

/* Descriptors stay honest, so that the host itself can be asked what is open. */
static s64 lie_at_random(struct hostcall *c, s64 answer)
{
    struct stat *st = told(c);
    u32 buf = dice(2);

    if (c->op == HOSTOP_close || c->op == HOSTOP_openat || c->op == HOSTOP_open_root || dice(6))
        return answer;
    if (st && dice(2)) {
        u64 *words = (u64 *)st;

        words[dice(sizeof(*st) / sizeof(*words))] ^= 1ull << dice(64);
        return answer;
    }
    if (c->op == HOSTOP_getdents && answer > 0 && dice(2)) {
        ((u8 *)c->buf[0].ptr)[dice((u32)answer)] ^= (u8)(1u << dice(8));
        return answer;
    }
    switch (dice(5)) {
    case 0:
        return -(s64)dice(140);
    case 1:
        return (s64)c->buf[buf].len + dice(3) - 1;
    case 2:
        return (s64)rng;
    case 3:
        return 0;
    }
    return answer;
}

static void do_something(void)
{
    static const char *const paths[] = { "/mnt/a",     "/mnt/b", "/mnt/d",   "/mnt/d/a", "/mnt/d/e",
                                         "/mnt/d/e/a", "/mnt/l", "/mnt/l/b", "/mnt" };
    const char *a = paths[dice(ARRAY_SIZE(paths))], *b = paths[dice(ARRAY_SIZE(paths))];
    AUTO(file_putp) struct file *f = NULL;
    struct vattr attr = { .mode = S_IFLNK | 0777, .link = "d" };
    struct listing l = { .left = 50 };
    char buf[100];

    switch (dice(9)) {
    case 0:
        (void)!vfs_mkdir_p(a, 0755);
        break;
    case 1:
        (void)!vfs_unlinkat(AT_FDCWD, a, dice(2) ? AT_REMOVEDIR : 0);
        break;
    case 2:
        (void)!vfs_renameat(AT_FDCWD, a, AT_FDCWD, b, dice(4) ? 0 : RENAME_EXCHANGE);
        break;
    case 3:
        (void)!vfs_linkat(AT_FDCWD, a, AT_FDCWD, b, 0);
        break;
    case 4:
        (void)!vfs_createat(AT_FDCWD, a, &attr, NULL);
        break;
    case 5:
        (void)!attributes(a, &attr);
        break;
    case 6:
        (void)!vfs_truncateat(a, dice(20000));
        break;
    default:
        if (open_at(a, dice(2) ? O_RDONLY : O_RDWR | O_CREAT, &f))
            return;
        (void)put(f, "some text");
        (void)get(f, buf, sizeof(buf));
        if (f->vnode->type == S_IFDIR)
            (void)!dir_read(f, list_one, &l);
    }
}

TEST(hostfs_survives_whatever_the_host_says)
{
    for (u64 seed = 1; seed <= 30; seed++) {
        start_mounted();
        rng = seed;
        for (u32 i = 0; i < 600; i++) {
            fake.lie = i < 20 ? NULL : lie_at_random;
            do_something();
        }
        stop();
    }
}
