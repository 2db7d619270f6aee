/* SPDX-License-Identifier: MIT */
/* For fuzzers that dispatch system calls: what handlers look at and the sim machine has not. */
#pragma once

/* Give the machine's thread a process with limits and a signal mask, and the kernel a host that
 * refuses everything.  Once the machine has started; nothing has to be undone. */
void stand_in_start(void);
