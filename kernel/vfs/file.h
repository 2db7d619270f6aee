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
#include "kernel/lib/types.h"

struct file;
struct vnode;
struct mount;
struct stat;
struct shared_map;
struct strbuf;

struct file_ops {
    const char *kind;                            /* "pipe", "eventfd": for /proc/self/fd    */
    ssize_t (*read)(struct file *f, struct iov *dst, u64 *pos);                /* EINVAL    */
    ssize_t (*write)(struct file *f, struct iov *src, u64 *pos);               /* EINVAL    */
    /* POLLIN | POLLOUT | ... now.  NULL: always readable and writable, and EPERM for epoll. */
    u32 (*ready)(struct file *f);
    /* The host descriptor whose readiness is this file's, or HFD_NONE.  NULL: none.  A file that
     * has one need not call file_wake() for what happens on the host. */
    hfd (*host)(struct file *f);
    long (*ioctl)(struct file *f, u32 cmd, u64 arg);                           /* ENOTTY    */
    s64 (*seek)(struct file *f, s64 off, int whence);                          /* ESPIPE    */
    int (*getattr)(struct file *f, struct stat *ret);          /* NULL: anonymous inode     */
    /* fcntl(F_SETFL): the changed O_NONBLOCK, O_APPEND, O_DIRECT...; NULL: nothing to tell */
    int (*set_flags)(struct file *f, u32 flags);
    void (*show_fdinfo)(struct file *f, struct strbuf *dst);
    void (*flush)(struct file *f, const void *owner);  /* a descriptor of owner was closed  */
    void (*release)(struct file *f);             /* the last reference is gone              */
};

struct file {
    refcount refs;                               /* [atomic] descriptors and calls running  */
    const struct file_ops *ops;                  /* [const]                                 */
    void *priv;                                  /* [const] the kind's own                  */
    _Atomic u32 flags;                           /* [atomic] O_ACCMODE (const), O_APPEND... */
    u32 read_ok : 1, write_ok : 1, path_only : 1, seekable : 1;   /* [const]                */
    struct mutex pos_lock;
    u64 pos;                                     /* guarded by pos_lock                     */
    struct waitq wait;                           /* woken on every change of ready()        */
    struct vnode *vnode;                         /* [const] counts; NULL: no name           */
    struct mount *mount;                         /* [const] counts; NULL with vnode NULL    */
    struct vnode *dir;                           /* see path.h: the entry it was opened by  */
    char *opened_as;                             /* [const] full path at open, or NULL      */
    struct list *epolls;                         /* vfs/epoll.c's, under its lock           */
    s32 owner_pid;                               /* F_SETOWN                                */
    s32 owner_sig;                               /* F_SETSIG                                */
};

/* A new open file with one reference.  flags: O_ACCMODE, O_NONBLOCK, O_APPEND... (O_CLOEXEC is
 * ignored: it belongs to the descriptor).  priv is consumed on success only. */
int file_new(const struct file_ops *ops, void *priv, u32 flags, struct file **ret) MUST_CHECK;

/* Take a reference to f, which the caller must already be keeping alive. */
struct file *file_get(struct file *f);

/* Drop a reference; the last one closes the file.  NULL is fine.  May sleep: not under a
 * spinlock. */
void file_put(struct file *f);
void file_putp(struct file **f);

/* ready() may have changed.  Cheap when nobody waits; not under a spinlock. */
static inline void file_wake(struct file *f)
{
    waitq_wake(&f->wait);
}

static inline bool file_is_nonblocking(const struct file *f)
{
    return f->flags & 04000;                     /* O_NONBLOCK                              */
}

/* What the descriptor is for, for /proc and strace: the path it was opened by, "pipe:[12]", ... */
void file_describe(struct file *f, struct strbuf *dst);

/*
 * vfs/wait.c: the only place where read(2) and write(2) sleep.  Check the access mode, lock the
 * position where pos is NULL and the file has one, loop until progress, -EAGAIN (O_NONBLOCK),
 * -ERESTARTSYS (a signal) or -ETIMEDOUT.  write sends SIGPIPE on -EPIPE through file_signal_ops.
 */
ssize_t file_read(struct file *f, struct iov *dst, u64 *pos);
ssize_t file_write(struct file *f, struct iov *src, u64 *pos);

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

/* What vfs/ needs from above: signals to the calling thread (SIGPIPE, SIGXFSZ), its limit on file
 * sizes. proc/ fills it in. */
struct file_signal_ops {
    void (*send_self)(int signo);
    u64 (*limit_fsize)(void);
};
extern struct file_signal_ops file_signal_ops;
