/* SPDX-License-Identifier: MIT */
/* Process and thread ids: see pid.h. */
#include "kernel/proc/pid.h"
#include "abi/linux/errno.h"
#include "kernel/core/alloc.h"

/* The table grows by chunks that are never given back: 64 KiB cover 1,600 ids. */
enum { CHUNK = 128, CHUNKS = PID_MAX / CHUNK };

static struct pid_entry *chunks[CHUNKS];         /* guarded by proc_lock                    */
static pid_t next_pid = PID_FIRST;               /* guarded by proc_lock                    */

static struct pid_entry *slot_of(pid_t pid)
{
    struct pid_entry *chunk = chunks[pid / CHUNK];

    return chunk ? &chunk[pid % CHUNK] : NULL;
}

static struct pid_entry *slot_make(pid_t pid)
{
    struct pid_entry **chunk = &chunks[pid / CHUNK];

    if (!*chunk)
        *chunk = kcalloc(CHUNK, sizeof(**chunk));
    return *chunk ? &(*chunk)[pid % CHUNK] : NULL;
}

int pid_alloc(pid_t *ret)
{
    for (u32 tries = 0; tries < PID_MAX - PID_FIRST; tries++) {
        pid_t pid = next_pid;
        struct pid_entry *e = slot_make(pid);

        if (!e)
            return -ENOMEM;
        next_pid = pid + 1 < PID_MAX ? pid + 1 : PID_FIRST;
        if (e->taken)
            continue;
        *e = (struct pid_entry){ .taken = true };
        *ret = pid;
        return 0;
    }
    return -EAGAIN;
}

struct pid_entry *pid_entry(pid_t pid)
{
    if (pid < PID_FIRST || pid >= PID_MAX)
        return NULL;
    struct pid_entry *e = slot_of(pid);
    return e && e->taken ? e : NULL;
}

void pid_release(pid_t pid)
{
    struct pid_entry *e = pid_entry(pid);

    if (e && !e->thread && !e->process && !e->pgrp && !e->session)
        e->taken = false;
}

pid_t pid_last(void)
{
    return next_pid > PID_FIRST ? next_pid - 1 : PID_MAX - 1;
}

pid_t pid_next(pid_t pid)
{
    for (pid = pid < PID_FIRST ? PID_FIRST : pid; pid < PID_MAX; pid++) {
        if (!chunks[pid / CHUNK])
            pid += CHUNK - 1 - pid % CHUNK;
        else if (pid_entry(pid))
            return pid;
    }
    return -1;
}
