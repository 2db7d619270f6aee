/* SPDX-License-Identifier: MIT */
/*
 * signalfd(2).
 *
 * The file holds a mask and nothing else: what it reads are the signals pending for the thread
 * that reads.  Its queue must wake for the signals of any process that waits on it, so a signalfd
 * uses the signal queue of the process that made it (the one that nearly always reads it); a
 * process that has inherited it wakes by its own signals through park, which every signal ends.
 */
#include "kernel/proc/signalfd.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/thread.h"
#include "kernel/lib/strbuf.h"
#include "kernel/lib/string.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/vfs/file.h"

struct signalfd {
    _Atomic u64 mask;                            /* [atomic] signals taken                  */
    struct process *proc;                        /* counts: whose queue is used             */
};

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "signalfd(2)");

/* siginfo_t's union says what is valid by si_code and signal (sigaction(2)); signalfd's record has
 * a field for each. */
static void record_fill(struct signalfd_siginfo *r, const siginfo_t *i)
{
    memset(r, 0, sizeof(*r));
    r->ssi_signo = (u32)i->si_signo;
    r->ssi_errno = i->si_errno;
    r->ssi_code = i->si_code;
    r->ssi_pid = (u32)i->si_pid;
    r->ssi_uid = i->si_uid;
    switch (i->si_signo) {
    case SIGCHLD:
        r->ssi_status = i->si_status;
        r->ssi_utime = (u64)i->si_utime;
        r->ssi_stime = (u64)i->si_stime;
        return;
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        if (i->si_code > 0)
            r->ssi_addr = (u64)i->si_addr;
        return;
    default:
        break;
    }
    if (i->si_code == SI_TIMER) {
        r->ssi_tid = (u32)i->si_tid;
        r->ssi_overrun = (u32)i->si_overrun;
    }
    r->ssi_int = i->si_int;
    r->ssi_ptr = (u64)i->si_ptr;
}

static ssize_t signalfd_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct signalfd *s = f->priv;
    struct signalfd_siginfo record;
    ssize_t done = 0;
    siginfo_t info;

    (void)pos;
    if (iov_left(dst) < sizeof(record))
        return -EINVAL;
    while (iov_left(dst) >= sizeof(record)) {
        ssize_t n;

        if (signal_dequeue(__atomic_load_n(&s->mask, __ATOMIC_RELAXED), &info) < 0)
            break;
        record_fill(&record, &info);
        n = iov_put(dst, &record, sizeof(record));
        if (n != sizeof(record))
            return done ? done : -EFAULT;
        done += n;
    }
    return done ? done : -EAGAIN;
}

static u32 signalfd_ready(struct file *f)
{
    struct signalfd *s = f->priv;

    return signal_pending_set() & __atomic_load_n(&s->mask, __ATOMIC_RELAXED) ? POLLIN | POLLRDNORM
                                                                              : 0;
}

static void signalfd_show(struct file *f, struct strbuf *dst)
{
    struct signalfd *s = f->priv;

    strbuf_printf(dst, "sigmask:\t%016lx\n", __atomic_load_n(&s->mask, __ATOMIC_RELAXED));
}

static void signalfd_release(struct file *f)
{
    struct signalfd *s = f->priv;

    process_put(s->proc);
    kfree(s);
}

static const struct file_ops signalfd_ops = {
    .kind = "signalfd",
    .read = signalfd_read,
    .ready = signalfd_ready,
    .show_fdinfo = signalfd_show,
    .release = signalfd_release,
};

int signalfd_new(u64 mask, u32 flags, struct file **ret)
{
    AUTO(kfreep) struct signalfd *s = kzalloc(sizeof(*s));
    int err;

    if (!s)
        return -ENOMEM;
    s->mask = mask & ~SIG_UNBLOCKABLE;
    s->proc = process_get(thread_self()->proc);
    err = file_new(&signalfd_ops, s, O_RDWR | flags, ret);
    if (err) {
        process_put(s->proc);
        return err;
    }
    (void)TAKE(s);
    (*ret)->wait = signal_waitq();
    return 0;
}

int signalfd_set(struct file *f, u64 mask)
{
    struct signalfd *s = f->priv;

    if (f->ops != &signalfd_ops)
        return -EINVAL;
    __atomic_store_n(&s->mask, mask & ~SIG_UNBLOCKABLE, __ATOMIC_RELAXED);
    file_wake(f);
    return 0;
}
