/* SPDX-License-Identifier: MIT */
/*
 * The processor: user segment bases, extended state, time stamp, and the ways into user mode.
 */
#pragma once
#include "kernel/arch/x86_64/frame.h"
#include "kernel/lib/types.h"

/* The user's FS base lives in the register: the kernel never uses FS. */
u64 fs_base_get(void);
void fs_base_set(u64 base);

u64 tsc_read(void);

/*
 * Extended state (x87, SSE, AVX, ...) belongs to the user and stays in the registers while the
 * kernel runs.  fpu_save() writes an XSAVE image (standard form, 64-byte aligned dst of
 * fpu_size() bytes, header included); fpu_restore() loads one that came from user memory into
 * kernel memory and may be hostile (it is made harmless in place): -EINVAL if its MXCSR is refused, the state is then
 * initial.  fpu_reset() is the state a new program starts with.
 */
u32 fpu_size(void);
u64 fpu_features(void);                          /* XCR0 bits saved                         */
void fpu_save(void *dst);
int fpu_restore(void *image) MUST_CHECK;
void fpu_reset(void);

/* What the boot parameters say: XCR0 bits in use and the size of their image. */
void fpu_init(u64 features, u32 size);

/* Leave for user mode with every register as in the frame.  regs->ip is an address that may be
 * executed (mm_resume_ip() has been asked).  Does not return; the kernel stack is given up. */
NORETURN void enter_user(struct pt_regs *regs);
