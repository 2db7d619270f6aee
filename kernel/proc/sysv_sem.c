/* SPDX-License-Identifier: MIT */
/*
 * System V semaphores.
 *
 * A call's operations are tried in order on the values themselves; when one would block, those
 * before it are taken back and the caller sleeps on the set until anything in it changes.
 *
 * SEM_UNDO: each process (or several, with CLONE_SYSVSEM) has for each set it used the flag on a
 * row of adjustments, which are added when it ends.  A row is in the list of its owner and, so that
 * SETVAL can clear it, in that of its set.
 *
 * Locks: sysv_undo.lock for an owner's list of rows, then the set's (ipc_object.lock) for
 * everything in the set, rows included.
 */
#include "kernel/proc/sysv_sem.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/proc/ipc_table.h"
#include "kernel/proc/proc_int.h"

struct sem {
    u16 value;
    pid_t pid;                                   /* who changed it last                     */
    u32 waiting_more, waiting_zero;
};

struct sem_set {
    struct ipc_object object;
    u32 count;                                   /* [const]                                 */
    s64 op_time, change_time;
    struct list undos;                           /* struct sem_undo                         */
    struct sem sem[];
};

/* A row: what one owner would have to add to one set. */
struct sem_undo {
    struct list in_owner, in_set;
    struct sem_set *set;                         /* counts                                  */
    s16 adjust[];
};

struct sysv_undo {
    refcount refs;
    struct mutex lock;
    struct list rows;
};

static void set_free(struct ipc_object *o)
{
    kfree(container_of(o, struct sem_set, object));
}

static struct ipc_table sets = { .max = SEM_SETS_MAX, .free = set_free };

static struct sem_set *set_of(struct ipc_object *o)
{
    return container_of(o, struct sem_set, object);
}

static void set_putp(struct sem_set **s)
{
    if (*s)
        ipc_put(&sets, &(*s)->object);
}

static int set_find(int id, struct sem_set **ret)
{
    struct ipc_object *o;
    int err = ipc_find(&sets, id, &o);

    if (!err)
        *ret = set_of(o);
    return err;
}

/* ---- sets ---- */

static int set_make(void *arg, struct ipc_object **ret)
{
    int count = *(const int *)arg;
    struct sem_set *s;

    if (count <= 0 || count > SEM_PER_SET_MAX)
        return -EINVAL;
    s = kzalloc(sizeof(*s) + (u32)count * sizeof(s->sem[0]));
    if (!s)
        return -ENOMEM;
    s->count = (u32)count;
    s->change_time = ipc_now_seconds();
    list_init(&s->undos);
    *ret = &s->object;
    return 0;
}

static int set_fits(const struct ipc_object *o, void *arg)
{
    const struct sem_set *s = container_of(o, struct sem_set, object);

    return *(const int *)arg > (int)s->count ? -EINVAL : 0;
}

int sem_get(s32 key, int count, u32 flags)
{
    if (count < 0 || count > SEM_PER_SET_MAX)
        return -EINVAL;
    return ipc_table_get(&sets, &(struct ipc_get){
                                    .key = key,
                                    .flags = flags,
                                    .make = set_make,
                                    .check = set_fits,
                                    .arg = &count,
                                });
}

int sem_remove(int id)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    return err ? err : ipc_remove(&sets, &s->object);
}

/* ---- undo ---- */

static struct sysv_undo *undo_of(struct process *p)
{
    struct sysv_undo *u = __atomic_load_n(&p->sem_undo, __ATOMIC_ACQUIRE), *none = NULL;

