/* SPDX-License-Identifier: MIT */
/*
 * POSIX message queues.
 *
 * A queue is a list of messages, highest priority first and in order of arrival within one.  It
 * exists while it has a name or somebody has it open; names are in one list (there is no mqueue file
 * system).  Every open file of a queue shares its wait queue, so poll(2) works like sleeping.
 *
 * One process may ask to be told when a message comes to an empty queue that nobody waits for.  It
 * is told once.
 *
 * Locks: names_lock, then mqueue.lock; signals are sent without the latter.
 */
#include "kernel/proc/mqueue.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/resource.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/cred.h"
#include "kernel/lib/list.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_int.h"
#include "kernel/vfs/file.h"

/* Linux's defaults; the second pair holds for those with CAP_SYS_RESOURCE. */
enum {
    MESSAGES_DEFAULT = 10,
    SIZE_DEFAULT = 8192,
    MESSAGES_MAX = 10,
    SIZE_MAX_ = 8192,
    MESSAGES_HARD = 65536,
    SIZE_HARD = 16 << 20,
    QUEUES_MAX = 256,
    MESSAGE_OVERHEAD = 96,                       /* what Linux counts per message           */
    NAME_LEN_MAX = 255,
};

struct mq_msg {
    struct list link;
    u32 priority;
    size_t size;
    u8 text[];
};

/* Who wants to know about the next message. */
struct mq_notice {
    struct process *process;                     /* counts; NULL: nobody                    */
    int how;                                     /* SIGEV_*                                 */
    int signo;
    sigval_t value;
};

struct mqueue {
    refcount refs;                               /* the name, open files                    */
    struct list link;                            /* in names; guarded by names_lock         */
    char *name;                                  /* [const]                                 */
    u32 uid, gid, mode;                          /* [const]                                 */
    struct user *user;                           /* [const] counts; pays                    */
    u64 cost;                                    /* [const] bytes it pays for               */
    u32 messages_max, size_max;                  /* [const]                                 */
    struct waitq wait;

    struct mutex lock;
    struct list messages;                        /* guarded by lock                         */
    u32 count;                                   /* guarded by lock                         */
    u64 bytes;                                   /* guarded by lock                         */
    u32 receivers;                               /* guarded by lock: how many wait          */
    struct mq_notice notice;                     /* guarded by lock                         */
};

static struct mutex names_lock;
static struct list names = LIST_INIT(names);     /* guarded by names_lock                   */
static u32 names_count;                          /* guarded by names_lock                   */

/* ---- messages ---- */

struct mq_msg *mq_msg_new(u32 priority, size_t size)
{
    struct mq_msg *m = kalloc(sizeof(*m) + size);

    if (!m)
        return NULL;
    list_init(&m->link);
    m->priority = priority;
    m->size = size;
    return m;
}

void *mq_msg_text(struct mq_msg *m)
{
    return m->text;
}

size_t mq_msg_size(const struct mq_msg *m)
{
    return m->size;
}

u32 mq_msg_priority(const struct mq_msg *m)
{
    return m->priority;
}

void mq_msg_freep(struct mq_msg **m)
{
    kfree(*m);
}

/* ---- queues ---- */

static void mqueue_put(struct mqueue *q)
{
    if (!q || !ref_put(&q->refs))
        return;
    list_for_each_safe(link, &q->messages)
        kfree(list_entry(link, struct mq_msg, link));
    process_put(q->notice.process);
    if (q->user)
        user_msgqueue_add(q->user, -(s64)q->cost);
    user_put(q->user);
    kfree(q->name);
    kfree(q);
}

static void mqueue_putp(struct mqueue **q)
{
    mqueue_put(*q);
}

static int check_limits(const struct mq_attr *a)
{
    bool privileged = cred_has_cap(thread_self()->cred, CAP_SYS_RESOURCE);
    s64 messages = privileged ? MESSAGES_HARD : MESSAGES_MAX;
    s64 size = privileged ? SIZE_HARD : SIZE_MAX_;

    if (a->mq_maxmsg <= 0 || a->mq_msgsize <= 0 || a->mq_maxmsg > messages || a->mq_msgsize > size)
        return -EINVAL;
    return 0;
}

