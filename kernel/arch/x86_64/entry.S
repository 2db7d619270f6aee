/* SPDX-License-Identifier: MIT */
/*
 * The ways between user mode and the kernel.
 *
 * In: syscall_entry (a stub: EAX number, RCX where to resume, everything else the user's),
 * cpuid_entry (a stub in place of cpuid: RDX where to resume), trap_entry (a trapped instruction
 * that the target made look like a stub) and exception_entry (the target has stored the frame).
 * All run on the slot's kernel stack with a complete struct pt_regs at its top.  Nothing is ever
 * written to the user's stack.
 *
 * Out: exit_begin, with RSP at the frame.  [exit_begin, exit_end) is a restartable sequence: it
 * changes nothing but registers, so an interrupt in it continues at exit_begin with RSP at the
 * frame again (abi/image.h) and sees the work it brought.  The fast exit leaves what SYSRET leaves
 * (RCX, R11 lost); the full one restores every register and ends at exit_jump, where everything but
 * RIP is the user's already.
 *
 * GS offsets are those of struct thread_block, frame offsets those of struct pt_regs.
 */
#define GS_KERNEL_SP 8
#define GS_USER_SP   16
#define GS_EXIT_IP   24
#define GS_WORK      48
#define GS_FULL_EXIT 52

#define R15   0
#define R14   8
#define R13   16
#define R12   24
#define RBP   32
#define RBX   40
#define R11   48
#define R10   56
#define R9    64
#define R8    72
#define RAX   80
#define RCX   88
#define RDX   96
#define RSI   104
#define RDI   112
#define RIP   128
#define FLAGS 136
#define RSP   144

/* Flags that sahf cannot restore: TF, DF, AC, ID, NT. */
#define FLAGS_SLOW 0x244500
#define FLAG_AC    0x40000

    .text

/* A complete frame at the top of the kernel stack, then the C function.  Alignment checks are the
 * user's affair: the kernel uses unaligned words. */
.macro ENTER name, function, resume=%rcx, number=%rax
    .globl \name
    .hidden \name
    .type \name, @function
    .p2align 6
\name:
    mov %rsp, %gs:GS_USER_SP
    mov %gs:GS_KERNEL_SP, %rsp
    pushq %gs:GS_USER_SP
    pushfq
    push \resume
    push \number
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    testl $FLAG_AC, FLAGS(%rsp)
    jnz 2f
1:  mov %rsp, %rdi
    xor %ebp, %ebp
    call \function
    jmp exit_begin
2:  pushq $0x2
    popfq
    jmp 1b
    .size \name, . - \name
.endm

    ENTER syscall_entry, syscall_enter
    ENTER trap_entry, trap_enter
    ENTER cpuid_entry, cpuid_enter, %rdx, $-1

    .globl exception_entry
    .hidden exception_entry
    .type exception_entry, @function
exception_entry:
    xor %ebp, %ebp
    movl $1, %gs:GS_FULL_EXIT
    call exception_enter
    jmp exit_begin
    .size exception_entry, . - exception_entry

    .globl panic_entry
    .hidden panic_entry
    .type panic_entry, @function
panic_entry:
    and $-16, %rsp
    call kernel_fault
    ud2
    .size panic_entry, . - panic_entry

/* void enter_user(rdi = frame, at the top of the kernel stack) */
    .globl enter_user
    .hidden enter_user
    .type enter_user, @function
enter_user:
    mov %rdi, %rsp
    movl $1, %gs:GS_FULL_EXIT
    jmp exit_begin
    .size enter_user, . - enter_user

/* RSP at the frame. */
exit_work_call:
    mov %rsp, %rdi
    xor %ebp, %ebp
    call exit_work

    .globl exit_begin
    .hidden exit_begin
    .type exit_begin, @function
exit_begin:
    cmpq $0, %gs:GS_WORK                         /* work and full_exit                      */
    jne 3f
    mov FLAGS(%rsp), %rcx
    test $FLAGS_SLOW, %ecx
    jnz 4f
    /* Arithmetic flags from a register: OF by an addition, the others by sahf. */
    mov %rcx, %rax
    shr $11, %rax
    and $1, %eax
    mov %cl, %ah
    add $0x7f, %al
    sahf
1:  mov R15(%rsp), %r15
    mov R14(%rsp), %r14
    mov R13(%rsp), %r13
    mov R12(%rsp), %r12
    mov RBP(%rsp), %rbp
    mov RBX(%rsp), %rbx
    mov R10(%rsp), %r10
    mov R9(%rsp), %r9
    mov R8(%rsp), %r8
    mov RAX(%rsp), %rax
    mov RDX(%rsp), %rdx
    mov RSI(%rsp), %rsi
    mov RDI(%rsp), %rdi
    mov RIP(%rsp), %rcx
    mov RSP(%rsp), %rsp
    jmp *%rcx
4:  pushq FLAGS(%rsp)
    popfq
    jmp 1b
3:  cmpl $0, %gs:GS_WORK
    jne 5f
    /* The full exit. */
    mov RIP(%rsp), %rcx
    mov %rcx, %gs:GS_EXIT_IP
    pushq FLAGS(%rsp)
    popfq
    mov R15(%rsp), %r15
    mov R14(%rsp), %r14
    mov R13(%rsp), %r13
    mov R12(%rsp), %r12
    mov RBP(%rsp), %rbp
    mov RBX(%rsp), %rbx
    mov R11(%rsp), %r11
    mov R10(%rsp), %r10
    mov R9(%rsp), %r9
    mov R8(%rsp), %r8
    mov RAX(%rsp), %rax
    mov RCX(%rsp), %rcx
    mov RDX(%rsp), %rdx
    mov RSI(%rsp), %rsi
    mov RDI(%rsp), %rdi
    mov RSP(%rsp), %rsp
    movl $0, %gs:GS_FULL_EXIT
    .globl exit_end
    .hidden exit_end
exit_end:
    .globl exit_jump
    .hidden exit_jump
exit_jump:
    jmp *%gs:GS_EXIT_IP
5:  jmp exit_work_call
    .size exit_begin, . - exit_begin

    .section .note.GNU-stack, "", @progbits