    if (u)
        return u;
    u = kzalloc(sizeof(*u));
    if (!u)
        return NULL;
    ref_init(&u->refs);
    list_init(&u->rows);
    if (__atomic_compare_exchange_n(&p->sem_undo, &none, u, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return u;
    kfree(u);                                    /* another thread was faster               */
    return none;
}

int sem_undo_share(struct process *parent, struct process *child)
{
    struct sysv_undo *u = undo_of(parent);

    if (!u)
        return -ENOMEM;
    ref_get(&u->refs);
    child->sem_undo = u;
    return 0;
}

/* The caller's row for a set, made if need be; NULL: no memory. */
static struct sem_undo *row_of(struct sem_set *s)
{
    struct sysv_undo *u = undo_of(thread_self()->proc);
    struct sem_undo *row;

    if (!u)
        return NULL;
    WITH_MUTEX(&u->lock);
    list_for_each(link, &u->rows) {
        row = list_entry(link, struct sem_undo, in_owner);
        if (row->set == s)
            return row;
    }
    row = kzalloc(sizeof(*row) + s->count * sizeof(row->adjust[0]));
    if (!row)
        return NULL;
    ref_get(&s->object.refs);
    row->set = s;
    list_append(&u->rows, &row->in_owner);
    WITH_MUTEX(&s->object.lock);
    list_append(&s->undos, &row->in_set);
    return row;
}

static void row_apply(struct sem_undo *row)
{
    struct sem_set *s = row->set;

    mutex_lock(&s->object.lock);
    list_remove(&row->in_set);
    for (u32 i = 0; i < s->count && !s->object.removed; i++) {
        s32 value = s->sem[i].value + row->adjust[i];

        if (!row->adjust[i])
            continue;
        s->sem[i].value = (u16)(value < 0 ? 0 : value > SEM_VALUE_MAX ? SEM_VALUE_MAX : value);
        s->sem[i].pid = thread_self()->proc->pid;
    }
    s->op_time = ipc_now_seconds();
    mutex_unlock(&s->object.lock);
    waitq_wake(&s->object.wait);
    ipc_put(&sets, &s->object);
    kfree(row);
}

void sem_undo_exit(struct process *p)
{
    struct sysv_undo *u = p->sem_undo;

    p->sem_undo = NULL;
    if (!u || !ref_put(&u->refs))
        return;
    list_for_each_safe(link, &u->rows) {
        list_remove(link);
        row_apply(list_entry(link, struct sem_undo, in_owner));
    }
    kfree(u);
}

/* SETVAL, SETALL: what was to be undone is not any more. */
static void forget_adjustments_locked(struct sem_set *s, u32 first, u32 count)
{
    list_for_each(link, &s->undos)
        memset(&list_entry(link, struct sem_undo, in_set)->adjust[first], 0, count * sizeof(s16));
}

/* ---- operating ---- */

struct operation {
    struct sem_set *set;
    const struct sembuf *ops;
    u32 count;
    struct sem_undo *row;                        /* NULL: nothing is to be undone           */
    u32 blocked_by;                              /* index of the operation that cannot go on */
};

static void take_back_locked(struct operation *o, u32 done)
{
    while (done--) {
        const struct sembuf *op = &o->ops[done];

        o->set->sem[op->sem_num].value -= (u16)op->sem_op;
        if (op->sem_flg & SEM_UNDO)
            o->row->adjust[op->sem_num] += op->sem_op;
    }
}

/* One operation: 0, -EAGAIN (would block), -ERANGE. */
static int one_locked(struct operation *o, const struct sembuf *op)
{
    struct sem *sem = &o->set->sem[op->sem_num];
    s32 value = sem->value + op->sem_op;

    if (!op->sem_op)
        return sem->value ? -EAGAIN : 0;
    if (value < 0)
        return -EAGAIN;
    if (value > SEM_VALUE_MAX)
        return -ERANGE;
    if (op->sem_flg & SEM_UNDO) {
        s32 adjust = o->row->adjust[op->sem_num] - op->sem_op;

        if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX)
            return -ERANGE;
        o->row->adjust[op->sem_num] = (s16)adjust;
    }
    sem->value = (u16)value;
    return 0;
}

static int try_locked(struct operation *o)
{
    for (u32 i = 0; i < o->count; i++) {
        int err = one_locked(o, &o->ops[i]);

        if (!err)
            continue;
        take_back_locked(o, i);
        o->blocked_by = i;
        return err;
    }
    for (u32 i = 0; i < o->count; i++)
        o->set->sem[o->ops[i].sem_num].pid = thread_self()->proc->pid;
    o->set->op_time = ipc_now_seconds();
    return 0;
}

static u32 *waiting_count(struct operation *o)
{
    const struct sembuf *op = &o->ops[o->blocked_by];
    struct sem *sem = &o->set->sem[op->sem_num];

    return op->sem_op ? &sem->waiting_more : &sem->waiting_zero;
}

/* Sleep until the set changes; counted meanwhile as waiting for what is missing. */
static int wait_locked(struct operation *o, u64 ticket, u64 deadline_ns)
{
    struct ipc_object *object = &o->set->object;
    u32 *waiting = waiting_count(o);
    int err;

    (*waiting)++;
    mutex_unlock(&object->lock);
    err = waitq_sleep(&object->wait, ticket, deadline_ns);
    mutex_lock(&object->lock);
    (*waiting)--;
    if (object->removed)
        return -EIDRM;
    return err == -ETIMEDOUT ? -EAGAIN : err;
}

static int run_locked(struct operation *o, u64 deadline_ns)
{
    struct ipc_object *object = &o->set->object;

    for (;;) {
        u64 ticket = waitq_ticket(&object->wait);
        int err = try_locked(o);

        if (err != -EAGAIN || (o->ops[o->blocked_by].sem_flg & IPC_NOWAIT))
            return err;
        err = wait_locked(o, ticket, deadline_ns);
        if (err)
            return err;
    }
}

static int check_ops(const struct operation *o, bool *ret_alters, bool *ret_undo)
{
    *ret_alters = *ret_undo = false;
    for (u32 i = 0; i < o->count; i++) {
        if (o->ops[i].sem_num >= o->set->count)
            return -EFBIG;
        *ret_alters |= o->ops[i].sem_op != 0;
        *ret_undo |= (o->ops[i].sem_flg & SEM_UNDO) && o->ops[i].sem_op;
    }
    return 0;
}

int sem_operate(int id, const struct sembuf *ops, u32 count, u64 deadline_ns)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    struct operation o = { .ops = ops, .count = count };
    bool alters, undo;
    int err = set_find(id, &s);

