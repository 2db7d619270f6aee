/* SPDX-License-Identifier: MIT */
/* timerfd_create(2): a timer as a file. */
#pragma once
#include "abi/linux/time.h"
#include "kernel/lib/types.h"

struct file;

int timerfd_new(int clock_id, u32 flags, struct file **ret) MUST_CHECK; /* flags: O_NONBLOCK */
/* -EINVAL if f is no timerfd or the time is none.  old may be NULL. */
int timerfd_settime(struct file *f, u32 flags, const struct __kernel_itimerspec *new,
                    struct __kernel_itimerspec *old) MUST_CHECK;
int timerfd_gettime(struct file *f, struct __kernel_itimerspec *ret) MUST_CHECK;
