/* SPDX-License-Identifier: MIT */
/*
 * Terminals: what the host's (host_tty.c) and those made inside (pty.c) share.
 *
 *     session ──counts──► struct tty ◄──counts── open files, names in /dev/pts
 *
 * A terminal belongs to one session at most, and a session has one terminal at most; proc/job.h keeps
 * the session's half (its terminal, its foreground group), tty.sid is the other.
 *
 * Locks: tty.session_lock, before proc/'s.
 */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/core/refcount.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct file;
struct iov;
struct tty;

struct tty_ops {
    /* Fill in f->ops and f->priv: /dev/tty was opened by a process whose terminal this is. */
    int (*open)(struct tty *tty, struct file *f);
    /* The leader of its session has ended: who has it open has it no longer.  May sleep. */
    void (*hangup)(struct tty *tty);
    void (*free)(struct tty *tty);               /* the last reference is gone              */
};

struct tty {
    refcount refs;                               /* [atomic]                                */
    const struct tty_ops *ops;                   /* [const]                                 */
    struct mutex session_lock;                   /* for those who change sid                */
    _Atomic pid_t sid;                           /* [atomic] the session that has it; 0: none */
};

/* One reference, no session. */
void tty_init_one(struct tty *tty, const struct tty_ops *ops);
struct tty *tty_get(struct tty *tty);
void tty_put(struct tty *tty);                   /* NULL is fine; may sleep                 */

/* Let proc/ know terminals.  Once, before the first process. */
void tty_init(void);

/* The caller's session gets this terminal: 0, or -EPERM if it has one, the caller does not lead it,
 * or the terminal is taken (by force it changes hands, which needs CAP_SYS_ADMIN). */
enum tty_attach_how { TTY_ATTACH_FREE, TTY_ATTACH_BY_FORCE };
int tty_attach(struct tty *tty, enum tty_attach_how how);

/* May the caller read (SIGTTIN) or write or change settings (SIGTTOU) now?  As job_tty_access(). */
int tty_access(struct tty *tty, int signo) MUST_CHECK;

/* The terminal itself has gone (its master was closed, the host's hung up). */
void tty_hung_up(struct tty *tty);

bool tty_has_session(const struct tty *tty);

/* To its foreground group; does nothing without a session. */
void tty_signal(struct tty *tty, int signo);

/* Which side of a pair of terminals a request came by. */
enum tty_side { TTY_USER, TTY_MASTER };

/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID: true, and *ret is the result. */
bool tty_ioctl_job(struct tty *tty, enum tty_side side, u32 cmd, u64 arg, long *ret);

/* termios(3), MIN and TIME: how a read that is not canonical ends. */
struct tty_timing {
    bool canonical;
    u8 min;                                      /* bytes                                   */
    u8 time;                                     /* tenths of a second                      */
};

/* file_ops.read_wait for terminals whose read() takes what there is. */
ssize_t tty_read_wait(struct file *f, struct iov *dst, bool nonblock, struct tty_timing timing);

/* Devices: 5:0, the caller's terminal, and 5:1, the host's. */
int tty_open(struct file *f, u32 minor);
