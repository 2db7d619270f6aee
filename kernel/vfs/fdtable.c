/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables.
 *
 * Slots come in levels that double the table and never move: level 0 is [0, 64), level k is
 * [64 << (k-1), 64 << k).  In each level a bitmap says which slots are in use, and a bitmap over that
 * one which of its words are full, so that the lowest free number is three steps away.
 *
 * Look-ups take no lock.  A reader may load a file that is closed and freed under its hands; the
 * storage of files stays storage of files, so the reader can try to take a reference:
 *
 *     reader                                 closer
 *     f = slot
 *                                            slot = NULL, drop the reference: f is freed
 *                                            and may become another file
 *     count is 0: look again; else +1
 *     slot is not f any more: drop it,
 *     look again
 *
 * If the slot is f again, f is what the descriptor means now, whoever it was before.
 *
 * A table with one reference belongs to one thread, and only that thread changes it: then changes
 * take no lock either (others, /proc for one, only read).
 *
 * Locks: fdtable.lock guards the bitmaps, the levels and stores to slots; files are released after
 * it is dropped.
 */
#include "kernel/vfs/fdtable.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/mutex.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file_int.h"

enum { FD_LEVELS = 11, FD_LEVEL0 = 64, FD_FULL_WORDS = 8 };
_Static_assert(FD_LEVEL0 << (FD_LEVELS - 1) == FD_LIMIT_HARD, "levels add up to the limit");

struct fd_level {
    u32 size;                                    /* slots: a multiple of 64                 */
    u32 unused;
    u64 full[FD_FULL_WORDS];                     /* a bit per word of used                  */
    u64 *used, *cloexec;                         /* a bit per slot                          */
    struct file *_Atomic *slot;
};

struct fdtable {
    refcount refs;
    struct mutex lock;
    u32 count;                                   /* descriptors in use                      */
    struct fd_level *_Atomic level[FD_LEVELS];
    struct fd_level first;                       /* level 0, and its storage                */
    u64 first_used, first_cloexec;
    struct file *_Atomic first_slot[FD_LEVEL0];
};

struct fd_limit_ops fd_limit_ops;

static u32 fd_limit(void)
{
    u32 limit = fd_limit_ops.limit ? fd_limit_ops.limit() : FD_LIMIT_SOFT;

    return limit < FD_LIMIT_HARD ? limit : FD_LIMIT_HARD;
}

static u32 level_of(u32 fd)
{
    return fd < FD_LEVEL0 ? 0 : 26 - (u32)__builtin_clz(fd);
}

static u32 level_base(u32 k)
{
    return k ? (u32)FD_LEVEL0 << (k - 1) : 0;
}

static u32 level_size(u32 k)
{
    return k ? (u32)FD_LEVEL0 << (k - 1) : FD_LEVEL0;
}

/* ---- the table itself ---- */

struct fdtable *fdtable_new(void)
{
    struct fdtable *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    ref_init(&t->refs);
    t->first = (struct fd_level){
        .size = FD_LEVEL0,
        .unused = FD_LEVEL0,
        .used = &t->first_used,
        .cloexec = &t->first_cloexec,
        .slot = t->first_slot,
    };
    t->level[0] = &t->first;
    return t;
}

static struct fd_level *level_new(u32 k)
{
    u32 size = level_size(k);
    struct fd_level *l = kzalloc(sizeof(*l) + size * sizeof(struct file *) + size / 64 * 2 * 8);

    if (!l)
        return NULL;
    l->size = l->unused = size;
    l->slot = (struct file * _Atomic *)(l + 1);
    l->used = (u64 *)(l->slot + size);
    l->cloexec = l->used + size / 64;
    return l;
}

/* Level k, made if it is missing; NULL: no memory. */
static struct fd_level *fdtable_level(struct fdtable *t, u32 k)
{
    struct fd_level *l = t->level[k];

    if (unlikely(!l)) {
        l = level_new(k);
        if (l)
            __atomic_store_n(&t->level[k], l, __ATOMIC_RELEASE);
    }
    return l;
}

struct fdtable *fdtable_get(struct fdtable *t)
{
    ref_get(&t->refs);
    return t;
}

bool fdtable_is_shared(const struct fdtable *t)
{
    return ref_count(&t->refs) != 1;
}

/* Hold the lock if anybody else could change the table; pairs with fdtable_unlock(). */
static bool fdtable_lock(struct fdtable *t)
{
    if (likely(!fdtable_is_shared(t)))
        return false;
    mutex_lock(&t->lock);
    return true;
}

static void fdtable_unlock(struct fdtable *t, bool locked)
{
    if (unlikely(locked))
        mutex_unlock(&t->lock);
}

