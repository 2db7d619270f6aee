/* SPDX-License-Identifier: MIT */
/*
 * System V message queues.
 *
 * A queue is a list of messages in order of arrival and a limit on their bytes.  Senders wait for
 * room, receivers for a message they would take; both sleep on the queue's one wait queue and look
 * again when anything has changed.
 *
 * Locks: ipc_object.lock for everything in a queue.
 */
#include "kernel/proc/sysv_msg.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/proc/ipc_table.h"
#include "kernel/proc/process.h"

struct msg {
    struct list link;
    long type;
    size_t size;
    u8 text[];
};

struct msg_queue {
    struct ipc_object object;
    struct list messages;
    u64 bytes, count, bytes_max;
    s64 send_time, receive_time, change_time;
    pid_t last_sender, last_receiver;
};

struct msg *msg_new(long type, size_t size)
{
    struct msg *m = kalloc(sizeof(*m) + size);

    if (!m)
        return NULL;
    list_init(&m->link);
    m->type = type;
    m->size = size;
    return m;
}

void *msg_text(struct msg *m)
{
    return m->text;
}

size_t msg_size(const struct msg *m)
{
    return m->size;
}

long msg_type(const struct msg *m)
{
    return m->type;
}

void msg_free(struct msg *m)
{
    kfree(m);
}

void msg_freep(struct msg **m)
{
    kfree(*m);
}

static struct msg_queue *queue_of(struct ipc_object *o)
{
    return container_of(o, struct msg_queue, object);
}

static void queue_free(struct ipc_object *o)
{
    struct msg_queue *q = queue_of(o);

    list_for_each_safe(link, &q->messages)
        kfree(list_entry(link, struct msg, link));
    kfree(q);
}

static struct ipc_table queues = { .max = MSG_QUEUES_MAX, .free = queue_free };

static void queue_putp(struct msg_queue **q)
{
    if (*q)
        ipc_put(&queues, &(*q)->object);
}

static int queue_find(int id, struct msg_queue **ret)
{
    struct ipc_object *o;
    int err = ipc_find(&queues, id, &o);

    if (!err)
        *ret = queue_of(o);
    return err;
}

static int queue_make(void *arg, struct ipc_object **ret)
{
    struct msg_queue *q = kzalloc(sizeof(*q));

    (void)arg;
    if (!q)
        return -ENOMEM;
    list_init(&q->messages);
    q->bytes_max = MSG_QUEUE_BYTES;
    q->change_time = ipc_now_seconds();
    *ret = &q->object;
    return 0;
}

int msg_get(s32 key, u32 flags)
{
    return ipc_table_get(&queues,
                         &(struct ipc_get){ .key = key, .flags = flags, .make = queue_make });
}

int msg_remove(int id)
{
    AUTO(queue_putp) struct msg_queue *q = NULL;
    int err = queue_find(id, &q);

    return err ? err : ipc_remove(&queues, &q->object);
}

/* Wait, without the lock, until the queue changes. */
static int wait_locked(struct msg_queue *q, u64 ticket)
{
    int err;

    mutex_unlock(&q->object.lock);
    err = waitq_sleep(&q->object.wait, ticket, NO_DEADLINE);
    mutex_lock(&q->object.lock);
    if (q->object.removed)
        return -EIDRM;
    return err ? -ERESTARTNOHAND : 0;
}

/* ---- sending ---- */

static bool has_room(const struct msg_queue *q, const struct msg *m)
{
    return q->bytes + m->size <= q->bytes_max && q->count < q->bytes_max;
}

static int send_locked(struct msg_queue *q, struct msg *m, u32 flags)
{
    int err = q->object.removed ? -EIDRM : ipc_owner_check(&q->object.owner, IPC_MAY_WRITE);

    while (!err && !has_room(q, m)) {
        u64 ticket = waitq_ticket(&q->object.wait);

        if (flags & IPC_NOWAIT)
            return -EAGAIN;
        err = wait_locked(q, ticket);
        if (!err)
            err = ipc_owner_check(&q->object.owner, IPC_MAY_WRITE);
    }
    if (err)
        return err;
    list_append(&q->messages, &m->link);
    q->bytes += m->size;
    q->count++;
    q->send_time = ipc_now_seconds();
    q->last_sender = process_pid(thread_self()->proc);
    return 0;
}

int msg_send(int id, struct msg *m, u32 flags)
{
    AUTO(queue_putp) struct msg_queue *q = NULL;
    int err = queue_find(id, &q);

    if (err)
        return err;
    mutex_lock(&q->object.lock);
    err = send_locked(q, m, flags);
    mutex_unlock(&q->object.lock);
    if (!err)
        waitq_wake(&q->object.wait);
    return err;
}

/* ---- receiving ---- */

static bool is_wanted(const struct msg *m, long type, u32 flags)
{
    if (!type)
        return true;
    if (type < 0)
        return m->type <= (type == INT64_MIN ? INT64_MAX : -type);
    return flags & MSG_EXCEPT ? m->type != type : m->type == type;
}

