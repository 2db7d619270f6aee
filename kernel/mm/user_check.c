/* SPDX-License-Identifier: MIT */
/*
 * May the calling thread touch this address?  Asked before every copy from or to user memory.
 *
 * Each thread remembers a few ranges it has been admitted to.  They are valid while the mm's
 * generation is the one they were found in; generations are unique among all mms, so a thread that
 * changes its mm forgets everything by itself.
 *
 *     thread that copies                    thread that unmaps
 *     generation == remembered one?         under mm.lock: take the mapping out of the tree
 *     inside a remembered range: go         generation = a new one
 *     copy                                  (the copy may fault from now on: EFAULT)
 *
 * Whoever copies from what another thread is unmapping gets old bytes or EFAULT, as on Linux.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/user_check.h"

/* In a remembered lo: writing is allowed too.  Addresses leave the low bits free. */
enum { RANGE_WRITABLE = 1 };

static u32 access_prot(enum user_access how)
{
    return how == USER_WRITE ? PROT_WRITE : PROT_READ;
}

/* On this processor whatever is accessible is readable. */
static bool mapping_admits(const struct mapping *m, u32 prot)
{
    if (m->flags & MAPPING_HIDDEN || m->prot == PROT_NONE)
        return false;
    return !(prot & ~m->prot & (PROT_WRITE | PROT_EXEC));
}

/* The end of the run of mappings from addr that admit prot; addr itself if its own does not. */
static u64 admitted_end_locked(struct mm *mm, u64 addr, u64 want, u32 prot)
{
    u64 end = addr;

    for (struct mapping *m = mapping_find(mm, addr); m; m = mapping_next(m)) {
        if (end != addr && mapping_lo(m) != end)
            break;
        if (!mapping_admits(m, prot))
            break;
        end = m->hi;
        if (end >= want)
            break;
    }
    return end;
}

int mm_check(struct mm *mm, u64 addr, u64 len, u32 prot)
{
    u64 want, end;

    if (add_overflows(addr, len, &want))
        return -EFAULT;
    if (!len)
        return 0;
    rw_lock_shared(&mm->lock);
    end = admitted_end_locked(mm, addr, want, prot);
    rw_unlock_shared(&mm->lock);
    return end >= want ? 0 : -EFAULT;
}

static void remember(struct thread *self, u64 generation, u64 lo, u64 hi, enum user_access how)
{
    if (self->user_cache.gen != generation) {
        for (u32 i = 0; i < USER_CACHE; i++)
            self->user_cache.lo[i] = self->user_cache.hi[i] = 0;
        self->user_cache.gen = generation;
    }
    u32 i = self->user_cache.next++ % USER_CACHE;

    self->user_cache.lo[i] = lo | (how == USER_WRITE ? RANGE_WRITABLE : 0);
    self->user_cache.hi[i] = hi;
}

static int user_check_slow(struct thread *self, u64 addr, u64 want, enum user_access how)
{
    struct mm *mm = self->mm;
    u64 end, lo, generation;

    rw_lock_shared(&mm->lock);
    end = admitted_end_locked(mm, addr, want, access_prot(how));
    lo = end > addr ? mapping_lo(mapping_find(mm, addr)) : 0;
    generation = mm->generation;
    rw_unlock_shared(&mm->lock);
    if (end < want)
        return -EFAULT;
    remember(self, generation, lo, end, how);
    return 0;
}

static int user_check(u64 addr, size_t len, enum user_access how)
{
    struct thread *self = thread_self();
    u64 want;

    if (!len)
        return 0;
    if (unlikely(!self->mm || add_overflows(addr, len, &want)))
        return -EFAULT;
    if (likely(self->user_cache.gen == __atomic_load_n(&self->mm->generation, __ATOMIC_ACQUIRE))) {
        for (u32 i = 0; i < USER_CACHE; i++) {
            u64 lo = self->user_cache.lo[i];

            if (addr >= page_floor(lo) && want <= self->user_cache.hi[i] &&
                (how == USER_READ || lo & RANGE_WRITABLE))
                return 0;
        }
    }
    return user_check_slow(self, addr, want, how);
}

static int user_fault(u64 addr, enum user_access how)
{
    int si_code;

    return mm_fault(thread_self()->mm, addr, how == USER_WRITE ? PF_WRITE : 0, &si_code) ? -EFAULT
                                                                                         : 0;
}

void user_check_init(void)
{
    user_ops = (struct user_ops){ .check = user_check, .fault = user_fault };
}
