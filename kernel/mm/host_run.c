/* SPDX-License-Identifier: MIT */
/*
 * Telling the host about protections: neighbours that get the same one share a call.
 */
#include "abi/linux/errno.h"
#include "kernel/core/log.h"
#include "kernel/host/host.h"
#include "kernel/mm/mm_int.h"

int host_run_end(struct host_run *run)
{
    struct host_run done = *run;

    *run = (struct host_run){ 0 };
    if (done.lo == done.hi)
        return 0;
    return host_protect(done.lo, done.hi - done.lo, done.prot) ? -ENOMEM : 0;
}

int host_run_add(struct host_run *run, u64 lo, u64 hi, u32 prot)
{
    int err;

    if (run->hi != lo || run->prot != prot) {
        err = host_run_end(run);
        if (err)
            return err;
        run->lo = lo;
        run->prot = prot;
    }
    run->hi = hi;
    return 0;
}

void mm_grant_again_locked(struct mm *mm, u64 lo, u64 hi)
{
    for (mappings_in(m, mm, lo, hi))
        if (mapping_is_own(m) && host_protect(mapping_lo(m), mapping_size(m), mapping_host_prot(m)))
            klog(LOG_WARN, "the host has lost the protection of %llx-%llx",
                 (unsigned long long)mapping_lo(m), (unsigned long long)m->hi);
}
