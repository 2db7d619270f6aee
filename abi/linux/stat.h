/* SPDX-License-Identifier: MIT */
/* File types and modes, struct stat, struct statx. */
#pragma once
#include <linux/stat.h>
#include <asm/stat.h>
#include <asm/statfs.h>
