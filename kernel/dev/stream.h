/* SPDX-License-Identifier: MIT */
/*
 * Streams of the host's: standard input, output and error, as they were when the run began.
 *
 * O_NONBLOCK of such a descriptor belongs to the host's programs too (a terminal is shared with the
 * shell), so it is never changed.  A pipe or a terminal is opened once more instead, non-blocking;
 * sockets are told per call not to wait; where neither works, readiness is asked first and no more is
 * written at once than cannot block.
 */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

struct file;
struct iov;
struct stat;

enum stream_access { STREAM_READ = 1, STREAM_WRITE = 2 };

struct stream {
    hfd fd;
    u32 type;                                    /* S_IFMT bits                             */
    u64 ino;
    bool own;                                    /* fd is ours, not one of 0 to 2           */
    bool waits;                                  /* fd may block: ask first                 */
};

/* What fd is; opens it again where that helps.  st: what the host says of fd. */
void stream_init(struct stream *s, hfd fd, u32 access, const struct stat *st);
void stream_fini(struct stream *s);

/* Move what can be moved now: bytes, 0 (the end), -EAGAIN, -EPIPE... */
ssize_t stream_take(const struct stream *s, struct iov *dst);
ssize_t stream_give(const struct stream *s, struct iov *src);

/* Which of the events (POLL*) there are now. */
u32 stream_ask(const struct stream *s, u32 events);

/*
 * The host's descriptor number (0 to 2) as a file: a terminal, a file, a pipe, a socket.  connected is
 * false where the configuration keeps the host's input and terminal away: then input is at its end and
 * nothing is a terminal.
 */
int standard_stream_open(int number, bool connected, struct file **ret) MUST_CHECK;
