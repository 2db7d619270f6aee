/* SPDX-License-Identifier: MIT */
/* What C libraries set up for each thread. */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/membarrier.h"
#include "abi/linux/prctl.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/host/host.h"
#include "kernel/proc/attr.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/syscall.h"

#define CANONICAL_LIMIT (1ull << 47)

long sys_set_tid_address(struct thread *self, uptr tidptr)
{
    thread_set_clear_tid(self, tidptr);
    return self->tid;
}

long sys_set_robust_list(struct thread *self, uptr head, size_t len)
{
    if (len != sizeof(struct robust_list_head))
        return -EINVAL;
    thread_set_robust_list(self, head);
    return 0;
}

long sys_get_robust_list(struct thread *self, int pid, uptr head, uptr len)
{
    u64 size = sizeof(struct robust_list_head);
    uptr list;
    int err = thread_robust_list(pid, &list);

    (void)self;
    if (err)
        return err;
    if (copy_out_struct(len, &size) || copy_out_struct(head, &list.addr))
        return -EFAULT;
    return 0;
}

/* arch_prctl(2).  GS belongs to the kernel: a program that wants it is told no. */
long sys_arch_prctl(struct thread *self, int code, uptr addr)
{
    u64 base;

    (void)self;
    switch (code) {
    case ARCH_SET_FS:
        if (addr.addr >= CANONICAL_LIMIT)
            return -EPERM;
        fs_base_set(addr.addr);
        return 0;
    case ARCH_GET_FS:
        base = fs_base_get();
        return copy_out_struct(addr, &base);
    case ARCH_SET_GS:
        return -EPERM;
    default:
        return -EINVAL;
    }
}

/* Commands that need the caller to have registered, and what registers for them. */
static const struct {
    int command, registration;
} barriers[] = {
    { MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED },
    { MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE },
};

enum {
    BARRIERS_KNOWN = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                     MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
                     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
};

/* membarrier(2): one barrier serves all, a serialising instruction on every thread of the run. */
long sys_membarrier(struct thread *self, int cmd, u32 flags, int cpu_id)
{
    (void)cpu_id;                                /* only means something with a flag        */
    if (flags)
        return -EINVAL;
    if (cmd == MEMBARRIER_CMD_QUERY)
        return BARRIERS_KNOWN;
    if (cmd == MEMBARRIER_CMD_GLOBAL) {
        host_sync_cores();
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(barriers); i++) {
        u32 bit = (u32)barriers[i].registration;

        if (cmd == barriers[i].registration) {
            process_register_barrier(self, bit);
            return 0;
        }
        if (cmd != barriers[i].command)
            continue;
        if (!process_has_barrier(self, bit))
            return -EPERM;
        host_sync_cores();
        return 0;
    }
    return -EINVAL;
}
