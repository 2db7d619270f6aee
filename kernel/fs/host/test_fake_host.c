/* SPDX-License-Identifier: MIT */
/* A host in memory: see test_fake_host.h. */
#include "kernel/fs/host/test_fake_host.h"
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "kernel/host/host_int.h"
#include "kernel/lib/string.h"
#include "tests/unit/test.h"

enum { FIRST_FD = 10, OFFSET_STEP = 1000 };      /* getdents(2)'s offsets are not indexes   */

struct fake_host fake;

static struct fake_file *file(u32 ino)
{
    return &fake.file[ino];
}

/* ---- the tree ---- */

static u32 file_new(u32 mode)
{
    for (u32 ino = 1; ino <= FAKE_FILES; ino++) {
        if (file(ino)->mode)
            continue;
        memset(file(ino), 0, sizeof(*file(ino)));
        file(ino)->mode = mode;
        file(ino)->nlink = S_ISDIR(mode) ? 2 : 1;
        return ino;
    }
    return 0;
}

static int entry_find(u32 dir, const char *name)
{
    for (int i = 0; i < FAKE_ENTRIES; i++)
        if (file(dir)->entry[i].ino && !strcmp(file(dir)->entry[i].name, name))
            return i;
    return -1;
}

static int entry_add(u32 dir, const char *name, u32 ino)
{
    for (int i = 0; i < FAKE_ENTRIES; i++) {
        if (file(dir)->entry[i].ino)
            continue;
        str_copy(file(dir)->entry[i].name, name, sizeof(file(dir)->entry[i].name));
        file(dir)->entry[i].ino = ino;
        return 0;
    }
    return -ENOSPC;
}

static u32 lookup(u32 dir, const char *name)
{
    int i = entry_find(dir, name);

    return i < 0 ? 0 : file(dir)->entry[i].ino;
}

static bool is_open(u32 ino)
{
    for (u32 i = 0; i < FAKE_FDS; i++)
        if (fake.fd[i].ino == ino)
            return true;
    return false;
}

static void file_release(u32 ino)
{
    if (!file(ino)->nlink && !is_open(ino))
        file(ino)->mode = 0;
}

u32 fake_find(const char *path)
{
    char name[256];
    u32 ino = 1;

    while (ino && *path) {
        size_t len = 0;

        while (path[len] && path[len] != '/')
            len++;
        memcpy(name, path, len);
        name[len] = '\0';
        path += len + (path[len] == '/');
        ino = lookup(ino, name);
    }
    return ino;
}

u32 fake_make(const char *path, u32 mode, const char *text)
{
    const char *slash = strrchr(path, '/');
    char dir[256] = "";
    u32 ino = file_new(mode);

    CHECK(ino);
    if (slash)
        memcpy(dir, path, (size_t)(slash - path));
    CHECK(fake_find(dir));
    CHECK_EQ(entry_add(fake_find(dir), slash ? slash + 1 : path, ino), 0);
    if (text) {
        file(ino)->size = strlen(text);
        memcpy(file(ino)->data, text, strlen(text));
    }
    return ino;
}

/* ---- descriptors ---- */

static struct fake_fd *fd_of(hfd fd)
{
    s64 i = fd.id - FIRST_FD;

    CHECK(i >= 0 && i < FAKE_FDS);               /* the kernel only names what it was given */
    CHECK(fake.fd[i].ino);
    return &fake.fd[i];
}

static s64 fd_open(u32 ino, u64 flags)
{
    for (u32 i = 0; i < FAKE_FDS; i++) {
        if (fake.fd[i].ino)
            continue;
        fake.fd[i] = (struct fake_fd){ ino, (u32)flags, 0 };
        fake.fds++;
        return i + FIRST_FD;
    }
    return -EMFILE;
}

static s64 op_close(struct hostcall *c)
{
    struct fake_fd *f = fd_of(c->fd);
    u32 ino = f->ino;

    f->ino = 0;
    fake.fds--;
    file_release(ino);
    return 0;
}

/* What hostfs promises never to ask. */
static const char *check_name(const struct hostcall *c, u32 buf)
{
    const char *name = c->buf[buf].ptr;

    CHECK_EQ(strlen(name) + 1, c->buf[buf].len);
    CHECK(!strchr(name, '/'));
    CHECK(strcmp(name, ".."));
    return name;
}