static int charge(struct mqueue *q)
{
    struct user *user = thread_self()->priv->user;

    q->user = user_get(user);
    q->cost = (u64)q->messages_max * (q->size_max + MESSAGE_OVERHEAD);
    return user_msgqueue_add(user, (s64)q->cost) > process_limit(RLIMIT_MSGQUEUE) ? -EMFILE : 0;
}

static int mqueue_new(const char *name, u32 mode, const struct mq_attr *attr, struct mqueue **ret)
{
    const struct cred *c = thread_self()->cred;
    struct mq_attr defaults = { .mq_maxmsg = MESSAGES_DEFAULT, .mq_msgsize = SIZE_DEFAULT };
    AUTO(mqueue_putp) struct mqueue *q = NULL;
    int err;

    if (!attr)
        attr = &defaults;
    err = check_limits(attr);
    if (err)
        return err;
    q = kzalloc(sizeof(*q));
    if (!q)
        return -ENOMEM;
    ref_init(&q->refs);
    list_init(&q->link);
    list_init(&q->messages);
    q->uid = c->fsuid;
    q->gid = c->fsgid;
    q->mode = mode & 0777;
    q->messages_max = (u32)attr->mq_maxmsg;
    q->size_max = (u32)attr->mq_msgsize;
    q->name = kstrdup(name);
    if (!q->name)
        return -ENOMEM;
    err = charge(q);
    if (err)
        return err;
    *ret = TAKE(q);
    return 0;
}

static struct mqueue *find_locked(const char *name)
{
    list_for_each(link, &names) {
        struct mqueue *q = list_entry(link, struct mqueue, link);

        if (!strcmp(q->name, name))
            return q;
    }
    return NULL;
}

static int may_open(const struct mqueue *q, u32 flags)
{
    const struct cred *c = thread_self()->cred;
    u32 access = flags & O_ACCMODE;
    u32 wanted = access == O_RDONLY ? 4 : access == O_WRONLY ? 2 : 6;
    u32 granted = q->mode;

    if (c->fsuid == q->uid)
        granted >>= 6;
    else if (cred_in_group(c, q->gid))
        granted >>= 3;
    return (wanted & ~granted) && !cred_has_cap(c, CAP_DAC_OVERRIDE) ? -EACCES : 0;
}

static int check_name(const char *name)
{
    size_t len = strlen(name);

    if (!len)
        return -ENOENT;
    if (len > NAME_LEN_MAX)
        return -ENAMETOOLONG;
    return strchr(name, '/') ? -EACCES : 0;
}

/* The queue called name, made if flags say so; with a new reference. */
static int lookup_locked(const char *name, u32 flags, u32 mode, const struct mq_attr *attr,
                         struct mqueue **ret)
{
    struct mqueue *q = find_locked(name);
    int err;

    if (q) {
        if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
            return -EEXIST;
        err = may_open(q, flags);
    } else {
        if (!(flags & O_CREAT))
            return -ENOENT;
        if (names_count >= QUEUES_MAX && !cred_has_cap(thread_self()->cred, CAP_SYS_RESOURCE))
            return -ENOSPC;
        err = mqueue_new(name, mode, attr, &q);
        if (!err) {
            list_append(&names, &q->link);       /* the name's reference: mqueue_new()'s    */
            names_count++;
        }
    }
    if (err)
        return err;
    ref_get(&q->refs);
    *ret = q;
    return 0;
}

int mqueue_unlink(const char *name)
{
    const struct cred *c = thread_self()->cred;
    struct mqueue *q;
    int err = check_name(name);

    if (err)
        return err;
    mutex_lock(&names_lock);
    q = find_locked(name);
    if (!q)
        err = -ENOENT;
    else if (c->fsuid != q->uid && !cred_has_cap(c, CAP_FOWNER))
        err = -EPERM;                            /* as in a sticky directory                */
    if (!err) {
        list_remove(&q->link);
        names_count--;
    }
    mutex_unlock(&names_lock);
    if (!err)
        mqueue_put(q);
    return err;
}

