/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals: pairs of a master, which a program such as sshd(8) or script(1) holds, and a
 * terminal for others, which has a name in /dev/pts (pty(7)).
 *
 * A pair is made by opening /dev/ptmx.  Who gives it a number and a name is fs/devpts (struct
 * pty_home_ops).
 */
#pragma once
#include "kernel/lib/types.h"

struct file;
struct pty;

/* What pty.c needs from fs/devpts, which fills it in. */
struct pty_home_ops {
    /* f is an open of device 5:2, found in f->dir: make a pair, pty_new(). */
    int (*open)(struct file *f);
    /* The master of that pair was closed: its name goes.  Consumes home. */
    void (*closed)(void *home);
    /* TIOCGPTPEER: open the other side as by its name. */
    int (*open_peer)(void *home, u32 flags, struct file **ret);
};
extern struct pty_home_ops pty_home_ops;

/* A new pair, with f as its open master.  home is handed back when f is closed.  ret: a reference for
 * whoever keeps the name. */
int pty_new(u32 index, void *home, struct file *f, struct pty **ret) MUST_CHECK;
void pty_put(struct pty *p);

/* vnode_ops.open of the name: -EIO (the master is closed, or the name is still locked), -EBUSY. */
int pty_open(struct pty *p, struct file *f);

/* Device 5:2. */
int ptmx_open(struct file *f, u32 minor);
