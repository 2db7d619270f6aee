/* SPDX-License-Identifier: MIT */
/*
 * struct target for the linux target: memory, clocks, randomness, the end; the table itself.
 *
 * TRUSTED means nothing here: the target promises no protection and says so at start.
 */
#include "targets/linux/inner/inner.h"
#include "targets/linux/inner/raw.h"

#include <asm/errno.h>
#include <linux/membarrier.h>
#include <linux/mman.h>
#include <linux/time_types.h>

static int target_attach(const struct kernel_gates *gates)
{
    inner.gates = *gates;
    return inner_signals_install();
}

static int target_protect(void *addr, size_t len, u32 prot)
{
    int host_prot = (prot & TARGET_PROT_READ ? PROT_READ : 0) |
                    (prot & TARGET_PROT_WRITE ? PROT_WRITE : 0) |
                    (prot & TARGET_PROT_EXEC ? PROT_EXEC : 0);

    return (int)raw3(__NR_mprotect, addr, len, host_prot);
}

static int target_discard(void *addr, size_t len)
{
    return (int)raw3(__NR_madvise, addr, len, MADV_DONTNEED);
}

static int target_sync_cores(void)
{
    return (int)raw3(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

static void __attribute__((noreturn)) target_exit(int status)
{
    for (;;)
        (void)raw1(__NR_exit_group, status);
}

/* Linux's clock id for the CPU time of one thread (CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED); 0: the
 * slot has no host thread. */
static u32 clock_of_slot(u32 cookie)
{
    u32 tid = cookie < inner.bp->slots ? inner.threads[cookie].tid : 0;

    return tid ? ~tid << 3 | 6 : 0;
}

static int target_clock(u32 clock_id, u64 *ret_ns)
{
    bool asked_for_slot = clock_id & TARGET_CLOCK_OF_SLOT;
    struct __kernel_timespec ts;

    if (asked_for_slot)
        clock_id = clock_of_slot(clock_id & ~TARGET_CLOCK_OF_SLOT);
    if (!clock_id && asked_for_slot)
        return -EINVAL;
    long err = inner.vdso_clock_gettime ? inner.vdso_clock_gettime((int)clock_id, &ts)
                                        : raw2(__NR_clock_gettime, clock_id, &ts);

    if (!err)
        *ret_ns = (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
    return (int)err;
}

static int target_random(void *dst, size_t len)
{
    u8 *at = dst;

    while (len) {
        long n = raw3(__NR_getrandom, at, len, 0);

        if (n == -EINTR)
            continue;
        if (n < 0)
            return (int)n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int no_report(const u8 data[64], void *dst, size_t *len)
{
    (void)data;
    (void)dst;
    (void)len;
    return -EINVAL;
}

static int no_seal_key(u32 policy, const u8 id[32], u8 key[32])
{
    (void)policy;
    (void)id;
    (void)key;
    return -EINVAL;
}

const struct target linux_target = {
    .name = "linux",
    .flags = TARGET_TSC,
    .attach = target_attach,
    .protect = target_protect,
    .discard = target_discard,
    .sync_cores = target_sync_cores,
    .thread_create = inner_thread_create,
    .thread_exit = inner_thread_exit,
    .park = inner_park,
    .unpark = inner_unpark,
    .interrupt = inner_interrupt,
    .set_affinity = inner_set_affinity,
    .exit = target_exit,
    .clock = target_clock,
    .random = target_random,
    .report = no_report,
    .quote = no_report,
    .seal_key = no_seal_key,
    .call = inner_call,
    .poll = inner_poll,
};
