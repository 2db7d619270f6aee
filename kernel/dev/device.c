/* SPDX-License-Identifier: MIT */
/* The table of devices.  Numbers are Linux's (Documentation/admin-guide/devices.txt). */
#include "kernel/dev/device.h"
#include "abi/linux/errno.h"
#include "abi/linux/stat.h"
#include "kernel/dev/memory.h"
#include "kernel/dev/pty.h"
#include "kernel/dev/tty.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/vnode.h"

static const struct device devices[] = {
    { "null", 1, 3, 0666, null_open },      { "zero", 1, 5, 0666, zero_open },
    { "full", 1, 7, 0666, full_open },      { "random", 1, 8, 0666, random_open },
    { "urandom", 1, 9, 0666, random_open }, { "tty", 5, 0, 0666, tty_open },
    { "console", 5, 1, 0600, tty_open },    { "ptmx", 5, 2, 0666, ptmx_open },
};

const struct device *device_at(u32 index)
{
    return index < ARRAY_SIZE(devices) ? &devices[index] : NULL;
}

static int device_open(struct vnode *v, u32 major, u32 minor, struct file *f)
{
    if (v->type != S_IFCHR)
        return -ENXIO;
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
        if (devices[i].major == major && devices[i].minor == minor)
            return devices[i].open(f, minor);
    return -ENXIO;
}

void device_init(void)
{
    tty_init();
    dev_open_ops.open = device_open;
}
