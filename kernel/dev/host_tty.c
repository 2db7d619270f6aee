/* SPDX-License-Identifier: MIT */
/*
 * The host's terminal: see host_tty.h.
 *
 * The shell's descriptors are opened once more for us, non-blocking, because O_NONBLOCK on the shared
 * ones would change them for everybody.  Where the host does not allow that (waits is set) readiness
 * is asked before each transfer, and no more is written at once than a ready terminal takes.
 *
 * What a program sets stays when it ends, as on Linux: whoever started the run has the terminal then.
 */
#include "kernel/dev/host_tty.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "abi/linux/stat.h"
#include "kernel/core/alloc.h"
#include "kernel/core/user.h"
#include "kernel/dev/stream.h"
#include "kernel/dev/tty.h"
#include "kernel/host/host.h"
#include "kernel/lib/string.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

enum { TERMINALS_MAX = 3 };                      /* descriptors 0 to 2                      */

struct host_tty {
    struct tty tty;
    struct stream in, out;                       /* [const] often the same descriptor       */
    u64 rdev;                                    /* [const] the host's number               */
    /* What the host was last known to have, for decisions of ours: a hint. */
    _Atomic u32 lflag;
    _Atomic u8 min, time;
};

static struct host_tty *terminals[TERMINALS_MAX]; /* [const] after start; live for ever     */
static const struct file_ops host_tty_file_ops;

static struct host_tty *host_tty_of(struct file *f)
{
    return f->priv;
}

/* ---- settings ---- */

static void settings_note(struct host_tty *t, const struct termios *s)
{
    __atomic_store_n(&t->lflag, s->c_lflag, __ATOMIC_RELAXED);
    __atomic_store_n(&t->min, s->c_cc[VMIN], __ATOMIC_RELAXED);
    __atomic_store_n(&t->time, s->c_cc[VTIME], __ATOMIC_RELAXED);
}

static int settings_fetch(struct host_tty *t)
{
    struct termios s;
    int err = host_ioctl(t->in.fd, TCGETS, &s, 0, sizeof(s));

    if (err >= 0)
        settings_note(t, &s);
    return err;
}

/* ---- reading and writing ---- */

static ssize_t host_tty_read(struct file *f, struct iov *dst, u64 *pos)
{
    struct host_tty *t = host_tty_of(f);
    int err = tty_access(&t->tty, SIGTTIN);

    (void)pos;
    return err ? err : stream_take(&t->in, dst);
}

static ssize_t host_tty_read_wait(struct file *f, struct iov *dst, bool nonblock)
{
    struct host_tty *t = host_tty_of(f);

    return tty_read_wait(f, dst, nonblock,
                         (struct tty_timing){
                             .canonical = t->lflag & ICANON,
                             .min = t->min,
                             .time = t->time,
                         });
}

static ssize_t host_tty_write(struct file *f, struct iov *src, u64 *pos)
{
    struct host_tty *t = host_tty_of(f);
    int err = t->lflag & TOSTOP ? tty_access(&t->tty, SIGTTOU) : 0;

    (void)pos;
    return err ? err : stream_give(&t->out, src);
}

static u32 host_tty_ready(struct file *f)
{
    struct host_tty *t = host_tty_of(f);

    return stream_ask(&t->in, POLLIN | POLLOUT);
}

static hfd host_tty_host(struct file *f)
{
    return host_tty_of(f)->in.fd;
}

/* ---- requests ---- */

enum pass {
    PASS_GET,                                    /* the host writes size bytes              */
    PASS_SET,                                    /* the host reads size bytes               */
    PASS_VALUE,                                  /* the argument is a number                */
    PASS_CHANGE = 0x10,                          /* for the foreground only (SIGTTOU)       */
};

static const struct request {
    u32 cmd;
    u8 pass;
    u8 size;
} requests[] = {
    { TCGETS, PASS_GET, sizeof(struct termios) },
    { TCSETS, PASS_SET | PASS_CHANGE, sizeof(struct termios) },
    { TCSETSW, PASS_SET | PASS_CHANGE, sizeof(struct termios) },
    { TCSETSF, PASS_SET | PASS_CHANGE, sizeof(struct termios) },
    { TCGETS2, PASS_GET, sizeof(struct termios2) },
    { TCSETS2, PASS_SET | PASS_CHANGE, sizeof(struct termios2) },
    { TCSETSW2, PASS_SET | PASS_CHANGE, sizeof(struct termios2) },
    { TCSETSF2, PASS_SET | PASS_CHANGE, sizeof(struct termios2) },
    { TCGETA, PASS_GET, sizeof(struct termio) },
    { TCSETA, PASS_SET | PASS_CHANGE, sizeof(struct termio) },
    { TCSETAW, PASS_SET | PASS_CHANGE, sizeof(struct termio) },
    { TCSETAF, PASS_SET | PASS_CHANGE, sizeof(struct termio) },
    { TIOCGWINSZ, PASS_GET, sizeof(struct winsize) },
    { TIOCSWINSZ, PASS_SET, sizeof(struct winsize) },
    { FIONREAD, PASS_GET, sizeof(int) },
    { TIOCOUTQ, PASS_GET, sizeof(int) },
    { TIOCGETD, PASS_GET, sizeof(int) },
    { TIOCMGET, PASS_GET, sizeof(int) },
    { TIOCGSOFTCAR, PASS_GET, sizeof(int) },
    { TCSBRK, PASS_VALUE | PASS_CHANGE, 0 },
    { TCSBRKP, PASS_VALUE | PASS_CHANGE, 0 },
    { TCXONC, PASS_VALUE | PASS_CHANGE, 0 },
    { TCFLSH, PASS_VALUE | PASS_CHANGE, 0 },
};