/* ---- files ---- */

static u32 mqueue_ready(struct file *f)
{
    struct mqueue *q = f->priv;

    WITH_MUTEX(&q->lock);
    return (q->count ? POLLIN | POLLRDNORM : 0) |
           (q->count < q->messages_max ? POLLOUT | POLLWRNORM : 0);
}

/* read(2) shows how it stands. */
static ssize_t mqueue_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct mqueue *q = f->priv;
    char text[96];
    struct strbuf line;
    ssize_t n;

    strbuf_init(&line, text, sizeof(text));
    mutex_lock(&q->lock);
    const struct mq_notice *told = &q->notice;
    strbuf_printf(&line, "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
                  (unsigned long long)q->bytes, told->process ? told->how : 0,
                  told->process && told->how == SIGEV_SIGNAL ? told->signo : 0,
                  told->process ? process_pid(told->process) : 0);
    mutex_unlock(&q->lock);
    if (*pos >= line.len)
        return 0;
    n = iov_put(dst, text + *pos, line.len - *pos);
    if (n > 0)
        *pos += (u64)n;
    return n;
}

static void forget_notice_locked(struct mqueue *q)
{
    process_put(q->notice.process);
    q->notice = (struct mq_notice){ .process = NULL };
}

/* Closing a descriptor ends the process's registration. */
static void mqueue_flush(struct file *f, const void *owner)
{
    struct mqueue *q = f->priv;

    (void)owner;
    WITH_MUTEX(&q->lock);
    if (q->notice.process == thread_self()->proc)
        forget_notice_locked(q);
}

static void mqueue_release(struct file *f)
{
    mqueue_put(f->priv);
}

static const struct file_ops mqueue_ops = {
    .kind = "mqueue",
    .read = mqueue_read,
    .ready = mqueue_ready,
    .flush = mqueue_flush,
    .release = mqueue_release,
};

int mqueue_open(const char *name, u32 flags, u32 mode, const struct mq_attr *attr,
                struct file **ret)
{
    AUTO(mqueue_putp) struct mqueue *q = NULL;
    int err = check_name(name);

    if (err)
        return err;
    mutex_lock(&names_lock);
    err = lookup_locked(name, flags, mode, attr, &q);
    mutex_unlock(&names_lock);
    if (!err)
        err = file_new(&mqueue_ops, q, flags & (O_ACCMODE | O_NONBLOCK), ret);
    if (err)
        return err;
    (*ret)->wait = &q->wait;
    (void)TAKE(q);                               /* the file's now                          */
    return 0;
}

static struct mqueue *mqueue_of(struct file *f)
{
    return f->ops == &mqueue_ops ? f->priv : NULL;
}

ssize_t mqueue_message_size(struct file *f)
{
    struct mqueue *q = mqueue_of(f);

    return q ? (ssize_t)q->size_max : -EBADF;
}

/* ---- sending ---- */

/* A message has come to an empty queue: who is to be told, and of what.  False: nobody. */
static bool take_notice_locked(struct mqueue *q, struct mq_notice *ret)
{
    if (q->count != 1 || q->receivers || !q->notice.process)
        return false;
    *ret = q->notice;
    q->notice = (struct mq_notice){ .process = NULL };
    return true;
}

/* Consumes the notice's reference. */
static void give_notice(struct mq_notice *n)
{
    siginfo_t info;

    if (n->how == SIGEV_SIGNAL) {
        siginfo_user(&info, n->signo, SI_MESGQ);
        info.si_value = n->value;
        (void)signal_send_process(n->process, &info); /* over the limit: as on Linux        */
    }
    process_put(n->process);
}

static void insert_locked(struct mqueue *q, struct mq_msg *m)
{
    struct list *before = q->messages.prev;

    while (before != &q->messages &&
           list_entry(before, struct mq_msg, link)->priority < m->priority)
        before = before->prev;
    list_push(before, &m->link);
    q->count++;
    q->bytes += m->size;
}

