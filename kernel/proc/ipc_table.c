/* SPDX-License-Identifier: MIT */
/* Tables of System V objects: see ipc_table.h. */
#include "kernel/proc/ipc_table.h"
#include "abi/linux/errno.h"
#include "abi/linux/ipc.h"
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"

s64 ipc_now_seconds(void)
{
    return (s64)(clock_realtime_ns() / NSEC_PER_SEC);
}

static struct ipc_object *find_key_locked(struct ipc_table *t, s32 key)
{
    for (u32 i = 0; t->slots && i < t->max; i++)
        if (t->slots[i] && t->slots[i]->owner.key == key)
            return t->slots[i];
    return NULL;
}

static int free_index_locked(struct ipc_table *t, u32 *ret)
{
    if (!t->slots)
        t->slots = kcalloc(t->max, sizeof(*t->slots));
    if (!t->slots)
        return -ENOMEM;
    for (u32 i = 0; i < t->max; i++) {
        if (t->slots[i])
            continue;
        *ret = i;
        return 0;
    }
    return -ENOSPC;
}

static int make_locked(struct ipc_table *t, const struct ipc_get *get)
{
    struct ipc_object *o;
    u32 index;
    int err = free_index_locked(t, &index);

    if (!err)
        err = get->make(get->arg, &o);
    if (err)
        return err;
    ref_init(&o->refs);
    ipc_owner_init(&o->owner, get->key, get->flags, t->next_seq);
    o->id = (int)(index + t->next_seq * IPC_SEQ_STEP);
    t->next_seq = (t->next_seq + 1) % IPC_SEQ_MAX;
    t->slots[index] = o;
    t->count++;
    return o->id;
}

int ipc_table_get(struct ipc_table *t, const struct ipc_get *get)
{
    WITH_MUTEX(&t->lock);
    struct ipc_object *o = get->key == IPC_PRIVATE ? NULL : find_key_locked(t, get->key);
    int err;

    if (!o && get->key != IPC_PRIVATE && !(get->flags & IPC_CREAT))
        return -ENOENT;
    if (!o)
        return make_locked(t, get);
    if ((get->flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
        return -EEXIST;
    WITH_MUTEX(&o->lock);
    err = get->check ? get->check(o, get->arg) : 0;
    if (!err)
        err = ipc_owner_check(&o->owner, ipc_owner_wanted(get->flags));
    return err ? err : o->id;
}

int ipc_find_index(struct ipc_table *t, int index, struct ipc_object **ret)
{
    WITH_MUTEX(&t->lock);

    if (index < 0 || (u32)index >= t->max || !t->slots || !t->slots[index])
        return -EINVAL;
    *ret = t->slots[index];
    ref_get(&(*ret)->refs);
    return 0;
}

int ipc_find(struct ipc_table *t, int id, struct ipc_object **ret)
{
    struct ipc_object *o;

    if (id < 0 || ipc_find_index(t, id % IPC_SEQ_STEP, &o))
        return -EINVAL;
    if (o->id != id) {
        ipc_put(t, o);
        return -EINVAL;
    }
    *ret = o;
    return 0;
}

void ipc_put(struct ipc_table *t, struct ipc_object *o)
{
    if (o && ref_put(&o->refs))
        t->free(o);
}

int ipc_remove(struct ipc_table *t, struct ipc_object *o)
{
    int err;

    mutex_lock(&t->lock);
    mutex_lock(&o->lock);
    err = o->removed ? -EIDRM : ipc_owner_check_control(&o->owner);
    if (!err) {
        o->removed = true;
        t->slots[o->id % IPC_SEQ_STEP] = NULL;
        t->count--;
    }
    mutex_unlock(&o->lock);
    mutex_unlock(&t->lock);
    if (err)
        return err;
    waitq_wake(&o->wait);
    ipc_put(t, o);                               /* the table's                             */
    return 0;
}

int ipc_highest(struct ipc_table *t, u32 *ret_count)
{
    WITH_MUTEX(&t->lock);
    int highest = 0;

    *ret_count = t->count;
    for (u32 i = 0; t->slots && i < t->max; i++)
        if (t->slots[i])
            highest = (int)i;
    return highest;
}
