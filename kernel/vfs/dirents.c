/* SPDX-License-Identifier: MIT */
/* Records of directory entries.  Each is padded to 8 bytes, and the padding is zero. */
#include "kernel/vfs/dirents.h"
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file_int.h"

/* getdents(2): d_type is the last byte of the record. */
struct linux_dirent {
    u64 d_ino;
    u64 d_off;
    u16 d_reclen;
    char d_name[];
};

struct dirents {
    u8 *dst;
    size_t size, len;
    enum dirents_form form;
    bool full;                                   /* an entry did not fit                    */
};

static size_t record_size(enum dirents_form form, size_t name_len)
{
    size_t head = form == DIRENTS_64 ? offsetof(struct linux_dirent64, d_name)
                                     : offsetof(struct linux_dirent, d_name) + 1;

    return (head + name_len + 1 + 7) & ~(size_t)7;
}

static bool dirents_emit(void *arg, struct name name, u64 ino, u32 dtype, u64 next_cookie)
{
    struct dirents *d = arg;
    size_t size = record_size(d->form, name.len);
    u8 *at = d->dst + d->len;

    if (size > d->size - d->len) {
        d->full = true;
        return false;
    }
    memset(at, 0, size);
    if (d->form == DIRENTS_64) {
        struct linux_dirent64 *r = (struct linux_dirent64 *)at;

        r->d_ino = ino;
        r->d_off = (s64)next_cookie;
        r->d_reclen = (u16)size;
        r->d_type = (u8)dtype;
        memcpy(r->d_name, name.str, name.len);
    } else {
        struct linux_dirent *r = (struct linux_dirent *)at;

        r->d_ino = ino;
        r->d_off = next_cookie;
        r->d_reclen = (u16)size;
        memcpy(r->d_name, name.str, name.len);
        at[size - 1] = (u8)dtype;
    }
    d->len += size;
    return true;
}

ssize_t dirents_read(struct file *f, enum dirents_form form, void *dst, size_t size)
{
    struct dirents d = { .dst = dst, .size = size, .form = form };
    int err = dir_read(f, dirents_emit, &d);

    if (err)
        return err;
    return d.full && !d.len ? -EINVAL : (ssize_t)d.len;
}
