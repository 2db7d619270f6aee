/* SPDX-License-Identifier: MIT */
/*
 * What happens to a call that has no handler.
 *
 * By default the process ends, as if by a SIGSYS that nothing can catch, after a message that
 * names the call: a program that quietly gets -ENOSYS may take a path that nobody tested.  With
 * UnhandledSyscallEnosys it gets -ENOSYS, and the log says so once per call.
 */
#include "abi/linux/errno.h"
#include "kernel/core/log.h"
#include "kernel/core/thread.h"
#include "kernel/proc/process.h"
#include "kernel/syscall/syscall.h"

bool syscall_unhandled_enosys;

/* Calls that have been logged, as bits.  Numbers without a slot share the last word, so that a
 * program that tries them all does not fill the log. */
static _Atomic u64 logged[(SYS_SLOTS + 63) / 64 + 1];

/* True for the first caller with this number. */
static bool log_first(unsigned long nr)
{
    unsigned long slot = sys_slot(nr);
    size_t word = slot < SYS_SLOTS ? slot / 64 : ARRAY_SIZE(logged) - 1;
    u64 bit = 1ull << (slot < SYS_SLOTS ? slot : nr) % 64;

    return !(__atomic_fetch_or(&logged[word], bit, __ATOMIC_RELAXED) & bit);
}

long syscall_unhandled(struct thread *self, unsigned long nr)
{
    const struct sys_info *info = sys_info_find(nr);
    pid_t pid = process_pid(self->proc);

    if (syscall_unhandled_enosys) {
        if (log_first(nr))
            klog(LOG_NOTICE, "unhandled syscall: %s%s(%lu): pid=%d tid=%d: ENOSYS",
                 info ? "SYS_" : "unknown", info ? info->name : "", nr, pid, self->tid);
        return -ENOSYS;
    }

    if (info)
        log_line("*** unhandled syscall: SYS_%s(%lu): pid=%d tid=%d", info->name, nr, pid,
                 self->tid);
    else
        log_line("*** unknown syscall: %lu: pid=%d tid=%d", nr, pid, self->tid);
    process_kill_unhandled(self);
    return -ENOSYS;
}
