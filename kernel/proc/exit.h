/* SPDX-License-Identifier: MIT */
/*
 * How threads and processes end, for system calls.  Both only leave work to do: the thread ends on
 * its way back to user mode.
 */
#pragma once
#include "kernel/core/thread.h"

/* exit(2): the calling thread alone; exit_group(2): its process. */
void thread_exit(struct thread *self, int status);
void process_exit(struct thread *self, int status);

/* CLD_EXITED or CLD_KILLED for a wait status, and what si_status is then. */
int exit_code_of(int wait_status, int *ret_status);