static const struct request *request_find(u32 cmd)
{
    for (u32 i = 0; i < ARRAY_SIZE(requests); i++)
        if (requests[i].cmd == cmd)
            return &requests[i];
    return NULL;
}

static long request_get(struct host_tty *t, const struct request *r, u64 arg)
{
    u8 buf[sizeof(struct termios2)] = { 0 };
    int err = host_ioctl(t->in.fd, r->cmd, buf, 0, r->size);

    if (err < 0)
        return err;
    if (r->cmd == TCGETS)
        settings_note(t, (const struct termios *)buf);
    return copy_out(UPTR(arg), buf, r->size);
}

static long request_set(struct host_tty *t, const struct request *r, u64 arg)
{
    u8 buf[sizeof(struct termios2)];
    int err = copy_in(buf, UPTR(arg), r->size);

    if (!err)
        err = host_ioctl(t->in.fd, r->cmd, buf, r->size, 0);
    if (!err && r->cmd != TIOCSWINSZ)
        (void)settings_fetch(t);                 /* only a hint                             */
    return err;
}

static long request_pass(struct host_tty *t, const struct request *r, u64 arg)
{
    int err = r->pass & PASS_CHANGE ? tty_access(&t->tty, SIGTTOU) : 0;

    if (err)
        return err;
    switch (r->pass & ~PASS_CHANGE) {
    case PASS_GET:
        return request_get(t, r, arg);
    case PASS_SET:
        return request_set(t, r, arg);
    }
    return host_ioctl_value(t->in.fd, r->cmd, (u32)arg);
}

/* What is not in the table is not for a program that shares the terminal with its user (TIOCSTI would
 * type at whoever comes after us). */
static long host_tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct host_tty *t = host_tty_of(f);
    const struct request *r = request_find(cmd);
    long result;

    if (tty_ioctl_job(&t->tty, TTY_USER, cmd, arg, &result))
        return result;
    return r ? request_pass(t, r, arg) : -ENOTTY;
}

/* ---- files ---- */

static int host_tty_getattr(struct file *f, struct stat *ret)
{
    const struct host_tty *t = host_tty_of(f);
    struct vattr a;
    int err;

    if (f->vnode) {
        err = vnode_getattr(f->vnode, &a);
        if (!err)
            stat_from_vattr(f->vnode, &a, ret);
        return err;
    }
    stat_anonymous(t->in.ino, S_IFCHR | 0620, ret);
    ret->st_rdev = t->rdev;
    return 0;
}

static void host_tty_release(struct file *f)
{
    tty_put(&host_tty_of(f)->tty);
}

static const struct file_ops host_tty_file_ops = {
    .kind = "tty",
    .stream = true,
    .read = host_tty_read,
    .read_wait = host_tty_read_wait,
    .write = host_tty_write,
    .ready = host_tty_ready,
    .host = host_tty_host,
    .ioctl = host_tty_ioctl,
    .getattr = host_tty_getattr,
    .release = host_tty_release,
};

static int host_tty_open(struct tty *tty, struct file *f)
{
    tty_get(tty);
    f->ops = &host_tty_file_ops;
    f->priv = container_of(tty, struct host_tty, tty);
    return 0;
}

int host_tty_new_file(struct host_tty *t, struct file **ret)
{
    int err = file_new(&host_tty_file_ops, t, O_RDWR, ret); /* as shells open it            */

    if (!err)
        tty_get(&t->tty);
    return err;
}

int host_tty_open_console(struct file *f)
{
    return terminals[0] ? host_tty_open(&terminals[0]->tty, f) : -ENXIO;
}

bool host_tty_is_console(const struct host_tty *t)
{
    return t == terminals[0];
}

/* ---- the terminal itself ---- */

/* Nothing to do: who else has it open are processes of the run, which ends with its first process. */
static void host_tty_hangup(struct tty *tty)
{
    (void)tty;
}

static void host_tty_free(struct tty *tty)
{
    struct host_tty *t = container_of(tty, struct host_tty, tty);

    kfree(t);
}

static const struct tty_ops host_tty_ops = {
    .open = host_tty_open,
    .hangup = host_tty_hangup,
    .free = host_tty_free,
};

static struct host_tty *host_tty_new(hfd fd, const struct stat *st)
{
    struct host_tty *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    tty_init_one(&t->tty, &host_tty_ops);
    t->rdev = st->st_rdev;
    stream_init(&t->in, fd, STREAM_READ | STREAM_WRITE, st);
    t->out = t->in;
    if (settings_fetch(t) < 0) {                 /* a character device, but no terminal     */
        stream_fini(&t->in);
        kfree(t);
        return NULL;
    }
    return t;
}

struct host_tty *host_tty_find(hfd fd, const struct stat *st)
{
    u32 i;

    if ((st->st_mode & S_IFMT) != S_IFCHR)
        return NULL;
    for (i = 0; i < TERMINALS_MAX && terminals[i]; i++) {
        struct host_tty *t = terminals[i];

        if (t->rdev != st->st_rdev)
            continue;
        if (t->out.waits)                        /* as given: 0 may be open for reading only */
            t->out.fd = fd;
        return t;
    }
    if (i == TERMINALS_MAX)
        return NULL;
    terminals[i] = host_tty_new(fd, st);
    return terminals[i];
}

void host_tty_attach_first(void)
{
    if (terminals[0])
        (void)tty_attach(&terminals[0]->tty, TTY_ATTACH_FREE); /* it goes without           */
}

bool host_tty_signal(int signo)
{
    struct tty *tty = terminals[0] ? &terminals[0]->tty : NULL;

    if (!tty || !tty_has_session(tty))
        return false;
    if (signo == SIGHUP)
        tty_hung_up(tty);
    else
        tty_signal(tty, signo);
    return true;
}
