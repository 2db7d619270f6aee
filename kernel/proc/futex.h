/* SPDX-License-Identifier: MIT */
/*
 * Futexes: sleeping on a word of user memory.
 *
 * A futex is named by its key: an address, and for private ones the address space.  Memory shared
 * between processes is at one address in all of them, so that is all a shared one needs.
 */
#pragma once
#include "abi/linux/futex.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct futex_key {
    u64 addr;
    u64 space;                                   /* mm_id(), 0: shared                      */
};

enum futex_sharing { FUTEX_SHARED, FUTEX_PRIVATE };

struct futex_key futex_key_of(struct thread *self, uptr addr, enum futex_sharing sharing);
/* Can there be a futex?  A shared one must be mapped, a private one only possible.  0, -EINVAL (not
 * aligned), -EFAULT. */
int futex_check(uptr addr, enum futex_sharing sharing) MUST_CHECK;

static inline bool futex_key_is(const struct futex_key *a, const struct futex_key *b)
{
    return a->addr == b->addr && a->space == b->space;
}

/* FUTEX_WAIT_BITSET: 0, -EAGAIN, -ERESTARTSYS, -ETIMEDOUT, -EFAULT, -EINVAL. */
int futex_wait(struct thread *self, uptr addr, enum futex_sharing sharing, u32 value, u32 bitset,
               u64 deadline_ns) MUST_CHECK;
/* FUTEX_WAKE_BITSET: the number woken. */
long futex_wake(struct thread *self, uptr addr, enum futex_sharing sharing, u32 count, u32 bitset);

/* FUTEX_WAKE_OP: wake at addr, change the word at addr2, wake there too if it was as op says. */
long futex_wake_op(struct thread *self, uptr addr, uptr addr2, enum futex_sharing sharing,
                   u32 count, u32 count2, u32 op);

struct futex_requeue {
    uptr from, to;
    enum futex_sharing sharing;
    u32 wake, move;                              /* how many                                */
    bool compare;                                /* only if *from is expected, else -EAGAIN */
    u32 expected;
    bool to_pi;                                  /* FUTEX_CMP_REQUEUE_PI                    */
};
/* The number woken and moved. */
long futex_requeue(struct thread *self, const struct futex_requeue *r);

/* FUTEX_LOCK_PI and relatives; deadline_ns is monotonic. */
enum futex_lock_how { FUTEX_LOCK_WAIT, FUTEX_LOCK_TRY };
int futex_lock_pi(struct thread *self, uptr addr, enum futex_sharing sharing,
                  enum futex_lock_how how, u64 deadline_ns) MUST_CHECK;
int futex_unlock_pi(struct thread *self, uptr addr, enum futex_sharing sharing);
int futex_wait_requeue_pi(struct thread *self, uptr addr, enum futex_sharing sharing, u32 value,
                          u64 deadline_ns, uptr pi_addr) MUST_CHECK;

/* The thread ends or runs another program: locks it holds are marked and passed on. */
void futex_thread_exit(struct thread *self);
void futex_thread_exec(struct thread *self);

void futex_init(void);
