/* SPDX-License-Identifier: MIT */
/* futex(2): one number, thirteen calls. */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

struct futex_call {
    int command;
    bool realtime;                               /* FUTEX_CLOCK_REALTIME                    */
    enum futex_sharing sharing;
    uptr addr, addr2;
    u32 value, value2, value3;
    u64 deadline_ns;                             /* monotonic                               */
};

static bool has_timeout(int command)
{
    return command == FUTEX_WAIT || command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2 ||
           command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI;
}

/* A moment of the real clock as one of the monotonic clock, which is what sleeping goes by. */
static u64 monotonic_of(u64 realtime_ns)
{
    u64 now = clock_realtime_ns();

    return realtime_ns > now ? clock_deadline(realtime_ns - now) : 0;
}

/* FUTEX_WAIT's timeout is relative, the others' are moments: FUTEX_LOCK_PI's always of the real
 * clock, the others' by flag. */
static int read_timeout(struct futex_call *c, uptr timeout)
{
    u64 ns;
    int err;

    c->deadline_ns = NO_DEADLINE;
    if (!timeout.addr || !has_timeout(c->command))
        return 0;
    err = timespec_in(timeout, &ns);
    if (err)
        return err;
    if (c->command == FUTEX_WAIT)
        c->deadline_ns = clock_deadline(ns);
    else if (c->command == FUTEX_LOCK_PI || c->realtime)
        c->deadline_ns = monotonic_of(ns);
    else
        c->deadline_ns = ns;
    return 0;
}

static long wait(struct thread *self, const struct futex_call *c, u32 bitset);

/* What is left of a wait that a stop interrupted. */
static long wait_again(struct thread *self, struct restart_block *rb)
{
    struct futex_call c = {
        .addr = UPTR(rb->arg[0]),
        .value = (u32)rb->arg[1],
        .sharing = (enum futex_sharing)rb->arg[2],
        .deadline_ns = rb->deadline_ns,
    };

    return wait(self, &c, (u32)rb->arg[3]);
}

static long wait(struct thread *self, const struct futex_call *c, u32 bitset)
{
    int err = futex_wait(self, c->addr, c->sharing, c->value, bitset, c->deadline_ns);

    if (err != -ERESTARTSYS || c->deadline_ns == NO_DEADLINE)
        return err;
    *restart_block(self) = (struct restart_block){
        .fn = wait_again,
        .arg = { c->addr.addr, c->value, c->sharing, bitset },
        .deadline_ns = c->deadline_ns,
    };
    return restart_later();
}

static long requeue(struct thread *self, const struct futex_call *c)
{
    if ((s32)c->value < 0 || (s32)c->value2 < 0)
        return -EINVAL;
    return futex_requeue(self, &(struct futex_requeue){
                                   .from = c->addr,
                                   .to = c->addr2,
                                   .sharing = c->sharing,
                                   .wake = c->value,
                                   .move = c->value2,
                                   .compare = c->command != FUTEX_REQUEUE,
                                   .expected = c->value3,
                                   .to_pi = c->command == FUTEX_CMP_REQUEUE_PI,
                               });
}

/* How many a wake of `value` wakes: Linux looks before it compares, so 0 and less wake one. */
static u32 at_least_one(u32 value)
{
    return (s32)value > 0 ? value : 1;
}

static long run(struct thread *self, const struct futex_call *c)
{
    switch (c->command) {
    case FUTEX_WAIT:
        return wait(self, c, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return wait(self, c, c->value3);
    case FUTEX_WAKE:
        return futex_wake(self, c->addr, c->sharing, at_least_one(c->value),
                          FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(self, c->addr, c->sharing, at_least_one(c->value), c->value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_CMP_REQUEUE_PI:
        return requeue(self, c);
    case FUTEX_WAKE_OP:
        return futex_wake_op(self, c->addr, c->addr2, c->sharing, at_least_one(c->value),
                             at_least_one(c->value2), c->value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return futex_lock_pi(self, c->addr, c->sharing, FUTEX_LOCK_WAIT, c->deadline_ns);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(self, c->addr, c->sharing, FUTEX_LOCK_TRY, NO_DEADLINE);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(self, c->addr, c->sharing);
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(self, c->addr, c->sharing, c->value, c->deadline_ns, c->addr2);
    default:
        return -ENOSYS;
    }
}

/* futex(2): refuses unknown commands and FUTEX_CLOCK_REALTIME where it means nothing. */
long sys_futex(struct thread *self, uptr uaddr, int op, u32 val, uptr timeout, uptr uaddr2,
               u32 val3)
{
    struct futex_call c = {
        .command = op & FUTEX_CMD_MASK,
        .realtime = op & FUTEX_CLOCK_REALTIME,
        .sharing = op & FUTEX_PRIVATE_FLAG ? FUTEX_PRIVATE : FUTEX_SHARED,
        .addr = uaddr,
        .addr2 = uaddr2,
        .value = val,
        .value2 = (u32)timeout.addr,
        .value3 = val3,
    };
    int err;

    if (c.realtime && c.command != FUTEX_WAIT_BITSET && c.command != FUTEX_WAIT_REQUEUE_PI &&
        c.command != FUTEX_LOCK_PI2)
        return -ENOSYS;
    err = read_timeout(&c, timeout);
    return err ? err : run(self, &c);
}
