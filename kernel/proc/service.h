/* SPDX-License-Identifier: MIT */
/* The service thread's parts. */
#pragma once
#include "kernel/host/host.h"
#include "kernel/lib/types.h"

/* Where the host's signals are read; HFD_NONE: nowhere. */
void service_init(hfd signals);

/* Run the timers that are due.  *ret_deadline_ns is when the next is; true: one is already. */
bool service_run_timers(u64 *ret_deadline_ns);