static s64 open_flags_check(u32 ino, u64 flags)
{
    u32 mode = file(ino)->mode;

    if (S_ISLNK(mode) && !(flags & O_PATH))
        return -ELOOP;
    if ((flags & O_DIRECTORY) && !S_ISDIR(mode))
        return -ENOTDIR;
    if (S_ISDIR(mode) && (flags & O_ACCMODE))
        return -EISDIR;
    CHECK((flags & O_PATH) || S_ISDIR(mode) || S_ISREG(mode)); /* never a device, a FIFO    */
    return 0;
}

static s64 op_open_root(struct hostcall *c)
{
    u32 ino = fake_find((const char *)c->buf[0].ptr + 1);
    s64 err = ino ? open_flags_check(ino, c->arg[0]) : -ENOENT;

    return err ? err : fd_open(ino, c->arg[0]);
}

static s64 create(u32 dir, const char *name, u32 mode)
{
    u32 ino;

    if (lookup(dir, name))
        return -EEXIST;
    ino = file_new(mode & ~fake.umask);
    if (!ino)
        return -ENOSPC;
    if (entry_add(dir, name, ino)) {
        file(ino)->mode = 0;
        return -ENOSPC;
    }
    return ino;
}

static s64 op_openat(struct hostcall *c)
{
    u32 dir = fd_of(c->fd)->ino;
    const char *name = check_name(c, 0);
    s64 ino = strcmp(name, ".") ? lookup(dir, name) : dir, err;

    CHECK(c->arg[0] & O_NOFOLLOW);
    if ((c->arg[0] & O_TMPFILE) == O_TMPFILE) {
        ino = file_new(S_IFREG | ((u32)c->arg[1] & ~fake.umask));
        file((u32)ino)->nlink = 0;
        return fd_open((u32)ino, c->arg[0]);
    }
    if (c->arg[0] & O_CREAT)
        ino = create(dir, name, S_IFREG | (u32)c->arg[1]);
    if (ino <= 0)
        return ino ? ino : -ENOENT;
    err = open_flags_check((u32)ino, c->arg[0]);
    return err ? err : fd_open((u32)ino, c->arg[0]);
}

/* ---- attributes ---- */

static void stat_fill(u32 ino, struct stat *st)
{
    const struct fake_file *f = file(ino);

    *st = (struct stat){
        .st_dev = FAKE_DEV,
        .st_ino = ino,
        .st_mode = f->mode,
        .st_nlink = f->nlink,
        .st_uid = f->uid,
        .st_gid = f->gid,
        .st_size = (s64)f->size,
        .st_blksize = 4096,
        .st_blocks = (s64)(f->size + 511) / 512,
        .st_mtime = f->mtime,
    };
}

static s64 op_fstat(struct hostcall *c)
{
    stat_fill(fd_of(c->fd)->ino, c->buf[0].ptr);
    return 0;
}

static s64 op_statat(struct hostcall *c)
{
    u32 ino = lookup(fd_of(c->fd)->ino, check_name(c, 0));

    if (!ino)
        return -ENOENT;
    stat_fill(ino, c->buf[1].ptr);
    return 0;
}

static s64 op_fchmod(struct hostcall *c)
{
    struct fake_file *f = file(fd_of(c->fd)->ino);

    CHECK(!(c->arg[0] & ~01777ul));              /* set-id bits stay inside                 */
    f->mode = (f->mode & S_IFMT) | (u32)c->arg[0];
    return 0;
}

static s64 op_fchown(struct hostcall *c)
{
    struct fake_file *f = file(fd_of(c->fd)->ino);

    f->uid = c->arg[0] == UINT32_MAX ? f->uid : (u32)c->arg[0];
    f->gid = c->arg[1] == UINT32_MAX ? f->gid : (u32)c->arg[1];
    return 0;
}

static s64 op_futimens(struct hostcall *c)
{
    const struct __kernel_timespec *ts = c->buf[0].ptr;

    if (ts[1].tv_nsec != UTIME_OMIT)
        file(fd_of(c->fd)->ino)->mtime = (u64)ts[1].tv_sec;
    return 0;
}

static s64 op_statfs(struct hostcall *c)
{
    struct statfs *st = c->buf[0].ptr;

    fd_of(c->fd);
    st->f_bsize = 4096;
    st->f_blocks = 1000;
    st->f_bfree = st->f_bavail = 500;
    return 0;
}

/* ---- content ---- */

static s64 op_pread(struct hostcall *c)
{
    struct fake_fd *fd = fd_of(c->fd);
    const struct fake_file *f = file(fd->ino);
    u64 off = c->arg[0];
    size_t n;

    CHECK((fd->flags & O_ACCMODE) != O_WRONLY);
    if (off >= f->size)
        return 0;
    n = min_size(c->buf[0].len, f->size - off);
    memcpy(c->buf[0].ptr, f->data + off, n);
    return (s64)n;
}

