/* SPDX-License-Identifier: MIT */
/* A process of which little is true, and a host: see stand_in.h.  Apart from the fuzzers because
 * Linux's headers and libc's do not go together. */
#include "tests/fuzz/stand_in.h"

#include "abi/linux/errno.h"
#include "kernel/host/host_int.h"
#include "kernel/proc/proc_int.h"

#include <string.h>

enum { DESCRIPTORS = 1024 };

static struct process process;
static struct proc_thread priv;

static s64 refuse(struct hostcall *c)
{
    (void)c;
    return -EACCES;
}

void stand_in_start(void)
{
    memset(&process, 0, sizeof(process));
    memset(&priv, 0, sizeof(priv));
    process.pid = 101;
    for (u32 i = 0; i < ARRAY_SIZE(process.limits); i++)
        process.limits[i] = (struct rlimit64){ RLIM64_INFINITY, RLIM64_INFINITY };
    process.limits[RLIMIT_NOFILE] = (struct rlimit64){ DESCRIPTORS, DESCRIPTORS };
    list_init(&process.sig.queue.items);
    list_init(&priv.queue.items);
    thread_self()->proc = &process;
    thread_self()->priv = &priv;
    host_target.call = refuse;
}
