/* SPDX-License-Identifier: MIT */
/*
 * Requests to pairs of terminals (ioctl_tty(2)).
 *
 * Settings and size are the pair's, whichever side asks.  Flushing and flow control are named from
 * where one stands: what a user's input is, is a master's output.
 */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/signal.h"
#include "kernel/core/cleanup.h"
#include "kernel/core/cred.h"
#include "kernel/core/user.h"
#include "kernel/dev/pty_int.h"
#include "kernel/lib/string.h"
#include "kernel/proc/job.h"
#include "kernel/vfs/fdtable.h"
#include "kernel/vfs/file.h"

/* ---- settings ---- */

/* B0 to B38400 are 0 to 15, what follows has CBAUDEX set and counts from 1. */
static u32 speed_of(u32 cflag, u32 told)
{
    static const u32 slow[] = { 0,   50,   75,   110,  134,  150,  200,   300,
                                600, 1200, 1800, 2400, 4800, 9600, 19200, 38400 };
    static const u32 fast[] = { 57600,   115200,  230400,  460800,  500000,
                                576000,  921600,  1000000, 1152000, 1500000,
                                2000000, 2500000, 3000000, 3500000, 4000000 };
    u32 code = cflag & CBAUD;

    if (code == BOTHER)
        return told;
    if (code & CBAUDEX)
        return fast[(code & ~CBAUDEX) - 1];
    return slow[code];
}

static void speeds_settle(struct termios2 *t)
{
    u32 in_code = t->c_cflag >> IBSHIFT & CBAUD;

    t->c_ospeed = speed_of(t->c_cflag, t->c_ospeed);
    t->c_ispeed = in_code ? speed_of(in_code, t->c_ispeed) : t->c_ospeed;
}

/* The three forms in which settings cross; struct termios2 begins with struct termios. */
enum form { FORM_TERMIO, FORM_TERMIOS, FORM_TERMIOS2 };

_Static_assert(offsetof(struct termios2, c_cc) == offsetof(struct termios, c_cc),
               "struct termios2 begins as struct termios");

static void termio_from(const struct termios2 *t, struct termio *ret)
{
    *ret = (struct termio){
        .c_iflag = (u16)t->c_iflag,
        .c_oflag = (u16)t->c_oflag,
        .c_cflag = (u16)t->c_cflag,
        .c_lflag = (u16)t->c_lflag,
        .c_line = t->c_line,
    };
    memcpy(ret->c_cc, t->c_cc, NCC);
}

/* The upper halves stay. */
static u32 low_half(u32 old, u16 low)
{
    return (old & 0xffff0000) | low;
}

static void termio_into(const struct termio *from, struct termios2 *t)
{
    t->c_iflag = low_half(t->c_iflag, from->c_iflag);
    t->c_oflag = low_half(t->c_oflag, from->c_oflag);
    t->c_cflag = low_half(t->c_cflag, from->c_cflag);
    t->c_lflag = low_half(t->c_lflag, from->c_lflag);
    t->c_line = from->c_line;
    memcpy(t->c_cc, from->c_cc, NCC);
}

static void settings_copy(struct pty *p, struct termios2 *ret)
{
    WITH_MUTEX(&p->lock);
    *ret = p->line.settings;
}

static long settings_get(struct pty *p, enum form form, uptr arg)
{
    struct termios2 t;
    struct termio old;

    settings_copy(p, &t);
    if (form == FORM_TERMIOS2)
        return copy_out_struct(arg, &t);
    if (form == FORM_TERMIOS)
        return copy_out(arg, &t, sizeof(struct termios));
    termio_from(&t, &old);
    return copy_out_struct(arg, &old);
}

static int settings_copy_in(struct termios2 *t, enum form form, uptr arg)
{
    struct termio old;
    int err;

    if (form == FORM_TERMIOS2)
        return copy_in_struct(t, arg);
    if (form == FORM_TERMIOS)
        return copy_in(t, arg, sizeof(struct termios));
    err = copy_in_struct(&old, arg);
    if (!err)
        termio_into(&old, t);
    return err;
}

enum when { SET_NOW, SET_AND_FLUSH };            /* output is never waited for: it has left */

