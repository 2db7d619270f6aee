/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes from file to file: sendfile(2), copy_file_range(2), splice(2), tee(2).
 *
 * A position of NULL is the file's own, which moves.  Each returns the bytes moved, which are fewer
 * than len at the end of the input or when a signal came.
 */
#pragma once
#include "kernel/lib/types.h"

struct file;

ssize_t file_send(struct file *out, struct file *in, u64 *pos, u64 len) MUST_CHECK;
ssize_t file_copy_range(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 len)
    MUST_CHECK;

enum splice_how { SPLICE_BLOCK, SPLICE_NONBLOCK };
ssize_t file_splice(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 len,
                    enum splice_how how) MUST_CHECK;
ssize_t file_tee(struct file *in, struct file *out, u64 len, enum splice_how how) MUST_CHECK;
