/* SPDX-License-Identifier: MIT */
/* Attributes: asking for them and changing them, by path and by descriptor. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/magic.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/syscall/flags.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/pipe.h"

/* AT_ flags as the walk understands them; those that mean nothing to it are the caller's. */
static u32 walk_flags(int at_flags)
{
    return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/* ---- stat ---- */

static int stat_out(uptr dst, const struct kstat *k)
{
    struct stat st;

    kstat_to_stat(k, &st);
    return copy_out_struct(dst, &st);
}

/* By descriptor, also one made with O_PATH. */
static int stat_fd(struct thread *self, int fd, struct kstat *ret)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow_path(self->fds, fd, &r);

    return err ? err : vfs_fstat(r.file, ret);
}

/* An empty path with AT_EMPTY_PATH is how glibc says fstat(2). */
static int stat_at(int dirfd, uptr path, u32 flags, struct kstat *ret)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    if (err)
        return err;
    if (!*p.str && (flags & WALK_EMPTY) && dirfd != AT_FDCWD)
        return stat_fd(thread_self(), dirfd, ret);
    return vfs_statat(dirfd, p.str, flags, ret);
}

static long stat_path(int dirfd, uptr path, u32 flags, uptr buf)
{
    struct kstat k;
    int err = stat_at(dirfd, path, flags, &k);

    return err ? err : stat_out(buf, &k);
}

long sys_stat(struct thread *self, uptr path, uptr buf)
{
    (void)self;
    return stat_path(AT_FDCWD, path, WALK_FOLLOW, buf);
}

long sys_lstat(struct thread *self, uptr path, uptr buf)
{
    (void)self;
    return stat_path(AT_FDCWD, path, 0, buf);
}

long sys_fstat(struct thread *self, int fd, uptr buf)
{
    struct kstat k;
    int err = stat_fd(self, fd, &k);

    return err ? err : stat_out(buf, &k);
}

long sys_newfstatat(struct thread *self, int dirfd, uptr path, uptr buf, int flags)
{
    int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;

    (void)self;
    if (flags & ~known)
        return -EINVAL;
    return stat_path(dirfd, path, walk_flags(flags), buf);
}

static long statx_path(int dirfd, uptr path, u32 flags, uptr buf)
{
    struct statx out;
    struct kstat k;
    int err = stat_at(dirfd, path, flags, &k);

    if (err)
        return err;
    kstat_to_statx(&k, &out);
    return copy_out_struct(buf, &out);
}

/* statx(2) refuses unknown flags and reserved bits of the mask; how fresh the answer must be is
 * advice, and ours always is. */
long sys_statx(struct thread *self, int dirfd, uptr path, int flags, u32 mask, uptr buf)
{
    int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;

    (void)self;
    if (flags & ~known || mask & STATX__RESERVED ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    return statx_path(dirfd, path, walk_flags(flags), buf);
}

/* ---- access ---- */

static long access_path(int dirfd, uptr path, u32 mode, int flags)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    return err ? err : vfs_accessat(dirfd, p.str, mode, (u32)flags);
}

