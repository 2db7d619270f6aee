/* SPDX-License-Identifier: MIT */
/* Alternate signal stacks: see altstack.h. */
#include "kernel/proc/altstack.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/proc/proc_int.h"

/* What sigaltstack(2) accepts: MINSIGSTKSZ, or what AT_MINSIGSTKSZ says if that is more.  Linux
 * checks the latter for calls only, so that old frames can come back. */
enum { ALTSTACK_MIN = 2048 };

bool altstack_contains(const struct thread *t, u64 sp)
{
    const struct proc_thread *priv = t->priv;

    return sp > priv->altstack_sp && sp - priv->altstack_sp <= priv->altstack_size;
}

bool altstack_is_active(const struct thread *t, u64 sp)
{
    return !(t->priv->altstack_flags & SS_AUTODISARM) && altstack_contains(t, sp);
}

static void disarm(struct proc_thread *priv)
{
    priv->altstack_sp = 0;
    priv->altstack_size = 0;
    priv->altstack_flags = SS_DISABLE;
}

void altstack_entered(struct thread *t)
{
    if (t->priv->altstack_flags & SS_AUTODISARM)
        disarm(t->priv);
}

void altstack_get(const struct thread *t, u64 sp, stack_t *ret)
{
    const struct proc_thread *priv = t->priv;

    *ret = (stack_t){
        .ss_sp = (void *)priv->altstack_sp,
        .ss_size = priv->altstack_size,
        .ss_flags = (int)(priv->altstack_flags & SS_AUTODISARM),
    };
    if (!priv->altstack_size)
        ret->ss_flags |= SS_DISABLE;
    else if (altstack_is_active(t, sp))
        ret->ss_flags |= SS_ONSTACK;
}

int altstack_set(struct thread *t, const stack_t *stack, u64 sp, enum altstack_source source)
{
    struct proc_thread *priv = t->priv;
    u32 mode = (u32)stack->ss_flags & ~(u32)SS_AUTODISARM;

    if (altstack_is_active(t, sp))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        disarm(priv);
        priv->altstack_flags = (u32)stack->ss_flags;
        return 0;
    }
    if (source == ALTSTACK_FROM_CALL && stack->ss_size < ALTSTACK_MIN)
        return -ENOMEM;
    priv->altstack_sp = (u64)stack->ss_sp;
    priv->altstack_size = stack->ss_size;
    priv->altstack_flags = (u32)stack->ss_flags;
    return 0;
}
