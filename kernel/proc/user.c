/* SPDX-License-Identifier: MIT */
/*
 * Users: what is counted per real user id (RLIMIT_NPROC, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE).
 *
 * An account exists while somebody counts on it.
 *
 * Locks: users_lock, a leaf, for the list; the counts are atomic.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/core/refcount.h"
#include "kernel/core/spinlock.h"
#include "kernel/lib/list.h"
#include "kernel/proc/proc_int.h"

struct user {
    struct list link;
    refcount refs;
    u32 uid;                                     /* [const]                                 */
    u32 threads, sigpending;                     /* [atomic]                                */
    u64 msgqueue_bytes;                          /* [atomic]                                */
};

static struct spinlock users_lock;
static struct list users = LIST_INIT(users);     /* guarded by users_lock                   */

static struct user *find_locked(u32 uid)
{
    list_for_each(link, &users) {
        struct user *u = list_entry(link, struct user, link);

        if (u->uid == uid)
            return user_get(u);
    }
    return NULL;
}

struct user *user_find(u32 uid)
{
    spin_lock(&users_lock);
    struct user *found = find_locked(uid);
    spin_unlock(&users_lock);
    if (found)
        return found;

    struct user *fresh = kzalloc(sizeof(*fresh));
    if (!fresh)
        return NULL;
    ref_init(&fresh->refs);
    fresh->uid = uid;

    spin_lock(&users_lock);
    found = find_locked(uid);                    /* somebody else may have been faster      */
    if (!found)
        list_push(&users, &fresh->link);
    spin_unlock(&users_lock);
    if (!found)
        return fresh;
    kfree(fresh);
    return found;
}

struct user *user_get(struct user *u)
{
    ref_get(&u->refs);
    return u;
}

void user_put(struct user *u)
{
    if (!u)
        return;
    spin_lock(&users_lock);
    bool last = ref_put(&u->refs);
    if (last)
        list_remove(&u->link);
    spin_unlock(&users_lock);
    if (last)
        kfree(u);
}

u32 user_threads_add(struct user *u, s32 n)
{
    return __atomic_add_fetch(&u->threads, (u32)n, __ATOMIC_RELAXED);
}

u32 user_sigpending_add(struct user *u, s32 n)
{
    return __atomic_add_fetch(&u->sigpending, (u32)n, __ATOMIC_RELAXED);
}

u64 user_msgqueue_add(struct user *u, s64 n)
{
    return __atomic_add_fetch(&u->msgqueue_bytes, (u64)n, __ATOMIC_RELAXED);
}

void cred_install(struct thread *self, struct cred *c)
{
    struct proc_thread *priv = self->priv;
    struct user *user = c->uid == self->cred->uid ? NULL : user_find(c->uid);
    struct cred *old;

    mutex_lock(&proc_lock);
    old = self->cred;
    self->cred = c;
    if (self->proc->leader == self)
        __atomic_store_n(&self->proc->uid, c->uid, __ATOMIC_RELAXED);
    mutex_unlock(&proc_lock);

    /* Without memory for the new account the thread goes on counting on the old one. */
    if (user) {
        struct user *before = priv->user;

        user_threads_add(user, 1);
        spin_lock(&self->proc->sig.lock);        /* senders charge priv->user under it      */
        priv->user = user;
        spin_unlock(&self->proc->sig.lock);
        user_threads_add(before, -1);
        user_put(before);
    }
    cred_put(old);
}
