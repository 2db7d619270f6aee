/* SPDX-License-Identifier: MIT */
/*
 * The instruction sequences that may fault on user addresses (user_copy.S).  Only core/user.c
 * calls them, after it has checked whose addresses they are.
 */
#pragma once
#include "kernel/lib/types.h"

/* Bytes NOT copied / cleared: 0 when all went well. */
size_t user_copy(void *dst, const void *src, size_t len);
size_t user_clear(void *dst, size_t len);

/* 0, or 1 after a fault. */
int user_load(const u32 *src, u32 *ret);
int user_cmpxchg(u32 *addr, u32 old, u32 new, u32 *seen);

/* The target's question at a fault in the kernel: where to go on, or 0. */
u64 user_fixup(u64 ip);