/* Wait without the lock until the queue changes. */
static int wait_locked(struct mqueue *q, u64 ticket, u64 deadline_ns)
{
    int err;

    mutex_unlock(&q->lock);
    err = waitq_sleep(&q->wait, ticket, deadline_ns);
    mutex_lock(&q->lock);
    return err == -EINTR ? -ERESTARTSYS : err;
}

int mqueue_send(struct file *f, struct mq_msg *m, u64 deadline_ns)
{
    struct mqueue *q = mqueue_of(f);
    struct mq_notice notice;
    bool told = false;
    int err = 0;

    if (!q || !f->write_ok)
        return -EBADF;
    if (m->size > q->size_max)
        return -EMSGSIZE;
    mutex_lock(&q->lock);
    while (!err && q->count >= q->messages_max) {
        u64 ticket = waitq_ticket(&q->wait);

        err = file_is_nonblocking(f) ? -EAGAIN : wait_locked(q, ticket, deadline_ns);
    }
    if (!err) {
        insert_locked(q, m);
        told = take_notice_locked(q, &notice);
    }
    mutex_unlock(&q->lock);
    if (!err)
        waitq_wake(&q->wait);
    if (told)
        give_notice(&notice);
    return err;
}

/* ---- receiving ---- */

int mqueue_receive(struct file *f, size_t size, u64 deadline_ns, struct mq_msg **ret)
{
    struct mqueue *q = mqueue_of(f);
    int err = 0;

    if (!q || !f->read_ok)
        return -EBADF;
    if (size < q->size_max)
        return -EMSGSIZE;
    mutex_lock(&q->lock);
    while (!err && !q->count) {
        u64 ticket = waitq_ticket(&q->wait);

        if (file_is_nonblocking(f)) {
            err = -EAGAIN;
            break;
        }
        q->receivers++;
        err = wait_locked(q, ticket, deadline_ns);
        q->receivers--;
    }
    if (!err) {
        *ret = list_entry(list_first(&q->messages), struct mq_msg, link);
        list_remove(&(*ret)->link);
        q->count--;
        q->bytes -= (*ret)->size;
    }
    mutex_unlock(&q->lock);
    if (!err)
        waitq_wake(&q->wait);
    return err;
}

/* ---- the rest ---- */

/* SIGEV_THREAD would need a netlink socket: C libraries fall back or fail as they like. */
static int check_event(const struct sigevent *e)
{
    if (e->sigev_notify != SIGEV_NONE && e->sigev_notify != SIGEV_SIGNAL)
        return -EINVAL;
    if (e->sigev_notify == SIGEV_SIGNAL && !sig_is_valid(e->sigev_signo))
        return -EINVAL;
    return 0;
}

int mqueue_notify(struct file *f, const struct sigevent *event)
{
    struct mqueue *q = mqueue_of(f);
    struct process *self = thread_self()->proc;
    int err = event ? check_event(event) : 0;

    if (err)
        return err;
    if (!q)
        return -EBADF;
    WITH_MUTEX(&q->lock);
    if (!event) {
        if (q->notice.process == self)
            forget_notice_locked(q);
        return 0;
    }
    if (q->notice.process)
        return -EBUSY;
    q->notice = (struct mq_notice){
        .process = process_get(self),
        .how = event->sigev_notify,
        .signo = event->sigev_signo,
        .value = event->sigev_value,
    };
    return 0;
}

int mqueue_attr(struct file *f, const struct mq_attr *attr, struct mq_attr *ret_old)
{
    struct mqueue *q = mqueue_of(f);

    if (attr && (attr->mq_flags & ~(long)O_NONBLOCK))
        return -EINVAL;
    if (!q)
        return -EBADF;
    WITH_MUTEX(&q->lock);
    *ret_old = (struct mq_attr){
        .mq_flags = file_is_nonblocking(f) ? O_NONBLOCK : 0,
        .mq_maxmsg = q->messages_max,
        .mq_msgsize = q->size_max,
        .mq_curmsgs = q->count,
    };
    return attr ? file_set_flags(f, O_NONBLOCK, (u32)attr->mq_flags & O_NONBLOCK) : 0;
}
