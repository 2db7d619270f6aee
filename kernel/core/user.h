/* SPDX-License-Identifier: MIT */
/*
 * User memory: the only functions that follow a uptr.
 *
 * A range is checked to lie in mappings of the calling process (never the kernel's, never
 * another process's) and a fault while copying becomes -EFAULT.  What is copied in is a private
 * copy: check it, then use it, never fetch twice.  May sleep: not under a spinlock.
 */
#pragma once
#include "kernel/lib/types.h"

/* 0 or -EFAULT; on failure dst may be partly written (copy_in() zeroes the rest). */
int copy_in(void *dst, uptr src, size_t len) MUST_CHECK;
int copy_out(uptr dst, const void *src, size_t len) MUST_CHECK;
int user_zero(uptr dst, size_t len) MUST_CHECK;

/* Copy a NUL-terminated string with its NUL.  Returns its length without the NUL, -ENAMETOOLONG
 * if there is none within size bytes, -EFAULT. */
ssize_t copy_in_str(char *dst, uptr src, size_t size) MUST_CHECK;

/* As many bytes as can be copied before a bad address: 0 <= n <= len. */
size_t copy_in_some(void *dst, uptr src, size_t len);
size_t copy_out_some(uptr dst, const void *src, size_t len);
size_t user_zero_some(uptr dst, size_t len);

/* One aligned 32-bit word, atomically; -EFAULT, or -EINVAL if it is not aligned.  For futexes. */
int user_load_u32(uptr addr, u32 *ret) MUST_CHECK;
/* If the word is old it becomes new.  *seen is what was there; -EFAULT, -EINVAL. */
int user_cmpxchg_u32(uptr addr, u32 old, u32 new, u32 *seen) MUST_CHECK;

/* Convenience for the many structures that cross whole. */
#define copy_in_struct(dst, src)  copy_in((dst), (src), sizeof(*(dst)))
#define copy_out_struct(dst, src) copy_out((dst), (src), sizeof(*(src)))

/*
 * Which addresses the calling thread may touch: mm/ answers (call-up-by-ops).
 *
 * check() is 0 if [addr, addr + len) is mapped by the calling process, else -EFAULT; how says
 * which access is meant.  fault() is asked when a copy faulted at addr inside such a range: 0 if
 * it has been made accessible (retry), else -EFAULT.
 */
enum user_access { USER_READ, USER_WRITE };

struct user_ops {
    int (*check)(u64 addr, size_t len, enum user_access how);
    int (*fault)(u64 addr, enum user_access how);
};
extern struct user_ops user_ops;
