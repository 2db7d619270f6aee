/* SPDX-License-Identifier: MIT */
/* signalfd(2): signals of whoever reads, as records of a file. */
#pragma once
#include "kernel/lib/types.h"

struct file;

/* mask: the signals it takes.  flags: O_NONBLOCK or 0. */
int signalfd_new(u64 mask, u32 flags, struct file **ret) MUST_CHECK;
/* Change the mask of one that is there: -EINVAL if f is no signalfd. */
int signalfd_set(struct file *f, u64 mask) MUST_CHECK;
