/* SPDX-License-Identifier: MIT */
/*
 * open(2), fcntl(2), fallocate(2), fadvise(2) and *at() flags, locks, leases, seals; and what
 * access(2) and splice(2) take, which no freestanding UAPI header has.
 */
#pragma once
#include <linux/fcntl.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <linux/close_range.h>
#include <linux/pidfd.h>

#define O_ASYNC FASYNC

enum { F_OK = 0, X_OK = 1, W_OK = 2, R_OK = 4 };

enum {
    SPLICE_F_MOVE = 1,
    SPLICE_F_NONBLOCK = 2,
    SPLICE_F_MORE = 4,
    SPLICE_F_GIFT = 8,
};
