/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX (unix(7)), for the files of this folder.
 *
 *        file ──► unix_sock ──peer──► unix_sock ◄── file
 *                  │   ▲                 │
 *                  │   └──────peer───────┘
 *                  ├─ first ─► packet ─► packet ─►        what was sent to us
 *                  ├─ pending ─► unix_sock ─►             listening: connections nobody has accepted
 *                  └─ blocked: who waits for room here
 *
 * A socket owns the packets sent to it.  A packet is charged to its sender's send buffer until it is
 * taken out, so a sender never has more than its SO_SNDBUF on the way.
 *
 * Connected sockets point at each other and count each other; closing one takes away its pointer
 * only, so that the other still knows whom it talked to.  The peer of a connected stream or
 * sequenced-packet socket never changes, and its owner may follow the pointer without a lock.
 * Datagram sockets change peers: unix_peer_get().
 *
 * A connection that has not been accepted is a socket without a file, owned by the listener's queue.
 *
 * Invariants: 1. head <= tail <= room in each packet; 2. unread is the sum of tail - head, queued
 * the number of packets (listening: of pending connections); 3. only the holder of `reading` takes
 * packets out; 4. wmem is the sum of the charges of our packets in all queues.
 *
 * Locks, in this order: binding; reading; gc_lock (unix_gc.c); the sockets' spinlocks, two at once
 * through unix_lock_two().  User memory is never touched under a spinlock: data is copied before
 * the lock is taken, or, by readers, while `reading` keeps the packet in place.
 */
#pragma once
#include "abi/linux/poll.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/list.h"
#include "kernel/net/local_option.h"
#include "kernel/net/rights.h"
#include "kernel/net/socket.h"

struct cred;
struct vnode;

enum unix_state { UNIX_IDLE, UNIX_LISTENING, UNIX_CONNECTED };
enum { SHUT_RECV = 1, SHUT_SEND = 2, SHUT_BOTH = 3 };

/* What a change makes possible, as epoll(7) tells it. */
enum {
    EVENTS_IN = POLLIN | POLLRDNORM | POLLRDBAND,
    EVENTS_OUT = POLLOUT | POLLWRNORM | POLLWRBAND,
    EVENTS_ANY = 0,
};

/* A name: immutable, shared by a listener and the sockets it accepts. */
struct unix_name {
    refcount refs;
    u32 len;                                     /* the family included                     */
    u8 bytes[];                                  /* struct sockaddr_un                      */
};

struct packet {
    struct packet *next;
    struct unix_sock *from;                      /* counts; NULL: the receiver's peer       */
    struct rights *rights;                       /* owned; guarded by gc_lock once queued   */
    struct socket_ids ids;
    u32 room;                                    /* [const]                                 */
    u32 head, tail;                              /* bytes [head, tail) have not been read   */
    u32 charge;                                  /* [const] of the sender's buffer          */
    u8 data[];
};

struct unix_sock {
    struct socket s;
    refcount refs;                               /* [atomic] file or queue, peers, packets  */
    struct waitq wait;                           /* the file's                              */
    struct local_options options;
    struct mutex binding;                        /* one bind(2) at a time                   */
    struct mutex reading;                        /* one reader at a time                    */
    struct unix_name *_Atomic name;              /* counts; set once                        */
    struct vnode *vnode;                         /* counts; set once: the path it is bound to */
    struct unix_sock *_Atomic peer;              /* counts                                  */
    _Atomic u32 wmem;                            /* [atomic] charged to us                  */
    bool async;                                  /* [atomic] O_ASYNC                        */

    struct spinlock lock;
    /* All below guarded by lock; state, shutdown, err, unread and queued also read without it. */
    struct file *file;                           /* not owned; NULL: not accepted, or closed */
    enum unix_state state;
    bool dead;
    u32 shutdown;                                /* SHUT_RECV | SHUT_SEND                   */
    int err;                                     /* SO_ERROR: a positive errno              */
    u32 queued, unread;
    struct packet *first, *last;
    struct packet *spare;                        /* owned: a packet to use next             */
    struct unix_sock *pending, *pending_last;    /* counts                                  */
    struct unix_sock *next_pending;
    u32 backlog;
    struct list blocked;                         /* struct blocked: who waits for room      */
    struct cred *peer_cred;                      /* counts; SO_PEERCRED                     */
    s32 peer_pid;

