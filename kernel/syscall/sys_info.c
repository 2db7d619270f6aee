/* SPDX-License-Identifier: MIT */
/* What the machine is called and how it is doing. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/sysinfo.h"
#include "kernel/core/clock.h"
#include "kernel/core/commit.h"
#include "kernel/core/cred.h"
#include "kernel/core/thread.h"
#include "kernel/core/user.h"
#include "kernel/core/waitq.h"
#include "kernel/lib/string.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/proc/uts.h"
#include "kernel/syscall/syscall.h"

long sys_uname(struct thread *self, uptr buf)
{
    struct new_utsname names;

    (void)self;
    uts_get(&names);
    return copy_out_struct(buf, &names);
}

static long set_name(uptr name, size_t len, int (*set)(const char *name, size_t len))
{
    char text[UTS_NAME_MAX];

    if (!cred_has_cap(thread_self()->cred, CAP_SYS_ADMIN))
        return -EPERM;
    if (len > sizeof(text))
        return -EINVAL;
    if (copy_in(text, name, len))
        return -EFAULT;
    return set(text, len);
}

long sys_sethostname(struct thread *self, uptr hostname, size_t len)
{
    (void)self;
    return set_name(hostname, len, uts_set_nodename);
}

long sys_setdomainname(struct thread *self, uptr domain, size_t len)
{
    (void)self;
    return set_name(domain, len, uts_set_domainname);
}

long sys_sysinfo(struct thread *self, uptr info)
{
    struct sysinfo s;
    u64 used = commit_used(), limit = commit_limit();

    (void)self;
    memset(&s, 0, sizeof(s));
    s.uptime = (long)((clock_monotonic_ns() - clock_boot_ns()) / NSEC_PER_SEC);
    s.totalram = limit;
    s.freeram = limit > used ? limit - used : 0;
    s.procs = (u16)min_u64(thread_count_now(), UINT16_MAX);
    s.mem_unit = 1;
    return copy_out_struct(info, &s);
}

/* syslog(2)'s actions, which no UAPI header has. */
enum syslog_action {
    SYSLOG_CLOSE,
    SYSLOG_OPEN,
    SYSLOG_READ,
    SYSLOG_READ_ALL,
    SYSLOG_READ_CLEAR,
    SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF,
    SYSLOG_CONSOLE_ON,
    SYSLOG_CONSOLE_LEVEL,
    SYSLOG_SIZE_UNREAD,
    SYSLOG_SIZE_BUFFER,
};

static struct waitq nothing_to_read;             /* nobody wakes it                         */

/* syslog(2): the log goes to the host's stderr and is not kept, so it reads as empty. */
long sys_syslog(struct thread *self, int type, uptr buf, int len)
{
    if (!cred_has_cap(self->cred, CAP_SYSLOG) && !cred_has_cap(self->cred, CAP_SYS_ADMIN))
        return -EPERM;
    switch (type) {
    case SYSLOG_READ:
        if (!buf.addr || len < 0)
            return -EINVAL;
        if (!len)
            return 0;
        (void)!waitq_sleep(&nothing_to_read, waitq_ticket(&nothing_to_read), NO_DEADLINE);
        return -ERESTARTSYS;
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        return !buf.addr || len < 0 ? -EINVAL : 0;
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
    case SYSLOG_CLEAR:
    case SYSLOG_SIZE_UNREAD:
    case SYSLOG_SIZE_BUFFER:
        return 0;
    default:
        return -EINVAL;
    }
}

/* restart_syscall(2): where a call that was cut short by a stop goes on. */
long sys_restart_syscall(struct thread *self)
{
    struct restart_block *rb = restart_block(self);

    return rb->fn ? rb->fn(self, rb) : -EINTR;
}
