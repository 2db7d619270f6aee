/* SPDX-License-Identifier: MIT */
/*
 * Address spaces.
 *
 * One address space for everything: a virtual range is its memory.  A struct mm is the set of
 * mappings that one process sees, an address-ordered map of ranges; the free ranges of the arena
 * and of the low area are one map for all.  Commit, decommit and protection go to the target.
 *
 * Rules: a page handed to a process is zero; executable pages of files pass through the patcher
 * before they run; exhaustion is -ENOMEM to whoever asked.  vfork children share their parent's
 * mm by reference until they exec.
 */
#pragma once
#include "abi/image.h"
#include "kernel/core/refcount.h"
#include "kernel/lib/types.h"

struct file;
struct mm;
struct pt_regs;
struct strbuf;
struct vdso_data;

/* Boot: ranges user memory may come from, and the rest of the boot parameters that matter; where
 * stubs enter the kernel (arch/x86_64/gates.h). */
struct mm_entries {
    u64 syscall, cpuid;
};
int mm_init(const struct boot_params *bp, const struct mm_entries *entries) MUST_CHECK;

struct mm *mm_new(void);                         /* NULL: no memory                         */
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm);                      /* the last unmaps everything              */
bool mm_is_shared(const struct mm *mm);          /* by another process (vfork), or looked at */
u64 mm_id(const struct mm *mm);                  /* for futex keys                          */

/* RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK and RLIMIT_MEMLOCK of the calling process: bytes, or
 * UINT64_MAX.  proc/ fills it in; nobody is limited before. */
struct mm_limit_ops {
    u64 (*limit)(u32 resource);
};
extern struct mm_limit_ops mm_limit_ops;

/* May only the calling thread run code of mm now, and will that stay so while it is in the kernel?
 * proc/ fills it in; false before.  Lets more kinds of system-call sites be rewritten. */
struct mm_thread_ops {
    bool (*single_threaded)(struct mm *mm);
};
extern struct mm_thread_ops mm_thread_ops;

/* What exec(2) and /proc tell and ask. */
struct mm_layout {
    u64 code_lo, code_hi, data_lo, data_hi, brk_lo, stack_lo, stack_hi;
    u64 arg_lo, arg_hi, env_lo, env_hi, auxv_lo, auxv_hi;
};
struct mm_layout *mm_layout(struct mm *mm);      /* guarded by nobody: set by exec only     */

/* The program that runs in mm, for /proc/[pid]/exe.  Set takes a reference; get returns a new one
 * or NULL.  mm_put() drops it. */
void mm_set_exe(struct mm *mm, struct file *exe);
struct file *mm_exe(struct mm *mm);

struct map_request {
    u64 addr;                                    /* hint, or the place with MAP_FIXED       */
    u64 len;                                     /* bytes, not 0                            */
    u32 prot, flags;                             /* PROT_*, MAP_*                           */
    struct file *file;                           /* NULL: anonymous                         */
    u64 offset;
    const char *label;                           /* "[stack]", "[heap]"; NULL: none         */
};

/* mmap(2): the address or -errno.  The caller has checked nothing but the descriptor. */
s64 mm_map(struct mm *mm, const struct map_request *r) MUST_CHECK;
int mm_unmap(struct mm *mm, u64 addr, u64 len);
int mm_protect(struct mm *mm, u64 addr, u64 len, u32 prot);
s64 mm_remap(struct mm *mm, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr);
int mm_advise(struct mm *mm, u64 addr, u64 len, int advice);
s64 mm_brk(struct mm *mm, u64 addr);

/* mlock(2), munlock(2); mlockall(2).  MM_LOCK_NONE changes nothing that is mapped now. */
enum mm_lock_how { MM_LOCK, MM_LOCK_ON_FAULT, MM_UNLOCK, MM_LOCK_NONE };
int mm_lock_memory(struct mm *mm, u64 addr, u64 len, enum mm_lock_how how);
int mm_lock_all(struct mm *mm, enum mm_lock_how how, bool future);

/* mincore(2): one byte a page, 1 if it has memory.  -ENOMEM: part of it is not mapped. */
int mm_residency(struct mm *mm, u64 addr, u8 *ret, u64 pages);

/* msync(2) */
int mm_sync(struct mm *mm, u64 addr, u64 len, u32 flags);

/* Addresses for an image that will be filled with MAP_FIXED pieces, so that they lie together:
 * aligned to align (a power of two), at hint exactly if that is not 0.  What is not filled looks
 * unmapped, but nobody else gets it.  The address, or -ENOMEM. */
s64 mm_reserve(struct mm *mm, u64 hint, u64 len, u64 align) MUST_CHECK;

/* 0 if [addr, addr + len) is mapped in mm with at least prot, else -EFAULT. */
int mm_check(struct mm *mm, u64 addr, u64 len, u32 prot);

/* A page fault of the calling thread at addr: 0 if the access may be retried, else the signal to
 * send and *si_code.  error: PF_* bits. */
int mm_fault(struct mm *mm, u64 addr, u32 error, int *ret_si_code);

/*
 * System-call sites (design: interception).
 *
 * mm_trap(): the system-call instruction at insn has trapped, with number nr; rewrite it if that
 * is allowed now.  Returns where the program goes on behind it.
 * mm_original_ip(): the original address for an address that may lie in a stub.
 * mm_resume_ip(): where an original address runs now.
 */
u64 mm_trap(struct mm *mm, u64 insn, u64 nr);
u64 mm_original_ip(struct mm *mm, u64 ip);
u64 mm_resume_ip(struct mm *mm, u64 ip);
bool mm_is_cpuid_site(struct mm *mm, u64 ip);

/* Where user code finds our vDSO and the signal trampoline in it; and the page of data that it
 * reads, a struct vdso_data, which the kernel may write to. */
u64 mm_vdso_base(const struct mm *mm);
u64 mm_vdso_sigreturn(const struct mm *mm);
struct vdso_data *mm_vdso_data(void);

/* /proc: totals in bytes, and the lines of maps and smaps. */
struct mm_usage {
    u64 mapped, committed, data, stack, text, shared, locked, peak_committed;
};
void mm_usage_get(struct mm *mm, struct mm_usage *ret);
enum mm_maps { MM_MAPS, MM_SMAPS };
int mm_show_maps(struct mm *mm, struct strbuf *dst, enum mm_maps how); /* -ENOMEM: cut      */

/* Read another process's memory for /proc and process_vm_readv: bytes copied or -EFAULT/-EIO. */
ssize_t mm_peek(struct mm *mm, u64 addr, void *dst, size_t len);
ssize_t mm_poke(struct mm *mm, u64 addr, const void *src, size_t len);
