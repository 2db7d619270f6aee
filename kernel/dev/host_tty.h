/* SPDX-License-Identifier: MIT */
/*
 * The host's terminal.
 *
 * Characters, settings and the size of the window are the host's; who is in the foreground and whose
 * terminal it is are ours: to the host all of us are one process.  Its Ctrl-C arrives as a signal for
 * the run and goes to the foreground group inside.
 */
#pragma once
#include "abi/target.h"
#include "kernel/lib/types.h"

struct file;
struct host_tty;
struct stat;

/* If the host's descriptor fd (0 to 2, of which st was told) is a terminal: which one; else NULL.  The
 * same terminal on several descriptors is one.  For the start only: not reentrant. */
struct host_tty *host_tty_find(hfd fd, const struct stat *st);

/* An open file of it without a name. */
int host_tty_new_file(struct host_tty *t, struct file **ret) MUST_CHECK;

/* /dev/console is the first terminal found: device.open; -ENXIO. */
int host_tty_open_console(struct file *f);
bool host_tty_is_console(const struct host_tty *t);

/* The calling process, the first, gets the console as its terminal, if there is one. */
void host_tty_attach_first(void);

/* job_tty_ops.host_signal */
bool host_tty_signal(int signo);
