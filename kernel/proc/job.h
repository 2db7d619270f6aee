/* SPDX-License-Identifier: MIT */
/*
 * Jobs: process groups, sessions and their controlling terminals.
 *
 * A group is a set of processes of one session; it exists while it has members.  A session exists
 * while it has groups.  A session may have a terminal, and then one of its groups may be in the
 * foreground.  The terminal itself is somebody else's (dev/): here it is an opaque pointer that a
 * session counts through job_tty_ops.
 */
#pragma once
#include "abi/linux/signal.h"
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct process;
struct tty;

/* ---- setpgid(2) and its family ---- */

int job_setpgid(pid_t pid, pid_t pgid) MUST_CHECK;
int job_getpgid(pid_t pid);                      /* 0: the caller; -ESRCH                   */
int job_getsid(pid_t pid);
int job_setsid(void);                            /* the new session's id, -EPERM, -ENOMEM   */

/* ---- signals to groups ---- */

/* To every member of the group that the caller may signal: 0 if there was one, -EPERM, -ESRCH.
 * signo 0 only checks. */
int job_kill(pid_t pgid, const siginfo_t *info);
/* The same from the kernel, without permission checks. */
int job_signal(pid_t pgid, int signo);
/* No parent outside the group but in the session: nobody could continue it. */
bool job_is_orphaned(pid_t pgid);

/* ---- controlling terminals, for dev/tty ---- */

enum job_tty_why {
    JOB_TTY_LEFT,                                /* TIOCNOTTY, or the terminal has hung up  */
    JOB_TTY_LEADER_ENDED,
};

struct job_tty_ops {
    struct tty *(*get)(struct tty *tty);
    void (*put)(struct tty *tty);                /* may sleep: not called under locks       */
    /* The session whose terminal it was has it no longer. */
    void (*released)(struct tty *tty, enum job_tty_why why);
    /* The host's terminal sent a signal (Ctrl-C): false if no session has that terminal. */
    bool (*host_signal)(int signo);
};
extern struct job_tty_ops job_tty_ops;

/* The caller, a session leader without a terminal, gets this one: its session's id, or -EPERM. */
int job_tty_attach(struct tty *tty);
/* The terminal of the caller's session, with a new reference; NULL: none. */
struct tty *job_tty(void);
/* TIOCNOTTY: the caller lets go of its terminal (a leader: for the whole session, whose foreground
 * group gets SIGHUP and SIGCONT).  -ENOTTY. */
int job_tty_detach(void);
/* Session sid loses its terminal to another (TIOCSCTTY by force), and nobody is told: the reference
 * it had, or NULL. */
struct tty *job_tty_revoke(pid_t sid);
/* The terminal has hung up: its session loses it; leader and foreground group get SIGHUP and
 * SIGCONT. */
void job_tty_hangup(pid_t sid);

pid_t job_foreground(pid_t sid);                 /* 0: none                                 */
/* -EPERM: not a group of the session; -ESRCH: no such group. */
int job_set_foreground(pid_t sid, pid_t pgid) MUST_CHECK;
/* To the foreground group: Ctrl-C, SIGWINCH. */
void job_signal_foreground(pid_t sid, int signo);
/* May the caller read from (SIGTTIN) or write to (SIGTTOU) the terminal of session sid now?  0, or
 * its group has been signalled: -ERESTARTSYS; -EIO where a signal would not stop it. */
int job_tty_access(pid_t sid, int signo) MUST_CHECK;
