/* SPDX-License-Identifier: MIT */
/*
 * procfs: what the kernel tells about itself and its processes, as text.  What the folder's files
 * share.
 *
 * The tree is a table: a struct proc_node is a name, a mode, and what answers for it.  A place in
 * the tree is a node and the process, thread and descriptor it is about (struct proc_at); vnodes
 * are made when a place is looked up and hold nothing else, so there is nothing to keep in step.
 *
 * Text is made when a file is read from its start, and stays the same until then.
 */
#pragma once
#include "abi/linux/stat.h"
#include "kernel/lib/strbuf.h"
#include "kernel/vfs/path.h"
#include "kernel/vfs/vnode.h"

struct process;
struct proc_node;

struct proc_at {
    const struct proc_node *node;
    s32 pid;                                     /* 0: not about a process                  */
    s32 tid;                                     /* 0: the process as a whole               */
    s32 fd;                                      /* -1: none                                */
};

struct proc_node {
    const char *name;                            /* NULL ends a table                       */
    u32 mode;                                    /* type and permissions                    */
    const struct proc_node *children;            /* a directory's fixed entries             */

    /* A file: make its text; take a line that was written.  0 or -errno. */
    int (*show)(const struct proc_at *at, struct strbuf *dst);
    int (*store)(const struct proc_at *at, const char *text, size_t len);

    /* A link: its text, and where it leads if that is not where the text says. */
    int (*link)(const struct proc_at *at, struct strbuf *dst);
    int (*jump)(const struct proc_at *at, struct jump *ret);

    /* A directory with entries that come and go: look one up; the first whose number is >= *number
     * (-ENOENT: none), of which ret is filled in. */
    int (*find)(const struct proc_at *at, u64 number, struct proc_at *ret);
    int (*next)(const struct proc_at *at, u64 *number, struct proc_at *ret);
};

#define PROC_DIR(name_, mode_, children_)                                                          \
    {                                                                                              \
        .name = name_, .mode = S_IFDIR | (mode_), .children = children_                            \
    }
#define PROC_TEXT(name_, show_)                                                                    \
    {                                                                                              \
        .name = name_, .mode = S_IFREG | 0444, .show = show_                                       \
    }
#define PROC_OWNER_TEXT(name_, show_)                                                              \
    {                                                                                              \
        .name = name_, .mode = S_IFREG | 0400, .show = show_                                       \
    }

extern const struct proc_node proc_root[];       /* root.c: entries of /proc itself         */
extern const struct proc_node proc_net[];        /* net.c                                   */
extern const struct proc_node proc_sys[];        /* sys.c                                   */
extern const struct proc_node proc_pid_dir;      /* pid.c: /proc/[pid]                      */
extern const struct proc_node proc_fd_dir, proc_fdinfo_dir, proc_task_dir;

/* A file system that is such a tree: proc and sysfs. */
extern const struct fs_type proc_fs, sysfs_fs;
int proc_tree_mount(const struct fs_type *type, const struct proc_node *root, struct fs **ret)
    MUST_CHECK;
int proc_tree_statfs(struct fs *fs, struct kstatfs *ret);
void proc_tree_unmount(struct fs *fs);

/* What net/ adds; kernel/init fills it in. */
struct proc_net_ops {
    void (*show_unix)(struct strbuf *dst);       /* a line for each AF_UNIX socket          */
};
extern struct proc_net_ops proc_net_ops;

/* The process of a place, with a new reference: -ESRCH. */
int proc_process(const struct proc_at *at, struct process **ret) MUST_CHECK;

/* The number in a text that was written, with an optional newline: -EINVAL. */
int proc_parse(const char *text, size_t len, u64 *ret) MUST_CHECK;
