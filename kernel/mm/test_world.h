/* SPDX-License-Identifier: MIT */
/*
 * A machine for the tests of mm/: a reserved range of the test's own memory, protected and
 * discarded for real, so that what is inaccessible faults.  Counts what mm/ asks of the host, and
 * refuses it on demand.
 */
#pragma once
#include "abi/image.h"
#include "kernel/lib/types.h"

struct mm;

enum { WORLD_PAGES_LOW = 1 << 16 };              /* 256 MiB for fixed addresses             */

struct world {
    struct boot_params bp;
    u64 protects, discards;                      /* calls of the host                       */
    u64 fail_after;                              /* so many calls succeed; 0: all           */
};
extern struct world world;

/* Start mm/ with so many bytes to commit; again (a torture test): go on with what is there. */
void world_start(u64 memory_size);

/* Everything is as at the start: nothing charged but the vDSO and the cache, no address taken. */
void world_check_nothing_left(void);

/* Bytes charged for user memory. */
u64 world_user_bytes(void);

/* What the host lets the machine do with a page: PROT_* bits as in /proc/self/maps. */
u32 world_host_prot(u64 addr);
