/* SPDX-License-Identifier: MIT */
/*
 * Sockets: what a family of addresses implements, and what system calls do with any of them.
 *
 *     struct file --priv--> struct socket --ops--> AF_UNIX: in the kernel (unix*.c)
 *                                                  AF_INET, AF_INET6: a socket of the host's (inet*.c)
 *                                                  AF_NETLINK: answers about interfaces (netlink*.c)
 *
 * Operations of a family never sleep; they answer -EAGAIN, and the functions below wait in
 * vfs/wait.c, as long as SO_RCVTIMEO and SO_SNDTIMEO allow.
 *
 * A family embeds struct socket at the start of its own and brings its own struct file_ops, which
 * begin with SOCKET_FILE_OPS.
 */
#pragma once
#include "abi/linux/netlink.h"
#include "abi/linux/socket.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/file.h"

struct rights;
struct socket;
struct strbuf;

enum {
    ADDRESS_MAX = 128,                           /* sizeof(struct sockaddr_storage)         */
    OPTION_MAX = 272,                            /* the longest with a known length: 264    */
    CONTROL_MAX = 20480,                         /* net.core.optmem_max of many versions    */
};

/* An address as programs pass it: len bytes of it count, 0 is none. */
struct address {
    u32 len;
    union {
        u16 family;
        u8 bytes[ADDRESS_MAX];
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_nl nl;
    };
};

/* The value of setsockopt(2); getsockopt(2) comes with the room in len and leaves with the length
 * of the value.  Options that are an int find it in number. */
struct option {
    int level, name;
    u32 len;
    union {
        int number;
        u8 bytes[OPTION_MAX];
        u64 align;
    };
};

/*
 * A message on its way.
 *
 * data is consumed.  Where send() answers -EAGAIN or an error, data is as it was, and what it has
 * made of the control messages stays with the message for the next try.
 */
struct message {
    struct iov *data;
    struct address *address; /* send: the destination; recv: set to the
                                                    source.  NULL: the peer; not wanted     */
    u32 flags;               /* MSG_*; MSG_DONTWAIT: the caller does not
                                                    wait, by this flag or by O_NONBLOCK     */
    u32 ret_flags;                               /* recv: MSG_TRUNC, MSG_CTRUNC, ...        */
    u8 *control;                                 /* send: control messages, copied in       */
    size_t control_len;
    uptr control_out;                            /* recv: where the next one goes           */
    size_t control_room;                         /* recv: bytes left there                  */
    size_t low;                                  /* recv: wait for so many bytes, if more than 1 */
    bool wants_flags;                            /* recv: ret_flags will be looked at       */
    bool complete;                               /* recv: more must not be added (MSG_WAITALL) */
    bool parsed;                                 /* send: control has been looked at        */
    bool started;                                /* recv: some has come, from ids           */
    struct rights *rights;                       /* send: owned: files to go with it        */
    struct socket_ids {
        s32 pid;                                 /* 0: not said                             */
        u32 uid, gid;
    } ids;                                       /* of who sent it                          */
};

enum socket_end { SOCKET_OWN, SOCKET_PEER };

struct socket_ops {
    int (*bind)(struct socket *s, const struct address *a);
    int (*listen)(struct socket *s, u32 backlog);
    /* The file of a new socket, with flags (O_NONBLOCK), and its peer's address if peer is not
     * NULL.  -EAGAIN: nobody has come. */
    int (*accept)(struct socket *s, u32 flags, struct address *peer, struct file **ret);
    /* -EAGAIN: not yet, only if wait is set; the caller comes again. */
    int (*connect)(struct socket *s, const struct address *a, bool wait);
    int (*name)(struct socket *s, enum socket_end end, struct address *ret);
    ssize_t (*send)(struct socket *s, struct message *m);
    ssize_t (*recv)(struct socket *s, struct message *m);
    int (*shutdown)(struct socket *s, int how);
    /* What socket_option.c does not know. */
    int (*set_option)(struct socket *s, const struct option *o);
    int (*get_option)(struct socket *s, struct option *o);
    long (*ioctl)(struct socket *s, u32 cmd, uptr arg);
};

