/* SPDX-License-Identifier: MIT */
/*
 * Open files: what a descriptor refers to, and what a kind of file implements.
 *
 * An operation never sleeps.  If it cannot make progress it returns -EAGAIN and later calls
 * file_wake() when it could; blocking, timeouts, signals, poll(2) and epoll(7) are written once,
 * in vfs/wait.c and vfs/poll.c, on top of ready() and that promise.  (It may wait for the machine:
 * a disk block, the host; never for another thread's progress.)
 *
 * Regular files and directories share vfs_file_ops; pipes, sockets, ttys, eventfd and epoll bring
 * their own.
 */
#pragma once
#include "abi/target.h"
#include "kernel/core/iov.h"
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct file;
struct vnode;
struct mount;
struct stat;
struct strbuf;

struct file_ops {
    const char *kind;                            /* "pipe", "eventfd": for /proc/self/fd    */
    bool stream;                                 /* a blocking write goes on until all is done */
    bool no_sigpipe;                             /* -EPIPE comes without a signal           */
    ssize_t (*read)(struct file *f, struct iov *dst, u64 *pos); /* EINVAL                   */
    ssize_t (*write)(struct file *f, struct iov *src, u64 *pos); /* EINVAL                  */
    /* POLLIN | POLLOUT | ... now.  NULL: always readable and writable, and EPERM for epoll. */
    u32 (*ready)(struct file *f);
    /* The host descriptor whose readiness is this file's, or HFD_NONE.  NULL: none.  A file that
     * has one need not call file_wake() for what happens on the host. */
    hfd (*host)(struct file *f);
    bool mixed;                                  /* ready() and host() each tell a part     */
    /* How long read (POLLIN) or write (POLLOUT) may sleep before they answer -EAGAIN, and a signal
     * -EINTR whatever its handler says (signal(7)): SO_RCVTIMEO.  0: for ever.  NULL: for ever. */
    u64 (*timeout_ns)(struct file *f, u32 events);
    /* A read that may end because time has passed (a terminal's VTIME): sleeps by file_loop(), in as
     * many steps as it takes.  NULL: read(), again until it does not answer -EAGAIN. */
    ssize_t (*read_wait)(struct file *f, struct iov *dst, bool nonblock);
    long (*ioctl)(struct file *f, u32 cmd, u64 arg); /* ENOTTY                              */
    /* Changes f->pos and returns it; pos_lock is held.  Kinds that have it are seekable. */
    s64 (*seek)(struct file *f, s64 off, int whence); /* ESPIPE                             */
    int (*getattr)(struct file *f, struct stat *ret); /* NULL: its vnode's, or an
                                                                  anonymous inode's         */
    /* Its /proc/self/fd/N is opened: a new file of the same object.  NULL: the vnode is opened;
     * ENXIO if there is none. */
    int (*reopen)(struct file *f, u32 flags, struct file **ret);
    /* fcntl(F_SETFL): the changed O_NONBLOCK, O_APPEND, O_DIRECT...; NULL: nothing to tell */
    int (*set_flags)(struct file *f, u32 flags);
    void (*show_fdinfo)(struct file *f, struct strbuf *dst);
    void (*flush)(struct file *f, const void *owner); /* a descriptor of owner was closed   */
    void (*release)(struct file *f);                  /* the last reference is gone         */
};

/* The name that a file was opened by, in the directory file.dir. */
struct file_name {
    char *longer;                                /* owned: a name that does not fit below   */
    u8 len;
    char text[39];
};

/*
 * An open file.
 *
 * The storage of a file is used for other files afterwards, but never for anything else: a look-up
 * in a descriptor table that another thread is changing finds a struct file, at worst the wrong
 * one, which it notices (fdtable.c).
 */
struct file {
    refcount refs;                               /* [atomic] descriptors and calls running  */
    _Atomic u32 flags;                           /* [atomic] O_ACCMODE (const), O_APPEND... */
    const struct file_ops *ops;                  /* [const]                                 */
    void *priv;                                  /* [const] the kind's own                  */
    struct vnode *vnode;                         /* [const] counts; NULL: no name           */
    struct mount *mount;                         /* [const] counts; NULL with vnode NULL    */
    struct waitq *wait;                          /* [const] own_wait, or one queue for all
                                                    files of an object (a pipe's ends);
                                                    woken on every change of ready()        */
    bool read_ok, write_ok, path_only, seekable; /* [const]                                 */
    bool exec;                                   /* [const] open for execution: ETXTBSY     */
    bool no_notify;                              /* [const] not open yet: nobody is told    */
    struct mutex pos_lock;
    u64 pos;                                     /* guarded by pos_lock                     */
    struct waitq own_wait;
    struct vnode *dir;                           /* [const] counts: where it was found      */
    struct file_name name;                       /* [const] and by what name                */
    struct list *epolls;                         /* vfs/epoll.c's, under its lock           */
    s32 owner_pid;                               /* F_SETOWN                                */
    s32 owner_sig;                               /* F_SETSIG                                */
    s32 owner_fd;                                /* O_ASYNC was set by: si_fd               */
    u32 owner_type;                              /* F_SETOWN_EX: F_OWNER_*                  */
    struct list of_object;                       /* the object's, under its lock (a pipe's ends) */
    bool has_locks;                              /* [atomic] an OFD or flock lock was taken */
};

/* A new open file with one reference.  flags: O_ACCMODE, O_NONBLOCK, O_APPEND... (O_CLOEXEC is
 * ignored: it belongs to the descriptor).  priv is consumed on success only. */
int file_new(const struct file_ops *ops, void *priv, u32 flags, struct file **ret) MUST_CHECK;

