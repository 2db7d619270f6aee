/* SPDX-License-Identifier: MIT */
/*
 * Waiting for many files at once: poll(2), select(2) and, for its own descriptor, epoll(7).
 *
 * The protocol of core/waitq.h with many queues: draw all tickets, look at all files, enlist on
 * all queues, compare all tickets, sleep once, delist from all.  Files with a host descriptor are
 * looked at by one call to the host for all of them, which is the sleep as well.
 */
#pragma once
#include "abi/target.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/types.h"

struct file;

struct poll_entry {
    struct file *file;                           /* NULL: passed over                       */
    u32 events;                                  /* wanted; POLLERR and POLLHUP always are  */
    u32 ready;                                   /* what there is                           */

    /* poll_files()'s own */
    u64 ticket;
    struct sleeper sleeper;
    struct host_poll *host;                      /* its entry in the host's set, or NULL    */
};

/* Wait until a file is ready: how many are (>= 1), 0 when the deadline has passed, -ENOMEM,
 * -EINTR. */
int poll_files(struct poll_entry *entry, u32 count, u64 deadline_ns) MUST_CHECK;

/* What f is ready for now, of a file that may have a host descriptor. */
u32 file_ready(struct file *f, u32 events);
