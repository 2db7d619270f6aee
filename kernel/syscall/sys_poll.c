/* SPDX-License-Identifier: MIT */
/*
 * poll(2), ppoll(2), select(2), pselect6(2).
 *
 * Both shapes become an array of struct poll_entry: poll has one per pollfd, select one per
 * descriptor that is in any set.  An entry of a descriptor that is not open has no file.
 */
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "abi/linux/resource.h"
#include "abi/linux/time.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/clock.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/lib/string.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/poll.h"

enum { SELECT_MAX = FD_LIMIT_HARD };

struct entries {
    struct poll_entry *at;                       /* owned                                   */
    u32 count;
};

static void entries_fini(struct entries *e)
{
    for (u32 i = 0; i < e->count; i++)
        file_put(e->at[i].file);
    kfree(e->at);
}

static int entries_init(struct entries *e, u32 count)
{
    e->at = kcalloc(count ? count : 1, sizeof(*e->at));
    e->count = e->at ? count : 0;
    return e->at ? 0 : -ENOMEM;
}

/* ---- deadlines ---- */

static u64 deadline_of_ms(int timeout_ms)
{
    if (timeout_ms == 0)
        return 0;
    return timeout_ms < 0 ? NO_DEADLINE : clock_deadline((u64)timeout_ms * NSEC_PER_MSEC);
}

