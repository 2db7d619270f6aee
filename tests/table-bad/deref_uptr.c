/* SPDX-License-Identifier: MIT */
/* must fail: invalid type argument of unary '*' | indirection requires pointer operand */
#include "kernel/syscall/syscall.h"

/* A user address must not be followed. */
int follow(uptr p);
int follow(uptr p)
{
    return *p;
}
