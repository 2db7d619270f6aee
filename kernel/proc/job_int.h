/* SPDX-License-Identifier: MIT */
/* Groups and sessions, shared by job.c and job_tty.c.  Everything is guarded by proc_lock. */
#pragma once
#include "kernel/lib/list.h"
#include "kernel/proc/proc_int.h"

struct session {
    pid_t id;                                    /* [const]                                 */
    struct process *leader;                      /* not owned; NULL once it has ended       */
    u32 groups;
    struct tty *tty;                             /* counts; NULL: none                      */
    pid_t foreground;                            /* id of a group; 0: none                  */
};

struct pgrp {
    pid_t id;                                    /* [const]                                 */
    struct session *session;                     /* [const] not owned: it outlives us       */
    struct list members;                         /* process.pgrp_link                       */
};

void job_signal_locked(struct pgrp *g, int signo, struct kicks *k);
