/* SPDX-License-Identifier: MIT */
/* epoll(7): a set of files that is watched, itself a file. */
#pragma once
#include "abi/linux/poll.h"
#include "kernel/lib/types.h"

struct file;

int epoll_new(struct file **ret) MUST_CHECK;

/* epoll_ctl(2) on an epoll file: add, change or remove target, which the caller knows as fd.
 * -EINVAL (ep is none, target is ep itself, flags that do not go together), -EEXIST, -ENOENT,
 * -EPERM (target cannot be watched), -ELOOP, -ENOMEM. */
int epoll_change(struct file *ep, int op, struct file *target, int fd,
                 const struct epoll_event *event) MUST_CHECK;

/* Up to max events, waiting for the first until deadline_ns: how many, 0 if there was none in time,
 * -EINTR, -EINVAL. */
int epoll_collect(struct file *ep, struct epoll_event *ret, int max, u64 deadline_ns) MUST_CHECK;