static long settings_set(struct pty *p, enum form form, enum when when, uptr arg)
{
    struct termios2 t;
    int err;

    settings_copy(p, &t);
    err = settings_copy_in(&t, form, arg);
    if (err)
        return err;
    speeds_settle(&t);
    mutex_lock(&p->lock);
    if (when == SET_AND_FLUSH)
        line_flush_input(&p->line);
    line_set(&p->line, &t);
    mutex_unlock(&p->lock);
    pty_tell(p, 0);                              /* what can be read may have changed       */
    return 0;
}

/* ---- size ---- */

static long size_get(struct pty *p, u64 arg)
{
    struct winsize size;

    mutex_lock(&p->lock);
    size = p->size;
    mutex_unlock(&p->lock);
    return copy_out_struct(UPTR(arg), &size);
}

static long size_set(struct pty *p, u64 arg)
{
    struct winsize size;
    bool changed;
    int err = copy_in_struct(&size, UPTR(arg));

    if (err)
        return err;
    mutex_lock(&p->lock);
    changed = memcmp(&size, &p->size, sizeof(size)) != 0;
    p->size = size;
    mutex_unlock(&p->lock);
    if (changed)
        tty_signal(&p->tty, SIGWINCH);
    return 0;
}

/* ---- queues and flow ---- */

static long flush(struct pty *p, enum tty_side side, u64 queue)
{
    bool typed = queue != (side == TTY_USER ? TCOFLUSH : TCIFLUSH);
    bool shown = queue != (side == TTY_USER ? TCIFLUSH : TCOFLUSH);

    if (queue > TCIOFLUSH)
        return -EINVAL;
    mutex_lock(&p->lock);
    if (typed)
        line_flush_input(&p->line);
    if (shown)
        line_flush_output(&p->line);
    mutex_unlock(&p->lock);
    pty_tell(p, 0);
    return 0;
}

static long flow(struct pty *p, u64 action)
{
    if (action > TCION)
        return -EINVAL;
    mutex_lock(&p->lock);
    if (action == TCOOFF)
        line_stop(&p->line);
    else if (action == TCOON)
        line_start(&p->line);
    else
        line_send(&p->line, action == TCIOFF ? VSTOP : VSTART);
    mutex_unlock(&p->lock);
    pty_tell(p, 0);
    return 0;
}

static long waiting(struct pty *p, enum tty_side side, u64 arg)
{
    int n;

    mutex_lock(&p->lock);
    n = (int)(side == TTY_USER ? line_waiting(&p->line) : line_shown(&p->line));
    mutex_unlock(&p->lock);
    return copy_out_struct(UPTR(arg), &n);
}

/* TIOCSTI: as if typed; on one's own terminal only. */
static long type_char(struct pty *p, u64 arg)
{
    struct tty *own = job_tty();
    bool allowed = own == &p->tty || cred_has_cap(thread_self()->cred, CAP_SYS_ADMIN);
    u64 signals;
    u8 c;
    int err;

    tty_put(own);
    if (!allowed)
        return -EPERM;
    err = copy_in_struct(&c, UPTR(arg));
    if (err)
        return err;
    mutex_lock(&p->lock);
    err = line_room(&p->line) ? 0 : -EAGAIN;
    if (!err)
        line_input(&p->line, &c, 1);
    signals = p->line.signals;
    p->line.signals = 0;
    mutex_unlock(&p->lock);
    pty_tell(p, signals);
    return err;
}

/* ---- flags ---- */

static long flag_get(struct pty *p, const bool *flag, u64 arg)
{
    int on;

    mutex_lock(&p->lock);
    on = *flag;
    mutex_unlock(&p->lock);
    return copy_out_struct(UPTR(arg), &on);
}

static long flag_set(struct pty *p, bool *flag, u64 arg)
{
    int on;
    int err = copy_in_struct(&on, UPTR(arg));

    if (err)
        return err;
    mutex_lock(&p->lock);
    if (flag == &p->packet && on && !p->packet)
        p->line.events = 0;                      /* those before are nobody's               */
    *flag = on;
    mutex_unlock(&p->lock);
    return 0;
}

static long exclusive_set(struct pty *p, bool on)
{
    WITH_MUTEX(&p->lock);
    p->exclusive = on;
    return 0;
}

static long discipline_get(u64 arg)
{
    int n_tty = 0;

    return copy_out_struct(UPTR(arg), &n_tty);
}

static long discipline_set(u64 arg)
{
    int wanted;
    int err = copy_in_struct(&wanted, UPTR(arg));

    return err ? err : wanted ? -EINVAL : 0;
}

/* ---- requests of both sides ---- */

