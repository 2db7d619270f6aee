/* SPDX-License-Identifier: MIT */
/*
 * Process and thread ids.
 *
 * One table for the four things an id may name at once: a thread, a process, a process group and
 * a session.  An id is free again when it names none of them.  The table owns nothing.  Ids count
 * up from PID_FIRST, wrap at PID_MAX and skip those in use; the host's are never seen.
 *
 * Locks: proc_lock for everything here.
 */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct pgrp;
struct process;
struct session;

enum {
    PID_FIRST = 101,                             /* the first process                       */
    PID_MAX = 32768,                             /* ids are below it, as Linux's default    */
};

struct pid_entry {
    struct thread *thread;                       /* living                                  */
    struct process *process;                     /* living or zombie                        */
    struct pgrp *pgrp;
    struct session *session;
    bool taken;
};

/* Take the next free id.  -EAGAIN if there is none, -ENOMEM. */
int pid_alloc(pid_t *ret) MUST_CHECK;

/* The entry of an id that is taken, else NULL. */
struct pid_entry *pid_entry(pid_t pid);

/* A pointer of the entry has been cleared: if it was the last, the id may be used again. */
void pid_release(pid_t pid);

/* The id given out last. */
pid_t pid_last(void);

/* The least taken id >= pid, or -1: for walks over all of them. */
pid_t pid_next(pid_t pid);
