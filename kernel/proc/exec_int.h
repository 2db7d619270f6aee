/* SPDX-License-Identifier: MIT */
/* What the files of exec share: one exec on its way. */
#pragma once
#include "kernel/proc/elf.h"
#include "kernel/proc/exec.h"
#include "kernel/vfs/path.h"

struct cred;
struct mm;

struct exec {
    struct file *file;                           /* counts: the program                     */
    struct file *interp_file;                    /* counts: its interpreter, or NULL        */
    struct elf_image program, interp;
    struct exec_args *args;                      /* the caller's                            */
    char *execfn;                                /* owned: AT_EXECFN                        */
    char comm[16];
    struct cred *cred;                           /* owned: of the new program               */
    bool secure;                                 /* AT_SECURE: it gains rights              */
    struct mm *mm;                               /* owned: the new address space            */
    u64 sp, entry;
};

/* exec_stack.c: map the stack and write what the program finds on it; sets x->sp. */
int exec_stack_build(struct exec *x) MUST_CHECK;
void exec_stack_init(const struct boot_params *bp);

/* exec_cred.c: the credentials of the new program (execve(2), capabilities(7)). */
int exec_cred_make(struct exec *x, const struct cred *old, bool no_new_privs) MUST_CHECK;

/* crt.c: the measured C runtime as a file, for programs whose root lacks their musl interpreter. */
int crt_init(const struct boot_params *bp) MUST_CHECK;
/* A new reference, or NULL if path is not the runtime's. */
struct file *crt_open(const char *path);
