/* SPDX-License-Identifier: MIT */
/*
 * What the host says about its files, checked field by field.
 *
 * Numbers that nothing inside depends on (owners, devices, counts of blocks) are believed; a type, a
 * size or a time that no file can have makes the whole answer -EIO.
 */
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/host/host.h"
#include "kernel/host/host_int.h"
#include "kernel/lib/string.h"

enum {
    NSEC_LIMIT = 1000000000,
    BLOCK_MIN = 512,
    BLOCK_MAX = 16 << 20,                        /* file systems report up to some MiB      */
    BLOCK_DEFAULT = 4096,
};

static bool type_is_known(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return true;
    }
    return false;
}

static bool is_power_of_two(u64 n)
{
    return n && !(n & (n - 1));
}

static u64 block_size(u64 told)
{
    return told >= BLOCK_MIN && told <= BLOCK_MAX && is_power_of_two(told) ? told : BLOCK_DEFAULT;
}

static int stat_check(struct stat *st)
{
    bool times = st->st_atime_nsec < NSEC_LIMIT && st->st_mtime_nsec < NSEC_LIMIT &&
                 st->st_ctime_nsec < NSEC_LIMIT;

    if (!type_is_known(st->st_mode) || st->st_size < 0 || st->st_blocks < 0 || !times ||
        st->st_nlink > UINT32_MAX) {
        host_anomaly(ANOMALY_STRUCT, (s64)st->st_mode);
        return -EIO;
    }
    st->st_blksize = (s64)block_size((u64)st->st_blksize);
    return 0;
}

static int stat_call(struct hostcall *c, struct stat *st, struct stat *ret)
{
    int err = (int)host_call(c);

    if (!err)
        err = stat_check(st);
    if (!err)
        *ret = *st;
    return err;
}

int host_fstat(hfd fd, struct stat *ret)
{
    struct stat st = { 0 };
    struct hostcall c = { .op = HOSTOP_fstat, .fd = fd, .buf[0] = { &st, sizeof(st) } };

    return stat_call(&c, &st, ret);
}

int host_statat(hfd dir, const char *name, struct stat *ret)
{
    struct stat st = { 0 };
    struct hostcall c = {
        .op = HOSTOP_statat,
        .fd = dir,
        .buf = { { (void *)name, strlen(name) + 1 }, { &st, sizeof(st) } },
    };

    return stat_call(&c, &st, ret);
}

int host_statfs(hfd fd, struct statfs *ret)
{
    struct statfs st = { 0 };
    struct hostcall c = { .op = HOSTOP_statfs, .fd = fd, .buf[0] = { &st, sizeof(st) } };
    int err = (int)host_call(&c);

    if (err)
        return err;
    if (st.f_blocks < 0 || st.f_bfree < 0 || st.f_bavail < 0 || st.f_files < 0 || st.f_ffree < 0) {
        host_anomaly(ANOMALY_STRUCT, st.f_blocks);
        return -EIO;
    }
    st.f_bsize = (s64)block_size((u64)st.f_bsize);
    st.f_frsize = (s64)block_size((u64)st.f_frsize);
    st.f_bfree = (s64)min_u64((u64)st.f_bfree, (u64)st.f_blocks);
    st.f_bavail = (s64)min_u64((u64)st.f_bavail, (u64)st.f_bfree);
    st.f_ffree = (s64)min_u64((u64)st.f_ffree, (u64)st.f_files);
    *ret = st;
    return 0;
}
