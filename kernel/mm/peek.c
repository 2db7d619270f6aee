/* SPDX-License-Identifier: MIT */
/*
 * Another process's memory, for exec, /proc/[pid]/mem and process_vm_readv(2).
 *
 * Under mm.lock nobody changes what is mapped or how it is protected, so the bytes can be touched
 * directly; what a target would have to be asked for first is asked for.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm_int.h"
#include "kernel/mm/shared.h"

/* The part of a shared mapping that has memory: bytes copied. */
static ssize_t shared_copy(const struct mapping *m, u64 addr, void *dst, const void *src,
                           size_t len)
{
    struct range c;

    WITH_MUTEX(&m->shared->lock);
    if (!shared_next_committed(m->shared, addr, addr + len, &c) || c.lo != addr)
        return -EFAULT;
    len = min_size(len, c.hi - c.lo);
    memcpy(dst, src, len);
    return (ssize_t)len;
}

static ssize_t mapping_peek(struct mm *mm, const struct mapping *m, u64 addr, void *dst, size_t len)
{
    if (m->flags & (MAPPING_HIDDEN | MAPPING_PAST_END) || m->prot == PROT_NONE)
        return -EFAULT;
    if (m->shared)
        return shared_copy(m, addr, dst, (const void *)addr, len);
    if (m->flags & (MAPPING_BACKED | MAPPING_SPECIAL)) {
        memcpy(dst, (const void *)addr, len);
        code_show_original(mm, addr, dst, len);
    } else {
        memset(dst, 0, len);
    }
    return (ssize_t)len;
}

/* Write to memory that the program itself may not write to. */
static ssize_t mapping_force(struct mapping *m, u64 addr, const void *src, size_t len)
{
    u64 lo = page_floor(addr), hi = page_ceil(addr + len);

    if (host_protect(lo, hi - lo, TARGET_PROT_READ | TARGET_PROT_WRITE))
        return -EFAULT;
    memcpy((void *)addr, src, len);
    m->flags &= ~(u32)MAPPING_PRISTINE;
    return host_protect(lo, hi - lo, mapping_host_prot(m)) ? -EFAULT : (ssize_t)len;
}

static ssize_t mapping_poke(struct mm *mm, struct mapping *m, u64 addr, const void *src, size_t len)
{
    if (m->flags & (MAPPING_HIDDEN | MAPPING_PAST_END | MAPPING_SPECIAL) || m->prot == PROT_NONE)
        return -EFAULT;
    if (m->shared)
        return m->prot & PROT_WRITE ? shared_copy(m, addr, (void *)addr, src, len) : -EFAULT;
    if (!(m->flags & MAPPING_BACKED)) {
        if (mm_back_locked(mm, max_u64(addr & ~(u64)(CHUNK_MIN - 1), mapping_lo(m)),
                           page_ceil(addr + len)))
            return -EFAULT;
        m = mapping_find(mm, addr);
    }
    if (!(m->prot & PROT_WRITE))
        return mapping_force(m, addr, src, len);
    memcpy((void *)addr, src, len);
    return (ssize_t)len;
}

ssize_t mm_peek(struct mm *mm, u64 addr, void *dst, size_t len)
{
    size_t done = 0;
    ssize_t n = 0;

    rw_lock_shared(&mm->lock);
    while (done < len) {
        const struct mapping *m = mapping_find(mm, addr + done);

        n = -EFAULT;
        if (m)
            n = mapping_peek(mm, m, addr + done, (u8 *)dst + done,
                             min_u64(len - done, m->hi - (addr + done)));
        if (n < 0)
            break;
        done += (size_t)n;
    }
    rw_unlock_shared(&mm->lock);
    return done || !len ? (ssize_t)done : n;
}

ssize_t mm_poke(struct mm *mm, u64 addr, const void *src, size_t len)
{
    size_t done = 0;
    ssize_t n = 0;

    rw_lock(&mm->lock);
    while (done < len) {
        struct mapping *m = mapping_find(mm, addr + done);

        n = -EFAULT;
        if (m)
            n = mapping_poke(mm, m, addr + done, (const u8 *)src + done,
                             min_u64(len - done, m->hi - (addr + done)));
        if (n < 0)
            break;
        done += (size_t)n;
    }
    rw_unlock(&mm->lock);
    return done || !len ? (ssize_t)done : n;
}