/* The oldest that is wanted; with a negative type, of those the one with the least type. */
static struct msg *choose(const struct msg_queue *q, long type, u32 flags)
{
    struct msg *best = NULL;

    list_for_each(link, &q->messages) {
        struct msg *m = list_entry(link, struct msg, link);

        if (!is_wanted(m, type, flags))
            continue;
        if (type >= 0)
            return m;
        if (!best || m->type < best->type)
            best = m;
    }
    return best;
}

static int receive_locked(struct msg_queue *q, size_t size, long type, u32 flags, struct msg **ret)
{
    int err = q->object.removed ? -EIDRM : ipc_owner_check(&q->object.owner, IPC_MAY_READ);
    struct msg *m = NULL;

    while (!err && !m) {
        u64 ticket = waitq_ticket(&q->object.wait);

        m = choose(q, type, flags);
        if (m)
            break;
        if (flags & IPC_NOWAIT)
            return -ENOMSG;
        err = wait_locked(q, ticket);
        if (!err)
            err = ipc_owner_check(&q->object.owner, IPC_MAY_READ);
    }
    if (err)
        return err;
    if (m->size > size && !(flags & MSG_NOERROR))
        return -E2BIG;
    list_remove(&m->link);
    q->bytes -= m->size;
    q->count--;
    q->receive_time = ipc_now_seconds();
    q->last_receiver = process_pid(thread_self()->proc);
    *ret = m;
    return 0;
}

int msg_receive(int id, size_t size, long type, u32 flags, struct msg **ret)
{
    AUTO(queue_putp) struct msg_queue *q = NULL;
    int err;

    if (flags & MSG_COPY)
        return -ENOSYS;                          /* as a kernel without checkpoint/restore  */
    err = queue_find(id, &q);
    if (err)
        return err;
    mutex_lock(&q->object.lock);
    err = receive_locked(q, size, type, flags, ret);
    mutex_unlock(&q->object.lock);
    if (!err)
        waitq_wake(&q->object.wait);
    return err;
}

/* ---- control ---- */

int msg_stat(int which, int cmd, struct msqid64_ds *ret)
{
    AUTO(queue_putp) struct msg_queue *q = NULL;
    struct ipc_object *o;
    int err = cmd == IPC_STAT ? ipc_find(&queues, which, &o) : ipc_find_index(&queues, which, &o);

    if (err)
        return err;
    q = queue_of(o);
    WITH_MUTEX(&o->lock);
    err = cmd == MSG_STAT_ANY ? 0 : ipc_owner_check(&o->owner, IPC_MAY_READ);
    if (err)
        return err;
    memset(ret, 0, sizeof(*ret));
    ipc_owner_get(&o->owner, &ret->msg_perm);
    ret->msg_stime = q->send_time;
    ret->msg_rtime = q->receive_time;
    ret->msg_ctime = q->change_time;
    ret->msg_cbytes = q->bytes;
    ret->msg_qnum = q->count;
    ret->msg_qbytes = q->bytes_max;
    ret->msg_lspid = q->last_sender;
    ret->msg_lrpid = q->last_receiver;
    return cmd == IPC_STAT ? 0 : o->id;
}

static int set_owner_locked(struct msg_queue *q, const struct msqid64_ds *ds)
{
    int err = q->object.removed ? -EIDRM : ipc_owner_check_control(&q->object.owner);

    if (err)
        return err;
    if (ds->msg_qbytes > MSG_QUEUE_BYTES && !cred_has_cap(thread_self()->cred, CAP_SYS_RESOURCE))
        return -EPERM;
    ipc_owner_set(&q->object.owner, &ds->msg_perm);
    q->bytes_max = ds->msg_qbytes;
    q->change_time = ipc_now_seconds();
    return 0;
}

int msg_set_owner(int id, const struct msqid64_ds *ds)
{
    AUTO(queue_putp) struct msg_queue *q = NULL;
    int err = queue_find(id, &q);

    if (err)
        return err;
    mutex_lock(&q->object.lock);
    err = set_owner_locked(q, ds);
    mutex_unlock(&q->object.lock);
    if (!err)
        waitq_wake(&q->object.wait);             /* there may be more room, or less right   */
    return err;
}

int msg_info(int cmd, struct msginfo *ret)
{
    u32 count;
    int highest = ipc_highest(&queues, &count);

    *ret = (struct msginfo){
        .msgpool = MSGPOOL,
        .msgmap = MSGMAP,
        .msgmax = MSG_SIZE_MAX,
        .msgmnb = MSG_QUEUE_BYTES,
        .msgmni = MSG_QUEUES_MAX,
        .msgssz = MSGSSZ,
        .msgtql = MSGTQL,
        .msgseg = MSGSEG,
    };
    if (cmd != MSG_INFO)
        return highest;
    ret->msgpool = (int)count;
    ret->msgmap = ret->msgtql = 0;
    for (int i = 0; i <= highest; i++) {
        struct ipc_object *o;

        if (ipc_find_index(&queues, i, &o))
            continue;
        ret->msgmap += (int)queue_of(o)->count;
        ret->msgtql += (int)queue_of(o)->bytes;
        ipc_put(&queues, o);
    }
    return highest;
}
