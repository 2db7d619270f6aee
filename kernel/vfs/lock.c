/* SPDX-License-Identifier: MIT */
/*
 * File locks.
 *
 * A vnode that was ever locked has a struct file_locks: the locks held, and a queue on which everybody
 * waits who wants one that is taken.  A lock has a kind (record or flock), an owner and a range;
 * flock(2) is a range from 0 to the end of its own kind, because the two do not see each other.
 *
 *     kind      owner                            dropped when
 *     RECORD    descriptor table (F_SETLK)       any descriptor of the owner for the file is closed
 *     RECORD    open file (F_OFD_SETLK)          the file is closed
 *     FLOCK     open file                        the file is closed
 *
 * Locks of one owner never overlap; setting one splits, shortens or joins those that are there.
 *
 * Deadlock: whoever sleeps for a record lock of a table is in the list of waiters with the owner he
 * waits for.  Before sleeping, the chain from that owner on is followed; if it comes back to the
 * caller, the answer is -EDEADLK.  Open files do not take part, as on Linux.
 *
 * Locks: vnode.special_lock guards a vnode's locks; waiters_lock, a leaf, the list of waiters.
 */
#include "kernel/vfs/lock.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/fs.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/lib/list.h"
#include "kernel/vfs/attr.h"
#include "kernel/vfs/file_int.h"
#include "kernel/vfs/path.h"

enum lock_kind { LOCK_RECORD, LOCK_FLOCK };

enum { DEADLOCK_CHAIN_MAX = 10 };                /* Linux's: longer chains are not searched */

struct range_lock {
    struct list link;                            /* by start, within the vnode              */
    enum lock_kind kind;
    bool exclusive;
    bool ofd;
    const void *owner;                           /* not owned: dropped before it goes       */
    s32 pid;                                     /* for F_GETLK                             */
    u64 start, last;                             /* last is in the range; UINT64_MAX: to the end */
};

struct file_locks {
    struct list held;
    struct waitq wait;
};

struct lock_waiter {
    struct list link;
    const void *owner, *blocker;
};

static struct spinlock waiters_lock;
static struct list waiters = LIST_INIT(waiters);

static struct range_lock *lock_of(struct list *l)
{
    return list_entry(l, struct range_lock, link);
}

/* ---- ranges ---- */

static bool locks_same_owner(const struct range_lock *a, const struct range_lock *b)
{
    return a->kind == b->kind && a->owner == b->owner;
}

static bool locks_overlap(const struct range_lock *a, const struct range_lock *b)
{
    return a->start <= b->last && b->start <= a->last;
}

/* The first lock that keeps want from being set, or NULL. */
static struct range_lock *lock_find_conflict(struct file_locks *fl, const struct range_lock *want)
{
    list_for_each(l, &fl->held) {
        struct range_lock *have = lock_of(l);

        if (have->kind == want->kind && have->owner != want->owner && locks_overlap(have, want) &&
            (have->exclusive || want->exclusive))
            return have;
    }
    return NULL;
}

static void lock_insert(struct file_locks *fl, struct range_lock *lock)
{
    struct list *at = &fl->held;

    list_for_each(l, &fl->held)
        if (lock_of(l)->start > lock->start) {
            at = l;
            break;
        }
    list_append(at, &lock->link);                /* before at                               */
}

static void lock_remove(struct range_lock *lock)
{
    list_remove(&lock->link);
    kfree(lock);
}

/* Does b begin where a ends? */
static bool locks_touch(const struct range_lock *a, const struct range_lock *b)
{
    return a->last != UINT64_MAX && a->last + 1 == b->start;
}

/* Take [cut->start, cut->last] out of the owner's locks.  *spare is used if one is split in two. */
static void lock_cut(struct file_locks *fl, const struct range_lock *cut, struct range_lock **spare)
{
    list_for_each_safe(l, &fl->held) {
        struct range_lock *have = lock_of(l);

        if (!locks_same_owner(have, cut) || !locks_overlap(have, cut))
            continue;
        if (have->start < cut->start && have->last > cut->last) {
            struct range_lock *tail = TAKE(*spare);

            *tail = *have;
            tail->start = cut->last + 1;
            have->last = cut->start - 1;
            lock_insert(fl, tail);
        } else if (have->start < cut->start) {
            have->last = cut->start - 1;
        } else if (have->last > cut->last) {
            have->start = cut->last + 1;
            list_remove(&have->link);            /* its place in the order may change       */
            lock_insert(fl, have);
        } else {
            lock_remove(have);
        }
    }
}

/* Join lock with the owner's neighbours of the same sort. */
static void lock_join(struct file_locks *fl, struct range_lock *lock)
{
    list_for_each_safe(l, &fl->held) {
        struct range_lock *have = lock_of(l);

        if (have == lock || !locks_same_owner(have, lock) || have->exclusive != lock->exclusive)
            continue;
        if (locks_touch(have, lock)) {
            lock->start = have->start;
            lock_remove(have);
        } else if (locks_touch(lock, have)) {
            lock->last = have->last;
            lock_remove(have);
        }
    }
    list_remove(&lock->link);
    lock_insert(fl, lock);
}

