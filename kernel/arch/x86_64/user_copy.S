/* SPDX-License-Identifier: MIT */
/*
 * User memory, the part that may fault.
 *
 * Every faulting instruction has a row in the table at the end: where it is, and where to go on.
 * Small sizes use words because `rep movsb` takes 5 ns to start; both forms leave the number of
 * bytes that are left in RCX when they stop.
 */
    .section .rodata.fixup, "a", @progbits
    .balign 4
fixup_begin:

    .text

#define FIXUP(insn, target)                                                   \
    .pushsection .rodata.fixup, "a", @progbits;                               \
    .balign 4;                                                                \
    .long insn - .;                                                           \
    .long target - .;                                                         \
    .popsection

/* size_t user_copy(rdi = dst, rsi = src, rdx = len) */
    .globl user_copy
    .hidden user_copy
    .type user_copy, @function
user_copy:
    mov %rdx, %rcx
    cmp $256, %rcx
    jae 3f
1:  cmp $8, %rcx
    jb 2f
    .p2align 4
10: mov (%rsi), %rax
11: mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    sub $8, %rcx
    cmp $8, %rcx
    jae 10b
2:  test %rcx, %rcx
    jz 5f
20: movb (%rsi), %al
21: movb %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %rcx
    jmp 2b
3:  rep movsb
5:  mov %rcx, %rax
    ret
    .size user_copy, . - user_copy
/* A word that faults may reach into the bad page with its last bytes only: go on byte by byte. */
    FIXUP(10b, 2b)
    FIXUP(11b, 2b)
    FIXUP(20b, 5b)
    FIXUP(21b, 5b)
    FIXUP(3b, 5b)

/* size_t user_clear(rdi = dst, rsi = len) */
    .globl user_clear
    .hidden user_clear
    .type user_clear, @function
user_clear:
    mov %rsi, %rcx
    xor %eax, %eax
3:  rep stosb
5:  mov %rcx, %rax
    ret
    .size user_clear, . - user_clear
    FIXUP(3b, 5b)

/* int user_load(rdi = src, rsi = ret) */
    .globl user_load
    .hidden user_load
    .type user_load, @function
user_load:
1:  mov (%rdi), %eax
    mov %eax, (%rsi)
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    .size user_load, . - user_load
    FIXUP(1b, 2b)

/* int user_cmpxchg(rdi = addr, esi = old, edx = new, rcx = seen) */
    .globl user_cmpxchg
    .hidden user_cmpxchg
    .type user_cmpxchg, @function
user_cmpxchg:
    mov %esi, %eax
1:  lock cmpxchg %edx, (%rdi)
    mov %eax, (%rcx)
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    .size user_cmpxchg, . - user_cmpxchg
    FIXUP(1b, 2b)

/* u64 user_fixup(rdi = ip): looks at constants only, so that a fault handler may call it. */
    .globl user_fixup
    .hidden user_fixup
    .type user_fixup, @function
user_fixup:
    lea fixup_begin(%rip), %rdx
    lea fixup_end(%rip), %rcx
1:  cmp %rcx, %rdx
    jae 2f
    movslq (%rdx), %rax
    add %rdx, %rax
    cmp %rdi, %rax
    je 3f
    add $8, %rdx
    jmp 1b
2:  xor %eax, %eax
    ret
3:  movslq 4(%rdx), %rax
    lea 4(%rdx, %rax), %rax
    ret
    .size user_fixup, . - user_fixup

    .section .rodata.fixup, "a", @progbits
    .balign 4
    .type fixup_end, @object
fixup_end:

    .section .note.GNU-stack, "", @progbits