struct socket {
    const struct socket_ops *ops;                /* [const]                                 */
    u16 family, type;                            /* [const]                                 */
    u32 protocol;                                /* [const]                                 */
    u64 ino;                                     /* [const]                                 */
    u64 recv_timeout_ns, send_timeout_ns;        /* [atomic] SO_RCVTIMEO; 0: none           */
    u32 recv_low;                                /* [atomic] SO_RCVLOWAT, 1 at first        */
};

/* For families: the common part of a new socket.  protocol: as shown by SO_PROTOCOL. */
void socket_init(struct socket *s, const struct socket_ops *ops, u16 family, u16 type,
                 u32 protocol);

/* Families, see the table in socket.c.  flags: O_NONBLOCK. */
int unix_open(int type, int protocol, u32 flags, struct file **ret) MUST_CHECK;
int unix_open_pair(int type, int protocol, u32 flags, struct file *ret[2]) MUST_CHECK;
int inet_open(int type, int protocol, u32 flags, struct file **ret) MUST_CHECK;
int inet6_open(int type, int protocol, u32 flags, struct file **ret) MUST_CHECK;
int netlink_open(int type, int protocol, u32 flags, struct file **ret) MUST_CHECK;

/* The file operations of every family. */
ssize_t socket_file_read(struct file *f, struct iov *dst, u64 *pos);
ssize_t socket_file_write(struct file *f, struct iov *src, u64 *pos);
u64 socket_file_timeout(struct file *f, u32 events);
long socket_file_ioctl(struct file *f, u32 cmd, u64 arg);
int socket_file_getattr(struct file *f, struct stat *ret);
#define SOCKET_FILE_OPS                                                                            \
    .kind = "socket", .read = socket_file_read, .write = socket_file_write,                        \
    .timeout_ns = socket_file_timeout, .ioctl = socket_file_ioctl, .getattr = socket_file_getattr

/* The socket of a file, NULL if it is something else. */
static inline struct socket *socket_of(struct file *f)
{
    return f->ops->read == socket_file_read ? f->priv : NULL;
}

/* ---- what system calls do; f is a socket ---- */

/* type: SOCK_STREAM..., flags: O_NONBLOCK.  -EAFNOSUPPORT, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT,
 * -EPERM, -EINVAL; a pair: -EOPNOTSUPP. */
int socket_new(int family, int type, int protocol, u32 flags, struct file **ret) MUST_CHECK;
int socket_new_pair(int family, int type, int protocol, u32 flags, struct file *ret[2]) MUST_CHECK;

/* These sleep unless f is non-blocking. */
int socket_accept(struct file *f, u32 flags, struct address *peer, struct file **ret) MUST_CHECK;
int socket_connect(struct file *f, const struct address *a) MUST_CHECK;
/* Send SIGPIPE with -EPIPE from a stream unless MSG_NOSIGNAL.  m->rights is dropped. */
ssize_t socket_send(struct file *f, struct message *m);
ssize_t socket_recv(struct file *f, struct message *m);

int socket_set_option(struct socket *s, const struct option *o) MUST_CHECK;
int socket_get_option(struct socket *s, struct option *o) MUST_CHECK;

/* ---- control messages ---- */

/* For recv(): one more message for the program; what does not fit is cut and remembered
 * (MSG_CTRUNC), as put_cmsg() of cmsg(3) describes. */
void control_put(struct message *m, int level, int type, const void *data, size_t len);
/* A message of len bytes, its header included, has been written to control_out. */
void control_skip(struct message *m, size_t len);

/* For send(): the control messages one by one. */
struct control_item {
    int level, type;
    const u8 *data;
    size_t len;
};
/* The next one from *pos on, which moves.  1: there is one, 0: the end, -EINVAL: malformed. */
int control_next(const struct message *m, size_t *pos, struct control_item *ret) MUST_CHECK;
