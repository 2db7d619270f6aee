/* SPDX-License-Identifier: MIT */
/*
 * The kernel's clocks: the host's time, made monotonic, and served from the processor's counter
 * between two looks at it (kernel/arch/x86_64/vclock.h), for the kernel and for the vDSO alike.
 */
#pragma once
#include "kernel/lib/types.h"

struct vdso_data;

/* Serve time from this page from now on; kernel_entry is where the vDSO's stubs jump to.  Before,
 * every question goes to the host. */
void timekeeper_start(struct vdso_data *page, u64 kernel_entry);

/* Fills in clock_ops (core/clock.h). */
void timekeeper_init(void);

/* A sleep until this moment has ended: no clock may show less from now on. */
void timekeeper_not_before(u64 mono_ns);
