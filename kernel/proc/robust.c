/* SPDX-License-Identifier: MIT */
/*
 * Robust futexes: what a thread that ends leaves locked.
 *
 * The list is in user memory and may be anything: every pointer is copied in, and its length is
 * limited.  A word that still holds the thread's id gets FUTEX_OWNER_DIED and one waiter is woken;
 * the next owner finds out and repairs.
 */
#include "abi/linux/errno.h"
#include "kernel/core/user.h"
#include "kernel/proc/futex_int.h"

enum { ENTRY_IS_PI = 1 };

static void entry_died(struct thread *self, u64 addr, bool pi, bool pending)
{
    u32 word, seen;

    if (user_load_u32(UPTR(addr), &word))
        return;
    for (;;) {
        u32 owner = word & FUTEX_TID_MASK;

        /* Between storing 0 and waking: the waiters would sleep for ever. */
        if (pending && !pi && !owner) {
            (void)futex_wake(self, UPTR(addr), FUTEX_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
            return;
        }
        if (owner != (u32)self->tid)
            return;
        if (user_cmpxchg_u32(UPTR(addr), word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen))
            return;
        if (seen == word)
            break;
        word = seen;
    }
    /* Waiters for a PI lock have been served: pi_thread_exit(). */
    if (!pi && (word & FUTEX_WAITERS))
        (void)futex_wake(self, UPTR(addr), FUTEX_SHARED, 1, FUTEX_BITSET_MATCH_ANY);
}

static void list_died(struct thread *self)
{
    struct robust_list_head head;
    u64 at = self->priv->robust_list.addr;
    u64 entry, next, pending;

    if (!at || copy_in_struct(&head, UPTR(at)))
        return;
    entry = (u64)head.list.next;
    pending = (u64)head.list_op_pending;
    for (u32 n = 0; (entry & ~(u64)ENTRY_IS_PI) != at && n < ROBUST_LIST_LIMIT; n++) {
        u64 node = entry & ~(u64)ENTRY_IS_PI;
        int err = copy_in_struct(&next, UPTR(node));

        if (entry != pending)
            entry_died(self, node + (u64)head.futex_offset, entry & ENTRY_IS_PI, false);
        if (err)
            return;
        entry = next;
    }
    if (pending)
        entry_died(self, (pending & ~(u64)ENTRY_IS_PI) + (u64)head.futex_offset,
                   pending & ENTRY_IS_PI, true);
}

void futex_thread_exit(struct thread *self)
{
    pi_thread_exit(self);
    list_died(self);
    self->priv->robust_list = UPTR_NULL;
}

void futex_thread_exec(struct thread *self)
{
    futex_thread_exit(self);
}
