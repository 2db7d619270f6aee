/* SPDX-License-Identifier: MIT */
/* The names of the machine: see uts.h.  Locks: lock, a leaf. */
#include "kernel/proc/uts.h"
#include "abi/image.h"
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/sysinfo.h"
#include "kernel/core/cred.h"
#include "kernel/core/spinlock.h"
#include "kernel/core/thread.h"
#include "kernel/lib/string.h"

static struct spinlock lock;
static struct new_utsname uts = {
    /* guarded by lock: nodename, domainname */
    .sysname = "Linux",          .nodename = "TEE",   .release = "5.4.0",
    .version = "Mystikos 1.0.0", .machine = "x86_64", .domainname = "(none)",
};

void uts_init(const struct boot_params *bp)
{
    if (bp->hostname)
        (void)str_copy(uts.nodename, bp->hostname, sizeof(uts.nodename)); /* cut at 64      */
}

void uts_get(struct new_utsname *ret)
{
    WITH_SPINLOCK(&lock);
    *ret = uts;
}

void uts_nodename(char ret[UTS_NAME_MAX + 1])
{
    WITH_SPINLOCK(&lock);
    memcpy(ret, uts.nodename, UTS_NAME_MAX + 1);
}

static int name_set(char *field, const char *name, size_t len)
{
    if (!cred_has_cap(thread_self()->cred, CAP_SYS_ADMIN))
        return -EPERM;
    if (len > UTS_NAME_MAX)
        return -EINVAL;
    WITH_SPINLOCK(&lock);
    memset(field, 0, UTS_NAME_MAX + 1);
    memcpy(field, name, len);
    return 0;
}

int uts_set_nodename(const char *name, size_t len)
{
    return name_set(uts.nodename, name, len);
}

int uts_set_domainname(const char *name, size_t len)
{
    return name_set(uts.domainname, name, len);
}