    struct unix_sock *next_named;                /* unix_name.c                             */
    struct list in_all;                          /* unix_proc.c                             */

    /* unix_gc.c, under its lock */
    struct list in_flight;
    u32 flights;                                 /* references from queued rights           */
    u32 flights_outside;
    bool candidate, reached;
    struct unix_sock *gc_next;
};

extern const struct socket_ops unix_stream_ops, unix_seqpacket_ops, unix_dgram_ops;

static inline struct unix_sock *unix_of(struct socket *s)
{
    return container_of(s, struct unix_sock, s);
}

static inline bool unix_is_stream(const struct unix_sock *u)
{
    return u->s.type == SOCK_STREAM;
}

/* The AF_UNIX socket of a file, or NULL. */
static inline struct unix_sock *unix_of_file(struct file *f)
{
    struct socket *s = socket_of(f);

    return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

/* ---- life (unix.c) ---- */

struct unix_sock *unix_new(const struct socket_ops *ops, u16 type, u32 protocol);
void unix_put(struct unix_sock *u);              /* NULL is fine; not under a spinlock      */
static inline struct unix_sock *unix_get(struct unix_sock *u)
{
    ref_get(&u->refs);
    return u;
}
static inline void unix_putp(struct unix_sock **u)
{
    unix_put(*u);
}

/* Give u a file; consumes the reference to u on success. */
int unix_file_new(struct unix_sock *u, u32 flags, struct file **ret) MUST_CHECK;

enum unix_end { UNIX_CLOSED, UNIX_NEVER_ACCEPTED };
/* Nobody uses u any more; the caller still has its reference. */
void unix_close(struct unix_sock *u, enum unix_end end);

/* Its peer with a reference, or NULL. */
struct unix_sock *unix_peer_get(struct unix_sock *u);

static inline void unix_lock_two(struct unix_sock *a, struct unix_sock *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        spin_lock(a < b ? &b->lock : &a->lock);
}

static inline void unix_unlock_two(struct unix_sock *a, struct unix_sock *b)
{
    spin_unlock(&a->lock);
    if (a != b)
        spin_unlock(&b->lock);
}

void unix_wake_async(struct unix_sock *u);
/* Not under a spinlock. */
static inline void unix_wake(struct unix_sock *u, u32 events)
{
    waitq_wake_events(&u->wait, events);
    if (unlikely(u->async))
        unix_wake_async(u);
}

/* SO_ERROR, which is forgotten by being told: 0 or -errno. */
int unix_take_error(struct unix_sock *u);

/* What SO_PEERCRED of u shows; takes a reference to c, which may be NULL. */
void unix_set_peer_cred(struct unix_sock *u, struct cred *c, s32 pid);

/* ---- names (unix_name.c) ---- */

/* -EINVAL.  Paths get their NUL. */
int unix_address_check(struct address *a) MUST_CHECK;
int unix_bind(struct socket *s, const struct address *a);
int unix_autobind(struct unix_sock *u) MUST_CHECK;
/* The socket that a names, with a reference: -ECONNREFUSED, -EACCES, -EPROTOTYPE, path errors. */
int unix_find(const struct address *a, u16 type, struct unix_sock **ret) MUST_CHECK;
void unix_unbind(struct unix_sock *u);
void unix_name_put(struct unix_name *n);
void unix_address_of(const struct unix_sock *u, struct address *ret);
/* The same for recv(): no address at all if it has no name. */
void unix_source_of(const struct unix_sock *u, struct address *ret);
int unix_name_get(struct socket *s, enum socket_end end, struct address *ret);

/* ---- connections (unix_connect.c) ---- */

int unix_listen(struct socket *s, u32 backlog);
int unix_accept(struct socket *s, u32 flags, struct address *peer, struct file **ret);
int unix_connect(struct socket *s, const struct address *a, bool wait);
int unix_shutdown(struct socket *s, int how);
void unix_pair(struct unix_sock *a, struct unix_sock *b);

/* ---- queues (unix_queue.c) ---- */

struct packet *packet_new(u32 room);
void packet_free(struct packet *p);              /* not under a spinlock                    */
void packet_append_locked(struct unix_sock *to, struct packet *p);
/* Take out the first packet of u; unix_uncharge() and packet_free() when the lock is dropped. */
void packet_unlink_locked(struct unix_sock *u, struct packet *p);
/* All of them, as a list; then give it up.  owner: who sent those that do not say. */
struct packet *packet_take_all_locked(struct unix_sock *u);
void packet_discard_all(struct unix_sock *owner, struct packet *list);

/* A packet of so many bytes has left a queue: its sender has room again. */
void unix_uncharge(struct unix_sock *sender, u32 charge);
static inline void unix_charge(struct unix_sock *sender, u32 charge)
{
    __atomic_fetch_add(&sender->wmem, charge, __ATOMIC_SEQ_CST);
}
static inline bool unix_has_room(const struct unix_sock *u)
{
    return u->wmem < u->options.sndbuf;
}
/* poll(2) says "writable" below a quarter, so that a writer that has filled the buffer is not woken
 * for each packet that is read. */
static inline bool unix_is_writable(u32 wmem, u32 sndbuf)
{
    return (u64)wmem * 4 <= sndbuf;
}

/*
 * u has found `dest` full: let it be woken (EVENTS_OUT) when there is room.  -EAGAIN; 0: there is
 * room now, try again; -ENOBUFS.
 */
int unix_wait_for_room(struct unix_sock *u, struct unix_sock *dest) MUST_CHECK;
bool unix_is_full_locked(const struct unix_sock *dest, const struct unix_sock *from);
/* Those who wait, if there is room: unix_wake_blocked() when the lock is dropped. */
void unix_take_blocked_locked(struct unix_sock *u, struct list *ret);
void unix_wake_blocked(struct list *blocked);

/* ---- control messages (unix_control.c) ---- */

/* Look at what is to go with m, once: rights and ids.  dest may be NULL. */
int unix_control_parse(struct unix_sock *u, struct unix_sock *dest, struct message *m) MUST_CHECK;
/* Tell the receiver what came with its message; consumes rights, which may be NULL. */
void unix_control_put(struct unix_sock *u, struct message *m, const struct socket_ids *ids,
                      struct rights *rights);
/* The rights of a packet in the queue of the caller, which is reading: taken out, or (MSG_PEEK)
 * copied.  (unix_gc.c) */
struct rights *unix_rights_take(struct packet *p, u32 flags);

/* ---- data ---- */

ssize_t unix_stream_send(struct socket *s, struct message *m); /* unix_stream.c             */
ssize_t unix_stream_recv(struct socket *s, struct message *m);
ssize_t unix_packet_send(struct socket *s, struct message *m); /* unix_packet.c             */
ssize_t unix_packet_recv(struct socket *s, struct message *m);
/* A datagram socket's peer is gone or another one: what it had sent is gone too. */
void unix_disconnect_dgram(struct unix_sock *u, struct unix_sock *old_peer);

/* ---- the rest (unix_option.c, unix_proc.c, unix_gc.c) ---- */

int unix_set_option(struct socket *s, const struct option *o);
int unix_get_option(struct socket *s, struct option *o);
long unix_ioctl(struct socket *s, u32 cmd, uptr arg);

void unix_all_add(struct unix_sock *u);
void unix_all_remove(struct unix_sock *u);

/* Close sockets that only lie in each other's queues.  Cheap when nothing is in flight. */
void unix_gc(void);
