/* SPDX-License-Identifier: MIT */
/* Stack switches of the inner half, and the frame in which the host runs signal handlers. */
#define GS_KERNEL_SP 8
#define FRAME_ROOM   192                         /* sizeof(struct pt_regs) and more         */
#define GS_HOST_SP   64                          /* thread_block.target[BLOCK_HOST_SP]      */

    .text

/* void inner_run(rdi = block, rsi = fn, rdx = arg, rcx = arg2) */
    .globl inner_run
    .hidden inner_run
    .type inner_run, @function
inner_run:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, GS_HOST_SP(%rdi)
    mov GS_KERNEL_SP(%rdi), %rsp
    sub $FRAME_ROOM, %rsp                        /* the register frame's place stays free   */
    and $-16, %rsp
    mov %rsi, %rax
    mov %rdx, %rdi
    mov %rcx, %rsi
    xor %ebp, %ebp
    call *%rax
    ud2
    .size inner_run, . - inner_run

/* void inner_leave(void): return from the inner_run() of this thread. */
    .globl inner_leave
    .hidden inner_leave
    .type inner_leave, @function
inner_leave:
    mov %gs:GS_HOST_SP, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret
    .size inner_leave, . - inner_leave

/* long inner_clone(rdi = flags, rsi = stack top, rdx = fn, rcx = arg) */
    .globl inner_clone
    .hidden inner_clone
    .type inner_clone, @function
inner_clone:
    and $-16, %rsi
    mov %rdx, -16(%rsi)                          /* the child finds them on its stack       */
    mov %rcx, -8(%rsi)
    sub $16, %rsi
    xor %edx, %edx
    xor %r10d, %r10d
    xor %r8d, %r8d
    mov $56, %eax                                /* clone                                   */
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  pop %rax
    pop %rdi
    xor %ebp, %ebp
    call *%rax
    ud2
    .size inner_clone, . - inner_clone

/* The restorer of our signal frames: rt_sigreturn from code above the boundary. */
    .globl inner_signal_return
    .hidden inner_signal_return
    .type inner_signal_return, @function
inner_signal_return:
    mov $15, %eax
    syscall
    .size inner_signal_return, . - inner_signal_return

    .section .note.GNU-stack, "", @progbits
