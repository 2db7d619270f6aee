/* SPDX-License-Identifier: MIT */
/*
 * What a thread or its process says about itself and may ask for: the state behind prctl(2),
 * set_tid_address(2) and the like.  Functions about self are for the calling thread.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct process;

/* The word that becomes 0 when the thread ends, and its list of robust futexes. */
void thread_set_clear_tid(struct thread *self, uptr word);
uptr thread_clear_tid(const struct thread *self);
void thread_set_robust_list(struct thread *self, uptr head);
/* Of any thread; tid 0: the caller.  -ESRCH, -EPERM. */
int thread_robust_list(pid_t tid, uptr *ret) MUST_CHECK;

/* MEMBARRIER_CMD_REGISTER_* bits. */
void process_register_barrier(struct thread *self, u32 bit);
bool process_has_barrier(const struct thread *self, u32 bit);

/* prctl(2) */
u32 thread_pdeath_signal(const struct thread *self);
void thread_set_pdeath_signal(struct thread *self, u32 signo);
u32 process_dumpable(const struct process *p);
void process_set_dumpable(struct process *p, u32 dumpable);
bool process_is_subreaper(const struct process *p);
void process_set_subreaper(struct process *p, bool on);
bool thread_no_new_privs(const struct thread *self);
void thread_set_no_new_privs(struct thread *self);
u64 thread_timer_slack_ns(const struct thread *self);
void thread_set_timer_slack_ns(struct thread *self, u64 ns); /* 0: the default              */

/* personality(2): the old one. */
u32 process_personality(struct process *p);
void process_set_personality(struct process *p, u32 persona);
