/* SPDX-License-Identifier: MIT */
/*
 * The safety net below code patching: which host mechanism traps system calls of user code.
 *
 * All user code lies below LINUX_BOUNDARY and all host code above, so each mechanism compares one
 * address and none needs a selector byte.  They are tried on the first thread and switched off
 * again; threads that run user code arm their own (inner/thread.c).  A seccomp filter cannot be
 * taken back and is inherited, so it is installed here once and for all.  Every error means "not
 * available": old kernels say EINVAL, kernels that forbid it EPERM.
 */
#include "targets/linux/inner/inner.h"
#include "targets/linux/outer.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

enum { PR_SUD = 59, PR_SUD_OFF = 0, PR_SUD_ON = 1, PR_SUD_INCLUSIVE = 2 };

static bool sud_works(int mode, u64 offset, u64 len)
{
    if (prctl(PR_SUD, mode, offset, len, 0))
        return false;
    return !prctl(PR_SUD, PR_SUD_OFF, 0, 0, 0);
}

static bool seccomp_install(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LINUX_BOUNDARY >> 32, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int trap_choose(enum interception wanted)
{
    bool any = wanted == INTERCEPT_AUTO || wanted == INTERCEPT_TRAP;

    if ((any || wanted == INTERCEPT_SUD) &&
        sud_works(PR_SUD_ON, LINUX_BOUNDARY, (1ull << 47) - LINUX_BOUNDARY)) {
        inner.trap = TRAP_SUD_RANGE;
        return 0;
    }
    if ((any || wanted == INTERCEPT_SUD_INCLUSIVE) &&
        sud_works(PR_SUD_INCLUSIVE, 0, LINUX_BOUNDARY)) {
        inner.trap = TRAP_SUD_INCLUSIVE;
        return 0;
    }
    if ((any || wanted == INTERCEPT_SECCOMP) && seccomp_install()) {
        inner.trap = TRAP_SECCOMP;
        return 0;
    }
    return outer_error("this kernel offers no way to intercept system calls (%s): %s",
                       any ? "tried user dispatch and seccomp" : "as asked for", strerror(errno));
}
