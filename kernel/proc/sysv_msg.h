/* SPDX-License-Identifier: MIT */
/* System V message queues: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
#pragma once
#include "abi/linux/ipc.h"
#include "kernel/lib/types.h"

/* Limits, as Linux's defaults. */
enum { MSG_QUEUES_MAX = 32000, MSG_SIZE_MAX = MSGMAX, MSG_QUEUE_BYTES = MSGMNB };

struct msg;

/* A message of size bytes, to be filled in (msg_text()); NULL: no memory. */
struct msg *msg_new(long type, size_t size);
void *msg_text(struct msg *m);
size_t msg_size(const struct msg *m);
long msg_type(const struct msg *m);
void msg_free(struct msg *m);
void msg_freep(struct msg **m);

int msg_get(s32 key, u32 flags) MUST_CHECK;

/* Consumes m on success.  0, -EAGAIN (IPC_NOWAIT), -ERESTARTNOHAND, -EIDRM, -EINVAL, -EACCES. */
int msg_send(int id, struct msg *m, u32 flags) MUST_CHECK;
/* A message as msgrcv(2) chooses it by type, of at most size bytes unless MSG_NOERROR.  -ENOMSG
 * (IPC_NOWAIT), -E2BIG, and as above. */
int msg_receive(int id, size_t size, long type, u32 flags, struct msg **ret) MUST_CHECK;

/* IPC_STAT by id, MSG_STAT and MSG_STAT_ANY by index; the result is 0 or the id. */
int msg_stat(int which, int cmd, struct msqid64_ds *ret) MUST_CHECK;
int msg_set_owner(int id, const struct msqid64_ds *ds) MUST_CHECK;
int msg_remove(int id) MUST_CHECK;
/* IPC_INFO, MSG_INFO: the greatest index in use. */
int msg_info(int cmd, struct msginfo *ret);
