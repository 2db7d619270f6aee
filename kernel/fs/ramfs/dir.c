/* SPDX-License-Identifier: MIT */
/*
 * Directories of ramfs.
 *
 * Entries are on two lists: the chain of their hash, for look-ups, and dir.entries in order of
 * creation, for readdir().  An entry's cookie is a number that only grows, so a position in a
 * directory stays true whatever comes and goes around it.
 *
 * Changes happen between changing() and changed(), which make dir.seq odd and even again.  A peek()
 * that saw seq move says -EAGAIN, so no reader without a lock believes half a rename.
 */
#include "abi/linux/dirent.h"
#include "abi/linux/errno.h"
#include "abi/linux/fs.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/panic.h"
#include "kernel/fs/ramfs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/attr.h"

enum {
    TABLE_FIRST = 16,                            /* buckets of the first real table         */
    TABLE_LOAD = 2,                              /* entries per bucket before it grows      */
    TABLE_MAX = 1 << 18,                         /* 2 MiB of buckets; then chains grow      */
    LINKS_MAX = 65000,                           /* as ext4                                 */
};

/* ---- names ---- */

static inline u64 load8(const char *s)
{
    u64 v;

    __builtin_memcpy(&v, s, sizeof(v));
    return v;
}

static inline u32 load4(const char *s)
{
    u32 v;

    __builtin_memcpy(&v, s, sizeof(v));
    return v;
}

/* The last 1 to 7 bytes as a number: two overlapping words, or three bytes that cover up to three. */
static inline u64 load_tail(const char *s, size_t len)
{
    if (len >= 4)
        return (u64)load4(s) << 32 | load4(s + len - 4);
    return (u64)(u8)s[0] << 16 | (u64)(u8)s[len / 2] << 8 | (u8)s[len - 1];
}

/* Multiplication carries upwards only: the shift lets the last letters of a word count below, too. */
static inline u64 hash_word(u64 h, u64 word)
{
    h = (h ^ word) * 0xff51afd7ed558ccdull;
    return h ^ h >> 32;
}

/* Eight bytes at a time, then what is left. */
static inline u32 name_hash(const char *s, size_t len)
{
    u64 h = len;

    for (; len >= 8; s += 8, len -= 8)
        h = hash_word(h, load8(s));
    if (len)
        h = hash_word(h, load_tail(s, len));
    return (u32)(h * 0xc4ceb9fe1a85ec53ull >> 32);
}

u32 ramfs_hash(const char *s, size_t len)
{
    return name_hash(s, len);
}

static inline bool bytes_equal(const char *a, const char *b, size_t len)
{
    for (; len >= 8; a += 8, b += 8, len -= 8)
        if (load8(a) != load8(b))
            return false;
    return !len || load_tail(a, len) == load_tail(b, len);
}

static inline bool entry_is(const struct ramfs_entry *e, u32 hash, struct name name)
{
    return e->hash == hash && e->len == name.len && bytes_equal(e->name, name.str, name.len);
}

/* ---- life ---- */

void ramfs_dir_init(struct ramfs_node *dir)
{
    dir->dir.small.bucket = &dir->dir.only;
    dir->dir.table = &dir->dir.small;
    list_init(&dir->dir.entries);
    dir->dir.next_cookie = READDIR_START;
    dir->nlink = 2;
}

static void table_free(struct retired *r)
{
    kfree(container_of(r, struct ramfs_table, retired));
}

static void table_retire(struct ramfs_dir *d, struct ramfs_table *t)
{
    if (t != &d->small)
        epoch_retire(&t->retired, table_free);
}

void ramfs_dir_fini(struct ramfs_node *dir)
{
    assert(list_is_empty(&dir->dir.entries));
    table_retire(&dir->dir, dir->dir.table);
    dir->dir.table = &dir->dir.small;
}

struct ramfs_entry *ramfs_entry_new(struct name name)
{
    struct ramfs_entry *e = kalloc(sizeof(*e) + name.len);

    if (!e)
        return NULL;
    *e = (struct ramfs_entry){ .name = (char *)(e + 1), .len = (u8)name.len };
    memcpy(e + 1, name.str, name.len);
    e->hash = ramfs_hash(name.str, name.len);
    return e;
}

static u8 dtype_of(u32 type)
{
    return (u8)(type >> 12);
}

void ramfs_entry_set(struct ramfs_entry *e, struct ramfs_node *n)
{
    e->dtype = dtype_of(n->v.type);
    e->ino = (u32)n->v.ino;
    __atomic_store_n(&e->node, (u64)n, __ATOMIC_RELEASE);
}

void ramfs_entry_free(struct ramfs_entry *e)
{
    if (!e->pooled)
        kfree(e);
}

static void entry_free_retired(struct retired *r)
{
    ramfs_entry_free(container_of(r, struct ramfs_entry, retired));
}