/* ---- a vnode's locks ---- */

/* Made at the first lock; special_lock is held.  NULL: no memory. */
static struct file_locks *vnode_locks(struct vnode *v)
{
    struct file_locks *fl = v->locks;

    if (!fl) {
        fl = kzalloc(sizeof(*fl));
        if (!fl)
            return NULL;
        list_init(&fl->held);
        __atomic_store_n(&v->locks, fl, __ATOMIC_RELEASE);
    }
    return fl;
}

void file_locks_free(struct vnode *v)
{
    struct file_locks *fl = v->locks;
    struct list *l;

    if (!fl)
        return;
    while ((l = list_first(&fl->held)))
        lock_remove(lock_of(l));
    kfree(fl);
    v->locks = NULL;
}

static void locks_drop(struct vnode *v, enum lock_kind kind, const void *owner)
{
    struct range_lock all = { .kind = kind, .owner = owner, .last = UINT64_MAX };
    struct range_lock *none = NULL;
    struct file_locks *fl;

    mutex_lock(&v->special_lock);
    fl = v->locks;
    if (fl)
        lock_cut(fl, &all, &none);               /* nothing is split: all of it goes        */
    mutex_unlock(&v->special_lock);
    if (fl)
        waitq_wake(&fl->wait);
}

void file_locks_drop_owner(struct vnode *v, const void *owner)
{
    locks_drop(v, LOCK_RECORD, owner);
}

void file_locks_drop_file(struct file *f)
{
    locks_drop(f->vnode, LOCK_RECORD, f);
    locks_drop(f->vnode, LOCK_FLOCK, f);
}

/* ---- deadlocks ---- */

static const void *waits_for_locked(const void *owner)
{
    list_for_each(l, &waiters) {
        const struct lock_waiter *w = list_entry(l, struct lock_waiter, link);

        if (w->owner == owner)
            return w->blocker;
    }
    return NULL;
}

/* Enter w, unless its owner would then wait for itself: -EDEADLK. */
static int waiter_enlist(struct lock_waiter *w)
{
    const void *next = w->blocker;
    int err = 0;

    spin_lock(&waiters_lock);
    for (u32 i = 0; next && i < DEADLOCK_CHAIN_MAX && !err; i++) {
        if (next == w->owner)
            err = -EDEADLK;
        next = waits_for_locked(next);
    }
    if (!err)
        list_append(&waiters, &w->link);
    spin_unlock(&waiters_lock);
    return err;
}

static void waiter_delist(struct lock_waiter *w)
{
    spin_lock(&waiters_lock);
    list_remove(&w->link);
    spin_unlock(&waiters_lock);
}

/* ---- setting ---- */

/* Set want, or find what is in its way.  fresh and spare are consumed if they were used. */
static struct range_lock *lock_try(struct file_locks *fl, const struct range_lock *want,
                                   struct range_lock **fresh, struct range_lock **spare)
{
    struct range_lock *conflict = lock_find_conflict(fl, want), *mine;

    if (conflict)
        return conflict;
    lock_cut(fl, want, spare);
    mine = TAKE(*fresh);
    *mine = *want;
    lock_insert(fl, mine);
    lock_join(fl, mine);
    return NULL;
}

/* Sleep until the locks of v have changed; special_lock is held and is let go meanwhile. */
static int lock_sleep(struct vnode *v, struct file_locks *fl, const struct range_lock *want,
                      const struct range_lock *blocker)
{
    bool counts = want->kind == LOCK_RECORD && !want->ofd && !blocker->ofd;
    struct lock_waiter w = { .owner = want->owner, .blocker = blocker->owner };
    u64 ticket = waitq_ticket(&fl->wait);
    int err = counts ? waiter_enlist(&w) : 0;

    if (err)
        return err;
    mutex_unlock(&v->special_lock);
    err = waitq_sleep(&fl->wait, ticket, NO_DEADLINE);
    mutex_lock(&v->special_lock);
    if (counts)
        waiter_delist(&w);
    return err ? -ERESTARTSYS : 0;
}

static int lock_set(struct vnode *v, const struct range_lock *want, bool wait)
{
    AUTO(kfreep) struct range_lock *fresh = kalloc(sizeof(*fresh));
    AUTO(kfreep) struct range_lock *spare = kalloc(sizeof(*spare));
    struct range_lock *conflict;
    struct file_locks *fl;
    int err = 0;

    if (!fresh || !spare)
        return -ENOLCK;
    mutex_lock(&v->special_lock);
    fl = vnode_locks(v);
    while (fl && !err && (conflict = lock_try(fl, want, &fresh, &spare)))
        err = wait ? lock_sleep(v, fl, want, conflict) : -EAGAIN;
    mutex_unlock(&v->special_lock);
    if (!fl)
        return -ENOLCK;
    if (!err)
        waitq_wake(&fl->wait);                   /* an exclusive lock may have become shared */
    return err;
}