/* Free the storage of files that are closed, for the end of a test: nobody may be looking. */
void file_pool_drain(void);

/* Inode numbers of objects without a file system: pipes, sockets, anonymous inodes. */
u64 file_anon_ino(void);

/* Take a reference to f, which the caller must already be keeping alive. */
static inline struct file *file_get(struct file *f)
{
    ref_get(&f->refs);
    return f;
}

void file_close(struct file *f);                 /* file_put()'s last step                  */

/* Drop a reference; the last one closes the file.  NULL is fine.  May sleep: not under a
 * spinlock. */
static inline void file_put(struct file *f)
{
    if (f && ref_put(&f->refs))
        file_close(f);
}

static inline void file_putp(struct file **f)
{
    file_put(*f);
}

/* ready() may have changed.  Cheap when nobody waits; not under a spinlock.  Sends SIGIO where
 * F_SETOWN and O_ASYNC ask for it. */
void file_wake_async(struct file *f);
static inline void file_wake_events(struct file *f, u32 events)
{
    waitq_wake_events(f->wait, events);
    if (unlikely(f->flags & 020000))             /* O_ASYNC                                 */
        file_wake_async(f);
}
static inline void file_wake(struct file *f)
{
    waitq_wake(f->wait);
    if (unlikely(f->flags & 020000))             /* O_ASYNC                                 */
        file_wake_async(f);
}

static inline bool file_is_nonblocking(const struct file *f)
{
    return f->flags & 04000;                     /* O_NONBLOCK                              */
}

/* fcntl(F_SETFL), FIONBIO, FIOASYNC: give the flags of mask the values in flags.  O_APPEND,
 * O_NONBLOCK, O_DIRECT, O_NOATIME, O_ASYNC can be changed; -EPERM, -EINVAL. */
int file_set_flags(struct file *f, u32 mask, u32 flags) MUST_CHECK;

/* fcntl(F_GET_SEALS), fcntl(F_ADD_SEALS): -EINVAL (not a file in memory), -EPERM, -EBUSY. */
int file_seals(struct file *f) MUST_CHECK;
int file_add_seals(struct file *f, u32 seals) MUST_CHECK;

/* What the descriptor is for, for /proc and strace: the path it was opened by, "pipe:[12]", ... */
void file_describe(struct file *f, struct strbuf *dst);

/*
 * vfs/wait.c: the only place where read(2) and write(2) sleep.  Check the access mode, lock the
 * position where pos is NULL and the file has one, loop until progress, -EAGAIN (O_NONBLOCK),
 * -ERESTARTSYS (a signal) or -ETIMEDOUT.  write sends SIGPIPE on -EPIPE through file_signal_ops.
 */
ssize_t file_read(struct file *f, struct iov *dst, u64 *pos);
ssize_t file_write(struct file *f, struct iov *src, u64 *pos);

/* The same, as preadv2(2) and pwritev2(2) ask for it. */
enum file_how {
    FILE_NOWAIT = 1u << 0,                       /* -EAGAIN rather than sleep               */
    FILE_APPEND = 1u << 1,                       /* at the end, whatever pos says           */
    FILE_SYNC = 1u << 2,                         /* like O_DSYNC                            */
};
ssize_t file_read_how(struct file *f, struct iov *dst, u64 *pos, u32 how);
ssize_t file_write_how(struct file *f, struct iov *src, u64 *pos, u32 how);

/* lseek(2): -ESPIPE, -EINVAL, -ENXIO. */
s64 file_seek(struct file *f, s64 off, int whence);

/* For the kernel itself (exec, start-up): from kernel memory, at an offset, all of len or an error
 * or a short count at end of file. */
ssize_t file_pread_kernel(struct file *f, void *dst, size_t len, u64 off);

/* Sleep until ready() of f has one of events (POLLERR and POLLHUP always count): 0, -ERESTARTSYS,
 * -ETIMEDOUT.  Works for host-backed files as well.  For accept, connect, recv, send. */
int file_wait(struct file *f, u32 events, u64 deadline_ns) MUST_CHECK;

/*
 * The general loop for operations that answer -EAGAIN: runs op(f, arg) until it answers something
 * else; nonblock returns -EAGAIN at once.
 */
s64 file_loop(struct file *f, u32 events, bool nonblock, u64 deadline_ns,
              s64 (*op)(struct file *f, void *arg), void *arg);

/*
 * The same for sockets: up to timeout_ns (0: for ever), then -EAGAIN; with a timeout a signal is
 * -EINTR, which nothing restarts (signal(7)).
 */
s64 file_loop_timed(struct file *f, u32 events, bool nonblock, u64 timeout_ns,
                    s64 (*op)(struct file *f, void *arg), void *arg);

/* What vfs/ needs from above: signals to the calling thread (SIGPIPE, SIGXFSZ), its limit on file
 * sizes. proc/ fills it in. */
struct file_signal_ops {
    void (*send_self)(int signo);
    u64 (*limit_fsize)(void);
    void (*send_owner)(struct file *f, u32 events); /* O_ASYNC: by f's owner_ fields        */
    int (*owner_check)(u32 type, s32 pid);          /* F_SETOWN: 0, -ESRCH                  */
    s32 (*pid_self)(void);                          /* for the holder of a lock (F_GETLK)   */
};
extern struct file_signal_ops file_signal_ops;

/* What epoll(7) does when a file that it watches goes; vfs/epoll.c fills it in. */
struct file_epoll_ops {
    void (*forget)(struct file *f);              /* f->epolls is not NULL                   */
};
extern struct file_epoll_ops file_epoll_ops;
