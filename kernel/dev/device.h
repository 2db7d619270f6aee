/* SPDX-License-Identifier: MIT */
/*
 * Devices: from a device number to what an open file of it does.
 *
 * Nodes may stand anywhere (mknod(2)); what they mean is one table, device.c.
 */
#pragma once
#include "kernel/lib/types.h"

struct file;

struct device {
    const char *name;                            /* in /dev                                 */
    u32 major, minor;
    u32 mode;                                    /* permission bits of the node in /dev     */
    /* Fill in f->ops and f->priv (vnode_ops.open). */
    int (*open)(struct file *f, u32 minor);
};

/* Let the VFS open devices, and processes have terminals. */
void device_init(void);

/* The devices that have a node in /dev, in order; NULL past the last. */
const struct device *device_at(u32 index);
