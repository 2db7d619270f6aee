/* SPDX-License-Identifier: MIT */
/*
 * Pairs of terminals: opening, transfers, hanging up.  See pty.h; requests are in pty_ioctl.c.
 *
 *     master ── write ──► line_input() ──► line_read() ──► user
 *     master ◄─ line_take() ◄── line_print() ◄── write ─── user
 *
 * A hangup (the master closes, or the leader of the session ends) takes the terminal from those who
 * have it open: they read an end of file and cannot write.  After the leader's end it can be opened
 * again; after the master's close it is gone.
 *
 * Locks: pty.lock; signals and wake-ups happen outside it.
 */
#include "kernel/dev/pty_int.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cred.h"
#include "kernel/vfs/file.h"

enum { CHUNK = 256 };                            /* bytes on the stack                      */

struct pty_home_ops pty_home_ops;

static struct pty *pty_of(struct file *f)
{
    return f->priv;
}

void pty_tell(struct pty *p, u64 signals)
{
    for (int signo = 1; signals; signo++, signals >>= 1)
        if (signals & 1)
            tty_signal(&p->tty, signo);
    waitq_wake(&p->master_wait);
    waitq_wake(&p->user_wait);
}

/* ---- the master ---- */

/* Packet mode (ioctl_tty(2)): a byte that says what happened, or 0 and data. */
static ssize_t master_read_locked(struct pty *p, struct iov *dst)
{
    u8 events = p->packet ? p->line.events : 0;
    u8 header = TIOCPKT_DATA;
    ssize_t n;

    if (!iov_left(dst))
        return 0;
    if (events) {
        n = iov_put(dst, &events, 1);
        if (n > 0)
            p->line.events = 0;
        return n;
    }
    if (!line_shown(&p->line))
        return p->was_used && !p->users ? -EIO : -EAGAIN;
    if (!p->packet)
        return line_take(&p->line, dst);
    n = iov_put(dst, &header, 1);
    if (n < 0 || !iov_left(dst))
        return n;
    n = line_take(&p->line, dst);
    return n < 0 ? n : n + 1;
}

static ssize_t master_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct pty *p = pty_of(f);
    ssize_t n;

    (void)pos;
    mutex_lock(&p->lock);
    n = master_read_locked(p, dst);
    mutex_unlock(&p->lock);
    if (n > 0)
        waitq_wake_events(&p->user_wait, POLLOUT | POLLWRNORM);
    return n;
}

static ssize_t master_write_locked(struct pty *p, struct iov *src)
{
    ssize_t done = 0;
    u8 chunk[CHUNK];

    while (iov_left(src)) {
        size_t len = min_size(min_size(iov_left(src), sizeof(chunk)), line_room(&p->line));
        ssize_t n = len ? iov_get(src, chunk, len) : -EAGAIN;

        if (n < 0)
            return done ? done : n;
        line_input(&p->line, chunk, (size_t)n);
        done += n;
        if ((size_t)n < len)
            break;
    }
    return done;
}

static ssize_t master_write(struct file *f, struct iov *src, u64 *pos)
{
    struct pty *p = pty_of(f);
    u64 signals;
    ssize_t n;

    (void)pos;
    mutex_lock(&p->lock);
    n = master_write_locked(p, src);
    signals = p->line.signals;
    p->line.signals = 0;
    mutex_unlock(&p->lock);
    if (n > 0)
        pty_tell(p, signals);
    return n;
}

static u32 master_ready(struct file *f)
{
    struct pty *p = pty_of(f);
    u32 events = 0;

    WITH_MUTEX(&p->lock);
    if (line_shown(&p->line))
        events |= POLLIN | POLLRDNORM;
    if (p->packet && p->line.events)
        events |= POLLIN | POLLRDNORM | POLLPRI;
    if (p->was_used && !p->users)
        events |= POLLHUP;
    if (line_room(&p->line))
        events |= POLLOUT | POLLWRNORM;
    return events;
}

/* Who has the terminal open has it no longer. */
static void hang_up(struct pty *p, bool by_master)
{
    mutex_lock(&p->lock);
    p->hangups++;
    p->users = 0;
    p->exclusive = false;
    if (by_master)
        p->master_open = false;
    mutex_unlock(&p->lock);
    if (by_master)
        tty_hung_up(&p->tty);
    waitq_wake(&p->user_wait);
    waitq_wake(&p->master_wait);
}

static void master_release(struct file *f)
{
    struct pty *p = pty_of(f);

    hang_up(p, true);
    pty_home_ops.closed(p->home);
    tty_put(&p->tty);
}

static const struct file_ops master_ops = {
    .kind = "ptmx",
    .stream = true,
    .read = master_read,
    .write = master_write,
    .ready = master_ready,
    .ioctl = pty_master_ioctl,
    .release = master_release,
};

/* ---- the user's side ---- */

static ssize_t user_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct pty *p = pty_of(f);
    ssize_t n = tty_access(&p->tty, SIGTTIN);

    (void)pos;
    if (n)
        return n;
    mutex_lock(&p->lock);
    n = pty_file_is_hung_up(p, f) ? 0 : line_read(&p->line, dst);
    mutex_unlock(&p->lock);
    if (n > 0)
        waitq_wake_events(&p->master_wait, POLLOUT | POLLWRNORM);
    return n;
}