/* ---- slots ---- */

struct fd_place {
    struct fd_level *level;
    u32 index;
};

/* Where fd is; level is NULL if there is no such slot (yet). */
static struct fd_place fd_at(const struct fdtable *t, u32 fd)
{
    u32 k = fd < FD_LIMIT_HARD ? level_of(fd) : 0;

    if (fd >= FD_LIMIT_HARD)
        return (struct fd_place){ NULL, 0 };
    return (struct fd_place){ __atomic_load_n(&t->level[k], __ATOMIC_ACQUIRE), fd - level_base(k) };
}

static struct file *fd_peek(const struct fdtable *t, int fd)
{
    struct fd_place p;

    if (likely((u32)fd < FD_LEVEL0))
        return __atomic_load_n(&t->first_slot[fd], __ATOMIC_ACQUIRE);
    p = fd_at(t, (u32)fd);
    if (!p.level)
        return NULL;
    return __atomic_load_n(&p.level->slot[p.index], __ATOMIC_ACQUIRE);
}

static void slot_mark_used(struct fdtable *t, struct fd_place p)
{
    u32 word = p.index / 64;

    p.level->used[word] |= 1ull << (p.index % 64);
    if (p.level->used[word] == UINT64_MAX)
        p.level->full[word / 64] |= 1ull << (word % 64);
    p.level->unused--;
    t->count++;
}

static void slot_mark_free(struct fdtable *t, struct fd_place p)
{
    u32 word = p.index / 64;

    p.level->used[word] &= ~(1ull << (p.index % 64));
    p.level->full[word / 64] &= ~(1ull << (word % 64));
    p.level->unused++;
    t->count--;
}

static void slot_set_cloexec(struct fd_place p, bool on)
{
    u64 bit = 1ull << (p.index % 64);
    u64 *word = &p.level->cloexec[p.index / 64];

    *word = on ? *word | bit : *word & ~bit;
}

/* The lowest unused index >= from in a level; its size if there is none. */
static u32 level_find_unused(const struct fd_level *l, u32 from)
{
    u32 words = l->size / 64;
    u32 word = from / 64;
    u64 unused;

    if (from >= l->size)
        return l->size;
    unused = ~l->used[word] & (UINT64_MAX << (from % 64));
    if (unused)
        return word * 64 + (u32)__builtin_ctzll(unused);
    for (word++; word < words;) {
        u64 open = ~l->full[word / 64] & (UINT64_MAX << (word % 64));

        if (open) {
            word = (word & ~63u) + (u32)__builtin_ctzll(open);
            if (word >= words)
                break;
            return word * 64 + (u32)__builtin_ctzll(~l->used[word]);
        }
        word = (word & ~63u) + 64;
    }
    return l->size;
}

/* The lowest unused number >= min; -EMFILE beyond the limit, -ENOMEM. */
static int fdtable_find_unused(struct fdtable *t, u32 min, u32 limit, struct fd_place *ret)
{
    for (u32 k = level_of(min); k < FD_LEVELS && level_base(k) < limit; k++) {
        struct fd_level *l = fdtable_level(t, k);
        u32 base = level_base(k), i;

        if (!l)
            return -ENOMEM;
        if (!l->unused)
            continue;
        i = level_find_unused(l, min > base ? min - base : 0);
        if (i == l->size)
            continue;
        if (base + i >= limit)
            break;
        *ret = (struct fd_place){ l, i };
        return (int)(base + i);
    }
    return -EMFILE;
}

int fd_room(struct fdtable *t)
{
    struct fd_place p;
    bool locked = fdtable_lock(t);
    int fd = fdtable_find_unused(t, 0, fd_limit(), &p);

    fdtable_unlock(t, locked);
    return fd < 0 ? fd : 0;
}

/* ---- looking up ---- */

/* A reference to what fd is now; NULL: nothing. */
static struct file *fd_try_get(const struct fdtable *t, int fd)
{
    for (;;) {
        struct file *f = fd_peek(t, fd);

        if (!f)
            return NULL;
        if (likely(ref_try_get(&f->refs))) {
            if (likely(fd_peek(t, fd) == f))
                return f;
            file_put(f);
        }
    }
}

int fd_get_path(struct fdtable *t, int fd, struct file **ret)
{
    struct file *f = fd_try_get(t, fd);

    if (!f)
        return -EBADF;
    *ret = f;
    return 0;
}

int fd_get(struct fdtable *t, int fd, struct file **ret)
{
    struct file *f = fd_try_get(t, fd);

    if (!f)
        return -EBADF;
    if (f->path_only) {
        file_put(f);
        return -EBADF;
    }
    *ret = f;
    return 0;
}

