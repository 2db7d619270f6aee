/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables.  A table is shared by the threads of a process (CLONE_FILES) and owns one
 * reference per slot.  Look-ups take no lock; the lowest free number is found without scanning.
 */
#pragma once
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"
#include "kernel/vfs/file.h"

struct fdtable;

enum { FD_LIMIT_HARD = 65536, FD_LIMIT_SOFT = 2048 };

struct fdtable *fdtable_new(void);                                    /* NULL: no memory    */
int fdtable_copy(struct fdtable *t, struct fdtable **ret) MUST_CHECK; /* fork, unshare      */
struct fdtable *fdtable_get(struct fdtable *t);
void fdtable_put(struct fdtable *t);             /* the last closes all                     */
void fdtable_close_on_exec(struct fdtable *t);
bool fdtable_is_shared(const struct fdtable *t);

/* The file behind fd, with a new reference: -EBADF.  fd_get() refuses O_PATH descriptors,
 * fd_get_path() does not. */
int fd_get(struct fdtable *t, int fd, struct file **ret) MUST_CHECK;
int fd_get_path(struct fdtable *t, int fd, struct file **ret) MUST_CHECK;

/*
 * The same for the length of one system call of the table's own thread: while the table is not shared
 * nobody else can close the descriptor, so no reference is needed.  Only for thread_self()->fds.
 */
struct fd_ref {
    struct file *file;
    bool counted;
};
int fd_borrow(struct fdtable *t, int fd, struct fd_ref *ret) MUST_CHECK;
int fd_borrow_path(struct fdtable *t, int fd, struct fd_ref *ret) MUST_CHECK;
static inline void fd_ref_put(struct fd_ref *r)
{
    if (unlikely(r->counted))
        file_put(r->file);
}
#define FD_REF_AUTO __attribute__((cleanup(fd_ref_put)))

/* 0 or -EMFILE: whether a descriptor could be made now (open(2) asks before it creates a file). */
int fd_room(struct fdtable *t) MUST_CHECK;

/* Install f in the lowest free slot >= min.  Takes a reference to f.  cloexec: O_CLOEXEC in
 * flags.  limit: RLIMIT_NOFILE of the caller.  -EMFILE, -ENOMEM. */
int fd_install(struct fdtable *t, struct file *f, u32 flags) MUST_CHECK;
/* The same, but consumes the caller's reference on success. */
int fd_install_own(struct fdtable *t, struct file *f, u32 flags) MUST_CHECK;
int fd_install_from(struct fdtable *t, struct file *f, u32 flags, u32 min) MUST_CHECK;
/* dup2: replace whatever is at fd. */
int fd_install_at(struct fdtable *t, struct file *f, u32 flags, int fd) MUST_CHECK;

/* Two descriptors or none (pipe, socketpair). */
int fd_install_two(struct fdtable *t, struct file *a, struct file *b, u32 flags, int ret[2])
    MUST_CHECK;

int fd_close(struct fdtable *t, int fd);         /* 0 or -EBADF                             */
int fd_close_range(struct fdtable *t, u32 first, u32 last, bool only_set_cloexec);
int fd_flags_get(struct fdtable *t, int fd);     /* FD_CLOEXEC or 0, -EBADF                 */
int fd_flags_set(struct fdtable *t, int fd, u32 flags);

/* The first open descriptor >= *fd with a new reference, for /proc/[pid]/fd; -ENOENT at the end. */
int fd_next(struct fdtable *t, int *fd, struct file **ret);
u32 fd_count(struct fdtable *t);

/* RLIMIT_NOFILE of the calling process; proc/ fills it in. */
struct fd_limit_ops {
    u32 (*limit)(void);
};
extern struct fd_limit_ops fd_limit_ops;