static ssize_t user_read_wait(struct file *f, struct iov *dst, bool nonblock)
{
    struct pty *p = pty_of(f);
    struct tty_timing timing;

    mutex_lock(&p->lock);
    timing = (struct tty_timing){
        .canonical = p->line.settings.c_lflag & ICANON,
        .min = p->line.settings.c_cc[VMIN],
        .time = p->line.settings.c_cc[VTIME],
    };
    mutex_unlock(&p->lock);
    return tty_read_wait(f, dst, nonblock, timing);
}

static ssize_t user_write_locked(struct pty *p, struct file *f, struct iov *src)
{
    ssize_t done = 0;
    u8 chunk[CHUNK];

    if (pty_file_is_hung_up(p, f))
        return -EIO;
    while (iov_left(src)) {
        size_t len = min_size(min_size(iov_left(src), sizeof(chunk)), line_print_room(&p->line));
        ssize_t n = len ? iov_get(src, chunk, len) : -EAGAIN;

        if (n < 0)
            return done ? done : n;
        line_print(&p->line, chunk, (size_t)n);
        done += n;
        if ((size_t)n < len)
            break;
    }
    return done;
}

static ssize_t user_write(struct file *f, struct iov *src, u64 *pos)
{
    struct pty *p = pty_of(f);
    int err = 0;
    ssize_t n;

    (void)pos;
    if (p->line.settings.c_lflag & TOSTOP)       /* one word: as it was or as it becomes    */
        err = tty_access(&p->tty, SIGTTOU);
    if (err)
        return err;
    mutex_lock(&p->lock);
    n = user_write_locked(p, f, src);
    mutex_unlock(&p->lock);
    if (n > 0)
        waitq_wake_events(&p->master_wait, POLLIN | POLLRDNORM);
    return n;
}

static u32 user_ready(struct file *f)
{
    struct pty *p = pty_of(f);
    u32 events = 0;

    WITH_MUTEX(&p->lock);
    if (pty_file_is_hung_up(p, f))
        return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR | POLLHUP;
    if (line_is_readable(&p->line))
        events |= POLLIN | POLLRDNORM;
    if (line_print_room(&p->line))
        events |= POLLOUT | POLLWRNORM;
    return events;
}

static void user_release(struct file *f)
{
    struct pty *p = pty_of(f);
    bool last;

    mutex_lock(&p->lock);
    last = !pty_file_is_hung_up(p, f) && --p->users == 0;
    if (last)
        p->exclusive = false;
    mutex_unlock(&p->lock);
    if (last)
        waitq_wake(&p->master_wait);
    tty_put(&p->tty);
}

static const struct file_ops user_ops = {
    .kind = "tty",
    .stream = true,
    .read = user_read,
    .read_wait = user_read_wait,
    .write = user_write,
    .ready = user_ready,
    .ioctl = pty_user_ioctl,
    .release = user_release,
};

static int join_locked(struct pty *p, struct file *f)
{
    if (!p->master_open || p->name_locked)
        return -EIO;
    if (p->exclusive && !cred_has_cap(thread_self()->cred, CAP_SYS_ADMIN))
        return -EBUSY;
    p->users++;
    p->was_used = true;
    f->ops = &user_ops;
    f->priv = p;
    f->pos = p->hangups;
    f->wait = &p->user_wait;
    return 0;
}

static int tty_join(struct tty *tty, struct file *f)
{
    struct pty *p = container_of(tty, struct pty, tty);
    int err;

    mutex_lock(&p->lock);
    err = join_locked(p, f);
    mutex_unlock(&p->lock);
    if (err)
        return err;
    tty_get(tty);
    waitq_wake(&p->master_wait);                 /* it is no longer hung up                 */
    return 0;
}

/* open(2), O_NOCTTY: a terminal becomes that of a session that has none when its leader opens it. */
int pty_open(struct pty *p, struct file *f)
{
    int err = tty_join(&p->tty, f);

    if (!err && f->read_ok && !(f->flags & O_NOCTTY))
        (void)tty_attach(&p->tty, TTY_ATTACH_FREE); /* most openers cannot                  */
    return err;
}

/* ---- pairs ---- */

static void tty_hangup(struct tty *tty)
{
    hang_up(container_of(tty, struct pty, tty), false);
}

static void tty_free(struct tty *tty)
{
    struct pty *p = container_of(tty, struct pty, tty);

    line_fini(&p->line);
    kfree(p);
}

static const struct tty_ops pty_tty_ops = {
    .open = tty_join,
    .hangup = tty_hangup,
    .free = tty_free,
};

int pty_new(u32 index, void *home, struct file *f, struct pty **ret)
{
    struct pty *p = kzalloc(sizeof(*p));

    if (!p || line_init(&p->line)) {
        kfree(p);
        return -ENOMEM;
    }
    tty_init_one(&p->tty, &pty_tty_ops);
    p->index = index;
    p->home = home;
    p->master_open = true;
    p->name_locked = true;                       /* until unlockpt(3)                       */
    f->ops = &master_ops;
    f->priv = p;
    f->wait = &p->master_wait;
    tty_get(&p->tty);
    *ret = p;
    return 0;
}

void pty_put(struct pty *p)
{
    if (p)
        tty_put(&p->tty);
}

int ptmx_open(struct file *f, u32 minor)
{
    (void)minor;
    return pty_home_ops.open ? pty_home_ops.open(f) : -ENODEV;
}
