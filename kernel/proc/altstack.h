/* SPDX-License-Identifier: MIT */
/*
 * Alternate signal stacks (sigaltstack(2)).  Each belongs to its thread, which alone looks at it.
 */
#pragma once
#include "abi/linux/signal.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

/* Does sp lie in the thread's alternate stack?  Never with SS_AUTODISARM: a handler on it has
 * none. */
bool altstack_is_active(const struct thread *t, u64 sp);
/* The same, whatever its flags. */
bool altstack_contains(const struct thread *t, u64 sp);

/* A handler was entered: SS_AUTODISARM takes the stack away until it returns. */
void altstack_entered(struct thread *t);

/* What sigaltstack(2) tells a thread whose stack pointer is sp. */
void altstack_get(const struct thread *t, u64 sp, stack_t *ret);

enum altstack_source { ALTSTACK_FROM_CALL, ALTSTACK_FROM_FRAME };

/* -EPERM while it is in use, -EINVAL, -ENOMEM (too small). */
int altstack_set(struct thread *t, const stack_t *stack, u64 sp, enum altstack_source source);
