/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: pipe(7), fifo(7). */
#pragma once
#include "kernel/lib/types.h"

struct file;
struct iov;

enum { PIPE_BYTES = 65536, PIPE_BYTES_MAX = 1024 * 1024 };

/* pipe2(2): flags O_NONBLOCK, O_DIRECT (packets). */
int pipe_open(u32 flags, struct file **ret_read, struct file **ret_write) MUST_CHECK;

/* f is being opened on a FIFO: give it the FIFO's pipe, waiting for the other side as open(2) says. */
int fifo_open(struct file *f) MUST_CHECK;

bool file_is_pipe(const struct file *f);

/* F_GETPIPE_SZ, F_SETPIPE_SZ: the capacity in bytes; -EBADF if f is no pipe, -EBUSY, -EPERM. */
long pipe_size(struct file *f);
long pipe_set_size(struct file *f, u64 bytes);

/*
 * splice(2), one attempt, without sleeping: the bytes moved, 0 at the end of the source, -EAGAIN (one
 * of the two is not ready), -EPIPE, or another error.  Either all or nothing happens to each byte.
 */
ssize_t pipe_fill_from(struct file *pipe, struct file *in, u64 *pos, size_t len) MUST_CHECK;
ssize_t pipe_drain_to(struct file *pipe, struct file *out, u64 *pos, size_t len) MUST_CHECK;

/* From pipe to pipe; with PIPE_COPY the bytes stay in the first (tee(2)). */
enum pipe_transfer { PIPE_MOVE, PIPE_COPY };
ssize_t pipe_to_pipe(struct file *from, struct file *to, size_t len, enum pipe_transfer how)
    MUST_CHECK;
