/* SPDX-License-Identifier: MIT */
/*
 * myst exec-linux
 *
 * Reads the command line into a struct run_options and hands it to the linux target.  Nothing after
 * the application's path is looked at: it belongs to the application.
 */
#include "tools/myst/command.h"
#include "tools/myst/message.h"
#include "tools/myst/rootfs.h"
#include "tools/myst/run_option.h"
#include "targets/linux/run.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    DEFAULT_MEMORY = 64 << 20,
    DEFAULT_MAIN_STACK = 1536 << 10,
    DEFAULT_LOG_LEVEL = 5,           /* notice                                                */
};

static struct run_options run = {
    .memory_size = DEFAULT_MEMORY,
    .main_stack_size = DEFAULT_MAIN_STACK,
    .log_level = DEFAULT_LOG_LEVEL,
};

/* An option of the reference that this version refuses. */
static const char *option_config(void *value, const char *text)
{
    (void)value;
    (void)text;
    return "configuration files are not supported by this version";
}

static const char *option_ext2_trust(void *value, const char *text)
{
    (void)value;
    (void)text;
    return "ext2 images are not supported by this version";
}

static const char *option_crt_memcheck(void *value, const char *text)
{
    (void)value;
    (void)text;
    return "the program's C library would have to cooperate";
}

static const char *filter_tids;
static const char *filter_pids;

static const struct option exec_linux_options[] = {
    {"memory-size", 0, ARGUMENT_REQUIRED, "size", "memory that may be committed (64m)",
     option_memory, &run.memory_size},
    {"user-mem-size", 0, ARGUMENT_REQUIRED, "size", NULL, option_memory, &run.memory_size},
    {"main-stack-size", 0, ARGUMENT_REQUIRED, "size", "stack of each process's main thread (1536k)",
     option_stack, &run.main_stack_size},
    {"thread-stack-size", 0, ARGUMENT_REQUIRED, "size", "stack of new threads, if larger than libc's",
     option_size, &run.thread_stack_size},
    {"app-config-path", 0, ARGUMENT_REQUIRED, "file", "configuration", option_config, NULL},
    {"roothash", 0, ARGUMENT_REQUIRED, "file", "trust a root hash", option_ext2_trust, NULL},
    {"pubkey", 0, ARGUMENT_REQUIRED, "file", "trust a signer's public key", option_ext2_trust, NULL},
    {"rootfs-key", 0, ARGUMENT_REQUIRED, "file", "key of an encrypted root file system",
     option_ext2_trust, NULL},
    {"mount", 0, ARGUMENT_REQUIRED, "src=target", "host source of a mount; repeatable", option_mount,
     &run.mounts},
    {"host-to-enc-uid-map", 0, ARGUMENT_REQUIRED, "h:e,...", "user ids of host files and inside",
     option_id_map, &run.uid_map},
    {"host-to-enc-gid-map", 0, ARGUMENT_REQUIRED, "h:e,...", "group ids of host files and inside",
     option_id_map, &run.gid_map},
    {"unhandled-syscall-enosys", 0, ARGUMENT_REQUIRED, "true|false",
     "unhandled calls fail instead of ending the process", option_bool, &run.unhandled_enosys},
    {"nobrk", 0, ARGUMENT_NONE, NULL, "brk fails with ENOTSUP", option_flag, &run.nobrk},
    {"exec-stack", 0, ARGUMENT_NONE, NULL, "stacks are executable", option_flag, &run.exec_stack},
    {"host-uds", 0, ARGUMENT_NONE, NULL, "AF_UNIX path sockets are the host's", option_flag,
     &run.host_uds},
    {"max-affinity-cpus", 0, ARGUMENT_REQUIRED, "n", "report at most n processors (0: all)",
     option_number, &run.max_affinity},
    {"fork-mode", 0, ARGUMENT_REQUIRED, "mode", "none, pseudo, pseudo_wait_for_exit_exec or full",
     option_fork_mode, &run.fork_mode},
    {"interception", 0, ARGUMENT_REQUIRED, "way", "how system calls are caught: auto, trap, sud or "
     "seccomp", option_interception, &run.interception},
    {"syslog-level", 0, ARGUMENT_REQUIRED, "level", "kernel log: emerg ... notice ... debug",
     option_log_level, &run.log_level},
    {"strace", 0, ARGUMENT_OPTIONAL, "host", "trace system calls; with =host, host calls too",
     option_strace, &run.strace},
    {"trace-syscalls", 0, ARGUMENT_OPTIONAL, "host", NULL, option_strace, &run.strace},
    {"strace-failing", 0, ARGUMENT_NONE, NULL, "trace calls that fail", option_flag,
     &run.strace.failing},
    {"strace-filter", 0, ARGUMENT_REQUIRED, "A:B", "trace only these calls or groups", option_text,
     &run.strace.filter},
    {"strace-exclude-filter", 0, ARGUMENT_REQUIRED, "A:B", "trace all calls but these", option_text,
     &run.strace.exclude},
    {"strace-filter-tid", 0, ARGUMENT_REQUIRED, "n:n", "trace only these threads", option_text,
     &filter_tids},
    {"strace-filter-pid", 0, ARGUMENT_REQUIRED, "n:n", "trace only these processes", option_text,
     &filter_pids},
    {"etrace", 0, ARGUMENT_NONE, NULL, "print where errors arise", option_flag, &run.error_trace},
    {"trace-errors", 0, ARGUMENT_NONE, NULL, NULL, option_flag, &run.error_trace},
    {"ttrace", 0, ARGUMENT_NONE, NULL, "print how long each phase of the start takes", option_flag,
     &run.time_trace},
    {"trace-times", 0, ARGUMENT_NONE, NULL, NULL, option_flag, &run.time_trace},
    {"perf", 0, ARGUMENT_NONE, NULL, "print a table of system calls at the end", option_flag,
     &run.perf},
    {"memcheck", 0, ARGUMENT_NONE, NULL, "check the kernel's allocations", option_flag,
     &run.memcheck},
    {"crt-memcheck", 0, ARGUMENT_NONE, NULL, "refused: needs a C library that cooperates",
     option_crt_memcheck, NULL},
    {"report-native-tids", 0, ARGUMENT_NONE, NULL, "gettid answers the host's number", option_flag,
     &run.report_native_tids},
    {0},
};

