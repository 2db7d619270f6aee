/* SPDX-License-Identifier: MIT */
/* Pairs of terminals, shared by pty.c (opening, transfers, the end) and pty_ioctl.c. */
#pragma once
#include "kernel/core/mutex.h"
#include "kernel/core/waitq.h"
#include "kernel/dev/line.h"
#include "kernel/dev/pty.h"
#include "kernel/dev/tty.h"
#include "kernel/vfs/file.h"

struct pty {
    struct tty tty;
    u32 index;                                   /* [const] N of /dev/pts/N                 */
    struct mutex lock;
    struct line line;                            /* guarded by lock                         */
    struct winsize size;                         /* guarded by lock                         */
    u32 users;                                   /* guarded by lock: files that are not hung up */
    u32 hangups;                                 /* guarded by lock: users before are hung up */
    bool master_open, was_used;                  /* guarded by lock                         */
    bool name_locked, exclusive, packet;         /* guarded by lock                         */
    void *home;                                  /* [const] while master_open: devpts's     */
    struct waitq master_wait, user_wait;
};

/* A user's file remembers in pos how many hangups there had been when it was opened. */
static inline bool pty_file_is_hung_up(const struct pty *p, const struct file *f)
{
    return f->pos != p->hangups;
}

/* Send the signals and wake for the events that the line discipline has left; without locks. */
void pty_tell(struct pty *p, u64 signals);

long pty_master_ioctl(struct file *f, u32 cmd, u64 arg);
long pty_user_ioctl(struct file *f, u32 cmd, u64 arg);
