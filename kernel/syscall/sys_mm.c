/* SPDX-License-Identifier: MIT */
/*
 * System calls of memory: decode, call mm/, encode.  What they do is in kernel/mm/.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/mm/mm.h"
#include "kernel/syscall/syscall.h"
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