static long access_at(int dirfd, uptr path, u32 mode, int flags)
{
    if (mode & ~7u || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return access_path(dirfd, path, mode, flags);
}

long sys_access(struct thread *self, uptr path, int mode)
{
    (void)self;
    return access_at(AT_FDCWD, path, (u32)mode, 0);
}

long sys_faccessat(struct thread *self, int dirfd, uptr path, int mode)
{
    (void)self;
    return access_at(dirfd, path, (u32)mode, 0);
}

long sys_faccessat2(struct thread *self, int dirfd, uptr path, int mode, int flags)
{
    (void)self;
    return access_at(dirfd, path, (u32)mode, flags);
}

/* ---- changes ---- */

static long change_path(int dirfd, uptr path, u32 flags, const struct attr_change *c)
{
    PATH_BUF_AUTO struct path_buf p;
    int err = path_buf_init(&p, path);

    return err ? err : vfs_changeat(dirfd, p.str, flags, c);
}

static long change_fd(struct thread *self, int fd, const struct attr_change *c)
{
    FD_REF_AUTO struct fd_ref r = { 0 };
    int err = fd_borrow(self->fds, fd, &r);

    return err ? err : vfs_fchange(r.file, c);
}

long sys_chmod(struct thread *self, uptr path, u32 mode)
{
    struct attr_change c = { .what = CHANGE_MODE, .mode = mode };

    (void)self;
    return change_path(AT_FDCWD, path, WALK_FOLLOW, &c);
}

long sys_fchmod(struct thread *self, int fd, u32 mode)
{
    struct attr_change c = { .what = CHANGE_MODE, .mode = mode };

    return change_fd(self, fd, &c);
}

long sys_fchmodat(struct thread *self, int dirfd, uptr path, u32 mode)
{
    struct attr_change c = { .what = CHANGE_MODE, .mode = mode };

    (void)self;
    return change_path(dirfd, path, WALK_FOLLOW, &c);
}

long sys_fchmodat2(struct thread *self, int dirfd, uptr path, u32 mode, int flags)
{
    struct attr_change c = { .what = CHANGE_MODE, .mode = mode };

    (void)self;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_path(dirfd, path, walk_flags(flags), &c);
}

static struct attr_change owner_change(u32 uid, u32 gid)
{
    return (struct attr_change){ .what = CHANGE_OWNER, .uid = uid, .gid = gid };
}

long sys_chown(struct thread *self, uptr path, u32 uid, u32 gid)
{
    struct attr_change c = owner_change(uid, gid);

    (void)self;
    return change_path(AT_FDCWD, path, WALK_FOLLOW, &c);
}

long sys_lchown(struct thread *self, uptr path, u32 uid, u32 gid)
{
    struct attr_change c = owner_change(uid, gid);

    (void)self;
    return change_path(AT_FDCWD, path, 0, &c);
}

long sys_fchown(struct thread *self, int fd, u32 uid, u32 gid)
{
    struct attr_change c = owner_change(uid, gid);

    return change_fd(self, fd, &c);
}

long sys_fchownat(struct thread *self, int dirfd, uptr path, u32 uid, u32 gid, int flags)
{
    struct attr_change c = owner_change(uid, gid);

    (void)self;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_path(dirfd, path, walk_flags(flags), &c);
}

/* ---- times ---- */

static const struct timespec64 time_now = { 0, UTIME_NOW };

static int times_from_timespec(uptr src, struct timespec64 ret[2])
{
    struct __kernel_timespec ts[2];
    int err = 0;

    ret[0] = ret[1] = time_now;
    if (!src.addr)
        return 0;
    err = copy_in(ts, src, sizeof(ts));
    for (int i = 0; !err && i < 2; i++) {
        if (ts[i].tv_nsec < 0 || ts[i].tv_nsec > UTIME_NOW)
            return -EINVAL;
        ret[i] = (struct timespec64){ ts[i].tv_sec, (u32)ts[i].tv_nsec };
    }
    return err;
}

static int times_from_timeval(uptr src, struct timespec64 ret[2])
{
    struct __kernel_old_timeval tv[2];
    int err = 0;

    ret[0] = ret[1] = time_now;
    if (!src.addr)
        return 0;
    err = copy_in(tv, src, sizeof(tv));
    for (int i = 0; !err && i < 2; i++) {
        if (tv[i].tv_usec < 0 || tv[i].tv_usec > 999999)
            return -EINVAL;
        ret[i] = (struct timespec64){ tv[i].tv_sec, (u32)tv[i].tv_usec * 1000 };
    }
    return err;
}

/* utimensat(2): without a path, of the descriptor itself. */
static long times_at(struct thread *self, int dirfd, uptr path, int flags,
                     const struct attr_change *c)
{
    if (path.addr)
        return change_path(dirfd, path, walk_flags(flags), c);
    if (dirfd == AT_FDCWD)
        return -EFAULT;
    return flags ? -EINVAL : change_fd(self, dirfd, c);
}

long sys_utimensat(struct thread *self, int dirfd, uptr path, uptr times, int flags)
{
    struct attr_change c = { .what = CHANGE_TIMES };
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = times_from_timespec(times, c.times);
    if (err)
        return err;
    if (c.times[0].nsec == UTIME_OMIT && c.times[1].nsec == UTIME_OMIT)
        return 0;                                /* utimensat(2): the path is not even looked at */
    return times_at(self, dirfd, path, flags, &c);
}

static long timevals_at(struct thread *self, int dirfd, uptr path, uptr times)
{
    struct attr_change c = { .what = CHANGE_TIMES };
    int err = times_from_timeval(times, c.times);

    return err ? err : times_at(self, dirfd, path, 0, &c);
}

long sys_futimesat(struct thread *self, int dirfd, uptr path, uptr times)
{
    return timevals_at(self, dirfd, path, times);
}

long sys_utimes(struct thread *self, uptr path, uptr times)
{
    return timevals_at(self, AT_FDCWD, path, times);
}

long sys_utime(struct thread *self, uptr path, uptr times)
{
    struct attr_change c = { .what = CHANGE_TIMES, .times = { time_now, time_now } };
    s64 t[2];
    int err = times.addr ? copy_in(t, times, sizeof(t)) : 0;

    (void)self;
    if (err)
        return err;
    for (int i = 0; times.addr && i < 2; i++)
        c.times[i] = (struct timespec64){ t[i], 0 };
    return change_path(AT_FDCWD, path, WALK_FOLLOW, &c);
}

long sys_umask(struct thread *self, u32 mask)
{
    return (long)__atomic_exchange_n(&self->fs->umask, mask & 0777, __ATOMIC_RELAXED);
}

/* ---- file systems ---- */

static int statfs_out(uptr dst, const struct kstatfs *k)
{
    struct statfs s = {
        .f_type = (long)k->type,
        .f_bsize = (long)k->bsize,
        .f_blocks = (long)k->blocks,
        .f_bfree = (long)k->bfree,
        .f_bavail = (long)k->bavail,
        .f_files = (long)k->files,
        .f_ffree = (long)k->ffree,
        .f_fsid = { .val = { (int)k->fsid, (int)(k->fsid >> 32) } },
        .f_namelen = (long)k->namelen,
        .f_frsize = (long)k->frsize,
        .f_flags = (long)k->flags,
    };

    return copy_out_struct(dst, &s);
}

long sys_statfs(struct thread *self, uptr path, uptr buf)
{
    PATH_BUF_AUTO struct path_buf p;
    struct kstatfs k;
    struct place at;
    int err = path_buf_init(&p, path);

    (void)self;
    if (!err)
        err = path_walk(AT_FDCWD, p.str, WALK_FOLLOW, &at);
    if (err)
        return err;
    err = mount_statfs(at.mount, &k);
    place_put(&at);
    return err ? err : statfs_out(buf, &k);
}

long sys_fstatfs(struct thread *self, int fd, uptr buf)
{
    AUTO(file_putp) struct file *f = NULL;
    struct kstatfs k = {
        .type = PIPEFS_MAGIC, .bsize = PAGE_SIZE, .frsize = PAGE_SIZE, .namelen = KNAME_MAX
    };
    int err = fd_get_path(self->fds, fd, &f);

    if (err)
        return err;
    if (f->mount)
        err = mount_statfs(f->mount, &k);
    else if (!file_is_pipe(f))
        k.type = ANON_INODE_FS_MAGIC;
    return err ? err : statfs_out(buf, &k);
}

/* ustat(2): free blocks and inodes of the file system with a device number. */
long sys_ustat(struct thread *self, u32 dev, uptr buf)
{
    struct {
        s32 tfree;
        u32 pad;
        u64 tinode;
        char fname[6], fpack[6];
        u32 pad2;
    } out = { 0 };
    struct kstatfs k;
    int err = fs_statfs_by_dev((dev & 0xff) | (dev >> 12 & ~0xffu), &k);

    (void)self;
    if (err || (dev >> 8 & 0xfff))
        return -EINVAL;
    out.tfree = (s32)k.bfree;
    out.tinode = k.ffree;
    return copy_out_struct(buf, &out);
}