int fd_borrow_path(struct fdtable *t, int fd, struct fd_ref *ret)
{
    bool counted = fdtable_is_shared(t);
    struct file *f = unlikely(counted) ? fd_try_get(t, fd) : fd_peek(t, fd);

    if (unlikely(!f))
        return -EBADF;
    ret->file = f;
    ret->counted = counted;
    return 0;
}

int fd_borrow(struct fdtable *t, int fd, struct fd_ref *ret)
{
    int err = fd_borrow_path(t, fd, ret);

    return likely(!err) && unlikely(ret->file->path_only) ? -EBADF : err;
}

/* ---- installing ---- */

/* At p, which is unused; the table is the caller's. */
static void slot_install(struct fdtable *t, struct fd_place p, struct file *f, u32 flags)
{
    slot_mark_used(t, p);
    slot_set_cloexec(p, flags & O_CLOEXEC);
    __atomic_store_n(&p.level->slot[p.index], f, __ATOMIC_RELEASE);
}

static int install_own(struct fdtable *t, struct file *f, u32 flags, u32 min)
{
    struct fd_place p;
    bool locked = fdtable_lock(t);
    int fd = fdtable_find_unused(t, min, fd_limit(), &p);

    if (likely(fd >= 0))
        slot_install(t, p, f, flags);
    fdtable_unlock(t, locked);
    return fd;
}

int fd_install_own(struct fdtable *t, struct file *f, u32 flags)
{
    return install_own(t, f, flags, 0);
}

int fd_install_from(struct fdtable *t, struct file *f, u32 flags, u32 min)
{
    int fd = install_own(t, file_get(f), flags, min);

    if (unlikely(fd < 0))
        file_put(f);
    return fd;
}

int fd_install(struct fdtable *t, struct file *f, u32 flags)
{
    return fd_install_from(t, f, flags, 0);
}

int fd_install_at(struct fdtable *t, struct file *f, u32 flags, int fd)
{
    struct file *displaced = NULL;
    struct fd_place p;
    bool locked;

    if (fd < 0 || (u32)fd >= fd_limit())
        return -EBADF;
    locked = fdtable_lock(t);
    if (!fdtable_level(t, level_of((u32)fd))) {
        fdtable_unlock(t, locked);
        return -ENOMEM;
    }
    p = fd_at(t, (u32)fd);
    /* ---- commit ---- */
    displaced = p.level->slot[p.index];
    if (!displaced)
        slot_mark_used(t, p);
    slot_set_cloexec(p, flags & O_CLOEXEC);
    __atomic_store_n(&p.level->slot[p.index], file_get(f), __ATOMIC_RELEASE);
    fdtable_unlock(t, locked);

    if (displaced)
        file_close_descriptor(displaced, t);
    return fd;
}

int fd_install_two(struct fdtable *t, struct file *a, struct file *b, u32 flags, int ret[2])
{
    struct fd_place pa, pb;
    bool locked = fdtable_lock(t);
    int fa = fdtable_find_unused(t, 0, fd_limit(), &pa);
    int fb = fa < 0 ? fa : fdtable_find_unused(t, (u32)fa + 1, fd_limit(), &pb);

    if (fb >= 0) {
        slot_install(t, pa, file_get(a), flags);
        slot_install(t, pb, file_get(b), flags);
        ret[0] = fa;
        ret[1] = fb;
    }
    fdtable_unlock(t, locked);
    return fb < 0 ? fb : 0;
}

/* ---- closing ---- */

/* Empty a slot; its reference becomes the caller's. */
static struct file *slot_take(struct fdtable *t, struct fd_place p)
{
    struct file *f = p.level->slot[p.index];

    if (!f)
        return NULL;
    __atomic_store_n(&p.level->slot[p.index], NULL, __ATOMIC_RELEASE);
    slot_set_cloexec(p, false);
    slot_mark_free(t, p);
    return f;
}

int fd_close(struct fdtable *t, int fd)
{
    struct fd_place p = fd_at(t, (u32)fd);
    struct file *f;
    bool locked;

    if (!p.level)
        return -EBADF;
    locked = fdtable_lock(t);
    f = slot_take(t, p);
    fdtable_unlock(t, locked);
    if (!f)
        return -EBADF;
    file_close_descriptor(f, t);
    return 0;
}

