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
    DEFAULT_LOG_LEVEL = 5,                       /* notice                                  */
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

static const char *option_host_uds(void *value, const char *text)
{
    (void)value;
    (void)text;
    return "AF_UNIX sockets at paths of the host are not supported by this version";
}

#define FLAG(name, parse, value, help) { name, 0, ARGUMENT_NONE, NULL, help, parse, value },
#define VALUE(name, arg, parse, value, help)                                                       \
    { name, 0, ARGUMENT_REQUIRED, arg, help, parse, value },
#define MAYBE(name, arg, parse, value, help)                                                       \
    { name, 0, ARGUMENT_OPTIONAL, arg, help, parse, value },
static const struct option exec_linux_options[] = {
#include "tools/myst/exec_options.def"
    { 0 },
};
#undef FLAG
#undef VALUE
#undef MAYBE

/* The map of a run that names none: whoever starts it is root inside. */
static void id_map_default(struct id_map *map, struct id_pair *pair, uint32_t host)
{
    if (map->count)
        return;
    *pair = (struct id_pair){ .host = host, .inside = 0 };
    *map = (struct id_map){ pair, 1 };
}

static bool memcheck_wanted(void)
{
    const char *value = getenv("MYST_MEMCHECK");

    return value && !strcmp(value, "1");
}

static int exec_linux_run(char **words, int count)
{
    static const char *env[] = { "MYST_TARGET=linux", NULL };
    struct id_pair user, group;

    run.program = message_program();
    run.rootfs = words[0];
    run.application = words[1];
    run.argv = words + 1;
    run.argc = count - 1;
    run.env = (struct string_list){ env, 1 };
    run.memcheck = run.memcheck || memcheck_wanted();
    id_map_default(&run.uid_map, &user, geteuid());
    id_map_default(&run.gid_map, &group, getegid());

    if (run.application[0] != '/')
        return message_error("program must be an absolute path within the rootfs: %s",
                             run.application);
    if (run.strace.filter && run.strace.exclude)
        return message_error("Cannot specify both --strace-filter and --strace-exclude-filter");
    if (rootfs_detect(run.rootfs, &run.rootfs_kind))
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
