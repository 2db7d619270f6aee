/* SPDX-License-Identifier: MIT */
/* pidfd: a descriptor that stands for a process and becomes readable when it ends. */
#pragma once
#include "kernel/lib/types.h"

struct fdtable;
struct file;
struct process;

/* A descriptor for p, close-on-exec.  flags: O_NONBLOCK.  Takes a reference to p.  The descriptor
 * or -errno. */
int pidfd_open(struct fdtable *fds, struct process *p, u32 flags);

/* The process behind a file, borrowed from it; NULL: the file is no pidfd. */
struct process *pidfd_process(struct file *f);
