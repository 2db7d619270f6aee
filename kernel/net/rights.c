/* SPDX-License-Identifier: MIT */
/* Open files on their way from one process to another: see rights.h. */
#include "kernel/net/rights.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "kernel/core/alloc.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/fdtable.h"

static struct rights *rights_new(u32 room)
{
    struct rights *r = kalloc(sizeof(*r) + room * sizeof(r->file[0]));

    if (r)
        *r = (struct rights){ .count = 0 };
    return r;
}

static int rights_add_one(struct rights *r, const u8 *fd_bytes)
{
    int fd, err;

    memcpy(&fd, fd_bytes, sizeof(fd));
    err = fd_get_path(thread_self()->fds, fd, &r->file[r->count]);
    if (!err)
        r->count++;
    return err;
}

int rights_add(struct rights **r, const u8 *fds, u32 count)
{
    int err = 0;

    if (!count)
        return 0;
    if (!*r)
        *r = rights_new(SCM_MAX_FD);
    if (!*r)
        return -ENOMEM;
    if (count > SCM_MAX_FD - (*r)->count)
        return -EINVAL;
    for (u32 i = 0; !err && i < count; i++)
        err = rights_add_one(*r, fds + i * sizeof(int));
    return err;
}

struct rights *rights_copy(const struct rights *r)
{
    struct rights *copy = rights_new(r->count);

    if (!copy)
        return NULL;
    copy->count = r->count;
    for (u32 i = 0; i < r->count; i++)
        copy->file[i] = file_get(r->file[i]);
    return copy;
}

/* ---- arrival ---- */

/* A descriptor for f, told to the program at dst. */
static int deliver_one(struct file *f, uptr dst, u32 flags)
{
    struct fdtable *fds = thread_self()->fds;
    int fd = fd_install(fds, f, flags);

    if (fd < 0)
        return fd;
    if (!copy_out_struct(dst, &fd))
        return 0;
    (void)fd_close(fds, fd);                     /* the program would never learn of it     */
    return -EFAULT;
}

void rights_deliver(struct message *m, struct rights *r)
{
    struct cmsghdr h = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    uptr dst = uptr_add(m->control_out, sizeof(h));
    u32 flags = m->flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
    u32 room = 0, n = 0;

    if (!r)
        return;
    if (m->control_room > sizeof(h))
        room = (u32)min_size((m->control_room - sizeof(h)) / sizeof(int), r->count);
    while (n < room && !deliver_one(r->file[n], uptr_add(dst, n * sizeof(int)), flags))
        n++;
    h.cmsg_len = sizeof(h) + n * sizeof(int);
    if (n && !copy_out_struct(m->control_out, &h))
        control_skip(m, h.cmsg_len);
    if (n < r->count)
        m->ret_flags |= MSG_CTRUNC;
    rights_free(r);
}

/* ---- the end ---- */

/* A thread that is dropping rights, on that thread's stack. */
struct dropper {
    struct dropper *next;
    struct thread *thread;
    struct rights *left;
};

static struct {
    struct spinlock lock;
    struct dropper *first;
} droppers;

static struct dropper *dropper_self(void)
{
    struct thread *self = thread_self();
    struct dropper *d;

    spin_lock(&droppers.lock);
    d = droppers.first;
    while (d && d->thread != self)
        d = d->next;
    spin_unlock(&droppers.lock);
    return d;
}

static void dropper_enter(struct dropper *d)
{
    d->thread = thread_self();
    WITH_SPINLOCK(&droppers.lock);
    d->next = droppers.first;
    droppers.first = d;
}

static void dropper_leave(struct dropper *d)
{
    struct dropper **p = &droppers.first;

    WITH_SPINLOCK(&droppers.lock);
    while (*p != d)
        p = &(*p)->next;
    *p = d->next;
}

static void rights_drop(struct rights *r)
{
    rights_land(r);
    for (u32 i = 0; i < r->count; i++)
        file_put(r->file[i]);
    kfree(r);
}

void rights_free(struct rights *r)
{
    struct dropper own = { .left = r };
    struct dropper *outer;

    if (!r)
        return;
    outer = dropper_self();
    if (outer) {                                 /* called from a file_put() below          */
        r->next = outer->left;
        outer->left = r;
        return;
    }
    r->next = NULL;
    dropper_enter(&own);
    while (own.left) {
        r = own.left;
        own.left = r->next;
        rights_drop(r);
    }
    dropper_leave(&own);
}