static int deadline_of(s64 sec, s64 nsec, u64 *ret)
{
    u64 ns;

    if (sec < 0 || nsec < 0 || nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if (mul_overflows((u64)sec, (u64)NSEC_PER_SEC, &ns) || add_overflows(ns, (u64)nsec, &ns))
        ns = NO_DEADLINE;
    *ret = ns ? clock_deadline(ns) : 0;
    return 0;
}

static int deadline_copy_in(uptr ts, u64 *ret)
{
    struct __kernel_timespec t;
    int err;

    *ret = NO_DEADLINE;
    if (!ts.addr)
        return 0;
    err = copy_in_struct(&t, ts);
    return err ? err : deadline_of(t.tv_sec, t.tv_nsec, ret);
}

static u64 left_until(u64 deadline_ns)
{
    u64 now = clock_monotonic_ns();

    return deadline_ns > now ? deadline_ns - now : 0;
}

/* Linux writes the time that is left; a failure to do so is not reported (select(2), NOTES). */
static void timespec_left(uptr ts, u64 deadline_ns)
{
    u64 left = left_until(deadline_ns);
    struct __kernel_timespec t = { (s64)(left / NSEC_PER_SEC), (s64)(left % NSEC_PER_SEC) };
    int ignored;

    if (ts.addr && deadline_ns != NO_DEADLINE)
        ignored = copy_out_struct(ts, &t);
    (void)ignored;
}

static long restart_after_signal(int result)
{
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* ---- poll ---- */

/* Each pollfd's file; those that are not open are POLLNVAL and count as ready. */
static int poll_entries(struct thread *self, const struct pollfd *fds, struct entries *e)
{
    int invalid = 0;

    for (u32 i = 0; i < e->count; i++) {
        if (fds[i].fd < 0)
            continue;
        e->at[i].events = (u32)(u16)fds[i].events;
        if (fd_get(self->fds, fds[i].fd, &e->at[i].file))
            invalid++;
    }
    return invalid;
}

static int poll_results(struct pollfd *fds, const struct entries *e)
{
    int ready = 0;

    for (u32 i = 0; i < e->count; i++) {
        fds[i].revents = (short)e->at[i].ready;
        if (fds[i].fd >= 0 && !e->at[i].file)
            fds[i].revents = POLLNVAL;
        ready += fds[i].revents != 0;
    }
    return ready;
}

static long do_poll(struct thread *self, uptr ufds, u32 nfds, u64 deadline_ns)
{
    AUTO(kfreep) struct pollfd *fds = NULL;
    AUTO(entries_fini) struct entries e = { 0 };
    int n, invalid;

    if (nfds > process_limit(RLIMIT_NOFILE))
        return -EINVAL;
    fds = kalloc(nfds ? nfds * sizeof(*fds) : 1);
    if (!fds || entries_init(&e, nfds))
        return -ENOMEM;
    if (copy_in(fds, ufds, nfds * sizeof(*fds)))
        return -EFAULT;
    invalid = poll_entries(self, fds, &e);
    n = poll_files(e.at, e.count, invalid ? 0 : deadline_ns);
    if (n < 0)
        return n;
    n = poll_results(fds, &e);
    return copy_out(ufds, fds, nfds * sizeof(*fds)) ? -EFAULT : n;
}

/* A relative timeout goes on where it was when the call goes on after a stop. */
static long poll_until(struct thread *self, struct restart_block *rb)
{
    long n = do_poll(self, UPTR(rb->arg[0]), (u32)rb->arg[1], rb->deadline_ns);

    return n == -EINTR ? restart_later() : n;
}

long sys_poll(struct thread *self, uptr fds, unsigned nfds, int timeout_ms)
{
    struct restart_block *rb = restart_block(self);

    *rb = (struct restart_block){
        .fn = poll_until,
        .arg = { fds.addr, nfds },
        .deadline_ns = deadline_of_ms(timeout_ms),
    };
    return poll_until(self, rb);
}

long sys_ppoll(struct thread *self, uptr fds, unsigned nfds, uptr timeout, uptr mask, size_t size)
{
    u64 deadline_ns;
    long n = deadline_copy_in(timeout, &deadline_ns);

    if (!n)
        n = signal_mask_enter(mask, size);
    if (n)
        return n;
    n = signal_mask_leave(restart_after_signal((int)do_poll(self, fds, nfds, deadline_ns)));
    timespec_left(timeout, deadline_ns);
    return n;
}

/* ---- select ---- */

enum { SET_IN, SET_OUT, SET_EX, SETS };

/* What makes a descriptor ready in each set (select(2), "Correspondence"). */
static const u32 set_events[SETS] = {
    [SET_IN] = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
    [SET_OUT] = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
    [SET_EX] = POLLPRI,
};

struct select {
    u32 nfds;
    size_t bytes;                                /* of one set: whole words                 */
    uptr user[SETS];
    u64 *set[SETS];                              /* into words                              */
    u64 *words;                                  /* owned                                   */
    struct entries entries;
    u32 *fd_of;                                  /* owned: descriptor of each entry         */
};

static void select_fini(struct select *s)
{
    entries_fini(&s->entries);
    kfree(s->words);
    kfree(s->fd_of);
}

static bool set_has(const u64 *set, u32 fd)
{
    return set[fd / 64] >> fd % 64 & 1;
}

static int select_copy_in(struct select *s)
{
    s->bytes = (s->nfds + 63) / 64 * sizeof(u64);
    s->words = kzalloc(s->bytes * SETS + 1);
    if (!s->words)
        return -ENOMEM;
    for (u32 i = 0; i < SETS; i++) {
        s->set[i] = s->words + i * s->bytes / sizeof(u64);
        if (s->user[i].addr && copy_in(s->set[i], s->user[i], s->bytes))
            return -EFAULT;
    }
    return 0;
}

static u32 wanted_events(const struct select *s, u32 fd)
{
    u32 events = 0;

    for (u32 i = 0; i < SETS; i++)
        if (set_has(s->set[i], fd))
            events |= set_events[i];
    return events;
}

static int select_entries(struct thread *self, struct select *s)
{
    u32 n = 0;

    for (u32 fd = 0; fd < s->nfds; fd++)
        n += wanted_events(s, fd) != 0;
    s->fd_of = kalloc((n + 1) * sizeof(u32));
    if (!s->fd_of || entries_init(&s->entries, n))
        return -ENOMEM;
    n = 0;
    for (u32 fd = 0; fd < s->nfds; fd++) {
        u32 events = wanted_events(s, fd);

        if (!events)
            continue;
        s->fd_of[n] = fd;
        s->entries.at[n].events = events;
        if (fd_get(self->fds, (int)fd, &s->entries.at[n++].file))
            return -EBADF;
    }
    return 0;
}

/* Turn readiness into bits; a descriptor counts once for each set it is in. */
static int select_results(struct select *s)
{
    int bits = 0;

    for (u32 n = 0; n < s->entries.count; n++) {
        u32 fd = s->fd_of[n], ready = s->entries.at[n].ready;

        for (u32 i = 0; i < SETS; i++) {
            bool was = set_has(s->set[i], fd), is = was && ready & set_events[i];

            if (was && !is)
                s->set[i][fd / 64] &= ~(1ull << fd % 64);
            bits += is;
        }
    }
    for (u32 i = 0; i < SETS; i++)
        if (s->user[i].addr && copy_out(s->user[i], s->set[i], s->bytes))
            return -EFAULT;
    return bits;
}

static long do_select(struct thread *self, int nfds, const uptr user[SETS], u64 deadline_ns)
{
    AUTO(select_fini) struct select s = { .user = { user[0], user[1], user[2] } };
    int n;

    if (nfds < 0)
        return -EINVAL;
    s.nfds = (u32)nfds > SELECT_MAX ? SELECT_MAX : (u32)nfds;
    n = select_copy_in(&s);
    if (!n)
        n = select_entries(self, &s);
    if (n)
        return n;
    n = poll_files(s.entries.at, s.entries.count, deadline_ns);
    return n < 0 ? n : select_results(&s);
}

long sys_select(struct thread *self, int nfds, uptr in, uptr out, uptr ex, uptr timeout)
{
    struct __kernel_old_timeval tv;
    u64 deadline_ns = NO_DEADLINE;
    long n = 0;
    int ignored;

    if (timeout.addr) {
        n = copy_in_struct(&tv, timeout);
        /* select(2): microseconds beyond a second are carried, not refused. */
        if (!n && (tv.tv_sec < 0 || tv.tv_usec < 0))
            n = -EINVAL;
        if (!n)
            n = deadline_of(tv.tv_sec + tv.tv_usec / 1000000, tv.tv_usec % 1000000 * 1000,
                            &deadline_ns);
    }
    if (n)
        return n;
    n = restart_after_signal((int)do_select(self, nfds, (uptr[]){ in, out, ex }, deadline_ns));
    if (timeout.addr && deadline_ns != NO_DEADLINE) {
        u64 left = left_until(deadline_ns);

        tv.tv_sec = (s64)(left / NSEC_PER_SEC);
        tv.tv_usec = (s64)(left % NSEC_PER_SEC / 1000);
        ignored = copy_out_struct(timeout, &tv);
        (void)ignored;
    }
    return n;
}

/* pselect6(2): the sixth argument points to the mask's address and size. */
long sys_pselect6(struct thread *self, int nfds, uptr in, uptr out, uptr ex, uptr timeout, uptr sig)
{
    u64 pair[2] = { 0, 0 };
    u64 deadline_ns;
    long n = deadline_copy_in(timeout, &deadline_ns);

    if (!n && sig.addr)
        n = copy_in(pair, sig, sizeof(pair));
    if (!n)
        n = signal_mask_enter(UPTR(pair[0]), pair[1]);
    if (n)
        return n;
    n = do_select(self, nfds, (uptr[]){ in, out, ex }, deadline_ns);
    n = signal_mask_leave(restart_after_signal((int)n));
    timespec_left(timeout, deadline_ns);
    return n;
}