    if (err)
        return err;
    o.set = s;
    err = check_ops(&o, &alters, &undo);
    if (err)
        return err;
    if (undo) {
        o.row = row_of(s);
        if (!o.row)
            return -ENOMEM;
    }
    mutex_lock(&s->object.lock);
    err = s->object.removed
              ? -EIDRM
              : ipc_owner_check(&s->object.owner, alters ? IPC_MAY_WRITE : IPC_MAY_READ);
    if (!err)
        err = run_locked(&o, deadline_ns);
    mutex_unlock(&s->object.lock);
    if (!err && alters)
        waitq_wake(&s->object.wait);
    return err;
}

/* ---- looking and setting ---- */

int sem_count(int id)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    return err ? err : (int)s->count;
}

int sem_look(int id, int number, int cmd)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    if (err)
        return err;
    if (number < 0 || (u32)number >= s->count)
        return -EINVAL;
    WITH_MUTEX(&s->object.lock);
    const struct sem *sem = &s->sem[number];
    err = ipc_owner_check(&s->object.owner, IPC_MAY_READ);
    if (err)
        return err;
    switch (cmd) {
    case GETVAL:
        return sem->value;
    case GETPID:
        return sem->pid;
    case GETNCNT:
        return (int)sem->waiting_more;
    default:
        return (int)sem->waiting_zero;
    }
}