static bool changes_settings(u32 cmd)
{
    switch (cmd) {
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
    case TCSBRK:
    case TCSBRKP:
    case TCXONC:
    case TCFLSH:
        return true;
    }
    return false;
}

/* Long because it is one line per request. */
static long pty_ioctl(struct pty *p, enum tty_side side, u32 cmd, u64 arg)
{
    switch (cmd) {
    case TCGETS:
        return settings_get(p, FORM_TERMIOS, UPTR(arg));
    case TCGETS2:
        return settings_get(p, FORM_TERMIOS2, UPTR(arg));
    case TCGETA:
        return settings_get(p, FORM_TERMIO, UPTR(arg));
    case TCSETS:
    case TCSETSW:
        return settings_set(p, FORM_TERMIOS, SET_NOW, UPTR(arg));
    case TCSETSF:
        return settings_set(p, FORM_TERMIOS, SET_AND_FLUSH, UPTR(arg));
    case TCSETS2:
    case TCSETSW2:
        return settings_set(p, FORM_TERMIOS2, SET_NOW, UPTR(arg));
    case TCSETSF2:
        return settings_set(p, FORM_TERMIOS2, SET_AND_FLUSH, UPTR(arg));
    case TCSETA:
    case TCSETAW:
        return settings_set(p, FORM_TERMIO, SET_NOW, UPTR(arg));
    case TCSETAF:
        return settings_set(p, FORM_TERMIO, SET_AND_FLUSH, UPTR(arg));
    case TIOCGWINSZ:
        return size_get(p, arg);
    case TIOCSWINSZ:
        return size_set(p, arg);
    case FIONREAD:
        return waiting(p, side, arg);
    case TIOCOUTQ:
        return discipline_get(arg);              /* 0: what was written has left            */
    case TCFLSH:
        return flush(p, side, arg);
    case TCSBRK:
    case TCSBRKP:
        return 0;                                /* no line on which to send a break        */
    case TIOCSTI:
        return type_char(p, arg);
    case TIOCEXCL:
        return exclusive_set(p, true);
    case TIOCNXCL:
        return exclusive_set(p, false);
    case TIOCGEXCL:
        return flag_get(p, &p->exclusive, arg);
    case TIOCGETD:
        return discipline_get(arg);
    case TIOCSETD:
        return discipline_set(arg);
    }
    return -ENOTTY;
}

long pty_user_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct pty *p = f->priv;
    bool hung_up;
    long result;

    mutex_lock(&p->lock);
    hung_up = pty_file_is_hung_up(p, f);
    mutex_unlock(&p->lock);
    if (hung_up)
        return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
    if (tty_ioctl_job(&p->tty, TTY_USER, cmd, arg, &result))
        return result;
    result = changes_settings(cmd) ? tty_access(&p->tty, SIGTTOU) : 0;
    if (result)
        return result;
    return cmd == TCXONC ? flow(p, arg) : pty_ioctl(p, TTY_USER, cmd, arg);
}

/* ---- requests of the master ---- */

static long send_signal(struct pty *p, u64 signo)
{
    if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
        return -EINVAL;
    tty_signal(&p->tty, (int)signo);
    return 0;
}

static long number_get(struct pty *p, u64 arg)
{
    return copy_out_struct(UPTR(arg), &p->index);
}

static long peer_open(struct pty *p, u64 flags)
{
    AUTO(file_putp) struct file *f = NULL;
    int err = pty_home_ops.open_peer(p->home, (u32)flags, &f);

    return err ? err : fd_install(thread_self()->fds, f, (u32)flags);
}

long pty_master_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct pty *p = f->priv;
    long result;

    switch (cmd) {
    case TIOCGPTN:
        return number_get(p, arg);
    case TIOCGPTPEER:
        return peer_open(p, arg);
    case TIOCSPTLCK:
        return flag_set(p, &p->name_locked, arg);
    case TIOCGPTLCK:
        return flag_get(p, &p->name_locked, arg);
    case TIOCPKT:
        return flag_set(p, &p->packet, arg);
    case TIOCGPKT:
        return flag_get(p, &p->packet, arg);
    case TIOCSIG:
        return send_signal(p, arg);
    case TIOCSCTTY:
    case TIOCNOTTY:
        return -ENOTTY;                          /* the other side is a session's           */
    }
    if (tty_ioctl_job(&p->tty, TTY_MASTER, cmd, arg, &result))
        return result;
    return pty_ioctl(p, TTY_MASTER, cmd, arg);
}