/* The map of a run that names none: whoever starts it is root inside. */
static void id_map_default(struct id_map *map, struct id_pair *pair, uint32_t host)
{
    if (map->count)
        return;
    *pair = (struct id_pair){.host = host, .inside = 0};
    *map = (struct id_map){pair, 1};
}

static int strace_check(struct strace_options *s)
{
    if (s->filter && s->exclude)
        return message_error("Cannot specify both --strace-filter and --strace-exclude-filter");
    if (filter_tids && id_list_parse(filter_tids, &s->tids))
        return 1;
    if (filter_pids && id_list_parse(filter_pids, &s->pids))
        return 1;
    return 0;
}

static bool memcheck_wanted(void)
{
    const char *value = getenv("MYST_MEMCHECK");

    return value && !strcmp(value, "1");
}

static int exec_linux_run(char **words, int count)
{
    static const char *env[] = {"MYST_TARGET=linux", NULL};
    struct id_pair user, group;

    run.program = message_program();
    run.rootfs = words[0];
    run.application = words[1];
    run.argv = words + 1;
    run.argc = count - 1;
    run.env = (struct string_list){env, 1};
    run.memcheck = run.memcheck || memcheck_wanted();
    id_map_default(&run.uid_map, &user, geteuid());
    id_map_default(&run.gid_map, &group, getegid());

    if (run.application[0] != '/')
        return message_error("program must be an absolute path within the rootfs: %s",
                             run.application);
    if (strace_check(&run.strace) || rootfs_detect(run.rootfs, &run.rootfs_kind))
        return 1;
    if (run.rootfs_kind == ROOTFS_EXT2)
        return message_error("%s: ext2 images are not supported by this version", run.rootfs);
    return run_linux(&run);
}

const struct command command_exec_linux = {
    .name = "exec-linux",
    .arguments = "<rootfs> <application> [arguments]",
    .summary = "run a program of a root file system, without any protection",
    .description =
        "<rootfs> is a CPIO archive (see mkcpio) or a directory; <application> is an absolute path\n"
        "inside it.  Its exit status is passed on, 128+n if it died of signal n; 125 is a kernel\n"
        "panic, 254 a missing program, 234 a refused root file system.\n",
    .options = exec_linux_options,
    .options_end = OPTIONS_END_AT_SECOND,
    .words_min = 2,
    .words_max = INT_MAX,
    .run = exec_linux_run,
};
