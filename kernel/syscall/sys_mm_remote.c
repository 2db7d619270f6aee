/* SPDX-License-Identifier: MIT */
/*
 * System calls on the memory of another process.
 */
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/iov.h"
#include "kernel/core/thread.h"
#include "kernel/mm/mm.h"
#include "kernel/proc/pidfd.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

enum { BOUNCE_SIZE = 16 * 1024 };                /* bytes in flight: a few pages, in L1     */

static void mm_putp(struct mm **mm)
{
    mm_put(*mm);
}

/* The memory of p if the caller may look into it: -ESRCH, -EPERM. */
static int remote_mm(struct process *p, struct mm **ret)
{
    struct mm *mm;
    int err;

    if (!p)
        return -ESRCH;
    err = process_may_inspect(p);
    if (err)
        return err;
    mm = process_mm(p);
    if (!mm)
        return -ESRCH;
    *ret = mm;
    return 0;
}

/* One transfer: the caller's segments, the other's, and a buffer in between. */
struct remote {
    struct mm *mm;
    struct iov local, there;
    u8 *bounce;
};

static void remote_fini(struct remote *r)
{
    iov_fini(&r->local);
    iov_fini(&r->there);
    kfree(r->bounce);
    mm_put(r->mm);
}

static int remote_init(struct remote *r, pid_t pid, uptr local, u64 local_count, uptr there,
                       u64 there_count)
{
    AUTO(process_putp) struct process *p = NULL;
    int err;

    err = iov_user_vec(&r->local, local, local_count);
    if (!err)
        err = iov_user_vec(&r->there, there, there_count);
    if (err)
        return err;
    p = process_find(pid);
    err = remote_mm(p, &r->mm);
    if (err)
        return err;
    r->bounce = kalloc(BOUNCE_SIZE);
    return r->bounce ? 0 : -ENOMEM;
}

/* Where the other side is now, and how much of it to move next; 0: done. */
static size_t remote_step(struct remote *r, u64 *ret_addr)
{
    while (r->there.nsegs && r->there.skip == r->there.seg->len) {
        r->there.seg++;
        r->there.nsegs--;
        r->there.skip = 0;
    }
    if (!r->there.left || !r->there.nsegs)
        return 0;
    *ret_addr = r->there.seg->base + r->there.skip;
    return min_size(min_size(r->there.seg->len - r->there.skip, iov_left(&r->local)), BOUNCE_SIZE);
}

static ssize_t remote_read(struct remote *r)
{
    ssize_t done = 0, n;
    size_t step;
    u64 addr;

    while ((step = remote_step(r, &addr))) {
        n = mm_peek(r->mm, addr, r->bounce, step);
        if (n > 0)
            n = iov_put(&r->local, r->bounce, (size_t)n);
        if (n <= 0)
            return done ? done : -EFAULT;
        done += n;
        iov_skip(&r->there, (size_t)n);
        if ((size_t)n < step)
            return done;
    }
    return done;
}

static ssize_t remote_write(struct remote *r)
{
    ssize_t done = 0, n;
    size_t step;
    u64 addr;

    while ((step = remote_step(r, &addr))) {
        n = iov_get(&r->local, r->bounce, step);
        if (n > 0 && mm_check(r->mm, addr, (u64)n, PROT_WRITE))
            n = -EFAULT;
        if (n > 0)
            n = mm_poke(r->mm, addr, r->bounce, (size_t)n);
        if (n <= 0)
            return done ? done : -EFAULT;
        done += n;
        iov_skip(&r->there, (size_t)n);
        if ((size_t)n < step)
            return done;
    }
    return done;
}

/* process_vm_readv(2) */
long sys_process_vm_readv(struct thread *self, int pid, uptr local, u64 local_count, uptr remote,
                          u64 remote_count, u64 flags)
{
    AUTO(remote_fini) struct remote r = { 0 };
    int err;

    (void)self;
    if (flags)
        return -EINVAL;
    err = remote_init(&r, pid, local, local_count, remote, remote_count);
    return err ? err : remote_read(&r);
}

/* process_vm_writev(2) */
long sys_process_vm_writev(struct thread *self, int pid, uptr local, u64 local_count, uptr remote,
                           u64 remote_count, u64 flags)
{
    AUTO(remote_fini) struct remote r = { 0 };
    int err;

    (void)self;
    if (flags)
        return -EINVAL;
    err = remote_init(&r, pid, local, local_count, remote, remote_count);
    return err ? err : remote_write(&r);
}

/* What one process may advise another (process_madvise(2)): nothing that changes content. */
static bool advice_is_harmless(int advice)
{
    return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED;
}

static ssize_t advise_segments(struct mm *mm, struct iov *v, int advice)
{
    ssize_t done = 0;
    int err;

    for (; v->nsegs; v->nsegs--, v->seg++) {
        err = mm_advise(mm, v->seg->base, v->seg->len, advice);
        if (err)
            return done ? done : err;
        done += (ssize_t)v->seg->len;
    }
    return done;
}

/* process_madvise(2) */
long sys_process_madvise(struct thread *self, int pidfd, uptr iov, size_t count, int advice,
                         u32 flags)
{
    AUTO(file_putp) struct file *file = NULL;
    AUTO(mm_putp) struct mm *mm = NULL;
    AUTO(iov_fini) struct iov v = { 0 };
    struct process *p;
    int err;

    if (flags)
        return -EINVAL;
    err = iov_user_vec(&v, iov, count);
    if (err)
        return err;
    err = fd_get(self->fds, pidfd, &file);
    if (err)
        return err;
    p = pidfd_process(file);
    if (!p)
        return -EBADF;
    if (!advice_is_harmless(advice))
        return -EINVAL;
    err = remote_mm(p, &mm);
    return err ? err : advise_segments(mm, &v, advice);
}