/* ---- changes ---- */

static void changing(struct ramfs_node *dir)
{
    __atomic_store_n(&dir->dir.seq, dir->dir.seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);     /* odd before the change; see ramfs_peek() */
}

static void changed(struct ramfs_node *dir)
{
    __atomic_store_n(&dir->dir.seq, dir->dir.seq + 1, __ATOMIC_RELEASE);
}

static struct ramfs_entry *_Atomic *table_bucket(struct ramfs_table *t, u32 hash)
{
    return &t->bucket[hash & t->mask];
}

static void chain_push(struct ramfs_table *t, struct ramfs_entry *e)
{
    struct ramfs_entry *_Atomic *bucket = table_bucket(t, e->hash);

    __atomic_store_n(&e->chain, *bucket, __ATOMIC_RELAXED);
    __atomic_store_n(bucket, e, __ATOMIC_RELEASE);
}

int ramfs_dir_reserve(struct ramfs_node *dir)
{
    struct ramfs_dir *d = &dir->dir;
    struct ramfs_table *old = d->table, *t;
    u32 buckets = old->mask + 1;

    if (likely(d->count < buckets * TABLE_LOAD || buckets >= TABLE_MAX))
        return 0;
    if (d->count < TABLE_FIRST / 2)
        return 0;                                /* a few are found as fast on one chain    */
    buckets = buckets < TABLE_FIRST ? TABLE_FIRST : buckets * 2;
    t = kzalloc(sizeof(*t) + buckets * sizeof(t->bucket[0]));
    if (!t)
        return -ENOMEM;
    t->bucket = (struct ramfs_entry * _Atomic *)(t + 1);
    t->mask = buckets - 1;

    changing(dir);
    list_for_each(l, &d->entries)
        chain_push(t, list_entry(l, struct ramfs_entry, link));
    __atomic_store_n(&d->table, t, __ATOMIC_RELEASE);
    changed(dir);
    table_retire(d, old);
    return 0;
}

/* Between changing() and changed(). */
static void entry_link(struct ramfs_node *dir, struct ramfs_entry *e)
{
    e->cookie = dir->dir.next_cookie++;
    list_append(&dir->dir.entries, &e->link);
    chain_push(dir->dir.table, e);
    dir->dir.count++;
}

void ramfs_entry_insert(struct ramfs_node *dir, struct ramfs_entry *e)
{
    changing(dir);
    entry_link(dir, e);
    changed(dir);
}

/* Take e out; its reference to the node becomes the caller's, its storage goes. */
static void entry_unlink(struct ramfs_node *dir, struct ramfs_entry *e)
{
    struct ramfs_dir *d = &dir->dir;
    struct ramfs_entry *_Atomic *at = table_bucket(d->table, e->hash);

    while (*at != e)
        at = &(*at)->chain;
    __atomic_store_n(at, e->chain, __ATOMIC_RELEASE);
    if (d->resume == e)
        d->resume = NULL;
    list_remove(&e->link);
    d->count--;
    epoch_retire(&e->retired, entry_free_retired);
}

/* ---- looking up ---- */

static inline struct ramfs_entry *find(struct ramfs_node *dir, struct name name)
{
    u32 hash = name_hash(name.str, name.len);
    struct ramfs_table *t = __atomic_load_n(&dir->dir.table, __ATOMIC_ACQUIRE);
    struct ramfs_entry *e = __atomic_load_n(table_bucket(t, hash), __ATOMIC_ACQUIRE);

    while (e && !entry_is(e, hash, name))
        e = __atomic_load_n(&e->chain, __ATOMIC_ACQUIRE);
    return e;
}

struct ramfs_entry *ramfs_entry_find(struct ramfs_node *dir, struct name name)
{
    return find(dir, name);
}

/* The node of an entry whose file has not been looked at yet. */
static int entry_materialise(struct ramfs_node *dir, struct ramfs_entry *e, u64 tag)
{
    struct ramfs_node *n;
    int err = ramfs_node_from_record(ramfs_of(&dir->v), tag >> 1, e->ino, &n);

    if (err)
        return err;
    n->nlink = 1;
    if (!__atomic_compare_exchange_n(&e->node, &tag, (u64)n, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        vnode_put(&n->v);                        /* another look-up was faster              */
    return 0;
}

int ramfs_lookup(struct vnode *dir, struct name name, struct vnode **ret)
{
    struct ramfs_entry *e = ramfs_entry_find(ramfs_node(dir), name);
    u64 node;

    if (!e)
        return -ENOENT;
    node = __atomic_load_n(&e->node, __ATOMIC_ACQUIRE);
    if (unlikely(node & 1)) {
        int err = entry_materialise(ramfs_node(dir), e, node);

        if (err)
            return err;
        node = __atomic_load_n(&e->node, __ATOMIC_ACQUIRE);
    }
    *ret = vnode_get(&((struct ramfs_node *)node)->v);
    return 0;
}

int ramfs_peek(struct vnode *dir, struct name name, struct vnode **ret)
{
    struct ramfs_node *d = ramfs_node(dir);
    u32 seq = __atomic_load_n(&d->dir.seq, __ATOMIC_ACQUIRE);
    struct ramfs_entry *e = find(d, name);
    u64 node = e ? __atomic_load_n(&e->node, __ATOMIC_ACQUIRE) : 0;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);     /* the look before the second seq          */
    if (unlikely(seq & 1 || __atomic_load_n(&d->dir.seq, __ATOMIC_RELAXED) != seq || node & 1))
        return -EAGAIN;
    if (!e)
        return -ENOENT;
    *ret = &((struct ramfs_node *)node)->v;
    return 0;
}

/* ---- creating ---- */

static int link_set_target(struct ramfs_node *n, const char *target)
{
    n->link.text = kstrdup(target);
    if (!n->link.text)
        return -ENOMEM;
    n->link.owned = true;
    n->link.len = (u32)strlen(target);
    return 0;
}

static int node_create(struct ramfs_fs *fs, const struct vattr *a, struct ramfs_node **ret)
{
    struct ramfs_node *n;
    u32 ino = __atomic_fetch_add(&fs->next_ino, 1, __ATOMIC_RELAXED);
    int err = ramfs_node_new(fs, a->mode, ino, &n);

    if (err)
        return err;
    vnode_set_owner(&n->v, a->mode, a->uid, a->gid);
    n->rdev_major = a->rdev_major;
    n->rdev_minor = a->rdev_minor;
    n->atime = n->mtime = n->ctime = n->btime = vfs_now();
    if (n->v.type == S_IFLNK)
        err = link_set_target(n, a->link);
    if (err) {
        vnode_put(&n->v);
        return err;
    }
    *ret = n;
    return 0;
}

/* Everything that a new entry needs; then entry_publish() cannot fail. */
static int entry_prepare(struct ramfs_node *dir, struct name name, struct ramfs_entry **ret)
{
    int err = ramfs_dir_reserve(dir);

    if (err)
        return err;
    *ret = ramfs_entry_new(name);
    return *ret ? 0 : -ENOMEM;
}

static void entry_publish(struct ramfs_node *dir, struct ramfs_entry *e, struct ramfs_node *n)
{
    ramfs_entry_set(e, n);
    ramfs_entry_insert(dir, e);
    ramfs_node_changed(dir);
}

static int create_named(struct ramfs_node *dir, struct name name, struct ramfs_node *n)
{
    struct ramfs_entry *e;
    int err = entry_prepare(dir, name, &e);

    if (err)
        return err;
    if (n->v.type == S_IFDIR) {
        err = vnode_place_set(&n->v, &dir->v, name);
        if (err) {
            ramfs_entry_free(e);
            return err;
        }
        dir->nlink++;
    } else {
        n->nlink = 1;
    }
    vnode_get(&n->v);                            /* the entry's                             */
    entry_publish(dir, e, n);
    return 0;
}

int ramfs_create(struct vnode *dir, struct name name, const struct vattr *a, struct vnode **ret)
{
    struct ramfs_node *n;
    int err = node_create(ramfs_of(dir), a, &n);

    if (err)
        return err;
    if (name.len)
        err = create_named(ramfs_node(dir), name, n);
    else
        n->linkable = a->nlink;
    if (err) {
        vnode_put(&n->v);
        return err;
    }
    *ret = &n->v;
    return 0;
}

int ramfs_link(struct vnode *dir, struct name name, struct vnode *v)
{
    struct ramfs_node *n = ramfs_node(v);
    struct ramfs_entry *e;
    int err;

    if (!n->nlink && !n->linkable)
        return -ENOENT;
    if (n->nlink >= LINKS_MAX)
        return -EMLINK;
    err = entry_prepare(ramfs_node(dir), name, &e);
    if (err)
        return err;
    n->nlink++;
    n->linkable = false;
    n->ctime = vfs_now();
    vnode_get(v);
    entry_publish(ramfs_node(dir), e, n);
    return 0;
}

/* ---- removing ---- */

/* A name of v is gone (v is locked). */
static void node_lost_name(struct ramfs_node *dir, struct ramfs_node *n)
{
    if (n->v.type == S_IFDIR) {
        n->nlink = 0;
        dir->nlink--;
    } else {
        n->nlink--;
    }
    n->ctime = vfs_now();
    __atomic_store_n(&n->v.atime_fresh, 0, __ATOMIC_RELAXED);
}

int ramfs_unlink(struct vnode *dir, struct name name, struct vnode *v)
{
    struct ramfs_node *d = ramfs_node(dir), *n = ramfs_node(v);
    struct ramfs_entry *e = ramfs_entry_find(d, name);

    if (!e)
        return -ENOENT;
    if (v->type == S_IFDIR && n->dir.count)
        return -ENOTEMPTY;
    changing(d);
    entry_unlink(d, e);
    changed(d);
    node_lost_name(d, n);
    ramfs_node_changed(d);
    vnode_put(v);                                /* the entry's; the caller has its own     */
    return 0;
}

/* ---- renaming ---- */

struct ramfs_move {
    struct ramfs_node *from, *to;
    struct ramfs_node *n, *victim;
    struct ramfs_entry *e, *target;              /* target: where n goes, linked or new     */
};

static void move_changing(const struct ramfs_move *m)
{
    changing(m->from);
    if (m->to != m->from)
        changing(m->to);
}

static void move_changed(const struct ramfs_move *m)
{
    changed(m->from);
    if (m->to != m->from)
        changed(m->to);
    ramfs_node_changed(m->from);
    ramfs_node_changed(m->to);
    m->n->ctime = m->from->ctime;
}

/* ".." of a directory that moves counts in its parent. */
static void move_dotdot(const struct ramfs_node *n, struct ramfs_node *from, struct ramfs_node *to)
{
    if (n->v.type != S_IFDIR)
        return;
    from->nlink--;
    to->nlink++;
}

static int move_exchange(const struct ramfs_move *m)
{
    move_changing(m);
    ramfs_entry_set(m->e, m->victim);
    ramfs_entry_set(m->target, m->n);
    move_dotdot(m->n, m->from, m->to);
    move_dotdot(m->victim, m->to, m->from);
    move_changed(m);
    m->victim->ctime = m->n->ctime;
    return 0;
}

static int move_replace(const struct ramfs_move *m)
{
    if (m->victim->v.type == S_IFDIR && m->victim->dir.count)
        return -ENOTEMPTY;
    move_changing(m);
    ramfs_entry_set(m->target, m->n);
    entry_unlink(m->from, m->e);
    move_dotdot(m->n, m->from, m->to);
    node_lost_name(m->to, m->victim);
    move_changed(m);
    vnode_put(&m->victim->v);                    /* the target entry's; the caller has one  */
    return 0;
}

static int move_to_new(struct ramfs_move *m, struct name name)
{
    int err = entry_prepare(m->to, name, &m->target);

    if (err)
        return err;
    ramfs_entry_set(m->target, m->n);
    move_changing(m);
    entry_link(m->to, m->target);
    entry_unlink(m->from, m->e);
    move_dotdot(m->n, m->from, m->to);
    move_changed(m);
    return 0;
}

int ramfs_rename(struct vnode *from, struct name name, struct vnode *v, struct vnode *to,
                 struct name to_name, struct vnode *victim, u32 flags)
{
    struct ramfs_move m = {
        .from = ramfs_node(from),
        .to = ramfs_node(to),
        .n = ramfs_node(v),
        .victim = victim ? ramfs_node(victim) : NULL,
        .e = ramfs_entry_find(ramfs_node(from), name),
        .target = ramfs_entry_find(ramfs_node(to), to_name),
    };

    if (!m.e || !m.target != !victim)
        return -ENOENT;
    if (!victim)
        return move_to_new(&m, to_name);
    return flags & RENAME_EXCHANGE ? move_exchange(&m) : move_replace(&m);
}

/* ---- reading ---- */

/* The first entry whose cookie is at least this one: where the last call stopped, as a rule. */
static struct list *entries_from(struct ramfs_dir *d, u64 cookie)
{
    struct ramfs_entry *e = __atomic_load_n(&d->resume, __ATOMIC_RELAXED);
    struct list *l;

    if (e && e->cookie == cookie)
        return &e->link;
    for (l = d->entries.next; l != &d->entries; l = l->next)
        if (list_entry(l, struct ramfs_entry, link)->cookie >= cookie)
            break;
    return l;
}

int ramfs_readdir(struct vnode *dir, u64 *cookie, readdir_emit emit, void *arg)
{
    struct ramfs_dir *d = &ramfs_node(dir)->dir;
    struct list *l = entries_from(d, *cookie);

    for (; l != &d->entries; l = l->next) {
        struct ramfs_entry *e = list_entry(l, struct ramfs_entry, link);
        struct name name = { e->name, e->len };

        if (!emit(arg, name, e->ino, e->dtype, e->cookie + 1)) {
            /* readers share the lock, and any of their places will do */
            __atomic_store_n(&d->resume, e, __ATOMIC_RELAXED);
            *cookie = e->cookie;
            return 0;
        }
        *cookie = e->cookie + 1;
    }
    return 0;
}
