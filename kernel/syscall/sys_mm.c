/* SPDX-License-Identifier: MIT */
/*
 * System calls of memory: decode, call mm/, encode.  What they do is in kernel/mm/.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall/flags.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

/* mmap(2).  The descriptor is ignored with MAP_ANONYMOUS. */
long sys_mmap(struct thread *self, uptr addr, size_t len, u64 prot, u64 flags, int fd, s64 offset)
{
    AUTO(file_putp) struct file *file = NULL;
    int err;

    if (!(flags & MAP_ANONYMOUS)) {
        err = fd_get(self->fds, fd, &file);
        if (err)
            return err;
    }

    struct map_request request = {
        .addr = addr.addr,
        .len = len,
        .prot = (u32)prot,
        .flags = (u32)flags,
        .file = file,
        .offset = (u64)offset,
    };
    return mm_map(self->mm, &request);
}

/* munmap(2) */
long sys_munmap(struct thread *self, uptr addr, size_t len)
{
    return mm_unmap(self->mm, addr.addr, len);
}

/* mprotect(2) */
long sys_mprotect(struct thread *self, uptr addr, size_t len, u64 prot)
{
    if (prot > UINT32_MAX)
        return -EINVAL;
    return mm_protect(self->mm, addr.addr, len, (u32)prot);
}

/* pkey_mprotect(2): without keys, only the absence of one can be asked for. */
long sys_pkey_mprotect(struct thread *self, uptr addr, size_t len, u64 prot, int pkey)
{
    if (pkey != -1 || prot > UINT32_MAX)
        return -EINVAL;
    return mm_protect(self->mm, addr.addr, len, (u32)prot);
}

/* brk(2) */
long sys_brk(struct thread *self, uptr addr)
{
    return mm_brk(self->mm, addr.addr);
}

/* mremap(2) */
long sys_mremap(struct thread *self, uptr addr, size_t old_len, size_t new_len, u64 flags,
                uptr new_addr)
{
    if (flags_unknown(KIND_MREMAP, flags))
        return -EINVAL;
    return mm_remap(self->mm, addr.addr, old_len, new_len, (u32)flags, new_addr.addr);
}

/* madvise(2) */
long sys_madvise(struct thread *self, uptr addr, size_t len, int advice)
{
    return mm_advise(self->mm, addr.addr, len, advice);
}

/* msync(2) */
long sys_msync(struct thread *self, uptr addr, size_t len, int flags)
{
    return mm_sync(self->mm, addr.addr, len, (u32)flags);
}

/* mincore(2) */
long sys_mincore(struct thread *self, uptr addr, size_t len, uptr vec)
{
    u64 pages = page_ceil(len) / PAGE_SIZE;
    u8 chunk[256];
    int err;

    if (page_offset(addr.addr) || len > page_floor(INT64_MAX))
        return page_offset(addr.addr) ? -EINVAL : -ENOMEM;
    for (u64 done = 0; done < pages; done += sizeof(chunk)) {
        u64 n = min_u64(pages - done, sizeof(chunk));

        err = mm_residency(self->mm, addr.addr + done * PAGE_SIZE, chunk, n);
        if (!err)
            err = copy_out(uptr_add(vec, done), chunk, n);
        if (err)
            return err;
    }
    return 0;
}

/* mlock(2) */
long sys_mlock(struct thread *self, uptr addr, size_t len)
{
    return mm_lock_memory(self->mm, addr.addr, len, MM_LOCK);
}

/* mlock2(2) refuses unknown flags. */
long sys_mlock2(struct thread *self, uptr addr, size_t len, int flags)
{
    if (flags_unknown(KIND_MLOCK2, (u32)flags))
        return -EINVAL;
    return mm_lock_memory(self->mm, addr.addr, len,
                          flags & MLOCK_ONFAULT ? MM_LOCK_ON_FAULT : MM_LOCK);
}

/* munlock(2) */
long sys_munlock(struct thread *self, uptr addr, size_t len)
{
    return mm_lock_memory(self->mm, addr.addr, len, MM_UNLOCK);
}

/* mlockall(2) */
long sys_mlockall(struct thread *self, int flags)
{
    enum mm_lock_how how = MM_LOCK_NONE;

    if (!flags || flags_unknown(KIND_MCL, (u32)flags) || flags == MCL_ONFAULT)
        return -EINVAL;
    if (flags & MCL_CURRENT)
        how = flags & MCL_ONFAULT ? MM_LOCK_ON_FAULT : MM_LOCK;
    return mm_lock_all(self->mm, how, flags & MCL_FUTURE);
}

/* munlockall(2) */
long sys_munlockall(struct thread *self)
{
    return mm_lock_all(self->mm, MM_UNLOCK, false);
}
