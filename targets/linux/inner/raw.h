/* SPDX-License-Identifier: MIT */
/* System calls of the host, without libc: the inner half runs on kernel stacks, with the user's FS. */
#pragma once
#include <asm/unistd_64.h>

static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#define raw0(nr)             raw_syscall6(nr, 0, 0, 0, 0, 0, 0)
#define raw1(nr, a)          raw_syscall6(nr, (long)(a), 0, 0, 0, 0, 0)
#define raw2(nr, a, b)       raw_syscall6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define raw3(nr, a, b, c)    raw_syscall6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define raw4(nr, a, b, c, d) raw_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define raw5(nr, a, b, c, d, e)                                                                    \
    raw_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define raw6(nr, a, b, c, d, e, f)                                                                 \
    raw_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