/* The first used descriptor in [from, last], or -1. */
static int fdtable_next_used(const struct fdtable *t, u32 from, u32 last)
{
    for (u32 k = level_of(from); k < FD_LEVELS && level_base(k) <= last; k++) {
        const struct fd_level *l = __atomic_load_n(&t->level[k], __ATOMIC_ACQUIRE);
        u32 base = level_base(k);

        if (!l)
            continue;
        for (u32 i = from > base ? from - base : 0; i < l->size;) {
            u64 used = __atomic_load_n(&l->used[i / 64], __ATOMIC_RELAXED) >> (i % 64);

            if (used) {
                u32 fd = base + i + (u32)__builtin_ctzll(used);

                return fd <= last ? (int)fd : -1;
            }
            i = (i & ~63u) + 64;
        }
    }
    return -1;
}

int fd_close_range(struct fdtable *t, u32 first, u32 last, bool only_set_cloexec)
{
    struct fd_place p;
    int fd;

    if (first >= FD_LIMIT_HARD)
        return 0;
    last = last < FD_LIMIT_HARD ? last : FD_LIMIT_HARD - 1;
    for (; first <= last && (fd = fdtable_next_used(t, first, last)) >= 0; first = (u32)fd + 1) {
        if (!only_set_cloexec) {
            (void)fd_close(t, fd);               /* another thread may have been faster     */
            continue;
        }
        bool locked = fdtable_lock(t);

        p = fd_at(t, (u32)fd);
        slot_set_cloexec(p, p.level->slot[p.index]);
        fdtable_unlock(t, locked);
    }
    return 0;
}

void fdtable_close_on_exec(struct fdtable *t)
{
    for (u32 k = 0; k < FD_LEVELS; k++) {
        struct fd_level *l = t->level[k];

        for (u32 i = 0; l && i < l->size / 64; i++)
            while (l->cloexec[i])
                (void)fd_close(t,
                               (int)(level_base(k) + i * 64 + (u32)__builtin_ctzll(l->cloexec[i])));
    }
}

void fdtable_put(struct fdtable *t)
{
    if (!t || !ref_put(&t->refs))
        return;
    ref_init(&t->refs);                          /* closing looks at it: one owner, the last */
    fd_close_range(t, 0, FD_LIMIT_HARD - 1, false);
    for (u32 k = 1; k < FD_LEVELS; k++)
        kfree(t->level[k]);
    kfree(t);
}

/* ---- copies and flags ---- */

int fdtable_copy(struct fdtable *t, struct fdtable **ret)
{
    struct fdtable *copy = fdtable_new();
    int err = copy ? 0 : -ENOMEM;
    bool locked = fdtable_lock(t);
    u32 next = 0;
    int fd;

    while (!err && (fd = fdtable_next_used(t, next, FD_LIMIT_HARD - 1)) >= 0) {
        struct fd_place from, to;
        u64 cloexec;

        from = fd_at(t, (u32)fd);
        if (!fdtable_level(copy, level_of((u32)fd))) {
            err = -ENOMEM;
            break;
        }
        to = fd_at(copy, (u32)fd);
        cloexec = from.level->cloexec[from.index / 64] >> (from.index % 64) & 1;
        slot_install(copy, to, file_get(from.level->slot[from.index]), cloexec ? O_CLOEXEC : 0);
        next = (u32)fd + 1;
    }
    fdtable_unlock(t, locked);
    if (err) {
        fdtable_put(copy);
        return err;
    }
    *ret = copy;
    return 0;
}

int fd_flags_get(struct fdtable *t, int fd)
{
    struct fd_place p = fd_at(t, (u32)fd);

    if (!fd_peek(t, fd))
        return -EBADF;
    return __atomic_load_n(&p.level->cloexec[p.index / 64], __ATOMIC_RELAXED) >> (p.index % 64) & 1
               ? FD_CLOEXEC
               : 0;
}

int fd_flags_set(struct fdtable *t, int fd, u32 flags)
{
    struct fd_place p = fd_at(t, (u32)fd);
    int err = -EBADF;
    bool locked;

    if (!p.level)
        return -EBADF;
    locked = fdtable_lock(t);
    if (p.level->slot[p.index]) {
        slot_set_cloexec(p, flags & FD_CLOEXEC);
        err = 0;
    }
    fdtable_unlock(t, locked);
    return err;
}

int fd_next(struct fdtable *t, int *fd, struct file **ret)
{
    u32 from = *fd < 0 ? 0 : (u32)*fd;

    while (from < FD_LIMIT_HARD) {
        int next = fdtable_next_used(t, from, FD_LIMIT_HARD - 1);
        struct file *f;

        if (next < 0)
            break;
        f = fd_try_get(t, next);
        if (f) {
            *fd = next;
            *ret = f;
            return 0;
        }
        from = (u32)next + 1;
    }
    return -ENOENT;
}

u32 fd_count(struct fdtable *t)
{
    return __atomic_load_n(&t->count, __ATOMIC_RELAXED);
}
