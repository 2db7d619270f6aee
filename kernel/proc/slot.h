/* SPDX-License-Identifier: MIT */
/* Thread slots, at start-up. */
#pragma once
#include "kernel/core/thread.h"

struct boot_params;

/* The table of slots, and slot 0's thread, which is the caller. */
int slots_init(const struct boot_params *bp) MUST_CHECK;
struct thread *slots_service_thread(void);
