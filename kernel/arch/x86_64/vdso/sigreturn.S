/* SPDX-License-Identifier: MIT */
/*
 * Where a signal handler returns to.
 *
 * The kernel pushes this address below the frame; when the handler has returned, RSP points at the
 * struct ucontext.  Unwinders find their way by the CFI below: this is a signal frame ("S"), the
 * interrupted code's registers are in the ucontext, and its RIP is exact, not a return address.
 *
 * The FDE begins one byte early: an unwinder that does not know yet that it deals with a signal
 * frame looks one byte before the return address.
 */
#include "abi/linux/unistd.h"

/* Offsets of struct ucontext: uc_mcontext at 40, gregs in the order of struct sigcontext. */
#define UC_R8   40
#define UC_R9   48
#define UC_R10  56
#define UC_R11  64
#define UC_R12  72
#define UC_R13  80
#define UC_R14  88
#define UC_R15  96
#define UC_RDI  104
#define UC_RSI  112
#define UC_RBP  120
#define UC_RBX  128
#define UC_RDX  136
#define UC_RAX  144
#define UC_RCX  152
#define UC_RSP  160
#define UC_RIP  168

/* offsetof(struct vdso_data, kernel_entry): clock.c checks it */
#define DATA_KERNEL_ENTRY 40

#define DW_CFA_def_cfa_expression 0x0f
#define DW_CFA_expression         0x10
#define DW_OP_breg7               0x77      /* RSP + signed LEB128 */
#define DW_OP_deref               0x06

/* An offset as two bytes of signed LEB128; all of ours are in [0, 8192). */
#define LEB(off) ((off) & 0x7f) | 0x80, (off) >> 7

/* The interrupted register (DWARF number) is in the ucontext at off. */
.macro saved number, off
    .cfi_escape DW_CFA_expression, \number, 3, DW_OP_breg7, LEB(\off)
.endm

    .text
    .balign 64
    .cfi_startproc
    .cfi_signal_frame
    /* CFA: the interrupted RSP */
    .cfi_escape DW_CFA_def_cfa_expression, 4, DW_OP_breg7, LEB(UC_RSP), DW_OP_deref
    saved 0, UC_RAX
    saved 1, UC_RDX
    saved 2, UC_RCX
    saved 3, UC_RBX
    saved 4, UC_RSI
    saved 5, UC_RDI
    saved 6, UC_RBP
    saved 7, UC_RSP
    saved 8, UC_R8
    saved 9, UC_R9
    saved 10, UC_R10
    saved 11, UC_R11
    saved 12, UC_R12
    saved 13, UC_R13
    saved 14, UC_R14
    saved 15, UC_R15
    saved 16, UC_RIP
    nop

    .globl __vdso_rt_sigreturn
    .hidden __vdso_rt_sigreturn
    .type __vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
    mov $__NR_rt_sigreturn, %eax
0:  lea 1f(%rip), %rcx
    jmp *vdso_data + DATA_KERNEL_ENTRY(%rip)
    jmp 0b                                  /* as in clock.c: a restart continues here */
1:  ud2                                     /* rt_sigreturn does not come back */
    .cfi_endproc
    .size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

    .section .note.GNU-stack, "", @progbits
