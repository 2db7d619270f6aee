/* SPDX-License-Identifier: MIT */
/*
 * Open files on their way from one process to another (unix(7), SCM_RIGHTS).
 *
 * A struct rights owns a reference to each of its files.  While it lies in a queue its files are
 * "in flight"; the sockets among them are counted, which is how unix_gc.c finds those that nobody
 * can reach any more.
 *
 * Dropping rights may close sockets in whose queues lie other rights, and so on without end; each
 * thread therefore keeps the rights that it has yet to drop in a list, and the stack stays flat.
 */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/net/socket.h"

struct rights {
    struct rights *next;                         /* in the list of those to be dropped      */
    bool in_flight;                              /* guarded by the lock of unix_gc.c        */
    u32 count;
    struct file *file[];                         /* owned                                   */
};

/* Add the files behind descriptors of the caller to *r (NULL: none yet).  -EBADF, -EINVAL (more than
 * SCM_MAX_FD), -ENOMEM. */
int rights_add(struct rights **r, const u8 *fds, u32 count) MUST_CHECK;

/* The same files once more, for MSG_PEEK; NULL: no memory. */
struct rights *rights_copy(const struct rights *r);

/* Give them to the caller as descriptors, with a control message that says so; consumes r, which
 * may be NULL.  What does not fit is closed (MSG_CTRUNC). */
void rights_deliver(struct message *m, struct rights *r);

/* NULL is fine.  May sleep: closes files. */
void rights_free(struct rights *r);

/* Into a queue and out of it (unix_gc.c).  -ETOOMANYREFS: an unprivileged caller has more files in
 * flight than it may have open. */
int rights_launch(struct rights *r) MUST_CHECK;
void rights_land(struct rights *r);
