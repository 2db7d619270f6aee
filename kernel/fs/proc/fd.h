/* SPDX-License-Identifier: MIT */
/* /proc/[pid]/fd and fdinfo: the nodes of the two directories. */
#pragma once
#include "kernel/fs/proc/proc_fs.h"

int proc_fd_find(const struct proc_at *at, u64 number, struct proc_at *ret);
int proc_fd_next(const struct proc_at *at, u64 *number, struct proc_at *ret);
int proc_fdinfo_find(const struct proc_at *at, u64 number, struct proc_at *ret);
int proc_fdinfo_next(const struct proc_at *at, u64 *number, struct proc_at *ret);

#define PROC_FD_NODE                                                                               \
    {                                                                                              \
        .name = "fd", .mode = S_IFDIR | 0500, .find = proc_fd_find, .next = proc_fd_next           \
    }
#define PROC_FDINFO_NODE                                                                           \
    {                                                                                              \
        .name = "fdinfo", .mode = S_IFDIR | 0555, .find = proc_fdinfo_find,                        \
        .next = proc_fdinfo_next                                                                   \
    }
