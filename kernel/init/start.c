/* SPDX-License-Identifier: MIT */
/*
 * The start of the kernel: every part in the order in which it may use those before it, then the
 * first process, and this thread becomes the service thread.
 *
 * It is the one folder that sees everything.
 */
#include "abi/image.h"
#include "abi/linux/errno.h"
#include "kernel/arch/x86_64/backtrace.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/cpuid.h"
#include "kernel/arch/x86_64/gates.h"
#include "kernel/arch/x86_64/user_copy.h"
#include "kernel/core/alloc.h"
#include "kernel/core/commit.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/fs/proc/proc_fs.h"
#include "kernel/host/host.h"
#include "kernel/host/timekeeper.h"
#include "kernel/init/init.h"
#include "kernel/lib/string.h"
#include "kernel/mm/mm.h"
#include "kernel/net/unix.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/process.h"
#include "kernel/proc/uts.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vfs/boot.h"

void kernel_start(const struct boot_params *bp, const struct target *t);

static int heap_commit(u64 addr, u64 len)
{
    return host_protect(addr, len, TARGET_PROT_READ | TARGET_PROT_WRITE);
}

/* What has no state of its own: the machine, memory, the log. */
static void machine_init(const struct boot_params *bp, const struct target *t)
{
    struct kernel_gates gates = {
        .thread_main = thread_main,
        .syscall_entry = syscall_entry,
        .trap_entry = trap_entry,
        .exception_entry = exception_entry,
        .panic_entry = panic_entry,
        .fault_fixup = user_fixup,
        .exit_begin = (u64)exit_begin,
        .exit_end = (u64)exit_end,
        .exit_jump = (u64)exit_jump,
    };
    struct thread_block *block = slot_block(bp, 0);

    if (host_init(t, bp, &gates))
        t->exit(PANIC_STATUS);
    panic_ops.backtrace = backtrace_log;
    backtrace_init(&bp->image, &bp->slot_area);
    log_threshold = (enum log_level)bp->log_level;
    assert(bp->version == BOOT_VERSION);
    if (host_random(&block->canary, sizeof(block->canary)))
        panic("no randomness");
    fpu_init(bp->xfeatures, bp->xsave_size);
    cpuid_init(bp->cpuid, bp->cpuid_count);
    commit_init(bp->memory_size);
    alloc_init(&bp->heap, heap_commit);
}

NORETURN static void start_fail(const char *what, int err)
{
    log_line("kernel: cannot start: %s: error %d", what, -err);
    host_exit(256 + err);
}

/* No canary: this function is where it changes. */
__attribute__((no_stack_protector)) void kernel_start(const struct boot_params *bp,
                                                      const struct target *t)
{
    int err;

    machine_init(bp, t);
    boot_time_note(bp);
    err = mm_init(bp, &(struct mm_entries){ (u64)syscall_entry, (u64)cpuid_entry });
    if (err)
        start_fail("memory", err);
    timekeeper_start(mm_vdso_data(), (u64)syscall_entry);
    err = vfs_init();
    if (err)
        start_fail("files", err);
    proc_net_ops.show_unix = unix_show;
    uts_init(bp);
    err = proc_init(bp);
    if (err)
        start_fail("processes", err);
    err = syscall_setup(&(struct syscall_options){
        .strace = bp->strace,
        .slots = bp->slots,
        .perf = bp->perf,
        .unhandled_enosys = bp->unhandled_enosys,
    });
    if (err)
        start_fail("system calls", err);
    err = exec_init(bp);
    if (err)
        start_fail("programs", err);
    init_first_process(bp);
    service_main();
}
