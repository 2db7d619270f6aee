/* SPDX-License-Identifier: MIT */
/* Waiting for children: wait4(2) and waitid(2) in one. */
#pragma once
#include "abi/linux/wait.h"
#include "kernel/core/thread.h"
#include "kernel/proc/usage.h"

enum wait_which { WAIT_ANY, WAIT_PID, WAIT_PGID, WAIT_PROCESS };

struct wait_request {
    enum wait_which which;
    pid_t id;                                    /* WAIT_PID, WAIT_PGID                     */
    struct process *process;                     /* WAIT_PROCESS: a pidfd's                 */
    u32 options;                                 /* WEXITED, WNOHANG ...                    */
};

struct wait_result {
    pid_t pid;                                   /* 0: nobody, with WNOHANG                 */
    u32 uid;
    int code;                                    /* CLD_*                                   */
    int status;                                  /* an exit status or a signal              */
    int wait_status;                             /* both, as wait4(2) encodes them          */
    struct usage usage;
};

/* 0, -ECHILD, -ERESTARTSYS. */
int process_wait(const struct wait_request *request, struct wait_result *ret) MUST_CHECK;
