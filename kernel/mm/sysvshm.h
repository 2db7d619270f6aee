/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: shmget(2), shmat(2), shmctl(2), shmdt(2).
 *
 * A segment is a shared object with a key, an owner and times.  There is one address space, so all
 * who attach it find it at one address; one that nobody has attached moves to the address that
 * somebody asks for.
 */
#pragma once
#include "abi/linux/ipc.h"
#include "kernel/lib/types.h"

struct mm;
struct shared;

/* Linux's limits (shmget(2)). */
#define SHM_SIZE_MAX (UINT64_MAX - (1ull << 24))
enum { SHM_COUNT_MAX = 4096 };

/* An id or -errno. */
int shm_get(s32 key, u64 size, u32 flags);

/* The address or -errno. */
s64 shm_attach(struct mm *mm, int id, u64 addr, u32 flags);
int shm_detach(struct mm *mm, u64 addr);

int shm_stat(int id, struct shmid64_ds *ret);    /* IPC_STAT                                */
/* SHM_STAT, SHM_STAT_ANY: by index; the id. */
int shm_stat_index(int index, int cmd, struct shmid64_ds *ret);
int shm_set(int id, const struct shmid64_ds *from);
int shm_remove(int id);
enum shm_lock_how { SHM_DO_LOCK, SHM_DO_UNLOCK };
int shm_lock(int id, enum shm_lock_how how);     /* SHM_LOCK, SHM_UNLOCK                    */

/* Segments, bytes of memory, and the highest index in use (-1: none). */
struct shm_totals {
    u32 segments;
    u64 bytes;
    int highest;
};
void shm_totals_get(struct shm_totals *ret);

/* A mapping of s, which is a segment, has gone; s may have, too.  No lock of mm/ but map_lock is
 * held. */
void shm_unmapped(const struct shared *s);
