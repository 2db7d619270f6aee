/* SPDX-License-Identifier: MIT */
/*
 * System V IPC and POSIX message queues.  linux/shm.h includes libc's unistd.h, so the flags of
 * shmget(2) and shmat(2) stand here.
 */
#pragma once
#include <asm/shmbuf.h>
#include <linux/ipc.h>
#include <linux/sem.h>
#include <linux/msg.h>
#include <linux/mqueue.h>

enum {
    SHM_HUGETLB = 04000,
    SHM_NORESERVE = 010000,
    SHM_RDONLY = 010000,
    SHM_RND = 020000,
    SHM_REMAP = 040000,
    SHM_EXEC = 0100000,
    SHM_LOCK = 11,
    SHM_UNLOCK = 12,
    SHM_STAT = 13,
    SHM_INFO = 14,
    SHM_STAT_ANY = 15,
};