static int lock_clear(struct vnode *v, const struct range_lock *range)
{
    AUTO(kfreep) struct range_lock *spare = NULL;
    struct file_locks *fl;

    if (!__atomic_load_n(&v->locks, __ATOMIC_ACQUIRE))
        return 0;
    spare = kalloc(sizeof(*spare));
    if (!spare)
        return -ENOLCK;
    mutex_lock(&v->special_lock);
    fl = v->locks;
    lock_cut(fl, range, &spare);
    mutex_unlock(&v->special_lock);
    waitq_wake(&fl->wait);
    return 0;
}

/* ---- fcntl(2) ---- */

/* Where a struct flock begins and ends: -EINVAL, -EOVERFLOW. */
static int flock_range(struct file *f, const struct flock *l, struct range_lock *ret)
{
    s64 base = 0, start, last;

    if (l->l_whence == SEEK_CUR) {
        base = (s64)f->pos;
    } else if (l->l_whence == SEEK_END) {
        struct vattr a;
        int err = vnode_getattr(f->vnode, &a);

        if (err)
            return err;
        base = (s64)a.size;
    } else if (l->l_whence != SEEK_SET) {
        return -EINVAL;
    }
    if (add_overflows(base, l->l_start, &start))
        return -EOVERFLOW;
    if (l->l_len < 0) {
        last = start - 1;
        if (start < 0 || add_overflows(start, l->l_len, &start))
            return -EINVAL;
    } else if (l->l_len == 0) {
        last = -1;
    } else if (add_overflows(start, l->l_len - 1, &last)) {
        return -EOVERFLOW;
    }
    if (start < 0)
        return -EINVAL;
    ret->start = (u64)start;
    ret->last = last < 0 || last == INT64_MAX ? UINT64_MAX : (u64)last;
    return 0;
}

static int flock_decode(struct file *f, struct fdtable *owner, bool ofd, const struct flock *l,
                        struct range_lock *ret)
{
    if (!f->vnode)
        return -EBADF;
    if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && l->l_type != F_UNLCK)
        return -EINVAL;
    if (ofd && l->l_pid)
        return -EINVAL;
    *ret = (struct range_lock){
        .kind = LOCK_RECORD,
        .exclusive = l->l_type == F_WRLCK,
        .ofd = ofd,
        .owner = ofd ? (const void *)f : (const void *)owner,
        .pid = ofd                        ? -1
               : file_signal_ops.pid_self ? file_signal_ops.pid_self()
                                          : 0,
    };
    list_init(&ret->link);
    return flock_range(f, l, ret);
}

int file_lock_get(struct file *f, struct fdtable *owner, bool ofd, struct flock *l)
{
    struct range_lock want, *conflict = NULL;
    int err = flock_decode(f, owner, ofd, l, &want);

    if (err)
        return err;
    if (l->l_type == F_UNLCK)
        return -EINVAL;
    mutex_lock(&f->vnode->special_lock);
    if (f->vnode->locks)
        conflict = lock_find_conflict(f->vnode->locks, &want);
    if (conflict) {
        l->l_type = conflict->exclusive ? F_WRLCK : F_RDLCK;
        l->l_whence = SEEK_SET;
        l->l_start = (s64)conflict->start;
        l->l_len = conflict->last == UINT64_MAX ? 0 : (s64)(conflict->last - conflict->start + 1);
        l->l_pid = conflict->pid;
    } else {
        l->l_type = F_UNLCK;
    }
    mutex_unlock(&f->vnode->special_lock);
    return 0;
}

int file_lock_set(struct file *f, struct fdtable *owner, bool ofd, const struct flock *l, bool wait)
{
    struct range_lock want;
    int err = flock_decode(f, owner, ofd, l, &want);

    if (err)
        return err;
    if ((l->l_type == F_RDLCK && !f->read_ok) || (l->l_type == F_WRLCK && !f->write_ok))
        return -EBADF;
    if (l->l_type == F_UNLCK)
        return lock_clear(f->vnode, &want);
    if (ofd)
        __atomic_store_n(&f->has_locks, true, __ATOMIC_RELAXED);
    return lock_set(f->vnode, &want, wait);
}

/* ---- flock(2) ---- */

int file_flock(struct file *f, u32 op)
{
    struct range_lock want = { .kind = LOCK_FLOCK, .ofd = true, .owner = f, .last = UINT64_MAX };
    bool wait = !(op & LOCK_NB);
    int err;

    op &= ~(u32)LOCK_NB;
    if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
        return -EINVAL;
    if (!f->vnode)
        return -EBADF;
    list_init(&want.link);
    want.exclusive = op == LOCK_EX;
    if (op == LOCK_UN)
        return lock_clear(f->vnode, &want);
    __atomic_store_n(&f->has_locks, true, __ATOMIC_RELAXED);
    /* flock(2): changing a lock is not atomic; the old one is gone while we wait for the new one */
    err = lock_set(f->vnode, &want, false);
    if (err != -EAGAIN)
        return err;
    err = lock_clear(f->vnode, &want);
    return err ? err : lock_set(f->vnode, &want, wait);
}
