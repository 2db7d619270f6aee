/* SPDX-License-Identifier: MIT */
/*
 * Functions with one system call each, for every shape and every kind of instruction that moves.
 *
 * Written in assembly; the label _insn is the system call, _start where the sample is entered.
 * They are copied to the arena as they are, so whatever they refer to is inside them.
 */
#include "kernel/arch/x86_64/patch.h"
#include "kernel/arch/x86_64/test_patch_run.h"

/* SAMPLE_NR: getppid, because no argument and no state matters to it */
#define GETPPID "110"

#define SAMPLE(name, text)                                                                         \
    extern const u8 name##_begin[], name##_start[], name##_insn[], name##_end[];                   \
    __asm__(".pushsection .rodata\n .balign 64\n" #name "_begin:\n" text "\n" #name "_end:\n"      \
            ".popsection\n")

/* Leaves 64 bytes of plain code before whatever follows. */
#define FILL ".rept 8\n mov %rdi,%rdi\n lea 0(%rsi),%rsi\n mov %r12d,%r12d\n .endr\n"

SAMPLE(p7, "p7_start:\n" FILL "mov $" GETPPID ",%eax\n p7_insn: syscall\n ret\n");

SAMPLE(c7,
       "c7_start:\n" FILL ".byte 0x48,0xc7,0xc0\n .long " GETPPID "\n c7_insn: syscall\n ret\n");

/* The pattern is passed by: control arrives at S itself. */
SAMPLE(branch, "branch_start: jmp branch_insn\n" FILL "mov $" GETPPID
               ",%eax\n branch_insn: syscall\n ret\n");

SAMPLE(after, "after_start:\n" FILL "xor %eax,%eax\n add $" GETPPID ",%eax\n mov %eax,%eax\n"
              "after_insn: syscall\n cmp $-4096,%rax\n ja 1f\n mov %rax,8(%rbx)\n 1: ret\n");

/* Two moved instructions, one of them relative to RIP, an immediate behind its displacement. */
SAMPLE(after_rip,
       "after_rip_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
       "after_rip_insn: syscall\n nop\n cmpl $77,1f(%rip)\n sete %al\n ret\n 1: .long 77\n");

SAMPLE(after_jcc, "after_jcc_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                  "after_jcc_insn: syscall\n stc\n jc 1f\n nop\n nop\n mov $1,%edx\n 1: ret\n");

SAMPLE(after_jcc_not_taken, "after_jcc_not_taken_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                            "after_jcc_not_taken_insn: syscall\n clc\n jc 1f\n nop\n"
                            "mov $1,%edx\n 1: ret\n");

SAMPLE(after_jmp, "after_jmp_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                  "after_jmp_insn: syscall\n mov %rax,%rdx\n jmp 1f\n .balign 16,0xcc\n"
                  "1: mov $3,%edi\n ret\n");

/* A jump is the last thing moved: the stub does not come back. */
SAMPLE(after_far_jmp, "after_far_jmp_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                      "after_far_jmp_insn: syscall\n .byte 0xe9\n .long 1f - . - 4\n"
                      ".fill 300,1,0xcc\n 1: mov $3,%edi\n ret\n");

SAMPLE(after_ret, "after_ret_start:\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                  "after_ret_insn: syscall\n ret\n .balign 16,0x90\n");

SAMPLE(after_pop_ret, "after_pop_ret_start:\n push %r13\n" FILL "mov $" GETPPID ",%eax\n nop\n"
                      "after_pop_ret_insn: syscall\n pop %r13\n ret\n nopw 0(%rax,%rax,1)\n"
                      ".balign 16,0xcc\n");

/* A call follows, which cannot be moved. */
SAMPLE(before, "before_start:\n" FILL "mov $" GETPPID ",%eax\n mov %rdx,%r9\n mov %r14,%rsi\n"
               "before_insn: syscall\n call 1f\n ret\n 1: mov $9,%ecx\n ret\n");

SAMPLE(before_rip, "before_rip_start:\n" FILL "mov 1f(%rip),%eax\n"
                   "before_rip_insn: syscall\n call 2f\n ret\n 1: .long " GETPPID "\n 2: ret\n");

SAMPLE(before_push,
       "before_push_start:\n" FILL "mov $" GETPPID ",%eax\n sub $24,%rsp\n push %rax\n pop %rdx\n"
       "before_push_insn: syscall\n call 1f\n add $24,%rsp\n ret\n 1: ret\n");

/* musl's __syscall_cp_asm: a branch leads to S+3, and the store before is five bytes long. */
SAMPLE(cancel, "cancel_start:\n" FILL
               "mov %rbx,%rdi\n movl $0,(%rdi)\n mov (%rdi),%eax\n test %eax,%eax\n jne 1f\n"
               "mov %rsi,%rax\n mov $" GETPPID ",%esi\n mov %rsi,%rax\n mov %rcx,%rdx\n"
               "mov %rbx,%r11\n mov %r11,8(%rbx)\n .byte 0x4c,0x89,0x5c,0x24,0xf8\n"
               "cancel_insn: syscall\n ret\n 1: jmp 1b\n");

/* Between two calls nothing can be moved: a hop through the padding behind the function. */
SAMPLE(hop, "hop_start:\n" FILL "mov $" GETPPID ",%eax\n call 1f\n"
            "hop_insn: syscall\n call 1f\n jmp 2f\n .balign 32,0x90\n"
            "1: ret\n .balign 16,0xcc\n 2: mov %rax,8(%rbx)\n ret\n");

/* The hole is in front, behind a jump through a register. */
SAMPLE(hop_back,
       "hop_back_start: jmp 3f\n" FILL "jmp *%r11\n nopw 0(%rax,%rax,1)\n .balign 16,0x90\n"
       "3: mov $" GETPPID ",%eax\n call 1f\n"
       "hop_back_insn: syscall\n call 1f\n ret\n 1: ret\n");

/* Arguments in all six registers, set between the number and the call. */
SAMPLE(late, "late_start:\n" FILL "mov $" GETPPID
             ",%eax\n mov %r12,%rdi\n xor %r10d,%r10d\n mov %r13,%r8\n"
             "late_insn: syscall\n test %rax,%rax\n js 1f\n mov %rax,(%rbx)\n 1: ret\n");

#define ROW(name, shape_, by_branch_)                                                              \
    {                                                                                              \
        .begin = name##_begin, .start = name##_start, .insn = name##_insn, .end = name##_end,      \
        .shape = shape_, .by_branch = by_branch_                                                   \
    }

const struct sample samples[] = {
    ROW(p7, PATCH_P7, false),
    ROW(c7, PATCH_C7, false),
    ROW(branch, PATCH_P7, true),
    ROW(after, PATCH_AFTER, false),
    ROW(after_rip, PATCH_AFTER, false),
    ROW(after_jcc, PATCH_AFTER, false),
    ROW(after_jcc_not_taken, PATCH_AFTER, false),
    ROW(after_jmp, PATCH_AFTER, false),
    ROW(after_far_jmp, PATCH_AFTER, false),
    ROW(after_ret, PATCH_AFTER, false),
    ROW(after_pop_ret, PATCH_AFTER, false),
    ROW(before, PATCH_BEFORE, false),
    ROW(before_rip, PATCH_BEFORE, false),
    ROW(before_push, PATCH_BEFORE, false),
    ROW(cancel, PATCH_BEFORE, false),
    ROW(hop, PATCH_HOP, false),
    ROW(hop_back, PATCH_HOP, false),
    ROW(late, PATCH_AFTER, false),
};
const size_t samples_count = ARRAY_SIZE(samples);
