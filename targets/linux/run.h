/* SPDX-License-Identifier: MIT */
/*
 * What one run on the linux target was asked to do: the command line of `myst exec-linux`, parsed
 * and checked for syntax, as plain data.  Defaults are already filled in.  The strings belong to
 * the caller and live as long as the run.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the first bytes of the root file system say it is.  Tells the kernel what to expect; what
 * is trusted is decided there. */
enum rootfs_kind {
    ROOTFS_CPIO,                                 /* ramfs filled from a newc archive        */
    ROOTFS_HOST,                                 /* a directory of the host                 */
    ROOTFS_EXT2,                                 /* an ext2 image, plain, signed or encrypted */
};

enum fork_mode { FORK_NONE, FORK_PSEUDO, FORK_PSEUDO_WAIT, FORK_FULL };

/* How system calls of programs reach the kernel; see docs on interception. */
enum interception {
    INTERCEPT_AUTO,
    INTERCEPT_TRAP,                              /* no rewriting: every call traps          */
    INTERCEPT_SUD,                               /* user dispatch, allowed range: Linux 5.11 */
    INTERCEPT_SUD_INCLUSIVE,                     /* user dispatch, trapped range: Linux 6.17 */
    INTERCEPT_SECCOMP,
};

struct string_list {
    const char **items;
    size_t count;
};

/* One host identity and what it is inside. */
struct id_pair {
    uint32_t host;
    uint32_t inside;
};

struct id_map {
    struct id_pair *pairs;
    size_t count;
};

/* A positive thread or process id each. */
struct id_list {
    int *ids;
    size_t count;
};

/* A host path and where the configuration mounts it. */
struct mount_source {
    const char *source;
    const char *target;
};

struct mount_list {
    struct mount_source *items;
    size_t count;
};

struct strace_options {
    bool all;                                    /* --strace                                */
    bool host_calls;                             /* --strace=host: host calls under each call as well */
    bool failing;                                /* --strace-failing                        */
    const char *filter;                          /* "A:B" as given, NULL if not; names are not checked here */
    const char *exclude;                         /* the same; never both                    */
    struct id_list tids;                         /* empty: all                              */
    struct id_list pids;
};

struct run_options {
    const char *program;                         /* argv[0] of myst, for "<argv[0]>: error: ..." */

    const char *rootfs;                          /* path on the host                        */
    enum rootfs_kind rootfs_kind;
    const char *application;                     /* absolute path inside the root file system */
    char **argv;                                 /* of the application, NULL-terminated; argv[0] as given */
    int argc;
    struct string_list env;                      /* KEY=VALUE, in order; MYST_TARGET is already there */

    uint64_t memory_size;                        /* bytes, whole pages                      */
    uint64_t main_stack_size;
    uint64_t thread_stack_size;                  /* 0: whatever libc does                   */

    struct id_map uid_map;                       /* never empty                             */
    struct id_map gid_map;
    struct mount_list mounts;

    unsigned log_level;                          /* 0 emerg ... 7 debug, as syslog(3)       */
    struct strace_options strace;
    bool error_trace;                            /* --etrace                                */
    bool time_trace;                             /* --ttrace                                */
    bool perf;
    bool memcheck;
    bool report_native_tids;

    enum interception interception;
    enum fork_mode fork_mode;
    bool unhandled_enosys;                       /* false: an unhandled call ends its process */
    bool nobrk;
    bool exec_stack;
    bool host_uds;
    unsigned max_affinity;                       /* 0: no limit                             */
};

/* Run the application and wait for it.  Returns the exit status of the whole command, 0 to 255;
 * whatever did not come from the application has been explained on stderr. */
int run_linux(const struct run_options *options);