/* Under the lock: store values from `first` on. */
static int store_locked(struct sem_set *s, u32 first, const u16 *values, u32 count)
{
    int err = s->object.removed ? -EIDRM : ipc_owner_check(&s->object.owner, IPC_MAY_WRITE);

    if (err)
        return err;
    forget_adjustments_locked(s, first, count);
    for (u32 i = 0; i < count; i++) {
        s->sem[first + i].value = values[i];
        s->sem[first + i].pid = thread_self()->proc->pid;
    }
    s->change_time = ipc_now_seconds();
    return 0;
}

static int store(struct sem_set *s, u32 first, const u16 *values, u32 count)
{
    int err;

    mutex_lock(&s->object.lock);
    err = store_locked(s, first, values, count);
    mutex_unlock(&s->object.lock);
    if (!err)
        waitq_wake(&s->object.wait);
    return err;
}

int sem_set_value(int id, int number, int value)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    u16 v = (u16)value;
    int err = value < 0 || value > SEM_VALUE_MAX ? -ERANGE : set_find(id, &s);

    if (err)
        return err;
    if (number < 0 || (u32)number >= s->count)
        return -EINVAL;
    return store(s, (u32)number, &v, 1);
}

int sem_set_all(int id, const u16 *values, u32 count)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    if (err)
        return err;
    if (count != s->count)
        return -EIDRM;                           /* another set by now                      */
    for (u32 i = 0; i < count; i++)
        if (values[i] > SEM_VALUE_MAX)
            return -ERANGE;
    return store(s, 0, values, count);
}

int sem_get_all(int id, u16 *values, u32 count)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    if (err)
        return err;
    WITH_MUTEX(&s->object.lock);
    err = ipc_owner_check(&s->object.owner, IPC_MAY_READ);
    if (err)
        return err;
    if (count != s->count)
        return -EIDRM;
    for (u32 i = 0; i < count; i++)
        values[i] = s->sem[i].value;
    return 0;
}

int sem_stat(int which, int cmd, struct semid64_ds *ret)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    struct ipc_object *o;
    int err = cmd == IPC_STAT ? ipc_find(&sets, which, &o) : ipc_find_index(&sets, which, &o);

    if (err)
        return err;
    s = set_of(o);
    WITH_MUTEX(&o->lock);
    err = cmd == SEM_STAT_ANY ? 0 : ipc_owner_check(&o->owner, IPC_MAY_READ);
    if (err)
        return err;
    memset(ret, 0, sizeof(*ret));
    ipc_owner_get(&o->owner, &ret->sem_perm);
    ret->sem_otime = s->op_time;
    ret->sem_ctime = s->change_time;
    ret->sem_nsems = s->count;
    return cmd == IPC_STAT ? 0 : o->id;
}

int sem_set_owner(int id, const struct semid64_ds *ds)
{
    AUTO(set_putp) struct sem_set *s = NULL;
    int err = set_find(id, &s);

    if (err)
        return err;
    WITH_MUTEX(&s->object.lock);
    err = s->object.removed ? -EIDRM : ipc_owner_check_control(&s->object.owner);
    if (err)
        return err;
    ipc_owner_set(&s->object.owner, &ds->sem_perm);
    s->change_time = ipc_now_seconds();
    return 0;
}

int sem_info(int cmd, struct seminfo *ret)
{
    u32 count;
    int highest = ipc_highest(&sets, &count);

    *ret = (struct seminfo){
        .semmap = SEMMAP,
        .semmni = SEM_SETS_MAX,
        .semmns = SEMMNS,
        .semmnu = SEMMNU,
        .semmsl = SEM_PER_SET_MAX,
        .semopm = SEM_OPS_MAX,
        .semume = SEMUME,
        .semusz = SEMUSZ,
        .semvmx = SEM_VALUE_MAX,
        .semaem = SEMAEM,
    };
    if (cmd == SEM_INFO) {
        ret->semusz = (int)count;
        ret->semaem = 0;
        for (int i = 0; i <= highest; i++) {
            struct ipc_object *o;

            if (ipc_find_index(&sets, i, &o))
                continue;
            ret->semaem += (int)set_of(o)->count;
            ipc_put(&sets, o);
        }
    }
    return highest;
}
