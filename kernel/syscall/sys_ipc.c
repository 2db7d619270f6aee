/* SPDX-License-Identifier: MIT */
/* System V semaphores and message queues. */
#include "abi/linux/errno.h"
#include "abi/linux/ipc.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/proc/sysv_msg.h"
#include "kernel/proc/sysv_sem.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timespec.h"

/* ---- semaphores ---- */

/* semget(2): ignores unknown flags. */
long sys_semget(struct thread *self, int key, int nsems, int flags)
{
    (void)self;
    return sem_get(key, nsems, (u32)flags);
}

static long operate(int semid, uptr sops, size_t nsops, u64 deadline_ns)
{
    AUTO(kfreep) struct sembuf *ops = NULL;

    if (!nsops || semid < 0)
        return -EINVAL;
    if (nsops > SEM_OPS_MAX)
        return -E2BIG;
    ops = kcalloc(nsops, sizeof(*ops));
    if (!ops)
        return -ENOMEM;
    if (copy_in(ops, sops, nsops * sizeof(*ops)))
        return -EFAULT;
    return sem_operate(semid, ops, (u32)nsops, deadline_ns);
}

long sys_semop(struct thread *self, int semid, uptr sops, size_t nsops)
{
    (void)self;
    return operate(semid, sops, nsops, NO_DEADLINE);
}

long sys_semtimedop(struct thread *self, int semid, uptr sops, size_t nsops, uptr timeout)
{
    u64 deadline;
    int err = timespec_deadline_in(timeout, &deadline);

    (void)self;
    return err ? err : operate(semid, sops, nsops, deadline);
}

static long get_all(int semid, uptr array)
{
    AUTO(kfreep) u16 *values = NULL;
    int count = sem_count(semid), err;

    if (count < 0)
        return count;
    values = kcalloc((u32)count, sizeof(*values));
    if (!values)
        return -ENOMEM;
    err = sem_get_all(semid, values, (u32)count);
    return err ? err : copy_out(array, values, (u32)count * sizeof(*values));
}

static long set_all(int semid, uptr array)
{
    AUTO(kfreep) u16 *values = NULL;
    int count = sem_count(semid);

    if (count < 0)
        return count;
    values = kcalloc((u32)count, sizeof(*values));
    if (!values)
        return -ENOMEM;
    if (copy_in(values, array, (u32)count * sizeof(*values)))
        return -EFAULT;
    return sem_set_all(semid, values, (u32)count);
}

static long semctl_stat(int semid, int cmd, uptr buf)
{
    struct semid64_ds ds;
    int ret = sem_stat(semid, cmd, &ds);

    if (ret < 0)
        return ret;
    return copy_out_struct(buf, &ds) ? -EFAULT : ret;
}

static long semctl_info(int cmd, uptr buf)
{
    struct seminfo info;
    int highest = sem_info(cmd, &info);

    return copy_out_struct(buf, &info) ? -EFAULT : highest;
}

long sys_semctl(struct thread *self, int semid, int semnum, int cmd, u64 arg)
{
    struct semid64_ds ds;

    (void)self;
    cmd &= ~IPC_64;                              /* this machine has no other form          */
    if (semid < 0)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        return semctl_stat(semid, cmd, UPTR(arg));
    case IPC_SET:
        return copy_in_struct(&ds, UPTR(arg)) ? -EFAULT : sem_set_owner(semid, &ds);
    case IPC_RMID:
        return sem_remove(semid);
    case IPC_INFO:
    case SEM_INFO:
        return semctl_info(cmd, UPTR(arg));
    case GETALL:
        return get_all(semid, UPTR(arg));
    case SETALL:
        return set_all(semid, UPTR(arg));
    case SETVAL:
        return sem_set_value(semid, semnum, (int)arg);
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
        return sem_look(semid, semnum, cmd);
    default:
        return -EINVAL;
    }
}

/* ---- message queues ---- */

/* msgget(2): ignores unknown flags. */
long sys_msgget(struct thread *self, int key, int flags)
{
    (void)self;
    return msg_get(key, (u32)flags);
}

/* A user's struct msgbuf: the type, then the text. */
long sys_msgsnd(struct thread *self, int msqid, uptr msgp, size_t size, int flags)
{
    AUTO(msg_freep) struct msg *m = NULL;
    long type;
    int err;

    (void)self;
    if (copy_in_struct(&type, msgp))
        return -EFAULT;
    if (size > MSG_SIZE_MAX || msqid < 0 || type < 1)
        return -EINVAL;
    m = msg_new(type, size);
    if (!m)
        return -ENOMEM;
    if (copy_in(msg_text(m), uptr_add(msgp, sizeof(type)), size))
        return -EFAULT;
    err = msg_send(msqid, m, (u32)flags);
    if (!err)
        (void)TAKE(m);                           /* the queue's now                         */
    return err;
}

long sys_msgrcv(struct thread *self, int msqid, uptr msgp, size_t size, long type, int flags)
{
    AUTO(msg_freep) struct msg *m = NULL;
    int err;

    (void)self;
    if (msqid < 0 || (ssize_t)size < 0)
        return -EINVAL;
    err = msg_receive(msqid, size, type, (u32)flags, &m);
    if (err)
        return err;
    size = min_size(size, msg_size(m));
    type = msg_type(m);
    if (copy_out_struct(msgp, &type) || copy_out(uptr_add(msgp, sizeof(type)), msg_text(m), size))
        return -EFAULT;                          /* the message is lost, as on Linux        */
    return (long)size;
}

static long msgctl_stat(int msqid, int cmd, uptr buf)
{
    struct msqid64_ds ds;
    int ret = msg_stat(msqid, cmd, &ds);

    if (ret < 0)
        return ret;
    return copy_out_struct(buf, &ds) ? -EFAULT : ret;
}

static long msgctl_info(int cmd, uptr buf)
{
    struct msginfo info;
    int highest = msg_info(cmd, &info);

    return copy_out_struct(buf, &info) ? -EFAULT : highest;
}

long sys_msgctl(struct thread *self, int msqid, int cmd, uptr buf)
{
    struct msqid64_ds ds;

    (void)self;
    cmd &= ~IPC_64;                              /* as above                                */
    if (msqid < 0 || cmd < 0)
        return -EINVAL;
    switch (cmd) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
        return msgctl_stat(msqid, cmd, buf);
    case IPC_SET:
        return copy_in_struct(&ds, buf) ? -EFAULT : msg_set_owner(msqid, &ds);
    case IPC_RMID:
        return msg_remove(msqid);
    case IPC_INFO:
    case MSG_INFO:
        return msgctl_info(cmd, buf);
    default:
        return -EINVAL;
    }
}
