/* SPDX-License-Identifier: MIT */
/*
 * The clocks of the vDSO, as vdso(7) describes them: answered from the page in front of the image
 * if they can be (vdso_data.h), by the kernel if not.
 *
 * This is user code.  It is mapped into every process, calls nothing, and enters the kernel as a
 * stub does: eax is the number, rcx where to resume (patch.h).  Pointers are the caller's own; a
 * bad one is the caller's fault, as with the vDSO of Linux.
 */
#include "abi/linux/time.h"
#include "abi/linux/unistd.h"
#include "kernel/arch/x86_64/vdso_data.h"

enum { NS_PER_US = 1000 };

/* clock_getres() answers these without the kernel. */
enum {
    FINE_CLOCKS = 1 << CLOCK_REALTIME | 1 << CLOCK_MONOTONIC | 1 << CLOCK_MONOTONIC_RAW |
                  1 << CLOCK_BOOTTIME | 1 << CLOCK_TAI,
    COARSE_CLOCKS = 1 << CLOCK_REALTIME_COARSE | 1 << CLOCK_MONOTONIC_COARSE,
};

_Static_assert(offsetof(struct vdso_data, kernel_entry) == 40, "sigreturn.S");

extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

/* The two bytes before the resume address are where a restarted call continues: the system-call
 * instruction elsewhere, here a jump back to the beginning. */
static long vdso_call(long nr, long a, long b, long c)
{
    long ret;

    __asm__ volatile("0: lea 1f(%%rip), %%rcx\n"
                     "   jmp *%[entry]\n"
                     "   jmp 0b\n"
                     "1:"
                     : "=a"(ret)
                     : "0"(nr), "D"(a), "S"(b), "d"(c), [entry] "m"(vdso_data.kernel_entry)
                     : "rcx", "r11", "memory");
    return ret;
}

/* A function under its name and, weakly, under the one that old programs look for. */
#define EXPORTED(name, old_name, result, args)                                                     \
    result name args;                                                                              \
    result old_name args __attribute__((weak, alias(#name)));                                      \
    result name args

EXPORTED(__vdso_clock_gettime, clock_gettime, int, (int clock, struct __kernel_timespec *ts))
{
    struct vdso_time now;

    if (!vdso_read(&vdso_data, (u32)clock, vdso_rdtsc, &now))
        return (int)vdso_call(__NR_clock_gettime, clock, (long)ts, 0);
    ts->tv_sec = (s64)now.sec;
    ts->tv_nsec = (s64)now.nsec;
    return 0;
}

EXPORTED(__vdso_clock_getres, clock_getres, int, (int clock, struct __kernel_timespec *res))
{
    u64 bit = (u32)clock < VDSO_CLOCK_MAX ? 1u << clock : 0;

    if (!(bit & vdso_data.clocks & (FINE_CLOCKS | COARSE_CLOCKS)))
        return (int)vdso_call(__NR_clock_getres, clock, (long)res, 0);
    if (res) {
        res->tv_sec = 0;
        res->tv_nsec = bit & COARSE_CLOCKS ? (s64)vdso_data.coarse_res_ns : 1;
    }
    return 0;
}

EXPORTED(__vdso_gettimeofday, gettimeofday, int,
         (struct __kernel_old_timeval * tv, struct timezone *tz))
{
    struct vdso_time now;

    if (!vdso_read(&vdso_data, CLOCK_REALTIME, vdso_rdtsc, &now))
        return (int)vdso_call(__NR_gettimeofday, (long)tv, (long)tz, 0);
    if (tv) {
        tv->tv_sec = (long)now.sec;
        tv->tv_usec = (long)(now.nsec / NS_PER_US);
    }
    if (tz)
        *tz = (struct timezone){ 0 };            /* nobody can set it: settimeofday(2)      */
    return 0;
}

EXPORTED(__vdso_time, time, __kernel_old_time_t, (__kernel_old_time_t * ret))
{
    struct vdso_time now;

    if (!vdso_read(&vdso_data, CLOCK_REALTIME, vdso_rdtsc, &now))
        return vdso_call(__NR_time, (long)ret, 0, 0);
    if (ret)
        *ret = (__kernel_old_time_t)now.sec;
    return (__kernel_old_time_t)now.sec;
}

/* The processor's number is the host's affair and must be one we admit to: ask the kernel. */
EXPORTED(__vdso_getcpu, getcpu, long, (unsigned *cpu, unsigned *node, void *unused))
{
    return vdso_call(__NR_getcpu, (long)cpu, (long)node, (long)unused);
}
