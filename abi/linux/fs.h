/* SPDX-License-Identifier: MIT */
/* mount(2), umount2(2) and limits on names. */
#pragma once
#include <linux/mount.h>
#include <linux/limits.h>
#include <linux/fs.h>

enum { MNT_FORCE = 1, MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };
