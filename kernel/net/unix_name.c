/* SPDX-License-Identifier: MIT */
/*
 * What AF_UNIX sockets are called: paths, and abstract names, which exist in a table here.
 *
 * A path is a node of a file system whose vnode.special points at the socket.  Neither the vnode
 * nor the table counts the socket; it takes itself out before it goes (unix_unbind).
 *
 * Locks: table.lock; a vnode's special_lock.  Both leaves.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/net/unix_int.h"
#include "kernel/vfs/path.h"

enum {
    MAY_WRITE = 2,
    PATH_AT = offsetof(struct sockaddr_un, sun_path),
    BUCKETS = 64,
    AUTOBIND_NAMES = 1 << 20,                    /* unix(7): five hexadecimal digits        */
    AUTOBIND_DIGITS = 5,
    FNV_BASIS = 0x811c9dc5,
    FNV_PRIME = 0x01000193,
};

_Static_assert(ADDRESS_MAX > sizeof(struct sockaddr_un), "room for a NUL behind the longest path");

static struct {
    struct spinlock lock;
    struct unix_sock *bucket[BUCKETS];           /* guarded by lock                         */
    u32 next_auto;                               /* guarded by lock                         */
} table;

static bool is_abstract(const struct address *a)
{
    return !a->un.sun_path[0];
}

/* Paths end with their first NUL, which counts; abstract names are taken as they are. */
int unix_address_check(struct address *a)
{
    if (a->len <= PATH_AT || a->len > sizeof(a->un) || a->family != AF_UNIX)
        return -EINVAL;
    if (is_abstract(a))
        return 0;
    a->bytes[a->len] = '\0';
    a->len = (u32)(PATH_AT + strlen((char *)a->bytes + PATH_AT) + 1);
    return 0;
}

static struct unix_name *name_new(const struct address *a)
{
    struct unix_name *n = kalloc(offsetof(struct unix_name, bytes) + a->len);

    if (!n)
        return NULL;
    ref_init(&n->refs);
    n->len = a->len;
    memcpy(n->bytes, a->bytes, a->len);
    return n;
}

void unix_name_put(struct unix_name *n)
{
    if (n && ref_put(&n->refs))
        kfree(n);
}

static void name_freep(struct unix_name **n)
{
    unix_name_put(*n);
}

void unix_address_of(const struct unix_sock *u, struct address *ret)
{
    const struct unix_name *n = __atomic_load_n(&u->name, __ATOMIC_ACQUIRE);

    if (n) {
        ret->len = n->len;
        memcpy(ret->bytes, n->bytes, n->len);
    } else {
        ret->len = PATH_AT;
        ret->family = AF_UNIX;
    }
}

void unix_source_of(const struct unix_sock *u, struct address *ret)
{
    unix_address_of(u, ret);
    if (ret->len == PATH_AT)
        ret->len = 0;
}

int unix_name_get(struct socket *s, enum socket_end end, struct address *ret)
{
    AUTO(unix_putp) struct unix_sock *peer = NULL;

    if (end == SOCKET_OWN) {
        unix_address_of(unix_of(s), ret);
        return 0;
    }
    peer = unix_peer_get(unix_of(s));
    if (!peer)
        return -ENOTCONN;
    unix_address_of(peer, ret);
    return 0;
}

/* ---- abstract names ---- */

static struct unix_sock **bucket_of(const u8 *bytes, u32 len, u16 type)
{
    u32 hash = FNV_BASIS ^ type;

    for (u32 i = PATH_AT; i < len; i++)
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    return &table.bucket[hash % BUCKETS];
}

static struct unix_sock *abstract_find_locked(const u8 *bytes, u32 len, u16 type)
{
    struct unix_sock *u = *bucket_of(bytes, len, type);

    while (u && (u->s.type != type || u->name->len != len || memcmp(u->name->bytes, bytes, len)))
        u = u->next_named;
    return u;
}

static bool abstract_try_add_locked(struct unix_sock *u, struct unix_name *n)
{
    struct unix_sock **bucket = bucket_of(n->bytes, n->len, u->s.type);

    if (abstract_find_locked(n->bytes, n->len, u->s.type))
        return false;
    __atomic_store_n(&u->name, n, __ATOMIC_RELEASE);
    u->next_named = *bucket;
    *bucket = u;
    return true;
}

static int bind_abstract(struct unix_sock *u, const struct address *a)
{
    AUTO(name_freep) struct unix_name *n = name_new(a);

    if (!n)
        return -ENOMEM;
    WITH_SPINLOCK(&table.lock);
    if (!abstract_try_add_locked(u, n))
        return -EADDRINUSE;
    (void)TAKE(n);
    return 0;
}

/* Some name that nobody has. */
static int autobind_locked(struct unix_sock *u)
{
    struct address a = { .len = PATH_AT + 1 + AUTOBIND_DIGITS, .un = { .sun_family = AF_UNIX } };
    AUTO(name_freep) struct unix_name *n = name_new(&a);

    if (!n)
        return -ENOMEM;
    WITH_SPINLOCK(&table.lock);
    for (u32 tries = 0; tries < AUTOBIND_NAMES; tries++) {
        char digits[AUTOBIND_DIGITS + 1];

        table.next_auto = (table.next_auto + 1) % AUTOBIND_NAMES;
        (void)ksnprintf(digits, sizeof(digits), "%05x", table.next_auto);
        memcpy(n->bytes + PATH_AT + 1, digits, AUTOBIND_DIGITS);
        if (abstract_try_add_locked(u, n)) {
            (void)TAKE(n);
            return 0;
        }
    }
    return -ENOSPC;
}

int unix_autobind(struct unix_sock *u)
{
    if (__atomic_load_n(&u->name, __ATOMIC_ACQUIRE))
        return 0;
    WITH_MUTEX(&u->binding);
    return u->name ? 0 : autobind_locked(u);
}

/* ---- paths ---- */

static int bind_path(struct unix_sock *u, const struct address *a)
{
    AUTO(name_freep) struct unix_name *n = name_new(a);
    struct vattr attr = { .mode = S_IFSOCK | 0777 };
    struct vnode *v;
    int err;

    if (!n)
        return -ENOMEM;
    err = vfs_createat(AT_FDCWD, (char *)a->bytes + PATH_AT, &attr, &v);
    if (err)
        return err == -EEXIST ? -EADDRINUSE : err;
    u->vnode = v;
    __atomic_store_n(&u->name, TAKE(n), __ATOMIC_RELEASE);
    WITH_MUTEX(&v->special_lock);
    v->special = u;
    return 0;
}

int unix_bind(struct socket *s, const struct address *a)
{
    struct unix_sock *u = unix_of(s);
    struct address own = *a;
    int err;

    if (own.len == PATH_AT && own.family == AF_UNIX)
        return unix_autobind(u);
    err = unix_address_check(&own);
    if (err)
        return err;
    WITH_MUTEX(&u->binding);
    if (u->name)
        return -EINVAL;
    return is_abstract(&own) ? bind_abstract(u, &own) : bind_path(u, &own);
}

static void abstract_remove(struct unix_sock *u)
{
    struct unix_sock **p = bucket_of(u->name->bytes, u->name->len, u->s.type);

    WITH_SPINLOCK(&table.lock);
    while (*p && *p != u)                        /* accepted sockets share a name, not its place */
        p = &(*p)->next_named;
    if (*p)
        *p = u->next_named;
}

void unix_unbind(struct unix_sock *u)
{
    if (!u->name)
        return;
    if (!u->name->bytes[PATH_AT])
        abstract_remove(u);
    if (!u->vnode)
        return;
    mutex_lock(&u->vnode->special_lock);
    if (u->vnode->special == u)
        u->vnode->special = NULL;
    mutex_unlock(&u->vnode->special_lock);
    vnode_put(TAKE(u->vnode));
}

/* ---- looking up ---- */

static int find_abstract(const struct address *a, u16 type, struct unix_sock **ret)
{
    struct unix_sock *u;

    WITH_SPINLOCK(&table.lock);
    u = abstract_find_locked(a->bytes, a->len, type);
    if (!u)
        return -ECONNREFUSED;
    *ret = unix_get(u);
    return 0;
}

/* The socket bound to a node, if there is one still. */
static struct unix_sock *vnode_socket(struct vnode *v)
{
    WITH_MUTEX(&v->special_lock);
    return v->special ? unix_get(v->special) : NULL;
}

static int find_path(const struct address *a, u16 type, struct unix_sock **ret)
{
    AUTO(place_put) struct place at = { 0 };
    AUTO(unix_putp) struct unix_sock *u = NULL;
    int err = path_walk(AT_FDCWD, (char *)a->bytes + PATH_AT, WALK_FOLLOW, &at);

    if (!err)
        err = vnode_permission(at.vnode, MAY_WRITE, vfs_cred());
    if (err)
        return err;
    if (at.vnode->type != S_IFSOCK)
        return -ECONNREFUSED;
    u = vnode_socket(at.vnode);
    if (!u)
        return -ECONNREFUSED;
    if (u->s.type != type)
        return -EPROTOTYPE;
    *ret = TAKE(u);
    return 0;
}

int unix_find(const struct address *a, u16 type, struct unix_sock **ret)
{
    return is_abstract(a) ? find_abstract(a, type, ret) : find_path(a, type, ret);
}
