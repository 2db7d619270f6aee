/* SPDX-License-Identifier: MIT */
/*
 * System calls of System V shared memory: decode, call mm/, encode.
 */
#include "abi/linux/errno.h"
#include "abi/linux/ipc.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/sysvshm.h"
#include "kernel/syscall/syscall.h"

/* What SHM_INFO fills in (<sys/shm.h>; in no UAPI header). */
struct shm_info_out {
    int used_ids, pad;
    u64 shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

/* shmget(2).  Unknown flags are ignored. */
long sys_shmget(struct thread *self, int key, size_t size, int flags)
{
    (void)self;
    return shm_get(key, size, (u32)flags);
}

/* shmat(2).  Unknown flags are ignored. */
long sys_shmat(struct thread *self, int shmid, uptr addr, int flags)
{
    return shm_attach(self->mm, shmid, addr.addr, (u32)flags);
}

/* shmdt(2) */
long sys_shmdt(struct thread *self, uptr addr)
{
    return shm_detach(self->mm, addr.addr);
}

static long shmctl_stat(int id, int cmd, uptr buf)
{
    struct shmid64_ds ds;
    int ret;

    ret = cmd == IPC_STAT ? shm_stat(id, &ds) : shm_stat_index(id, cmd, &ds);
    if (ret < 0)
        return ret;
    return copy_out_struct(buf, &ds) ? -EFAULT : ret;
}

static long shmctl_limits(uptr buf)
{
    struct shminfo64 info = {
        .shmmax = SHM_SIZE_MAX,
        .shmmin = 1,
        .shmmni = SHM_COUNT_MAX,
        .shmseg = SHM_COUNT_MAX,
        .shmall = SHM_SIZE_MAX,
    };
    struct shm_totals totals;

    shm_totals_get(&totals);
    if (copy_out_struct(buf, &info))
        return -EFAULT;
    return totals.highest < 0 ? 0 : totals.highest;
}

static long shmctl_totals(uptr buf)
{
    struct shm_info_out info;
    struct shm_totals totals;

    shm_totals_get(&totals);
    memset(&info, 0, sizeof(info));
    info.used_ids = (int)totals.segments;
    info.shm_tot = info.shm_rss = totals.bytes / PAGE_SIZE;
    if (copy_out_struct(buf, &info))
        return -EFAULT;
    return totals.highest < 0 ? 0 : totals.highest;
}

/* shmctl(2) */
long sys_shmctl(struct thread *self, int shmid, int cmd, uptr buf)
{
    struct shmid64_ds ds;

    (void)self;
    cmd &= ~IPC_64;                              /* this machine has no other form          */
    if (cmd < 0 || shmid < 0)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
        return shmctl_stat(shmid, cmd, buf);
    case IPC_SET:
        return copy_in_struct(&ds, buf) ? -EFAULT : shm_set(shmid, &ds);
    case IPC_RMID:
        return shm_remove(shmid);
    case SHM_LOCK:
        return shm_lock(shmid, SHM_DO_LOCK);
    case SHM_UNLOCK:
        return shm_lock(shmid, SHM_DO_UNLOCK);
    case IPC_INFO:
        return shmctl_limits(buf);
    case SHM_INFO:
        return shmctl_totals(buf);
    default:
        return -EINVAL;
    }
}
