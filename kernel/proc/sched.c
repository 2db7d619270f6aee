/* SPDX-License-Identifier: MIT */
/* Scheduling parameters: see sched.h. */
#include "kernel/proc/sched.h"
#include "abi/linux/sched.h"

void sched_child(struct thread_sched *s)
{
    if (!s->reset_on_fork)
        return;
    if (s->policy == SCHED_FIFO || s->policy == SCHED_RR || s->policy == SCHED_DEADLINE) {
        s->policy = SCHED_NORMAL;
        s->rt_priority = 0;
        s->runtime = s->deadline = s->period = 0;
    }
    if (s->nice < 0)
        s->nice = 0;
    s->reset_on_fork = false;
}
