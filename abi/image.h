/* SPDX-License-Identifier: MIT */
/*
 * How a target starts the kernel: the layout of the reserved range, the parameters at entry, and
 * the entry points that the kernel hands back.
 *
 * The loader places the kernel image at the address it likes inside the reserved range and
 * applies its R_X86_64_RELATIVE relocations (the place is fixed by the layout, so on SGX the
 * relocated bytes are what is measured); then it calls the image's ELF entry,
 *
 *     void kernel_start(const struct boot_params *, const struct target *);
 *
 * on slot 0's kernel stack with GS at slot 0's thread block.  It does not return.
 *
 * A slot is SLOT_SIZE bytes:   | guard page | kernel stack ... | thread block (last 256 bytes) |
 */
#pragma once
#include "abi/target.h"
#include "abi/thread_block.h"

enum {
    BOOT_VERSION = 1,
    SLOT_SIZE = 64 * 1024,
    KERNEL_STACK_TOP_GAP = 256 + 64,             /* thread block, and room to align         */
};

/* Address ranges are [lo, hi), page-aligned. */
struct range {
    u64 lo, hi;
};

struct strace_config;

struct boot_module {
    const void *data;                            /* read-only, stays for ever               */
    u64 size;
};

enum boot_rootfs { BOOT_ROOTFS_CPIO, BOOT_ROOTFS_HOSTFS, BOOT_ROOTFS_EXT2 };
enum { BOOT_MOUNTS_MAX = 64 };

struct boot_mount {
    const char *source, *target, *type, *flags;
};

/* The processor as user code may see it: answers of cpuid, fixed at start and checked there. */
struct boot_cpuid {
    u32 leaf, subleaf;                           /* subleaf UINT32_MAX: any                 */
    u32 eax, ebx, ecx, edx;
};

/* One identity of the host and what it is inside. */
struct boot_id {
    u32 host, inside;
};

struct boot_params {
    u32 version;                                 /* BOOT_VERSION                            */
    u32 slots;                                   /* thread slots in slot_area               */

    struct range image;                          /* the kernel                              */
    struct range slot_area;                      /* slots * SLOT_SIZE                       */
    struct range heap;                           /* kernel memory, not committed yet        */
    struct range low;                            /* for programs linked at fixed addresses  */
    struct range arena;                          /* all other user memory                   */
    u64 memory_size;                             /* bytes that may be committed             */

    struct boot_module crt;                      /* the C runtime: an ELF shared object     */
    struct boot_module rootfs;                   /* cpio archive (BOOT_ROOTFS_CPIO)         */
    enum boot_rootfs rootfs_kind;
    const char *rootfs_source;                   /* host path of a hostfs or ext2 root      */
    const struct boot_mount *mounts;
    u32 mount_count;

    const char *const *argv;                     /* argv[0] is the program's path; NULL ends */
    const char *const *envp;
    const char *cwd;                             /* NULL: "/"                               */
    const char *hostname;                        /* NULL: "TEE"                             */

    u64 main_stack_size, thread_stack_size;      /* bytes; 0: default                       */
    u32 max_affinity_cpus;                       /* 0: no limit                             */
    u32 host_cpus;                               /* as the host counts them                 */
    const struct boot_id *uid_map, *gid_map;     /* identities on hostfs                    */
    u32 uid_count, gid_count;
    bool nobrk, exec_stack, host_uds, unhandled_enosys, debug, host_stdin, perf, etrace, ttrace;
    bool memcheck, native_tids;
    bool patch_eager, patch_lazy;                /* rewriting of system-call sites          */
    bool stderr_is_tty;
    u8 log_level;                                /* enum log_level                          */
    const char *fork_mode;                       /* NULL: "none"                            */
    const struct strace_config *strace;          /* kernel/syscall/strace.h; NULL: off      */
    const struct boot_cpuid *cpuid;
    u32 cpuid_count;
    u32 xsave_size;                              /* bytes of an XSAVE image of xfeatures    */
    u64 xfeatures;                               /* XCR0 bits that user code may use        */
    u64 hwcap, hwcap2;                           /* AT_HWCAP, AT_HWCAP2                     */
    hfd signals;                                 /* signalfd_siginfo records of the host's  */
    u64 user_va_limit;                           /* AT_* and /proc: first address not ours  */
};

enum exception_vector {
    EXC_DIVIDE = 0,
    EXC_DEBUG = 1,
    EXC_BREAKPOINT = 3,
    EXC_OVERFLOW = 4,
    EXC_BOUND = 5,
    EXC_INVALID_OPCODE = 6,
    EXC_STACK = 12,
    EXC_PROTECTION = 13,
    EXC_PAGE_FAULT = 14,
    EXC_X87 = 16,
    EXC_ALIGNMENT = 17,
    EXC_SIMD = 19,
    EXC_INTERRUPT = 256,                         /* target.interrupt() got through          */
};

enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_FETCH = 16 };

/* What a target knows about an exception in user mode. */
struct exception {
    u32 vector;                                  /* enum exception_vector                   */
    u32 error;                                   /* page fault: PF_* bits                   */
    u64 addr;                                    /* page fault: the address                 */
};

/*
 * The kernel's entry points, for the target's inner half.
 *
 * thread_main runs on the slot's kernel stack below the place of the register frame, which is the
 * last sizeof(struct pt_regs) bytes under thread_block.kernel_sp.
 *
 * An exception or interrupt in user mode: store the user's registers as a struct pt_regs (ip the
 * interrupted instruction, orig_ax -1) at slot top (thread_block.kernel_sp - sizeof(pt_regs)),
 * keep the extended state in the registers, and continue at exception_entry with RSP and RDI at
 * that frame, RSI at a struct exception of the target's, RFLAGS clean.
 *
 * While RIP is in [exit_begin, exit_end) of the kernel, an interrupt must restart the exit:
 * RSP = kernel_sp - sizeof(pt_regs), RIP = exit_begin (see arch/x86_64/entry.S).
 *
 * At exit_jump all registers but RIP are the user's already: user mode, at thread_block.exit_ip.
 *
 * Elsewhere in the kernel an interrupt is ignored (thread_block.work is set already, the exit
 * looks at it), and a fault asks fault_fixup: the new RIP, or 0 if the kernel is broken; then
 * continue at panic_entry with RDI = RIP, RSI = the struct exception, RDX = RBP.
 */
struct kernel_gates {
    void (*thread_main)(u64 cookie);
    void (*syscall_entry)(void);                 /* the stub contract: eax nr, rcx resume   */
    void (*trap_entry)(void);                    /* the same, by a trap at rcx - 2          */
    void (*exception_entry)(void);
    void (*panic_entry)(void);
    u64 (*fault_fixup)(u64 ip);                  /* async-safe: looks at constants only     */
    u64 exit_begin, exit_end, exit_jump;
};

static inline u64 slot_base(const struct boot_params *bp, u64 cookie)
{
    return bp->slot_area.lo + cookie * SLOT_SIZE;
}

static inline struct thread_block *slot_block(const struct boot_params *bp, u64 cookie)
{
    return (struct thread_block *)(slot_base(bp, cookie) + SLOT_SIZE - sizeof(struct thread_block));
}

/* The first byte above the kernel stack of a slot; RSP is 16-byte aligned at the call of
 * syscall_enter() because sizeof(struct pt_regs) is 152 = 8 modulo 16. */
static inline u64 slot_kernel_sp(const struct boot_params *bp, u64 cookie)
{
    return slot_base(bp, cookie) + SLOT_SIZE - KERNEL_STACK_TOP_GAP - 8;
}
