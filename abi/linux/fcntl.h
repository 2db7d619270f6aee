/* SPDX-License-Identifier: MIT */
/* open(2), fcntl(2), fallocate(2) and *at() flags, locks, leases, seals. */
#pragma once
#include <linux/fcntl.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <linux/close_range.h>
