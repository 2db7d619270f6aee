/* SPDX-License-Identifier: MIT */
/* Making threads and processes: clone(2), clone3(2), vfork(2). */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

/* What is wanted, whichever call asks: struct clone_args without what is not supported. */
struct clone_request {
    u64 flags;                                   /* CLONE_*, without the signal             */
    int exit_signal;
    u64 stack;                                   /* initial stack pointer; 0: the caller's  */
    u64 tls;
    uptr parent_tid, child_tid;                  /* CLONE_PARENT_SETTID, CLONE_CHILD_*      */
    uptr pidfd;
};

/* The new thread's id, or -errno as clone(2) has it; -ENOSYS without CLONE_VM. */
long thread_clone(struct thread *self, const struct clone_request *request);
