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

/* tee(2): copy up to len of the bytes that wait in f, without taking them.  0: the end; -EAGAIN. */
ssize_t pipe_peek(struct file *f, void *dst, size_t len) MUST_CHECK;
