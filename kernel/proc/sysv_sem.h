/* SPDX-License-Identifier: MIT */
/* System V semaphores: semget(2), semop(2), semctl(2). */
#pragma once
#include "abi/linux/ipc.h"
#include "kernel/lib/types.h"

struct process;
struct sysv_undo;

/* Limits, as Linux's defaults. */
enum { SEM_SETS_MAX = 32000, SEM_PER_SET_MAX = 32000, SEM_OPS_MAX = 500, SEM_VALUE_MAX = 32767 };

int sem_get(s32 key, int count, u32 flags) MUST_CHECK;

/* All operations or none, waiting until the deadline: 0, -EAGAIN, -EINTR, -EIDRM, -EINVAL, -EFBIG,
 * -ERANGE, -EACCES, -ENOMEM. */
int sem_operate(int id, const struct sembuf *ops, u32 count, u64 deadline_ns) MUST_CHECK;

/* GETVAL, GETPID, GETNCNT, GETZCNT: the value. */
int sem_look(int id, int number, int cmd) MUST_CHECK;
int sem_set_value(int id, int number, int value) MUST_CHECK;
/* SETALL, GETALL: of as many as the set has, which sem_count() tells. */
int sem_count(int id) MUST_CHECK;
int sem_set_all(int id, const u16 *values, u32 count) MUST_CHECK;
int sem_get_all(int id, u16 *values, u32 count) MUST_CHECK;

/* IPC_STAT by id, SEM_STAT and SEM_STAT_ANY by index; the result is 0 or the id. */
int sem_stat(int which, int cmd, struct semid64_ds *ret) MUST_CHECK;
int sem_set_owner(int id, const struct semid64_ds *ds) MUST_CHECK;
int sem_remove(int id) MUST_CHECK;
/* IPC_INFO, SEM_INFO: the greatest index in use. */
int sem_info(int cmd, struct seminfo *ret);

/* ---- for proc/: what SEM_UNDO remembers ---- */

/* The child shares it (CLONE_SYSVSEM), making it if need be.  -ENOMEM. */
int sem_undo_share(struct process *parent, struct process *child) MUST_CHECK;
/* The process ends: if nobody shares it, the operations are undone. */
void sem_undo_exit(struct process *p);
