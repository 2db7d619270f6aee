/* SPDX-License-Identifier: MIT */
/* POSIX message queues: mq_open(2) and its family.  Queues are named files of their own kind. */
#pragma once
#include "abi/linux/ipc.h"
#include "abi/linux/signal.h"
#include "kernel/lib/types.h"

struct file;

/* Open the queue called name, or make it.  attr may be NULL.  A new file; -EACCES, -EEXIST, -EINVAL,
 * -ENOENT, -ENOSPC, -EMFILE, -ENOMEM. */
int mqueue_open(const char *name, u32 flags, u32 mode, const struct mq_attr *attr,
                struct file **ret) MUST_CHECK;
int mqueue_unlink(const char *name);

/* f of another kind is -EBADF everywhere below.  deadline_ns is monotonic. */
struct mq_msg;
struct mq_msg *mq_msg_new(u32 priority, size_t size); /* NULL: no memory                    */
void *mq_msg_text(struct mq_msg *m);
size_t mq_msg_size(const struct mq_msg *m);
u32 mq_msg_priority(const struct mq_msg *m);
void mq_msg_freep(struct mq_msg **m);

/* How long a message may be; -EBADF. */
ssize_t mqueue_message_size(struct file *f);
/* Consumes m on success.  -EAGAIN, -ETIMEDOUT, -EINTR, -EMSGSIZE. */
int mqueue_send(struct file *f, struct mq_msg *m, u64 deadline_ns) MUST_CHECK;
/* size: room the caller has, -EMSGSIZE if that is less than a message may need. */
int mqueue_receive(struct file *f, size_t size, u64 deadline_ns, struct mq_msg **ret) MUST_CHECK;

/* event NULL: the caller's registration ends.  -EBUSY, -EINVAL. */
int mqueue_notify(struct file *f, const struct sigevent *event) MUST_CHECK;
int mqueue_attr(struct file *f, const struct mq_attr *attr, struct mq_attr *ret_old) MUST_CHECK;
