/* SPDX-License-Identifier: MIT */
/*
 * From six registers to a typed handler.
 *
 * Every row gets a caller of its own that converts the registers and calls the handler under its
 * real signature, so no function pointer is ever cast.  A row that names an error gets the
 * function that answers it; a row without a handler is NULL in sys_call[] and goes to
 * syscall_unhandled().
 */
#include "abi/linux/errno.h"
#include "kernel/syscall/syscall.h"

/* Register to argument: one function per kind, so that each conversion is type-checked. */
#define KIND(name, type, from, ...)                                                                \
    static inline type arg_##name(long v)                                                          \
    {                                                                                              \
        return from;                                                                               \
    }
#include "kernel/syscall/kinds.def"
#undef KIND

/* static long call_read(self, a) { return sys_read(self, arg_FD(a[0]), ...); } */
#define PASS(x, i, K, n) , arg_##K(a[i])
#define CALLER(name, ...)                                                                          \
    static long call_##name(struct thread *self, const long a[6])                                  \
    {                                                                                              \
        (void)a;                                                                                   \
        return sys_##name(self MAP(PASS, NOTHING, _, ##__VA_ARGS__));                              \
    }
#define NO_CALLER(name, ...)
#define CALLER_FULL                            CALLER
#define CALLER_PARTIAL                         CALLER
#define CALLER_STUB                            CALLER
#define CALLER_NONE                            NO_CALLER
#define CALLER_ENOSYS                          NO_CALLER
#define CALLER_EPERM                           NO_CALLER
#define CALLER_EINVAL                          NO_CALLER
#define CALLER_ENOSPC                          NO_CALLER
#define CALLER_EOPNOTSUPP                      NO_CALLER
#define SYS(groups, nr, name, word, note, ...) CALLER_##word(name, ##__VA_ARGS__)
#include "kernel/syscall/table.def"
#undef SYS

#define REFUSE(err)                                                                                \
    static long refuse_##err(struct thread *self, const long a[6])                                 \
    {                                                                                              \
        (void)self;                                                                                \
        (void)a;                                                                                   \
        return -SYS_ERR_##err;                                                                     \
    }
REFUSE(ENOSYS)
REFUSE(EPERM)
REFUSE(EINVAL)
REFUSE(ENOSPC)
REFUSE(EOPNOTSUPP)
_Static_assert(SYS_ERR_ENOSYS == ENOSYS, "asm/errno.h");
_Static_assert(SYS_ERR_EPERM == EPERM, "asm/errno.h");
_Static_assert(SYS_ERR_EINVAL == EINVAL, "asm/errno.h");
_Static_assert(SYS_ERR_ENOSPC == ENOSPC, "asm/errno.h");
_Static_assert(SYS_ERR_EOPNOTSUPP == EOPNOTSUPP, "asm/errno.h");

#define ENTRY_FULL(name)       call_##name
#define ENTRY_PARTIAL(name)    call_##name
#define ENTRY_STUB(name)       call_##name
#define ENTRY_NONE(name)       NULL
#define ENTRY_ENOSYS(name)     refuse_ENOSYS
#define ENTRY_EPERM(name)      refuse_EPERM
#define ENTRY_EINVAL(name)     refuse_EINVAL
#define ENTRY_ENOSPC(name)     refuse_ENOSPC
#define ENTRY_EOPNOTSUPP(name) refuse_EOPNOTSUPP
static long (*const sys_call[SYS_SLOTS])(struct thread *self, const long a[6]) = {
#define SYS(groups, nr, name, word, note, ...) [SYS_SLOT(nr)] = ENTRY_##word(name),
#include "kernel/syscall/table.def"
#undef SYS
};

/* All ones if i < n, else zero, without a branch that the processor could guess wrongly and then
 * load with (Spectre v1). */
static inline unsigned long index_mask(unsigned long i, unsigned long n)
{
    unsigned long mask;

    __asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(i), "r"(n) : "cc");
    return mask;
}

long syscall_dispatch(struct thread *self, unsigned long nr, const long a[6])
{
    unsigned long slot = sys_slot(nr);

    if (slot >= SYS_SLOTS)
        return syscall_unhandled(self, nr);
    slot &= index_mask(slot, SYS_SLOTS);
    if (!sys_call[slot])
        return syscall_unhandled(self, nr);
    return sys_call[slot](self, a);
}
