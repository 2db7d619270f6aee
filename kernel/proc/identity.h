/* SPDX-License-Identifier: MIT */
/* Changing who a thread is: what has to follow when its credentials change. */
#pragma once
#include "kernel/core/thread.h"
#include "kernel/lib/types.h"

struct cred;

/* The caller acts with c from now on (consumed).  Capabilities follow the user ids as
 * capabilities(7) says, unless c changes them itself; who becomes somebody else is not dumpable
 * any more and loses its parent-death signal. */
void identity_install(struct thread *self, struct cred *c);

/* The credentials of any thread, with a new reference; NULL: there is none. */
struct cred *identity_of_thread(pid_t tid);
