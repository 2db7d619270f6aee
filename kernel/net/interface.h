/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces: those of the host, looked at and not changed.
 */
#pragma once
#include "kernel/lib/types.h"

/* ioctls of any socket that ask about interfaces or want to change them (netdevice(7)). */
bool interface_ioctl_knows(u32 cmd);
/* -ENODEV, -EPERM (changes), -EADDRNOTAVAIL, -EFAULT. */
long interface_ioctl(u32 cmd, uptr arg);
