/* SPDX-License-Identifier: MIT */
/*
 * SIGIO: the signal that a file with O_ASYNC sends to its owner when it becomes ready (fcntl(2),
 * F_SETOWN and F_SETSIG).
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "kernel/core/cleanup.h"
#include "kernel/proc/job.h"
#include "kernel/proc/proc_int.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sigio.h"
#include "kernel/proc/signal.h"
#include "kernel/vfs/file.h"

static int sigio_number(const struct file *f)
{
    return f->owner_sig ? f->owner_sig : SIGIO;
}

/* Only a signal chosen by F_SETSIG says which descriptor it is about. */
static siginfo_t sigio_info(const struct file *f, u32 events)
{
    siginfo_t info = { 0 };

    siginfo_kernel(&info, sigio_number(f));
    if (!f->owner_sig)
        return info;
    info.si_code = events & POLLIN ? POLL_IN : events & POLLOUT ? POLL_OUT : POLL_HUP;
    info.si_band = events;
    info.si_fd = f->owner_fd;
    return info;
}

static int send_to_thread(struct thread *t, void *arg)
{
    return signal_send_thread(t, arg);
}

static int nothing(struct thread *t, void *arg)
{
    (void)t;
    (void)arg;
    return 0;
}

/* Nobody hears about an owner that is gone, nor about a full queue. */
static void sigio_send(struct file *f, u32 events)
{
    AUTO(process_putp) struct process *p = NULL;
    siginfo_t info = sigio_info(f, events);

    switch (f->owner_type) {
    case F_OWNER_TID:
        (void)!thread_with(f->owner_pid, send_to_thread, &info);
        break;
    case F_OWNER_PID:
        p = process_find(f->owner_pid);
        if (p)
            (void)signal_send_process(p, &info);
        break;
    case F_OWNER_PGRP:
        (void)job_signal(f->owner_pid, sigio_number(f));
        break;
    }
}

static int sigio_check(u32 type, s32 pid)
{
    AUTO(process_putp) struct process *p = NULL;

    if (type == F_OWNER_TID)
        return thread_with(pid, nothing, NULL);
    if (type == F_OWNER_PGRP)
        return job_kill(pid, &(siginfo_t){ 0 }) == -ESRCH ? -ESRCH : 0;
    p = process_find(pid);
    return p ? 0 : -ESRCH;
}

void sigio_init(void)
{
    file_signal_ops.send_owner = sigio_send;
    file_signal_ops.owner_check = sigio_check;
}
