/* SPDX-License-Identifier: MIT */
/* Waiting for many files at once: see poll.h. */
#include "kernel/vfs/poll.h"
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"

enum {
    ALWAYS = POLLERR | POLLHUP | POLLNVAL,
    DEFAULT_READY = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM
};

struct poll_run {
    struct poll_entry *entry;
    u32 count;
    struct host_poll *host;                      /* owned; one for each entry with a host fd */
    u32 hosts;
};

static hfd host_of(struct file *f)
{
    return f && f->ops->host ? f->ops->host(f) : HFD_NONE;
}

/* The set for the host: built once, the descriptors do not change while the caller holds the files. */
static int run_hosts(struct poll_run *r)
{
    u32 hosts = 0;

    for (u32 i = 0; i < r->count; i++)
        hosts += host_of(r->entry[i].file).id >= 0;
    if (!hosts)
        return 0;
    r->host = kcalloc(hosts, sizeof(*r->host));
    if (!r->host)
        return -ENOMEM;
    for (u32 i = 0; i < r->count; i++) {
        hfd fd = host_of(r->entry[i].file);

        if (fd.id < 0)
            continue;
        r->entry[i].host = &r->host[r->hosts++];
        *r->entry[i].host = (struct host_poll){ .fd = fd, .events = r->entry[i].events };
    }
    return 0;
}

static u32 kernel_ready(const struct poll_entry *e)
{
    u32 ready = e->file->ops->ready ? e->file->ops->ready(e->file) : DEFAULT_READY;

    return ready & (e->events | ALWAYS);
}

/* Look at the kernel's files, tickets first.  How many are ready. */
static int run_look(struct poll_run *r)
{
    int ready = 0;

    for (u32 i = 0; i < r->count; i++) {
        struct poll_entry *e = &r->entry[i];

        e->ready = 0;
        if (!e->file)
            continue;
        e->ticket = waitq_ticket(e->file->wait);
        if (!e->host || e->file->ops->mixed)
            e->ready = kernel_ready(e);
        ready += e->ready != 0;
    }
    return ready;
}

static int hosts_collect(struct poll_run *r)
{
    int ready = 0;

    for (u32 i = 0; i < r->count; i++) {
        struct poll_entry *e = &r->entry[i];

        if (!e->host)
            continue;
        ready += !e->ready && e->host->ready;    /* the others have been counted            */
        e->ready |= e->host->ready & (e->events | ALWAYS);
    }
    return ready;
}

static void run_enlist(struct poll_run *r)
{
    for (u32 i = 0; i < r->count; i++) {
        struct poll_entry *e = &r->entry[i];

        if (!e->file)
            continue;
        e->sleeper = (struct sleeper){ .wake = sleeper_wake, .parker = park_ops.self() };
        waitq_enlist(e->file->wait, &e->sleeper);
    }
}

static void run_delist(struct poll_run *r)
{
    for (u32 i = 0; i < r->count; i++)
        if (r->entry[i].file)
            waitq_delist(r->entry[i].file->wait, &r->entry[i].sleeper);
}

static bool run_has_moved(const struct poll_run *r)
{
    for (u32 i = 0; i < r->count; i++)
        if (r->entry[i].file && waitq_ticket(r->entry[i].file->wait) != r->entry[i].ticket)
            return true;
    return false;
}

/* Sleep, or with deadline 0 only ask the host.  Ready host files, -EINTR, -ETIMEDOUT, 0. */
static int run_sleep(struct poll_run *r, u64 deadline_ns)
{
    int err;

    if (r->hosts)
        err = park_ops.poll(r->host, r->hosts, PARK_INTERRUPTIBLE, deadline_ns);
    else
        err = park_ops.park(PARK_INTERRUPTIBLE, deadline_ns);
    return err > 0 ? hosts_collect(r) : err;
}

/* One turn: > 0 files are ready; 0: look again. */
static int run_turn(struct poll_run *r, u64 deadline_ns)
{
    int ready = run_look(r);
    int err;

    if (ready || deadline_ns == 0) {
        err = r->hosts ? run_sleep(r, 0) : -ETIMEDOUT;
        return err > 0 ? ready + err : ready ? ready : -ETIMEDOUT;
    }
    run_enlist(r);
    err = run_has_moved(r) ? 0 : run_sleep(r, deadline_ns);
    run_delist(r);
    return err < 0 && run_has_moved(r) ? 0 : err;
}

int poll_files(struct poll_entry *entry, u32 count, u64 deadline_ns)
{
    struct poll_run r = { .entry = entry, .count = count };
    int n = run_hosts(&r);

    for (u32 i = 0; !n && i < count; i++)
        entry[i].ready = 0;
    while (!n)
        n = run_turn(&r, deadline_ns);
    kfree(r.host);
    return n == -ETIMEDOUT ? 0 : n;
}

u32 file_ready(struct file *f, u32 events)
{
    struct poll_entry e = { .file = f, .events = events };

    return poll_files(&e, 1, 0) > 0 ? e.ready : 0;
}
