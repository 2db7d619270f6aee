/* SPDX-License-Identifier: MIT */
/*
 * The thread block: what GS points at whenever kernel or user code runs.
 *
 * One per thread slot, at a fixed distance below the top of the slot's kernel stack, so that the
 * kernel and both halves of a target find it from the slot's number alone.  Offsets are used by
 * assembly; the assertions keep them true.
 */
#pragma once
#include "kernel/lib/types.h"

struct thread;

struct thread_block {
    struct thread_block *self;                   /* 0: so that C can take its address       */
    u64 kernel_sp;                               /* 8: where the entry switches to          */
    u64 user_sp;                                 /* 16: scratch, two instructions long      */
    u64 exit_ip;                                 /* 24: where the full exit jumps to        */
    struct thread *thread;                       /* 32: the kernel's                        */
    u64 canary;                                  /* 40: the compiler's (%gs:40)             */
    _Atomic u32 work;                            /* 48: not 0: look before leaving          */
    u32 full_exit;                               /* 52: not 0: restore every register       */
    u64 cookie;                                  /* 56: slot number                         */
    u64 target[24];                              /* 64: the target's own                    */
};

_Static_assert(offsetof(struct thread_block, kernel_sp) == 8, "entry.S");
_Static_assert(offsetof(struct thread_block, user_sp) == 16, "entry.S");
_Static_assert(offsetof(struct thread_block, exit_ip) == 24, "entry.S");
_Static_assert(offsetof(struct thread_block, thread) == 32, "thread_self()");
_Static_assert(offsetof(struct thread_block, canary) == 40, "-mstack-protector-guard-offset=40");
_Static_assert(offsetof(struct thread_block, work) == 48, "entry.S");
_Static_assert(offsetof(struct thread_block, full_exit) == 52, "entry.S reads both as one word");
_Static_assert(sizeof(struct thread_block) == 256, "slot layout");
