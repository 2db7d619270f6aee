/* SPDX-License-Identifier: MIT */
/* mount(2) and limits on names. */
#pragma once
#include <linux/mount.h>
#include <linux/limits.h>
#include <linux/fs.h>