static s64 op_pwrite(struct hostcall *c)
{
    struct fake_fd *fd = fd_of(c->fd);
    struct fake_file *f = file(fd->ino);
    u64 off = c->arg[0];
    size_t n;

    CHECK((fd->flags & O_ACCMODE) != O_RDONLY);
    if (off >= FAKE_DATA)
        return -ENOSPC;
    n = min_size(c->buf[0].len, FAKE_DATA - off);
    memcpy(f->data + off, c->buf[0].ptr, n);
    f->size = max_u64(f->size, off + n);
    return (s64)n;
}

static s64 op_ftruncate(struct hostcall *c)
{
    struct fake_file *f = file(fd_of(c->fd)->ino);

    if (c->arg[0] > FAKE_DATA)
        return -EFBIG;
    if (c->arg[0] < f->size)
        memset(f->data + c->arg[0], 0, f->size - c->arg[0]);
    f->size = c->arg[0];
    return 0;
}

static s64 op_lseek(struct hostcall *c)
{
    struct fake_fd *fd = fd_of(c->fd);

    if (c->arg[1] == SEEK_HOLE)
        return (s64)file(fd->ino)->size;
    if (c->arg[1] == SEEK_SET)
        fd->pos = c->arg[0];
    return (s64)c->arg[0];
}

static s64 op_zero(struct hostcall *c)
{
    fd_of(c->fd);
    return 0;
}

/* ---- names ---- */

static s64 op_readlinkat(struct hostcall *c)
{
    u32 ino = lookup(fd_of(c->fd)->ino, check_name(c, 0));
    size_t n;

    if (!ino || !S_ISLNK(file(ino)->mode))
        return ino ? -EINVAL : -ENOENT;
    n = min_size(c->buf[1].len, file(ino)->size);
    memcpy(c->buf[1].ptr, file(ino)->data, n);
    return (s64)n;
}

static s64 made(s64 ino)
{
    return ino < 0 ? ino : 0;
}

static s64 op_mkdirat(struct hostcall *c)
{
    return made(create(fd_of(c->fd)->ino, check_name(c, 0), S_IFDIR | (u32)c->arg[0]));
}

static s64 op_mknodat(struct hostcall *c)
{
    CHECK(S_ISFIFO(c->arg[0]) || S_ISSOCK(c->arg[0]));
    return made(create(fd_of(c->fd)->ino, check_name(c, 0), (u32)c->arg[0]));
}

static s64 op_symlinkat(struct hostcall *c)
{
    s64 ino = create(fd_of(c->fd)->ino, check_name(c, 1), S_IFLNK | 0777);

    if (ino < 0)
        return ino;
    file((u32)ino)->size = strlen(c->buf[0].ptr);
    memcpy(file((u32)ino)->data, c->buf[0].ptr, strlen(c->buf[0].ptr));
    return 0;
}

static s64 op_linkat(struct hostcall *c)
{
    u32 to = fd_of((hfd){ (s64)c->arg[0] })->ino;
    const char *from = c->buf[0].ptr;
    u32 ino = *from ? lookup(fd_of(c->fd)->ino, check_name(c, 0)) : fd_of(c->fd)->ino;

    if (!ino)
        return -ENOENT;
    if (lookup(to, check_name(c, 1)))
        return -EEXIST;
    file(ino)->nlink++;
    return entry_add(to, c->buf[1].ptr, ino);
}

static bool is_empty(u32 dir)
{
    for (u32 i = 0; i < FAKE_ENTRIES; i++)
        if (file(dir)->entry[i].ino)
            return false;
    return true;
}

static s64 op_unlinkat(struct hostcall *c)
{
    u32 dir = fd_of(c->fd)->ino;
    int i = entry_find(dir, check_name(c, 0));
    u32 ino = i < 0 ? 0 : file(dir)->entry[i].ino;

    if (!ino)
        return -ENOENT;
    if (S_ISDIR(file(ino)->mode) != !!(c->arg[0] & AT_REMOVEDIR))
        return c->arg[0] ? -ENOTDIR : -EISDIR;
    if (S_ISDIR(file(ino)->mode) && !is_empty(ino))
        return -ENOTEMPTY;
    file(dir)->entry[i].ino = 0;
    file(ino)->nlink = S_ISDIR(file(ino)->mode) ? 0 : file(ino)->nlink - 1;
    file_release(ino);
    return 0;
}

static s64 op_renameat(struct hostcall *c)
{
    u32 from = fd_of(c->fd)->ino, to = fd_of((hfd){ (s64)c->arg[0] })->ino;
    int i = entry_find(from, check_name(c, 0)), j = entry_find(to, check_name(c, 1));
    u32 ino = i < 0 ? 0 : file(from)->entry[i].ino;

    if (!ino)
        return -ENOENT;
    if (j >= 0 && (c->arg[1] & RENAME_NOREPLACE))
        return -EEXIST;
    if (c->arg[1] & RENAME_EXCHANGE) {
        if (j < 0)
            return -ENOENT;
        file(from)->entry[i].ino = file(to)->entry[j].ino;
        file(to)->entry[j].ino = ino;
        return 0;
    }
    if (j >= 0) {
        u32 victim = file(to)->entry[j].ino;

        file(to)->entry[j].ino = 0;
        file(victim)->nlink = S_ISDIR(file(victim)->mode) ? 0 : file(victim)->nlink - 1;
        file_release(victim);
    }
    file(from)->entry[i].ino = 0;
    return entry_add(to, c->buf[1].ptr, ino);
}

static size_t dirent_put(u8 *dst, size_t room, const char *name, u32 ino, u64 next)
{
    size_t len = (offsetof(struct linux_dirent64, d_name) + strlen(name) + 1 + 7) & ~7ul;
    struct linux_dirent64 *e = (struct linux_dirent64 *)dst;

    if (len > room)
        return 0;
    memset(dst, 0, len);
    e->d_ino = ino;
    e->d_off = (s64)next;
    e->d_reclen = (u16)len;
    e->d_type = (u8)(file(ino)->mode >> 12);
    memcpy(e->d_name, name, strlen(name));
    return len;
}

static s64 op_getdents(struct hostcall *c)
{
    struct fake_fd *fd = fd_of(c->fd);
    struct fake_file *dir = file(fd->ino);
    size_t done = 0;

    for (u64 i = fd->pos / OFFSET_STEP; i < FAKE_ENTRIES + 1; i++) {
        const char *name = i ? dir->entry[i - 1].name : ".";
        u32 ino = i ? dir->entry[i - 1].ino : fd->ino;
        u64 next = i == FAKE_ENTRIES ? INT64_MAX : (i + 1) * OFFSET_STEP;
        size_t n;

        if (ino) {
            n = dirent_put((u8 *)c->buf[0].ptr + done, c->buf[0].len - done, name, ino, next);
            if (!n)
                break;
            done += n;
        }
        fd->pos = next;
    }
    return (s64)done;
}

/* ---- the door ---- */

typedef s64 (*op_fn)(struct hostcall *c);

static const op_fn ops[HOSTOP_COUNT] = {
    [HOSTOP_pread] = op_pread,         [HOSTOP_pwrite] = op_pwrite,
    [HOSTOP_close] = op_close,         [HOSTOP_fstat] = op_fstat,
    [HOSTOP_open_root] = op_open_root, [HOSTOP_openat] = op_openat,
    [HOSTOP_statat] = op_statat,       [HOSTOP_readlinkat] = op_readlinkat,
    [HOSTOP_mkdirat] = op_mkdirat,     [HOSTOP_mknodat] = op_mknodat,
    [HOSTOP_symlinkat] = op_symlinkat, [HOSTOP_linkat] = op_linkat,
    [HOSTOP_unlinkat] = op_unlinkat,   [HOSTOP_renameat] = op_renameat,
    [HOSTOP_fchmod] = op_fchmod,       [HOSTOP_fchown] = op_fchown,
    [HOSTOP_ftruncate] = op_ftruncate, [HOSTOP_fallocate] = op_zero,
    [HOSTOP_futimens] = op_futimens,   [HOSTOP_fsync] = op_zero,
    [HOSTOP_getdents] = op_getdents,   [HOSTOP_lseek] = op_lseek,
    [HOSTOP_statfs] = op_statfs,
};

static s64 fake_call(struct hostcall *c)
{
    s64 answer;

    CHECK(ops[c->op]);
    fake.calls++;
    answer = ops[c->op](c);
    return fake.lie ? fake.lie(c, answer) : answer;
}

void fake_host_start(void)
{
    memset(&fake, 0, sizeof(fake));
    host_target.call = fake_call;
    CHECK_EQ(file_new(S_IFDIR | 0755), 1);
}
