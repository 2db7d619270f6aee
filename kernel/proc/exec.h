/* SPDX-License-Identifier: MIT */
/*
 * Running a program: execve(2) and the first process.
 *
 * Everything that can fail happens before the point of no return where that is possible: the file
 * is opened, its format found, a new address space filled, the stack built.  Only then do the
 * other threads end and the process becomes the program.  The exception is a program linked at
 * fixed addresses that the process itself still occupies: it has to let go first, and a failure
 * after that kills, as on Linux.
 */
#pragma once
#include "kernel/lib/types.h"

struct boot_params;
struct file;
struct thread;

/* What is said to the program: strings back to back, each with its NUL, in one block. */
struct exec_args {
    char *text;                                  /* owned                                   */
    size_t len, room;
    size_t limit;                                /* bytes of text; -E2BIG above             */
    u32 argc, envc;
    size_t env_at;                               /* where the environment begins in text    */
};

void exec_args_fini(struct exec_args *a);
/* Add from kernel or user memory: arguments first, then the environment. */
int exec_args_add(struct exec_args *a, const char *s) MUST_CHECK;
/* A NULL-terminated user array; counted into *count. */
int exec_args_copy_in(struct exec_args *a, uptr array, u32 *count) MUST_CHECK;

/* Start-up: stack sizes and the C runtime. */
int exec_init(const struct boot_params *bp) MUST_CHECK;

/*
 * Make self run the file at path, opened relative to dirfd.  Consumes nothing; on success
 * self->frame is the new program's and must be left by the full exit.  -ENOENT, -EACCES, -ENOEXEC,
 * -ELOOP, -ENOMEM...; after the point of no return the process has been killed instead.
 */
int exec_path(struct thread *self, int dirfd, const char *path, u32 walk_flags,
              struct exec_args *args) MUST_CHECK;
