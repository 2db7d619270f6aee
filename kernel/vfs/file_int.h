/* SPDX-License-Identifier: MIT */
/* Open files, for the files of vfs/. */
#pragma once
#include "kernel/vfs/file.h"
#include "kernel/vfs/vnode.h"

/* Regular files and directories; devices that bring no own operations. */
extern const struct file_ops vfs_file_ops;

/* A write to a regular file; how: FILE_APPEND, FILE_SYNC. */
ssize_t regular_write_how(struct file *f, struct iov *src, u64 *pos, u32 how);

/* The entries of a directory from f's position on, "." and ".." included; moves the position behind
 * the last one that emit() took. */
int dir_read(struct file *f, readdir_emit emit, void *arg) MUST_CHECK;

/* A descriptor of table was closed: POSIX locks go, the kind is told; then file_put(). */
void file_close_descriptor(struct file *f, const void *table);

/* An empty file with one reference; NULL: no memory.  file_free() is for one that was never used:
 * nothing is released. */
struct file *file_alloc(const struct file_ops *ops, void *priv, u32 flags);
void file_free(struct file *f);

int file_name_set(struct file_name *n, struct name name) MUST_CHECK;
static inline struct name file_name_get(const struct file *f)
{
    return (struct name){ f->name.longer ? f->name.longer : f->name.text, f->name.len };
}
