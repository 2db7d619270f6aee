/* SPDX-License-Identifier: MIT */
/*
 * User memory.
 *
 * Every access is: ask mm/ whether the range is the caller's, then run one of the few instruction
 * sequences of arch/ that may fault, whose faults the target sends to a fixup.  A fault inside a
 * range that mm/ admits may be one that mm/ can mend (memory committed on first use): ask, and go
 * on where it stopped.
 */
#include "kernel/core/user.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/user_copy.h"
#include "kernel/lib/string.h"

enum { STRING_CHUNK = 64 };                      /* most names are shorter                  */

struct user_ops user_ops;

/* How much of [addr, addr + len) the caller may touch, counted from the front. */
static size_t user_prefix(u64 addr, size_t len, enum user_access how)
{
    size_t good = 0;

    if (likely(!user_ops.check(addr, len, how)))
        return len;
    while (good < len) {
        size_t step = min_size(len - good, PAGE_SIZE - page_offset(addr + good));

        if (user_ops.check(addr + good, step, how))
            break;
        good += step;
    }
    return good;
}

size_t copy_in_some(void *dst, uptr src, size_t len)
{
    size_t good = user_prefix(src.addr, len, USER_READ);
    size_t done = 0;

    for (;;) {
        done = good - user_copy((u8 *)dst + done, (const void *)(src.addr + done), good - done);
        if (likely(done == good) || user_ops.fault(src.addr + done, USER_READ))
            return done;
    }
}

size_t copy_out_some(uptr dst, const void *src, size_t len)
{
    size_t good = user_prefix(dst.addr, len, USER_WRITE);
    size_t done = 0;

    for (;;) {
        done = good - user_copy((void *)(dst.addr + done), (const u8 *)src + done, good - done);
        if (likely(done == good) || user_ops.fault(dst.addr + done, USER_WRITE))
            return done;
    }
}

size_t user_zero_some(uptr dst, size_t len)
{
    size_t good = user_prefix(dst.addr, len, USER_WRITE);
    size_t done = 0;

    for (;;) {
        done = good - user_clear((void *)(dst.addr + done), good - done);
        if (likely(done == good) || user_ops.fault(dst.addr + done, USER_WRITE))
            return done;
    }
}

int copy_in(void *dst, uptr src, size_t len)
{
    size_t done = copy_in_some(dst, src, len);

    if (likely(done == len))
        return 0;
    memset((u8 *)dst + done, 0, len - done);
    return -EFAULT;
}

int copy_out(uptr dst, const void *src, size_t len)
{
    return likely(copy_out_some(dst, src, len) == len) ? 0 : -EFAULT;
}

int user_zero(uptr dst, size_t len)
{
    return likely(user_zero_some(dst, len) == len) ? 0 : -EFAULT;
}

ssize_t copy_in_str(char *dst, uptr src, size_t size)
{
    size_t done = 0;

    while (done < size) {
        u64 at = src.addr + done;
        size_t step = min_size(min_size(size - done, STRING_CHUNK), PAGE_SIZE - page_offset(at));
        size_t got = copy_in_some(dst + done, UPTR(at), step);
        size_t len = strnlen(dst + done, got);

        if (len < got)
            return (ssize_t)(done + len);
        if (got < step)
            return -EFAULT;
        done += step;
    }
    return -ENAMETOOLONG;
}

static int user_word_check(uptr addr, enum user_access how)
{
    if (addr.addr & 3)
        return -EINVAL;
    return user_ops.check(addr.addr, sizeof(u32), how);
}

int user_load_u32(uptr addr, u32 *ret)
{
    int err = user_word_check(addr, USER_READ);

    if (err)
        return err;
    while (user_load((const u32 *)addr.addr, ret)) {
        err = user_ops.fault(addr.addr, USER_READ);
        if (err)
            return err;
    }
    return 0;
}

int user_cmpxchg_u32(uptr addr, u32 old, u32 new, u32 *seen)
{
    int err = user_word_check(addr, USER_WRITE);

    if (err)
        return err;
    while (user_cmpxchg((u32 *)addr.addr, old, new, seen)) {
        err = user_ops.fault(addr.addr, USER_WRITE);
        if (err)
            return err;
    }
    return 0;
}
